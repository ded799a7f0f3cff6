package storetest

import (
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func (b *suite) servicePrincipals(t *testing.T) {
	ctx, home, guest := t.Context(), b.tenant(t), b.tenant(t)
	a := fullApplication(home)
	a.SignInAudience = directory.AudienceMultiOrg
	must(t, b.Applications.CreateApplication(ctx, home, a, event("Add application")))
	p := newPrincipal(guest, a)
	p.Notes, p.Tags, p.AlternativeNames = ptr("n"), []string{"local"}, []string{"isExplicit=True"}
	p.Names = []string{"https://local.example/" + string(p.ID)}
	p.AppRoles = []directory.AppRole{{ID: newID(), Value: ptr("Local"), IsEnabled: true, Origin: "ServicePrincipal"}}
	p.Passwords, p.Keys, p.Owners = a.Passwords[:1], a.Keys, a.Owners[:1]
	p.Federated = []directory.FederatedIdentityCredential{a.Federated[0]}
	must(t, b.ServicePrincipals.CreateServicePrincipal(ctx, guest, p, event("Add service principal")))
	want := *p
	want.App = a
	read := func(what string, sp *directory.ServicePrincipal, err error) {
		t.Helper()
		same(t, "service principal "+what, got[*directory.ServicePrincipal](t)(sp, err), &want)
	}
	byID := func(what string) {
		t.Helper()
		sp, err := b.ServicePrincipals.ServicePrincipal(ctx, guest, p.ID)
		read(what, sp, err)
	}
	byID("by id")
	sp, err := b.ServicePrincipals.ServicePrincipalByAppID(ctx, guest, p.AppID)
	read("by app id", sp, err)
	for _, name := range []string{string(a.AppID), a.IdentifierURIs[0], a.IdentifierURIs[1], p.Names[0]} {
		sp, err := b.ServicePrincipals.ServicePrincipalByName(ctx, guest, name)
		read("by name "+name, sp, err)
	}
	for _, name := range []string{string(p.ID), "https://nobody.example/", ""} {
		_, err := b.ServicePrincipals.ServicePrincipalByName(ctx, guest, name)
		is(t, "name "+name, err, directory.ErrNotFound)
	}
	_, err = b.ServicePrincipals.ServicePrincipalByAppID(ctx, home, p.AppID)
	is(t, "in a tenant without one", err, directory.ErrNotFound)

	second := newPrincipal(guest, a)
	isRule(t, "a second one of the application", b.ServicePrincipals.CreateServicePrincipal(ctx, guest, second, event("Add service principal")), directory.Conflict, "appId")
	lost := newPrincipal(guest, newApplication(home, "not stored"))
	isRule(t, "one of no application", b.ServicePrincipals.CreateServicePrincipal(ctx, guest, lost, event("Add service principal")), directory.Missing, "appId")
	lost.Type = directory.TypeManagedIdentity
	must(t, b.ServicePrincipals.CreateServicePrincipal(ctx, guest, lost, event("Add service principal")))

	must(t, b.ServicePrincipals.ChangeServicePrincipal(ctx, guest, p.ID, func(x *directory.ServicePrincipal) error {
		x.AccountEnabled, x.Passwords, x.AppID = false, nil, newID()
		x.App.DisplayName = "not mine to change"
		return nil
	}, event("Update service principal")))
	want.AccountEnabled, want.Passwords = false, nil
	byID("after change")

	must(t, b.Applications.DeleteApplication(ctx, home, a.ID, deletedAt(9), event("Delete application")))
	want.App = nil
	byID("of a deleted application")
	must(t, b.Deleted.Restore(ctx, home, a.ID, event("Restore application")))
	want.App = a
	byID("of a restored application")
}

func (b *suite) names(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	uri := "https://names.example/" + tenant.String() + "/Path"
	a := b.application(t, tenant, "A", func(a *directory.Application) { a.IdentifierURIs = []string{uri} })
	other := b.application(t, tenant, "B")
	p, q := b.principal(t, tenant, a), b.principal(t, tenant, other)
	setNames := func(names ...string) error {
		return b.ServicePrincipals.ChangeServicePrincipal(ctx, tenant, q.ID, func(x *directory.ServicePrincipal) error {
			x.Names = names
			return nil
		}, event("Update service principal"))
	}
	isRule(t, "another's URI as a local name", setNames(uri), directory.Conflict, "servicePrincipalNames")
	isRule(t, "another's app id as a local name", setNames(string(a.AppID)), directory.Conflict, "servicePrincipalNames")
	must(t, setNames(uri+"/own"))
	err := b.Applications.ChangeApplication(ctx, tenant, a.ID, func(x *directory.Application) error {
		x.IdentifierURIs = append(x.IdentifierURIs, uri+"/own")
		return nil
	}, event("Update application"))
	isRule(t, "another's local name as a URI", err, directory.Conflict, "identifierUris")
	find := func(name string) directory.ID {
		t.Helper()
		sp, err := b.ServicePrincipals.ServicePrincipalByName(ctx, tenant, directory.NormalizeName(name))
		if err != nil {
			return ""
		}
		return sp.ID
	}
	for name, want := range map[string]directory.ID{
		uri: p.ID, uri + "/own": q.ID, "HTTPS://Names.Example/" + tenant.String() + "/Path": p.ID,
		"https://names.example/" + tenant.String() + "/path": "",
	} {
		if have := find(name); have != want {
			t.Errorf("%s names %q, want %q", name, have, want)
		}
	}
	must(t, setNames())
	if find(uri+"/own") != "" {
		t.Error("a name that was taken away is still found")
	}
}

// mirroredName: lists see the application's new name on its service principals,
// except where one has a name of its own.
func (b *suite) mirroredName(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	a := b.application(t, tenant, "Before")
	p := b.principal(t, tenant, a)
	names := func() (list []string) {
		page := got[directory.Page[*directory.ServicePrincipal]](t)(b.ServicePrincipals.ServicePrincipals(ctx, tenant,
			directory.ListOptions{Filter: filter(t, "startswith(displayName,'after') or displayName eq 'mine'")}))
		for _, sp := range page.Items {
			list = append(list, sp.Name())
		}
		return list
	}
	own := func(name string) {
		t.Helper()
		must(t, b.ServicePrincipals.ChangeServicePrincipal(ctx, tenant, p.ID, func(x *directory.ServicePrincipal) error {
			x.DisplayName = name
			return nil
		}, event("Update service principal")))
	}
	rename := func(name string) {
		t.Helper()
		must(t, b.Applications.ChangeApplication(ctx, tenant, a.ID, func(x *directory.Application) error {
			x.DisplayName = name
			return nil
		}, event("Update application")))
	}
	same(t, "before", names(), []string(nil))
	rename("After")
	same(t, "after the application was renamed", names(), []string{"After"})
	own("Mine")
	rename("Elsewhere")
	same(t, "with a name of its own", names(), []string{"Mine"})
	rename("After 2")
	own("")
	same(t, "without it again", names(), []string{"After 2"})
}

func (b *suite) softDeletion(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	a, r := b.application(t, tenant, "Client"), b.application(t, tenant, "Resource")
	p, resource := b.principal(t, tenant, a), b.principal(t, tenant, r)
	role := b.assign(t, tenant, p, resource, newID())
	g := b.grant(t, tenant, p, resource, "read")
	awake := func(what string, want bool) {
		t.Helper()
		_, errAssignment := b.Assignments.Assignment(ctx, tenant, role.ID)
		_, errGrant := b.Grants.Grant(ctx, tenant, g.ID)
		of := got[[]directory.AppRoleAssignment](t)(b.Assignments.AppRoleAssignmentsOf(ctx, tenant, p.ID))
		to := got[directory.Page[directory.AppRoleAssignment]](t)(b.Assignments.AppRoleAssignedTo(ctx, tenant, resource.ID, directory.ListOptions{}))
		grants := got[directory.Page[*directory.OAuth2PermissionGrant]](t)(b.Grants.Grants(ctx, tenant, directory.ListOptions{}))
		have := []bool{errAssignment == nil, errGrant == nil, len(of) == 1, len(to.Items) == 1, len(grants.Items) == 1}
		same(t, what+": assignment, grant, of, to, grants", have, []bool{want, want, want, want, want})
	}
	deleted := func(what string, id directory.ID, want directory.Kind) {
		t.Helper()
		kind, err := b.Deleted.Deleted(ctx, tenant, id)
		if kind != want || (err == nil) != (want != "") {
			t.Errorf("%s: Deleted gives %q, %v; want %q", what, kind, err, want)
		}
	}
	awake("at first", true)
	for _, id := range []directory.ID{p.ID, resource.ID} {
		must(t, b.ServicePrincipals.DeleteServicePrincipal(ctx, tenant, id, deletedAt(9), event("Delete service principal")))
		awake("without one of them", false)
		deleted("a deleted service principal", id, directory.KindServicePrincipal)
		_, err := b.ServicePrincipals.ServicePrincipal(ctx, tenant, id)
		is(t, "a deleted service principal", err, directory.ErrNotFound)
		err = b.ServicePrincipals.DeleteServicePrincipal(ctx, tenant, id, deletedAt(9), event("Delete service principal"))
		is(t, "deleting it twice", err, directory.ErrNotFound)
		must(t, b.Deleted.Restore(ctx, tenant, id, event("Restore service principal")))
		awake("restored", true)
	}

	must(t, b.Applications.DeleteApplication(ctx, tenant, r.ID, deletedAt(10), event("Delete application")))
	awake("without the resource's application", false)
	deleted("a deleted application", r.ID, directory.KindApplication)
	deleted("its service principal", resource.ID, directory.KindServicePrincipal)
	_, err := b.Applications.ApplicationByAppID(ctx, r.AppID)
	is(t, "a deleted application by app id", err, directory.ErrNotFound)
	page := got[directory.Page[*directory.Application]](t)(b.Applications.Applications(ctx, tenant, directory.ListOptions{Deleted: true, Count: true}))
	if page.Total != 1 || page.Items[0].ID != r.ID || !page.Items[0].DeletedAt.Equal(deletedAt(10)) {
		t.Errorf("deleted applications: %+v", page)
	}
	must(t, b.Deleted.Restore(ctx, tenant, r.ID, event("Restore application")))
	awake("with the application again", true)
	deleted("a restored application", r.ID, "")
	is(t, "restoring what is alive", b.Deleted.Restore(ctx, tenant, r.ID, event("Restore application")), directory.ErrNotFound)
}

func (b *suite) restoreConflicts(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	a := b.application(t, tenant, "A")
	p := b.principal(t, tenant, a)
	must(t, b.ServicePrincipals.DeleteServicePrincipal(ctx, tenant, p.ID, deletedAt(9), event("Delete service principal")))
	anew := b.principal(t, tenant, a)
	isRule(t, "restoring a service principal made anew", b.Deleted.Restore(ctx, tenant, p.ID, event("Restore service principal")), directory.Conflict, "appId")
	must(t, b.ServicePrincipals.DeleteServicePrincipal(ctx, tenant, anew.ID, deletedAt(9), event("Delete service principal")))
	must(t, b.Deleted.Restore(ctx, tenant, p.ID, event("Restore service principal")))

	u := b.user(t, tenant, "yuki@x.example")
	must(t, b.Users.DeleteUser(ctx, tenant, u.ID, deletedAt(9), event("Delete user")))
	b.user(t, tenant, "Yuki@X.example")
	isRule(t, "restoring a user whose name was given away", b.Deleted.Restore(ctx, tenant, u.ID, event("Restore user")), directory.Conflict, "userPrincipalName")
}

func (b *suite) purge(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	a, r := b.application(t, tenant, "Client"), b.application(t, tenant, "Resource")
	p, resource := b.principal(t, tenant, a), b.principal(t, tenant, r)
	role, g := b.assign(t, tenant, p, resource, newID()), b.grant(t, tenant, p, resource, "read")
	is(t, "purging what is alive", b.Deleted.Purge(ctx, tenant, r.ID, event("Hard delete")), directory.ErrNotFound)
	must(t, b.Applications.DeleteApplication(ctx, tenant, r.ID, deletedAt(9), event("Delete application")))
	must(t, b.Deleted.Purge(ctx, tenant, r.ID, event("Hard delete")))
	for what, id := range map[string]directory.ID{"application": r.ID, "its service principal": resource.ID} {
		_, err := b.Deleted.Deleted(ctx, tenant, id)
		is(t, "purged "+what, err, directory.ErrNotFound)
		is(t, "restoring purged "+what, b.Deleted.Restore(ctx, tenant, id, event("Restore")), directory.ErrNotFound)
	}
	_, err := b.Assignments.Assignment(ctx, tenant, role.ID)
	is(t, "assignment on what is purged", err, directory.ErrNotFound)
	_, err = b.Grants.Grant(ctx, tenant, g.ID)
	is(t, "grant on what is purged", err, directory.ErrNotFound)
	for what, adjust := range map[string]func(*directory.Application){
		"id":    func(x *directory.Application) { x.ID = r.ID },
		"appId": func(x *directory.Application) { x.AppID = r.AppID },
	} {
		x := newApplication(tenant, "Reborn")
		adjust(x)
		isRule(t, "a purged application's "+what, b.Applications.CreateApplication(ctx, tenant, x, event("Add application")), directory.Conflict, what)
	}
}

func (b *suite) purgeExpired(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	// Long ago, so that what other tests deleted is not touched.
	old, younger := at(0).AddDate(-2, 0, 0), at(0).AddDate(-1, 0, 0)
	a := b.application(t, tenant, "Old")
	p := b.principal(t, tenant, a)
	u := b.user(t, tenant, "old@x.example")
	kept := b.user(t, tenant, "kept@x.example")
	must(t, b.Applications.DeleteApplication(ctx, tenant, a.ID, old, event("Delete application")))
	must(t, b.Users.DeleteUser(ctx, tenant, u.ID, old, event("Delete user")))
	must(t, b.Users.DeleteUser(ctx, tenant, kept.ID, younger, event("Delete user")))
	total := 0
	for range 5 {
		n := got[int](t)(b.Deleted.PurgeExpired(ctx, younger, 2))
		if total += n; n == 0 {
			break
		}
	}
	if total < 2 {
		t.Errorf("purged %d objects, want at least the application and the user", total)
	}
	for _, id := range []directory.ID{a.ID, p.ID, u.ID} {
		_, err := b.Deleted.Deleted(ctx, tenant, id)
		is(t, "expired object", err, directory.ErrNotFound)
	}
	if _, err := b.Deleted.Deleted(ctx, tenant, kept.ID); err != nil {
		t.Errorf("what is not expired: %v", err)
	}
	events := got[[]auditEvent](t)(b.Events(ctx, tenant, 10))
	if events[0].Actor.Kind != "platform" {
		t.Errorf("the purge was not written to the audit trail: %+v", events[0])
	}
}
