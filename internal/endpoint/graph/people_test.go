package graph

import (
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const (
	globalAdministrator = string(directory.RoleGlobalAdministrator)
	userAdministrator   = string(directory.RoleUserAdministrator)
	noRole              = "Authorization_RequestDenied"
)

// TestPeopleManageApplications: what one registers one owns, and what one owns
// one manages, up to one's own strength.
func TestPeopleManageApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	people(w)
	_, w.vars["der"] = newCertificate(t, "c")
	key := `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"{der}"}]}`
	grantTo := func(sp, role string) string {
		return `{"principalId":"` + sp + `","resourceId":"{first.graph}","appRoleId":"` + role + `"}`
	}
	const readDomains, readAllUsers, changeDomains = "dbb9058a-0e50-45d7-ae91-66909b5d4664", "df021288-bdef-4463-88db-98f22de89214", "7e05723c-0bb0-42da-be95-ae9f08a6e53c"
	w.run([]step{
		{name: "register", as: "member", method: "POST", path: "/applications", body: `{"displayName":"mine"}`, status: 201, save: map[string]string{"mine": "id", "mineId": "appId"}},
		{name: "owner at once", as: "member", method: "GET", path: "/applications/{mine}/owners", status: 200, has: []string{"{member}"}},
		{name: "principal of another's", as: "member", method: "POST", path: "/servicePrincipals", body: `{"appId":"{first.apiId}"}`, status: 403},
		{name: "principal", as: "member", method: "POST", path: "/servicePrincipals", body: `{"appId":"{mineId}"}`, status: 201, save: map[string]string{"mineSp": "id"}},
		{name: "change", as: "member", method: "PATCH", path: "/applications/{mine}", body: `{"notes":"n"}`, status: 204},
		{name: "secret", as: "member", method: "POST", path: "/applications/{mine}/addPassword", status: 200},
		{name: "certificate", as: "member", method: "PATCH", path: "/applications/{mine}", body: key, status: 204},
		{name: "another's", as: "member", method: "PATCH", path: "/applications/{first.api}", body: `{"notes":"n"}`, status: 403, has: []string{noRole}},
		{name: "another's by appId", as: "member", method: "PATCH", path: "/applications(appId='{first.apiId}')", body: `{"notes":"n"}`, status: 403},
		{name: "another's secret", as: "member", method: "POST", path: "/servicePrincipals/{first.apiSp}/addPassword", status: 403},
		{name: "not by upsert", as: "member", method: "PATCH", path: "/applications(uniqueName='new')", body: `{"displayName":"new"}`, header: []string{"Prefer: create-if-missing"}, status: 404},
		{name: "administrators by upsert", as: "apps", method: "PATCH", path: "/applications(uniqueName='new')", body: `{"displayName":"new"}`, header: []string{"Prefer: create-if-missing"}, status: 201},
		{name: "a role of Graph by itself", as: "member", method: "POST", path: "/servicePrincipals/{mineSp}/appRoleAssignments", body: grantTo("{mineSp}", readDomains), status: 403},
		{name: "a role of Graph by an administrator of applications", as: "apps", method: "POST", path: "/servicePrincipals/{mineSp}/appRoleAssignments", body: grantTo("{mineSp}", readDomains), status: 403, has: []string{"Application permissions of Microsoft Graph"}},
		{name: "from the other side", as: "apps", method: "POST", path: "/servicePrincipals/{first.graph}/appRoleAssignedTo", body: grantTo("{mineSp}", readDomains), status: 403, has: []string{"Application permissions of Microsoft Graph"}},
		{name: "a role of another resource", as: "apps", method: "POST", path: "/servicePrincipals/{first.apiSp}/appRoleAssignedTo", body: `{"principalId":"{mineSp}","resourceId":"{first.apiSp}","appRoleId":"8c1e9a60-0000-4000-8000-00000000000a"}`, status: 201, save: map[string]string{"given": "id"}},
		{name: "taken back by the owner of the resource", as: "owner", method: "DELETE", path: "/servicePrincipals/{first.apiSp}/appRoleAssignedTo/{given}", status: 204},
		{name: "not by the owner of the client", as: "member", method: "POST", path: "/servicePrincipals/{first.apiSp}/appRoleAssignedTo", body: `{"principalId":"{mineSp}","resourceId":"{first.apiSp}","appRoleId":"8c1e9a60-0000-4000-8000-00000000000a"}`, status: 403},
		{name: "what members may do anyway", as: "roles", method: "POST", path: "/servicePrincipals/{mineSp}/appRoleAssignments", body: grantTo("{mineSp}", readDomains), status: 201},
		{name: "still the owner's", as: "member", method: "POST", path: "/applications/{mine}/addPassword", status: 200},
		{name: "what members may do in part", as: "global", method: "POST", path: "/servicePrincipals/{mineSp}/appRoleAssignments", body: grantTo("{mineSp}", readAllUsers), status: 201, save: map[string]string{"given": "id"}},
		{name: "the owner is too weak now", as: "member", method: "POST", path: "/applications/{mine}/addPassword", status: 403, has: []string{"cannot add credentials"}},
		{name: "for the principal", as: "member", method: "POST", path: "/servicePrincipals/{mineSp}/addPassword", status: 403, has: []string{"cannot add credentials"}},
		{name: "for certificates", as: "member", method: "PATCH", path: "/applications/{mine}", body: key, status: 403, has: []string{"cannot add credentials"}},
		{name: "for federation", as: "member", method: "POST", path: "/applications/{mine}/federatedIdentityCredentials", body: `{"name":"x","issuer":"https://oidc.example","subject":"s","audiences":["api://AzureADTokenExchange"]}`, status: 403, has: []string{"cannot add credentials"}},
		{name: "nothing else", as: "member", method: "PATCH", path: "/applications/{mine}", body: `{"notes":"m"}`, status: 204},
		{name: "removed", as: "global", method: "DELETE", path: "/servicePrincipals/{mineSp}/appRoleAssignments/{given}", status: 204},
		{name: "strong again", as: "member", method: "POST", path: "/applications/{mine}/addPassword", status: 200},
		{name: "what no role but the highest may", as: "global", method: "POST", path: "/servicePrincipals/{mineSp}/appRoleAssignments", body: grantTo("{mineSp}", changeDomains), status: 201},
		{name: "not even administrators of applications", as: "apps", method: "POST", path: "/applications/{mine}/addPassword", status: 403, has: []string{"cannot add credentials"}},
		{name: "the highest", as: "global", method: "POST", path: "/applications/{mine}/addPassword", status: 200},
		{name: "delete", as: "member", method: "DELETE", path: "/applications/{mine}", status: 204},
		{name: "out of the bin", as: "member", method: "POST", path: "/directory/deletedItems/{mine}/restore", status: 403},
		{name: "by an administrator of users", as: "users", method: "POST", path: "/directory/deletedItems/{mine}/restore", status: 403},
		{name: "by one of applications", as: "apps", method: "POST", path: "/directory/deletedItems/{mine}/restore", status: 200},
	})
	// An application acting for itself may roll its own credentials. A person who
	// acts through it may not.
	through := *w.tokens["member"]
	through.AppID = directory.ID(w.vars["mineId"])
	w.tokens["through"] = &through
	w.step(step{name: "through the application itself", as: "through", method: "POST", path: "/applications/{mine}/addPassword", status: 403})
}

// TestRolesOfApplications: a directory role makes an application strong, also
// against those who would borrow it.
func TestRolesOfApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	people(w)
	w.allow("bare")
	actor := *w.tokens["bare"]
	actor.App, actor.AppID = directory.ID(w.vars["first.apiSp"]), directory.ID(w.vars["first.apiId"])
	w.tokens["bare"] = &actor
	w.run([]step{
		{name: "nothing", as: "bare", method: "GET", path: "/users", status: 403},
		{name: "the role", as: "roles", method: "POST", path: "/roleManagement/directory/roleAssignments", body: `{"principalId":"{first.apiSp}","roleDefinitionId":"` + userAdministrator + `","directoryScopeId":"/"}`, status: 201, save: map[string]string{"given": "id"}},
		{name: "users", as: "bare", method: "GET", path: "/users?$select=id,passwordPolicies", status: 200},
		{name: "changes users", as: "bare", method: "PATCH", path: "/users/{aki}", body: `{"accountEnabled":false,"passwordProfile":{"password":"Momiji-2026-xyz!"}}`, status: 204},
		{name: "not those with a role", as: "bare", method: "PATCH", path: "/users/{reader}", body: `{"accountEnabled":false}`, status: 403, has: []string{"has a directory role"}},
		{name: "no applications", as: "bare", method: "POST", path: "/applications", body: `{"displayName":"x"}`, status: 403},
		{name: "no default rights", as: "bare", method: "GET", path: "/applications", status: 403},
		{name: "never for people", as: "bare", method: "GET", path: "/me", status: 400},
		{name: "its owner is too weak", as: "owner", method: "POST", path: "/applications/{first.api}/addPassword", status: 403, has: []string{"has a directory role"}},
		{name: "its owner cannot put it away", as: "owner", method: "DELETE", path: "/applications/{first.api}", status: 403},
		{name: "nor the principal", as: "owner", method: "DELETE", path: "/servicePrincipals/{first.apiSp}", status: 403},
		{name: "as strong", as: "apps", method: "POST", path: "/applications/{first.api}/addPassword", status: 200},
		{name: "deleted by one as strong", as: "apps", method: "DELETE", path: "/servicePrincipals/{first.apiSp}", status: 204},
		{name: "back", as: "apps", method: "POST", path: "/directory/deletedItems/{first.apiSp}/restore", status: 200},
		{name: "the role did not come back", as: "bare", method: "GET", path: "/users", status: 403},
		{name: "nor is it listed", method: "GET", path: "/roleManagement/directory/roleAssignments/{given}", status: 404},
	})
}

// TestPrivilegedTargets: an account with a directory role is out of reach of
// those who administer users.
func TestPrivilegedTargets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	people(w)
	w.allow("weak", "User.ReadWrite.All", "User.ManageIdentities.All")
	for _, body := range []string{
		`{"passwordProfile":{"password":"Momiji-2026-xyz!"}}`, `{"accountEnabled":false}`, `{"mobilePhone":"1"}`, `{"businessPhones":["1"]}`,
		`{"otherMails":["a@b.example"]}`, `{"userPrincipalName":"taken@contoso.example"}`, `{"onPremisesImmutableId":"x"}`,
		`{"identities":[{"signInType":"federated","issuer":"{other.tenant}","issuerAssignedId":"{other.user}"}]}`,
		`{"displayName":"x","accountEnabled":false}`,
	} {
		for _, as := range []string{"users", "weak"} {
			for _, whom := range []string{"global", "reader", "inviter", "first.user"} {
				w.step(step{name: body, as: as, method: "PATCH", path: "/users/{" + whom + "}", body: body, status: 403, has: []string{"has a directory role"}})
			}
		}
		for _, as := range []string{"member", "apps", "reader", "guest", "roles"} {
			w.step(step{name: body, as: as, method: "PATCH", path: "/users/{aki}", body: body, status: 403, has: []string{noRole}})
		}
		w.step(step{name: body, as: "users", method: "PATCH", path: "/users/{aki}", body: body, status: 204})
	}
	w.run([]step{
		{name: "what takes nothing over", as: "users", method: "PATCH", path: "/users/{reader}", body: `{"department":"Gate"}`, status: 204},
		{name: "delete", as: "users", method: "DELETE", path: "/users/{reader}", status: 403},
		{name: "delete by an application", as: "weak", method: "DELETE", path: "/users/{reader}", status: 403},
		{name: "one's own password only with the old one", as: "users", method: "PATCH", path: "/users/{users}", body: `{"passwordProfile":{"password":"Momiji-2026-xyz!"}}`, status: 403},
		{name: "one's own phone", as: "users", method: "PATCH", path: "/me", body: `{"mobilePhone":"2"}`, status: 204},
		{name: "by the highest", as: "global", method: "PATCH", path: "/users/{users}", body: `{"passwordProfile":{"password":"Momiji-2026-xyz!"}}`, status: 204},
		{name: "deleted by the highest", as: "global", method: "DELETE", path: "/users/{reader}", status: 204},
	})
}

// TestOwnAccount: what people do to themselves.
func TestOwnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	people(w)
	w.person("reads", "member", "User.Read")
	w.person("writes", "member", "User.ReadWrite")
	w.person("basics", "member", "User.ReadBasic.All")
	w.person("both", "member", "User.ReadBasic.All", "User.Read")
	w.person("password", "member", "User-PasswordProfile.ReadWrite.All")
	w.step(step{name: "consent", method: "POST", path: "/oauth2PermissionGrants", body: `{"clientId":"{first.apiSp}","consentType":"Principal","principalId":"{member}","resourceId":"{first.graph}","scope":"User.Read"}`, status: 201, save: map[string]string{"consent": "id"}})
	w.run([]step{
		{name: "me", as: "reads", method: "GET", path: "/me", status: 200, has: []string{"{member}", "#users/$entity"}},
		{name: "me by id", as: "reads", method: "GET", path: "/users/{member}?$select=id,passwordPolicies", status: 200},
		{name: "me by name", as: "reads", method: "GET", path: "/users/MEMBER@contoso.example", status: 200},
		{name: "another", as: "reads", method: "GET", path: "/users/{aki}", status: 403},
		{name: "nobody", as: "reads", method: "GET", path: "/users/11111111-2222-4333-8444-555555555555", status: 403},
		{name: "no list", as: "reads", method: "GET", path: "/users", status: 403},
		{name: "no writing", as: "reads", method: "PATCH", path: "/me", body: `{"mobilePhone":"1"}`, status: 403},
		{name: "only the basics of others", as: "both", method: "GET", path: "/users/{aki}?$select=jobTitle", status: 403},
		{name: "everything of oneself", as: "both", method: "GET", path: "/users/{member}?$select=jobTitle", status: 200},
		{name: "the basics of all", as: "basics", method: "GET", path: "/users/{aki}", status: 200, has: []string{"displayName"}, not: []string{"jobTitle"}},
		{name: "writing", as: "writes", method: "PATCH", path: "/me", body: `{"mobilePhone":"1","preferredLanguage":"ja"}`, status: 204},
		{name: "writing by id", as: "writes", method: "PATCH", path: "/users/{member}", body: `{"mobilePhone":"2"}`, status: 204},
		{name: "not who one is", as: "writes", method: "PATCH", path: "/me", body: `{"displayName":"x"}`, status: 403},
		{name: "not even with every permission", as: "member", method: "PATCH", path: "/me", body: `{"jobTitle":"Director"}`, status: 403},
		{name: "nobody makes oneself a member", as: "guest", method: "PATCH", path: "/me", body: `{"userType":"Member"}`, status: 403},
		{name: "not another", as: "writes", method: "PATCH", path: "/users/{aki}", body: `{"mobilePhone":"1"}`, status: 403},
		{name: "roles", as: "users", method: "GET", path: "/me/memberOf", status: 200, has: []string{"#microsoft.graph.directoryRole", userAdministrator, "User Administrator"}},
		{name: "no roles", as: "reads", method: "GET", path: "/me/memberOf", status: 200, has: []string{`"value":[]`}},
		{name: "roles of another", as: "reads", method: "GET", path: "/users/{users}/memberOf", status: 403},
		{name: "consents", as: "member", method: "GET", path: "/me/oauth2PermissionGrants", status: 200, has: []string{"{consent}"}},
		{name: "one's consent", as: "member", method: "GET", path: "/oauth2PermissionGrants/{consent}", status: 200},
		{name: "not more of it", as: "member", method: "PATCH", path: "/oauth2PermissionGrants/{consent}", body: `{"scope":"User.Read Mail.Read"}`, status: 403},
		{name: "another's consent", as: "owner", method: "GET", path: "/oauth2PermissionGrants/{consent}", status: 403},
		{name: "another revokes it", as: "owner", method: "DELETE", path: "/oauth2PermissionGrants/{consent}", status: 403},
		{name: "nor that for all", as: "member", method: "DELETE", path: "/oauth2PermissionGrants/{first.grant}", status: 403},
		{name: "revoke", as: "member", method: "DELETE", path: "/oauth2PermissionGrants/{consent}", status: 204},
		{name: "only with the permission", as: "reads", method: "POST", path: "/me/changePassword", body: `{"currentPassword":"Sakura-2026-xyz!","newPassword":"Momiji-2026-xyz!"}`, status: 403},
		{name: "wrong password", as: "password", method: "POST", path: "/me/changePassword", body: `{"currentPassword":"Sakura-2026","newPassword":"Momiji-2026-xyz!"}`, status: 400, has: []string{"does not match"}},
		{name: "weak password", as: "password", method: "POST", path: "/me/changePassword", body: `{"currentPassword":"Sakura-2026-xyz!","newPassword":"password"}`, status: 400, has: []string{"complexity"}},
		{name: "the same again", as: "password", method: "POST", path: "/me/changePassword", body: `{"currentPassword":"Sakura-2026-xyz!","newPassword":"Sakura-2026-xyz!"}`, status: 400, has: []string{"must differ"}},
		{name: "one member missing", as: "password", method: "POST", path: "/me/changePassword", body: `{"newPassword":"Momiji-2026-xyz!"}`, status: 400, has: []string{"currentPassword"}},
	})
	w.proof.locked = true
	w.step(step{name: "locked", as: "password", method: "POST", path: "/me/changePassword", body: `{"currentPassword":"Sakura-2026-xyz!","newPassword":"Momiji-2026-xyz!"}`, status: 400, has: []string{"Too many"}})
	w.proof.locked = false
	w.now = w.now.Add(time.Hour)
	w.run([]step{
		{name: "change", as: "password", method: "POST", path: "/me/changePassword", body: `{"currentPassword":"Sakura-2026-xyz!","newPassword":"Momiji-2026-xyz!"}`, status: 204},
		{name: "the sessions stay", as: "member", method: "GET", path: "/me?$select=signInSessionsValidFromDateTime,lastPasswordChangeDateTime", status: 200, want: map[string]any{"signInSessionsValidFromDateTime": "2026-11-21T01:00:00Z", "lastPasswordChangeDateTime": "2026-11-21T02:00:00Z"}},
		{name: "a reset ends them", as: "users", method: "PATCH", path: "/users/{member}", body: `{"passwordProfile":{"password":"Sakura-2026-xyz!"}}`, status: 204},
		{name: "reset", as: "member", method: "GET", path: "/me?$select=signInSessionsValidFromDateTime", status: 200, want: map[string]any{"signInSessionsValidFromDateTime": "2026-11-21T02:00:00Z"}},
	})
	w.now = w.now.Add(time.Hour)
	w.run([]step{
		{name: "revoke", as: "member", method: "POST", path: "/me/revokeSignInSessions", status: 200, has: []string{`"value":true`}},
		{name: "revoked", as: "member", method: "GET", path: "/me?$select=signInSessionsValidFromDateTime", status: 200, want: map[string]any{"signInSessionsValidFromDateTime": "2026-11-21T03:00:00Z"}},
		{name: "not for another", as: "member", method: "POST", path: "/users/{aki}/revokeSignInSessions", status: 403},
		{name: "disabled", as: "users", method: "PATCH", path: "/users/{member}", body: `{"accountEnabled":false}`, status: 204},
		{name: "the token is of no use", as: "member", method: "GET", path: "/me", status: 401, has: []string{"revoked"}},
	})
}

// TestWhatPeopleSee: guests see no people, and members nothing sensitive of each
// other, whichever way they ask.
func TestWhatPeopleSee(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	people(w)
	for _, path := range []string{
		"/users", "/users/{aki}", "/users/aki@contoso.example", "/users?$filter=displayName eq 'aki'", "/users/{aki}/memberOf", "/directoryObjects/{aki}",
		"/directoryRoles", "/directoryRoles/" + globalAdministrator + "/members", "/servicePrincipals/{first.apiSp}/appRoleAssignedTo",
		"/servicePrincipals/{first.apiSp}?$expand=appRoleAssignedTo", "/users/nobody@contoso.example",
	} {
		w.step(step{name: path, as: "guest", method: "GET", path: path, status: 403, not: []string{"{aki}"}})
	}
	w.run([]step{
		{name: "ids", as: "guest", method: "POST", path: "/directoryObjects/getByIds", body: `{"ids":["{aki}"]}`, status: 403},
		{name: "an owner is but an id", as: "guest", method: "GET", path: "/applications/{first.api}/owners", status: 200, has: []string{`"id":"{owner}"`}, not: []string{"owner@contoso.example"}},
		{name: "expanded too", as: "guest", method: "GET", path: "/applications/{first.api}?$expand=owners", status: 200, has: []string{`"id":"{owner}"`}, not: []string{"owner@contoso.example"}},
		{name: "a member sees more", as: "member", method: "GET", path: "/applications/{first.api}?$expand=owners", status: 200, has: []string{"owner@contoso.example"}},
		{name: "oneself", as: "guest", method: "GET", path: "/users/{guest}?$select=id,identities", status: 200},
	})
	for _, name := range []string{"identities", "passwordPolicies", "onPremisesImmutableId", "signInSessionsValidFromDateTime", "lastPasswordChangeDateTime", "ageGroup", "consentProvidedForMinor"} {
		w.run([]step{
			{name: "of another", as: "member", method: "GET", path: "/users/{aki}?$select=" + name, status: 403},
			{name: "of all", as: "member", method: "GET", path: "/users?$select=id," + name, status: 403},
			{name: "of oneself", as: "member", method: "GET", path: "/me?$select=" + name, status: 200},
			{name: "for a reader", as: "reader", method: "GET", path: "/users?$select=" + name, status: 200},
			{name: "for an application", method: "GET", path: "/users/{aki}?$select=" + name, status: 200},
		})
		if got := w.do("member", "GET", "/users?$filter="+name+" eq 'x'", ""); got.Code != 403 && got.Code != 400 {
			t.Errorf("a filter by %s: %d", name, got.Code)
		}
	}
}

// TestDirectoryRoles: role definitions, assignments and the older directoryRole.
func TestDirectoryRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	people(w)
	give := func(who, role string) string {
		return `{"@odata.type":"#microsoft.graph.unifiedRoleAssignment","principalId":"` + who + `","roleDefinitionId":"` + role + `","directoryScopeId":"/"}`
	}
	const assignments = "/roleManagement/directory/roleAssignments"
	const billing = "b0f54661-2d74-4c50-afa3-1ec803f12efe"
	w.run([]step{
		{name: "definitions", method: "GET", path: "/roleManagement/directory/roleDefinitions", status: 200, has: []string{globalAdministrator, "Global Administrator", `"isBuiltIn":true`}},
		{name: "by name", method: "GET", path: "/roleManagement/directory/roleDefinitions?$filter=displayName eq 'User Administrator'", status: 200, has: []string{userAdministrator}, not: []string{globalAdministrator}},
		{name: "one", method: "GET", path: "/roleManagement/directory/roleDefinitions/" + userAdministrator, status: 200, want: map[string]any{"templateId": userAdministrator}},
		{name: "unknown", method: "GET", path: "/roleManagement/directory/roleDefinitions/11111111-2222-4333-8444-555555555555", status: 404},
		{name: "the first administrator", method: "GET", path: assignments + "?$filter=principalId eq '{first.user}'", status: 200, has: []string{globalAdministrator}, save: map[string]string{"firstAdmin": "value/0/id"}},
		{name: "give", as: "roles", method: "POST", path: assignments, body: give("{aki}", userAdministrator), status: 201, save: map[string]string{"given": "id"}, want: map[string]any{"principalId": "{aki}", "directoryScopeId": "/"}},
		{name: "read", as: "member", method: "GET", path: assignments + "/{given}", status: 200, want: map[string]any{"roleDefinitionId": userAdministrator}},
		{name: "by role", method: "GET", path: assignments + "?$filter=roleDefinitionId eq '" + userAdministrator + "' and principalId eq '{aki}'", status: 200, has: []string{"{given}"}},
		{name: "twice", as: "roles", method: "POST", path: assignments, body: give("{aki}", userAdministrator), status: 400, has: []string{"conflicting object"}},
		{name: "stronger than oneself", as: "roles", method: "POST", path: assignments, body: give("{roles}", globalAdministrator), status: 403, has: []string{"at least as strong"}},
		{name: "take the stronger", as: "roles", method: "DELETE", path: assignments + "/{firstAdmin}", status: 403},
		{name: "to oneself", as: "users", method: "POST", path: assignments, body: give("{users}", globalAdministrator), status: 403},
		{name: "unknown role", method: "POST", path: assignments, body: give("{aki}", "11111111-2222-4333-8444-555555555555"), status: 400},
		{name: "unknown principal", method: "POST", path: assignments, body: give("11111111-2222-4333-8444-555555555555", userAdministrator), status: 400},
		{name: "of another tenant", method: "POST", path: assignments, body: give("{other.user}", userAdministrator), status: 400},
		{name: "another scope", method: "POST", path: assignments, body: strings.Replace(give("{aki}", userAdministrator), `"/"`, `"/administrativeUnits/1"`, 1), status: 400, has: []string{"directoryScopeId"}},
		{name: "no scope", method: "POST", path: assignments, body: `{"principalId":"{aki}","roleDefinitionId":"` + userAdministrator + `"}`, status: 400, has: []string{"directoryScopeId"}},
		{name: "no change", method: "PATCH", path: assignments + "/{given}", body: `{}`, status: 405},
		{name: "in use", as: "member", method: "GET", path: "/directoryRoles", status: 200, has: []string{globalAdministrator, userAdministrator}, not: []string{"Billing Administrator"}},
		{name: "in use by template", method: "GET", path: "/directoryRoles?$filter=roleTemplateId eq '" + userAdministrator + "'", status: 200, has: []string{userAdministrator}, not: []string{globalAdministrator}},
		{name: "by key", method: "GET", path: "/directoryRoles(roleTemplateId='" + userAdministrator + "')", status: 200, want: map[string]any{"displayName": "User Administrator"}},
		{name: "members", method: "GET", path: "/directoryRoles/" + userAdministrator + "/members?$select=id", status: 200, has: []string{"{aki}", "{users}"}, not: []string{"{global}"}},
		{name: "activate", as: "roles", method: "POST", path: "/directoryRoles", body: `{"roleTemplateId":"` + billing + `"}`, status: 201, want: map[string]any{"id": billing}},
		{name: "activate nothing", method: "POST", path: "/directoryRoles", body: `{"roleTemplateId":"11111111-2222-4333-8444-555555555555"}`, status: 400},
		{name: "add a member", as: "roles", method: "POST", path: "/directoryRoles/" + billing + "/members/$ref", body: `{"@odata.id":"x/{aki}"}`, status: 204},
		{name: "add twice", as: "roles", method: "POST", path: "/directoryRoles/" + billing + "/members/$ref", body: `{"@odata.id":"x/{aki}"}`, status: 400, has: []string{"'members'"}},
		{name: "add to a stronger one", as: "roles", method: "POST", path: "/directoryRoles/" + globalAdministrator + "/members/$ref", body: `{"@odata.id":"x/{aki}"}`, status: 403},
		{name: "member", method: "GET", path: "/users/{aki}/memberOf", status: 200, has: []string{"Billing Administrator"}},
		{name: "remove from a stronger one", as: "roles", method: "DELETE", path: "/directoryRoles/" + globalAdministrator + "/members/{global}/$ref", status: 403},
		{name: "remove", as: "roles", method: "DELETE", path: "/directoryRoles/" + billing + "/members/{aki}/$ref", status: 204},
		{name: "remove twice", as: "roles", method: "DELETE", path: "/directoryRoles/" + billing + "/members/{aki}/$ref", status: 404, has: []string{"'members'"}},
		{name: "take", as: "roles", method: "DELETE", path: assignments + "/{given}", status: 204},
		{name: "taken", method: "GET", path: assignments + "/{given}", status: 404},
		{name: "one of two highest", as: "global", method: "DELETE", path: assignments + "/{firstAdmin}", status: 204},
		{name: "the other", method: "GET", path: assignments + "?$filter=roleDefinitionId eq '" + globalAdministrator + "'", status: 200, save: map[string]string{"last": "value/0/id"}},
		{name: "the last", method: "DELETE", path: assignments + "/{last}", status: 400, has: []string{"last Global Administrator"}},
		{name: "deleted", method: "DELETE", path: "/users/{global}", status: 400, has: []string{"last Global Administrator"}},
		{name: "disabled", method: "PATCH", path: "/users/{global}", body: `{"accountEnabled":false}`, status: 400, has: []string{"last Global Administrator"}},
	})
}

// TestInvitations: guests from other tenants of the installation.
func TestInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	people(w)
	invite := func(address, more string) string {
		return `{"invitedUserEmailAddress":"` + address + `","inviteRedirectUrl":"https://app.contoso.example"` + more + `}`
	}
	guest := `{"signInType":"federated","issuer":"{other.tenant}","issuerAssignedId":"{other.user}"}`
	w.run([]step{
		{name: "invite", as: "inviter", method: "POST", path: "/invitations", body: invite("Admin@Fabrikam.example", `,"invitedUserDisplayName":"Kai","invitedUserMessageInfo":{"messageLanguage":"ja-JP"}`), status: 201, has: []string{`"status":"PendingAcceptance"`, `"inviteRedeemUrl":"https://app.contoso.example"`}, save: map[string]string{"kai": "invitedUser/id"}},
		{name: "guest", as: "users", method: "GET", path: "/users/{kai}?$select=userPrincipalName,userType,creationType,externalUserState,identities,mail,displayName", status: 200, has: []string{"[" + guest + "]"}, want: map[string]any{"userPrincipalName": "admin_fabrikam.example#EXT#@contoso.example", "userType": "Guest", "creationType": "Invitation", "externalUserState": "PendingAcceptance", "displayName": "Kai"}},
		{name: "once more", as: "inviter", method: "POST", path: "/invitations", body: invite("admin@fabrikam.example", ""), status: 201, want: map[string]any{"invitedUser/id": "{kai}"}},
		{name: "Terraform's change afterwards", method: "PATCH", path: "/users/{kai}", body: `{"companyName":"Fabrikam"}`, status: 204},
		{name: "the pair is taken", method: "PATCH", path: "/users/{aki}", body: `{"identities":[` + guest + `]}`, status: 400, has: []string{"Another object with the same value for property identities"}},
		{name: "nobody there", as: "inviter", method: "POST", path: "/invitations", body: invite("nobody@fabrikam.example", ""), status: 400, has: []string{"federation with them is not available"}},
		{name: "elsewhere", as: "inviter", method: "POST", path: "/invitations", body: invite("kai@partner.example", ""), status: 400, has: []string{"federation with them is not available"}},
		{name: "a tenant's id for a domain", as: "inviter", method: "POST", path: "/invitations", body: invite("admin@{other.tenant}", ""), status: 400},
		{name: "one's own", as: "inviter", method: "POST", path: "/invitations", body: invite("aki@contoso.example", ""), status: 400, has: []string{"already exists"}},
		{name: "no address", as: "inviter", method: "POST", path: "/invitations", body: invite("kai", ""), status: 400},
		{name: "no mail is sent", as: "inviter", method: "POST", path: "/invitations", body: invite("admin@fabrikam.example", `,"sendInvitationMessage":true`), status: 400, has: []string{"sends no mail"}},
		{name: "a guest invites nobody", as: "guest", method: "POST", path: "/invitations", body: invite("admin@fabrikam.example", ""), status: 403},
		// Somebody who is a guest there has the account elsewhere.
		{name: "guest of a guest", as: "other", method: "POST", path: "/invitations", body: invite("admin_fabrikam.example#EXT#@contoso.example", ""), status: 400, has: []string{"federation with them is not available"}},
		{name: "a linked user by hand", method: "POST", path: "/users", status: 400, body: `{"accountEnabled":true,"displayName":"x","mailNickname":"x","userPrincipalName":"x@contoso.example","passwordProfile":{"password":"Sakura-2026-xyz!"},"identities":[` + guest + `]}`},
	})
	w.allow("no identities", "User.ReadWrite.All", "Directory.ReadWrite.All")
	for _, bad := range []string{
		`[{"signInType":"federated","issuer":"{first.tenant}","issuerAssignedId":"{first.user}"}]`,
		`[{"signInType":"federated","issuer":"https://partner.example","issuerAssignedId":"1"}]`,
		`[{"signInType":"federated","issuer":"11111111-2222-4333-8444-555555555555","issuerAssignedId":"{other.user}"}]`,
		`[{"signInType":"federated","issuer":"{other.tenant}","issuerAssignedId":"admin@fabrikam.example"}]`,
		`[{"signInType":"emailAddress","issuer":"contoso.example","issuerAssignedId":"a@b.example"}]`,
	} {
		w.step(step{name: bad, method: "PATCH", path: "/users/{aki}", body: `{"identities":` + bad + `}`, status: 400, has: []string{"identit"}})
	}
	w.vars["upper"] = strings.ToUpper(w.vars["other.sp"])
	w.run([]step{
		{name: "in upper case", method: "PATCH", path: "/users/{aki}", body: `{"identities":[{"signInType":"federated","issuer":"{other.tenant}","issuerAssignedId":"{upper}"}]}`, status: 204},
		{name: "in lower case", method: "GET", path: "/users/{aki}?$select=identities", status: 200, has: []string{"{other.sp}"}},
		{name: "identities need a permission of their own", as: "no identities", method: "PATCH", path: "/users/{aki}", body: `{"identities":[]}`, status: 403},
		{name: "also at creation", as: "no identities", method: "POST", path: "/users", status: 403, body: `{"accountEnabled":true,"displayName":"x","mailNickname":"x","userPrincipalName":"x@contoso.example","passwordProfile":{"password":"Sakura-2026-xyz!"},"identities":[]}`},
		{name: "no password to change", as: "kai", method: "GET", path: "/me", status: 401},
	})
	w.person("kai", "kai", asPerson)
	w.step(step{name: "no password to change", as: "kai", method: "POST", path: "/me/changePassword", body: `{"currentPassword":"","newPassword":"Momiji-2026-xyz!"}`, status: 400, has: []string{"no password here"}})
}

// TestAuthorizationPolicy: what people may consent to for themselves.
func TestAuthorizationPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	people(w)
	const path = "/policies/authorizationPolicy"
	assigned := func(list string) string {
		return `{"defaultUserRolePermissions":{"permissionGrantPoliciesAssigned":` + list + `}}`
	}
	tenant := w.tokens["first"].Tenant.String()
	settings := func() directory.TenantSettings {
		got, err := w.db.TenantByName(t.Context(), tenant)
		if err != nil {
			t.Fatal(err)
		}
		return got.Settings
	}
	w.step(step{name: "of a new tenant", as: "member", method: "GET", path: path, status: 200, has: []string{`["ManagePermissionGrantsForSelf.microsoft-user-default-recommended"]`, `"allowUserConsentForRiskyApps":false`, `"guestUserRoleId":"10dae51f-b6af-4016-8d66-8c2a99b929b3"`}})
	for list, want := range map[string]directory.UserConsent{
		`[]`: directory.ConsentNone,
		`["ManagePermissionGrantsForSelf.microsoft-user-default-low"]`:         directory.ConsentLow,
		`["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"]`:      directory.ConsentLegacy,
		`["ManagePermissionGrantsForSelf.microsoft-user-default-recommended"]`: directory.ConsentRecommended,
	} {
		w.step(step{name: list, as: "roles", method: "PATCH", path: path, body: assigned(list), status: 204})
		if got := settings(); got.UserConsent != want || got.Administrator != directory.ID(w.vars["first.user"]) {
			t.Errorf("%s: %+v", list, got)
		}
		w.step(step{name: list, as: "member", method: "GET", path: "/beta" + path + "/authorizationPolicy", status: 200, has: []string{`"permissionGrantPoliciesAssigned":` + list}})
	}
	w.step(step{name: "risky", method: "PATCH", path: "/beta" + path + "/authorizationPolicy", body: `{"allowUserConsentForRiskyApps":true}`, status: 204})
	if !settings().RiskyConsent {
		t.Error("nothing changed")
	}
	w.run([]step{
		{name: "sent back", as: "global", method: "PATCH", path: path, body: `{"displayName":"Authorization Policy","allowedToUseSSPR":false,"defaultUserRolePermissions":{"allowedToCreateApps":true,"permissionGrantPoliciesAssigned":[]}}`, status: 204},
		{name: "what is not offered", as: "global", method: "PATCH", path: path, body: `{"allowInvitesFrom":"everyone"}`, status: 400, has: []string{"cannot be changed on this server"}},
		{name: "inside", as: "global", method: "PATCH", path: path, body: `{"defaultUserRolePermissions":{"allowedToCreateApps":false}}`, status: 400, has: []string{"allowedToCreateApps"}},
		{name: "unknown policy", as: "global", method: "PATCH", path: path, body: assigned(`["ManagePermissionGrantsForSelf.mine"]`), status: 400},
		{name: "two", as: "global", method: "PATCH", path: path, body: assigned(`["ManagePermissionGrantsForSelf.microsoft-user-default-low","ManagePermissionGrantsForOwnedResource.x"]`), status: 400},
		{name: "null", as: "global", method: "PATCH", path: path, body: `{"defaultUserRolePermissions":null}`, status: 400},
		{name: "the administrator is no setting", as: "global", method: "PATCH", path: path, body: `{"administrator":"{member}"}`, status: 400},
		{name: "members", as: "member", method: "PATCH", path: path, body: assigned(`["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"]`), status: 403},
		{name: "administrators of applications", as: "apps", method: "PATCH", path: path, body: assigned(`["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"]`), status: 403},
	})
}
