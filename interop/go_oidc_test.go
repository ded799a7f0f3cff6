package interop

import (
	"errors"
	"net/http"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/sekisho-id/sekisho/bearer"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

func TestGoOIDC(t *testing.T) {
	r := record(t, "go-oidc", moduleVersion(t, "github.com/coreos/go-oidc/v3"))
	p := r.party
	issuer := p.authority(p.Tenant) + "/v2.0"
	verifies := func(scope, issuer, audience string, spoil bool) func(*testing.T) (answer, error) {
		return func(t *testing.T) (answer, error) {
			token, err := oauth2Config(p, p.Secret, scope, oauth2.AuthStyleInParams).Token(t.Context())
			if err != nil {
				return answer{}, err
			}
			provider, err := oidc.NewProvider(t.Context(), issuer)
			if err != nil {
				return answer{}, err
			}
			raw := token.AccessToken
			if spoil {
				raw = broken(raw)
			}
			_, err = provider.VerifierContext(t.Context(), &oidc.Config{ClientID: audience}).Verify(t.Context(), raw)
			if spoil {
				if err == nil {
					return answer{}, errors.New("a token with a changed signature passed")
				}
				return answer{Done: true}, nil
			}
			return answer{Done: true}, err
		}
	}
	r.check(t, outcome.Discovery, func(t *testing.T) (answer, error) {
		provider, err := oidc.NewProvider(t.Context(), issuer)
		if err != nil {
			return answer{}, err
		}
		if got := provider.Endpoint().TokenURL; got != p.authority(p.Tenant)+"/oauth2/v2.0/token" {
			return answer{}, errors.New("the token endpoint is " + got)
		}
		return answer{Done: true}, nil
	})
	r.check(t, outcome.Verify, verifies(p.Scope, issuer, stage.v2.ClientID, false))
	r.check(t, outcome.Refuse, verifies(p.Scope, issuer, stage.v2.ClientID, true))
	// The issuer of version 1.0 tokens ends in a slash.
	r.check(t, outcome.VerifyV1, verifies(p.ScopeV1, p.authority(p.Tenant)+"/", stage.v1.URI, false))
}

func TestGoOAuth2(t *testing.T) {
	r := record(t, "x-oauth2", moduleVersion(t, "golang.org/x/oauth2"))
	p := r.party
	get := func(secret, scope string, style oauth2.AuthStyle) func(*testing.T) (answer, error) {
		return func(t *testing.T) (answer, error) {
			token, err := oauth2Config(p, secret, scope, style).Token(t.Context())
			if err != nil {
				return answer{}, err
			}
			return answer{Token: token.AccessToken}, nil
		}
	}
	r.check(t, outcome.Secret, get(p.Secret, p.Scope, oauth2.AuthStyleInParams))
	r.check(t, outcome.SecretBasic, get(p.Secret, p.Scope, oauth2.AuthStyleInHeader))
	r.check(t, outcome.V1API, get(p.Secret, p.ScopeV1, oauth2.AuthStyleInParams))
	r.check(t, outcome.Graph, func(t *testing.T) (answer, error) {
		a, err := get(p.Secret, p.GraphScope, oauth2.AuthStyleInParams)(t)
		if err != nil {
			return a, err
		}
		a.Applications, err = listApplications(t.Context(), p, a.Token)
		return a, err
	})
	r.check(t, outcome.Cache, func(t *testing.T) (answer, error) {
		source := oauth2Config(p, p.Secret, p.Scope, oauth2.AuthStyleInParams).TokenSource(t.Context())
		first, err := source.Token()
		if err != nil {
			return answer{}, err
		}
		second, err := source.Token()
		if err != nil {
			return answer{}, err
		}
		return answer{Token: first.AccessToken, Again: second.AccessToken}, nil
	})
	r.check(t, outcome.WrongSecret, func(t *testing.T) (answer, error) {
		_, err := get(p.WrongSecret, p.Scope, oauth2.AuthStyleInParams)(t)
		var refused *oauth2.RetrieveError
		if !errors.As(err, &refused) {
			return answer{}, errors.Join(errors.New("the error is not a RetrieveError"), err)
		}
		return answer{Error: refused.Error()}, nil
	})
}

func oauth2Config(p *party, secret, scope string, style oauth2.AuthStyle) *clientcredentials.Config {
	return &clientcredentials.Config{
		ClientID: p.ClientID, ClientSecret: secret, Scopes: []string{scope}, AuthStyle: style,
		TokenURL: p.authority(p.Tenant) + "/oauth2/v2.0/token",
	}
}

// Package bearer is ours, but it is a client of the metadata like any other: its
// handler stands before an API here.
func TestGoBearer(t *testing.T) {
	r := record(t, "bearer", "this tree")
	p := r.party
	call := func(scope, authority string, audiences []string, spoil bool) func(*testing.T) (answer, error) {
		return func(t *testing.T) (answer, error) {
			token, err := oauth2Config(p, p.Secret, scope, oauth2.AuthStyleInParams).Token(t.Context())
			if err != nil {
				return answer{}, err
			}
			verifier, err := bearer.New(bearer.Config{Authority: authority, Audiences: audiences})
			if err != nil {
				return answer{}, err
			}
			raw, want := token.AccessToken, http.StatusNoContent
			if spoil {
				raw, want = broken(raw), http.StatusUnauthorized
			}
			status, err := callAPI(t, verifier, raw)
			if err == nil && status != want {
				err = errors.New("the API answered " + http.StatusText(status))
			}
			return answer{Done: true}, err
		}
	}
	home := p.authority(p.Tenant)
	r.check(t, outcome.Discovery, func(t *testing.T) (answer, error) {
		verifier, err := bearer.New(bearer.Config{Authority: home, Audiences: []string{stage.v2.ClientID}})
		if err != nil {
			return answer{}, err
		}
		return answer{Done: true}, verifier.Preload(t.Context())
	})
	r.check(t, outcome.Verify, call(p.Scope, home, []string{stage.v2.ClientID}, false))
	r.check(t, outcome.VerifyV1, call(p.ScopeV1, home+"/v2.0", []string{stage.v1.ClientID, stage.v1.URI}, false))
	r.check(t, outcome.Domain, func(t *testing.T) (answer, error) {
		token, err := oauth2Config(p, p.Secret, p.Scope, oauth2.AuthStyleInParams).Token(t.Context())
		if err != nil {
			return answer{}, err
		}
		_, err = call(p.Scope, p.authority(p.Domain), []string{stage.v2.ClientID}, false)(t)
		return answer{Token: token.AccessToken}, err
	})
	r.check(t, outcome.Refuse, call(p.Scope, home, []string{stage.v2.ClientID}, true))
}
