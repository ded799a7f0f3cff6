package aadsts

import (
	"fmt"
	"strings"
)

// Code is one row of the catalogue. Codes are compared with errors.Is; only
// this package makes them.
type Code struct {
	number   int
	oauth    string
	status   int
	sub      string
	text     string
	scenario string
}

// Number is the decimal after "AADSTS".
func (c Code) Number() int { return c.number }

// OAuth is the value of the `error` member (RFC 6749 §5.2).
func (c Code) OAuth() string { return c.oauth }

// Status is the HTTP status of a JSON answer or an error page.
func (c Code) Status() int { return c.status }

// SubError is the default value of the `suberror` member, often empty.
func (c Code) SubError() string { return c.sub }

// Scenario names the scenario test that produces this answer, as
// "file/scenario name".
func (c Code) Scenario() string { return c.scenario }

// Text is the message with its {placeholders}, for the error look-up page.
func (c Code) Text() string { return c.text }

// Error makes a Code usable as the target of errors.Is.
func (c Code) Error() string { return fmt.Sprintf("AADSTS%d", c.number) }

// Error is a refusal on its way to the client.
type Error struct {
	code   Code
	status int
	oauth  string
	sub    string
	claims string
	args   []string
	cause  error
}

// New returns the error of code; args fill the placeholders of its text in
// their order. Values come from strangers: they are cut at 256 bytes and stripped
// of control characters, so that a log line or a header cannot be forged.
func New(code Code, args ...string) *Error {
	e := &Error{code: code, status: code.status, oauth: code.oauth, sub: code.sub, args: make([]string, len(args))}
	for i, a := range args {
		e.args[i] = clean(a)
	}
	return e
}

// Because attaches the cause for the log; no writer shows it.
func (e *Error) Because(cause error) *Error { e.cause = cause; return e }

// Named replaces the OAuth error: one number travels under different names at
// different endpoints (invalid_tenant on discovery).
func (e *Error) Named(oauth string) *Error { e.oauth = oauth; return e }

// WithStatus replaces the HTTP status: what a page answers with 403 is 400 at the
// token endpoint (RFC 6749 §5.2).
func (e *Error) WithStatus(status int) *Error { e.status = status; return e }

// WithClaims attaches the claims challenge that would cure the refusal.
func (e *Error) WithClaims(claims string) *Error { e.claims = claims; return e }

// WithSubError replaces the default suberror.
func (e *Error) WithSubError(sub string) *Error { e.sub = sub; return e }

// Code returns the catalogue row.
func (e *Error) Code() Code { return e.code }

// OAuth is the value of the `error` member.
func (e *Error) OAuth() string { return e.oauth }

// Status is the HTTP status of a JSON answer or an error page.
func (e *Error) Status() int { return e.status }

// SubError is the value of the `suberror` member, often empty.
func (e *Error) SubError() string { return e.sub }

// Claims is the claims challenge as JSON text, often empty.
func (e *Error) Claims() string { return e.claims }

// Message is the text for the client, without the AADSTS prefix.
func (e *Error) Message() string {
	var b strings.Builder
	rest, i := e.code.text, 0
	for {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(rest[open:], '}')
		if end < 0 {
			break
		}
		b.WriteString(rest[:open])
		if i < len(e.args) {
			b.WriteString(e.args[i])
		}
		i++
		rest = rest[open+end+1:]
	}
	b.WriteString(rest)
	return b.String()
}

// Error is for logs: number, text and cause.
func (e *Error) Error() string {
	s := fmt.Sprintf("AADSTS%d: %s", e.code.number, e.Message())
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Is reports whether target is the row that this error carries.
func (e *Error) Is(target error) bool {
	c, ok := target.(Code)
	return ok && c.number == e.code.number
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

func clean(s string) string {
	const most = 256
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
