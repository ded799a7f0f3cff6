package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// MaxForm bounds the body of an OAuth request, in bytes.
const MaxForm = 64 << 10

// ReadForm reads a form-encoded body (RFC 6749 §3.2): POST only, one content
// type, no compression, no parameter twice.
func ReadForm(w http.ResponseWriter, r *http.Request) (oauth2.Form, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST, OPTIONS")
		return oauth2.Form{}, aadsts.New(aadsts.MethodNotAllowed, "POST", r.Method)
	}
	if ct := r.Header["Content-Type"]; len(ct) != 1 || !formType(ct[0]) {
		return oauth2.Form{}, aadsts.New(aadsts.MalformedRequest, "the body must be application/x-www-form-urlencoded")
	}
	if r.Header.Get("Content-Encoding") != "" {
		return oauth2.Form{}, aadsts.New(aadsts.MalformedRequest, "compressed bodies are not accepted")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxForm))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return oauth2.Form{}, aadsts.New(aadsts.MalformedRequest, "the body is too large")
	case err != nil:
		return oauth2.Form{}, aadsts.New(aadsts.MalformedRequest, "the body could not be read").Because(err)
	}
	return form(string(body))
}

// ReadQuery reads the parameters of a query string.
func ReadQuery(r *http.Request) (oauth2.Form, error) {
	if len(r.URL.RawQuery) > MaxQuery {
		return oauth2.Form{}, aadsts.New(aadsts.QueryTooLong)
	}
	return form(r.URL.RawQuery)
}

func form(text string) (oauth2.Form, error) {
	f, err := oauth2.ParseForm(text)
	var dup *oauth2.DuplicateError
	switch {
	case errors.As(err, &dup):
		return f, aadsts.New(aadsts.DuplicateParameter, dup.Name)
	case err != nil:
		return f, aadsts.New(aadsts.MalformedRequest, err.Error())
	}
	return f, nil
}

func formType(ct string) bool {
	if ct == "application/x-www-form-urlencoded" {
		return true // what nearly every client sends
	}
	mt, params, err := mime.ParseMediaType(ct)
	if err != nil || mt != "application/x-www-form-urlencoded" {
		return false
	}
	cs := params["charset"]
	return cs == "" || strings.EqualFold(cs, "utf-8")
}
