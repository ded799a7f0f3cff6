package token

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// person is who the tokens are about, and what was asked for them.
type person struct {
	use     *authorization.Use
	subject authorization.Subject
	user    *directory.User // in the tenant of the tokens
	nonce   string
	refresh bool // the request brought a refresh token

	// resource is what the token is for as the client wrote it, scopes what it
	// asked for there. oidc are the OpenID Connect scopes of the sign-in and of
	// this request; asked those of this request.
	resource    string
	scopes      []oauth2.Scope
	oidc, asked []string
	claims      string // of the authorization request
}

// enter goes on in the tenant of a code or token where the path names none.
func (e *Endpoint) enter(ctx context.Context, x *exchange, id directory.TenantID) error {
	if x.tenant != nil {
		return nil
	}
	name, err := directory.ParseTenantName(x.tenantName)
	if err != nil {
		return aadsts.New(aadsts.InvalidTenantName, x.tenantName)
	}
	// Of the aliases, one means organisations and one personal accounts.
	personal := id == directory.Consumers
	if name.Kind == directory.NameConsumers && !personal || name.Kind == directory.NameOrganizations && personal {
		return aadsts.New(aadsts.AccountTypeRefused).Named("invalid_grant").WithStatus(http.StatusBadRequest)
	}
	t, err := e.Lookup.TenantByName(ctx, id.String())
	if errors.Is(err, directory.ErrNotFound) || err == nil && t.Disabled {
		return aadsts.New(aadsts.TenantNotFound, id.String())
	}
	if err != nil {
		return err
	}
	x.tenant = t
	return e.findClient(ctx, x, x.app.AppID)
}

// person finds who a code or token is about in the tenant of the request.
func (e *Endpoint) person(ctx context.Context, x *exchange, use *authorization.Use) (*person, error) {
	user, err := e.Authorizations.In(ctx, use, x.tenant.ID)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, aadsts.New(aadsts.AccountNotInTenant, use.Home.UserPrincipalName, use.Family.HomeTenant.String(), x.tenant.DefaultDomain()).
			Named("invalid_grant").WithStatus(http.StatusBadRequest)
	}
	if err != nil {
		return nil, err
	}
	p := &person{use: use, user: user, subject: use.Family.Subject, claims: use.Family.Claims}
	p.subject.Tenant, p.subject.User = x.tenant.ID, user.ID
	return p, nil
}

// resolvePerson finds what the person's token may say: the app roles that they
// hold on the resource, and the permissions that the client holds for them.
func (e *Endpoint) resolvePerson(ctx context.Context, x *exchange, p *person, resource *directory.ServicePrincipal) (*target, error) {
	if p.refresh && e.loops.again(e.Now(), x.app.AppID, p.user.ID, resource.AppID) {
		return nil, aadsts.New(aadsts.LoopStopped)
	}
	if x.sp == nil {
		return nil, consentMissing(x)
	}
	held, err := e.assignments(ctx, x, p, resource)
	if err != nil {
		return nil, err
	}
	for _, sp := range []*directory.ServicePrincipal{x.sp, resource} {
		if sp.AppRoleAssignmentRequired && !assigned(held, sp.ID) {
			return nil, aadsts.New(aadsts.NotAssigned, p.user.UserPrincipalName, sp.Name()).
				Named("invalid_grant").WithStatus(http.StatusBadRequest)
		}
	}
	at := &target{resource: resource, audience: registeredName(resource, p.resource), roles: issue.RoleValues(resource, held), clientRoles: issue.RoleValues(x.sp, held)}
	if at.scopes, at.oidc, err = e.Consents.HeldAll(ctx, x.tenant.ID, x.sp, resource, p.user.ID); err != nil {
		return nil, err
	}
	p.leaveOut(at)
	if !p.covered(at) {
		if err := e.assess(ctx, x, p); err != nil {
			return nil, err
		}
	}
	if at.empty() && resource.AppID != x.app.AppID {
		// Without `scp` a resource would take the token for one of the application.
		return nil, consentMissing(x)
	}
	return at, nil
}

// assignments are the app roles that the person was assigned, read only where the
// client or the resource has roles for people or asks for an assignment.
func (e *Endpoint) assignments(ctx context.Context, x *exchange, p *person, resource *directory.ServicePrincipal) ([]directory.AppRoleAssignment, error) {
	for _, sp := range []*directory.ServicePrincipal{x.sp, resource} {
		if sp.AppRoleAssignmentRequired || slices.ContainsFunc(sp.Roles(), forPeople) {
			return e.Directory.AppRoleAssignmentsOf(ctx, x.tenant.ID, p.user.ID)
		}
	}
	return nil, nil
}

func forPeople(r directory.AppRole) bool { return slices.Contains(r.AllowedMemberTypes, "User") }

// empty reports whether a token for the target would have no permission at all.
func (at *target) empty() bool {
	if len(at.scopes) > 0 {
		return false
	}
	graph := at.resource.AppID == directory.GraphAppID || at.resource.AppID == directory.AADGraphAppID
	return !graph || !slices.ContainsFunc(at.oidc, func(word string) bool { return word != "offline_access" })
}

// leaveOut drops the words of OpenID Connect that nobody consented to, beside the
// scopes of a resource: MSAL adds them to every token request, whatever its
// application asked for at /authorize. The answer says what was granted (RFC 6749
// §3.3).
func (p *person) leaveOut(at *target) {
	if len(p.scopes) > 0 {
		p.asked = slices.DeleteFunc(slices.Clone(p.asked), func(word string) bool { return !slices.Contains(at.oidc, word) })
	}
}

// covered reports whether the client holds everything that this request names.
func (p *person) covered(at *target) bool {
	for _, s := range p.scopes {
		switch {
		case s.Value == oauth2.DefaultScope && len(at.scopes) > 0:
		case slices.ContainsFunc(at.scopes, func(have string) bool { return strings.EqualFold(have, s.Value) }):
		default:
			return false
		}
	}
	return !slices.ContainsFunc(p.asked, func(word string) bool { return !slices.Contains(at.oidc, word) })
}

// assess finds out why something that was asked for is not held: it does not
// exist, nobody consented, or it needs no consent.
func (e *Endpoint) assess(ctx context.Context, x *exchange, p *person) error {
	q := &consent.Request{
		Tenant: x.tenant, App: x.app, Principal: x.sp, User: p.user, Version: int(x.version),
		Scopes: oauth2.Scopes{OIDC: p.asked, List: p.scopes, Resources: []string{p.resource}},
	}
	if x.version == V1 {
		q.Resource = p.resource
	}
	a, err := e.Consents.Assess(ctx, q)
	if err != nil {
		return err
	}
	if a.Needed {
		return consentMissing(x)
	}
	return nil
}

// consentMissing is the refusal that makes a client ask the person. The v1
// endpoint has another name for it.
func consentMissing(x *exchange) error {
	name := x.app.DisplayName
	if x.sp != nil {
		name = x.sp.Name()
	}
	err := aadsts.New(aadsts.ConsentMissing, string(x.app.AppID), name)
	if x.version == V1 {
		return err.Named("interaction_required")
	}
	return err.Named("invalid_grant")
}
