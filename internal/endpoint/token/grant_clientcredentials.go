package token

import (
	"context"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// The client credentials grant lets a workload act as itself (RFC 6749 §4.4).
// There is no refresh token (§4.4.3) and no incremental consent: the scope is
// always one resource's .default, and the token carries every app role assigned
// there.

// defaultResource is what a v1 request without a resource means.
const defaultResource = string(directory.AADGraphAppID)

func completeClientCredentials(x *exchange) error {
	if x.version == V2 && x.form.Get("resource") != "" {
		return aadsts.New(aadsts.ResourceOnV2)
	}
	if x.version == V2 && x.form.Get("scope") == "" {
		return aadsts.New(aadsts.MissingParameter, "scope")
	}
	return nil
}

func (e *Endpoint) redeemClientCredentials(_ context.Context, x *exchange) (*grant, error) {
	if x.sp == nil {
		return nil, aadsts.New(aadsts.NoServicePrincipal, string(x.app.AppID), x.tenant.DefaultDomain())
	}
	name, err := resourceName(x)
	if err != nil {
		return nil, err
	}
	return &grant{kind: audit.GrantClientCredentials, resource: name}, nil
}

// resourceName is what the client asked a token for, as it wrote it.
func resourceName(x *exchange) (string, error) {
	if x.version == V1 {
		if r := x.form.Get("resource"); r != "" {
			return r, nil
		}
		return defaultResource, nil
	}
	text := x.form.Get("scope")
	scopes, err := oauth2.ParseScopes(text)
	switch {
	case err != nil, len(scopes.Resources) > 1:
		return "", aadsts.New(aadsts.InvalidScope, text).Because(err)
	case !scopes.Default():
		// OIDC scopes were stripped: older clients add them to every request.
		return "", aadsts.New(aadsts.DefaultScopeNeeded, text)
	}
	return scopes.Resources[0], nil
}
