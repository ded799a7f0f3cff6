package interop

import (
	"errors"
	"log"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/go-azure-sdk/sdk/auth"
	"github.com/hashicorp/go-azure-sdk/sdk/environments"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

// Terraform's provider cannot be had here. This is the library by which it finds
// its endpoints and signs in; what it then does with Graph is not covered.
func TestGoTerraformSDK(t *testing.T) {
	r := record(t, "go-azure-sdk", moduleVersion(t, "github.com/hashicorp/go-azure-sdk/sdk"))
	p := r.party
	log.SetOutput(t.Output()) // it writes each request there
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	// The provider's metadata_host: all else is read from there.
	env, err := environments.FromEndpoint(t.Context(), p.AuthorityHost)
	if err != nil {
		t.Fatal(err)
	}
	store, err := pkcs12.Modern.Encode(p.certificate.key, p.certificate.certificate, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	assertion, err := os.ReadFile(p.AssertionFile)
	if err != nil {
		t.Fatal(err)
	}
	orders := environments.NewApiEndpoint("Orders", strings.TrimSuffix(p.Scope, "/.default"), nil)
	ordersV1 := environments.NewApiEndpoint("Orders", strings.TrimSuffix(p.ScopeV1, "/.default"), nil)
	secret := auth.Credentials{EnableAuthenticatingUsingClientSecret: true, ClientSecret: p.Secret}

	r.check(t, outcome.Secret, terraform(p, env, orders, secret))
	r.check(t, outcome.Certificate, terraform(p, env, orders, auth.Credentials{EnableAuthenticatingUsingClientCertificate: true, ClientCertificateData: store}))
	r.check(t, outcome.Assertion, terraform(p, env, orders, auth.Credentials{EnableAuthenticationUsingOIDC: true, OIDCAssertionToken: string(assertion)}))
	r.check(t, outcome.V1API, terraform(p, env, ordersV1, secret))
	r.check(t, outcome.Graph, func(t *testing.T) (answer, error) {
		a, err := terraform(p, env, env.MicrosoftGraph, secret)(t)
		if err != nil {
			return a, err
		}
		a.Applications, err = listApplications(t.Context(), p, a.Token)
		return a, err
	})
	r.check(t, outcome.Metadata, func(*testing.T) (answer, error) {
		if graph, found := env.MicrosoftGraph.Endpoint(); !found || *graph != p.GraphURL {
			return answer{}, errors.New("the metadata does not name our Graph")
		}
		if env.Authorization.LoginEndpoint != p.AuthorityHost {
			return answer{}, errors.New("the login endpoint is " + env.Authorization.LoginEndpoint)
		}
		return answer{Done: true}, nil
	})
	r.check(t, outcome.WrongSecret, func(t *testing.T) (answer, error) {
		_, err := terraform(p, env, orders, auth.Credentials{EnableAuthenticatingUsingClientSecret: true, ClientSecret: p.WrongSecret})(t)
		if err == nil {
			return answer{}, nil
		}
		return answer{Error: err.Error()}, nil
	})
}

func terraform(p *party, env *environments.Environment, api environments.Api, c auth.Credentials) func(*testing.T) (answer, error) {
	return func(t *testing.T) (answer, error) {
		c.Environment, c.TenantID, c.ClientID = *env, p.Tenant, p.ClientID
		authorizer, err := auth.NewAuthorizerFromCredentials(t.Context(), c, api)
		if err != nil {
			return answer{}, err
		}
		token, err := authorizer.Token(t.Context(), new(http.Request))
		if err != nil {
			return answer{}, err
		}
		return answer{Token: token.AccessToken}, nil
	}
}
