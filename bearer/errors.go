package bearer

import (
	"errors"
	"fmt"
	"net/http"
)

// A Reason says why a token or a request was refused. A Reason is an error, so that
// errors.Is(err, bearer.Expired) works on what [Verifier.Verify] returns.
type Reason string

// The reasons. Each has one HTTP status, one RFC 6750 error code and one sentence
// for the client; see [Error].
const (
	// Missing: the request carries no bearer token.
	Missing Reason = "missing"
	// BadRequest: the Authorization header is malformed or there are several.
	BadRequest Reason = "bad request"
	// Malformed: not a JWT of the expected shape, a required claim is absent or has
	// the wrong type, a JSON member occurs twice, or the token is too long.
	Malformed Reason = "malformed"
	// Algorithm: the token names an algorithm that is not allowed, or one that does
	// not fit the key.
	Algorithm Reason = "algorithm"
	// Issuer: the token is of another issuer, or its tenant and issuer disagree.
	Issuer Reason = "issuer"
	// Tenant: the issuer is known, but its tenant is not allowed to call.
	Tenant Reason = "tenant"
	// UnknownKey: no published key has the token's key identifier.
	UnknownKey Reason = "unknown key"
	// KeyIssuer: the key exists, but signs for another issuer.
	KeyIssuer Reason = "key issuer"
	// Signature: the signature does not fit.
	Signature Reason = "signature"
	// Kind: not an access token, for example an ID token.
	Kind Reason = "kind"
	// Audience: an access token for another API.
	Audience Reason = "audience"
	// Expired: exp has passed.
	Expired Reason = "expired"
	// NotYetValid: nbf has not come.
	NotYetValid Reason = "not yet valid"
	// Revoked: the Revoked function of the configuration said so.
	Revoked Reason = "revoked"
	// Permission: the token is good, but grants nothing or not what is required.
	Permission Reason = "permission"
	// Unavailable: the keys could not be had, so nothing can be said of the token.
	Unavailable Reason = "unavailable"
)

// Error makes a Reason usable with errors.Is.
func (r Reason) Error() string { return "bearer: " + string(r) }

// An answer is what a client learns of a Reason.
type answer struct {
	status int
	code   string // RFC 6750 §3.1; empty where none may be sent
	text   string // fixed: only characters that RFC 6750 §3 allows in error_description
}

var answers = map[Reason]answer{
	Missing:     {http.StatusUnauthorized, "", "An access token is required."},
	BadRequest:  {http.StatusBadRequest, "invalid_request", "Send exactly one Authorization header with one bearer token."},
	Malformed:   {http.StatusUnauthorized, "invalid_token", "The access token is malformed."},
	Algorithm:   {http.StatusUnauthorized, "invalid_token", "The signing algorithm of the access token is not accepted."},
	Issuer:      {http.StatusUnauthorized, "invalid_token", "The issuer of the access token is not accepted."},
	Tenant:      {http.StatusUnauthorized, "invalid_token", "The tenant of the access token is not accepted."},
	UnknownKey:  {http.StatusUnauthorized, "invalid_token", "The signing key of the access token is not known."},
	KeyIssuer:   {http.StatusUnauthorized, "invalid_token", "The signing key of the access token belongs to another issuer."},
	Signature:   {http.StatusUnauthorized, "invalid_token", "The signature of the access token is not valid."},
	Kind:        {http.StatusUnauthorized, "invalid_token", "The token is not an access token."},
	Audience:    {http.StatusUnauthorized, "invalid_token", "The access token is for another audience."},
	Expired:     {http.StatusUnauthorized, "invalid_token", "The access token has expired."},
	NotYetValid: {http.StatusUnauthorized, "invalid_token", "The access token is not valid yet."},
	Revoked:     {http.StatusUnauthorized, "invalid_token", "The access token has been revoked."},
	Permission:  {http.StatusForbidden, "insufficient_scope", "The access token does not grant the required permission."},
	Unavailable: {http.StatusServiceUnavailable, "", "The access token cannot be checked at the moment."},
}

// An Error is a refusal. It does not tell whether anything that was not checked any
// more would have passed: checks stop at the first failure, so a token refused as
// Expired has a good signature, but one refused as Issuer may have none.
type Error struct {
	// Reason is the kind of refusal.
	Reason Reason

	cause error
	// scope is what would have sufficed, for the challenge; empty if not known.
	scope string
}

// Error gives reason and cause. It is for the log: it may quote the token's claims.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Reason.Error()
	}
	return e.Reason.Error() + ": " + e.cause.Error()
}

// Unwrap gives the Reason and, if there is one, the cause.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.cause}
}

// Status is the HTTP status of the answer: 400, 401, 403 or 503.
func (e *Error) Status() int { return e.answer().status }

// Code is the error code of RFC 6750 §3.1, or "" where none may be sent.
func (e *Error) Code() string { return e.answer().code }

// Description is the sentence that the client gets. It is fixed for each Reason.
func (e *Error) Description() string { return e.answer().text }

func (e *Error) answer() answer {
	if a, ok := answers[e.Reason]; ok {
		return a
	}
	return answers[Unavailable]
}

// refusal makes an Error with a formatted cause. Values that come from a token are
// formatted with %.Nq, so that a log line stays one short line.
func refusal(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, cause: fmt.Errorf(format, args...)}
}

// asError finds the *Error in err; what is not one becomes Unavailable, since
// nothing is then known of the token.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Reason: Unavailable, cause: err}
}
