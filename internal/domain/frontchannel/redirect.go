package frontchannel

import (
	"context"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// A Redirect is an address that was proven to belong to the application (RFC 6749
// §4.1.2.1). Prove alone makes one that is not empty; whatever answers by redirect
// takes this type and no string.
type Redirect struct {
	uri      string // as requested, which for loopback may have another port
	platform directory.RedirectPlatform
}

// URI is the address as it was requested, "" if nothing was proven.
func (r Redirect) URI() string { return r.uri }

// Platform is where the address is registered.
func (r Redirect) Platform() directory.RedirectPlatform { return r.platform }

// registration is one registered redirect URI.
type registration struct {
	uri      string
	platform directory.RedirectPlatform
}

func registrations(a *directory.Application) []registration {
	var list []registration
	for _, p := range []struct {
		platform directory.RedirectPlatform
		uris     []string
	}{
		{directory.PlatformWeb, a.Web.RedirectURIs},
		{directory.PlatformSPA, a.SPA.RedirectURIs},
		{directory.PlatformPublicClient, a.PublicClient.RedirectURIs},
	} {
		for _, uri := range p.uris {
			list = append(list, registration{uri, p.platform})
		}
	}
	return list
}

// proveRedirect proves the requested redirect URI, or chooses one where the
// request names none and there is no doubt which.
func (p *proof) proveRedirect(context.Context) error {
	list := registrations(p.App)
	requested := p.Claim.RedirectURI
	if len(list) == 0 && (requested != "" || !p.Claim.Unanswered) {
		return aadsts.New(aadsts.NoRedirectRegistered)
	}
	if requested == "" {
		chosen, ok := onlyChoice(p.App, list)
		switch {
		case ok && oauth2.RedirectSchemeAllowed(chosen.uri):
			p.Redirect = Redirect(chosen)
		case !p.Claim.Unanswered:
			return aadsts.New(aadsts.NoRedirectGiven)
		}
		return nil
	}
	if !oauth2.AbsoluteURI(requested) {
		return aadsts.New(aadsts.NotAbsoluteURI, "redirect_uri")
	}
	i := slices.IndexFunc(list, func(r registration) bool { return oauth2.MatchRedirect(r.uri, requested) })
	if i < 0 || !oauth2.RedirectSchemeAllowed(requested) {
		return aadsts.New(aadsts.RedirectNotRegistered, requested, string(p.ClientID))
	}
	p.Redirect = Redirect{requested, list[i].platform}
	return nil
}

// onlyChoice is the default redirect URI, or the only one there is.
func onlyChoice(a *directory.Application, list []registration) (registration, bool) {
	if d := a.DefaultRedirectURI; d != nil {
		i := slices.IndexFunc(list, func(r registration) bool { return r.uri == *d })
		if i < 0 {
			return registration{}, false
		}
		return list[i], true
	}
	if len(list) != 1 {
		return registration{}, false
	}
	return list[0], true
}
