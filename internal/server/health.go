package server

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// healthz says that the process answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}

// readyz says whether this node should get traffic: its database answers, it
// hears of changes, and a key can sign.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	checks := map[string]string{"database": "ok", "changeFeed": "ok", "signingKeys": "ok"}
	ready := true
	fail := func(what, why string) { checks[what], ready = why, false }
	if err := s.db.Ping(ctx); err != nil {
		fail("database", "does not answer")
	}
	if s.view.Stale() {
		fail("changeFeed", "silent: this node reads the database for every token")
	}
	if !s.canSign() {
		fail("signingKeys", "no active key")
	}
	status, text := http.StatusOK, "ready"
	if !ready {
		status, text = http.StatusServiceUnavailable, "not ready"
	}
	body, err := json.Marshal(map[string]any{"status": text, "checks": checks})
	if err != nil {
		http.Error(w, "encoding failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
