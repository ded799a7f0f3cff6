package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// Codes of errors that clients compare.
const (
	codeBadRequest  = "Request_BadRequest"
	codeParse       = "BadRequest"
	codeUnsupported = "Request_UnsupportedQuery"
	codeNotFound    = "Request_ResourceNotFound"
	codeDenied      = "Authorization_RequestDenied"
	codeBadToken    = "InvalidAuthenticationToken"
	codeSameKey     = "Request_MultipleObjectsWithSameKeyValue"
	codeEnabled     = "CannotDeleteOrUpdateEnabledEntitlement"
	codeQuota       = "Directory_QuotaExceeded"
	codeUnavailable = "serviceNotAvailable"
	codeInternal    = "InternalServerError"
	codeWrongMedia  = "UnsupportedMediaType"
	codeTooLarge    = "RequestEntityTooLarge"
	textDenied      = "Insufficient privileges to complete the operation."
	textMethod      = "Specified HTTP method is not allowed for the request target."
	textMe          = "/me request is only valid with delegated authentication flow."
)

// Error is a refusal of this API, as the client sees it.
type Error struct {
	Status  int
	Code    string
	Message string
	Details []Detail
	cause   error
}

// Detail is an entry of error.details.
type Detail struct {
	Code    string `json:"code"`
	Target  string `json:"target,omitempty"`
	Message string `json:"message"`
}

// Error is for logs.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Message
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

func badRequest(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: codeBadRequest, Message: fmt.Sprintf(format, args...)}
}

func parseError(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: codeParse, Message: fmt.Sprintf(format, args...)}
}

func unsupported(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: codeUnsupported, Message: fmt.Sprintf(format, args...)}
}

func denied(message string) *Error {
	return &Error{Status: http.StatusForbidden, Code: codeDenied, Message: message}
}

func notFound(key string) *Error {
	return &Error{
		Status: http.StatusNotFound, Code: codeNotFound,
		Message: "Resource '" + quotable(key) + "' does not exist or one of its queried reference-property objects are not present.",
	}
}

func noSegment(name string) *Error {
	return parseError("Resource not found for the segment '%s'.", quotable(name))
}

func invalidValue(name string) *Error {
	e := badRequest("One or more property values specified are invalid. Property '%s' has a value of the wrong type or form.", name)
	e.Details = []Detail{{"InvalidValue", name, e.Message}}
	return e
}

func notNullable(name string) *Error {
	e := badRequest("One or more property values specified are invalid. Property '%s' cannot be null.", name)
	e.Details = []Detail{{"InvalidValue", name, e.Message}}
	return e
}

func unknownProperty(name string) *Error {
	return badRequest("Invalid property '%s'.", quotable(name))
}

func readOnlyProperty(name string) *Error {
	return badRequest("Property '%s' is read-only and cannot be set.", name)
}

func (e *Error) withStatus(status int) *Error { e.Status = status; return e }

func (e *Error) saying(message string) *Error { e.Message = message; return e }

// quotable cuts what a stranger sent before it is put into a message, and takes
// out what could confuse a reader or a log.
func quotable(s string) string {
	const most = 128
	out := make([]rune, 0, min(len(s), most))
	for _, r := range s {
		if len(out) == most {
			break
		}
		if r < 0x20 || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\uFFFD' {
			continue
		}
		out = append(out, r)
	}
	return string(out)
}

// known turns an error of the layers below into one for the client; nil means
// that it is not for the client. key is what the path named, for the texts of
// missing objects.
func known(err error, key string) *Error {
	var (
		own    *Error
		rule   *directory.RuleError
		query  *directory.UnsupportedQuery
		syntax *odata.Error
		tok    *TokenError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &tok):
		return &Error{Status: http.StatusUnauthorized, Code: codeBadToken, Message: tok.Message, cause: err}
	case errors.As(err, &rule):
		return fromRule(rule)
	case errors.As(err, &query):
		e := unsupported("Unsupported or invalid query filter clause specified for property '%s'.", quotable(query.Property))
		e.cause = err
		return e
	case errors.As(err, &syntax):
		return fromSyntax(syntax)
	case errors.Is(err, directory.ErrNotFound):
		return notFound(key)
	case errors.Is(err, directory.ErrUnavailable):
		return &Error{Status: http.StatusServiceUnavailable, Code: codeUnavailable, Message: "The service is temporarily unavailable. Please try again.", cause: err}
	}
	return nil
}

func fromSyntax(err *odata.Error) *Error {
	switch err.Option {
	case "$filter":
		return parseError("Invalid filter clause: %s.", err.Explanation())
	case "body":
		return badRequest("The request body is not acceptable: %s.", err.Explanation())
	case "path", "query", "":
		return parseError("The request is malformed: %s.", err.Explanation())
	}
	return parseError("The query option %s is invalid: %s.", err.Option, err.Explanation())
}

// fromRule maps the rules of the directory to answers.
func fromRule(rule *directory.RuleError) *Error {
	e := &Error{Status: http.StatusBadRequest, Code: codeBadRequest, Message: rule.Message, cause: rule}
	switch rule.Kind {
	case directory.Conflict:
		e.Status, e.Code = http.StatusConflict, codeSameKey
	case directory.ObjectConflict:
		e.Details = []Detail{{"ObjectConflict", rule.Property, rule.Message}}
	case directory.EnabledEntitlement:
		e.Code = codeEnabled
	case directory.Forbidden:
		e.Status, e.Code = http.StatusForbidden, codeDenied
	case directory.Quota:
		e.Code = codeQuota
	case directory.Invalid:
		if rule.Property != "" {
			e.Details = []Detail{{"InvalidValue", rule.Property, rule.Message}}
		}
	case directory.ReadOnly, directory.Missing, directory.BadReference:
	}
	return e
}

type errorBody struct {
	Error errorMember `json:"error"`
}

type errorMember struct {
	Code    string     `json:"code"`
	Message string     `json:"message"`
	Details []Detail   `json:"details,omitempty"`
	Inner   innerError `json:"innerError"`
}

type innerError struct {
	Date            string `json:"date"`
	RequestID       string `json:"request-id"`
	ClientRequestID string `json:"client-request-id"`
}

// fail answers an error. It is the only writer of that body and the only place
// that logs it; bodies of requests are never part of what it logs. It returns
// the status.
func (a *API) fail(w http.ResponseWriter, r *http.Request, key string, err error) int {
	ids := web.IDs(r.Context())
	e := known(err, key)
	level := slog.LevelInfo
	if e == nil {
		e = &Error{Status: http.StatusInternalServerError, Code: codeInternal, Message: "The request could not be served. Request id: " + ids.Trace}
	}
	if e.Status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	a.Logger.LogAttrs(r.Context(), level, "refused",
		slog.String("api", "graph"), slog.String("method", r.Method), slog.String("path", quotable(r.URL.Path)),
		slog.Int("status", e.Status), slog.String("code", e.Code), slog.String("error", quotableLog(err)),
		slog.String("trace_id", ids.Trace), slog.String("correlation_id", ids.Correlation))

	h := w.Header()
	switch e.Status {
	case http.StatusUnauthorized:
		h.Set("Www-Authenticate", `Bearer realm="", authorization_uri="`+web.From(r.Context()).Hosts.Login+`/common/oauth2/authorize", client_id="`+string(directory.GraphAppID)+`"`)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", "1")
	}
	body, jsonErr := json.Marshal(errorBody{errorMember{e.Code, e.Message, e.Details, innerError{
		Date:      a.Now().UTC().Format("2006-01-02T15:04:05"),
		RequestID: ids.Trace, ClientRequestID: ids.Correlation,
	}}})
	if jsonErr != nil { // cannot happen: strings alone
		body = []byte(`{"error":{"code":"` + codeInternal + `","message":""}}`)
	}
	h.Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Status)
	_, _ = w.Write(body)
	return e.Status
}

// quotableLog keeps the log line of a refusal short.
func quotableLog(err error) string {
	const most = 1024
	s := err.Error()
	if len(s) > most {
		s = s[:most]
	}
	return s
}
