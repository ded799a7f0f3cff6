package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func (b *suite) tenants(t *testing.T) {
	ctx := t.Context()
	id := newTenantID()
	domain := "t" + id.String()[:8] + ".example"
	tenant := &directory.Tenant{
		ID: id, DisplayName: "函館", CreatedAt: at(0), Demo: true,
		Domains: []directory.Domain{
			{Name: "z." + domain, CreatedAt: at(1)},
			{Name: domain, Verified: true, Default: true, Initial: true, CreatedAt: at(2)},
		},
		Settings: directory.TenantSettings{CountryLetterCode: "JP", TechnicalNotificationMails: []string{"a@" + domain}},
	}
	a := newApplication(id, "First")
	p := newPrincipal(id, a)
	u := &directory.User{TenantID: id, ID: newID(), CreatedAt: at(3), UserPrincipalName: "admin@" + domain, DisplayName: "Admin", PasswordHash: "x"}
	seed := &directory.TenantSeed{
		Tenant: tenant, Applications: []*directory.Application{a}, ServicePrincipals: []*directory.ServicePrincipal{p},
		Users: []*directory.User{u},
		Assignments: []directory.AppRoleAssignment{{
			ID: newID(), AppRoleID: directory.ZeroID, PrincipalID: u.ID, PrincipalKind: directory.KindUser, ResourceID: p.ID, CreatedAt: at(4),
		}},
		Grants: []directory.OAuth2PermissionGrant{{
			ID: "seed-" + id.String(), ClientID: p.ID, ResourceID: p.ID, ConsentType: directory.ConsentPrincipal, PrincipalID: u.ID, Scope: "read",
		}},
	}
	must(t, b.Tenants.CreateTenant(ctx, seed, event("Add tenant")))
	for _, name := range []string{id.String(), domain} {
		same(t, "tenant by "+name, got[*directory.Tenant](t)(b.Tenants.TenantByName(ctx, name)), tenant)
	}
	same(t, "seeded application", got[*directory.Application](t)(b.Applications.Application(ctx, id, a.ID)), a)
	same(t, "seeded user", got[*directory.User](t)(b.Users.User(ctx, id, u.ID)), u)
	same(t, "seeded assignments", got[[]directory.AppRoleAssignment](t)(b.Assignments.AppRoleAssignmentsOf(ctx, id, u.ID)), seed.Assignments)

	for _, name := range []string{"z." + domain, "other.example", string(newID()), ""} {
		_, err := b.Tenants.TenantByName(ctx, name)
		is(t, "tenant by unverified or unknown name "+name, err, directory.ErrNotFound)
	}
	err := b.Tenants.CreateTenant(ctx, &directory.TenantSeed{Tenant: &directory.Tenant{ID: id, CreatedAt: at(5)}}, event("Add tenant"))
	isRule(t, "a second tenant of the same id", err, directory.Conflict, "id")
	other := &directory.TenantSeed{Tenant: &directory.Tenant{ID: newTenantID(), CreatedAt: at(5), Domains: []directory.Domain{{Name: domain, Verified: true}}}}
	isRule(t, "a verified domain of another tenant", b.Tenants.CreateTenant(ctx, other, event("Add tenant")), directory.Conflict, "domains")
	_, err = b.Tenants.TenantByName(ctx, other.Tenant.ID.String())
	is(t, "the tenant that was refused", err, directory.ErrNotFound)

	must(t, b.Tenants.ChangeTenant(ctx, id, func(x *directory.Tenant) error {
		x.Disabled, x.Domains[0].Verified = true, true
		return nil
	}, event("Update tenant")))
	changed := got[*directory.Tenant](t)(b.Tenants.TenantByName(ctx, "z."+domain))
	if !changed.Disabled || changed.DisplayName != tenant.DisplayName {
		t.Errorf("tenant after change: %+v", changed)
	}
	err = b.Tenants.ChangeTenant(ctx, newTenantID(), func(*directory.Tenant) error { return nil }, event("Update tenant"))
	is(t, "change of an unknown tenant", err, directory.ErrNotFound)

	list := got[[]*directory.Tenant](t)(b.Tenants.Tenants(ctx, id, 1))
	if len(list) > 0 && list[0].ID.String() <= id.String() {
		t.Errorf("Tenants after %v begins with %v", id, list[0].ID)
	}
}

// tenantsWithout finds tenants by what they lack.
func (b *suite) tenantsWithout(t *testing.T) {
	ctx := t.Context()
	id := b.tenant(t)
	app := newApplication(id, "Everywhere")
	must(t, b.Applications.CreateApplication(ctx, id, app, event("Add application")))
	lacks := func() bool {
		var after directory.TenantID
		for {
			list := got[[]*directory.Tenant](t)(b.Tenants.TenantsWithout(ctx, app.AppID, after, 2))
			for _, x := range list {
				if after = x.ID; x.ID == id {
					return true
				}
			}
			if len(list) < 2 {
				return false
			}
		}
	}
	if !lacks() {
		t.Error("a tenant without the service principal is not found")
	}
	sp := newPrincipal(id, app)
	must(t, b.ServicePrincipals.CreateServicePrincipal(ctx, id, sp, event("Add service principal")))
	if lacks() {
		t.Error("a tenant with the service principal is found")
	}
	must(t, b.ServicePrincipals.DeleteServicePrincipal(ctx, id, sp.ID, at(1), event("Delete service principal")))
	if !lacks() {
		t.Error("a tenant whose service principal is deleted is not found")
	}
}

// fullApplication has something in every part.
func fullApplication(t directory.TenantID) *directory.Application {
	a := newApplication(t, "Orders")
	id := string(a.AppID)
	a.UniqueName, a.Description, a.PublisherDomain = ptr("Orders-"+id), ptr("注文"), ptr("hakone.example")
	a.IdentifierURIs = []string{"api://" + id, "https://hakone.example/" + id}
	a.Tags = []string{"Blue", "green"}
	a.API = directory.APIApplication{
		RequestedAccessTokenVersion: ptr(2),
		OAuth2PermissionScopes:      []directory.PermissionScope{{ID: newID(), Value: ptr("Orders.Read"), Type: "User", IsEnabled: true}},
	}
	a.AppRoles = []directory.AppRole{{ID: newID(), Value: ptr("Orders.All"), IsEnabled: true, AllowedMemberTypes: []string{"Application"}}}
	a.Passwords = []directory.PasswordCredential{
		{KeyID: newID(), DisplayName: ptr("ci"), StartAt: at(0), EndAt: at(50), Hint: "abc", Hash: []byte{1, 2, 3}},
		{KeyID: newID(), StartAt: at(1), EndAt: at(51), Hint: "def", Hash: []byte{4}, CustomKeyIdentifier: []byte("x")},
	}
	a.Keys = []directory.KeyCredential{{
		KeyID: a.Passwords[0].KeyID, Type: directory.KeyTypeX509, Usage: directory.UsageVerify, StartAt: at(0), EndAt: at(59),
		CustomKeyIdentifier: []byte{9}, DER: []byte{0x30, 0x00}, SHA1: [20]byte{1}, SHA256: [32]byte{2},
	}}
	a.Federated = []directory.FederatedIdentityCredential{{
		ID: newID(), Name: "github", Issuer: "https://token.actions.example", Subject: "repo:x/y:ref", Audiences: []string{"api://AzureADTokenExchange"},
	}}
	a.Owners = []directory.Owner{{ID: newID(), Kind: directory.KindUser}, {ID: newID(), Kind: directory.KindServicePrincipal}}
	return a
}

func (b *suite) applications(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	a := fullApplication(tenant)
	must(t, b.Applications.CreateApplication(ctx, tenant, a, event("Add application")))
	for what, read := range map[string]func() (*directory.Application, error){
		"by id":     func() (*directory.Application, error) { return b.Applications.Application(ctx, tenant, a.ID) },
		"by app id": func() (*directory.Application, error) { return b.Applications.ApplicationByAppID(ctx, a.AppID) },
		"by unique name": func() (*directory.Application, error) {
			return b.Applications.ApplicationByUniqueName(ctx, tenant, *a.UniqueName)
		},
	} {
		same(t, "application "+what, got[*directory.Application](t)(read()), a)
	}
	_, err := b.Applications.Application(ctx, tenant, newID())
	is(t, "unknown id", err, directory.ErrNotFound)
	_, err = b.Applications.ApplicationByAppID(ctx, a.ID)
	is(t, "object id for app id", err, directory.ErrNotFound)

	want := *a
	want.DisplayName, want.Tags = "Orders 2", []string{"red"}
	want.Passwords, want.Keys = a.Passwords[1:], nil
	want.Owners = []directory.Owner{a.Owners[1], a.Owners[0]}
	must(t, b.Applications.ChangeApplication(ctx, tenant, a.ID, func(x *directory.Application) error {
		x.DisplayName, x.Tags, x.Passwords, x.Keys = want.DisplayName, want.Tags, x.Passwords[1:], nil
		x.Owners[0], x.Owners[1] = x.Owners[1], x.Owners[0]
		x.ID, x.AppID, x.CreatedAt = newID(), newID(), at(30) // not to be changed
		return nil
	}, event("Update application")))
	same(t, "application after change", got[*directory.Application](t)(b.Applications.Application(ctx, tenant, a.ID)), &want)

	refused := errors.New("not today")
	err = b.Applications.ChangeApplication(ctx, tenant, a.ID, func(x *directory.Application) error {
		x.DisplayName = "never"
		return refused
	}, event("Update application"))
	is(t, "refused change", err, refused)
	same(t, "application after refused change", got[*directory.Application](t)(b.Applications.Application(ctx, tenant, a.ID)), &want)
	err = b.Applications.ChangeApplication(ctx, tenant, newID(), func(*directory.Application) error { return nil }, event("Update application"))
	is(t, "change of an unknown application", err, directory.ErrNotFound)
	is(t, "deletion of an unknown application", b.Applications.DeleteApplication(ctx, tenant, newID(), at(9), event("Delete application")), directory.ErrNotFound)
}

func (b *suite) applicationConflicts(t *testing.T) {
	ctx, tenant, elsewhere := t.Context(), b.tenant(t), b.tenant(t)
	a := b.application(t, tenant, "One", func(a *directory.Application) { a.UniqueName = ptr("Único") })
	clash := func(what, property string, in directory.TenantID, adjust func(*directory.Application)) {
		t.Helper()
		x := newApplication(in, "Two")
		adjust(x)
		isRule(t, what, b.Applications.CreateApplication(ctx, in, x, event("Add application")), directory.Conflict, property)
	}
	clash("object id", "id", tenant, func(x *directory.Application) { x.ID = a.ID })
	clash("app id in another tenant", "appId", elsewhere, func(x *directory.Application) { x.AppID = a.AppID })
	clash("unique name in other letters", "uniqueName", tenant, func(x *directory.Application) { x.UniqueName = ptr("ÚNICO") })
	b.application(t, elsewhere, "Two", func(x *directory.Application) { x.UniqueName = ptr("Único") })
	one := directory.FederatedIdentityCredential{ID: newID(), Name: "a", Issuer: "https://i", Subject: "s", Audiences: []string{"x"}}
	for property, two := range map[string]directory.FederatedIdentityCredential{
		"name":    {ID: newID(), Name: "A", Issuer: "https://i", Subject: "other", Audiences: []string{"x"}},
		"subject": {ID: newID(), Name: "b", Issuer: "https://i", Subject: "s", Audiences: []string{"x"}},
	} {
		err := b.Applications.ChangeApplication(ctx, tenant, a.ID, func(x *directory.Application) error {
			x.Federated = []directory.FederatedIdentityCredential{one, two}
			return nil
		}, event("Update application"))
		isRule(t, "federated credential with the same "+property, err, directory.Conflict, property)
	}
	err := b.Applications.ChangeApplication(ctx, tenant, a.ID, func(x *directory.Application) error {
		x.LifetimePolicy = newID()
		return nil
	}, event("Update application"))
	isRule(t, "link to an unknown policy", err, directory.Missing, "tokenLifetimePolicies")
}

func (b *suite) identifierURIs(t *testing.T) {
	ctx, tenant, elsewhere := t.Context(), b.tenant(t), b.tenant(t)
	uri := "api://" + tenant.String() + "/Orders"
	hold := func(in directory.TenantID, audience string) (*directory.Application, error) {
		x := newApplication(in, "Holder")
		x.IdentifierURIs, x.SignInAudience = []string{uri}, audience
		return x, b.Applications.CreateApplication(ctx, in, x, event("Add application"))
	}
	taken := func(in directory.TenantID, everywhere bool, except directory.ID) bool {
		t.Helper()
		return got[bool](t)(b.Applications.IdentifierURITaken(ctx, in, uri, everywhere, except))
	}
	if taken(tenant, true, "") {
		t.Error("a new URI is taken")
	}
	a, err := hold(tenant, directory.AudienceMyOrg)
	must(t, err)
	if !taken(tenant, false, "") || taken(tenant, false, a.ID) || taken(elsewhere, false, "") || !taken(elsewhere, true, "") {
		t.Error("IdentifierURITaken is wrong about a single-tenant holder")
	}
	_, err = hold(tenant, directory.AudienceMyOrg)
	isRule(t, "second holder in the tenant", err, directory.Conflict, "identifierUris")
	_, err = hold(elsewhere, directory.AudienceMultiOrg)
	isRule(t, "multi-tenant holder elsewhere", err, directory.Conflict, "identifierUris")
	other, err := hold(elsewhere, directory.AudienceMyOrg)
	must(t, err)
	err = b.Applications.ChangeApplication(ctx, elsewhere, other.ID, func(x *directory.Application) error {
		x.SignInAudience = directory.AudienceMultiOrg
		return nil
	}, event("Update application"))
	isRule(t, "opening the second holder to others", err, directory.Conflict, "identifierUris")

	must(t, b.Applications.DeleteApplication(ctx, elsewhere, other.ID, at(9), event("Delete application")))
	if !taken(elsewhere, false, "") {
		t.Error("a deleted application no longer reserves its URI")
	}
	must(t, b.Deleted.Purge(ctx, elsewhere, other.ID, event("Hard delete application")))
	if taken(elsewhere, false, "") {
		t.Error("a purged application still reserves its URI")
	}
	must(t, b.Applications.ChangeApplication(ctx, tenant, a.ID, func(x *directory.Application) error {
		x.SignInAudience = directory.AudienceMultiOrg
		return nil
	}, event("Update application")))
	_, err = hold(elsewhere, directory.AudienceMyOrg)
	isRule(t, "holder in the tenant when a multi-tenant one exists", err, directory.Conflict, "identifierUris")
}

func (b *suite) builtin(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	a := newApplication(directory.Installation, "Platform API")
	a.Builtin, a.SignInAudience, a.IdentifierURIs = true, directory.AudienceMultiOrg, []string{"https://builtin.example/" + string(a.AppID)}
	must(t, b.Applications.EnsureBuiltin(ctx, a, event("Add application")))
	before := got[map[directory.TenantID]int64](t)(b.Changes.Positions(ctx))[directory.Installation]
	must(t, b.Applications.EnsureBuiltin(ctx, a, event("Add application")))
	after := got[map[directory.TenantID]int64](t)(b.Changes.Positions(ctx))[directory.Installation]
	if before != after {
		t.Error("ensuring what is there already logged a change")
	}
	again := *a
	again.ID, again.DisplayName = newID(), "Platform API 2"
	must(t, b.Applications.EnsureBuiltin(ctx, &again, event("Update application")))
	read := got[*directory.Application](t)(b.Applications.ApplicationByAppID(ctx, a.AppID))
	if read.ID != a.ID || read.DisplayName != again.DisplayName || read.TenantID != directory.Installation {
		t.Errorf("built-in application after refresh: %+v", read)
	}
	p := b.principal(t, tenant, a)
	name := got[*directory.ServicePrincipal](t)(b.ServicePrincipals.ServicePrincipalByName(ctx, tenant, a.IdentifierURIs[0]))
	if name.ID != p.ID || name.App == nil || name.App.DisplayName != again.DisplayName {
		t.Errorf("service principal of the built-in application: %+v", name)
	}
	foreign := b.application(t, tenant, "Mine")
	steal := newApplication(directory.Installation, "Not mine")
	steal.AppID = foreign.AppID
	isRule(t, "app id of a tenant's application", b.Applications.EnsureBuiltin(ctx, steal, event("Add application")), directory.Conflict, "appId")
}

// deletedAt is when tests delete; they purge what is older than a later time.
func deletedAt(minutes int) time.Time { return at(minutes) }
