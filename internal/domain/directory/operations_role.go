package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// WholeTenant is the scope of every role assignment here.
const WholeTenant = "/"

const textLastAdministrator = "The last Global Administrator of an organisation cannot be removed."

// AssignRole gives a directory role to a user or a service principal. Whether
// the caller is strong enough is the caller's business; see RoleStrength.
func (o *Operations) AssignRole(ctx context.Context, c Caller, a RoleAssignment) (*RoleAssignment, error) {
	if err := first(canonicalID("principalId", &a.PrincipalID), canonicalID("roleDefinitionId", &a.RoleDefinitionID)); err != nil {
		return nil, err
	}
	definition, ok := RoleDefinitionByID(a.RoleDefinitionID)
	if !ok {
		return nil, refusal(Missing, "roleDefinitionId", textMissingResource, clip(string(a.RoleDefinitionID)))
	}
	if a.DirectoryScopeID != WholeTenant {
		return nil, invalid("directoryScopeId", "Property directoryScopeId must be \"/\": roles count in the whole organisation.")
	}
	principal, name, err := o.principal(ctx, c.Tenant, a.PrincipalID)
	if err != nil {
		return nil, missing("principalId", a.PrincipalID, err)
	}
	if a.ID, err = o.newID(a.ID); err != nil {
		return nil, err
	}
	a.PrincipalKind, a.CreatedAt = principal.Kind, o.now()
	ev := o.event(c, "Add member to role", principal.Kind, a.PrincipalID, name+": "+definition.DisplayName)
	if err := o.Roles.CreateRoleAssignment(ctx, c.Tenant, &a, ev); err != nil {
		if clash, ok := errors.AsType[*RuleError](err); ok && clash.Kind == Conflict {
			return nil, invalid("", textConflicting)
		}
		return nil, err
	}
	return &a, nil
}

// RemoveRole takes a directory role away. One Global Administrator stays.
func (o *Operations) RemoveRole(ctx context.Context, c Caller, id ID) error {
	a, err := o.Roles.RoleAssignment(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	definition, _ := RoleDefinitionByID(a.RoleDefinitionID)
	ev := o.event(c, "Remove member from role", a.PrincipalKind, a.PrincipalID, definition.DisplayName)
	if a.RoleDefinitionID != RoleGlobalAdministrator {
		return o.Roles.DeleteRoleAssignment(ctx, c.Tenant, id, ev)
	}
	if err := o.notLastAdministrator(ctx, c.Tenant, a.PrincipalID); err != nil {
		return err
	}
	if err := o.Roles.DeleteRoleAssignment(ctx, c.Tenant, id, ev); err != nil {
		return err
	}
	return o.putBack(ctx, c, a)
}

// putBack undoes the removal of an administrator if another removal at the same
// time took the other one: both looked before either acted.
func (o *Operations) putBack(ctx context.Context, c Caller, a *RoleAssignment) error {
	left := false
	err := o.eachAdministrator(ctx, c.Tenant, func(u *User) bool { left = u.AccountEnabled; return !left })
	if err != nil || left || a.PrincipalKind != KindUser {
		return err
	}
	ev := o.event(c, "Add member to role", a.PrincipalKind, a.PrincipalID, "")
	if err := o.Roles.CreateRoleAssignment(ctx, c.Tenant, a, ev); err != nil {
		return err
	}
	return refusal(Invalid, "", textLastAdministrator)
}

// notLastAdministrator refuses if nobody but the principal could administer the
// tenant: people count who exist and may sign in, applications do not.
func (o *Operations) notLastAdministrator(ctx context.Context, t TenantID, leaving ID) error {
	others, is := false, false
	err := o.eachAdministrator(ctx, t, func(u *User) bool {
		if u.ID == leaving {
			is = true
		} else if u.AccountEnabled {
			others = true
		}
		return !others
	})
	if err != nil || others || !is {
		return err
	}
	return refusal(Invalid, "", textLastAdministrator)
}

// dropRoles takes all directory roles of a service principal that is about to be
// deleted: restored, it must not have what nobody sees while it is gone.
func (o *Operations) dropRoles(ctx context.Context, c Caller, sp *ServicePrincipal) error {
	assigned, err := o.Roles.RoleAssignmentsOf(ctx, c.Tenant, sp.ID)
	if err != nil {
		return err
	}
	for _, a := range assigned {
		if err := o.RemoveRole(ctx, c, a.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// eachAdministrator visits the living people that are Global Administrators
// until visit says no.
func (o *Operations) eachAdministrator(ctx context.Context, t TenantID, visit func(*User) bool) error {
	q := ListOptions{Limit: 100, Filter: odata.Comparison{
		Op: odata.Equal, Left: odata.Path{Segments: []string{"roleDefinitionId"}},
		Right: odata.Literal{Kind: odata.String, Text: string(RoleGlobalAdministrator)},
	}}
	for {
		page, err := o.Roles.RoleAssignments(ctx, t, q)
		if err != nil {
			return err
		}
		for _, a := range page.Items {
			if a.PrincipalKind != KindUser {
				continue
			}
			u, err := o.Users.User(ctx, t, a.PrincipalID)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if !visit(u) {
				return nil
			}
		}
		if page.Next == (Cursor{}) {
			return nil
		}
		q.After = page.Next
	}
}

// firstAdministrator is the role assignment of the account that a tenant starts
// with.
func (o *Operations) firstAdministrator(u *User) (RoleAssignment, error) {
	id, err := o.newID("")
	return RoleAssignment{
		ID: id, RoleDefinitionID: RoleGlobalAdministrator, PrincipalID: u.ID, PrincipalKind: KindUser,
		DirectoryScopeID: WholeTenant, CreatedAt: u.CreatedAt,
	}, err
}

// ensureAdministrators makes the account that a tenant started with its Global
// Administrator where there is none: in databases from before there were roles.
func (o *Operations) ensureAdministrators(ctx context.Context) error {
	const page = 100
	var after TenantID
	for {
		tenants, err := o.Tenants.Tenants(ctx, after, page)
		if err != nil {
			return err
		}
		for _, t := range tenants {
			after = t.ID
			if t.Settings.Administrator == "" {
				continue
			}
			if err := o.ensureAdministrator(ctx, t); err != nil {
				return fmt.Errorf("administrator of tenant %s: %w", t.ID, err)
			}
		}
		if len(tenants) < page {
			return nil
		}
	}
}

func (o *Operations) ensureAdministrator(ctx context.Context, t *Tenant) error {
	found := false
	if err := o.eachAdministrator(ctx, t.ID, func(*User) bool { found = true; return false }); err != nil || found {
		return err
	}
	_, err := o.AssignRole(ctx, Platform(t.ID), RoleAssignment{
		RoleDefinitionID: RoleGlobalAdministrator, PrincipalID: t.Settings.Administrator, DirectoryScopeID: WholeTenant,
	})
	if _, ok := errors.AsType[*RuleError](err); ok {
		return nil // the account is gone, or another node was faster
	}
	return err
}
