package authorize

import (
	"context"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// platform is the list in which a redirect URI is registered; it decides how the
// client must behave.
type platform string

// The platforms, by their names in Graph.
const (
	webApp       platform = "web"
	spa          platform = "spa"
	publicClient platform = "publicClient"
)

// A validRedirect is an address that was proven to belong to the application
// (RFC 6749 §4.1.2.1). proveRedirect alone makes one; whatever answers by
// redirect takes this type and no string.
type validRedirect struct {
	uri      string // as requested, which for loopback may have another port
	platform platform
}

// registration is one registered redirect URI.
type registration struct {
	uri      string
	platform platform
}

func registrations(a *directory.Application) []registration {
	var list []registration
	for _, p := range []struct {
		platform platform
		uris     []string
	}{{webApp, a.Web.RedirectURIs}, {spa, a.SPA.RedirectURIs}, {publicClient, a.PublicClient.RedirectURIs}} {
		for _, uri := range p.uris {
			list = append(list, registration{uri, p.platform})
		}
	}
	return list
}

// proveRedirect proves the requested redirect URI, or chooses one where the
// request names none and there is no doubt which.
func (e *Endpoint) proveRedirect(_ context.Context, v *visit) error {
	list := registrations(v.app)
	if len(list) == 0 {
		return aadsts.New(aadsts.NoRedirectRegistered)
	}
	requested := v.form.Get("redirect_uri")
	if requested == "" {
		chosen, ok := onlyChoice(v.app, list)
		if !ok || !oauth2.RedirectSchemeAllowed(chosen.uri) {
			return aadsts.New(aadsts.NoRedirectGiven)
		}
		v.redirect = validRedirect(chosen)
		return nil
	}
	if !oauth2.AbsoluteURI(requested) {
		return aadsts.New(aadsts.NotAbsoluteURI, "redirect_uri")
	}
	i := slices.IndexFunc(list, func(r registration) bool { return oauth2.MatchRedirect(r.uri, requested) })
	if i < 0 || !oauth2.RedirectSchemeAllowed(requested) {
		return aadsts.New(aadsts.RedirectNotRegistered, requested, string(v.clientID))
	}
	v.redirect = validRedirect{requested, list[i].platform}
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
	return list[0], len(list) == 1
}
