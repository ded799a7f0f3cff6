package directory

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Lengths and counts of URIs.
const (
	maxRedirectURIs         = 256
	maxRedirectURIsPersonal = 100
	maxRedirectURILength    = 256
	maxIdentifierURILength  = 255
	maxLogoutURLLength      = 255
	maxLinkLength           = 2048
	maxPersonalURIs         = 50
	maxPersonalURILength    = 120
)

// parseURI reads an absolute URI strictly: no white space, control characters or
// backslashes, and ASCII only in what names the host.
func parseURI(property, s string) (*url.URL, error) {
	if s == "" || !oauth2.PlainURI(s) {
		return nil, invalid(property, "Value '%s' of property %s is not a valid URI.", clip(s), property)
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return nil, invalid(property, "Value '%s' of property %s is not a valid absolute URI.", clip(s), property)
	}
	if u.User != nil {
		return nil, invalid(property, "Value '%s' of property %s holds user information.", clip(s), property)
	}
	if strings.ContainsFunc(u.Host, func(r rune) bool { return r > unicode.MaxASCII }) || strings.Contains(u.Host, "%") {
		return nil, invalid(property, "The host of '%s' in property %s is not ASCII; write it in its xn-- form.", clip(s), property)
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return nil, invalid(property, "The port of '%s' in property %s is not valid.", clip(s), property)
		}
	}
	return u, nil
}

// loopback reports whether the host is one that http is allowed for.
func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" }

// link judges a URL that is shown to people: http or https.
func link(property string, s *string) error {
	if s == nil {
		return nil
	}
	if len(*s) > maxLinkLength {
		return invalid(property, "Property %s is longer than %d characters.", property, maxLinkLength)
	}
	u, err := parseURI(property, *s)
	if err != nil {
		return err
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return invalid(property, "Value '%s' of property %s is not an http or https URL.", clip(*s), property)
	}
	return nil
}

// logoutURL judges a front-channel logout URL: https, which localhost may use
// as well.
func logoutURL(property string, s *string) error {
	if s == nil {
		return nil
	}
	if len(*s) > maxLogoutURLLength {
		return invalid(property, "Property %s is longer than %d characters.", property, maxLogoutURLLength)
	}
	u, err := parseURI(property, *s)
	if err != nil {
		return err
	}
	if u.Scheme != "https" || u.Hostname() == "" || u.Fragment != "" || strings.Contains(*s, "#") {
		return invalid(property, "Value '%s' of property %s must be an https URL without a fragment.", clip(*s), property)
	}
	return nil
}

// platforms are the lists of redirect URIs, by their Graph names.
type platform struct {
	property string
	uris     []string
}

func platforms(a *Application) []platform {
	return []platform{
		{"web.redirectUris", a.Web.RedirectURIs},
		{"spa.redirectUris", a.SPA.RedirectURIs},
		{"publicClient.redirectUris", a.PublicClient.RedirectURIs},
	}
}

// redirectURIs judges all redirect URIs of an application. The list in which a
// URI stands decides the client type, so no URI may be matched by two lists.
func redirectURIs(a *Application) error {
	total, limit := 0, maxRedirectURIs
	if a.Personal() {
		limit = maxRedirectURIsPersonal
	}
	owner := map[string]string{} // URI without the port that matching ignores → list
	for _, p := range platforms(a) {
		total += len(p.uris)
		if err := unique(p.property, p.uris); err != nil {
			return err
		}
		for _, uri := range p.uris {
			if err := redirectURI(p.property, uri, a.Personal()); err != nil {
				return err
			}
			key := oauth2.RedirectKey(uri)
			if other, ok := owner[key]; ok && other != p.property {
				return invalid(p.property, "Redirect URI '%s' stands in %s as well (ports of localhost do not tell URIs apart); one platform only may have it.", clip(uri), other)
			}
			owner[key] = p.property
		}
	}
	if total > limit {
		return invalid("redirectUris", "The application has %d redirect URIs; at most %d are allowed.", total, limit)
	}
	if d := a.DefaultRedirectURI; d != nil && !slices.ContainsFunc(platforms(a), func(p platform) bool { return slices.Contains(p.uris, *d) }) {
		return invalid("defaultRedirectUri", "Property defaultRedirectUri must be one of the registered redirect URIs.")
	}
	return nil
}

// redirectURI judges one redirect URI (RFC 9700 §4.1, RFC 8252 §7).
func redirectURI(property, uri string, personal bool) error {
	if uri == oauth2.OutOfBand && property == "publicClient.redirectUris" {
		return nil
	}
	if len(uri) > maxRedirectURILength {
		return invalid(property, "A redirect URI is longer than %d characters.", maxRedirectURILength)
	}
	u, err := parseURI(property, uri)
	if err != nil {
		return err
	}
	switch {
	case strings.Contains(uri, "*"):
		return invalid(property, "Redirect URI '%s' holds a wildcard; register each URI in full.", clip(uri))
	case strings.ContainsAny(uri, "!$'(),;"):
		return invalid(property, "Redirect URI '%s' holds one of the characters ! $ ' ( ) , ;", clip(uri))
	case strings.Contains(uri, "#"):
		return invalid(property, "Redirect URI '%s' has a fragment.", clip(uri))
	case personal && strings.Contains(uri, "?"):
		return invalid(property, "Redirect URI '%s' has a query, which applications for personal accounts may not use.", clip(uri))
	}
	return redirectScheme(property, uri, u)
}

// redirectScheme judges the scheme, which differs by platform.
func redirectScheme(property, uri string, u *url.URL) error {
	host := u.Hostname()
	switch {
	case (u.Scheme == "https" || u.Scheme == "http") && (host == "" || u.Opaque != ""):
		return invalid(property, "Redirect URI '%s' has no host.", clip(uri))
	case host == "::1":
		return invalid(property, "Redirect URI '%s': [::1] is not supported; use localhost or 127.0.0.1.", clip(uri))
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback(host):
		return nil
	case u.Scheme == "http":
		return invalid(property, "Redirect URI '%s' must use https; http is for localhost and 127.0.0.1 only.", clip(uri))
	case oauth2.SchemeRefused(u.Scheme):
		return invalid(property, "Redirect URI '%s' uses a scheme that is not allowed.", clip(uri))
	case property != "publicClient.redirectUris":
		return invalid(property, "Redirect URI '%s' must use https, or http on localhost; other schemes belong to publicClient.", clip(uri))
	case u.Opaque != "" || u.Host == "" && u.Path == "":
		return invalid(property, "Redirect URI '%s' names no place after its scheme.", clip(uri))
	}
	return nil
}

// redirectSettings judges the order of web redirect URIs. Entries of URIs that
// were removed go with them.
func redirectSettings(w *WebApplication, before []RedirectURISetting) error {
	var uris []string
	kept := w.RedirectURISettings[:0:0]
	for _, s := range w.RedirectURISettings {
		if !slices.Contains(w.RedirectURIs, s.URI) {
			if slices.ContainsFunc(before, func(b RedirectURISetting) bool { return b.URI == s.URI }) {
				continue
			}
			return invalid("web.redirectUriSettings", "Property web.redirectUriSettings names '%s', which is not in web.redirectUris.", clip(s.URI))
		}
		kept, uris = append(kept, s), append(uris, s.URI)
	}
	w.RedirectURISettings = kept
	return unique("web.redirectUriSettings", uris)
}

// identifierURI judges the form of one App ID URI.
func identifierURI(uri string, personal bool) error {
	const property = "identifierUris"
	u, err := parseURI(property, uri)
	if err != nil {
		return err
	}
	switch {
	case len(uri) > maxIdentifierURILength:
		return invalid(property, "An identifier URI is longer than %d characters.", maxIdentifierURILength)
	case strings.Contains(uri, "*"):
		return invalid(property, "Identifier URI '%s' holds a wildcard.", clip(uri))
	case strings.HasSuffix(uri, "/"):
		return invalid(property, "Identifier URI '%s' ends in a slash.", clip(uri))
	case u.Scheme != "urn" && oauth2.SchemeRefused(u.Scheme):
		return invalid(property, "Identifier URI '%s' uses a scheme that is not allowed.", clip(uri))
	case u.Scheme == "urn" && u.Opaque == "" || u.Scheme != "urn" && u.Host == "":
		return invalid(property, "Identifier URI '%s' has no host.", clip(uri))
	}
	if !personal {
		return nil
	}
	switch {
	case len(uri) > maxPersonalURILength:
		return invalid(property, "An identifier URI of an application for personal accounts is longer than %d characters.", maxPersonalURILength)
	case u.Scheme == "urn", strings.ContainsAny(uri, "?#"):
		return invalid(property, "Identifier URI '%s': applications for personal accounts may not use urn:, a query or a fragment.", clip(uri))
	}
	return nil
}

// identifierURIs judges the App ID URIs of an application.
func identifierURIs(ch applicationChange) error {
	a := ch.after
	if a.Personal() {
		if err := atMost("identifierUris", len(a.IdentifierURIs), maxPersonalURIs); err != nil {
			return err
		}
	}
	folded := make([]string, len(a.IdentifierURIs))
	for i, uri := range a.IdentifierURIs {
		folded[i] = strings.ToLower(uri) // stores find names without regard to case
	}
	if err := unique("identifierUris", folded); err != nil {
		return err
	}
	return each(a.IdentifierURIs, func(uri string) error {
		if err := identifierURI(uri, a.Personal()); err != nil {
			return err
		}
		isNew := !slices.Contains(ch.before.IdentifierURIs, uri)
		if isNew && a.AccessTokenVersion() == 1 && !ch.tenant.Settings.AnyIdentifierURI && !ownedURI(uri, a, ch.tenant) {
			return invalid("identifierUris", "Failed to add identifier URI %s. Because the tenant restricts the App ID URIs of applications with version 1 access tokens, it must contain a verified domain of the tenant, the tenant ID or the app ID.", clip(uri))
		}
		return nil
	})
}

// ownedURI reports whether the URI holds something that only this application
// or its tenant has: the app id, the tenant id, or a verified domain as host.
func ownedURI(uri string, a *Application, t *Tenant) bool {
	u, err := url.Parse(uri)
	if err != nil {
		return false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	parts = append(parts, u.Hostname())
	for _, part := range parts {
		if id, err := ParseID(part); err == nil && (id == a.AppID || string(id) == t.ID.String()) {
			return true
		}
	}
	if u.Scheme != "https" && u.Scheme != "api" {
		return false
	}
	for host := strings.ToLower(u.Hostname()); host != ""; {
		if t.VerifiedDomain(host) {
			return true
		}
		_, parent, ok := strings.Cut(host, ".")
		if !ok {
			break
		}
		host = parent
	}
	return false
}
