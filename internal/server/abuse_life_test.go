package server_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/sekishotest"
)

func init() {
	attacks["something is taken away"] = abuseLife
	attacks["a guest is taken away"] = abuseGuest
}

// life is what goes on after something was taken away: the application's silent
// request, its refresh token, and its access token at our own resources.
type life struct {
	silent, refresh   string // "" goes on
	userinfo, graphed int
}

var goesOn = life{"", "", 200, 200}

// What is taken away is gone at once, on every way that a person or an application
// may come back.
func abuseLife(t *testing.T, srv *sekishotest.Server) {
	const (
		setUp = `
			person
			app %s
			graph PATCH /v1.0/applications/{client.id}
			  {"displayName":"Orders"}
			signin
			  scope = openid offline_access User.Read
			redeem
			expect 200
			graph GET /v1.0/servicePrincipals?$filter=appId%%20eq%%20'{client}'
			save client.sp = value.0.id
		`
		change = "graph PATCH /v1.0/users/{person.id}\n  "
	)
	dead := life{"login_required", "invalid_grant", 401, 401}
	stopped := life{"", "unauthorized_client", 401, 401}
	for i, tt := range []struct {
		name, script string
		web, spa     life
		page         bool // the silent request ends on a page
	}{
		{name: "nothing", web: goesOn, spa: goesOn},
		{name: "user disabled", script: change + `{"accountEnabled":false}`, web: dead, spa: dead},
		{name: "user deleted", script: "graph DELETE /v1.0/users/{person.id}", web: dead, spa: dead},
		{name: "sessions revoked", script: "graph POST /v1.0/users/{person.id}/revokeSignInSessions 200\n  {}", web: dead, spa: dead},
		{name: "password reset", script: change + `{"passwordProfile":{"password":"Suzume-Kawara-88!","forceChangePasswordNextSignIn":false}}`, web: dead, spa: dead},
		{name: "application disabled", script: "graph PATCH /v1.0/servicePrincipals/{client.sp}\n  {\"accountEnabled\":false}", web: stopped, spa: stopped, page: true},
		{name: "service principal deleted", script: "graph DELETE /v1.0/servicePrincipals/{client.sp}", web: life{"consent_required", "invalid_grant", 401, 401}, spa: life{"consent_required", "invalid_grant", 401, 401}},
		{name: "application deleted", script: "graph DELETE /v1.0/applications/{client.id}", web: stopped, spa: stopped, page: true},
		{name: "assignment demanded", script: `
			graph GET /v1.0/servicePrincipals/{client.sp}/appRoleAssignedTo
			save given = value.0.id
			graph DELETE /v1.0/servicePrincipals/{client.sp}/appRoleAssignedTo/{given}
			graph PATCH /v1.0/servicePrincipals/{client.sp}
			  {"appRoleAssignmentRequired":true}`,
			web: life{"interaction_required", "invalid_grant", 200, 200}, spa: life{"interaction_required", "invalid_grant", 200, 200}},
		{name: "consent revoked", script: `
			graph GET /v1.0/oauth2PermissionGrants?$filter=principalId%20eq%20'{person.id}'
			save grant = value.0.id
			graph DELETE /v1.0/oauth2PermissionGrants/{grant}`,
			web: life{"consent_required", "invalid_grant", 200, 200}, spa: life{"consent_required", "invalid_grant", 200, 200}},
		{name: "own password changed", script: `
			graph GET /v1.0/servicePrincipals?$filter=appId%20eq%20'00000003-0000-0000-c000-000000000000'
			save graph.sp = value.0.id
			graph POST /v1.0/oauth2PermissionGrants
			  {"clientId":"{client.sp}","consentType":"AllPrincipals","resourceId":"{graph.sp}","scope":"Directory.AccessAsUser.All"}
			refresh
			  scope = https://graph.microsoft.com/.default openid offline_access
			expect 200
			me POST /v1.0/me/changePassword 204
			  {"currentPassword":"{person.password}","newPassword":"Suzume-Kawara-88!"}`,
			web: life{"login_required", "", 200, 200}, spa: dead},
		{name: "signed out", script: "logout\n  id_token_hint = {id}", web: life{"login_required", "", 200, 200}, spa: life{"login_required", "", 200, 200}},
	} {
		for j, kind := range []string{"web", "spa"} {
			if tt.web == tt.spa && i%2 != j {
				continue // one of them will do
			}
			w := attacked(t, srv, fmt.Sprintf(setUp, kind))
			w.steps(tt.script)
			if got, want := w.life(tt.page), []life{tt.web, tt.spa}[j]; got != want {
				t.Errorf("%s, %s: %+v, want %+v", tt.name, kind, got, want)
			}
		}
	}
}

// life looks at what is left.
func (w *world) life(page bool) life {
	w.t.Helper()
	var got life
	access := w.vars["access"]
	w.stepAuthorize(step{params: [][2]string{{"prompt", "none"}, {"scope", "openid User.Read"}}})
	w.canary()
	if page != (w.header.Get("Location") == "") {
		w.t.Errorf("a page: %t; %d %s", !page, w.status, w.header.Get("Location"))
	}
	if !page {
		_, fields := w.answer()
		got.silent = fields.Get("error")
	}
	w.stepRefresh(step{})
	got.refresh, _ = w.json["error"].(string)
	at := w.resources(access)
	got.graphed, got.userinfo = at[0], at[1]
	return got
}

// A guest is the account that it is linked with at that moment, and no more than
// that account at home.
func abuseGuest(t *testing.T, srv *sekishotest.Server) {
	for name, script := range map[string]string{
		"disabled here":  "graph PATCH /v1.0/users/{kai.guest}\n  {\"accountEnabled\":false}",
		"deleted here":   "graph DELETE /v1.0/users/{kai.guest}",
		"linked no more": "graph PATCH /v1.0/users/{kai.guest}\n  {\"identities\":[]}",
	} {
		w := attacked(t, srv, `
			foreigner kai
			guest kai
			app web
			signin kai
			  scope = openid offline_access User.Read
			redeem
			expect 200
		`)
		if got := w.resources(w.vars["access"]); got != welcome {
			t.Fatalf("a guest: %v", got)
		}
		// The administrator's application may link accounts.
		w.vars["admin"] = w.adminID
		w.steps(`
			graph GET /v1.0/servicePrincipals?$filter=appId%20eq%20'{admin}'
			save admin.sp = value.0.id
			graph GET /v1.0/servicePrincipals?$filter=appId%20eq%20'00000003-0000-0000-c000-000000000000'
			save graph.sp = value.0.id
			graph POST /v1.0/servicePrincipals/{admin.sp}/appRoleAssignments
			  {"principalId":"{admin.sp}","resourceId":"{graph.sp}","appRoleId":"c529cfca-c91b-489c-af2b-d92990b66ce6"}
		`)
		w.adminUntil = time.Time{}
		w.steps(script)
		if got := w.resources(w.vars["access"]); got != unwanted {
			t.Errorf("%s: the access token: %v", name, got)
		}
		w.try(name+": refreshing", refresh)
		w.stepAuthorize(step{params: [][2]string{{"prompt", "none"}}})
		if _, fields := w.answer(); fields.Has("code") {
			t.Errorf("%s: a silent sign-in goes on", name)
		}
	}
}
