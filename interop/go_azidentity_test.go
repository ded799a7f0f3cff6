package interop

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

func TestGoAzidentity(t *testing.T) {
	r := record(t, "azidentity", moduleVersion(t, "github.com/Azure/azure-sdk-for-go/sdk/azidentity"))
	p := r.party
	options := azcore.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: p.AuthorityHost}}
	bySecret := func(tenant, secret string) func() (azcore.TokenCredential, error) {
		return func() (azcore.TokenCredential, error) {
			return azidentity.NewClientSecretCredential(tenant, p.ClientID, secret,
				&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
		}
	}
	byCertificate := func(chain bool) func() (azcore.TokenCredential, error) {
		return func() (azcore.TokenCredential, error) {
			certificates, key, err := azidentity.ParseCertificates(p.certificate.pem, nil)
			if err != nil {
				return nil, err
			}
			return azidentity.NewClientCertificateCredential(p.Tenant, p.ClientID, certificates, key,
				&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true, SendCertificateChain: chain})
		}
	}
	byAssertion := func() (azcore.TokenCredential, error) {
		read := func(context.Context) (string, error) {
			text, err := os.ReadFile(p.AssertionFile)
			return string(text), err
		}
		return azidentity.NewClientAssertionCredential(p.Tenant, p.ClientID, read,
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	}
	api := policy.TokenRequestOptions{Scopes: []string{p.Scope}}
	r.check(t, outcome.Secret, azGo(bySecret(p.Tenant, p.Secret), api))
	r.check(t, outcome.Certificate, azGo(byCertificate(false), api))
	r.check(t, outcome.CertificateChain, azGo(byCertificate(true), api))
	r.check(t, outcome.Assertion, azGo(byAssertion, api))
	r.check(t, outcome.Workload, azGoWorkload(p, api))
	r.check(t, outcome.V1API, azGo(bySecret(p.Tenant, p.Secret), policy.TokenRequestOptions{Scopes: []string{p.ScopeV1}}))
	r.check(t, outcome.Domain, azGo(bySecret(p.Domain, p.Secret), api))
	r.check(t, outcome.Capability, azGo(bySecret(p.Tenant, p.Secret), policy.TokenRequestOptions{Scopes: []string{p.Scope}, EnableCAE: true}))
	r.check(t, outcome.Graph, func(t *testing.T) (answer, error) {
		a, err := azGo(bySecret(p.Tenant, p.Secret), policy.TokenRequestOptions{Scopes: []string{p.GraphScope}})(t)
		if err != nil {
			return a, err
		}
		a.Applications, err = listApplications(t.Context(), p, a.Token)
		return a, err
	})
	r.check(t, outcome.Cache, func(t *testing.T) (answer, error) {
		credential, err := bySecret(p.Tenant, p.Secret)()
		if err != nil {
			return answer{}, err
		}
		first, err := credential.GetToken(t.Context(), api)
		if err != nil {
			return answer{}, err
		}
		second, err := credential.GetToken(t.Context(), api)
		return answer{Token: first.Token, Again: second.Token}, err
	})
	r.check(t, outcome.WrongSecret, func(t *testing.T) (answer, error) {
		_, err := azGo(bySecret(p.Tenant, p.WrongSecret), api)(t)
		var refused *azidentity.AuthenticationFailedError
		if !errors.As(err, &refused) {
			return answer{}, errors.Join(errors.New("the error is not an AuthenticationFailedError"), err)
		}
		return answer{Error: refused.Error()}, nil
	})
}

func azGo(make func() (azcore.TokenCredential, error), request policy.TokenRequestOptions) func(*testing.T) (answer, error) {
	return func(t *testing.T) (answer, error) {
		credential, err := make()
		if err != nil {
			return answer{}, err
		}
		token, err := credential.GetToken(t.Context(), request)
		return answer{Token: token.Token}, err
	}
}

// azGoWorkload gives the credential nothing but the variables that the workload
// identity webhook of Kubernetes sets.
func azGoWorkload(p *party, request policy.TokenRequestOptions) func(*testing.T) (answer, error) {
	return func(t *testing.T) (answer, error) {
		t.Setenv("AZURE_AUTHORITY_HOST", p.AuthorityHost)
		t.Setenv("AZURE_TENANT_ID", p.Tenant)
		t.Setenv("AZURE_CLIENT_ID", p.ClientID)
		t.Setenv("AZURE_FEDERATED_TOKEN_FILE", p.AssertionFile)
		return azGo(func() (azcore.TokenCredential, error) {
			return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{DisableInstanceDiscovery: true})
		}, request)(t)
	}
}
