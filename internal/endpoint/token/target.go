package token

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// target is the resource that a token is for, and what the client may do there.
type target struct {
	resource *directory.ServicePrincipal
	// audience is the resource's own spelling of the name that the client used.
	audience string
	roles    []string

	// For a person: scopes are the permissions that the client holds for them on
	// the resource, oidc those of OpenID Connect; roles are the person's own, and
	// clientRoles those on the client.
	scopes, oidc []string
	clientRoles  []string
}

// resolve finds the resource that the grant names and what the client holds
// there.
func (e *Endpoint) resolve(ctx context.Context, x *exchange, g *grant) (*target, error) {
	resource, err := e.resource(ctx, x, g.resource)
	if err != nil {
		return nil, err
	}
	if g.person != nil {
		return e.resolvePerson(ctx, x, g.person, resource)
	}
	roles, err := e.roles(ctx, x, resource)
	if err != nil {
		return nil, err
	}
	return &target{resource: resource, audience: registeredName(resource, g.resource), roles: roles}, nil
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
