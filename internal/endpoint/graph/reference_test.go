package graph

import (
	stdflag "flag" // a function of this package has its name
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

var update = stdflag.Bool("update", false, "write the page that the test compares with")

const referencePage = "../../../docs/reference/graph.md"

// TestReference compares the page of all routes and properties with the tables
// that this package runs on; with -update it writes it.
func TestReference(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Graph

The management API: what of Microsoft Graph is served, under ` + "`/v1.0` and `/beta`" + ` alike, at the address that ` + "`graphUrl`" + ` in ` + "`bootstrap.json`" + ` names.
A token for it is asked for with the scope ` + "`https://graph.microsoft.com/.default`" + ` (or this server's own address and ` + "`/.default`" + `), and everything happens in the
tenant of that token. Objects of other tenants do not exist for it.

## Requests

- Paths and the names of options are read without regard to letter case. Keys may be written as ` + "`/applications/ID` or `/applications(appId='ID')`" + `.
- ` + "`$select`, `$filter`, `$orderby`, `$top`, `$count`, `$search` and `$expand`" + ` work where Graph has them; advanced queries need ` + "`ConsistencyLevel: eventual`" + `. A long list
  ends in ` + "`@odata.nextLink`" + `, which is followed as it is.
- In a PATCH, a property that is left out stays as it is, and ` + "`null`" + ` clears it. A property that does not exist is an error.
- A change counts at once on this node and within a second on every other. Each change is kept as an audit event, in the same transaction.

## Errors

` + "```json" + `
{"error": {"code": "Request_ResourceNotFound", "message": "Resource '…' does not exist or one of its queried reference-property objects are not present.",
  "innerError": {"date": "2026-11-21T04:33:10", "request-id": "…", "client-request-id": "…"}}}
` + "```" + `

400 for a request that cannot be right, 401 ` + "`InvalidAuthenticationToken`" + ` without a good token, 403 ` + "`Authorization_RequestDenied`" + ` without the permission, 404 for what is not in
this tenant, 409 where two changes collide, 429 and 503 with ` + "`Retry-After`" + `. ` + "`request-id`" + ` finds the cause in the server's log.

<!-- The tables below are written from internal/endpoint/graph by: make generate -->

## Routes

Permissions: alternatives stand on both sides of a semicolon, and what is joined by + is needed together. A permission to write includes the one to read the same. An
administrator application has them all. On behalf of a person, an application needs the delegated permission and the person the right in the last column:
[rights](#rights). ` + "`Directory.AccessAsUser.All`" + ` counts as every delegated permission.

| method | path | application permission | delegated permission | right of the person |
|---|---|---|---|---|
`)
	for _, r := range routes() {
		app, delegated := r.app, r.delegated
		if r.has(open) {
			app, delegated = "no token needed", "no token needed"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", r.method, r.path, needs(app, r), needs(delegated, r), r.right)
	}
	writeRights(&b)
	b.WriteString("\n## Properties\n\nWhat each type has, with its OData type. The same is machine-readable at `/v1.0/$metadata`.\n")
	for _, e := range entities() {
		fmt.Fprintf(&b, "\n### %s\n\nAt `/%s`.\n\n| property | type |\n|---|---|\n", e.kind, e.set)
		for _, p := range e.props {
			typ := strings.TrimPrefix(strings.TrimPrefix(p.typ, "Edm."), "graph.")
			if p.many {
				typ = "list of " + typ
			}
			fmt.Fprintf(&b, "| `%s` | %s |\n", p.name, typ)
		}
		if len(e.expand) > 0 {
			fmt.Fprintf(&b, "\n`$expand`: `%s`.\n", strings.Join(e.expand, "`, `"))
		}
	}
	if *update {
		if err := os.WriteFile(referencePage, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(referencePage)
	if err != nil || string(got) != b.String() {
		t.Errorf("%s is stale; run: make generate (%v)", referencePage, err)
	}
}

// writeRights writes who has each right.
func writeRights(b *strings.Builder) {
	b.WriteString(`
## Rights

What people may do, whatever application they use. A Global Administrator has every right. "In part" is: what one owns, and of other users no sensitive property. Owners
are those of the application or service principal in the path; people themselves have a right on their own account and their own consent. An application with a directory
role may do what the role may do, without any permission.

| right | members | guests | owners | people themselves | directory roles |
|---|---|---|---|---|---|
`)
	names := slices.Sorted(maps.Keys(rights))
	yes := func(is bool, text string) string {
		if is {
			return text
		}
		return ""
	}
	for _, name := range names {
		h, members := rights[name], "yes"
		if h.partly {
			members = "in part"
		}
		var roles []string
		if h.reads {
			roles = append(roles, "Global Reader")
		}
		for _, id := range h.roles {
			d, _ := directory.RoleDefinitionByID(id)
			roles = append(roles, d.DisplayName)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", name, yes(h.members, members), yes(h.guests, members),
			yes(h.owners, "yes"), yes(h.self, "yes"), strings.Join(roles, ", "))
	}
	b.WriteString(`
Nobody becomes stronger than they are:

- Giving or taking a directory role needs a role that is at least as strong: Global Administrator, then Privileged Role Administrator, then all others.
- Password, state, phones, other mail addresses, user name and identities of a user with a directory role are changed by Global Administrators alone, and so is such a user deleted.
- A credential is added to an application only by who may do all that its application permissions of Graph and its directory roles open.
- Application permissions of Graph are granted by Global Administrators and Privileged Role Administrators.
- The last Global Administrator stays.

For applications the same holds: one with ` + "`" + anyRole + "`" + ` counts as a Global Administrator, and one with ` + "`AppRoleAssignment.ReadWrite.All`" + ` as one with every permission.
`)
}

// needs writes a permission for people.
func needs(permission string, r row) string {
	switch {
	case permission == noPermission:
		return "never"
	case r.has(operator):
		return permission + ", in the first tenant"
	}
	return permission
}
