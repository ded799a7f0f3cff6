package graph

import (
	"errors"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const textStronger = textDenied + " The application holds permissions of Microsoft Graph that the caller does not hold, so the caller cannot add credentials to it."

// mayActAs refuses to add a credential to an application that may do more in
// Graph than the caller. Whoever can add a credential can become the
// application: without this check, the right to manage applications would be the
// right to everything that any application has.
func (c *call) mayActAs(appID directory.ID) error {
	if appID == c.actor.AppID || holds(c.actor.Roles, "AppRoleAssignment.ReadWrite.All") {
		return nil // it is the caller, or the caller could give itself the same
	}
	// A deleted service principal counts: who deletes it, adds a credential to
	// the application and restores it would have what it had.
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
		assigned = append(assigned, awake...)
	}
	if len(assigned) == 0 {
		return nil
	}
	return c.mayHold(assigned)
}

// mayHold refuses application permissions of Graph that the caller does not hold.
func (c *call) mayHold(assigned []directory.AppRoleAssignment) error {
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
		if i >= 0 && roles[i].Value != nil && !holds(c.actor.Roles, *roles[i].Value) {
			return denied(textStronger)
		}
	}
	return nil
}

// mayAddKeys is mayActAs for a collection of certificates: keeping those that
// are there adds nothing.
func (c *call) mayAddKeys(appID directory.ID, keys *[]directory.KeyDraft) error {
	if keys == nil || !slices.ContainsFunc(*keys, func(k directory.KeyDraft) bool { return k.Key != nil }) {
		return nil
	}
	return c.mayActAs(appID)
}
