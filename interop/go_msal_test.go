package interop

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

func TestGoMSAL(t *testing.T) {
	r := record(t, "msal-go", moduleVersion(t, "github.com/AzureAD/microsoft-authentication-library-for-go"))
	p := r.party
	secret, err := confidential.NewCredFromSecret(p.Secret)
	if err != nil {
		t.Fatal(err)
	}
	certificates, key, err := confidential.CertFromPEM(p.certificate.pem, "")
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := confidential.NewCredFromCert(certificates, key)
	if err != nil {
		t.Fatal(err)
	}
	assertion := confidential.NewCredFromAssertionCallback(func(context.Context, confidential.AssertionRequestOptions) (string, error) {
		text, err := os.ReadFile(p.AssertionFile)
		return string(text), err
	})
	home := p.authority(p.Tenant)
	r.check(t, outcome.Secret, msalGo(p, home, p.Scope, secret))
	r.check(t, outcome.Certificate, msalGo(p, home, p.Scope, certificate))
	r.check(t, outcome.CertificateChain, msalGo(p, home, p.Scope, certificate, confidential.WithX5C()))
	r.check(t, outcome.Assertion, msalGo(p, home, p.Scope, assertion))
	r.check(t, outcome.V1API, msalGo(p, home, p.ScopeV1, secret))
	r.check(t, outcome.Domain, msalGo(p, p.authority(p.Domain), p.Scope, secret))
	r.check(t, outcome.Capability, msalGo(p, home, p.Scope, secret, confidential.WithClientCapabilities([]string{"CP1"})))
	r.check(t, outcome.Graph, func(t *testing.T) (answer, error) {
		a, err := msalGo(p, home, p.GraphScope, secret)(t)
		if err != nil {
			return a, err
		}
		a.Applications, err = listApplications(t.Context(), p, a.Token)
		return a, err
	})
	r.check(t, outcome.Cache, func(t *testing.T) (answer, error) {
		client, err := confidential.New(home, p.ClientID, secret, confidential.WithInstanceDiscovery(false))
		if err != nil {
			return answer{}, err
		}
		first, err := client.AcquireTokenByCredential(t.Context(), []string{p.Scope})
		if err != nil {
			return answer{}, err
		}
		second, err := client.AcquireTokenByCredential(t.Context(), []string{p.Scope})
		return answer{Token: first.AccessToken, Again: second.AccessToken}, err
	})
	wrong, err := confidential.NewCredFromSecret(p.WrongSecret)
	if err != nil {
		t.Fatal(err)
	}
	r.check(t, outcome.WrongSecret, msalGoRefused(p, home, wrong))
	r.check(t, outcome.Unconsented, msalGoRefused(p, p.authority(p.Elsewhere), secret))
}

func msalGo(p *party, authority, scope string, cred confidential.Credential, opts ...confidential.Option) func(*testing.T) (answer, error) {
	return func(t *testing.T) (answer, error) {
		client, err := confidential.New(authority, p.ClientID, cred, append(opts, confidential.WithInstanceDiscovery(false))...)
		if err != nil {
			return answer{}, err
		}
		result, err := client.AcquireTokenByCredential(t.Context(), []string{scope})
		return answer{Token: result.AccessToken}, err
	}
}

// msalGoRefused expects the error that MSAL documents for a refusal; the answer's
// text is in its verbose form.
func msalGoRefused(p *party, authority string, cred confidential.Credential) func(*testing.T) (answer, error) {
	return func(t *testing.T) (answer, error) {
		_, err := msalGo(p, authority, p.Scope, cred)(t)
		var call msalerrors.CallErr
		if !errors.As(err, &call) {
			return answer{}, errors.Join(errors.New("the error is not an errors.CallErr"), err)
		}
		return answer{Error: call.Verbose()}, nil
	}
}
