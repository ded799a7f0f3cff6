package server

import (
	"net/http"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// limitedAddresses bounds how many client addresses are remembered.
const limitedAddresses = 10_000

// limited bounds the requests of each client address, if the configuration asks
// for it.
func (s *Server) limited(h http.Handler) http.Handler {
	if s.cfg.RequestsPerMinute <= 0 {
		return h
	}
	perMinute := s.cfg.RequestsPerMinute
	cache := otter.Must(&otter.Options[string, *rate.Limiter]{MaximumSize: limitedAddresses})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limiter, _ := cache.ComputeIfAbsent(web.From(r.Context()).ClientIP, func() (*rate.Limiter, bool) {
			return rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute), false
		})
		if !limiter.AllowN(s.clock.Now(), 1) {
			s.writeError(w, r, aadsts.New(aadsts.Throttled))
			return
		}
		h.ServeHTTP(w, r)
	})
}
