package directory

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
)

const maxGrantScope = 3850

// AssignAppRole gives a principal an app role of a resource. PrincipalKind and
// the display names are filled in. For a service principal it is the
// administrator's consent to an application permission.
func (o *Operations) AssignAppRole(ctx context.Context, c Caller, a AppRoleAssignment) (*AppRoleAssignment, error) {
	if err := first(canonicalID("principalId", &a.PrincipalID), canonicalID("resourceId", &a.ResourceID), canonicalID("appRoleId", &a.AppRoleID)); err != nil {
		return nil, err
	}
	principal, name, err := o.principal(ctx, c.Tenant, a.PrincipalID)
	if errors.Is(err, ErrNotFound) || err == nil && a.PrincipalKind != "" && a.PrincipalKind != principal.Kind {
		return nil, refusal(BadReference, "principalId", textBadReference)
	}
	if err != nil {
		return nil, err
	}
	resource, err := o.ServicePrincipals.ServicePrincipal(ctx, c.Tenant, a.ResourceID)
	if errors.Is(err, ErrNotFound) {
		return nil, refusal(BadReference, "resourceId", textBadReference)
	}
	if err != nil {
		return nil, err
	}
	if err := assignable(resource, a.AppRoleID, principal.Kind); err != nil {
		return nil, err
	}
	if a.ID, err = o.newID(a.ID); err != nil {
		return nil, err
	}
	a.PrincipalKind, a.PrincipalDisplayName, a.ResourceDisplayName, a.CreatedAt = principal.Kind, name, resource.Name(), o.now()
	ev := o.event(c, "Add app role assignment to "+string(principal.Kind), principal.Kind, a.PrincipalID, name)
	if err := o.Assignments.CreateAssignment(ctx, c.Tenant, &a, ev); err != nil {
		if clash, ok := errors.AsType[*RuleError](err); ok && clash.Kind == Conflict {
			return nil, invalid("appRoleId", textAssigned)
		}
		return nil, err
	}
	return &a, nil
}

// assignable judges whether a principal of the kind may have the role.
func assignable(resource *ServicePrincipal, role ID, kind Kind) error {
	roles := resource.Roles()
	member := "User"
	if kind == KindServicePrincipal {
		member = "Application"
	}
	if role == ZeroID {
		// "Assigned without a role" gives people access to a resource that asks
		// for an assignment. An application may have it only where there is no
		// role to give (learn.microsoft.com/graph/api/resources/approleassignment).
		if kind == KindServicePrincipal && len(roles) > 0 {
			return invalid("appRoleId", "The resource declares app roles; an application has to be assigned one of them.")
		}
		return nil
	}
	i := slices.IndexFunc(roles, func(r AppRole) bool { return r.ID == role })
	switch {
	case i < 0:
		return invalid("appRoleId", "Permission being assigned was not found on application '%s'.", resource.AppID)
	case !roles[i].IsEnabled:
		return invalid("appRoleId", "Permission being assigned is disabled on application '%s'.", resource.AppID)
	case !slices.Contains(roles[i].AllowedMemberTypes, member):
		return invalid("appRoleId", "Permission being assigned cannot be given to a %s: its allowedMemberTypes do not hold %s.", kind, member)
	}
	return nil
}

// RemoveAssignment takes an app role away.
func (o *Operations) RemoveAssignment(ctx context.Context, c Caller, id ID) error {
	a, err := o.Assignments.Assignment(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	ev := o.event(c, "Remove app role assignment from "+string(a.PrincipalKind), a.PrincipalKind, a.PrincipalID, a.PrincipalDisplayName)
	return o.Assignments.DeleteAssignment(ctx, c.Tenant, id, ev)
}

// CreateGrant writes a delegated grant. There is one for each client, resource,
// consent type and person; its id follows from them.
func (o *Operations) CreateGrant(ctx context.Context, c Caller, g OAuth2PermissionGrant) (*OAuth2PermissionGrant, error) {
	if err := grantForm(&g); err != nil {
		return nil, err
	}
	client, err := o.ServicePrincipals.ServicePrincipal(ctx, c.Tenant, g.ClientID)
	if err != nil {
		return nil, missing("clientId", g.ClientID, err)
	}
	if _, err := o.ServicePrincipals.ServicePrincipal(ctx, c.Tenant, g.ResourceID); err != nil {
		return nil, missing("resourceId", g.ResourceID, err)
	}
	if g.PrincipalID != "" {
		if _, err := o.Users.User(ctx, c.Tenant, g.PrincipalID); err != nil {
			return nil, missing("principalId", g.PrincipalID, err)
		}
	}
	g.ID = grantID(g)
	ev := o.event(c, "Add delegated permission grant", KindServicePrincipal, g.ClientID, client.Name())
	if err := o.Grants.CreateGrant(ctx, c.Tenant, &g, ev); err != nil {
		if clash, ok := errors.AsType[*RuleError](err); ok && clash.Kind == Conflict {
			return nil, refusal(Conflict, "", textGrantExists)
		}
		return nil, err
	}
	return &g, nil
}

// grantForm judges a grant by itself.
func grantForm(g *OAuth2PermissionGrant) error {
	if err := first(
		canonicalID("clientId", &g.ClientID), canonicalID("resourceId", &g.ResourceID),
		oneOf("consentType", &g.ConsentType, ConsentAllPrincipals, ConsentPrincipal),
		grantScope(g.Scope),
	); err != nil {
		return err
	}
	if g.ConsentType == ConsentPrincipal {
		return canonicalID("principalId", &g.PrincipalID)
	}
	if g.PrincipalID != "" {
		return invalid("principalId", "Property principalId must be null when consentType is %s.", ConsentAllPrincipals)
	}
	return nil
}

// grantScope judges the scopes of a grant. An empty one keeps the grant and
// grants nothing.
func grantScope(scope string) error { return line("scope", &scope, maxGrantScope) }

// missing is the refusal of a reference to an object that is not there.
func missing(property string, id ID, err error) error {
	if errors.Is(err, ErrNotFound) {
		return refusal(Missing, property, textMissingResource, clip(string(id)))
	}
	return err
}

// GrantID is the id of a grant: opaque, URL-safe, and the same for the same
// client, resource and person.
func GrantID(g OAuth2PermissionGrant) string { return grantID(g) }

func grantID(g OAuth2PermissionGrant) string {
	client, resource := g.ClientID.Bytes(), g.ResourceID.Bytes()
	b := append(client[:], resource[:]...)
	if g.PrincipalID != "" {
		principal := g.PrincipalID.Bytes()
		b = append(b, principal[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// SetGrantScope replaces the scopes of a grant.
func (o *Operations) SetGrantScope(ctx context.Context, c Caller, id, scope string) error {
	if err := grantScope(scope); err != nil {
		return err
	}
	g, err := o.Grants.Grant(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	ev := o.event(c, "Update delegated permission grant", KindServicePrincipal, g.ClientID, "")
	return o.Grants.SetGrantScope(ctx, c.Tenant, id, scope, ev)
}

// DeleteGrant removes a grant; tokens issued under it live on until they expire.
func (o *Operations) DeleteGrant(ctx context.Context, c Caller, id string) error {
	g, err := o.Grants.Grant(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	ev := o.event(c, "Remove delegated permission grant", KindServicePrincipal, g.ClientID, "")
	return o.Grants.DeleteGrant(ctx, c.Tenant, id, ev)
}
