package storetest

import (
	"maps"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

type auditEvent = audit.Event

func (b *suite) assignments(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	p, resource := b.principal(t, tenant, b.application(t, tenant, "Client")), b.principal(t, tenant, b.application(t, tenant, "API"))
	role := newID()
	a := b.assign(t, tenant, p, resource, role)
	same(t, "assignment", got[*directory.AppRoleAssignment](t)(b.Assignments.Assignment(ctx, tenant, a.ID)), a)
	twice := *a
	twice.ID = newID()
	isRule(t, "the same assignment again", b.Assignments.CreateAssignment(ctx, tenant, &twice, event("Add")), directory.Conflict, "appRoleId")
	lost := twice
	lost.ResourceID = newID()
	is(t, "assignment on nothing", b.Assignments.CreateAssignment(ctx, tenant, &lost, event("Add")), directory.ErrNotFound)
	lost = twice
	lost.PrincipalID = newID()
	is(t, "assignment to nobody", b.Assignments.CreateAssignment(ctx, tenant, &lost, event("Add")), directory.ErrNotFound)
	second := b.assign(t, tenant, p, resource, directory.ZeroID)
	same(t, "assignments of the principal", got[[]directory.AppRoleAssignment](t)(b.Assignments.AppRoleAssignmentsOf(ctx, tenant, p.ID)),
		[]directory.AppRoleAssignment{*a, *second})
	page := got[directory.Page[directory.AppRoleAssignment]](t)(b.Assignments.AppRoleAssignedTo(ctx, tenant, resource.ID,
		directory.ListOptions{Filter: filter(t, "appRoleId eq "+string(role)), Count: true}))
	if page.Total != 1 || len(page.Items) != 1 || page.Items[0].ID != a.ID {
		t.Errorf("assignments with the role: %+v", page)
	}
	must(t, b.Assignments.DeleteAssignment(ctx, tenant, a.ID, event("Remove")))
	is(t, "deleting it twice", b.Assignments.DeleteAssignment(ctx, tenant, a.ID, event("Remove")), directory.ErrNotFound)
	must(t, b.Assignments.CreateAssignment(ctx, tenant, &twice, event("Add")))

	asleep := func(what string, tenant directory.TenantID, appID directory.ID, want int) {
		if list := got[[]directory.AppRoleAssignment](t)(b.Assignments.AssignmentsAsleep(ctx, tenant, appID)); len(list) != want {
			t.Errorf("asleep, %s: %+v", what, list)
		}
	}
	asleep("before the deletion", tenant, p.AppID, 0)
	must(t, b.ServicePrincipals.DeleteServicePrincipal(ctx, tenant, p.ID, deletedAt(9), event("Remove service principal")))
	asleep("with the principal", tenant, p.AppID, 2)
	asleep("in another tenant", b.tenant(t), p.AppID, 0)
	asleep("of the resource", tenant, resource.AppID, 0)
}

func (b *suite) grants(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	client, resource := b.principal(t, tenant, b.application(t, tenant, "Client")), b.principal(t, tenant, b.application(t, tenant, "API"))
	u := b.user(t, tenant, "u@x.example")
	g := b.grant(t, tenant, client, resource, "read write")
	same(t, "grant", got[*directory.OAuth2PermissionGrant](t)(b.Grants.Grant(ctx, tenant, g.ID)), g)
	twice := *g
	twice.ID = "again-" + string(newID())
	isRule(t, "the same grant again", b.Grants.CreateGrant(ctx, tenant, &twice, event("Add")), directory.Conflict, "clientId")
	personal := twice
	personal.ConsentType, personal.PrincipalID = directory.ConsentPrincipal, u.ID
	must(t, b.Grants.CreateGrant(ctx, tenant, &personal, event("Add")))
	must(t, b.Grants.SetGrantScope(ctx, tenant, g.ID, "", event("Update")))
	if read := got[*directory.OAuth2PermissionGrant](t)(b.Grants.Grant(ctx, tenant, g.ID)); read.Scope != "" {
		t.Errorf("scope %q after it was emptied", read.Scope)
	}
	for query, want := range map[string]int{
		"clientId eq '" + string(client.ID) + "'":                                               2,
		"consentType eq 'AllPrincipals'":                                                        1,
		"principalId eq '" + string(u.ID) + "' and resourceId eq '" + string(resource.ID) + "'": 1,
		"principalId eq null":                                                                   1,
		"clientId eq '" + string(resource.ID) + "'":                                             0,
	} {
		page := got[directory.Page[*directory.OAuth2PermissionGrant]](t)(b.Grants.Grants(ctx, tenant, directory.ListOptions{Filter: filter(t, query)}))
		if len(page.Items) != want {
			t.Errorf("%s: %d grants, want %d", query, len(page.Items), want)
		}
	}
	must(t, b.Grants.DeleteGrant(ctx, tenant, g.ID, event("Remove")))
	is(t, "deleting it twice", b.Grants.DeleteGrant(ctx, tenant, g.ID, event("Remove")), directory.ErrNotFound)
	is(t, "changing it afterwards", b.Grants.SetGrantScope(ctx, tenant, g.ID, "x", event("Update")), directory.ErrNotFound)
}

func (b *suite) users(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	u := b.user(t, tenant, "Taro.Yamada@Hakone.example", func(u *directory.User) {
		u.DisplayName, u.GivenName, u.Mail = "山田 太郎", ptr("太郎"), ptr("taro@hakone.example")
		u.BusinessPhones, u.PasswordHash = []string{"+81 1"}, "$argon2id$x"
		u.SessionsValidFrom, u.PasswordChangedAt = at(1), at(2)
	})
	same(t, "user by id", got[*directory.User](t)(b.Users.User(ctx, tenant, u.ID)), u)
	same(t, "user by name", got[*directory.User](t)(b.Users.UserByPrincipalName(ctx, tenant, "TARO.yamada@hakone.EXAMPLE")), u)
	twin := &directory.User{ID: newID(), CreatedAt: at(3), UserPrincipalName: "taro.yamada@hakone.example"}
	isRule(t, "the same name in other letters", b.Users.CreateUser(ctx, tenant, twin, event("Add user")), directory.Conflict, "userPrincipalName")
	must(t, b.Users.ChangeUser(ctx, tenant, u.ID, func(x *directory.User) error {
		x.Mail, x.PasswordHash, x.AccountEnabled = nil, "$argon2id$y", false
		return nil
	}, event("Update user")))
	u.Mail, u.PasswordHash, u.AccountEnabled = nil, "$argon2id$y", false
	same(t, "user after change", got[*directory.User](t)(b.Users.User(ctx, tenant, u.ID)), u)
	must(t, b.Users.DeleteUser(ctx, tenant, u.ID, deletedAt(9), event("Delete user")))
	_, err := b.Users.UserByPrincipalName(ctx, tenant, u.UserPrincipalName)
	is(t, "deleted user by name", err, directory.ErrNotFound)
	must(t, b.Deleted.Restore(ctx, tenant, u.ID, event("Restore user")))
	same(t, "restored user", got[*directory.User](t)(b.Users.User(ctx, tenant, u.ID)), u)
	isRule(t, "its id for another", b.Users.CreateUser(ctx, tenant, &directory.User{ID: u.ID, UserPrincipalName: "n@x.example"}, event("Add user")), directory.Conflict, "id")
}

func (b *suite) policies(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	add := func(name string, standard bool) (*directory.TokenLifetimePolicy, error) {
		p := &directory.TokenLifetimePolicy{
			ID: newID(), DisplayName: name, Definition: []string{`{"x":1}`}, IsOrganizationDefault: standard,
			AccessTokenLifetime: 30 * time.Minute, CreatedAt: at(5),
		}
		return p, b.Policies.CreateTokenLifetimePolicy(ctx, tenant, p, event("Add policy"))
	}
	_, err := b.Policies.DefaultTokenLifetimePolicy(ctx, tenant)
	is(t, "default where there is none", err, directory.ErrNotFound)
	p := got[*directory.TokenLifetimePolicy](t)(add("Short", true))
	same(t, "policy", got[*directory.TokenLifetimePolicy](t)(b.Policies.TokenLifetimePolicy(ctx, tenant, p.ID)), p)
	same(t, "default policy", got[*directory.TokenLifetimePolicy](t)(b.Policies.DefaultTokenLifetimePolicy(ctx, tenant)), p)
	_, err = add("Other", true)
	isRule(t, "a second default", err, directory.Conflict, "isOrganizationDefault")
	other := got[*directory.TokenLifetimePolicy](t)(add("Other", false))
	toDefault := func(id directory.ID, v bool) error {
		return b.Policies.ChangeTokenLifetimePolicy(ctx, tenant, id, func(x *directory.TokenLifetimePolicy) error {
			x.IsOrganizationDefault = v
			return nil
		}, event("Update policy"))
	}
	isRule(t, "a second default by change", toDefault(other.ID, true), directory.Conflict, "isOrganizationDefault")
	must(t, toDefault(p.ID, false))
	must(t, toDefault(other.ID, true))
	page := got[directory.Page[*directory.TokenLifetimePolicy]](t)(b.Policies.TokenLifetimePolicies(ctx, tenant,
		directory.ListOptions{Filter: filter(t, "isOrganizationDefault eq true"), OrderBy: "displayName"}))
	if len(page.Items) != 1 || page.Items[0].ID != other.ID {
		t.Errorf("default policies: %+v", page.Items)
	}

	a := b.application(t, tenant, "Linked", func(a *directory.Application) { a.LifetimePolicy = p.ID })
	sp := b.principal(t, tenant, a, func(sp *directory.ServicePrincipal) { sp.LifetimePolicy = p.ID })
	same(t, "what the policy applies to", got[[]directory.Owner](t)(b.Policies.AppliesTo(ctx, tenant, p.ID)),
		[]directory.Owner{{ID: a.ID, Kind: directory.KindApplication}, {ID: sp.ID, Kind: directory.KindServicePrincipal}})
	must(t, b.Policies.DeleteTokenLifetimePolicy(ctx, tenant, p.ID, event("Delete policy")))
	is(t, "deleting it twice", b.Policies.DeleteTokenLifetimePolicy(ctx, tenant, p.ID, event("Delete policy")), directory.ErrNotFound)
	if read := got[*directory.Application](t)(b.Applications.Application(ctx, tenant, a.ID)); read.LifetimePolicy != "" {
		t.Errorf("the application is still linked to %s", read.LifetimePolicy)
	}
}

// isolation calls every method that takes an id with one of another tenant.
func (b *suite) isolation(t *testing.T) {
	ctx, mine, theirs := t.Context(), b.tenant(t), b.tenant(t)
	a, r := b.application(t, theirs, "A", func(a *directory.Application) { a.UniqueName = ptr("theirs") }), b.application(t, theirs, "R")
	p, resource := b.principal(t, theirs, a), b.principal(t, theirs, r)
	role, g, u := b.assign(t, theirs, p, resource, newID()), b.grant(t, theirs, p, resource, "x"), b.user(t, theirs, "u@theirs.example")
	policy := &directory.TokenLifetimePolicy{ID: newID(), DisplayName: "P", IsOrganizationDefault: true, CreatedAt: at(5)}
	must(t, b.Policies.CreateTokenLifetimePolicy(ctx, theirs, policy, event("Add policy")))
	gone := b.user(t, theirs, "gone@theirs.example")
	must(t, b.Users.DeleteUser(ctx, theirs, gone.ID, deletedAt(9), event("Delete user")))
	for what, err := range b.probes(t, mine, probeIDs{a, p, resource, role, g, u, gone.ID, policy.ID}) {
		is(t, what+" of another tenant", err, directory.ErrNotFound)
	}
	of := got[[]directory.AppRoleAssignment](t)(b.Assignments.AppRoleAssignmentsOf(ctx, mine, p.ID))
	to := got[directory.Page[directory.AppRoleAssignment]](t)(b.Assignments.AppRoleAssignedTo(ctx, mine, resource.ID, directory.ListOptions{}))
	links := got[[]directory.Owner](t)(b.Policies.AppliesTo(ctx, mine, policy.ID))
	apps := got[directory.Page[*directory.Application]](t)(b.Applications.Applications(ctx, mine, directory.ListOptions{Count: true}))
	sps := got[directory.Page[*directory.ServicePrincipal]](t)(b.ServicePrincipals.ServicePrincipals(ctx, mine, directory.ListOptions{Count: true}))
	users := got[directory.Page[*directory.User]](t)(b.Users.Users(ctx, mine, directory.ListOptions{Count: true, Deleted: true}))
	grants := got[directory.Page[*directory.OAuth2PermissionGrant]](t)(b.Grants.Grants(ctx, mine, directory.ListOptions{Count: true}))
	policies := got[directory.Page[*directory.TokenLifetimePolicy]](t)(b.Policies.TokenLifetimePolicies(ctx, mine, directory.ListOptions{Count: true}))
	if n := len(of) + len(to.Items) + len(links) + apps.Total + sps.Total + users.Total + grants.Total + policies.Total; n != 0 {
		t.Errorf("lists of a tenant show %d objects of another", n)
	}
}

// zeroTenant calls every method without a tenant.
func (b *suite) zeroTenant(t *testing.T) {
	ctx, none := t.Context(), directory.TenantID{}
	a := newApplication(none, "A")
	p := newPrincipal(none, a)
	role, g, u := &directory.AppRoleAssignment{ID: newID()}, &directory.OAuth2PermissionGrant{ID: "x"}, &directory.User{ID: newID()}
	all := b.probes(t, none, probeIDs{a, p, p, role, g, u, newID(), newID()})
	all["create application"] = b.Applications.CreateApplication(ctx, none, a, event("x"))
	all["create service principal"] = b.ServicePrincipals.CreateServicePrincipal(ctx, none, p, event("x"))
	all["create user"] = b.Users.CreateUser(ctx, none, u, event("x"))
	all["create policy"] = b.Policies.CreateTokenLifetimePolicy(ctx, none, &directory.TokenLifetimePolicy{ID: newID()}, event("x"))
	all["create tenant"] = b.Tenants.CreateTenant(ctx, &directory.TenantSeed{Tenant: &directory.Tenant{}}, event("x"))
	all["change tenant"] = b.Tenants.ChangeTenant(ctx, none, func(*directory.Tenant) error { return nil }, event("x"))
	_, all["assignments of"] = b.Assignments.AppRoleAssignmentsOf(ctx, none, p.ID)
	_, all["assignments asleep"] = b.Assignments.AssignmentsAsleep(ctx, none, p.AppID)
	_, all["assigned to"] = b.Assignments.AppRoleAssignedTo(ctx, none, p.ID, directory.ListOptions{})
	_, all["applications"] = b.Applications.Applications(ctx, none, directory.ListOptions{})
	_, all["service principals"] = b.ServicePrincipals.ServicePrincipals(ctx, none, directory.ListOptions{})
	_, all["users"] = b.Users.Users(ctx, none, directory.ListOptions{})
	_, all["grants"] = b.Grants.Grants(ctx, none, directory.ListOptions{})
	_, all["policies"] = b.Policies.TokenLifetimePolicies(ctx, none, directory.ListOptions{})
	_, all["applies to"] = b.Policies.AppliesTo(ctx, none, newID())
	_, all["URI taken"] = b.Applications.IdentifierURITaken(ctx, none, "api://x", true, "")
	_, all["changes"] = b.Changes.ChangesAfter(ctx, none, 0, 1)
	_, all["use assertion"] = b.Assertions.UseAssertion(ctx, none, newID(), [32]byte{}, at(9))
	maps.Copy(all, b.signInProbes(t, none))
	for what, err := range all {
		is(t, what+" without a tenant", err, directory.ErrNoTenant)
	}
}

type probeIDs struct {
	app               *directory.Application
	client, resource  *directory.ServicePrincipal
	role              *directory.AppRoleAssignment
	grant             *directory.OAuth2PermissionGrant
	user              *directory.User
	deleted, policyID directory.ID
}

// probes calls each method that names an object, in tenant t.
func (b *suite) probes(tt *testing.T, t directory.TenantID, x probeIDs) map[string]error {
	ctx, ev := tt.Context(), event("Probe")
	all := map[string]error{}
	_, all["application"] = b.Applications.Application(ctx, t, x.app.ID)
	_, all["application by unique name"] = b.Applications.ApplicationByUniqueName(ctx, t, "theirs")
	all["change application"] = b.Applications.ChangeApplication(ctx, t, x.app.ID, func(*directory.Application) error { return nil }, ev)
	all["delete application"] = b.Applications.DeleteApplication(ctx, t, x.app.ID, at(9), ev)
	_, all["service principal"] = b.ServicePrincipals.ServicePrincipal(ctx, t, x.client.ID)
	_, all["service principal by app id"] = b.ServicePrincipals.ServicePrincipalByAppID(ctx, t, x.client.AppID)
	_, all["service principal by name"] = b.ServicePrincipals.ServicePrincipalByName(ctx, t, string(x.client.AppID))
	all["change service principal"] = b.ServicePrincipals.ChangeServicePrincipal(ctx, t, x.client.ID, func(*directory.ServicePrincipal) error { return nil }, ev)
	all["delete service principal"] = b.ServicePrincipals.DeleteServicePrincipal(ctx, t, x.client.ID, at(9), ev)
	_, all["deleted"] = b.Deleted.Deleted(ctx, t, x.deleted)
	all["restore"] = b.Deleted.Restore(ctx, t, x.deleted, ev)
	all["purge"] = b.Deleted.Purge(ctx, t, x.deleted, ev)
	_, all["assignment"] = b.Assignments.Assignment(ctx, t, x.role.ID)
	all["delete assignment"] = b.Assignments.DeleteAssignment(ctx, t, x.role.ID, ev)
	all["create assignment"] = b.Assignments.CreateAssignment(ctx, t, &directory.AppRoleAssignment{
		ID: newID(), PrincipalID: x.client.ID, PrincipalKind: directory.KindServicePrincipal, ResourceID: x.resource.ID,
	}, ev)
	_, all["grant"] = b.Grants.Grant(ctx, t, x.grant.ID)
	all["set grant scope"] = b.Grants.SetGrantScope(ctx, t, x.grant.ID, "y", ev)
	all["delete grant"] = b.Grants.DeleteGrant(ctx, t, x.grant.ID, ev)
	all["create grant"] = b.Grants.CreateGrant(ctx, t, &directory.OAuth2PermissionGrant{
		ID: string(newID()), ClientID: x.client.ID, ResourceID: x.resource.ID, ConsentType: directory.ConsentAllPrincipals,
	}, ev)
	_, all["user"] = b.Users.User(ctx, t, x.user.ID)
	_, all["user by name"] = b.Users.UserByPrincipalName(ctx, t, x.user.UserPrincipalName)
	all["change user"] = b.Users.ChangeUser(ctx, t, x.user.ID, func(*directory.User) error { return nil }, ev)
	all["delete user"] = b.Users.DeleteUser(ctx, t, x.user.ID, at(9), ev)
	_, all["policy"] = b.Policies.TokenLifetimePolicy(ctx, t, x.policyID)
	_, all["default policy"] = b.Policies.DefaultTokenLifetimePolicy(ctx, t)
	all["change policy"] = b.Policies.ChangeTokenLifetimePolicy(ctx, t, x.policyID, func(*directory.TokenLifetimePolicy) error { return nil }, ev)
	all["delete policy"] = b.Policies.DeleteTokenLifetimePolicy(ctx, t, x.policyID, ev)
	return all
}
