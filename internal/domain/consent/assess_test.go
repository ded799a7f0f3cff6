package consent_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// A person meets more of an application step by step and is asked only for what is
// new; nothing that was granted is lost.
func TestIncremental(t *testing.T) {
	w := newWorld(t)
	app := w.app("Notes")
	first := w.ask(app, "openid profile offline_access User.Read")
	w.wants(first, "openid profile offline_access User.Read", "openid profile offline_access User.Read", true)
	sp := w.accept(first, false)
	if sp == nil || sp.AppID != app.AppID {
		t.Fatalf("no service principal: %+v", sp)
	}
	w.wants(w.ask(app, "openid profile offline_access user.read"), "openid profile offline_access User.Read", "", false)

	more := w.ask(app, "https://graph.microsoft.com/files.readwrite")
	w.wants(more, "Files.ReadWrite", "Files.ReadWrite", true)
	w.accept(more, false)
	w.wants(w.ask(app, "User.Read"), "User.Read", "", false)
	if got := w.held(first, w.graph()); got != "openid profile User.Read Files.ReadWrite" {
		t.Errorf("held %q", got)
	}
	oidc, err := w.consents.HeldOIDC(t.Context(), w.hakone.ID, sp, w.hanako.ID)
	if err != nil || strings.Join(oidc, " ") != "openid profile offline_access" {
		t.Errorf("held of OpenID Connect: %q, %v", oidc, err)
	}
	// Consent is a person's own.
	other := w.person(w.hakone, "taro")
	w.wants(w.ask(app, "User.Read", as(other)), "User.Read", "User.Read", true)
	if got := w.held(w.ask(app, "User.Read", as(other)), w.graph()); got != "" {
		t.Errorf("somebody else holds %q", got)
	}
	// Asked again, everything is shown and nothing is new.
	w.wants(w.ask(app, "User.Read openid", askAgain), "User.Read openid", "", true)
}

// Everything granted: one read of the database, and no write.
func TestOneRead(t *testing.T) {
	w := newWorld(t)
	orders := w.app("Orders", w.api("Read", "Write"))
	app := w.app("Shop", needs(orders, "Read"))
	w.accept(w.ask(app, "openid offline_access api://"+string(orders.AppID)+"/Read"), false)
	w.accept(w.ask(app, "User.Read"), false)
	for _, scope := range []string{
		"openid offline_access User.Read", "openid api://" + string(orders.AppID) + "/Read User.Read", string(orders.AppID) + "/.default openid",
	} {
		w.store.reads, w.store.writes = 0, 0
		a := w.assess(w.ask(app, scope))
		if a.Needed || len(a.Missing) > 0 || w.store.reads != 1 || w.store.writes != 0 {
			t.Errorf("%s: needed %v with %d reads", scope, a.Needed, w.store.reads)
		}
	}
	// Checking a request needs none.
	w.store.reads = 0
	if err := w.consents.Check(t.Context(), w.ask(app, "User.Read", as(nil))); err != nil || w.store.reads != 0 {
		t.Errorf("checked with %d reads: %v", w.store.reads, err)
	}
}

// What is wrong with a request itself.
func TestAssessRefusesRequests(t *testing.T) {
	w := newWorld(t)
	orders := w.app("Orders", w.api("Read", "-Old"))
	id := string(orders.AppID)
	w.sp(w.hakone, orders)
	shut := w.app("Shut", w.api("Read"))
	shutSP := w.sp(w.hakone, shut)
	w.must(w.ops.ChangeServicePrincipal(t.Context(), directory.Platform(w.hakone.ID), shutSP.ID, func(sp *directory.ServicePrincipal) error {
		sp.AccountEnabled = false
		return nil
	}))
	private := w.appOf(w.usui, "Private", w.api("Read"))
	removed := w.appOf(w.usui, "Removed", w.api("Read"), multi)
	w.sp(w.hakone, removed)
	w.must(w.ops.DeleteApplication(t.Context(), directory.Platform(w.usui.ID), removed.ID))
	gone := w.app("Gone", w.api("Read"))
	app := w.app("Shop", needs(orders, "Read"))
	cross := w.app("Cross", needs(private, "Read"), needs(w.graph(), "User.Read"))
	stale := w.app("Stale", needs(gone, "Read"), needs(w.graph(), "User.Read"))
	w.must(w.ops.DeleteApplication(t.Context(), directory.Platform(w.hakone.ID), gone.ID))
	for _, tt := range []struct {
		name string
		r    *consent.Request
		code aadsts.Code
		says string
	}{
		{"unknown scope", w.ask(app, "openid api://"+id+"/Delete"), aadsts.ScopeNotDefined, "'Delete'"},
		{"unknown scope, the application", w.ask(app, "openid api://"+id+"/Delete"), aadsts.ScopeNotDefined, string(app.AppID)},
		{"unknown scope, the resource", w.ask(app, "openid api://"+id+"/Delete"), aadsts.ScopeNotDefined, "'api://" + id + "'"},
		{"disabled scope", w.ask(app, id+"/Old"), aadsts.ScopeNotDefined, "'Old'"},
		{"unknown scope of Graph", w.ask(app, "User.Dance"), aadsts.ScopeNotDefined, "'User.Dance'"},
		{"address is none of ours", w.ask(app, "openid address"), aadsts.ScopeNotDefined, "'address'"},
		{"phone neither", w.ask(app, "openid phone"), aadsts.ScopeNotDefined, "'phone'"},
		{"application permission by name", w.ask(app, "Sekisho.Tenants.ReadWrite.All"), aadsts.ScopeNotDefined, "Tenants"},
		{"unknown resource", w.ask(app, "api://nowhere/Read"), aadsts.ResourceNotFound, "'api://nowhere'"},
		{"unknown resource by id", w.ask(app, "6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/.default"), aadsts.ResourceNotFound, w.hakone.ID.String()},
		{"unknown resource on v1", w.ask(app, "", v1("https://nowhere.example")), aadsts.ResourceNotFound, "nowhere"},
		{"disabled resource", w.ask(app, "api://"+string(shut.AppID)+"/Read"), aadsts.ResourceDisabled, "disabled"},
		{"disabled resource, .default", w.ask(app, "api://"+string(shut.AppID)+"/.default"), aadsts.ResourceDisabled, ""},
		{"resource of another tenant", w.ask(app, string(private.AppID)+"/Read"), aadsts.ResourceNotFound, ""},
		{"resource of another tenant by name", w.ask(app, "api://"+string(private.AppID)+"/Read"), aadsts.ResourceNotFound, ""},
		{"registered for a resource of another tenant", w.ask(cross, "api://"+string(private.AppID)+"/Read"), aadsts.ResourceUnavailable, ""},
		{"registered for it, .default of another", w.ask(cross, "https://graph.microsoft.com/.default", askAgain), aadsts.ResourceUnavailable, string(private.AppID)},
		{"removed by its owner", w.ask(app, string(removed.AppID)+"/Read"), aadsts.ResourceRemoved, ""},
		{"registered for what is gone", w.ask(stale, "https://graph.microsoft.com/.default", askAgain), aadsts.ResourceRemoved, string(gone.AppID)},
		{"not registered on v1", w.ask(app, "", v1("https://graph.microsoft.com")), aadsts.ResourceNotRegistered, "'https://graph.microsoft.com'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.consents.Assess(t.Context(), tt.r)
			if !errors.Is(err, tt.code) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %v naming %q", err, tt.code, tt.says)
			}
		})
	}
}

// Names of one resource, in the forms that clients write them.
func TestResourceNames(t *testing.T) {
	w := newWorld(t)
	orders := w.app("Orders", w.api("Orders.Read"))
	w.sp(w.hakone, orders)
	app := w.app("Shop")
	id := string(orders.AppID)
	for _, scope := range []string{"api://" + id + "/Orders.Read", "API://" + id + "/orders.read", id + "/ORDERS.READ", strings.ToUpper(id) + "/Orders.Read", "api://" + id + "//Orders.Read"} {
		w.wants(w.ask(app, scope), "Orders.Read", "Orders.Read", true)
	}
	// Two names are one permission.
	w.wants(w.ask(app, "api://"+id+"/Orders.Read "+id+"/orders.read"), "Orders.Read", "Orders.Read", true)
	for _, scope := range []string{"User.Read", "user.read", "https://graph.microsoft.com/User.Read", "https://graph.microsoft.com//User.Read", string(directory.GraphAppID) + "/User.Read"} {
		w.wants(w.ask(app, scope), "User.Read", "User.Read", true)
	}
	// Scopes may span several resources.
	w.wants(w.ask(app, "openid User.Read "+id+"/Orders.Read"), "openid User.Read Orders.Read", "openid User.Read Orders.Read", true)
}

// .default: what is granted, or else everything that is registered, of all APIs.
func TestDefault(t *testing.T) {
	w := newWorld(t)
	orders := w.app("Orders", w.api("Read", "Write", "!Manage", "-Old"), w.role("All"))
	stock := w.app("Stock", w.api("Look"))
	app := w.app("Shop", needs(orders, "Read", "Write", "Old", "All"), needs(stock, "Look"), needs(w.graph(), "User.Read", "Mail.Read"))
	static := w.ask(app, "openid api://"+string(orders.AppID)+"/.default")
	w.settings(w.hakone, func(s *directory.TenantSettings) { s.UserConsent = directory.ConsentLegacy })
	w.wants(static, "openid Read Write Look User.Read Mail.Read", "openid Read Write Look User.Read Mail.Read", true)
	w.accept(static, false)
	if got := w.held(static, stock); got != "Look" {
		t.Errorf("of the other resource it holds %q", got)
	}
	// Whatever is registered from now on does not ask again.
	w.change(app, func(a *directory.Application) {
		a.RequiredResourceAccess = a.RequiredResourceAccess[:2]
		needs(w.graph(), "User.Read", "Mail.Read", "Files.Read")(a)
	})
	w.wants(w.ask(app, "api://"+string(orders.AppID)+"/.default"), "Read Write", "", false)
	w.wants(w.ask(app, ".default"), "openid User.Read Mail.Read", "", false)
	w.wants(w.ask(app, ".default", askAgain), "Read Write Look User.Read Mail.Read Files.Read", "Files.Read", true)
	// A grant of anything stands for all that was granted, registered or not.
	other := w.app("Other", needs(stock, "Look"))
	w.accept(w.ask(other, "api://"+string(orders.AppID)+"/Write"), false)
	w.wants(w.ask(other, "api://"+string(orders.AppID)+"/.default"), "Write", "", false)
	// By an administrator for all, too.
	w.accept(w.ask(other, "api://"+string(stock.AppID)+"/Look", withRoles(directory.RoleGlobalAdministrator)), true)
	taro := w.person(w.hakone, "taro")
	w.wants(w.ask(other, "api://"+string(stock.AppID)+"/.default", as(taro)), "Look", "", false)
}

// Nothing registered and nothing granted is told as such.
func TestNothingRegistered(t *testing.T) {
	w := newWorld(t)
	orders := w.app("Orders", w.api("Read"))
	stock := w.app("Stock", w.api("Look"))
	bare := w.app("Bare")
	shop := w.app("Shop", needs(stock, "Look"))
	for name, r := range map[string]*consent.Request{
		"nothing at all":           w.ask(bare, "api://"+string(orders.AppID)+"/.default"),
		"nothing of this resource": w.ask(shop, "api://"+string(orders.AppID)+"/.default"),
		"nothing, for all":         w.ask(bare, "", forOrganisation, v1(""), withRoles(directory.RoleGlobalAdministrator)),
		"itself":                   w.ask(orders, string(orders.AppID)+"/.default"),
	} {
		a := w.assess(r)
		if !a.Needed || !errors.Is(a.Refusal, aadsts.NoPermissions) {
			t.Errorf("%s: needed %v, refusal %v", name, a.Needed, a.Refusal)
		}
	}
	// Registered for others, an application may be its own resource.
	front := w.app("Front", w.api("Read"), needs(stock, "Look"))
	w.wants(w.ask(front, string(front.AppID)+"/.default"), "Look", "Look", true)
	w.accept(w.ask(front, string(front.AppID)+"/.default"), false)
	w.wants(w.ask(front, string(front.AppID)+"/.default"), "Look", "", false)
}

// Version 1 knows a resource and what is registered.
func TestVersion1(t *testing.T) {
	w := newWorld(t)
	orders := w.app("Orders", w.api("Read"))
	app := w.app("Shop", needs(orders, "Read"), needs(w.graph(), "User.Read"))
	r := w.ask(app, "openid", v1("api://"+string(orders.AppID)))
	w.wants(r, "openid Read User.Read", "openid Read User.Read", true)
	w.accept(r, false)
	w.wants(w.ask(app, "openid", v1(string(orders.AppID))), "openid Read", "", false)
	w.wants(w.ask(app, "openid", v1("")), "openid", "", false)
	// Trusted by the resource, it need not be registered.
	friend := w.app("Friend")
	w.change(orders, func(a *directory.Application) {
		a.API.PreAuthorizedApplications = []directory.PreAuthorizedApplication{{AppID: friend.AppID, DelegatedPermissionIDs: []directory.ID{a.API.OAuth2PermissionScopes[0].ID}}}
	})
	w.sp(w.hakone, friend)
	w.wants(w.ask(friend, "", v1(string(orders.AppID))), "Read", "", false)
}

// A resource may trust a client: what it lists needs no consent, the rest does.
func TestPreAuthorized(t *testing.T) {
	w := newWorld(t)
	orders := w.app("Orders", w.api("Read", "Write", "-Old"))
	app := w.app("Shop")
	w.sp(w.hakone, orders)
	w.change(orders, func(a *directory.Application) {
		s := a.API.OAuth2PermissionScopes
		a.API.PreAuthorizedApplications = []directory.PreAuthorizedApplication{{AppID: app.AppID, DelegatedPermissionIDs: []directory.ID{s[0].ID, s[2].ID}}}
	})
	read := w.ask(app, string(orders.AppID)+"/Read")
	w.wants(read, "Read", "", true) // it has no service principal yet
	w.sp(w.hakone, app)
	w.wants(w.ask(app, string(orders.AppID)+"/Read"), "Read", "", false)
	w.wants(w.ask(app, string(orders.AppID)+"/.default"), "Read", "", false)
	w.wants(w.ask(app, string(orders.AppID)+"/Read "+string(orders.AppID)+"/Write"), "Read Write", "Write", true)
	if got := w.held(read, orders); got != "Read" {
		t.Errorf("held %q, want only what is enabled", got)
	}
}

// An API that knows its client is asked for along with it.
func TestKnownClient(t *testing.T) {
	w := newWorld(t)
	w.settings(w.hakone, func(s *directory.TenantSettings) { s.UserConsent = directory.ConsentLegacy })
	orders := w.app("Orders", w.api("Read"), needs(w.graph(), "Mail.Read"))
	app := w.app("Shop", needs(orders, "Read"))
	scope := "api://" + string(orders.AppID) + "/.default"
	w.wants(w.ask(app, scope), "Read", "Read", true)
	w.change(orders, func(a *directory.Application) { a.API.KnownClientApplications = []directory.ID{app.AppID} })
	w.wants(w.ask(app, "api://"+string(orders.AppID)+"/Read"), "Read", "Read", true) // named scopes do not combine
	r := w.ask(app, scope)
	w.wants(r, "Read Mail.Read", "Read Mail.Read", true)
	for _, p := range w.assess(r).Missing {
		want := app.AppID
		if p.Value == "Mail.Read" {
			want = orders.AppID
		}
		if p.Client.AppID != want {
			t.Errorf("%s goes to %s", p.Value, p.Client.DisplayName)
		}
	}
	w.accept(r, false)
	if got := w.held(w.ask(orders, ""), w.graph()); got != "Mail.Read" {
		t.Errorf("the API holds %q", got)
	}
	if got := w.held(r, w.graph()); got != "" {
		t.Errorf("the client holds %q of Graph", got)
	}
	w.wants(w.ask(app, scope), "Read", "", false)

}

// Consent brings a multi-tenant application into a tenant, with the resources
// that it names.
func TestProvisioning(t *testing.T) {
	w := newWorld(t)
	api := w.app("Orders", w.api("Read"), multi)
	app := w.app("Shop", multi, needs(api, "Read"))
	w.settings(w.usui, func(s *directory.TenantSettings) { s.RiskyConsent = true })
	for _, name := range []string{"api://" + string(api.AppID), string(api.AppID)} {
		r := w.ask(app, "openid "+name+"/read", w.inUsui)
		w.wants(r, "openid Read", "openid Read", true)
		a := w.assess(r)
		if a.Own || a.PublisherVerified {
			t.Errorf("publisher: own %v, verified %v", a.Own, a.PublisherVerified)
		}
	}
	r := w.ask(app, "openid "+string(api.AppID)+"/Read", w.inUsui)
	sp := w.accept(r, false)
	if found := w.find(w.usui, app); found == nil || sp.ID != found.ID || found.TenantID != w.usui.ID || !found.AccountEnabled {
		t.Errorf("the client's service principal: %+v", found)
	}
	if w.find(w.usui, api) == nil {
		t.Error("the resource has no service principal")
	}
	if got := w.held(r, api); got != "Read" {
		t.Errorf("held %q", got)
	}
	// A resource that trusts the client comes by consent too.
	trusting := w.app("Trusting", w.api("Read"), multi)
	w.change(trusting, func(a *directory.Application) {
		a.API.PreAuthorizedApplications = []directory.PreAuthorizedApplication{{AppID: app.AppID, DelegatedPermissionIDs: []directory.ID{a.API.OAuth2PermissionScopes[0].ID}}}
	})
	trusted := string(trusting.AppID) + "/Read"
	w.wants(w.ask(app, trusted, w.inUsui), "Read", "Read", true)
	w.accept(w.ask(app, trusted, w.inUsui), false)
	w.wants(w.ask(app, trusted, w.inUsui), "Read", "", false)
	// At home nothing happened.
	if w.find(w.hakone, app) != nil {
		t.Error("consent elsewhere made a service principal at home")
	}
}

// The view may be silent about a failure of the storage; we are not.
func TestAssessFails(t *testing.T) {
	w := newWorld(t)
	app := w.app("Shop")
	w.sp(w.hakone, app)
	r := w.ask(app, "openid")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.consents.Assess(ctx, r); err == nil {
		t.Error("assessed without a database")
	}
}
