package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// errorBody is the JSON error of the OAuth endpoints (RFC 6749 §5.2) with the
// members that Entra's clients read.
type errorBody struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	URI           string `json:"error_uri,omitempty"`
	SubError      string `json:"suberror,omitempty"`
	Claims        string `json:"claims,omitempty"`
}

// Known turns an error into one of the catalogue: an *aadsts.Error stays,
// trouble of the storage is "unavailable", anything else nil.
func Known(err error) *aadsts.Error {
	var known *aadsts.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, directory.ErrUnavailable):
		return aadsts.New(aadsts.DirectoryUnavailable).Because(err)
	}
	return nil
}

// Timestamp writes a time as error bodies and pages show it.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// WriteError answers an OAuth or discovery request that failed. It is the only
// writer of that body.
func WriteError(w http.ResponseWriter, r *http.Request, log *slog.Logger, now time.Time, err error) {
	req := From(r.Context())
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		// Nobody reads the answer any more.
		log.LogAttrs(r.Context(), slog.LevelDebug, "the client left", slog.String("trace_id", req.TraceID()))
		return
	}
	known := Known(err)
	body := errorBody{
		Timestamp:     Timestamp(now),
		TraceID:       req.TraceID(),
		CorrelationID: req.CorrelationID,
		Codes:         []int{},
	}
	status, text := http.StatusInternalServerError, "The request could not be served."
	body.Error = "server_error"
	if known != nil {
		code := known.Code()
		status = known.Status()
		body.Error, body.SubError, body.Claims = known.OAuth(), known.SubError(), known.Claims()
		body.Codes = []int{code.Number()}
		body.URI = req.Hosts.Login + "/error?code=" + strconv.Itoa(code.Number())
		text = "AADSTS" + strconv.Itoa(code.Number()) + ": " + known.Message()
	}
	body.Description = text + "\r\nTrace ID: " + body.TraceID + "\r\nCorrelation ID: " + body.CorrelationID + "\r\nTimestamp: " + body.Timestamp
	LogRefusal(r, log, status, err)

	setIDs(w, req)
	h := w.Header()
	NoStore(h)
	switch status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", "1")
	case http.StatusUnauthorized:
		if _, _, basic := r.BasicAuth(); basic {
			h.Set("WWW-Authenticate", `Basic realm="sekisho"`) // RFC 6749 §5.2
		}
	}
	writeJSON(w, status, body)
}

// NoStore forbids keeping the answer; it holds for success and failure alike.
func NoStore(h http.Header) {
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "-1")
}

// WriteJSON answers with a value that must not be kept.
func WriteJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	SetIDs(w, r)
	NoStore(w.Header())
	writeJSON(w, status, v)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "encoding failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// LogRefusal logs a refusal once, with its cause, under the request's ids; every
// writer of errors calls it. Failures of ours are errors, refusals of clients are
// not.
func LogRefusal(r *http.Request, log *slog.Logger, status int, err error) {
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	req := From(r.Context())
	log.LogAttrs(r.Context(), level, "refused",
		slog.Int("status", status), slog.String("error", err.Error()), slog.String("path", r.URL.Path),
		slog.String("trace_id", req.TraceID()), slog.String("correlation_id", req.CorrelationID), slog.String("client_ip", req.ClientIP))
}
