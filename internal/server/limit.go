package server

import (
	"net/http"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// limitedAddresses bounds how many client addresses are remembered.
const limitedAddresses = 10_000

// limited bounds the requests of each client address to the OAuth endpoints, if
// the configuration asks for it.
func (s *Server) limited(h http.Handler) http.Handler {
	return s.bounded(h, s.cfg.RequestsPerMinute, func(*http.Request) bool { return true }, func(w http.ResponseWriter, r *http.Request) {
		s.writeError(w, r, aadsts.New(aadsts.Throttled))
	})
}

// limitedPages bounds what each client address posts to the pages of people.
func (s *Server) limitedPages(h http.Handler) http.Handler {
	return s.bounded(h, s.cfg.SignInsPerMinute, func(r *http.Request) bool { return r.Method == http.MethodPost }, func(w http.ResponseWriter, r *http.Request) {
		s.pages.WriteError(w, r, aadsts.New(aadsts.Throttled), page.Details{})
	})
}

// bounded lets each client address have so many of the counted requests per
// minute; 0 for any number.
func (s *Server) bounded(h http.Handler, perMinute int, counted func(*http.Request) bool, refuse http.HandlerFunc) http.Handler {
	if perMinute <= 0 {
		return h
	}
	cache := otter.Must(&otter.Options[string, *rate.Limiter]{MaximumSize: limitedAddresses})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limiter, _ := cache.ComputeIfAbsent(web.From(r.Context()).ClientIP, func() (*rate.Limiter, bool) {
			return rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute), false
		})
		if counted(r) && !limiter.AllowN(s.clock.Now(), 1) {
			refuse(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}
