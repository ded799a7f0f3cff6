package graph

import (
	"errors"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Nobody becomes stronger through Graph than they are. Permissions and rights
// say which objects a caller may touch; the checks here hold what the caller
// does to an object against how strong that makes whoever has the object.

const (
	textStronger = textDenied + " The application holds permissions or directory roles that the caller does not hold, so the caller cannot add credentials to it."
	textRoles    = textDenied + " The application has a directory role that is stronger than the caller's."
	textRank     = textDenied + " The user has a directory role: only who could take the role away may change this."
	textRole     = textDenied + " Giving or taking a directory role needs a role that is at least as strong."
	textConsent  = textDenied + " Application permissions of Microsoft Graph are granted by Global Administrators and Privileged Role Administrators alone."
)

// anyRole is the application permission with which an application could give
// itself every directory role.
const anyRole = "RoleManagement.ReadWrite.Directory"

// strength is that of the caller's strongest directory role.
func (c *call) strength() (int, error) {
	if c.actor.User == "" && holds(c.actor.Roles, anyRole) {
		return directory.RoleStrength(directory.RoleGlobalAdministrator), nil
	}
	p, err := c.who()
	if err != nil {
		return 0, err
	}
	return strongest(p.roles), nil
}

func strongest(roles []directory.ID) int {
	most := 0
	for _, r := range roles {
		most = max(most, directory.RoleStrength(r))
	}
	return most
}

// mayGiveRole refuses to give or take a role to callers that are weaker.
func (c *call) mayGiveRole(role directory.ID) error {
	own, err := c.strength()
	if err == nil && own < directory.RoleStrength(role) {
		return denied(textRole)
	}
	return err
}

// outranks refuses what would let the caller take over an account with a
// directory role, unless the caller is a Global Administrator.
func (c *call) outranks(user directory.ID) error {
	roles, err := c.rolesOf(user)
	if err != nil || len(roles) == 0 {
		return err
	}
	own, err := c.strength()
	if err == nil && own < directory.RoleStrength(directory.RoleGlobalAdministrator) {
		return denied(textRank)
	}
	return err
}

// mayActAs refuses to add a credential to an application that may do more than
// the caller. Whoever can add a credential can become the application: without
// this check, the right to manage applications would be the right to everything
// that any application has.
func (c *call) mayActAs(appID directory.ID) error {
	// An application may roll its own credentials; a person who acts through it is
	// somebody else.
	if c.actor.User == "" && appID == c.actor.AppID {
		return nil
	}
	// What a deleted service principal was assigned counts: who deletes it, adds a
	// credential to the application and restores it would have what it had. Its
	// directory roles went with it.
	assigned, err := c.api.Assignments.AssignmentsAsleep(c.ctx, c.tenant(), appID)
	if err != nil {
		return err
	}
	sp, err := c.api.ServicePrincipals.ServicePrincipalByAppID(c.ctx, c.tenant(), appID)
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return err
	}
	if err == nil {
		awake, err := c.api.Assignments.AppRoleAssignmentsOf(c.ctx, c.tenant(), sp.ID)
		if err != nil {
			return err
		}
		if err := c.mayHave(sp.ID); err != nil {
			return err
		}
		assigned = append(assigned, awake...)
	}
	return c.mayHold(assigned)
}

// mayHave refuses a service principal with a directory role that the caller could
// not give.
func (c *call) mayHave(sp directory.ID) error {
	roles, err := c.rolesOf(sp)
	if err != nil || len(roles) == 0 {
		return err
	}
	own, err := c.strength()
	if err == nil && own < strongest(roles) {
		return denied(textRoles)
	}
	return err
}

// mayHold refuses application permissions of Graph that the caller does not hold.
func (c *call) mayHold(assigned []directory.AppRoleAssignment) error {
	if len(assigned) == 0 {
		return nil
	}
	graph, err := c.api.ServicePrincipals.ServicePrincipalByAppID(c.ctx, c.tenant(), directory.GraphAppID)
	if err != nil {
		return err
	}
	roles := graph.Roles()
	for _, a := range assigned {
		if a.ResourceID != graph.ID {
			continue
		}
		i := slices.IndexFunc(roles, func(r directory.AppRole) bool { return r.ID == a.AppRoleID })
		if i < 0 || roles[i].Value == nil {
			continue
		}
		ok, err := c.covers(*roles[i].Value)
		if err != nil {
			return err
		}
		if !ok {
			return denied(textStronger)
		}
	}
	return nil
}

// covers reports whether the caller may do all that an application permission
// opens. Of a person that is known from the routes: each that the permission
// opens must be open to the person, for every object. A permission to write that
// opens nothing to write here, or none at all, is nobody's.
func (c *call) covers(permission string) (bool, error) {
	if c.actor.User == "" && (holds(c.actor.Roles, permission) || holds(c.actor.Roles, "AppRoleAssignment.ReadWrite.All")) {
		return true, nil // or the caller could give itself the same
	}
	p, err := c.who()
	if err != nil {
		return false, err
	}
	if p.has(toGrantGraph) {
		return true, nil
	}
	opens := false
	for _, rt := range c.api.routes {
		if !slices.ContainsFunc(rt.appNeeds, func(set []string) bool { return slices.Contains(set, permission) }) {
			continue
		}
		if rt.right == noRight || !p.has(rt.right) {
			return false, nil
		}
		opens = opens || !rt.reads() || strings.Contains(permission, ".Read.") || strings.Contains(permission, ".ReadBasic.")
	}
	return opens, nil
}

// mayConsent refuses application permissions of Graph to those who administer
// applications alone: with them, an application could do everything.
func (c *call) mayConsent(resource directory.ID) error {
	if c.actor.User == "" && holds(c.actor.Roles, "AppRoleAssignment.ReadWrite.All") {
		return nil
	}
	p, err := c.who()
	if err != nil || p.has(toGrantGraph) {
		return err
	}
	sp, err := c.api.ServicePrincipals.ServicePrincipal(c.ctx, c.tenant(), resource)
	if errors.Is(err, directory.ErrNotFound) {
		return nil // the operation says so
	}
	if err == nil && sp.AppID == directory.GraphAppID {
		return denied(textConsent)
	}
	return err
}

// mayAddKeys is mayActAs for a collection of certificates: keeping those that
// are there adds nothing.
func (c *call) mayAddKeys(appID directory.ID, keys *[]directory.KeyDraft) error {
	if keys == nil || !slices.ContainsFunc(*keys, func(k directory.KeyDraft) bool { return k.Key != nil }) {
		return nil
	}
	return c.mayActAs(appID)
}
