package server_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"
)

// Tokens that the server's own key signed and that no endpoint issues: Graph
// believes a signature only for the tenant, the audience, the principal and the
// kind of token that go together.
func TestGraphRefusesTokensThatDoNotFit(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{})
	hakone, usui := srv.Bootstrap.Demo["hakone.example"], srv.Bootstrap.Demo["usui.example"]
	w := &world{t: t, srv: srv}
	real := payload(t, w.graphToken(hakone.TenantID, hakone.ClientID, hakone.ClientSecret))
	other := payload(t, w.graphToken(usui.TenantID, usui.ClientID, usui.ClientSecret))
	now := srv.Now().Unix()
	for _, tt := range []struct {
		name   string
		change map[string]any
		want   int
	}{
		{"as it was issued", nil, http.StatusOK},
		{"like an ID token", map[string]any{"appid": nil, "azp": nil}, http.StatusUnauthorized},
		{"issuer of another tenant", map[string]any{"iss": other["iss"]}, http.StatusUnauthorized},
		{"another tenant, issuer kept", map[string]any{"tid": other["tid"]}, http.StatusUnauthorized},
		{"another tenant, principal kept", map[string]any{"tid": other["tid"], "iss": other["iss"]}, http.StatusUnauthorized},
		{"principal of another tenant", map[string]any{"oid": other["oid"], "appid": other["appid"]}, http.StatusUnauthorized},
		{"principal of another application", map[string]any{"oid": other["oid"]}, http.StatusUnauthorized},
		{"tenant of personal accounts", map[string]any{"tid": "9188040d-6c67-4c5b-b112-36a304b66dad", "iss": srv.URL + "/9188040d-6c67-4c5b-b112-36a304b66dad/"}, http.StatusUnauthorized},
		{"the installation as tenant", map[string]any{"tid": "00000000-0000-0000-0000-000000000000", "iss": srv.URL + "/00000000-0000-0000-0000-000000000000/"}, http.StatusUnauthorized},
		{"issuer of another host", map[string]any{"iss": "https://evil.example/" + hakone.TenantID + "/"}, http.StatusUnauthorized},
		{"issuer without its slash", map[string]any{"iss": srv.URL + "/" + hakone.TenantID}, http.StatusUnauthorized},
		{"no tenant", map[string]any{"tid": nil}, http.StatusUnauthorized},
		{"another audience", map[string]any{"aud": "https://vault.azure.net"}, http.StatusUnauthorized},
		{"several audiences", map[string]any{"aud": []any{real["aud"], "https://vault.azure.net"}}, http.StatusUnauthorized},
		{"audience in another case", map[string]any{"aud": "HTTPS://graph.microsoft.com"}, http.StatusUnauthorized},
		{"no audience", map[string]any{"aud": nil}, http.StatusUnauthorized},
		{"expired", map[string]any{"exp": now - 1}, http.StatusUnauthorized},
		{"without an end", map[string]any{"exp": nil}, http.StatusUnauthorized},
		{"not yet valid", map[string]any{"nbf": now + 3600}, http.StatusUnauthorized},
		{"delegated, of no person", map[string]any{"scp": "Directory.ReadWrite.All"}, http.StatusUnauthorized},
		{"roles as one string", map[string]any{"roles": "Application.ReadWrite.All"}, http.StatusUnauthorized},
		{"no roles", map[string]any{"roles": nil}, http.StatusForbidden},
	} {
		claims := maps.Clone(real)
		maps.Copy(claims, tt.change)
		maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
		text, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		token, err := srv.Dev.Sign(text)
		if err != nil {
			t.Fatal(err)
		}
		req := w.request("GET", srv.URL+"/v1.0/applications?$top=1", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		if w.send(req); w.status != tt.want {
			t.Errorf("%s: %d, want %d: %s", tt.name, w.status, tt.want, w.body)
		}
	}
}
