package userinfo

import (
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
)

// A refusal is an error of RFC 6750 §3.1. Its text is for the client; the cause,
// for the log.
type refusal struct {
	status int
	code   string
	text   string
	cause  error
}

func (e *refusal) Error() string {
	if e.cause != nil {
		return e.code + ": " + e.cause.Error()
	}
	return e.code + ": " + e.text
}

func (e *refusal) Unwrap() error { return e.cause }

var (
	errNoToken = &refusal{status: http.StatusUnauthorized, code: "invalid_token", text: "The request carries no access token."}
	errScope   = &refusal{status: http.StatusForbidden, code: "insufficient_scope", text: "The access token must be one of a signed-in person with the scope openid."}
	errMethod  = &refusal{status: http.StatusMethodNotAllowed, code: "invalid_request", text: "The method must be GET or POST."}
	errQuery   = &refusal{status: http.StatusBadRequest, code: "invalid_request", text: "An access token must not be sent in the query."}
	errTwice   = &refusal{status: http.StatusBadRequest, code: "invalid_request", text: "The access token was sent in more than one way."}
	errHeader  = &refusal{status: http.StatusBadRequest, code: "invalid_request", text: "The Authorization header must be sent once."}
)

func invalidToken(cause error) error {
	return &refusal{status: http.StatusUnauthorized, code: "invalid_token", text: "The access token is invalid, expired or revoked.", cause: cause}
}

// bearer finds the access token in the Authorization header (RFC 6750 §2.1) or in
// a form (§2.2). A query lands in logs and histories, so a token there is refused
// even beside another.
func bearer(w http.ResponseWriter, r *http.Request) (string, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		return "", errMethod
	}
	// What cannot be read as parameters is no token either.
	if query, err := web.ReadQuery(r); err == nil && query.Get("access_token") != "" || err != nil && strings.Contains(r.URL.RawQuery, "access_token") {
		return "", errQuery
	}
	inForm := ""
	if r.Method == http.MethodPost && isForm(r) {
		form, err := web.ReadForm(w, r)
		if err != nil {
			return "", &refusal{status: http.StatusBadRequest, code: "invalid_request", text: "The form could not be read.", cause: err}
		}
		inForm = form.Get("access_token")
	}
	headers := r.Header.Values("Authorization")
	switch {
	case len(headers) > 1:
		return "", errHeader
	case len(headers) == 1 && inForm != "":
		return "", errTwice
	case inForm != "":
		return inForm, nil
	case len(headers) == 0:
		return "", errNoToken
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return "", errNoToken
	}
	return strings.TrimSpace(token), nil
}

func isForm(r *http.Request) bool {
	mt, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mt == "application/x-www-form-urlencoded"
}

// errorBody is what says why, beside the header that programs read.
type errorBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	TraceID     string `json:"trace_id"`
}

// fail is the only writer of refusals. What is none of RFC 6750 is a failure of
// the server.
func (e *Endpoint) fail(w http.ResponseWriter, r *http.Request, err error) {
	var no *refusal
	if !errors.As(err, &no) {
		e.cfg.WriteError(w, r, err)
		return
	}
	web.LogRefusal(r, e.cfg.Log, no.status, err)
	challenge := `Bearer realm="", error="` + no.code + `"`
	if no == errScope {
		challenge += `, scope="openid"`
	}
	if no != errMethod {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	web.WriteJSON(w, r, no.status, errorBody{Error: no.code, Description: no.text, TraceID: web.From(r.Context()).TraceID()})
}
