package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"
)

// Each scenario has an application in the demonstration tenants, Hana a role, and
// the guest an account at home.
func TestDevSeeds(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{})
	w := &world{t: t, srv: srv}
	read := func(domain, path string) map[string]any {
		t.Helper()
		d := srv.Bootstrap.Demo[domain]
		w.graph(w.graphToken(d.TenantID, d.ClientID, d.ClientSecret), "GET", "/v1.0"+path, "", 200)
		var o map[string]any
		if err := json.Unmarshal(w.body, &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	for _, c := range []struct {
		domain, key, platform, redirect string
		secret                          bool
	}{
		{"hakone.example", "ordersWeb", "web", "http://localhost:3000/auth/callback", true},
		{"hakone.example", "ordersSpa", "spa", "http://localhost:5173/redirect.html", false},
		{"hakone.example", "ordersDesktop", "publicClient", "http://localhost", false},
		{"usui.example", "shipmentsWeb", "web", "https://localhost:3001/auth/callback", true},
	} {
		app := srv.Bootstrap.Demo[c.domain].Apps[c.key]
		if !slices.Contains(app.RedirectURIs, c.redirect) || (app.ClientSecret != "") != c.secret {
			t.Errorf("bootstrap.json says of %s: %v, secret %v", c.key, app.RedirectURIs, app.ClientSecret != "")
		}
		got := read(c.domain, "/applications(appId='"+app.ClientID+"')?$select="+c.platform+",requiredResourceAccess")
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{c.redirect, "e1fe6dd8-ba31-4d61-89e7-88639da4683d"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s lacks %s: %s", c.key, want, text)
			}
		}
	}
	roles := read("hakone.example", "/users/hana@hakone.example/appRoleAssignments")["value"].([]any)
	if len(roles) != 1 || roles[0].(map[string]any)["appRoleId"] != "4a6b0e00-0000-4000-8000-000000000203" {
		t.Errorf("Hana has %v", roles)
	}
	aya := read("hakone.example", "/users/4a6b0e00-0000-4000-8000-000000000013?$select=identities,userType")
	home := read("usui.example", "/users/aya@usui.example")
	identity := aya["identities"].([]any)[0].(map[string]any)
	if identity["issuer"] != srv.Bootstrap.Demo["usui.example"].TenantID || identity["issuerAssignedId"] != home["id"] || aya["userType"] != "Guest" {
		t.Errorf("the guest is %v, at home %v", aya, home["id"])
	}
	for _, domain := range []string{"hakone.example", "usui.example"} {
		given := read(domain, "/users/admin@"+domain+"/memberOf")["value"].([]any)
		if len(given) != 1 || given[0].(map[string]any)["displayName"] != "Global Administrator" {
			t.Errorf("the administrator of %s has %v", domain, given)
		}
	}
}
