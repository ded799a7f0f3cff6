package graph

import (
	stdflag "flag" // a function of this package has its name
	"fmt"
	"os"
	"strings"
	"testing"
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
administrator application has them all. Delegated permissions will count once people can sign in.

| method | path | application permission | delegated permission |
|---|---|---|---|
`)
	for _, r := range routes() {
		app, delegated := r.app, r.delegated
		if r.has(open) {
			app, delegated = "no token needed", "no token needed"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", r.method, r.path, needs(app, r), needs(delegated, r))
	}
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
