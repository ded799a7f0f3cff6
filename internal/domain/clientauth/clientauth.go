package clientauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/clientauth/issuer"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// Request is what a token request says about its client. A parameter without a
// value counts as not sent (RFC 6749 §3.2). A Request belongs to one goroutine.
type Request struct {
	ClientID      string
	ClientSecret  string
	AssertionType string
	Assertion     string

	// HasBasic says that there is a Basic Authorization header; ParseBasic gives
	// its halves.
	HasBasic    bool
	BasicID     string
	BasicSecret string

	// Audiences lists what a client may write into `aud` of its own assertion for
	// this request; see the function Audiences. Only called for such assertions.
	Audiences func() []string

	// AllowPublic lets a request without any credential pass, as a public client.
	AllowPublic bool

	parsed *assertion
}

// Credential reports whether the request brings a credential, good or bad.
func (r *Request) Credential() bool {
	return slices.ContainsFunc(methods, func(m Method) bool { return m.sent(r) })
}

// Client is an authenticated client.
type Client struct {
	App          *directory.Application      // nil for a managed identity
	Principal    *directory.ServicePrincipal // nil where the tenant has none
	Method       audit.ClientMethod
	CredentialID directory.ID // key id of the secret or certificate, id of the federated credential
	Public       bool         // no credential was sent, nothing is proved
}

// Assertions remembers the assertions of applications that allow each only
// once.
type Assertions interface {
	// UseAssertion records the jti until it expires and reports whether it was
	// new. Of two at once exactly one is new.
	UseAssertion(ctx context.Context, t directory.TenantID, client directory.ID, jti [32]byte, expires time.Time) (bool, error)
}

// Config is what an Authenticator works with.
type Config struct {
	Now        func() time.Time
	Secrets    *SecretHasher
	Issuers    *issuer.Resolver
	Assertions Assertions
	// Alive says whether an app-only token of this server, presented as an
	// assertion, still counts: iss is its issuer, object the service principal
	// that it was issued to. Nil where Issuers knows no issuer of its own.
	Alive func(ctx context.Context, iss string, object directory.ID) (bool, error)
}

// Authenticator checks the credentials of clients. It is safe for concurrent
// use.
type Authenticator struct {
	now        func() time.Time
	secrets    *SecretHasher
	issuers    *issuer.Resolver
	assertions Assertions
	alive      func(ctx context.Context, iss string, object directory.ID) (bool, error)
}

// New returns an Authenticator; every field of the Config is needed unless it
// says otherwise.
func New(c Config) *Authenticator {
	return &Authenticator{now: c.Now, secrets: c.Secrets, issuers: c.Issuers, assertions: c.Assertions, alive: c.Alive}
}

// Audiences lists what a client may write into the `aud` of its own assertion:
// the v2 and v1 token endpoints and issuers of each tenant form. OAuth libraries
// sign for the token endpoint, OpenID Connect libraries and MSAL.js for the
// issuer. base is the address that the client used, without a slash at its end;
// tenants are the tenant's id, its domains, and the path segment as written.
func Audiences(base string, tenants ...string) []string {
	list := make([]string, 0, 4*len(tenants))
	for _, t := range tenants {
		at := base + "/" + t
		list = append(list, at+"/oauth2/v2.0/token", at+"/oauth2/token", at+"/v2.0", at+"/")
	}
	return list
}

// Identify says which client the request claims to come from: `client_id`, the
// user part of Basic, or issuer and subject of the assertion. All that are
// there must agree. It verifies nothing.
func Identify(req *Request) (directory.ID, error) {
	if _, err := presented(req); err != nil {
		return "", err
	}
	var id directory.ID
	for _, name := range []string{req.ClientID, req.BasicID} {
		if name == "" {
			continue
		}
		got, err := directory.ParseID(name)
		if err != nil {
			return "", aadsts.New(aadsts.InvalidClientID, name)
		}
		if id != "" && got != id {
			return "", aadsts.New(aadsts.WrongClientOfToken, string(id))
		}
		id = got
	}
	if req.Assertion != "" {
		a, err := req.assertion()
		if err != nil {
			return "", err
		}
		if id, err = a.identify(id); err != nil {
			return "", err
		}
	}
	if id == "" {
		return "", aadsts.New(aadsts.MissingParameter, "client_id")
	}
	return id, nil
}

// Authenticate checks the credential of a request whose client the caller has
// found. app is nil for a managed identity; sp is the service principal in the
// tenant of the request, nil where there is none. At least one is needed.
func (a *Authenticator) Authenticate(ctx context.Context, app *directory.Application, sp *directory.ServicePrincipal, req *Request) (*Client, error) {
	t, err := targetOf(app, sp)
	if err != nil {
		return nil, err
	}
	m, err := presented(req)
	if err != nil {
		return nil, err
	}
	if m == nil {
		if !req.AllowPublic {
			return nil, aadsts.New(aadsts.NoCredential)
		}
		return &Client{App: app, Principal: sp, Method: audit.MethodNone, Public: true}, nil
	}
	method, credential, err := m.check(a, ctx, t, req)
	if err != nil {
		return nil, err
	}
	return &Client{App: app, Principal: sp, Method: method, CredentialID: credential}, nil
}

// Dummy does the work of refusing a wrong secret. The endpoint calls it for a
// client that does not exist.
func (a *Authenticator) Dummy(req *Request) {
	sent := req.ClientSecret
	if req.HasBasic {
		sent = req.BasicSecret
	}
	none := [1]directory.PasswordCredential{{Hash: make([]byte, hashSize)}}
	_, _ = matchSecret(a.secrets.HashSecret(sent), a.now(), none[:])
}

// target is the client whose credentials are checked.
type target struct {
	id        directory.ID
	home      directory.TenantID
	singleUse bool
	passwords [2][]directory.PasswordCredential
	keys      [2][]directory.KeyCredential
	federated [2][]directory.FederatedIdentityCredential
}

func targetOf(app *directory.Application, sp *directory.ServicePrincipal) (*target, error) {
	t := &target{}
	if sp != nil {
		t.id, t.home = sp.AppID, sp.TenantID
		t.passwords[1], t.keys[1], t.federated[1] = sp.Passwords, sp.Keys, sp.Federated
	}
	if app != nil {
		if sp != nil && sp.AppID != app.AppID {
			return nil, fmt.Errorf("clientauth: service principal %s is not of application %s", sp.ID, app.AppID)
		}
		t.id, t.home, t.singleUse = app.AppID, app.TenantID, app.SingleUseClientAssertion
		t.passwords[0], t.keys[0], t.federated[0] = app.Passwords, app.Keys, app.Federated
	}
	if t.id == "" {
		return nil, errors.New("clientauth: no client given")
	}
	return t, nil
}
