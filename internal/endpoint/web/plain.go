package web

import (
	"io"
	"net/http"
	"strings"
)

// encrypted judges a request on a listener without TLS. Such a listener belongs
// to the trusted proxies alone, and what a proxy itself got over plain HTTP is
// no better: a read is sent to the https address, anything else is refused, since
// it may carry a credential that others have read by now.
func (s *Shell) encrypted(w http.ResponseWriter, r *http.Request, req *Request, trusted bool) bool {
	switch {
	case !s.Plain, r.URL.Path == "/healthz", r.URL.Path == "/readyz":
		return true
	case !trusted:
		refusePlain(w, req, http.StatusForbidden, "This listener speaks plain HTTP and answers its trusted proxies alone.\n")
		return false
	case !strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "http"):
		return true
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		setIDs(w, req)
		http.Redirect(w, r, req.Hosts.Login+r.URL.RequestURI(), http.StatusMovedPermanently)
		return false
	}
	refusePlain(w, req, http.StatusBadRequest, "This server takes no request of this kind over plain HTTP: use https.\n")
	return false
}

func refusePlain(w http.ResponseWriter, req *Request, status int, text string) {
	setIDs(w, req)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
