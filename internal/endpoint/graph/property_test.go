package graph

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A sample is a value for a property: what is written, what is then read (the
// same unless given), and what stands there after null (null unless given).
type sample struct{ write, read, cleared string }

const emptyRole = `{"id":"8c1e9a60-0000-4000-8000-000000000002","value":"R","displayName":"R","description":"R","isEnabled":true,"allowedMemberTypes":["User"]`

var applicationSamples = map[string]sample{
	"displayName":                       {write: `"Orders 注文"`},
	"description":                       {write: `"d"`},
	"notes":                             {write: `"n"`},
	"serviceManagementReference":        {write: `"CMDB-1"`},
	"signInAudience":                    {write: `"AzureADMultipleOrgs"`},
	"identifierUris":                    {write: `["api://contoso.example/orders"]`},
	"groupMembershipClaims":             {write: `"SecurityGroup"`},
	"isFallbackPublicClient":            {write: `true`},
	"isDeviceOnlyAuthSupported":         {write: `true`},
	"defaultRedirectUri":                {write: `"https://contoso.example/cb"`},
	"samlMetadataUrl":                   {write: `"https://contoso.example/saml"`},
	"tokenEncryptionKeyId":              {write: `null`},
	"nativeAuthenticationApisEnabled":   {write: `"all"`},
	"oauth2RequirePostResponse":         {write: `true`},
	"tags":                              {write: `["HideApp","x"]`},
	"optionalClaims":                    {write: `{"idToken":[{"name":"acct","source":null,"essential":false,"additionalProperties":[]}],"accessToken":[],"saml2Token":[]}`},
	"addIns":                            {write: `[{"id":"8c1e9a60-0000-4000-8000-000000000009","type":"t","properties":[{"key":"k","value":"v"}]}]`},
	"api":                               {write: `{"acceptMappedClaims":true,"knownClientApplications":[],"requestedAccessTokenVersion":2,"oauth2PermissionScopes":[],"preAuthorizedApplications":[]}`, cleared: `{"acceptMappedClaims":null,"knownClientApplications":[],"requestedAccessTokenVersion":null,"oauth2PermissionScopes":[],"preAuthorizedApplications":[]}`},
	"appRoles":                          {write: `[` + emptyRole + `}]`, read: `[` + emptyRole + `,"origin":"Application"}]`},
	"info":                              {write: `{"logoUrl":null,"marketingUrl":"https://contoso.example/m","privacyStatementUrl":"https://contoso.example/p","supportUrl":null,"termsOfServiceUrl":null}`, cleared: `{"logoUrl":null,"marketingUrl":null,"privacyStatementUrl":null,"supportUrl":null,"termsOfServiceUrl":null}`},
	"requiredResourceAccess":            {write: `[{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[{"id":"e1fe6dd8-ba31-4d61-89e7-88639da4683d","type":"Scope"}]}]`},
	"spa":                               {write: `{"redirectUris":["https://contoso.example/spa"]}`, cleared: `{"redirectUris":[]}`},
	"publicClient":                      {write: `{"redirectUris":["myapp://auth"]}`, cleared: `{"redirectUris":[]}`},
	"web":                               {write: `{"homePageUrl":"https://contoso.example","logoutUrl":"https://contoso.example/out","redirectUris":["https://contoso.example/cb"],"redirectUriSettings":[{"uri":"https://contoso.example/cb","index":null}],"implicitGrantSettings":{"enableAccessTokenIssuance":true,"enableIdTokenIssuance":false}}`, cleared: `{"homePageUrl":null,"logoutUrl":null,"redirectUris":[],"redirectUriSettings":[],"implicitGrantSettings":{"enableAccessTokenIssuance":false,"enableIdTokenIssuance":false}}`},
	"parentalControlSettings":           {write: `{"countriesBlockedForMinors":["JP"],"legalAgeGroupRule":"BlockMinors"}`, cleared: `{"countriesBlockedForMinors":[],"legalAgeGroupRule":"Allow"}`},
	"servicePrincipalLockConfiguration": {write: `{"isEnabled":true,"allProperties":true,"credentialsWithUsageVerify":null,"credentialsWithUsageSign":null,"identifierUris":null,"tokenEncryptionKeyId":null}`},
	"requestSignatureVerification":      {write: `{"isSignedRequestRequired":true,"allowedWeakAlgorithms":"rsaSha1"}`},
	"accessTokenSigningAlg":             {write: `"ES256"`},
	"singleUseClientAssertion":          {write: `true`},
}

var servicePrincipalSamples = map[string]sample{
	"accountEnabled":                     {write: `false`},
	"alternativeNames":                   {write: `["a"]`},
	"appRoleAssignmentRequired":          {write: `true`},
	"description":                        {write: `"d"`},
	"displayName":                        {write: `"local"`, cleared: `"app"`},
	"loginUrl":                           {write: `"https://contoso.example/login"`},
	"logoutUrl":                          {write: `"https://contoso.example/out"`},
	"notes":                              {write: `"n"`},
	"notificationEmailAddresses":         {write: `["ops@contoso.example"]`},
	"preferredSingleSignOnMode":          {write: `"saml"`},
	"preferredTokenSigningKeyThumbprint": {write: `"0123456789ABCDEF0123456789ABCDEF01234567"`},
	"servicePrincipalNames":              {write: `["api://contoso.example/local","{appId}"]`},
	"tags":                               {write: `["HideApp"]`},
	"samlSingleSignOnSettings":           {write: `{"relayState":"https://contoso.example/r"}`},
	"appRoles":                           {write: `[` + emptyRole + `}]`, read: `[` + emptyRole + `,"origin":"ServicePrincipal"}]`},
}

var userSamples = map[string]sample{
	"businessPhones":          {write: `["+81 1"]`},
	"displayName":             {write: `"Aki"`},
	"givenName":               {write: `"Aki"`},
	"jobTitle":                {write: `"Guard"`},
	"mail":                    {write: `"aki@contoso.example"`},
	"mobilePhone":             {write: `"+81 2"`},
	"officeLocation":          {write: `"Hakone"`},
	"preferredLanguage":       {write: `"ja-JP"`},
	"surname":                 {write: `"Seki"`},
	"userPrincipalName":       {write: `"aki2@contoso.example"`},
	"accountEnabled":          {write: `false`},
	"ageGroup":                {write: `"Adult"`},
	"city":                    {write: `"Hakone"`},
	"companyName":             {write: `"Contoso"`},
	"consentProvidedForMinor": {write: `"NotRequired"`},
	"country":                 {write: `"Japan"`},
	"department":              {write: `"Gate"`},
	"employeeId":              {write: `"42"`},
	"employeeType":            {write: `"Employee"`},
	"faxNumber":               {write: `"+81 3"`},
	"identities":              {write: `[{"signInType":"federated","issuer":"{other.tenant}","issuerAssignedId":"{other.user}"}]`},
	"mailNickname":            {write: `"aki2"`, cleared: "refused"},
	"onPremisesImmutableId":   {write: `"abc"`},
	"otherMails":              {write: `["aki@home.example"]`},
	"passwordPolicies":        {write: `"DisablePasswordExpiration"`},
	"passwordProfile":         {write: `{"forceChangePasswordNextSignIn":true,"forceChangePasswordNextSignInWithMfa":false}`, read: `null`},
	"postalCode":              {write: `"250-0521"`},
	"showInAddressList":       {write: `true`},
	"state":                   {write: `"Kanagawa"`},
	"streetAddress":           {write: `"1"`},
	"usageLocation":           {write: `"JP"`},
	"userType":                {write: `"Guest"`},
}

var policySamples = map[string]sample{
	"definition":            {write: `["{\"TokenLifetimePolicy\":{\"Version\":1,\"AccessTokenLifetime\":\"03:00:00\"}}"]`},
	"description":           {write: `"d"`},
	"displayName":           {write: `"p2"`},
	"isOrganizationDefault": {write: `true`},
}

// roundTrip writes, reads and clears every writable property of an entity on a
// fresh object, and tries to write every other one.
func roundTrip[T any](t *testing.T, e *entity[T], samples map[string]sample, make func(*world) string) {
	t.Helper()
	for _, p := range e.props {
		s, ok := samples[p.name]
		if p.parse != nil && !ok {
			t.Errorf("%s.%s has no sample", e.kind, p.name)
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			path := make(w)
			if p.parse == nil {
				refusesWrite(w, path, p.name)
				return
			}
			if s.read == "" {
				s.read = s.write
			}
			w.step(step{name: "write", method: "PATCH", path: path, body: `{"` + p.name + `":` + w.expand(s.write) + `}`, status: 204})
			readsBack(w, path, p.name, w.expand(s.read))
			if !p.nullable || s.cleared == "refused" {
				w.step(step{name: "null", method: "PATCH", path: path, body: `{"` + p.name + `":null}`, status: 400, has: []string{p.name}})
				return
			}
			if s.cleared == "" {
				s.cleared = "null"
			}
			w.step(step{name: "null", method: "PATCH", path: path, body: `{"` + p.name + `":null}`, status: 204})
			readsBack(w, path, p.name, s.cleared)
			w.step(step{name: "wrong type", method: "PATCH", path: path, body: `{"` + p.name + `":[[1]]}`, status: 400, has: []string{"One or more property values specified are invalid"}})
		})
	}
	for name := range samples {
		if p := e.find(name); p == nil || p.parse == nil {
			t.Errorf("the sample %s.%s belongs to no writable property", e.kind, name)
		}
	}
}

func refusesWrite(w *world, path, name string) {
	w.Helper()
	if slices.Contains([]string{"keyCredentials", "passwordCredentials"}, name) {
		return // these have rules of their own
	}
	w.step(step{name: "read-only", method: "PATCH", path: path, body: `{"` + name + `":"x"}`, status: 400, has: []string{"Property '" + name + "' is read-only and cannot be set."}})
}

func readsBack(w *world, path, name, want string) {
	w.Helper()
	r := w.step(step{name: "read", method: "GET", path: path + "?$select=" + name, status: 200})
	got := w.object(r)
	delete(got, "@odata.context")
	var wanted map[string]any
	if err := json.Unmarshal([]byte(`{"`+name+`":`+want+`}`), &wanted); err != nil {
		w.Fatal(err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		w.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func newApplicationPath(w *world) string {
	w.step(step{name: "create", method: "POST", path: "/applications", body: `{"displayName":"app","web":{"redirectUris":["https://contoso.example/cb"]}}`, status: 201, save: map[string]string{"id": "id", "appId": "appId"}})
	return "/applications/{id}"
}

func TestApplicationProperties(t *testing.T) {
	t.Parallel()
	roundTrip(t, applicationEntity, applicationSamples, newApplicationPath)
}

func TestServicePrincipalProperties(t *testing.T) {
	t.Parallel()
	roundTrip(t, servicePrincipalEntity, servicePrincipalSamples, func(w *world) string {
		newApplicationPath(w)
		w.step(step{name: "sp", method: "POST", path: "/servicePrincipals", body: `{"appId":"{appId}"}`, status: 201, save: map[string]string{"sp": "id"}})
		return "/servicePrincipals/{sp}"
	})
}

func TestUserProperties(t *testing.T) {
	t.Parallel()
	roundTrip(t, userEntity, userSamples, func(w *world) string {
		w.step(step{name: "create", method: "POST", path: "/users", body: `{"accountEnabled":true,"displayName":"Aki","mailNickname":"aki","userPrincipalName":"aki@contoso.example","passwordProfile":{"password":"Sakura-2026-xyz!"}}`, status: 201, save: map[string]string{"id": "id"}})
		return "/users/{id}"
	})
}

func TestPolicyProperties(t *testing.T) {
	t.Parallel()
	roundTrip(t, policyEntity, policySamples, func(w *world) string {
		w.step(step{name: "create", method: "POST", path: "/policies/tokenLifetimePolicies", body: `{"displayName":"p","definition":["{\"TokenLifetimePolicy\":{\"Version\":1,\"AccessTokenLifetime\":\"02:00:00\"}}"]}`, status: 201, save: map[string]string{"id": "id"}})
		return "/policies/tokenLifetimePolicies/{id}"
	})
}

// TestSentBack: what a client read it may send back as a whole, as long as it
// leaves out what is read-only.
func TestSentBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := newApplicationPath(w)
	w.step(step{name: "fill", method: "PATCH", path: path, status: 204, body: `{"appRoles":[` + emptyRole + `}],"api":{"requestedAccessTokenVersion":2},"tags":["a"]}`})
	body := w.object(w.step(step{name: "read", method: "GET", path: path, status: 200}))
	for name := range body {
		if p := applicationEntity.find(name); p != nil && p.parse == nil && !strings.Contains(name, "Credentials") {
			delete(body, name)
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	got := w.do("first", "PATCH", w.expand(path), string(text))
	if got.Code != 204 {
		t.Errorf("%d\n%s", got.Code, got.text)
	}
}

func TestPatchSemantics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := newApplicationPath(w)
	w.run([]step{
		{name: "absent members stay", method: "PATCH", path: path, body: `{"web":{"homePageUrl":"https://contoso.example"}}`, status: 204},
		{name: "both", method: "GET", path: path + "?$select=web", status: 200, has: []string{`"homePageUrl":"https://contoso.example"`, `"redirectUris":["https://contoso.example/cb"]`}},
		{name: "nested merge", method: "PATCH", path: path, body: `{"web":{"implicitGrantSettings":{"enableIdTokenIssuance":true}}}`, status: 204},
		{name: "nested merge again", method: "PATCH", path: path, body: `{"web":{"implicitGrantSettings":{"enableAccessTokenIssuance":true}}}`, status: 204},
		{name: "both flags", method: "GET", path: path + "?$select=web", status: 200, has: []string{`"enableAccessTokenIssuance":true,"enableIdTokenIssuance":true`}},
		{name: "a collection is replaced", method: "PATCH", path: path, body: `{"web":{"redirectUris":["https://contoso.example/other"]}}`, status: 204},
		{name: "replaced", method: "GET", path: path + "?$select=web", status: 200, has: []string{`"redirectUris":["https://contoso.example/other"]`}},
		{name: "collections are not null", method: "PATCH", path: path, body: `{"web":{"redirectUris":null}}`, status: 400, has: []string{"'redirectUris' cannot be null"}},
		{name: "members of collections are not null", method: "PATCH", path: path, body: `{"tags":[null]}`, status: 400},
		{name: "unknown member", method: "PATCH", path: path, body: `{"web":{"color":"red"}}`, status: 400, has: []string{"Invalid property 'color'."}},
		{name: "unknown property", method: "PATCH", path: path, body: `{"foo":1,"bar":2}`, status: 400, has: []string{"Invalid property 'bar'."}},
		{name: "annotations are ignored", method: "PATCH", path: path, body: `{"@odata.type":"#microsoft.graph.application","x@odata.bind":[],"notes":"n"}`, status: 204},
		{name: "nothing is half-written", method: "PATCH", path: path, body: `{"notes":"lost","signInAudience":"Everybody"}`, status: 400},
		{name: "as before", method: "GET", path: path + "?$select=notes", status: 200, has: []string{`"notes":"n"`}},
		{name: "stored names are no way in", method: "PATCH", path: path, body: `{"builtin":true}`, status: 400, has: []string{"Invalid property 'builtin'."}},
		{name: "empty", method: "PATCH", path: path, body: `{}`, status: 204},
	})
}
