package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// The verbs of consent: who is an administrator, applications of another
// organisation, and the administrator's link.
func init() {
	verbs["admin"] = (*world).stepAdmin
	verbs["vendor"] = (*world).stepVendor
	verbs["needs"] = (*world).stepNeeds
	verbs["adminconsent"] = (*world).stepAdminConsent
	verbs["consented"] = (*world).stepConsented
	verbs["scp"] = (*world).stepScp
}

// directoryRoles are the template ids of the roles that the verb admin gives.
var directoryRoles = map[string]string{
	"global":      "62e90394-69f5-4237-9190-012177145e10",
	"privileged":  "e8611ab8-c189-46e8-94e1-60213ab1f814",
	"application": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
	"cloud":       "158c047a-c907-4556-b7ef-446551a6b5f7",
	"users":       "fe930be7-5e62-47db-91af-98c3a49a38b1",
}

// stepAdmin makes a person with a directory role: admin NAME ROLE.
func (w *world) stepAdmin(st step) {
	w.stepPerson(step{args: st.args[:1]})
	w.graph(w.token(), "POST", "/v1.0/roleManagement/directory/roleAssignments", fmt.Sprintf(
		`{"principalId":%q,"roleDefinitionId":%q,"directoryScopeId":"/"}`, w.vars[st.args[0]+".id"], directoryRoles[st.args[1]]), http.StatusCreated)
}

// stepVendor makes a web application of another organisation that all may use. It
// becomes {client}, as with the verb app; {vendor.tenant} is its home.
func (w *world) stepVendor(step) {
	b := w.srv.Bootstrap
	n := nextTenant()
	w.graph(w.graphToken(b.TenantID, b.ClientID, b.ClientSecret), "POST", "/beta/sekisho/tenants",
		fmt.Sprintf(`{"displayName":"Vendor %d","domain":"v%d.example"}`, n, n), http.StatusCreated)
	w.vars["vendor.tenant"] = w.at("tenantId")
	token := w.graphToken(w.vars["vendor.tenant"], w.at("clientId"), w.at("clientSecret"))
	w.graph(token, "POST", "/v1.0/applications", fmt.Sprintf(
		`{"displayName":"Vendor's","signInAudience":"AzureADMultipleOrgs","web":{"redirectUris":[%q]}}`, platforms["web"].redirect), http.StatusCreated)
	made := map[string]string{"": w.at("appId"), ".id": w.at("id"), ".kind": "web", ".redirect": platforms["web"].redirect}
	w.graph(token, "POST", "/v1.0/applications/"+made[".id"]+"/addPassword", `{"passwordCredential":{"displayName":"s"}}`, http.StatusOK)
	made[".secret"] = w.at("secretText")
	w.name("client", made)
	w.vars["redirect"] = made[".redirect"]
}

// stepNeeds registers the application for permissions, one resource on each line
// below: "appId = Scope/id Role/id".
func (w *world) stepNeeds(st step) {
	var resources []string
	for _, p := range st.params {
		var list []string
		for access := range strings.FieldsSeq(w.expand(p[1])) {
			kind, id, _ := strings.Cut(access, "/")
			list = append(list, fmt.Sprintf(`{"id":%q,"type":%q}`, id, kind))
		}
		resources = append(resources, fmt.Sprintf(`{"resourceAppId":%q,"resourceAccess":[%s]}`, w.expand(p[0]), strings.Join(list, ",")))
	}
	w.graph(w.token(), "PATCH", "/v1.0/applications/"+w.vars["client.id"], `{"requiredResourceAccess":[`+strings.Join(resources, ",")+`]}`, http.StatusNoContent)
}

// stepAdminConsent opens the administrator's link for the application:
// adminconsent [v1], changed by the lines below as in the verb authorize.
func (w *world) stepAdminConsent(st step) {
	path, tenant := "/v2.0/adminconsent", w.vars["tenant"]
	params := [][2]string{{"response_type", "-"}, {"nonce", "-"}}
	if len(st.args) > 0 {
		path = "/adminconsent"
		params = append(params, [2]string{"scope", "-"})
	}
	for _, p := range st.params {
		if p[0] == "@tenant" {
			tenant = w.expand(p[1])
		} else {
			params = append(params, p)
		}
	}
	w.stepAuthorize(step{params: append(params, [2]string{"@path", "/" + tenant + path})})
}

// stepConsented says that the application heard of the consent; the lines below are
// those of redirect.
func (w *world) stepConsented(st step) {
	to, fields := w.answer()
	if to != w.vars["redirect"] || fields.Get("admin_consent") != "True" || fields.Get("tenant") != w.vars["tenant"] || fields.Has("error") || fields.Has("code") {
		w.t.Errorf("answered to %s: %v", to, fields)
	}
	for _, p := range st.params {
		if got, want := fields.Get(p[0]), w.expand(p[1]); want == "-" && fields.Has(p[0]) || want != "-" && got != want {
			w.t.Errorf("%s is %q, want %q", p[0], got, want)
		}
	}
}

// stepScp compares the scopes of the access token of the last answer, in any
// order: scp User.Read openid.
func (w *world) stepScp(st step) {
	scp, _ := payload(w.t, w.at("access_token"))["scp"].(string)
	got, want := strings.Fields(scp), strings.Fields(w.expand(strings.Join(st.args, " ")))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("scp %q, want %q", got, want)
	}
}
