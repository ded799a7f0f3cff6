package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// The endpoints below exist in development mode only.

// ownOrigin refuses what a page of another origin sends: whoever develops against
// this server visits other sites with the same browser, and a form there could
// post here without being asked. Programs send neither Sec-Fetch-Site nor Origin.
func (s *Server) ownOrigin(h http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "a page of another origin cannot use the endpoints of development mode", http.StatusForbidden)
	}))
	return guard.Handler(h)
}

// maxAdvance bounds one move of the clock: ten years.
const maxAdvance = 10 * 365 * 24 * time.Hour

// devClock moves the server's clock: {"advanceSeconds":n} or {"reset":true}.
func (s *Server) devClock(w http.ResponseWriter, r *http.Request) {
	var body struct {
		AdvanceSeconds *int64 `json:"advanceSeconds"`
		Reset          bool   `json:"reset"`
	}
	if err := readJSON(r, &body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch {
	case body.Reset && body.AdvanceSeconds == nil:
		s.clock.Reset()
	case !body.Reset && body.AdvanceSeconds != nil:
		seconds := *body.AdvanceSeconds
		if seconds > int64(maxAdvance/time.Second) || seconds < -int64(maxAdvance/time.Second) {
			http.Error(w, "advanceSeconds is out of range", http.StatusBadRequest)
			return
		}
		s.clock.Advance(time.Duration(seconds) * time.Second)
	default:
		http.Error(w, `give {"advanceSeconds":n} or {"reset":true}`, http.StatusBadRequest)
		return
	}
	// Keys whose time has come or gone with the move change now.
	if err := s.keys.Rotate(r.Context(), s.clock.Now()); err != nil {
		s.writeError(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// devRollKeys starts signing with a new key at once.
func (s *Server) devRollKeys(w http.ResponseWriter, r *http.Request) {
	if err := s.keys.Roll(r.Context(), directory.Platform(directory.Installation)); err != nil {
		s.writeError(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func readJSON(r *http.Request, v any) error {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 4096))
	if err != nil {
		return errors.New("the body could not be read")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err = dec.Decode(v)
	if _, end := dec.Token(); err != nil || !errors.Is(end, io.EOF) {
		return errors.New("the body is not the JSON object expected here")
	}
	return nil
}
