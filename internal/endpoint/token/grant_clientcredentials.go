package token

import (
	"context"
	"errors"
	"strconv"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
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

func (e *Endpoint) redeemClientCredentials(ctx context.Context, x *exchange) (*response, error) {
	if x.sp == nil {
		return nil, aadsts.New(aadsts.NoServicePrincipal, string(x.app.AppID), x.tenant.DefaultDomain())
	}
	name, err := resourceName(x)
	if err != nil {
		return nil, err
	}
	resource, err := e.resource(ctx, x, name)
	if err != nil {
		return nil, err
	}
	roles, err := e.roles(ctx, x, resource)
	if err != nil {
		return nil, err
	}
	wish, err := issue.ParseWish(x.form.Get("claims"))
	if err != nil {
		return nil, aadsts.New(aadsts.MalformedJSON, "claims").Because(err)
	}
	token, err := e.Tokens.AppOnly(ctx, &issue.Facts{
		Hosts: x.web.Hosts, Tenant: x.tenant, Client: x.sp, Resource: resource,
		Audience: registeredName(resource, name), Roles: roles,
		Method: x.proven.Method, CredentialID: x.proven.CredentialID,
		Capabilities: wish.Capabilities, NotBefore: wish.NotBefore,
		RequestID: x.web.Trace, UTI: x.web.UTI(), CorrelationID: x.web.CorrelationID,
		Grant: audit.GrantClientCredentials, IPAddress: x.web.ClientIP, UserAgent: x.userAgent,
	})
	switch {
	case errors.Is(err, issue.ErrBusy):
		return nil, aadsts.New(aadsts.Busy).Because(err)
	case errors.Is(err, issue.ErrNoKey):
		return nil, aadsts.New(aadsts.NoSigningKey).Because(err)
	case err != nil:
		return nil, err
	}
	return newResponse(x, token, name), nil
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

func (e *Endpoint) resource(ctx context.Context, x *exchange, name string) (*directory.ServicePrincipal, error) {
	resource, err := directory.ResolveResource(ctx, e.Lookup, x.tenant.ID, name)
	if errors.Is(err, directory.ErrNotFound) || err == nil && resource.App == nil {
		return nil, aadsts.New(aadsts.ResourceNotFound, name, x.tenant.DefaultDomain())
	}
	if err != nil {
		return nil, err
	}
	if !resource.AccountEnabled {
		return nil, aadsts.New(aadsts.ResourceDisabled, name)
	}
	if x.version == V1 && resource.AppID == x.app.AppID {
		if _, err := directory.ParseID(name); err != nil {
			return nil, aadsts.New(aadsts.SelfTokenNotByGUID, string(x.app.AppID))
		}
	}
	return resource, nil
}

// roles are the values of the app roles that the client holds on the resource.
// A client without any still gets a token, unless the resource asks for an
// assignment.
func (e *Endpoint) roles(ctx context.Context, x *exchange, resource *directory.ServicePrincipal) ([]string, error) {
	held, err := e.Lookup.AppRoleAssignmentsOf(ctx, x.tenant.ID, x.sp.ID)
	if err != nil {
		return nil, err
	}
	if resource.AppRoleAssignmentRequired && !assigned(held, resource.ID) {
		return nil, aadsts.New(aadsts.AssignmentRequired, string(x.app.AppID), resource.Name())
	}
	return issue.RoleValues(resource, held), nil
}

func assigned(held []directory.AppRoleAssignment, resource directory.ID) bool {
	for i := range held {
		if held[i].ResourceID == resource {
			return true
		}
	}
	return false
}

// registeredName is the resource's own spelling of the name that the client
// used: clients may add or leave out the slash at the end, or differ in the case
// of the host.
func registeredName(resource *directory.ServicePrincipal, name string) string {
	want := directory.NormalizeName(name)
	toggled := want + "/"
	if n := len(want); n > 0 && want[n-1] == '/' {
		toggled = want[:n-1]
	}
	second := string(resource.AppID)
	for _, have := range resource.ServicePrincipalNames() {
		switch directory.NormalizeName(have) {
		case want:
			return have
		case toggled:
			second = have
		}
	}
	return second
}

// response is the token response (RFC 6749 §5.1). The v1 endpoint writes its
// numbers as strings.
type response struct {
	TokenType    string `json:"token_type"`
	ExpiresIn    any    `json:"expires_in"`
	ExtExpiresIn any    `json:"ext_expires_in"`
	ExpiresOn    string `json:"expires_on,omitempty"`
	NotBefore    string `json:"not_before,omitempty"`
	Resource     string `json:"resource,omitempty"`
	AccessToken  string `json:"access_token"`
}

func newResponse(x *exchange, t *issue.Token, resource string) *response {
	r := &response{TokenType: "Bearer", AccessToken: t.Compact, ExpiresIn: t.ExpiresIn, ExtExpiresIn: t.ExpiresIn}
	if x.version == V1 {
		in := strconv.FormatInt(t.ExpiresIn, 10)
		r.ExpiresIn, r.ExtExpiresIn = in, in
		r.ExpiresOn, r.NotBefore = strconv.FormatInt(t.ExpiresOn, 10), strconv.FormatInt(t.NotBefore, 10)
		r.Resource = resource
	}
	return r
}
