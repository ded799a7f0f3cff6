package token

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// preflight answers a browser's question before a cross-origin POST. It names no
// client, so every origin is told yes; whether the answer may be read is decided
// by the client's redirect URIs once the client is known.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if origin := r.Header.Get("Origin"); origin != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
		h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			h.Set("Access-Control-Allow-Headers", asked)
			h.Add("Vary", "Access-Control-Request-Headers")
		}
		h.Set("Access-Control-Max-Age", "86400")
	}
	w.WriteHeader(http.StatusNoContent)
}

// fromSPA reports whether origin is that of a single-page redirect URI of app.
// The port of a loopback address counts as little as it does in the redirect URI.
func fromSPA(app *directory.Application, origin string) bool {
	if origin == "" || origin == "null" {
		return false
	}
	for _, uri := range app.SPA.RedirectURIs {
		if registered, ok := originOf(uri); ok && oauth2.MatchRedirect(registered, origin) {
			return true
		}
	}
	return false
}

// originOf is the origin of a URI as browsers write it (RFC 6454 §6.2): lower
// case, without the scheme's own port.
func originOf(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" {
		return "", false
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return scheme + "://" + host, true
}

func allowOrigin(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Expose-Headers", "X-Ms-Request-Id, Retry-After")
}
