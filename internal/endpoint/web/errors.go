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
	d := Describe(r, now, err)
	status := d.Status
	body := errorBody{
		Error: d.Error, Description: d.Description, Codes: []int{}, Timestamp: Timestamp(now),
		TraceID: req.TraceID(), CorrelationID: req.CorrelationID, URI: d.URI, SubError: d.SubError, Claims: d.Claims,
	}
	if d.Number != 0 {
		body.Codes = []int{d.Number}
	}
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

// Description is an error in the words that clients read, whatever carries it.
type Description struct {
	Status                  int
	Number                  int // of the catalogue, 0 for what is not in it
	Error, SubError, Claims string
	Description             string // AADSTS number, text, ids and time, in the layout of the platform
	URI                     string // of the page that explains the number
}

// Describe puts an error into words. What is not of the catalogue is a
// server_error that says nothing but the request's ids.
func Describe(r *http.Request, now time.Time, err error) Description {
	req := From(r.Context())
	d := Description{Status: http.StatusInternalServerError, Error: "server_error"}
	text := "The request could not be served."
	if known := Known(err); known != nil {
		d.Status, d.Number = known.Status(), known.Code().Number()
		d.Error, d.SubError, d.Claims = known.OAuth(), known.SubError(), known.Claims()
		d.URI = req.Hosts.Login + "/error?code=" + strconv.Itoa(d.Number)
		text = "AADSTS" + strconv.Itoa(d.Number) + ": " + known.Message()
	}
	d.Description = text + "\r\nTrace ID: " + req.TraceID() + "\r\nCorrelation ID: " + req.CorrelationID + "\r\nTimestamp: " + Timestamp(now)
	return d
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
