package server_test

import (
	"net/http"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"
)

// What a multi-tenant application was given in another tenant stops working, at
// Graph too, as soon as its home takes it away: not when its tokens expire.
func TestTokensStopWithTheirApplication(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{})
	hakone, usui := srv.Bootstrap.Demo["hakone.example"], srv.Bootstrap.Demo["usui.example"]
	home, guest := &world{t: t, srv: srv}, &world{t: t, srv: srv}
	homeAdmin := home.graphToken(usui.TenantID, usui.ClientID, usui.ClientSecret)
	guestAdmin := guest.graphToken(hakone.TenantID, hakone.ClientID, hakone.ClientSecret)

	home.graph(homeAdmin, "POST", "/v1.0/applications", `{"displayName":"ISV","signInAudience":"AzureADMultipleOrgs"}`, 201)
	object, appID := "/v1.0/applications/"+home.at("id"), home.at("appId")
	restore := "/v1.0/directory/deletedItems/" + home.at("id") + "/restore"
	home.graph(homeAdmin, "POST", object+"/addPassword", "", 200)
	secret := home.at("secretText")
	guest.graph(guestAdmin, "GET", "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?$select=id", "", 200)
	graph := guest.at("id")
	guest.graph(guestAdmin, "POST", "/v1.0/servicePrincipals", `{"appId":"`+appID+`"}`, 201)
	principal := guest.at("id")
	guest.graph(guestAdmin, "POST", "/v1.0/servicePrincipals/"+principal+"/appRoleAssignments",
		`{"principalId":"`+principal+`","resourceId":"`+graph+`","appRoleId":"9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"}`, 201)
	token := guest.graphToken(hakone.TenantID, appID, secret)

	for _, st := range []struct {
		name               string
		as                 *world
		admin              string
		method, path, body string
		done, read         int
	}{
		{"untouched", home, homeAdmin, "GET", object, "", 200, http.StatusOK},
		{"offered to its own tenant alone", home, homeAdmin, "PATCH", object, `{"signInAudience":"AzureADMyOrg"}`, 204, http.StatusUnauthorized},
		{"offered again", home, homeAdmin, "PATCH", object, `{"signInAudience":"AzureADMultipleOrgs"}`, 204, http.StatusOK},
		{"deleted at home", home, homeAdmin, "DELETE", object, "", 204, http.StatusUnauthorized},
		{"restored", home, homeAdmin, "POST", restore, "", 200, http.StatusOK},
		{"principal disabled", guest, guestAdmin, "PATCH", "/v1.0/servicePrincipals/" + principal, `{"accountEnabled":false}`, 204, http.StatusUnauthorized},
		{"principal enabled", guest, guestAdmin, "PATCH", "/v1.0/servicePrincipals/" + principal, `{"accountEnabled":true}`, 204, http.StatusOK},
		{"principal deleted", guest, guestAdmin, "DELETE", "/v1.0/servicePrincipals/" + principal, "", 204, http.StatusUnauthorized},
		{"another principal in its place", guest, guestAdmin, "POST", "/v1.0/servicePrincipals", `{"appId":"` + appID + `"}`, 201, http.StatusUnauthorized},
	} {
		st.as.graph(st.admin, st.method, st.path, st.body, st.done)
		req := guest.request("GET", srv.URL+"/v1.0/applications?$top=1", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		if guest.send(req); guest.status != st.read {
			t.Errorf("%s: the old token is answered with %d, want %d", st.name, guest.status, st.read)
		}
	}
}
