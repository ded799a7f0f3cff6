package token_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

func (w *world) clients() map[string]*directory.Application {
	return map[string]*directory.Application{"web": w.web, "spa": w.spa, "native": w.native}
}

func TestCodeExchange(t *testing.T) {
	w := newWorld(t)
	for name, client := range w.clients() {
		t.Run(name, func(t *testing.T) {
			a := w.ask(w.exchange(client, w.code(client))).good(t, "code")
			want := "openid profile " // what of them was consented to
			if got := a.text("scope"); got != "email "+want+w.api()+"/Orders.Read "+w.api()+"/Orders.Write" {
				t.Errorf("scope %q", got)
			}
			if in, ok := a.Body["expires_in"].(float64); !ok || in < 3599 || a.Body["ext_expires_in"] != a.Body["expires_in"] {
				t.Errorf("expires_in %v, ext_expires_in %v", a.Body["expires_in"], a.Body["ext_expires_in"])
			}
			info, err := base64.RawURLEncoding.DecodeString(a.text("client_info"))
			if err != nil || string(info) != `{"uid":"`+string(w.hanako.ID)+`","utid":"`+w.hakone.ID.String()+`"}` {
				t.Errorf("client_info %s, %v", info, err)
			}
			access, id := a.claims(t, "access_token"), a.claims(t, "id_token")
			if access["scp"] != "Orders.Read Orders.Write" || access["oid"] != string(w.hanako.ID) || access["tid"] != w.hakone.ID.String() {
				t.Errorf("access token %v", access)
			}
			if id["aud"] != string(client.AppID) || id["nonce"] != "n-1" || id["oid"] != string(w.hanako.ID) || id["ver"] != "2.0" {
				t.Errorf("ID token %v", id)
			}
			left, ok := a.Body["refresh_token_expires_in"].(float64)
			if (client == w.spa) != ok || ok && left != 86400 {
				t.Errorf("refresh_token_expires_in %v", a.Body["refresh_token_expires_in"])
			}
			if a.text("refresh_token") == "" || a.Header.Get("X-Ms-Clitelem") != "1,0,0,," || !strings.HasPrefix(a.Header.Get("Cache-Control"), "no-store") {
				t.Errorf("%v", a.Header)
			}
			allowed := a.Header.Get("Access-Control-Allow-Origin")
			if (client == w.spa) != (allowed == origin) || a.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("Access-Control-Allow-Origin %q", allowed)
			}
		})
	}
}

func TestCodeExchangeV1(t *testing.T) {
	w := newWorld(t)
	v1 := func(c *authorization.Code) {
		c.Version, c.Scope, c.Resource, c.Challenge, c.ChallengeMethod = 1, "openid", w.api(), "", ""
	}
	a := w.ask(with(w.exchange(w.web, w.code(w.web, v1)), "@version", "1", "code_verifier", "")).good(t, "v1")
	for _, name := range []string{"expires_in", "ext_expires_in", "expires_on", "not_before"} {
		if a.text(name) == "" {
			t.Errorf("%s is %v, want text", name, a.Body[name])
		}
	}
	if a.text("resource") != w.api() || a.text("refresh_token") == "" || a.text("scope") != "email openid profile Orders.Read Orders.Write" {
		t.Errorf("%v", a.Body)
	}
	if id := a.claims(t, "id_token"); id["ver"] != "1.0" || id["iss"] != "https://localhost:8443/"+w.hakone.ID.String()+"/" {
		t.Errorf("ID token %v", id)
	}
	// The resource may come with the code, and openid need not be asked for.
	a = w.ask(with(w.exchange(w.web, w.code(w.web, v1, func(c *authorization.Code) { c.Scope, c.Resource = "", "" })), "@version", "1", "code_verifier", "",
		"resource", "https://graph.microsoft.com", "client_info", "")).good(t, "v1")
	if a.text("resource") != "https://graph.microsoft.com" || a.Body["id_token"] != nil || a.Body["client_info"] != nil {
		t.Errorf("%v", a.Body)
	}
}

// Without offline_access there is no refresh token, without openid no ID token.
func TestCodeExchangeGivesWhatWasAsked(t *testing.T) {
	w := newWorld(t)
	a := w.ask(w.exchange(w.spa, w.code(w.spa, func(c *authorization.Code) { c.Scope = w.api() + "/Orders.Read" }))).good(t, "scope only")
	for _, name := range []string{"refresh_token", "refresh_token_expires_in", "id_token"} {
		if a.Body[name] != nil {
			t.Errorf("%s although nobody asked", name)
		}
	}
	// Asked, but not consented to any more.
	client := w.app(&directory.Application{DisplayName: "Bare", PublicClient: directory.RedirectSet{RedirectURIs: []string{"http://localhost"}}})
	w.grant(w.hakone, client, w.orders.AppID, "Orders.Read")
	a = w.ask(w.exchange(client, w.code(client))).good(t, "OpenID Connect not consented to")
	if a.Body["refresh_token"] != nil || a.Body["id_token"] != nil || a.text("scope") != w.api()+"/Orders.Read" {
		t.Errorf("%v", a.Body)
	}
}

// The scope of the answer is what MSAL keeps tokens under.
func TestScopeOfTheAnswer(t *testing.T) {
	w := newWorld(t)
	w.grant(w.hakone, w.spa, w.slashed().AppID, "user_impersonation")
	guid := string(w.orders.AppID)
	for _, tt := range []struct{ began, sent, want string }{
		{"User.Read openid", "", "User.Read"},
		{"User.Read", "user.read openid", "User.Read"},
		{"openid", "https://graph.microsoft.com/User.Read", "https://graph.microsoft.com/User.Read"},
		{"openid profile", "", "User.Read"},
		{"openid profile", "openid", "User.Read"},
		{".default", "", "User.Read .default"},
		{"", "https://graph.microsoft.com/.default", "https://graph.microsoft.com/User.Read https://graph.microsoft.com/.default"},
		{"User.Read", w.api() + "/Orders.Write", w.api() + "/Orders.Read " + w.api() + "/Orders.Write"},
		{"", w.api() + "/.default", w.api() + "/Orders.Read " + w.api() + "/Orders.Write " + w.api() + "/.default"},
		{"", guid + "/orders.read", guid + "/Orders.Read " + guid + "/Orders.Write"},
		{"", guid + "/Orders.Read " + w.api() + "/Orders.Write", guid + "/Orders.Read " + w.api() + "/Orders.Write"},
		{w.api() + "/Orders.Read User.Read", "", w.api() + "/Orders.Read " + w.api() + "/Orders.Write"},
		{"", "https://mgmt.hakone.example//.default", "https://mgmt.hakone.example//user_impersonation https://mgmt.hakone.example//.default"},
	} {
		code := w.code(w.spa, func(c *authorization.Code) { c.Scope = tt.began })
		v := w.exchange(w.spa, code)
		if tt.sent != "" {
			v.Set("scope", tt.sent)
		}
		if got := w.ask(v).good(t, tt.sent).text("scope"); got != "email openid profile "+tt.want {
			t.Errorf("began with %q, sent %q: %q", tt.began, tt.sent, got)
		}
	}
}

// slashed is a resource whose name ends in a slash.
func (w *world) slashed() *directory.Application {
	value := "user_impersonation"
	return w.app(&directory.Application{DisplayName: "Management", IdentifierURIs: []string{"https://mgmt.hakone.example/"},
		API: directory.APIApplication{OAuth2PermissionScopes: []directory.PermissionScope{{ID: w.guid(), Value: &value, Type: "User", IsEnabled: true}}}})
}

func TestCodeRefusals(t *testing.T) {
	w := newWorld(t)
	set := func(changes ...string) func(url.Values) url.Values {
		return func(v url.Values) url.Values { return with(v, changes...) }
	}
	plain := func(c *authorization.Code) { c.Challenge, c.ChallengeMethod = verifier, "plain" }
	none := func(c *authorization.Code) { c.Challenge, c.ChallengeMethod = "", "" }
	alias := func(c *authorization.Code) { c.Path = "organizations" }
	for _, tt := range []struct {
		name   string
		client *directory.Application
		code   func(*authorization.Code)
		send   func(url.Values) url.Values
		status int
		oauth  string
		number int // 0 for tokens
	}{
		{"no code", w.web, nil, set("code", ""), 400, "invalid_request", 900144},
		{"garbled code", w.web, nil, set("code", "1.abc"), 400, "invalid_request", 9002313},
		{"unknown code", w.web, nil, set("code", "1."+strings.Repeat("B", 64)), 400, "invalid_grant", 70000},
		{"unknown code from a browser", w.spa, nil, set("code", "1."+strings.Repeat("B", 64)), 400, "invalid_grant", 70000},
		{"unknown code and a wrong secret", w.web, nil, set("code", "1."+strings.Repeat("B", 64), "client_secret", "no"), 401, "invalid_client", 7000215},
		{"code of another client", w.web, nil, set("client_id", string(w.native.AppID), "client_secret", ""), 400, "invalid_grant", 70000},
		{"resource on v2", w.web, nil, set("resource", "api://x"), 400, "invalid_request", 901002},

		{"wrong secret", w.web, nil, set("client_secret", "no"), 401, "invalid_client", 7000215},
		{"web without a credential", w.web, nil, set("client_secret", ""), 401, "invalid_client", 7000218},
		{"web from a browser", w.web, nil, set("@origin", origin), 400, "invalid_request", 9002326},
		{"native with a secret", w.native, nil, set("client_secret", secret), 401, "invalid_client", 700025},
		{"native from a browser", w.native, nil, set("@origin", origin), 400, "invalid_request", 9002326},
		{"single-page with a secret", w.spa, nil, set("client_secret", secret), 401, "invalid_client", 700025},
		{"single-page from no browser", w.spa, nil, set("@origin", ""), 400, "invalid_request", 9002327},
		{"single-page on any port of this machine", w.spa, nil, set("@origin", "http://localhost:5173"), 200, "", 0},

		{"another redirect URI", w.web, nil, set("redirect_uri", callback+"/"), 400, "invalid_grant", 500112},
		{"no redirect URI", w.web, nil, set("redirect_uri", ""), 400, "invalid_grant", 500112},
		{"no redirect URI either time", w.web, func(c *authorization.Code) { c.RedirectSent = false }, set("redirect_uri", ""), 200, "", 0},
		{"the chosen redirect URI", w.web, func(c *authorization.Code) { c.RedirectSent = false }, set(), 200, "", 0},
		{"another than the chosen one", w.web, func(c *authorization.Code) { c.RedirectSent = false }, set("redirect_uri", "https://evil.example/"), 400, "invalid_grant", 500112},
		{"another port", w.native, func(c *authorization.Code) { c.RedirectURI = "http://localhost:5001" }, set("redirect_uri", "http://localhost:5002"), 400, "invalid_grant", 500112},

		{"wrong verifier", w.native, nil, set("code_verifier", strings.Repeat("a", 43)), 400, "invalid_grant", 501481},
		{"the challenge as verifier", w.native, nil, set("code_verifier", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), 400, "invalid_grant", 501481},
		{"no verifier", w.native, nil, set("code_verifier", ""), 400, "invalid_grant", 50148},
		{"no verifier for a confidential client", w.web, nil, set("code_verifier", ""), 400, "invalid_grant", 50148},
		{"plain", w.web, plain, set(), 200, "", 0},
		{"the method of the token request", w.web, plain, set("code_verifier", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method", "S256"), 400, "invalid_grant", 501481},
		{"a verifier without a challenge", w.web, none, set(), 400, "invalid_grant", 501481},
		{"neither", w.web, none, set("code_verifier", ""), 200, "", 0},
		{"single-page without a challenge", w.spa, none, set("code_verifier", ""), 400, "invalid_request", 9002325},

		{"another tenant", w.web, nil, set("@tenant", w.usui.ID.String()), 400, "invalid_grant", 700005},
		{"an alias for a tenant", w.web, nil, set("@tenant", "common"), 400, "invalid_grant", 700005},
		{"the tenant by its domain", w.web, nil, set("@tenant", "hakone.example"), 200, "", 0},
		{"the same alias", w.web, alias, set("@tenant", "organizations"), 200, "", 0},
		{"common for organizations", w.spa, alias, set("@tenant", "common"), 200, "", 0},
		{"consumers for organizations", w.spa, alias, set("@tenant", "consumers"), 400, "invalid_grant", 700005},
		{"the tenant for an alias", w.web, alias, set(), 200, "", 0},
		{"another tenant for an alias", w.web, alias, set("@tenant", w.usui.ID.String()), 400, "invalid_grant", 700005},
		{"no tenant", w.web, alias, set("@tenant", "nowhere.example"), 400, "invalid_request", 90002},

		{"two resources", w.web, nil, set("scope", "User.Read "+w.api()+"/Orders.Read"), 400, "invalid_request", 28000},
		{"empty scope", w.web, nil, set("scope", "  "), 400, "invalid_request", 28003},
		{"malformed scope", w.web, nil, set("scope", "a\"b"), 400, "invalid_scope", 70011},
		{"default among others", w.web, nil, set("scope", w.api()+"/.default "+w.api()+"/Orders.Read"), 400, "invalid_scope", 70011},
		{"unknown resource", w.web, nil, set("scope", "api://nothing/.default"), 400, "invalid_resource", 500011},
		{"unknown scope", w.web, nil, set("scope", w.api()+"/Orders.Burn"), 400, "invalid_client", 650053},
		{"scope nobody consented to", w.web, nil, set("scope", w.api()+"/Orders.Admin"), 400, "invalid_grant", 65001},
		{"malformed claims", w.web, nil, set("claims", "{"), 400, "invalid_request", 9000410},
	} {
		t.Run(tt.name, func(t *testing.T) {
			change := tt.code
			if change == nil {
				change = func(*authorization.Code) {}
			}
			v := w.exchange(tt.client, w.code(tt.client, change))
			a := w.ask(tt.send(v))
			if tt.number == 0 {
				a.good(t, "tokens")
				return
			}
			a.refused(t, "the request", tt.status, tt.oauth, tt.number)
			// Nothing that is refused uses the code up.
			if tt.code == nil {
				w.ask(v).good(t, "the code again, done right")
			}
		})
	}
}

func TestConsentMissing(t *testing.T) {
	w := newWorld(t)
	v := with(w.exchange(w.spa, w.code(w.spa)), "scope", w.api()+"/Orders.Admin")
	a := w.ask(v)
	a.refused(t, "v2", 400, "invalid_grant", 65001)
	if a.text("suberror") != "consent_required" || a.Header.Get("Access-Control-Allow-Origin") != origin {
		t.Errorf("%v %v", a.Body, a.Header)
	}
	bare := w.app(&directory.Application{DisplayName: "Bare", PublicClient: directory.RedirectSet{RedirectURIs: []string{"http://localhost"}},
		RequiredResourceAccess: []directory.RequiredResourceAccess{{ResourceAppID: w.orders.AppID, ResourceAccess: []directory.ResourceAccess{{ID: w.orders.API.OAuth2PermissionScopes[0].ID, Type: "Scope"}}}}})
	code := w.code(bare, func(c *authorization.Code) { c.Version, c.Scope, c.Resource = 1, "", w.api() })
	a = w.ask(with(w.exchange(bare, code), "@version", "1"))
	a.refused(t, "v1", 400, "interaction_required", 65001)
	if a.text("suberror") != "consent_required" {
		t.Errorf("%v", a.Body)
	}
	// No service principal in the tenant yet.
	sp := w.principal(w.hakone, w.spa.AppID)
	w.must(w.db.DeleteServicePrincipal(t.Context(), w.hakone.ID, sp.ID, w.clock(), w.event()))
	w.ask(w.exchange(w.spa, w.code(w.spa))).refused(t, "no service principal", 400, "invalid_grant", 65001)
}

// MSAL adds the words of OpenID Connect to every token request. An application that
// did not ask for them at /authorize gets what it was granted, without them.
func TestWordsThatNobodyConsentedTo(t *testing.T) {
	w := newWorld(t)
	app := w.app(&directory.Application{DisplayName: "Plain", PublicClient: directory.RedirectSet{RedirectURIs: []string{"http://localhost"}}})
	w.grant(w.hakone, app, w.orders.AppID, "Orders.Read")
	code := w.code(app, func(c *authorization.Code) { c.Scope = w.api() + "/Orders.Read" })
	a := w.ask(with(w.exchange(app, code), "scope", w.api()+"/Orders.Read openid profile offline_access"))
	a.good(t, "plain")
	if got := a.text("scope"); got != w.api()+"/Orders.Read" || a.Body["id_token"] != nil || a.Body["refresh_token"] != nil {
		t.Errorf("scope %q, body %v", got, a.Body)
	}
}

func TestCodeTwice(t *testing.T) {
	w := newWorld(t)
	for name, client := range w.clients() {
		v := w.exchange(client, w.code(client))
		first := w.ask(v).good(t, name)
		w.ask(v).refused(t, name, 400, "invalid_grant", 54005)
		a := w.ask(w.refreshing(client, first.text("refresh_token")))
		a.refused(t, name+": the refresh token", 400, "invalid_grant", 50173)
		if a.text("suberror") != "bad_token" {
			t.Errorf("%s: suberror %q", name, a.text("suberror"))
		}
	}
	// Even with the wrong verifier: whoever has the code has it.
	v := w.exchange(w.native, w.code(w.native))
	first := w.ask(v).good(t, "native")
	w.ask(with(v, "code_verifier", strings.Repeat("a", 43))).refused(t, "wrong verifier", 400, "invalid_grant", 54005)
	w.ask(w.refreshing(w.native, first.text("refresh_token"))).refused(t, "after it", 400, "invalid_grant", 50173)
	// But not by another client, or one that does not prove itself.
	v = w.exchange(w.web, w.code(w.web))
	first = w.ask(v).good(t, "web")
	w.ask(with(v, "client_id", string(w.native.AppID), "client_secret", "")).refused(t, "another client", 400, "invalid_grant", 70000)
	w.ask(with(v, "client_secret", "no")).refused(t, "wrong secret", 401, "invalid_client", 7000215)
	w.ask(w.refreshing(w.web, first.text("refresh_token"))).good(t, "still good")
}

func TestCodeExpires(t *testing.T) {
	w := newWorld(t)
	v := w.exchange(w.web, w.code(w.web))
	w.pass(authorization.CodeLife)
	w.ask(v).refused(t, "late", 400, "invalid_grant", 70008)
}

func TestCodeInParallel(t *testing.T) {
	w := newWorld(t)
	v := w.exchange(w.native, w.code(w.native))
	const racers = 20
	answers := make([]*answer, racers)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() { answers[i] = w.ask(v) })
	}
	wg.Wait()
	good := 0
	for _, a := range answers {
		if a.Status == 200 {
			good++
			continue
		}
		a.refused(t, "a racer", 400, "invalid_grant", 54005)
	}
	if good != 1 {
		t.Errorf("%d answers with tokens", good)
	}
}

// Whatever fails in the storage, no token leaves and the code stays good.
func TestCodeWithFailingStorage(t *testing.T) {
	w := newWorld(t)
	for _, op := range []sqlstore.Op{sqlstore.OpRead, sqlstore.OpWrite, sqlstore.OpCommit, sqlstore.OpAppend} {
		v := w.exchange(w.spa, w.code(w.spa))
		w.db.FailNext(op, errors.New("disk full"))
		a := w.ask(v)
		if a.Status < 500 || a.Body["access_token"] != nil || strings.Contains(a.text("error_description"), "disk") {
			t.Errorf("%s: %d %v", op, a.Status, a.Body)
		}
		if a.Header.Get("Access-Control-Allow-Origin") == "" && op != sqlstore.OpRead {
			t.Errorf("%s: a browser cannot read the error", op)
		}
		w.ask(v).good(t, "again after "+string(op))
	}
}

func TestRolesAndAssignment(t *testing.T) {
	w := newWorld(t)
	w.requireAssignment(w.hakone, w.orders)
	a := w.ask(w.exchange(w.spa, w.code(w.spa)))
	a.refused(t, "the resource asks for an assignment", 400, "invalid_grant", 50105)
	w.assign(w.hakone, w.hanako, w.orders, w.orders.AppRoles[0].ID)
	access := w.ask(w.exchange(w.spa, w.code(w.spa))).good(t, "assigned").claims(t, "access_token")
	if d := cmp.Diff([]any{"Orders.Approver"}, access["roles"]); d != "" {
		t.Error(d)
	}
	w.requireAssignment(w.hakone, w.spa)
	w.ask(w.exchange(w.spa, w.code(w.spa))).refused(t, "the client asks for an assignment", 400, "invalid_grant", 50105)
	w.assign(w.hakone, w.hanako, w.spa, directory.ZeroID)
	w.ask(w.exchange(w.spa, w.code(w.spa))).good(t, "assigned to both")
}

func TestPersonAndClientAtRedemption(t *testing.T) {
	w := newWorld(t)
	v := w.exchange(w.web, w.code(w.web))
	w.pass(time.Second)
	w.change(w.hakone, w.hanako, func(u *directory.User) { u.AccountEnabled = false })
	w.ask(v).refused(t, "disabled", 400, "invalid_grant", 50057)
	w.change(w.hakone, w.hanako, func(u *directory.User) { u.AccountEnabled, u.SessionsValidFrom = true, w.clock() })
	w.ask(v).refused(t, "revoked", 400, "invalid_grant", 50173)
	sp := w.principal(w.hakone, w.web.AppID)
	w.must(w.db.ChangeServicePrincipal(t.Context(), w.hakone.ID, sp.ID, func(sp *directory.ServicePrincipal) error { sp.AccountEnabled = false; return nil }, w.event()))
	w.ask(w.exchange(w.web, w.code(w.web))).refused(t, "client disabled", 400, "unauthorized_client", 7000112)
}

func (w *world) change(t *directory.Tenant, u *directory.User, f func(*directory.User)) {
	w.t.Helper()
	w.must(w.db.ChangeUser(w.t.Context(), t.ID, u.ID, func(u *directory.User) error { f(u); return nil }, w.event()))
}
