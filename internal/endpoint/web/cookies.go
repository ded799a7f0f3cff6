package web

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/session"
)

// The cookies of a browser. The prefix binds each to this host, to https and to
// the whole of it, so that no neighbour can plant one (RFC 6265bis §4.1.3.2).
const (
	sessionsCookie   = "__Host-sekisho"         // sessions that end with the browser
	persistentCookie = "__Host-sekisho-stay"    // those that outlive it
	knownCookie      = "__Host-sekisho-known"   // accounts that signed in here, sealed
	browserCookie    = "__Host-sekisho-browser" // what sealed pages are bound to
)

const (
	maxCookie      = 4000 // bytes of a value that browsers keep
	maxSecret      = 128
	secretSplitter = "~"
	knownFor       = 365 * 24 * time.Hour
)

// setCookie writes a cookie. SameSite=None, since applications renew tokens in
// hidden frames of their own sites; what a cookie alone must not do, SameOrigin
// and the sealed state of the pages guard.
func setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// cookie is the value of a cookie, "" where there is none. A browser never has two
// of one of these names; who sends two has made them up.
func cookie(r *http.Request, name string) string {
	found := r.CookiesNamed(name)
	if len(found) != 1 || len(found[0].Value) > maxCookie {
		return ""
	}
	return found[0].Value
}

// SessionSecrets are what the browser's cookies hold for session.Sessions.Load. A
// cookie that we did not write counts as none.
func SessionSecrets(r *http.Request) []string {
	return append(splitSecrets(cookie(r, sessionsCookie)), splitSecrets(cookie(r, persistentCookie))...)
}

func splitSecrets(value string) []string {
	if value == "" {
		return nil
	}
	secrets := strings.SplitN(value, secretSplitter, session.MaxAccounts+1)
	bad := func(s string) bool { return s == "" || len(s) > maxSecret || strings.ContainsFunc(s, notSecret) }
	if len(secrets) > session.MaxAccounts || slices.ContainsFunc(secrets, bad) {
		return nil
	}
	return secrets
}

func notSecret(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
		return false
	}
	return true
}

// SetSessions makes the browser's cookies hold these sessions and no others: those
// that end with the browser in one, the persistent ones in the other. Of more than
// session.MaxAccounts, those that were used last stay. How long a session is good
// without use is for the server to judge: the cookie lasts as long as any can, so
// that it need not be set at each use.
func SetSessions(w http.ResponseWriter, live []session.Live) {
	if len(live) > session.MaxAccounts {
		live = slices.Clone(live)
		slices.SortStableFunc(live, func(a, b session.Live) int { return b.SeenAt.Compare(a.SeenAt) })
		live = live[:session.MaxAccounts]
	}
	var ends, stays []string
	for _, l := range live {
		if l.Persistent {
			stays = append(stays, l.Secret())
		} else {
			ends = append(ends, l.Secret())
		}
	}
	setCookie(w, sessionsCookie, strings.Join(ends, secretSplitter), 0)
	setCookie(w, persistentCookie, strings.Join(stays, secretSplitter), session.LongestLife)
}

// Browser is the random name of a browser. It says nothing of who uses it and
// signs nobody in: it only ties the sealed state of a page to the browser that the
// page was drawn for.
type Browser [16]byte

// NewBrowser draws one.
func NewBrowser(rand io.Reader) (Browser, error) {
	var b Browser
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return Browser{}, fmt.Errorf("drawing a browser's name: %w", err)
	}
	return b, nil
}

// BrowserOf reads the browser's cookie.
func BrowserOf(r *http.Request) (Browser, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookie(r, browserCookie))
	if err != nil || len(raw) != len(Browser{}) {
		return Browser{}, false
	}
	return Browser(raw), true
}

// Write sets the browser's cookie.
func (b Browser) Write(w http.ResponseWriter) {
	setCookie(w, browserCookie, base64.RawURLEncoding.EncodeToString(b[:]), 0)
}

// Binding is what sealed state holds of the browser.
func (b Browser) Binding() []byte {
	sum := sha256.Sum256(append([]byte("browser\x00"), b[:]...))
	return sum[:]
}

// SameOrigin reports whether a page of this server sent the request. Every POST
// that acts by a cookie asks it.
//
// Browsers say so in Sec-Fetch-Site (Fetch Metadata §2.4), which no script can
// set: "same-origin", or "none" where the person acted without any page. A browser
// too old for that sends Origin (RFC 6454 §7), which must be the address that the
// request came to; "null" is nobody's. A request with neither comes from no
// browser and is refused, since nothing then tells whose will it is.
func SameOrigin(r *http.Request) bool {
	if site := r.Header.Values("Sec-Fetch-Site"); len(site) > 0 {
		return len(site) == 1 && (site[0] == "same-origin" || site[0] == "none")
	}
	origin := r.Header.Values("Origin")
	login := From(r.Context()).Hosts.Login
	return len(origin) == 1 && login != "" && origin[0] == login
}
