package graph

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// populate gives each tenant one object of every kind, made through Graph, and
// remembers them as {first.fic}, {other.policy} and so on.
func populate(w *world) {
	w.Helper()
	for _, t := range []string{"first", "other"} {
		w.run([]step{
			{as: t, name: "app", method: "POST", path: "/applications", body: `{"displayName":"` + t + ` api","appRoles":[{"id":"8c1e9a60-0000-4000-8000-00000000000a","value":"All","displayName":"All","description":"All","isEnabled":true,"allowedMemberTypes":["Application"]}]}`, status: 201, save: map[string]string{t + ".api": "id", t + ".apiId": "appId"}},
			{as: t, name: "sp", method: "POST", path: "/servicePrincipals", body: `{"appId":"{` + t + `.apiId}"}`, status: 201, save: map[string]string{t + ".apiSp": "id"}},
			{as: t, name: "fic", method: "POST", path: "/applications/{" + t + ".api}/federatedIdentityCredentials", body: `{"name":"fic","issuer":"https://oidc.example","subject":"s","audiences":["api://AzureADTokenExchange"]}`, status: 201, save: map[string]string{t + ".fic": "id"}},
			{as: t, name: "assignment", method: "POST", path: "/servicePrincipals/{" + t + ".apiSp}/appRoleAssignedTo", body: `{"principalId":"{` + t + `.sp}","resourceId":"{` + t + `.apiSp}","appRoleId":"8c1e9a60-0000-4000-8000-00000000000a"}`, status: 201, save: map[string]string{t + ".assignment": "id"}},
			{as: t, name: "grant", method: "POST", path: "/oauth2PermissionGrants", body: `{"clientId":"{` + t + `.apiSp}","consentType":"AllPrincipals","resourceId":"{` + t + `.graph}","scope":"User.Read"}`, status: 201, save: map[string]string{t + ".grant": "id"}},
			{as: t, name: "policy", method: "POST", path: "/policies/tokenLifetimePolicies", body: `{"displayName":"p","definition":["{\"TokenLifetimePolicy\":{\"Version\":1,\"AccessTokenLifetime\":\"02:00:00\"}}"]}`, status: 201, save: map[string]string{t + ".policy": "id"}},
			{as: t, name: "link", method: "POST", path: "/applications/{" + t + ".api}/tokenLifetimePolicies/$ref", body: `{"@odata.id":"x/{` + t + `.policy}"}`, status: 204},
			{as: t, name: "owner", method: "POST", path: "/applications/{" + t + ".api}/owners/$ref", body: `{"@odata.id":"x/{` + t + `.user}"}`, status: 204},
			{as: t, name: "reader", method: "POST", path: "/roleManagement/directory/roleAssignments", body: `{"principalId":"{` + t + `.sp}","roleDefinitionId":"` + directoryReaders + `","directoryScopeId":"/"}`, status: 201, save: map[string]string{t + ".roleAssignment": "id"}},
			{as: t, name: "doomed", method: "POST", path: "/applications", body: `{"displayName":"` + t + ` doomed"}`, status: 201, save: map[string]string{t + ".deleted": "id"}},
			{as: t, name: "deleted", method: "DELETE", path: "/applications/{" + t + ".deleted}", status: 204},
		})
	}
}

// keyOf names the object that stands for a key of a pattern.
func keyOf(pattern, placeholder string) string {
	switch placeholder {
	case "{owner}", "{member}":
		return "user"
	case "{credential}":
		return "fic"
	case "{assignment}":
		return "assignment"
	case "{policy}":
		return "policy"
	}
	for prefix, name := range map[string]string{
		"/applications/": "api", "/servicePrincipals/": "apiSp", "/users/": "user", "/policies/": "policy",
		"/oauth2PermissionGrants/": "grant", "/organization/": "tenant", "/domains/": "domain",
		"/directoryObjects/": "apiSp", "/directory/": "deleted",
		"/roleManagement/directory/roleDefinitions/": "role", "/roleManagement/directory/roleAssignments/": "roleAssignment", "/directoryRoles/": "role",
	} {
		if strings.HasPrefix(pattern, prefix) {
			return name
		}
	}
	return "none"
}

const directoryReaders = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"

var placeholders = regexp.MustCompile(`\{[a-z]+\}`)

// fill writes a pattern with the objects of the tenants: one name for each key,
// the last one repeated.
func (w *world) fill(pattern string, tenants ...string) string {
	w.Helper()
	i := 0
	return placeholders.ReplaceAllStringFunc(pattern, func(p string) string {
		t := tenants[min(i, len(tenants)-1)]
		i++
		if keyOf(pattern, p) == "role" {
			return directoryReaders // the same in every tenant
		}
		v, ok := w.vars[t+"."+keyOf(pattern, p)]
		if !ok {
			w.Fatalf("no object for %s in %s", p, pattern)
		}
		return v
	})
}

func bodyFor(r row) string {
	if r.method == http.MethodPost || r.method == http.MethodPatch {
		return "{}"
	}
	return ""
}

// TestRoutesRefuse walks every route with callers that must not get through.
func TestRoutesRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	w.allow("wrong role", "Reports.Read.All", "Group.ReadWrite.All")
	w.allow("no role")
	w.allow("reader", "Application.Read.All", "Directory.Read.All", "User.Read.All", "Policy.Read.All", "DelegatedPermissionGrant.Read.All", "Organization.Read.All", "Domain.Read.All")
	checks := []struct {
		token  string
		status int
		text   string
	}{
		{"", 401, "Access token is empty."},
		{"garbage", 401, "InvalidAuthenticationToken"},
		{"expired", 401, "Access token has expired or is not yet valid."},
		{"wrong role", 403, "Insufficient privileges to complete the operation."},
		{"no role", 403, "Authorization_RequestDenied"},
		{"storage down", 503, "serviceNotAvailable"},
		{"broken", 500, "InternalServerError"},
	}
	for _, r := range routes() {
		if r.has(open) {
			continue
		}
		path := w.fill(r.path, "first")
		for _, c := range checks {
			if r.has(me) && c.status == 403 {
				c.status, c.text = 400, textMe
			}
			got := w.do(c.token, r.method, path, bodyFor(r))
			if got.Code != c.status || !strings.Contains(got.text, c.text) {
				t.Errorf("%s %s with token %q: %d, want %d\n%s", r.method, path, c.token, got.Code, c.status, got.text)
			}
			if strings.Contains(got.text, "a cause that nobody may see") {
				t.Errorf("%s %s shows a cause: %s", r.method, path, got.text)
			}
		}
		if r.method != http.MethodGet && !strings.HasSuffix(r.path, "/getByIds") && !r.has(me) {
			if got := w.do("reader", r.method, path, bodyFor(r)); got.Code != 403 {
				t.Errorf("%s %s with permissions to read: %d\n%s", r.method, path, got.Code, got.text)
			}
		}
	}
}

// TestRoutesOfAnotherTenant walks every route with ids of another tenant: they
// are as good as unknown.
func TestRoutesOfAnotherTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	for _, r := range routes() {
		n := len(placeholders.FindAllString(r.path, -1))
		if n == 0 {
			continue
		}
		ways := [][]string{{"other"}}
		if n > 1 {
			ways = append(ways, []string{"first", "other"})
		}
		for _, tenants := range ways {
			path := w.fill(r.path, tenants...)
			got := w.do("first", r.method, path, bodyForTarget(w, r))
			if got.Code != 404 && keyOf(r.path, "") != "role" {
				t.Errorf("%s %s: %d, want 404\n%s", r.method, path, got.Code, got.text)
			}
			if strings.Contains(got.text, "other api") || strings.Contains(got.text, "fabrikam") && !strings.Contains(path, "fabrikam") {
				t.Errorf("%s %s leaks: %s", r.method, path, got.text)
			}
		}
	}
	for _, path := range []string{"/applications(appId='{other.apiId}')", "/applications(appId='{other.apiId}')/owners", "/servicePrincipals(appId='{other.apiId}')", "/users/admin@fabrikam.example"} {
		if got := w.do("first", "GET", w.expand(path), ""); got.Code != 404 {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
	// Lists of one tenant hold nothing of the other.
	for _, r := range routes() {
		if r.method != http.MethodGet || strings.Contains(r.path, "{") || r.has(open|me|operator) || strings.HasSuffix(r.path, "$count") {
			continue
		}
		got := w.do("first", "GET", r.path+"?$top=999", "")
		for name, v := range w.vars {
			if strings.HasPrefix(name, "other.") && strings.Contains(got.text, v) {
				t.Errorf("%s shows %s", r.path, name)
			}
		}
	}
}

// bodyForTarget is a body good enough to come to the look at the target.
func bodyForTarget(w *world, r row) string {
	switch {
	case strings.HasSuffix(r.path, "/$ref") && r.method == http.MethodPost:
		return `{"@odata.id":"x/` + w.vars["first.user"] + `"}`
	case strings.HasSuffix(r.path, "Password"):
		return `{"keyId":"` + w.vars["first.user"] + `"}`
	}
	return bodyFor(r)
}

// TestReferencesToAnotherTenant names objects of another tenant inside bodies.
func TestReferencesToAnotherTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	for _, s := range []step{
		{name: "owner bound", method: "POST", path: "/applications", body: `{"displayName":"x","owners@odata.bind":["x/{other.user}"]}`, status: 400},
		{name: "owner added", method: "POST", path: "/applications/{first.api}/owners/$ref", body: `{"@odata.id":"x/{other.sp}"}`, status: 400},
		{name: "sp of a single-tenant application", method: "POST", path: "/servicePrincipals", body: `{"appId":"{other.apiId}"}`, status: 400},
		{name: "role for a stranger", method: "POST", path: "/servicePrincipals/{first.apiSp}/appRoleAssignedTo", body: `{"principalId":"{other.sp}","resourceId":"{first.apiSp}","appRoleId":"8c1e9a60-0000-4000-8000-00000000000a"}`, status: 400},
		{name: "role of a stranger", method: "POST", path: "/servicePrincipals/{first.sp}/appRoleAssignments", body: `{"principalId":"{first.sp}","resourceId":"{other.apiSp}","appRoleId":"8c1e9a60-0000-4000-8000-00000000000a"}`, status: 400},
		{name: "grant to a stranger", method: "POST", path: "/oauth2PermissionGrants", body: `{"clientId":"{other.apiSp}","consentType":"AllPrincipals","resourceId":"{first.graph}","scope":"openid"}`, status: 400},
		{name: "grant of a stranger's api", method: "POST", path: "/oauth2PermissionGrants", body: `{"clientId":"{first.apiSp}","consentType":"AllPrincipals","resourceId":"{other.graph}","scope":"openid"}`, status: 400},
		{name: "policy of a stranger", method: "POST", path: "/servicePrincipals/{first.apiSp}/tokenLifetimePolicies/$ref", body: `{"@odata.id":"x/{other.policy}"}`, status: 400},
	} {
		s.not = []string{"other api", "fabrikam"}
		got := w.do("first", s.method, w.expand(s.path), w.expand(s.body))
		if got.Code != 400 && got.Code != 404 {
			t.Errorf("%s: %d\n%s", s.name, got.Code, got.text)
		}
		for _, f := range s.not {
			if strings.Contains(got.text, f) {
				t.Errorf("%s leaks %q: %s", s.name, f, got.text)
			}
		}
	}
}

// TestDeclaredPermissions holds the table against itself: every permission
// exists, every alternative is enough, and no part of one is.
func TestDeclaredPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	none := "11111111-2222-4333-8444-555555555555"
	for _, rt := range w.api.routes {
		for _, set := range rt.appNeeds {
			for _, p := range set {
				if _, ok := directory.GraphAppRole(p); !ok && p != "User.Read" {
					t.Errorf("%s %s: Graph has no application permission %s", rt.method, rt.path, p)
				}
			}
			path := placeholders.ReplaceAllString(rt.path, none)
			w.allow("enough", set...)
			if got := w.do("enough", rt.method, path, bodyFor(rt.row)); got.Code == 403 || got.Code == 401 || got.Code >= 500 {
				t.Errorf("%s %s with %v: %d\n%s", rt.method, path, set, got.Code, got.text)
			}
			for i := range set {
				part := slices.Delete(slices.Clone(set), i, i+1)
				if len(rt.appNeeds.granted(part)) > 0 {
					t.Errorf("%s %s: %v is enough without %s", rt.method, rt.path, part, set[i])
				}
			}
		}
		for _, set := range slices.Concat(rt.appNeeds, rt.delegatedNeeds) {
			if rt.method != http.MethodGet && !strings.HasSuffix(rt.path, "getByIds") && !slices.ContainsFunc(set, func(p string) bool { return !strings.Contains(p, ".Read.") }) {
				t.Errorf("%s %s is allowed to %v, which only reads", rt.method, rt.path, set)
			}
		}
	}
}

func TestRouteWithoutPermission(t *testing.T) {
	t.Parallel()
	ok := func(*call) (*reply, error) { return noContent(), nil }
	for _, bad := range []row{
		{get, "/x", "", "", toReadUsers, ok, 0},
		{get, "/x", "User.Read", "", toReadUsers, ok, 0},
		{get, "/x", "-", "-", toReadUsers, ok, 0},
		{get, "/x", "User.Read", "User.Read;", toReadUsers, ok, 0},
		{get, "/x", "User.Read", "User.Read or Group.Read", toReadUsers, ok, 0},
		{get, "/x", "User.Read", "User.Read.All", noRight, ok, 0},
		{get, "/x", "User.Read", "User.Read.All", "whatever", ok, 0},
		{get, "/x/{id}", "User.Read", "User.Read.All", toManageApplications, ok, 0},
		{get, "/x/{id}", "User.Read", "User.Read.All", toChangeUser, ok, 0},
	} {
		if _, _, err := newRouter([]row{bad}); err == nil {
			t.Errorf("a route with the permissions %q and %q starts", bad.delegated, bad.app)
		}
	}
	if _, _, err := newRouter([]row{{get, "/x", "-", "A", noRight, ok, 0}, {get, "/X", "-", "A", noRight, ok, 0}}); err == nil {
		t.Error("two routes for one path start")
	}
}
