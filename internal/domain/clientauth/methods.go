package clientauth

import (
	"context"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Method is one way for a client to prove itself.
type Method struct {
	// Name is its name in token_endpoint_auth_methods_supported (OpenID Connect
	// Core §9).
	Name string
	// parameter is the one that is at fault when two methods are used at once.
	parameter string
	sent      func(*Request) bool
	check     func(*Authenticator, context.Context, *target, *Request) (audit.ClientMethod, directory.ID, error)
}

// methods is the table of client authentication. A certificate and a federated
// credential share a row: on the wire both are a JWT in client_assertion, and
// only the assertion tells them apart.
var methods = []Method{
	{
		Name: "client_secret_post", parameter: "client_secret",
		sent: func(r *Request) bool { return r.ClientSecret != "" },
		check: func(a *Authenticator, _ context.Context, t *target, r *Request) (audit.ClientMethod, directory.ID, error) {
			return a.checkSecret(t, r.ClientSecret, audit.MethodSecretPost)
		},
	},
	{
		Name: "client_secret_basic", parameter: "Authorization",
		sent: func(r *Request) bool { return r.HasBasic && r.BasicSecret != "" },
		check: func(a *Authenticator, _ context.Context, t *target, r *Request) (audit.ClientMethod, directory.ID, error) {
			return a.checkSecret(t, r.BasicSecret, audit.MethodSecretBasic)
		},
	},
	{
		Name: "private_key_jwt", parameter: "client_assertion",
		sent:  func(r *Request) bool { return r.Assertion != "" || r.AssertionType != "" },
		check: (*Authenticator).checkAssertion,
	},
}

// algorithms of assertions, in the order in which metadata names them.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256}

// MethodNames lists the methods for metadata.
func MethodNames() []string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = m.Name
	}
	return names
}

// SigningAlgorithms lists the JWS algorithms of assertions for metadata.
func SigningAlgorithms() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = string(a)
	}
	return names
}

// presented finds the method that the request uses, nil if it brings no
// credential. RFC 6749 §2.3: more than one in a request is refused; a server
// that tried them in turn would let the weaker one decide.
func presented(req *Request) (*Method, error) {
	var found *Method
	for i := range methods {
		m := &methods[i]
		if !m.sent(req) {
			continue
		}
		if found != nil || req.HasBasic && m.Name != "client_secret_basic" {
			return nil, aadsts.New(aadsts.UnsupportedValue, m.parameter)
		}
		found = m
	}
	if req.AssertionType != "" || req.Assertion != "" {
		switch {
		case req.AssertionType == "":
			return nil, aadsts.New(aadsts.MissingParameter, "client_assertion_type")
		case req.AssertionType != oauth2.AssertionJWT:
			return nil, aadsts.New(aadsts.UnsupportedValue, "client_assertion_type")
		case req.Assertion == "":
			return nil, aadsts.New(aadsts.MissingParameter, "client_assertion")
		}
	}
	return found, nil
}
