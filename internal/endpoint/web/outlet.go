package web

import (
	"log/slog"
	"net/http"
)

// The helpers below are for the other writers of errors (pages, Graph), so that
// every refusal carries the same ids and is logged in the same words.

// SetIDs writes the id headers. Writers call it again after the shell did, since
// a body or query may have brought the correlation id.
func SetIDs(w http.ResponseWriter, r *http.Request) { setIDs(w, From(r.Context())) }

// LogRefusal logs a refusal once, with its cause, under the request's ids.
func LogRefusal(r *http.Request, log *slog.Logger, status int, err error) {
	logError(r, log, status, err)
}
