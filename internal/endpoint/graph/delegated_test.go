package graph

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// personCast are the people of the tests, from the weakest on. An owner is a
// member who owns the application and the service principal of the paths.
var personCast = []struct {
	name string
	role directory.ID
}{
	{"guest", ""}, {"member", ""}, {"inviter", directory.RoleGuestInviter}, {"reader", directory.RoleGlobalReader},
	{"users", directory.RoleUserAdministrator}, {"roles", directory.RolePrivilegedRoleAdministrator}, {"owner", ""},
	{"apps", directory.RoleApplicationAdministrator}, {"cloudapps", directory.RoleCloudApplicationAdministrator},
	{"global", directory.RoleGlobalAdministrator},
}

// people makes the cast in the first tenant, each with a token that lets the
// application do everything that the person may do. {aki} is a member of whom
// nobody in the cast is.
func people(w *world) {
	w.Helper()
	add := func(name, kind string) {
		w.step(step{name: name, method: "POST", path: "/users", status: 201, save: map[string]string{name: "id"}, body: fmt.Sprintf(
			`{"accountEnabled":true,"displayName":"%[1]s","mailNickname":"%[1]s","userPrincipalName":"%[1]s@contoso.example","userType":"%[2]s","passwordProfile":{"password":"Sakura-2026-xyz!"}}`, name, kind)})
	}
	add("aki", "Member")
	for _, p := range personCast {
		kind := "Member"
		if p.name == "guest" {
			kind = "Guest"
		}
		add(p.name, kind)
		if p.role != "" {
			w.step(step{name: p.name, method: "POST", path: "/roleManagement/directory/roleAssignments", body: `{"principalId":"{` + p.name + `}","roleDefinitionId":"` + string(p.role) + `","directoryScopeId":"/"}`, status: 201})
		}
		w.person(p.name, p.name, asPerson)
	}
	for _, kind := range []string{"/applications/{first.api}", "/servicePrincipals/{first.apiSp}"} {
		w.step(step{name: "owner", method: "POST", path: kind + "/owners/$ref", body: `{"@odata.id":"x/{owner}"}`, status: 204})
	}
}

// person makes a token of one of the cast with scopes. The application of the
// token is the administrator's, which must not help.
func (w *world) person(token, name string, scopes ...string) {
	a := *w.tokens["first"]
	a.Roles, a.Scopes, a.User = nil, scopes, directory.ID(w.vars[name])
	w.tokens[token] = &a
}

const rightsTable = "testdata/rights.txt"

// TestRights walks every route with everybody of the cast and compares who gets
// through with the table in testdata, which was read by eye; -update writes it.
func TestRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	people(w)
	w.vars["first.user"] = w.vars["aki"]
	var table []string
	for _, r := range inDeletingOrder() {
		if r.method == http.MethodDelete && strings.HasPrefix(r.path, "/directory/") { // it was restored
			w.step(step{name: "deleted again", method: "DELETE", path: "/applications/{first.deleted}", status: 204})
		}
		path := w.fill(r.path, "first")
		var through []string
		for _, p := range personCast {
			got := w.do(p.name, r.method, path, bodyFor(r))
			switch {
			case got.Code >= 500 || got.Code == 401:
				t.Errorf("%s %s as %s: %d\n%s", r.method, path, p.name, got.Code, got.text)
			case got.Code != 403:
				through = append(through, p.name)
			}
		}
		table = append(table, fmt.Sprintf("%-6s %s: %s", r.method, r.path, strings.Join(through, " ")))
	}
	slices.SortFunc(table, func(a, b string) int { return cmp.Compare(strings.TrimSpace(a[7:])+a, strings.TrimSpace(b[7:])+b) })
	got := strings.Join(table, "\n") + "\n"
	if *update {
		if err := os.WriteFile(rightsTable, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(rightsTable)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(want), "\n")
	for _, line := range strings.Split(got, "\n") {
		if !slices.Contains(lines, line) {
			t.Errorf("not in %s: %s", rightsTable, line)
		}
	}
	if len(lines) != strings.Count(got, "\n")+1 {
		t.Errorf("%s has %d lines, want %d", rightsTable, len(lines)-1, strings.Count(got, "\n"))
	}
}

// inDeletingOrder are the routes for people, those that delete last, and of these
// the deepest first, so that what a route names is there.
func inDeletingOrder() []row {
	list := slices.DeleteFunc(routes(), func(r row) bool { return r.has(open) || r.delegated == noPermission })
	depth := func(r row) int {
		switch {
		case r.method != http.MethodDelete:
			return 0
		case r.path == "/applications/{id}":
			return 100 // takes the service principal along
		}
		return 50 - strings.Count(r.path, "/")
	}
	slices.SortStableFunc(list, func(a, b row) int { return cmp.Compare(depth(a), depth(b)) })
	return list
}

// TestScopes: whoever the person is, the application needs the permission too.
func TestScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	people(w)
	w.person("none", "global", "openid", "profile")
	w.person("wrong", "global", "Group.ReadWrite.All", "Reports.Read.All", "Application.ReadWrite.OwnedBy")
	w.person("roles of the application", "global")
	w.tokens["roles of the application"].Roles = allRoles
	for _, rt := range w.api.routes {
		if rt.has(open) {
			continue
		}
		path := w.fill(rt.path, "first")
		for _, token := range []string{"none", "wrong", "roles of the application"} {
			if got := w.do(token, rt.method, path, bodyFor(rt.row)); got.Code != 403 {
				t.Errorf("%s %s as %s: %d\n%s", rt.method, path, token, got.Code, got.text)
			}
		}
		if rt.delegated == noPermission {
			if got := w.do("global", rt.method, path, bodyFor(rt.row)); got.Code != 403 {
				t.Errorf("%s %s for a person: %d\n%s", rt.method, path, got.Code, got.text)
			}
			continue
		}
		unknown := placeholders.ReplaceAllString(rt.path, "11111111-2222-4333-8444-555555555555")
		for _, set := range rt.delegatedNeeds {
			if strings.HasPrefix(rt.path, "/users/{id}") && slices.ContainsFunc(set, func(s string) bool { return slices.Contains(onlyOwn, s) }) {
				continue // not for others
			}
			w.person("enough", "global", set...)
			if got := w.do("enough", rt.method, unknown, bodyFor(rt.row)); got.Code == 403 || got.Code == 401 || got.Code >= 500 {
				t.Errorf("%s %s with %v: %d\n%s", rt.method, rt.path, set, got.Code, got.text)
			}
		}
	}
}

// TestPeopleOfAnotherTenant: a person reaches nothing of another tenant, not even
// as its administrator.
func TestPeopleOfAnotherTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	people(w)
	for _, r := range inDeletingOrder() {
		if len(placeholders.FindAllString(r.path, -1)) == 0 || keyOf(r.path, "") == "role" {
			continue
		}
		for _, token := range []string{"global", "member", "guest"} {
			got := w.do(token, r.method, w.fill(r.path, "other"), bodyForTarget(w, r))
			if got.Code != 404 && (token == "global" || got.Code != 403) {
				t.Errorf("%s %s as %s: %d\n%s", r.method, r.path, token, got.Code, got.text)
			}
			if strings.Contains(got.text, "other api") || strings.Contains(got.text, "Administrator") {
				t.Errorf("%s %s leaks: %s", r.method, r.path, got.text)
			}
		}
	}
	// The roles of a person count in the tenant of the token alone.
	stranger := *w.tokens["global"]
	stranger.Tenant = w.tokens["other"].Tenant
	w.tokens["stranger"] = &stranger
	for _, path := range []string{"/applications", "/users", "/me"} {
		if got := w.do("stranger", "GET", path, ""); got.Code != 401 || !strings.Contains(got.text, "revoked") {
			t.Errorf("%s as a person of another tenant: %d\n%s", path, got.Code, got.text)
		}
	}
}
