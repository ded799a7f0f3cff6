package interop

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sekisho-id/sekisho/interop/internal/person"
)

// ASP.NET Core with Microsoft.Identity.Web cannot be run where the tests run. What
// its parts send and check is known, and is done here over again: the handler of
// Microsoft.AspNetCore.Authentication.OpenIdConnect with its cookies,
// OpenIdConnectProtocolValidator, the issuer validator of Microsoft.IdentityModel,
// and MSAL.NET's redemption of the code.

// middleware is such an application, on a site of its own.
type middleware struct {
	party  *party
	origin string
	// post sends the authorization request as a form, RedirectBehavior.FormPost.
	post bool

	state, nonce, verifier, correlation string
	answer                              url.Values
	refused                             error
	signedOut                           url.Values
}

func newMiddleware(t *testing.T, p *party) *middleware {
	t.Helper()
	m := &middleware{party: p}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /start", m.start)
	mux.HandleFunc("POST /signin-oidc", m.callback)
	mux.HandleFunc("GET /signed-in", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "signed in") })
	mux.HandleFunc("GET /signout-callback-oidc", func(w http.ResponseWriter, r *http.Request) {
		m.signedOut = r.URL.Query()
		_, _ = io.WriteString(w, "signed out")
	})
	server := httptest.NewUnstartedServer(mux)
	server.TLS = serverTLS(t)
	server.StartTLS()
	t.Cleanup(server.Close)
	m.origin = server.URL // https://127.0.0.1: not the site of the server
	return m
}

func (m *middleware) redirectURI() string { return m.origin + "/signin-oidc" }

// request is the authorization request of the handler with token acquisition
// enabled.
func (m *middleware) request() url.Values {
	return url.Values{
		"client_id": {m.party.ClientID}, "redirect_uri": {m.redirectURI()}, "response_type": {"code"}, "response_mode": {"form_post"},
		"scope": {"openid profile offline_access " + m.party.Permission}, "nonce": {m.nonce}, "state": {m.state}, "client_info": {"1"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(m.verifier)}, "code_challenge_method": {"S256"},
		"x-client-brkrver": {"IDWeb.3.8.2.0"}, "x-client-SKU": {"ID_NET8_0"}, "x-client-ver": {"8.0.1.0"},
	}
}

var autoPost = template.Must(template.New("").Parse(`<!doctype html><title>Working</title>
<form method="post" action="{{.Action}}">{{range $name, $v := .Fields}}<input type="hidden" name="{{$name}}" value="{{index $v 0}}">{{end}}</form>
<script>document.forms[0].submit()</script>`))

// start challenges: it draws state and nonce, remembers them in cookies that a POST
// from another site brings back, and sends the browser away.
func (m *middleware) start(w http.ResponseWriter, r *http.Request) {
	payload := make([]byte, 2000) // protected properties of the request, with its tokens' names and return address
	_, _ = rand.Read(payload)
	m.state = "CfDJ8" + base64.RawURLEncoding.EncodeToString(payload)
	m.nonce = "638999999999999999." + base64.StdEncoding.EncodeToString([]byte(rand.Text()+rand.Text()))
	m.verifier, m.correlation = oauth2.GenerateVerifier(), rand.Text()
	for name, site := range map[string]http.SameSite{
		".AspNetCore.Correlation." + m.correlation: http.SameSiteNoneMode,
		".AspNetCore.OpenIdConnect.Nonce.1":        http.SameSiteNoneMode,
		"lax":                                      http.SameSiteLaxMode,
	} {
		http.SetCookie(w, &http.Cookie{Name: name, Value: "N", Path: "/signin-oidc", Secure: true, HttpOnly: true, SameSite: site})
	}
	endpoint := m.party.authority(m.party.Tenant) + "/oauth2/v2.0/authorize"
	if m.post {
		_ = autoPost.Execute(w, map[string]any{"Action": endpoint, "Fields": m.request()})
		return
	}
	http.Redirect(w, r, endpoint+"?"+m.request().Encode(), http.StatusFound)
}

// callback takes the answer: without the cookies there is no sign-in, as the
// handler's "Correlation failed".
func (m *middleware) callback(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{".AspNetCore.Correlation." + m.correlation, ".AspNetCore.OpenIdConnect.Nonce.1"} {
		if _, err := r.Cookie(name); err != nil {
			m.refused = fmt.Errorf("correlation failed: no cookie %s", name)
		}
	}
	if _, err := r.Cookie("lax"); err == nil {
		m.refused = errors.New("the answer did not come from another site, so the test shows nothing")
	}
	if got := r.Header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
		m.refused = fmt.Errorf("the answer is %s", got)
	}
	if err := r.ParseForm(); err != nil {
		m.refused = err
	}
	m.answer = r.PostForm
	http.Redirect(w, r, "/signed-in", http.StatusFound)
}

// challenge sends the person from the application through the pages and back.
func (m *middleware) challenge(t *testing.T, tab context.Context, way person.Way) *person.Walk {
	t.Helper()
	m.answer, m.refused = nil, nil
	way.Person, way.Until = m.party.person, m.origin+"/signed-in"
	walk, err := open(t.Context(), tab, m.origin+"/start", way)
	if err == nil {
		err = m.refused
	}
	if err == nil && m.answer.Get("state") != m.state {
		err = errors.New("the state did not come back as it was")
	}
	if err != nil {
		t.Fatal(err)
	}
	return walk
}

// redemption is MSAL.NET's request for the code, and what it insists on.
func (m *middleware) redemption(ctx context.Context) (tokens map[string]any, err error) {
	form := url.Values{
		"client_id": {m.party.ClientID}, "client_info": {"1"}, "client_secret": {m.party.Secret}, "grant_type": {"authorization_code"},
		"code": {m.answer.Get("code")}, "redirect_uri": {m.redirectURI()}, "code_verifier": {m.verifier},
		"scope": {m.party.Permission + " offline_access openid profile"},
	}
	endpoint := m.party.authority(m.party.Tenant) + "/oauth2/v2.0/token"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	const correlation = "3f0a7c11-52be-4c1d-9f3e-8d24b6a07e51"
	for name, v := range map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", "client-request-id": correlation,
		"return-client-request-id": "true", "x-client-SKU": "MSAL.NetCore", "x-client-Ver": "4.66.2.0", "x-client-OS": "Linux", "x-client-CPU": "X64",
		"x-client-current-telemetry": "5|834,0,,,|0,1,1,,", "x-client-last-telemetry": "5|0|||", "x-ms-lib-capability": "retry-after, h429",
		"X-AnchorMailbox": "oid:" + m.party.personID + "@" + m.party.Tenant, "x-app-name": "web", "x-app-ver": "1.0.0.0",
	} {
		req.Header.Set(name, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&tokens); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the token endpoint answered %v %v", resp.Status, tokens["error_description"])
	}
	if got := resp.Header.Get("client-request-id"); got != correlation {
		return nil, fmt.Errorf("client-request-id came back as %q", got)
	}
	if tokens["token_type"] != "Bearer" || tokens["refresh_token"] == nil || tokens["scope"] == nil {
		return nil, errors.New("the token response lacks what MSAL.NET reads")
	}
	if _, number := tokens["expires_in"].(float64); !number {
		return nil, fmt.Errorf("expires_in is %T", tokens["expires_in"])
	}
	return tokens, nil
}

// clientInfo reads uid and utid, which Microsoft.Identity.Web makes claims of.
func clientInfo(raw any) (account string, err error) {
	text, _ := raw.(string)
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", err
	}
	var info struct{ UID, UTID string }
	err = json.Unmarshal(data, &info)
	return info.UID + "." + info.UTID, err
}

// validate does what OpenIdConnectProtocolValidator and the issuer validator do
// with an ID token. path is the tenant in the metadata's address: a tenant's own
// metadata names its issuer, those of an alias a pattern.
func (m *middleware) validate(ctx context.Context, raw, path string) error {
	claims, err := payload(raw)
	if err != nil {
		return err
	}
	if claims["nonce"] != m.nonce {
		return fmt.Errorf("IDX21323: the nonce is %v", claims["nonce"])
	}
	tid, _ := claims["tid"].(string)
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
		Cloud  string `json:"cloud_instance_name"`
	}
	if err := getJSON(ctx, m.party.authority(path)+"/v2.0/.well-known/openid-configuration", "", &document); err != nil {
		return err
	}
	if want := strings.ReplaceAll(document.Issuer, "{tenantid}", tid); tid == "" || claims["iss"] != want {
		return fmt.Errorf("IDX40001: iss is %v, not %s", claims["iss"], want)
	}
	if err := m.validateKey(ctx, raw, document.Keys, document.Cloud, tid, claims["iss"]); err != nil {
		return err
	}
	keys := oidc.NewRemoteKeySet(ctx, document.Keys)
	issuer, _ := claims["iss"].(string)
	_, err = oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: m.party.ClientID}).Verify(ctx, raw)
	return err
}

// validateKey compares what the key says of its issuer and its cloud, where it does.
func (m *middleware) validateKey(ctx context.Context, raw, address, cloud, tid string, iss any) error {
	header, err := base64.RawURLEncoding.DecodeString(raw[:strings.IndexByte(raw, '.')])
	if err != nil {
		return err
	}
	var head struct{ Kid string }
	if err := json.Unmarshal(header, &head); err != nil {
		return err
	}
	var set struct {
		Keys []struct {
			Kid    string `json:"kid"`
			Issuer string `json:"issuer"`
			Cloud  string `json:"cloud_instance_name"`
		} `json:"keys"`
	}
	if err := getJSON(ctx, address, "", &set); err != nil {
		return err
	}
	for _, k := range set.Keys {
		switch {
		case k.Kid != head.Kid:
		case k.Issuer != "" && strings.ReplaceAll(k.Issuer, "{tenantid}", tid) != iss:
			return fmt.Errorf("IDX40005: the key is of %s, the token of %v", k.Issuer, iss)
		case k.Cloud != "" && k.Cloud != cloud:
			return fmt.Errorf("the key is of the cloud %s, the metadata of %s", k.Cloud, cloud)
		default:
			return nil
		}
	}
	return errors.New("IDX10501: the metadata has no key of that name")
}

// signOut is the handler's sign-out, with the ID token that it saved.
func (m *middleware) signOut(t *testing.T, tab context.Context, raw string) {
	t.Helper()
	state := "CfDJ8-_" + strings.Repeat(rand.Text(), 20)
	leave := m.party.authority(m.party.Tenant) + "/oauth2/v2.0/logout?" + url.Values{
		"post_logout_redirect_uri": {m.origin + "/signout-callback-oidc"}, "id_token_hint": {raw}, "state": {state},
		"x-client-SKU": {"ID_NET8_0"}, "x-client-ver": {"8.0.1.0"},
	}.Encode()
	walk, err := open(t.Context(), tab, leave, person.Way{Person: m.party.person, Until: m.origin + "/signout-callback-oidc"})
	if err != nil {
		t.Fatal(err)
	}
	if walk.Saw("signout") || m.signedOut.Get("state") != state {
		t.Errorf("the sign-out came back with %v after %v", m.signedOut, walk.Pages)
	}
}

func TestGoReplaysASPNETCore(t *testing.T) {
	m := newMiddleware(t, register(t, "aspnet-core"))
	tab := newProfile(t)
	walk := m.challenge(t, newProfile(t), person.Way{Decline: true})
	if m.answer.Get("error") != "access_denied" || !strings.Contains(m.answer.Get("error_description"), "AADSTS65004") || m.answer.Has("code") {
		t.Errorf("a person who declines becomes %v after %v", m.answer, walk.Pages)
	}
	m.challenge(t, tab, person.Way{})
	check := func() (raw string) {
		t.Helper()
		account := m.party.personID + "." + m.party.Tenant
		if got, err := clientInfo(m.answer.Get("client_info")); err != nil || got != account || m.answer.Get("session_state") == "" {
			t.Fatalf("the answer has client_info %q, %v; its members are %v", got, err, m.answer)
		}
		tokens, err := m.redemption(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := clientInfo(tokens["client_info"]); err != nil || got != account {
			t.Errorf("client_info is %q, %v", got, err)
		}
		raw, _ = tokens["id_token"].(string)
		for _, path := range []string{m.party.Tenant, "common", "organizations"} {
			if err := m.validate(t.Context(), raw, path); err != nil {
				t.Errorf("with the metadata of %s: %v", path, err)
			}
		}
		token, _ := tokens["access_token"].(string)
		if err := fitsPerson(t.Context(), m.party, answer{}, token); err != nil {
			t.Error(err)
		}
		return raw
	}
	raw := check()
	m.signOut(t, tab, raw)
	m.challenge(t, tab, person.Way{})
	check()
	// The same browser again, the request in a form from another site: the session is
	// found, and nobody is asked.
	m.post = true
	if walk := m.challenge(t, tab, person.Way{}); len(walk.Pages) != 0 {
		t.Errorf("somebody who is signed in saw %v", walk.Pages)
	}
	check()
}
