package logout

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// end ends the sessions of who leaves, which may be none, and leads on. The rows
// are gone before the cookies: should the storage fail, the person hears that
// they are still signed in. direct says that the browser may be sent on at once.
func (e *Endpoint) end(w http.ResponseWriter, r *http.Request, v *visit, who *leaving, direct bool) error {
	ctx := r.Context()
	var account *page.Account
	var ended session.Session
	var clients []session.Client
	if who != nil && who.elsewhere != nil {
		ended = *who.elsewhere
		list, err := e.Sessions.End(ctx, ended.Tenant, ended.ID)
		if err != nil {
			return err
		}
		clients = list
	}
	frames, err := e.frames(ctx, ended.ID, clients)
	if err != nil {
		return err
	}
	if who != nil && who.live != nil {
		l := who.live
		list, err := e.Sessions.End(ctx, l.Tenant, l.ID)
		if err != nil {
			return err
		}
		more, err := e.frames(ctx, l.ID, list)
		if err != nil {
			return err
		}
		clients, frames = append(clients, list...), append(frames, more...)
		account = &page.Account{Name: l.Account.DisplayName, Address: l.Account.UserPrincipalName}
		v.drop(l.ID)
	}
	web.SetSessions(w, v.live)
	next, app, err := e.next(ctx, v, clients)
	if err != nil {
		return err
	}
	if direct && next != "" && len(frames) == 0 {
		web.SetIDs(w, r)
		h := w.Header()
		web.NoStore(h)
		h.Set("Referrer-Policy", "no-referrer")
		h["Content-Type"] = nil // no body
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	e.Pages.WriteSignedOut(w, r, page.SignedOut{Account: account, Frames: frames, Next: next, Application: app, Locales: v.Locales})
	return nil
}

func (v *visit) drop(id directory.ID) {
	v.live = slices.DeleteFunc(slices.Clone(v.live), func(l session.Live) bool { return l.ID == id })
}

// frames are the logout addresses of the applications that took part in a session
// (Front-Channel Logout §3). One that is gone, or registered none, is left out.
func (e *Endpoint) frames(ctx context.Context, sid directory.ID, clients []session.Client) ([]string, error) {
	hosts := web.From(ctx).Hosts
	var list []string
	for _, c := range clients {
		at, err := e.logoutURL(ctx, c)
		if err != nil {
			return nil, err
		}
		// iss and sid belong together: one without the other is not to be relied
		// on by the application.
		frame := withParameters(at, "iss", hosts.V2Issuer(c.Tenant), "sid", string(sid))
		if frameable(at) && !slices.Contains(list, frame) {
			list = append(list, frame)
		}
	}
	return list, nil
}

// logoutURL is what an application registered, or the tenant for it; "" without
// one.
func (e *Endpoint) logoutURL(ctx context.Context, c session.Client) (string, error) {
	sp, err := e.Lookup.ServicePrincipalByAppID(ctx, c.Tenant, c.AppID)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case sp.LogoutURL != nil && *sp.LogoutURL != "":
		return *sp.LogoutURL, nil
	case sp.App != nil && sp.App.Web.LogoutURL != nil:
		return *sp.App.Web.LogoutURL, nil
	}
	return "", nil
}

const maxLogoutURL = 255

// frameable judges a stored address once more when it is used: https, or http on
// this machine.
func frameable(at string) bool {
	u, err := url.Parse(at)
	if err != nil || len(at) > maxLogoutURL || !oauth2.LinkAllowed(at) || strings.Contains(at, "#") || u.Hostname() == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && u.Hostname() == "localhost"
}

// next is the proven address to return to and the name of its application; both
// are empty where the person stays here.
func (e *Endpoint) next(ctx context.Context, v *visit, clients []session.Client) (at, application string, err error) {
	if v.Foreign || !returnable(v.Next) {
		return "", "", nil
	}
	candidates := []directory.ID{v.Client}
	if v.Client == "" {
		candidates = nil
		for _, c := range clients {
			candidates = append(candidates, c.AppID)
		}
	}
	for _, id := range candidates {
		app, err := e.Lookup.ApplicationByAppID(ctx, id)
		if errors.Is(err, directory.ErrNotFound) {
			continue
		}
		if err != nil {
			return "", "", err
		}
		if app.Blocked() || !registered(app, v.Next) {
			continue
		}
		at = v.Next
		if len(v.State) > 0 {
			at = withParameters(at, "state", string(v.State))
		}
		return at, app.DisplayName, nil
	}
	return "", "", nil
}

// maxNext bounds an address to return to, in bytes; registered ones are shorter.
const maxNext = 2048

// returnable judges the address by itself, whatever is registered: a scheme that a
// browser may follow, a place to go to, and no fragment, where a state would be
// lost.
func returnable(uri string) bool {
	return len(uri) <= maxNext && uri != oauth2.OutOfBand && !strings.Contains(uri, "#") &&
		oauth2.AbsoluteURI(uri) && oauth2.RedirectSchemeAllowed(uri)
}

// registered reports whether an application has the address among its redirect
// URIs, of whatever platform (RP-Initiated Logout §3, by the rules of redirect
// URIs).
func registered(app *directory.Application, uri string) bool {
	for _, list := range [][]string{app.Web.RedirectURIs, app.SPA.RedirectURIs, app.PublicClient.RedirectURIs} {
		for _, r := range list {
			if oauth2.MatchRedirect(r, uri) {
				return true
			}
		}
	}
	return false
}

// withParameters appends names and values to an address's query and leaves the
// rest of it as it is, byte for byte. The address has no fragment.
func withParameters(at string, pairs ...string) string {
	var b strings.Builder
	b.WriteString(at)
	separator := "?"
	if strings.Contains(at, "?") {
		separator = "&"
		if strings.HasSuffix(at, "?") || strings.HasSuffix(at, "&") {
			separator = ""
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteString(separator + pairs[i] + "=" + escape(pairs[i+1]))
		separator = "&"
	}
	return b.String()
}

// escape writes a space as %20: not everyone who reads a query knows "+".
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
