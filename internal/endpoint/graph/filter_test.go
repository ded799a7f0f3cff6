package graph

import (
	"strings"
	"testing"
)

// TestDeclaredFilters: what a table says can be filtered or sorted by, the
// collections of that type answer.
func TestDeclaredFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	filters(w, applicationEntity, "/applications", "/directory/deletedItems/microsoft.graph.application")
	filters(w, servicePrincipalEntity, "/servicePrincipals", "/directory/deletedItems/microsoft.graph.servicePrincipal")
	filters(w, userEntity, "/users", "/directory/deletedItems/microsoft.graph.user")
	filters(w, grantEntity, "/oauth2PermissionGrants", w.expand("/servicePrincipals/{first.apiSp}/oauth2PermissionGrants"), w.expand("/users/{first.user}/oauth2PermissionGrants"))
	filters(w, policyEntity, "/policies/tokenLifetimePolicies")
	filters(w, assignmentEntity, w.expand("/servicePrincipals/{first.apiSp}/appRoleAssignedTo"), w.expand("/servicePrincipals/{first.sp}/appRoleAssignments"))
	filters(w, federatedEntity, w.expand("/applications/{first.api}/federatedIdentityCredentials"))
	filters(w, organizationEntity, "/organization")
	filters(w, domainEntity, "/domains")
}

func filters[T any](w *world, e *entity[T], paths ...string) {
	w.Helper()
	for _, p := range e.props {
		var queries []string
		switch {
		case !p.filter:
			continue
		case p.many:
			queries = []string{"$filter=" + p.name + "/any(x:x eq 'a')"}
		case p.typ == "Edm.Boolean":
			queries = []string{"$filter=" + p.name + " eq true", "$filter=not(" + p.name + " eq true)"}
		case p.typ == "Edm.DateTimeOffset":
			queries = []string{"$filter=" + p.name + " ge 2026-01-01T00:00:00Z"}
		default:
			queries = []string{"$filter=" + p.name + " eq '11111111-2222-4333-8444-555555555555'", "$filter=" + strings.ToUpper(p.name) + " in ('a','b')"}
		}
		if p.sort {
			queries = append(queries, "$orderby="+p.name, "$orderby="+p.name+" desc&$top=1")
		}
		for _, path := range paths {
			for _, q := range queries {
				if r := w.do("first", "GET", path+"?"+q, ""); r.Code != 200 {
					w.Errorf("%s?%s: %d\n%s", path, q, r.Code, r.text)
				}
			}
		}
	}
}

// TestMemoryFilters: relations that are filtered here, not in the database,
// follow the same rules.
func TestMemoryFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := newApplicationPath(w) + "/federatedIdentityCredentials"
	for _, name := range []string{"main", "release", "nightly"} {
		w.step(step{name: name, method: "POST", path: path, body: `{"name":"` + name + `","issuer":"https://oidc.example","subject":"` + name + `","audiences":["api://` + name + `"]}`, status: 201})
	}
	for filter, want := range map[string]string{
		"name eq 'MAIN'":                            "main",
		"name ne 'main'":                            "release nightly",
		"name eq 'main' or name eq 'nightly'":       "main nightly",
		"startswith(name,'n') and subject ne null":  "nightly",
		"not(name in ('main','release'))":           "nightly",
		"contains(subject,'ele')":                   "release",
		"endsWith(name,'ly') eq true":               "nightly",
		"name gt 'main'":                            "release nightly",
		"name le 'main'":                            "main",
		"audiences/any(a:a eq 'api://main')":        "main",
		"audiences/all(a:startswith(a,'api://n'))":  "nightly",
		"audiences/any()":                           "main release nightly",
		"name lt 'a'":                               "",
		"name ge 'nightly' and not(name eq 'xxxx')": "release nightly",
	} {
		r := w.step(step{name: filter, method: "GET", path: path + "?$filter=" + filter, status: 200})
		for _, name := range []string{"main", "release", "nightly"} {
			if has := strings.Contains(r.text, `"name":"`+name+`"`); has != strings.Contains(want, name) {
				t.Errorf("%s: %s found is %v", filter, name, has)
			}
		}
	}
	first := w.object(w.step(step{name: "page", method: "GET", path: path + "?$top=2&$count=true", header: []string{"ConsistencyLevel: eventual"}, status: 200, has: []string{`"@odata.count":3`}}))
	next := strings.TrimPrefix(first["@odata.nextLink"].(string), graphURL)
	second := w.object(w.step(step{name: "next", method: "GET", path: next, header: []string{"ConsistencyLevel: eventual"}, status: 200}))
	if n := len(first["value"].([]any)) + len(second["value"].([]any)); n != 3 || second["@odata.nextLink"] != nil {
		t.Errorf("%d in two pages, next %v", n, second["@odata.nextLink"])
	}
}
