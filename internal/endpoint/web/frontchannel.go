package web

import (
	"net/http"

	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Limits of a request that a browser brings, in bytes. An id_token_hint is a whole
// token.
const (
	maxParameter = 8 << 10
	maxHint      = 16 << 10
	maxRequest   = 32 << 10
)

func parameterLimit(name string) int {
	switch name {
	case "id_token_hint":
		return maxHint
	case "flowToken": // ours, with parameters in it
		return maxRequest
	}
	return maxParameter
}

// ReadFrontChannel takes the parameters from the query of a GET or the body of a
// POST (OpenID Connect Core §3.1.2.1); the query of a POST is not looked at, so
// that no parameter can come from two places.
func ReadFrontChannel(w http.ResponseWriter, r *http.Request) (oauth2.Form, error) {
	switch r.Method {
	case http.MethodGet:
		f, err := ReadQuery(r)
		if err == nil && f.TooLong(parameterLimit) != "" {
			err = aadsts.New(aadsts.QueryTooLong)
		}
		return f, err
	case http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		f, err := ReadForm(w, r)
		if name := f.TooLong(parameterLimit); err == nil && name != "" {
			err = aadsts.New(aadsts.MalformedRequest, "the parameter "+name+" is too long")
		}
		return f, err
	}
	w.Header().Set("Allow", "GET, POST")
	return oauth2.Form{}, aadsts.New(aadsts.MethodNotAllowed, "GET and POST", r.Method)
}
