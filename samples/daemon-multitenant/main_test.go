package main

import (
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"

	"github.com/sekisho-id/sekisho/samples/internal/stage"
)

// The vendor's daemon at a customer: refused, added, granted, revoked, removed.
// What the customer decides, the customer's administrator does through Graph.
func TestCustomerDecides(t *testing.T) {
	s := stage.New(t, sekishotest.Options{})
	vendor, customer := s.Bootstrap.Demo[stage.Usui], s.Bootstrap.Demo[stage.Hakone]
	app := vendor.Apps["multitenantDaemon"]
	env := s.Env().With(stage.Env{
		"AUTHORITY": s.URL + "/" + vendor.TenantID, "CLIENT_ID": app.ClientID, "CLIENT_SECRET": app.ClientSecret,
		"TENANTS": customer.TenantID,
	})
	admin := s.Admin(t, stage.Hakone)
	// call runs the daemon once; a new process has no token in its cache.
	call := func(step string, wantStatus int, want string) {
		t.Helper()
		status, out, said := stage.Once(t, setup, env)
		if status != wantStatus || !strings.Contains(out+said, want) {
			t.Errorf("%s: status %d, answer %q, %s; want status %d and %q", step, status, out, said, wantStatus, want)
		}
		if !strings.Contains(out+said, customer.TenantID+": ") {
			t.Errorf("%s: the daemon does not say which tenant: %q, %s", step, out, said)
		}
	}

	call("nothing done", 1, errNotAdded.Error())

	principal, err := admin.AddServicePrincipal(t.Context(), app.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	call("added", 1, errNotGranted.Error())

	api, err := admin.ServicePrincipal(t.Context(), s.OrdersAPI)
	if err != nil {
		t.Fatal(err)
	}
	grant, err := admin.AssignRole(t.Context(), principal, api, "Orders.Read.All")
	if err != nil {
		t.Fatal(err)
	}
	call("granted", 0, `"item":"sencha"`)

	if err := admin.RemoveAssignment(t.Context(), grant); err != nil {
		t.Fatal(err)
	}
	call("grant revoked", 1, errNotGranted.Error())

	if _, err := admin.AssignRole(t.Context(), principal, api, "Orders.Read.All"); err != nil {
		t.Fatal(err)
	}
	call("granted again", 0, `"item":"sencha"`)

	if err := admin.RemoveServicePrincipal(t.Context(), principal.ID); err != nil {
		t.Fatal(err)
	}
	call("removed", 1, "AADSTS7000229")
}

// What one customer decides does not touch another.
func TestCustomersAreApart(t *testing.T) {
	s := stage.New(t, sekishotest.Options{})
	vendor, customer := s.Bootstrap.Demo[stage.Usui], s.Bootstrap.Demo[stage.Hakone]
	app := vendor.Apps["multitenantDaemon"]
	admin := s.Admin(t, stage.Hakone)
	principal, err := admin.AddServicePrincipal(t.Context(), app.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	api, err := admin.ServicePrincipal(t.Context(), s.OrdersAPI)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.AssignRole(t.Context(), principal, api, "Orders.Read.All"); err != nil {
		t.Fatal(err)
	}
	status, out, said := stage.Once(t, setup, s.Env().With(stage.Env{
		"AUTHORITY": s.URL + "/" + vendor.TenantID, "CLIENT_ID": app.ClientID, "CLIENT_SECRET": app.ClientSecret,
		// The first has never heard of the application.
		"TENANTS": s.Bootstrap.TenantID + "," + customer.TenantID,
	}))
	if status != 1 || !strings.Contains(said, s.Bootstrap.TenantID+": "+errNotAdded.Error()) {
		t.Errorf("the first customer: status %d, %s", status, said)
	}
	if !strings.Contains(out, customer.TenantID+`: [{"id":"1","item":"sencha"`) {
		t.Errorf("the second customer got %q", out)
	}
}

func TestSettings(t *testing.T) {
	status, _, said := stage.Once(t, setup, nil)
	if status != 2 || !strings.Contains(said, "TENANTS is not set") {
		t.Errorf("status %d: %s", status, said)
	}
}
