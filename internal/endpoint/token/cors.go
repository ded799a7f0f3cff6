package token

import (
	"net/http"
	"net/url"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
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
func fromSPA(app *directory.Application, origin string) bool {
	if origin == "" || origin == "null" {
		return false
	}
	for _, uri := range app.SPA.RedirectURIs {
		u, err := url.Parse(uri)
		if err == nil && u.Scheme+"://"+u.Host == origin {
			return true
		}
	}
	return false
}

func allowOrigin(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Expose-Headers", "X-Ms-Request-Id, Retry-After")
}
