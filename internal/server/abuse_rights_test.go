package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"
)

func init() {
	attacks["consent for all by somebody who may not"] = abuseOrganisationConsent
	attacks["people do what they may not through an application that may"] = abuseDelegated
}

// granted are the grants of the application for all people, and how many there
// are for one.
func (w *world) granted() (all []string, single int) {
	w.t.Helper()
	w.graph(w.token(), "GET", "/v1.0/oauth2PermissionGrants?$top=100", "", http.StatusOK)
	list, _ := w.json["value"].([]any)
	for _, g := range list {
		grant, _ := g.(map[string]any)
		if grant["clientId"] != w.vars["client.sp"] {
			continue
		}
		if grant["consentType"] == "AllPrincipals" {
			all = append(all, fmt.Sprint(grant["scope"]))
		} else {
			single++
		}
	}
	return all, single
}

// Nobody grants for the organisation who is not its administrator at that moment,
// and no administrator by a link alone.
func abuseOrganisationConsent(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person hana
		admin ruri global
		app web
		graph POST /v1.0/servicePrincipals
		  {"appId":"{client}"}
		save client.sp = id
		authorize
		  scope = openid User.Read
		walk hana upto=consent
		post
		  organisation = yes
		page stay
	`)
	if all, single := w.granted(); len(all) > 0 || single != 1 {
		t.Errorf("a person granted for all: %v", all)
	}
	// What only an administrator may grant, by the page of something else.
	w.steps(`
		authorize
		  scope = openid User.ReadWrite.All
		page refused
		post
		  step = consent
		  organisation = yes
		page refused
		post
		  step = consent
		  action = yes
		page refused
		adminconsent
		  redirect_uri = {redirect}
		walk hana
		page refused
		post
		  step = consent
		page refused
	`)
	if all, single := w.granted(); len(all) > 0 || single != 1 {
		t.Errorf("a refused page granted: %v", all)
	}
	// An administrator who signed in a moment ago proves it again.
	w.steps(`
		browser second
		authorize
		walk ruri
		redirect
		clock 1s
		adminconsent
		  redirect_uri = {redirect}
		  prompt = none
		  state = st
	`)
	if w.due() != "password" && w.due() != "pick" || w.header.Get("Location") != "" {
		t.Errorf("an administrator's browser leads to %q %s", w.due(), w.header.Get("Location"))
	}
	w.steps(`
		walk ruri upto=consent
		keep
		graph GET /v1.0/roleManagement/directory/roleAssignments?$filter=principalId%20eq%20'{ruri.id}'
		save assigned = value.0.id
		graph DELETE /v1.0/roleManagement/directory/roleAssignments/{assigned}
		post
		  @kept = 1
		page refused
	`)
	if all, _ := w.granted(); len(all) > 0 {
		t.Errorf("an administrator of before granted: %v", all)
	}
	// The answer goes to registered addresses alone, here too.
	for _, uri := range elsewhereURIs {
		w.stepAdminConsent(step{params: [][2]string{{"redirect_uri", uri}}})
		w.canary()
		if w.status != http.StatusBadRequest || w.ledElsewhere() != "" {
			t.Errorf("%q: %d, leads to %q", uri, w.status, w.ledElsewhere())
		}
	}
}

// denied is what no member may do, whatever the application may.
var denied = []struct{ method, path, body string }{
	{"PATCH", "/users/{ren.id}", `{"jobTitle":"x"}`},
	{"PATCH", "/users/{ren.id}", `{"passwordProfile":{"password":"Kaede-Mizube-77!"}}`},
	{"PATCH", "/users/{ruri.id}", `{"passwordProfile":{"password":"Kaede-Mizube-77!"}}`},
	{"PATCH", "/me", `{"passwordProfile":{"password":"Kaede-Mizube-77!"}}`},
	{"PATCH", "/me", `{"accountEnabled":false}`},
	{"PATCH", "/me", `{"userType":"Guest"}`},
	{"PATCH", "/me", `{"userPrincipalName":"other@{domain}"}`},
	{"PATCH", "/me", `{"identities":[{"signInType":"federated","issuer":"{kai.tenant}","issuerAssignedId":"{kai.id}"}]}`},
	{"PATCH", "/me", `{"otherMails":["ruri@{domain}"]}`},
	{"PATCH", "/me", `{"passwordPolicies":"DisablePasswordExpiration"}`},
	{"POST", "/users", `{"accountEnabled":true,"displayName":"x","mailNickname":"x","userPrincipalName":"x@{domain}","passwordProfile":{"password":"Kaede-Mizube-77!"}}`},
	{"DELETE", "/users/{ren.id}", ""},
	{"DELETE", "/me", ""},
	{"POST", "/users/{ruri.id}/revokeSignInSessions", "{}"},
	{"POST", "/roleManagement/directory/roleAssignments", `{"principalId":"{hana.id}","roleDefinitionId":"62e90394-69f5-4237-9190-012177145e10","directoryScopeId":"/"}`},
	{"POST", "/oauth2PermissionGrants", `{"clientId":"{client.sp}","consentType":"AllPrincipals","resourceId":"{graph.sp}","scope":"User.Read"}`},
	{"POST", "/oauth2PermissionGrants", `{"clientId":"{client.sp}","consentType":"Principal","principalId":"{ruri.id}","resourceId":"{graph.sp}","scope":"User.Read"}`},
	{"POST", "/applications/{victim.id}/addPassword", `{"passwordCredential":{"displayName":"s"}}`},
	{"PATCH", "/applications/{victim.id}", `{"web":{"redirectUris":["https://evil.example/cb"]}}`},
	{"PATCH", "/applications/{client.id}", `{"web":{"redirectUris":["https://evil.example/cb"]}}`},
	{"PATCH", "/servicePrincipals/{client.sp}", `{"accountEnabled":false}`},
	{"POST", "/servicePrincipals/{client.sp}/appRoleAssignedTo", `{"principalId":"{hana.id}","resourceId":"{client.sp}","appRoleId":"00000000-0000-0000-0000-000000000000"}`},
	{"POST", "/invitations", `{"invitedUserEmailAddress":"kai@{kai.domain}","inviteRedirectUrl":"https://app.example/"}`},
	{"PATCH", "/organization/{tenant}", `{"displayName":"x"}`},
	{"PATCH", "/policies/authorizationPolicy", `{"defaultUserRolePermissions":{"permissionGrantPoliciesAssigned":["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"]}}`},
	// Of another tenant, by ids and by names.
	{"GET", "/users/{kai.id}", ""}, {"GET", "/users/{kai}", ""}, {"PATCH", "/users/{kai.id}", `{"jobTitle":"x"}`}, {"GET", "/organization/{kai.tenant}", ""},
}

// tryAll does it all with {access}.
func (w *world) tryAll(who string) {
	w.t.Helper()
	for _, d := range denied {
		req := w.request(d.method, w.srv.URL+"/v1.0"+w.expand(d.path), strings.NewReader(w.expand(d.body)))
		req.Header.Set("Authorization", "Bearer "+w.vars["access"])
		if d.body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		w.send(req)
		if w.status != http.StatusForbidden && w.status != http.StatusNotFound && w.status != http.StatusMethodNotAllowed {
			w.t.Errorf("%s: %s %s %s: %d %s", who, d.method, d.path, d.body, w.status, w.body)
		}
	}
}

// An application that may do everything does no more for a person than the person
// may do.
func abuseDelegated(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person hana
		person ren
		admin ruri global
		foreigner kai
		guest kai
		app web victim
		app web
		graph POST /v1.0/servicePrincipals
		  {"appId":"{client}"}
		save client.sp = id
		graph GET /v1.0/servicePrincipals?$filter=appId%20eq%20'00000003-0000-0000-c000-000000000000'
		save graph.sp = value.0.id
		graph POST /v1.0/oauth2PermissionGrants
		  {"clientId":"{client.sp}","consentType":"AllPrincipals","resourceId":"{graph.sp}","scope":"openid profile offline_access User.Read User.ReadWrite.All Directory.ReadWrite.All Directory.AccessAsUser.All"}
		signin hana
		  scope = openid https://graph.microsoft.com/.default
		redeem
		expect 200
	`)
	w.tryAll("a member")
	// A guest may do less still.
	w.steps(`
		browser second
		signin kai
		  scope = openid https://graph.microsoft.com/.default
		redeem
		expect 200
		me GET /v1.0/users 403
		me GET /v1.0/users/{ren.id} 403
		me GET /v1.0/me
	`)
	w.tryAll("a guest")
	// A role is what it is now, not what it was when the token was issued.
	w.steps(`
		browser third
		signin ruri
		  scope = openid https://graph.microsoft.com/.default
		redeem
		expect 200
		me PATCH /v1.0/users/{ren.id}
		  {"jobTitle":"x"}
		graph GET /v1.0/roleManagement/directory/roleAssignments?$filter=principalId%20eq%20'{ruri.id}'
		save assigned = value.0.id
		graph DELETE /v1.0/roleManagement/directory/roleAssignments/{assigned}
		me PATCH /v1.0/users/{ren.id} 403
		  {"jobTitle":"y"}
	`)
	w.vars["hana.id"], w.vars["ruri.id"] = w.vars["ruri.id"], w.vars["hana.id"]
	w.tryAll("an administrator of before")
	// An application with few scopes does little even for an administrator.
	w.steps(`
		admin aoi global
		browser fourth
		app web
		signin aoi
		  scope = openid User.Read
		redeem
		expect 200
		me GET /v1.0/me
		me GET /v1.0/users 403
		me PATCH /v1.0/me 403
		  {"city":"x"}
	`)
	w.tryAll("an administrator by an application with User.Read")
}
