package storetest

import (
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func assignmentOf(principal, resource, role directory.ID) directory.AppRoleAssignment {
	return directory.AppRoleAssignment{
		ID: newID(), AppRoleID: role, PrincipalID: principal, PrincipalKind: directory.KindServicePrincipal,
		PrincipalDisplayName: "client", ResourceID: resource, ResourceDisplayName: "resource", CreatedAt: at(4),
	}
}

func (b *suite) consent(t *testing.T) {
	ctx, home, tenant := t.Context(), b.tenant(t), b.tenant(t)
	multi := func(a *directory.Application) { a.SignInAudience = directory.AudienceMultiOrg }
	app, api := b.application(t, home, "Client", multi), b.application(t, home, "API", multi)
	u := b.user(t, tenant, "u@x.example")
	client, resource := newPrincipal(tenant, app), newPrincipal(tenant, api)
	r := &directory.ConsentRecord{
		Principals: []*directory.ServicePrincipal{client, resource},
		Grants: []directory.OAuth2PermissionGrant{
			{ClientID: client.ID, ConsentType: directory.ConsentPrincipal, PrincipalID: u.ID, ResourceID: resource.ID, Scope: "read read write"},
			{ClientID: client.ID, ConsentType: directory.ConsentAllPrincipals, ResourceID: resource.ID, Scope: "list"},
		},
		Assignments: []directory.AppRoleAssignment{assignmentOf(client.ID, resource.ID, newID())},
	}
	record := func() error { return b.Consents.RecordConsent(ctx, tenant, r, event("Consent to application")) }
	for _, op := range []string{"begin", "write", "commit"} {
		b.FailNext(op, errDisk)
		is(t, "consent that fails at "+op, record(), directory.ErrUnavailable)
		_, err := b.ServicePrincipals.ServicePrincipalByAppID(ctx, tenant, app.AppID)
		is(t, "its service principal", err, directory.ErrNotFound)
	}
	start := got[map[directory.TenantID]int64](t)(b.Changes.Positions(ctx))[tenant]
	must(t, record())
	same(t, "the record", r.Grants[0].ID, "") // is not touched
	want := make([]directory.OAuth2PermissionGrant, 2)
	for i, g := range r.Grants {
		g.ID = directory.GrantID(g)
		want[i] = g
	}
	want[0].Scope = "read write"
	grants := func(user directory.ID) []directory.OAuth2PermissionGrant {
		t.Helper()
		return got[[]directory.OAuth2PermissionGrant](t)(b.Consents.GrantsFor(ctx, tenant, client.ID, user))
	}
	same(t, "grants for the person", grants(u.ID), []directory.OAuth2PermissionGrant{want[1], want[0]})
	same(t, "grants for another", grants(newID()), want[1:])
	same(t, "grants for nobody", grants(""), want[1:])
	same(t, "grant by id", got[*directory.OAuth2PermissionGrant](t)(b.Grants.Grant(ctx, tenant, want[0].ID)), &want[0])
	same(t, "roles", got[[]directory.AppRoleAssignment](t)(b.Assignments.AppRoleAssignmentsOf(ctx, tenant, client.ID)), r.Assignments)
	kinds := map[directory.ChangeKind]int{}
	for _, c := range got[[]directory.Change](t)(b.Changes.ChangesAfter(ctx, tenant, start, 10)) {
		kinds[c.Kind]++
	}
	same(t, "what the feed tells", kinds, map[directory.ChangeKind]int{
		directory.ChangedServicePrincipal: 2, directory.ChangedGrants: 1, directory.ChangedAssignments: 1,
	})

	// The same again changes nothing, and is no event.
	events := len(got[[]auditEvent](t)(b.Events(ctx, tenant, 20)))
	must(t, record())
	same(t, "events after the same again", len(got[[]auditEvent](t)(b.Events(ctx, tenant, 20))), events)
	same(t, "grants after the same again", grants(u.ID), []directory.OAuth2PermissionGrant{want[1], want[0]})

	must(t, b.ServicePrincipals.DeleteServicePrincipal(ctx, tenant, resource.ID, deletedAt(9), event("Delete service principal")))
	same(t, "grants on what is deleted", len(grants(u.ID)), 0)
	r.Principals = nil
	is(t, "consent on what is deleted", record(), directory.ErrNotFound)
}

// consentAgain: what another consent, or an administrator, made meanwhile stays,
// and what is new is added to it.
func (b *suite) consentAgain(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	app, api := b.application(t, tenant, "Client"), b.application(t, tenant, "API")
	client, resource := b.principal(t, tenant, app), b.principal(t, tenant, api)
	g := b.grant(t, tenant, client, resource, "write read")
	role := b.assign(t, tenant, client, resource, newID())
	drafts := []*directory.ServicePrincipal{newPrincipal(tenant, app), newPrincipal(tenant, api)}
	more := newID()
	must(t, b.Consents.RecordConsent(ctx, tenant, &directory.ConsentRecord{
		Principals: drafts,
		Grants: []directory.OAuth2PermissionGrant{
			{ClientID: drafts[0].ID, ConsentType: directory.ConsentAllPrincipals, ResourceID: drafts[1].ID, Scope: "read delete"},
			{ClientID: drafts[0].ID, ConsentType: directory.ConsentAllPrincipals, ResourceID: drafts[1].ID, Scope: "delete send"},
		},
		Assignments: []directory.AppRoleAssignment{
			assignmentOf(drafts[0].ID, drafts[1].ID, role.AppRoleID), assignmentOf(drafts[0].ID, drafts[1].ID, more),
		},
	}, event("Consent to application")))
	for _, d := range drafts {
		_, err := b.ServicePrincipals.ServicePrincipal(ctx, tenant, d.ID)
		is(t, "a second service principal", err, directory.ErrNotFound)
	}
	g.Scope = "write read delete send"
	same(t, "grants", got[[]directory.OAuth2PermissionGrant](t)(b.Consents.GrantsFor(ctx, tenant, client.ID, newID())), []directory.OAuth2PermissionGrant{*g})
	roles := map[directory.ID]directory.ID{}
	for _, a := range got[[]directory.AppRoleAssignment](t)(b.Assignments.AppRoleAssignmentsOf(ctx, tenant, client.ID)) {
		roles[a.AppRoleID] = a.ResourceID
	}
	same(t, "roles", roles, map[directory.ID]directory.ID{role.AppRoleID: resource.ID, more: resource.ID})
	if _, err := b.Assignments.Assignment(ctx, tenant, role.ID); err != nil {
		t.Errorf("the assignment that was there: %v", err)
	}

	// Many consents at once add up.
	person := b.user(t, tenant, "p@x.example")
	b.race(t, func(i int) (bool, error) {
		return true, b.Consents.RecordConsent(ctx, tenant, &directory.ConsentRecord{
			Grants: []directory.OAuth2PermissionGrant{{
				ClientID: client.ID, ConsentType: directory.ConsentPrincipal, PrincipalID: person.ID, ResourceID: resource.ID,
				Scope: string(rune('a'+i%26)) + " A",
			}},
		}, event("Consent to application"))
	})
	for _, g := range got[[]directory.OAuth2PermissionGrant](t)(b.Consents.GrantsFor(ctx, tenant, client.ID, person.ID)) {
		if want := 2*27 - 1; g.ConsentType == directory.ConsentPrincipal && len(g.Scope) != want {
			t.Errorf("after many consents at once the scopes are %q", g.Scope)
		}
	}
}
