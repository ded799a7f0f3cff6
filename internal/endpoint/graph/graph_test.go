package graph

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// TestPaging reads 250 applications in pages while others come and go between
// the pages.
func TestPaging(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := map[string]bool{}
	for i := range 250 {
		app, _, err := w.ops.CreateApplication(t.Context(), directory.Platform(w.tokens["first"].Tenant), &application{DisplayName: fmt.Sprintf("page %03d", i)}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		want[string(app.ID)] = true
	}
	for _, query := range []string{
		"$filter=startswith(displayName,'page')&$top=40&$select=id,displayName",
		"$filter=startswith(displayName,'page')&$top=70&$select=id,displayName&$orderby=displayName desc&$count=true",
	} {
		seen, pages := map[string]bool{}, 0
		next := graphURL + "/v1.0/applications?" + strings.ReplaceAll(query, " ", "%20")
		for next != "" {
			pages++
			r := w.do("first", "GET", strings.TrimPrefix(next, graphURL), "", "ConsistencyLevel: eventual")
			if r.Code != 200 {
				t.Fatalf("page %d: %d\n%s", pages, r.Code, r.text)
			}
			o := w.object(r)
			if strings.Contains(query, "$count") && o["@odata.count"].(float64) < 250 {
				t.Errorf("count is %v", o["@odata.count"])
			}
			for _, v := range o["value"].([]any) {
				id := v.(map[string]any)["id"].(string)
				if seen[id] {
					t.Errorf("%s comes twice", id)
				}
				seen[id] = true
			}
			next, _ = o["@odata.nextLink"].(string)
			w.step(step{name: "a write in between", method: "POST", path: "/applications", body: fmt.Sprintf(`{"displayName":"page %03d new"}`, pages*30), status: 201})
		}
		for id := range want {
			if !seen[id] {
				t.Errorf("%s is missing", id)
			}
		}
		if pages < 4 {
			t.Errorf("%d pages", pages)
		}
	}
	r := w.object(w.do("first", "GET", "/applications", ""))
	if n := len(r["value"].([]any)); n != 100 {
		t.Errorf("a page without $top holds %d", n)
	}
	if got := w.do("first", "GET", "/applications/$count?$filter=startswith(displayName,'page')", "", "ConsistencyLevel: eventual"); got.Code != 200 || got.text == "0" || got.Header().Get("Content-Type") != "text/plain" {
		t.Errorf("$count: %d %q", got.Code, got.text)
	}
}

// TestPageTokens: a token is good only where it came from.
func TestPageTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tenant := range []string{"first", "other"} {
		for i := range 3 {
			w.step(step{as: tenant, name: "create", method: "POST", path: "/applications", body: fmt.Sprintf(`{"displayName":"p%d"}`, i), status: 201})
		}
	}
	link := w.object(w.do("first", "GET", "/applications?$top=1&$filter=startswith(displayName,'p')", ""))["@odata.nextLink"].(string)
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(link, graphURL+"/v1.0/applications?") || u.Query().Get("$filter") != "startswith(displayName,'p')" || u.Query().Get("$top") != "1" {
		t.Errorf("next link %s", link)
	}
	token := u.Query().Get("$skiptoken")
	good := "/applications?$top=1&$filter=startswith(displayName,'p')&$skiptoken="
	for name, c := range map[string]struct {
		as, path string
		status   int
	}{
		"as given":          {"first", good + token, 200},
		"other page size":   {"first", strings.Replace(good, "=1", "=2", 1) + token, 200},
		"of another tenant": {"other", good + token, 400},
		"other filter":      {"first", "/applications?$top=1&$filter=startswith(displayName,'q')&$skiptoken=" + token, 400},
		"other order":       {"first", "/applications?$top=1&$filter=startswith(displayName,'p')&$orderby=displayName&$skiptoken=" + token, 400},
		"other collection":  {"first", strings.Replace(good, "applications", "servicePrincipals", 1) + token, 400},
		"bit turned":        {"first", good + "A" + token[1:], 400},
		"cut":               {"first", good + token[:10], 400},
		"empty":             {"first", good, 400},
		"own invention":     {"first", good + "eyJ2IjoiIiwiaSI6IiJ9", 400},
	} {
		if token[0] == 'A' && name == "bit turned" {
			continue
		}
		if got := w.do(c.as, "GET", c.path, ""); got.Code != c.status {
			t.Errorf("%s: %d, want %d\n%s", name, got.Code, c.status, got.text)
		}
	}
}

// TestBadInput: each kind of bad input has one clear answer.
func TestBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run([]step{{name: "app", method: "POST", path: "/applications", body: `{"displayName":"app"}`, status: 201, save: map[string]string{"id": "id"}}})
	long := strings.Repeat("a", 5000)
	for _, s := range []step{
		{name: "$skip", method: "GET", path: "/applications?$skip=1", status: 400, has: []string{"$skip"}},
		{name: "$top too small", method: "GET", path: "/applications?$top=0", status: 400, has: []string{"Invalid page size specified: '0'. Must be between 1 and 999 inclusive."}},
		{name: "$top too large", method: "GET", path: "/applications?$top=1000", status: 400, has: []string{"Invalid page size specified: '1000'. Must be between 1 and 999 inclusive."}},
		{name: "$top no number", method: "GET", path: "/applications?$top=x", status: 400},
		{name: "$count without header", method: "GET", path: "/applications?$count=true", status: 400, has: []string{"Request_UnsupportedQuery"}},
		{name: "/$count without header", method: "GET", path: "/users/$count", status: 400, has: []string{"Request_UnsupportedQuery"}},
		{name: "$search without header", method: "GET", path: `/users?$search="displayName:a"`, status: 400, has: []string{"Request_UnsupportedQuery"}},
		{name: "$search", method: "GET", path: `/users?$search="displayName:admin"`, header: []string{"ConsistencyLevel: eventual"}, status: 200, has: []string{"{first.user}"}},
		{name: "unknown $select", method: "GET", path: "/users?$select=id,x", status: 400, has: []string{"Could not find a property named 'x' on type 'microsoft.graph.user'."}},
		{name: "unknown $filter", method: "GET", path: "/users?$filter=x eq 'y'", status: 400, has: []string{"Could not find a property named 'x' on type 'microsoft.graph.user'."}},
		{name: "unfilterable", method: "GET", path: "/users?$filter=streetAddress eq 'y'", status: 400, has: []string{"Request_UnsupportedQuery", "streetAddress"}},
		{name: "no password filter", method: "GET", path: "/users?$filter=passwordHash eq 'y'", status: 400, has: []string{"Could not find"}},
		{name: "broken $filter", method: "GET", path: "/users?$filter=displayName eq", status: 400, has: []string{"Invalid filter clause"}},
		{name: "unknown option", method: "GET", path: "/users?$foo=1", status: 400},
		{name: "option twice", method: "GET", path: "/users?$top=1&$top=2", status: 400},
		{name: "$orderby unknown", method: "GET", path: "/users?$orderby=x", status: 400},
		{name: "$orderby unsortable", method: "GET", path: "/users?$orderby=jobTitle", status: 400, has: []string{"Request_UnsupportedQuery"}},
		{name: "$expand unknown", method: "GET", path: "/users?$expand=secrets", status: 400},
		{name: "$expand two", method: "GET", path: "/applications?$expand=owners,federatedIdentityCredentials", status: 400},
		{name: "unknown segment", method: "GET", path: "/nothing", status: 400, has: []string{"Resource not found for the segment 'nothing'."}},
		{name: "unknown action", method: "POST", path: "/applications/{id}/explode", body: `{}`, status: 400, has: []string{"Resource not found for the segment 'explode'."}},
		{name: "unknown version", method: "GET", path: "/raw/v3.0/users", status: 400, has: []string{"Invalid version"}},
		{name: "double slash", method: "GET", path: "/raw/v1.0//users", status: 400},
		{name: "dots", method: "GET", path: "/raw/v1.0/users/../applications", status: 400},
		{name: "long path", method: "GET", path: "/users/" + long, status: 400},
		{name: "not an id", method: "GET", path: "/applications/foo", status: 404, has: []string{"Resource 'foo' does not exist"}},
		{name: "wrong key", method: "GET", path: "/applications(displayName='x')", status: 400},
		{name: "wrong method", method: "PUT", path: "/users", body: `{}`, status: 405, has: []string{"Specified HTTP method is not allowed for the request target."}},
		{name: "wrong type", method: "POST", path: "/applications", body: `displayName=x`, header: []string{"Content-Type: application/x-www-form-urlencoded"}, status: 415},
		{name: "wrong charset", method: "POST", path: "/applications", body: `{"displayName":"x"}`, header: []string{"Content-Type: application/json; charset=utf-16"}, status: 415},
		{name: "compressed", method: "POST", path: "/applications", body: `{"displayName":"x"}`, header: []string{"Content-Encoding: gzip"}, status: 415},
		{name: "no body", method: "POST", path: "/applications", status: 415},
		{name: "no object", method: "POST", path: "/applications", body: `[]`, status: 400},
		{name: "broken JSON", method: "POST", path: "/applications", body: `{"displayName":"x"`, status: 400},
		{name: "member twice", method: "POST", path: "/applications", body: `{"displayName":"x","displayName":"y"}`, status: 400, has: []string{"twice"}},
		{name: "member twice, other case", method: "POST", path: "/applications", body: `{"displayName":"x","DisplayName":"y"}`, status: 400},
		{name: "too deep", method: "POST", path: "/applications", body: `{"displayName":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, status: 400},
		{name: "too large", method: "POST", path: "/applications", body: `{"displayName":"` + strings.Repeat("a", 5<<20) + `"}`, status: 413},
		{name: "no display name", method: "POST", path: "/applications", body: `{}`, status: 400, has: []string{"displayName"}},
		{name: "set the id", method: "POST", path: "/applications", body: `{"displayName":"x","appId":"{id}"}`, status: 400, has: []string{"Property 'appId' is read-only and cannot be set."}},
		{name: "too many ids", method: "POST", path: "/directoryObjects/getByIds", body: `{"ids":[` + strings.Repeat(`"x",`, 1000) + `"x"]}`, status: 400},
		{name: "id no GUID", method: "POST", path: "/directoryObjects/getByIds", body: `{"ids":["x"]}`, status: 400},
		{name: "reference to nothing", method: "POST", path: "/applications/{id}/owners/$ref", body: `{"@odata.id":"https://x/y"}`, status: 400, has: []string{"Not a valid reference update"}},
		{name: "private key", method: "PATCH", path: "/applications/{id}", body: `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPlanted\n-----END PRIVATE KEY-----"}]}`, status: 400, not: []string{"Planted"}},
		{name: "no certificate", method: "PATCH", path: "/applications/{id}", body: `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"AAAA"}]}`, status: 400},
		{name: "unknown key kept", method: "PATCH", path: "/applications/{id}", body: `{"keyCredentials":[{"keyId":"11111111-2222-4333-8444-555555555555","type":"AsymmetricX509Cert","usage":"Verify","key":null}]}`, status: 400},
		{name: "proof missing", method: "POST", path: "/applications/{id}/addKey", body: `{"keyCredential":{"type":"AsymmetricX509Cert","usage":"Verify","key":"AAAA"}}`, status: 400, has: []string{"proof"}},
		{name: "proof nonsense", method: "POST", path: "/applications/{id}/removeKey", body: `{"keyId":"11111111-2222-4333-8444-555555555555","proof":"x.y.z"}`, status: 400},
	} {
		t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) {
			w.T = t
			r := w.step(s)
			if r.Code >= 400 {
				o := w.object(r)
				if pick(o, "error/code") == nil || pick(o, "error/message") == "" || pick(o, "error/innerError/request-id") == nil {
					t.Errorf("not the shape of an error: %s", r.text)
				}
			}
		})
	}
	if text := w.log.String(); strings.Contains(text, "Planted") || strings.Contains(text, "displayName=x") || strings.Contains(text, long) {
		t.Error("the log holds parts of requests")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.do("", "GET", "/users", "")
	for name, want := range map[string]string{
		"Www-Authenticate":            `Bearer realm="", authorization_uri="https://login.test/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`,
		"Access-Control-Allow-Origin": "*",
		"Odata-Version":               "4.0",
		"Client-Request-Id":           "c0ffee00-0000-4000-8000-000000000000",
		"Content-Type":                "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
	} {
		if got := r.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.Header().Get("Access-Control-Allow-Credentials") != "" {
		t.Error("credentials are allowed across origins")
	}
	if id := r.Header().Get("Request-Id"); id == "" || !strings.Contains(r.text, id) {
		t.Errorf("request id %q is not in %s", id, r.text)
	}
	pre := w.do("", "OPTIONS", "/users", "", "Access-Control-Request-Method: PATCH", "Access-Control-Request-Headers: authorization, consistencylevel")
	if pre.Code != 204 || pre.Header().Get("Access-Control-Allow-Methods") != "PATCH" || pre.Header().Get("Access-Control-Allow-Headers") != "authorization, consistencylevel" {
		t.Errorf("preflight: %d %v", pre.Code, pre.Header())
	}
	if down := w.do("storage down", "GET", "/users", ""); down.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	none := w.do("first", "GET", "/users", "", "Accept: application/json;odata.metadata=none")
	if strings.Contains(none.text, "@odata") || !strings.Contains(none.Header().Get("Content-Type"), "odata.metadata=none") {
		t.Errorf("metadata=none: %s", none.text)
	}
	if wrong := w.do("first", "PUT", "/users", "{}"); wrong.Header().Get("Allow") != "GET, POST, OPTIONS" {
		t.Errorf("Allow: %q", wrong.Header().Get("Allow"))
	}
	created := w.do("first", "POST", "/applications", `{"displayName":"x"}`)
	if id := w.object(created)["id"].(string); created.Header().Get("Location") != graphURL+"/v1.0/applications/"+id {
		t.Errorf("Location: %q", created.Header().Get("Location"))
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.do("", "GET", "/beta/$metadata", "")
	if r.Code != 200 || r.Header().Get("Content-Type") != "application/xml" {
		t.Fatalf("%d %s", r.Code, r.Header())
	}
	d := xml.NewDecoder(bytes.NewReader(r.Body.Bytes()))
	types := map[string]bool{}
	var used []string
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range e.Attr {
			switch {
			case a.Name.Local == "Name" && strings.HasSuffix(e.Name.Local, "Type"):
				types["graph."+a.Value] = true
			case a.Name.Local == "Type":
				used = append(used, strings.TrimSuffix(strings.TrimPrefix(a.Value, "Collection("), ")"))
			}
		}
	}
	for _, u := range used {
		if !strings.HasPrefix(u, "Edm.") && !types[u] {
			t.Errorf("type %s is used and not declared", u)
		}
	}
	for _, want := range []string{"graph.application", "graph.user", "graph.permissionScope", "graph.keyCredential"} {
		if !types[want] {
			t.Errorf("no type %s", want)
		}
	}
}

// TestOwnedOnly: Application.ReadWrite.OwnedBy reaches what the caller owns.
func TestOwnedOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	w.allow("owner", "Application.ReadWrite.OwnedBy", "Policy.Read.All")
	w.run([]step{
		{name: "its own", as: "owner", method: "POST", path: "/applications", body: `{"displayName":"mine"}`, status: 201, save: map[string]string{"mine": "id", "mineId": "appId"}},
		{name: "sp", as: "owner", method: "POST", path: "/servicePrincipals", body: `{"appId":"{mineId}"}`, status: 201, save: map[string]string{"mineSp": "id"}},
		{name: "change", as: "owner", method: "PATCH", path: "/applications/{mine}", body: `{"notes":"n"}`, status: 204},
		{name: "secret", as: "owner", method: "POST", path: "/applications/{mine}/addPassword", status: 200},
		{name: "policies", as: "owner", method: "GET", path: "/applications/{mine}/tokenLifetimePolicies", status: 200},
		{name: "lists all", as: "owner", method: "GET", path: "/applications", status: 200, has: []string{"{first.api}"}},
		{name: "change another", as: "owner", method: "PATCH", path: "/applications/{first.api}", body: `{"notes":"n"}`, status: 403, has: []string{"Authorization_RequestDenied"}},
		{name: "secret of another", as: "owner", method: "POST", path: "/applications/{first.api}/addPassword", status: 403, not: []string{"secretText"}},
		{name: "key of another", as: "owner", method: "POST", path: "/servicePrincipals/{first.apiSp}/addPassword", status: 403, not: []string{"secretText"}},
		{name: "federation of another", as: "owner", method: "POST", path: "/applications/{first.api}/federatedIdentityCredentials", body: `{"name":"own","issuer":"https://oidc.example","subject":"x","audiences":["api://AzureADTokenExchange"]}`, status: 403},
		{name: "policies of another", as: "owner", method: "GET", path: "/applications/{first.api}/tokenLifetimePolicies", status: 403},
		{name: "delete another", as: "owner", method: "DELETE", path: "/servicePrincipals/{first.apiSp}", status: 403},
		{name: "restore another", as: "owner", method: "POST", path: "/directory/deletedItems/{first.deleted}/restore", status: 403},
		{name: "no roles", as: "owner", method: "POST", path: "/servicePrincipals/{mineSp}/appRoleAssignedTo", body: `{}`, status: 403},
		{name: "acceptMappedClaims", as: "owner", method: "PATCH", path: "/applications/{mine}", body: `{"api":{"acceptMappedClaims":true}}`, status: 403},
		{name: "delete", as: "owner", method: "DELETE", path: "/applications/{mine}", status: 204},
	})
	w.allow("apps only", "Application.ReadWrite.All")
	w.run([]step{
		{name: "roles need their own permission", as: "apps only", method: "POST", path: "/servicePrincipals/{first.graph}/appRoleAssignedTo", body: `{"principalId":"{first.sp}","resourceId":"{first.graph}","appRoleId":"06b708a9-e830-4db3-a914-8e69da51d44f"}`, status: 403},
		{name: "a user is but an id", as: "apps only", method: "GET", path: "/applications/{first.api}/owners", status: 200, has: []string{`"id":"{first.user}"`}, not: []string{"admin@contoso.example"}},
		{name: "users cannot be read", as: "apps only", method: "GET", path: "/users", status: 403},
		{name: "federation can be expanded", as: "apps only", method: "GET", path: "/applications/{first.api}?$expand=federatedIdentityCredentials", status: 200},
	})
	w.allow("directory reader", "Directory.Read.All")
	w.run([]step{
		{name: "what cannot be listed cannot be expanded", as: "directory reader", method: "GET", path: "/applications/{first.api}/federatedIdentityCredentials", status: 403},
		{name: "expanded", as: "directory reader", method: "GET", path: "/applications/{first.api}?$expand=federatedIdentityCredentials", status: 403},
		{name: "owners", as: "directory reader", method: "GET", path: "/applications/{first.api}?$expand=owners($select=id,displayName)", status: 200, has: []string{`"owners":[{"@odata.type":"#microsoft.graph.user","displayName":"Administrator","id":"{first.user}"}]`}},
	})
}

// TestNoEscalation: who may manage applications cannot become one that may do
// more.
func TestNoEscalation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	populate(w)
	_, w.vars["der"] = newCertificate(t, "c")
	w.run([]step{
		{name: "a strong application", method: "POST", path: "/applications", body: `{"displayName":"strong"}`, status: 201, save: map[string]string{"strong": "id", "strongId": "appId"}},
		{name: "sp", method: "POST", path: "/servicePrincipals", body: `{"appId":"{strongId}"}`, status: 201, save: map[string]string{"strongSp": "id"}},
		{name: "Domain.ReadWrite.All", method: "POST", path: "/servicePrincipals/{strongSp}/appRoleAssignments", body: `{"principalId":"{strongSp}","resourceId":"{first.graph}","appRoleId":"7e05723c-0bb0-42da-be95-ae9f08a6e53c"}`, status: 201},
		{name: "federation", method: "POST", path: "/applications/{strong}/federatedIdentityCredentials", body: `{"name":"fic","issuer":"https://oidc.example","subject":"s","audiences":["api://AzureADTokenExchange"]}`, status: 201, save: map[string]string{"fic": "id"}},
	})
	w.allow("apps", "Application.ReadWrite.All")
	w.allow("equal", "Application.ReadWrite.All", "Domain.ReadWrite.All")
	actor := *w.tokens["apps"]
	actor.AppID = directory.ID(w.vars["first.apiId"])
	w.tokens["apps"] = &actor
	key := `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"{der}"}]}`
	fic := `{"name":"two","issuer":"https://oidc.example","subject":"x","audiences":["api://AzureADTokenExchange"]}`
	why := []string{"Authorization_RequestDenied", "cannot add credentials"}
	w.run([]step{
		{name: "secret", as: "apps", method: "POST", path: "/applications/{strong}/addPassword", status: 403, has: why},
		{name: "secret of the sp", as: "apps", method: "POST", path: "/servicePrincipals/{strongSp}/addPassword", status: 403, has: why},
		{name: "secret of the administrator", as: "apps", method: "POST", path: "/applications/{first.app}/addPassword", status: 403, has: why},
		{name: "certificate", as: "apps", method: "PATCH", path: "/applications/{strong}", body: key, status: 403, has: why},
		{name: "certificate of the sp", as: "apps", method: "PATCH", path: "/servicePrincipals/{strongSp}", body: key, status: 403, has: why},
		{name: "federation", as: "apps", method: "POST", path: "/applications/{strong}/federatedIdentityCredentials", body: fic, status: 403, has: why},
		{name: "federation changed", as: "apps", method: "PATCH", path: "/applications/{strong}/federatedIdentityCredentials/{fic}", body: `{"subject":"x"}`, status: 403, has: why},
		{name: "federation by upsert", as: "apps", method: "PATCH", path: "/applications/{strong}/federatedIdentityCredentials(name='three')", body: fic, header: []string{"Prefer: create-if-missing"}, status: 403, has: why},
		{name: "no credential", as: "apps", method: "PATCH", path: "/applications/{strong}", body: `{"notes":"n","keyCredentials":[]}`, status: 204},
		{name: "a weak application", as: "apps", method: "POST", path: "/applications/{first.api}/addPassword", status: 200},
		{name: "an equal one", as: "equal", method: "POST", path: "/applications/{strong}/addPassword", status: 200},
		{name: "its principal put to sleep", as: "apps", method: "DELETE", path: "/servicePrincipals/{strongSp}", status: 204},
		{name: "secret while it sleeps", as: "apps", method: "POST", path: "/applications/{strong}/addPassword", status: 403, has: why},
		{name: "certificate while it sleeps", as: "apps", method: "PATCH", path: "/applications/{strong}", body: key, status: 403, has: why},
		{name: "federation while it sleeps", as: "apps", method: "POST", path: "/applications/{strong}/federatedIdentityCredentials", body: fic, status: 403, has: why},
		{name: "a new principal meanwhile", as: "apps", method: "POST", path: "/servicePrincipals", body: `{"appId":"{strongId}"}`, status: 201, save: map[string]string{"weakSp": "id"}},
		{name: "secret of the one while the other sleeps", as: "apps", method: "POST", path: "/servicePrincipals/{weakSp}/addPassword", status: 403, has: why},
		{name: "equal to the sleeping one", as: "equal", method: "POST", path: "/applications/{strong}/addPassword", status: 200},
		{name: "the sleeping one purged", as: "apps", method: "DELETE", path: "/directory/deletedItems/{strongSp}", status: 204},
		{name: "nothing to wake up to", as: "apps", method: "POST", path: "/applications/{strong}/addPassword", status: 200},
	})
}

// TestStorageFails: the answer is 503, and nothing is half-written.
func TestStorageFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.expand(newApplicationPath(w))
	for _, s := range []step{
		{method: "PATCH", path: path, body: `{"notes":"lost"}`},
		{method: "POST", path: path + "/addPassword", body: `{"passwordCredential":{"displayName":"lost"}}`},
		{method: "POST", path: "/applications", body: `{"displayName":"lost"}`},
		{method: "DELETE", path: path},
	} {
		w.db.FailNext(sqlstore.OpCommit, errors.New("disk I/O error"))
		r := w.do("first", s.method, s.path, s.body)
		if r.Code != 503 || strings.Contains(r.text, "I/O") || strings.Contains(r.text, "secretText") {
			t.Errorf("%s %s: %d\n%s", s.method, s.path, r.Code, r.text)
		}
	}
	if r := w.do("first", "GET", "/applications", ""); r.Code != 200 || strings.Contains(r.text, "lost") || !strings.Contains(r.text, w.vars["id"]) {
		t.Errorf("something is half-written: %d\n%s", r.Code, r.text)
	}
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []step{
		{method: "GET", path: path},
		{method: "GET", path: "/users"},
		{method: "PATCH", path: path, body: `{"notes":"n"}`},
		{method: "POST", path: "/applications", body: `{"displayName":"x"}`},
	} {
		r := w.do("first", s.method, s.path, s.body)
		if r.Code != 503 || r.Header().Get("Retry-After") == "" || strings.Contains(r.text, "sql") {
			t.Errorf("%s %s: %d\n%s", s.method, s.path, r.Code, r.text)
		}
	}
}

// TestBasicUsers: User.ReadBasic.All shows six properties, and no filter tells
// more.
func TestBasicUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allow("basic", "User.ReadBasic.All")
	w.run([]step{
		{name: "default", as: "basic", method: "GET", path: "/users", status: 200, has: []string{`"userPrincipalName":"admin@contoso.example"`}, not: []string{"jobTitle", "businessPhones"}},
		{name: "select", as: "basic", method: "GET", path: "/users?$select=id,jobTitle", status: 403},
		{name: "filter", as: "basic", method: "GET", path: "/users?$filter=startswith(jobTitle,'a')", status: 403},
		{name: "filter inside", as: "basic", method: "GET", path: "/users?$filter=displayName eq 'a' or not(employeeId eq '1')", status: 403},
		{name: "search", as: "basic", method: "GET", path: `/users?$search="jobTitle:a"`, header: []string{"ConsistencyLevel: eventual"}, status: 403},
		{name: "order", as: "basic", method: "GET", path: "/users?$orderby=createdDateTime", status: 403},
		{name: "one", as: "basic", method: "GET", path: "/users/{first.user}?$select=displayName", status: 200},
	})
	w.allow("both", "User.ReadBasic.All", "User.Read.All")
	w.step(step{name: "more", as: "both", method: "GET", path: "/users?$select=jobTitle", status: 200})
	w.allow("password", "User-PasswordProfile.ReadWrite.All")
	w.allow("directory", "Directory.ReadWrite.All")
	w.run([]step{
		{name: "user", method: "POST", path: "/users", body: `{"accountEnabled":true,"displayName":"Aki","mailNickname":"aki","userPrincipalName":"aki@contoso.example","passwordProfile":{"password":"Sakura-2026-xyz!"}}`, status: 201, save: map[string]string{"aki": "id"}},
		{name: "password alone", as: "password", method: "PATCH", path: "/users/{aki}", body: `{"passwordProfile":{"password":"Momiji-2026-xyz!"}}`, status: 204},
		{name: "nothing else", as: "password", method: "PATCH", path: "/users/{aki}", body: `{"displayName":"x"}`, status: 403},
		{name: "all but the password", as: "directory", method: "PATCH", path: "/users/{aki}", body: `{"displayName":"x"}`, status: 204},
		{name: "not the password", as: "directory", method: "PATCH", path: "/users/{aki}", body: `{"passwordProfile":{"password":"Momiji-2026-xyz!"}}`, status: 403},
	})
}

// TestSecretsStaySecret plants secrets in requests and looks for them, and for
// those that the server drew, in everything that comes out afterwards.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := newApplicationPath(w)
	w.run([]step{
		{name: "secret", method: "POST", path: path + "/addPassword", status: 200, save: map[string]string{"secret": "secretText"}},
		{name: "tenant", method: "POST", path: "/beta/sekisho/tenants", body: `{"displayName":"Usui","domain":"usui.example"}`, status: 201, save: map[string]string{"tenant.secret": "clientSecret", "tenant.password": "adminPassword"}},
		{name: "user", method: "POST", path: "/users", body: `{"accountEnabled":true,"displayName":"Aki","mailNickname":"aki","userPrincipalName":"aki@contoso.example","passwordProfile":{"password":"Planted-2026-xyz!"}}`, status: 201},
		{name: "refused", method: "POST", path: "/users", body: `{"accountEnabled":true,"displayName":"Aki","mailNickname":"aki","userPrincipalName":"aki@contoso.example","passwordProfile":{"password":"Planted-2026-xyz!","x":1}}`, status: 400},
		{name: "refused", method: "PATCH", path: path, body: `{"passwordCredentials":[{"secretText":"Planted-2026-xyz!"}]}`, status: 400},
		{name: "wrong type", method: "POST", path: "/users", body: `{"passwordProfile":{"password":["Planted-2026-xyz!"]}}`, status: 400},
		{name: "broken", method: "POST", path: "/users", body: `{"passwordProfile":{"password":"Planted-2026-xyz!"`, status: 400},
	})
	out := w.log.String()
	for _, r := range routes() {
		if r.method == "GET" && !strings.Contains(r.path, "{") && !r.has(me) {
			out += w.do("first", "GET", r.path, "").text
		}
	}
	out += w.do("first", "GET", w.expand(path), "").text
	for _, secret := range []string{w.vars["secret"], w.vars["tenant.secret"], w.vars["tenant.password"], "Planted"} {
		if strings.Contains(out, secret) {
			t.Errorf("%q came out again", secret)
		}
	}
}
