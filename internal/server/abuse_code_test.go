package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"
)

func init() {
	attacks["proof keys are dropped"] = abuseProofKey
	attacks["codes are stolen"] = abuseCodes
	attacks["codes are sent again"] = abuseReplay
	attacks["refresh tokens are stolen"] = abuseRefresh
	attacks["one thing is passed off as another"] = abuseConfusion
}

// refused says that the last answer gives nothing: a 4xx with its envelope, no
// token, no way on.
func (w *world) refused(what string) {
	w.t.Helper()
	if w.status < 400 || w.status >= 500 || w.header.Get("Location") != "" {
		w.t.Errorf("%s: %d %s %s", what, w.status, w.header.Get("Location"), w.body)
	}
	for _, member := range []string{"access_token", "refresh_token", "id_token"} {
		if _, ok := w.json[member]; ok {
			w.t.Errorf("%s: the answer has %s", what, member)
		}
	}
	for _, name := range []string{"code", "refresh", "access", "id", "client.secret"} {
		if s := w.vars[name]; len(s) > 20 && strings.Contains(string(w.body), s) {
			w.t.Errorf("%s: the refusal holds %s", what, name)
		}
	}
}

// try posts to /token what a thief would send: the good request, changed.
func (w *world) try(what string, good func(*world, step), lines ...[2]string) {
	w.t.Helper()
	good(w, step{params: lines})
	w.refused(what)
}

func redeem(w *world, st step)  { w.stepRedeem(st) }
func refresh(w *world, st step) { w.stepRefresh(st) }

// Whoever takes the challenge away, or the method, does not get the code.
func abuseProofKey(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app web
		signin
	`)
	for _, v := range []string{verifier, challenge(), strings.Repeat("a", 43)} {
		w.try("a verifier without a challenge", redeem, [2]string{"code_verifier", v})
	}
	w.steps(`
		redeem
		expect 200
	`)
	w.vars["challenge"] = challenge()
	w.steps(`
		authorize
		  code_challenge = {challenge}
		  code_challenge_method = S256
		redirect
	`)
	for _, v := range []string{"-", "", challenge(), verifier[:42], verifier + "0", strings.ToUpper(verifier), strings.Repeat("a", 43)} {
		w.try("a wrong verifier "+v, redeem, [2]string{"code_verifier", v})
	}
	w.try("another method at the end", redeem, [2]string{"code_verifier", challenge()}, [2]string{"code_challenge_method", "plain"})
	w.try("another challenge at the end", redeem, [2]string{"code_verifier", challenge()}, [2]string{"code_challenge", challenge()}, [2]string{"code_challenge_method", "plain"})
	w.try("the verifier twice", redeem, [2]string{"code_verifier", verifier}, [2]string{"+code_verifier", verifier})
	w.try("at the other version", redeem, [2]string{"@v1", "1"}, [2]string{"code_verifier", "-"})
	w.vars["verifier"] = verifier
	w.steps(`
		redeem
		  code_verifier = {verifier}
		expect 200
	`)
	// plain is kept as plain, and nobody may use it who keeps no secret.
	w.vars["plain"] = strings.Repeat("p", 50)
	w.steps(`
		authorize
		  code_challenge = {plain}
		redirect
	`)
	w.try("nothing for plain", redeem)
	w.try("another for plain", redeem, [2]string{"code_verifier", verifier})
	for _, kind := range []string{"spa", "native"} {
		w.steps("app " + kind)
		for _, lines := range [][][2]string{
			{{"code_challenge", "-"}, {"code_challenge_method", "-"}},
			{{"code_challenge", "-"}},
			{{"code_challenge", ""}},
			{{"code_challenge_method", "-"}},
			{{"code_challenge_method", "plain"}},
			{{"code_challenge_method", "s256"}},
			{{"code_challenge_method", "none"}},
			{{"code_challenge", challenge()[:42]}},
			{{"code_challenge", challenge() + strings.Repeat("A", 90)}},
			{{"code_challenge", challenge()[:42] + "+"}},
		} {
			w.stepAuthorize(step{params: append(lines, [2]string{"prompt", "none"})})
			if _, fields := w.answer(); fields.Has("code") || fields.Get("error") != "invalid_request" {
				t.Errorf("%s with %v: %v", kind, lines, fields)
			}
		}
	}
}

// A code is for one client, one address, one tenant and ten minutes.
func abuseCodes(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app web thief
		app native phone
		app spa page
		app web shop
		graph PATCH /v1.0/applications/{shop.id}
		  {"web":{"redirectUris":["https://app.example/cb","https://app.example/other"]}}
		signin
	`)
	code := w.vars["code"]
	w.try("another client with its own secret", redeem, [2]string{"client_id", w.vars["thief"]}, [2]string{"client_secret", w.vars["thief.secret"]})
	w.try("the client with another's secret", redeem, [2]string{"client_secret", w.vars["thief.secret"]})
	w.try("another client with this secret", redeem, [2]string{"client_id", w.vars["thief"]})
	w.try("no secret", redeem, [2]string{"client_secret", "-"})
	w.try("an empty secret", redeem, [2]string{"client_secret", ""})
	w.try("two methods", redeem, [2]string{"@basic", w.vars["shop"] + ":" + w.vars["shop.secret"]})
	w.try("a public client", redeem, [2]string{"client_id", w.vars["phone"]}, [2]string{"client_secret", "-"}, [2]string{"redirect_uri", "http://localhost/cb"})
	w.try("a page", redeem, [2]string{"client_id", w.vars["page"]}, [2]string{"client_secret", "-"}, [2]string{"redirect_uri", "https://spa.example/cb"}, [2]string{"@header.Origin", "https://spa.example"})
	w.try("from a page of the web", redeem, [2]string{"@header.Origin", "https://app.example"})
	w.try("another registered address", redeem, [2]string{"redirect_uri", "https://app.example/other"})
	w.try("no address", redeem, [2]string{"redirect_uri", "-"})
	w.try("the address in another case", redeem, [2]string{"redirect_uri", "https://APP.example/cb"})
	w.try("the address with a slash", redeem, [2]string{"redirect_uri", "https://app.example/cb/"})
	for _, tenant := range []string{srv.Bootstrap.TenantID, "common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad", "nowhere.example"} {
		w.try("at "+tenant, redeem, [2]string{"@tenant", tenant})
	}
	w.try("cut", redeem, [2]string{"code", code[:len(code)-1]})
	w.try("longer", redeem, [2]string{"code", code + "A"})
	w.try("bent", redeem, [2]string{"code", code[:len(code)-3] + "AAA"})
	w.try("of another tenant", redeem, [2]string{"code", "1.AAAAAAAAAAAAAAAAAAAAAA" + code[24:]})
	w.try("as a refresh token", refresh, [2]string{"refresh_token", code})
	w.try("twice in one request", redeem, [2]string{"+code", code})
	w.try("in the query", redeem, [2]string{"code", "-"}, [2]string{"@query", "code=" + code})
	w.try("for the resource of version 1", redeem, [2]string{"resource", "https://graph.microsoft.com"})
	w.try("for a scope that nobody consented to", redeem, [2]string{"scope", "https://graph.microsoft.com/Directory.ReadWrite.All"})
	w.steps(`
		redeem
		expect 200
		authorize
		redirect
		clock 10m
	`)
	w.try("after ten minutes", redeem)
	// A redirect URI that was taken away, an application that was disabled.
	w.steps(`
		authorize
		redirect
		graph GET /v1.0/servicePrincipals?$filter=appId%20eq%20'{shop}'
		save shop.sp = value.0.id
		graph PATCH /v1.0/servicePrincipals/{shop.sp}
		  {"accountEnabled":false}
	`)
	w.try("of a disabled application", redeem)
}

// resources asks Graph and UserInfo with a token and gives the two statuses.
func (w *world) resources(token string) [2]int {
	w.t.Helper()
	var got [2]int
	for i, at := range []string{"/v1.0/me", "/oidc/userinfo"} {
		req := w.request("GET", w.srv.URL+at, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := w.srv.Client().Do(req)
		if err != nil {
			w.t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if _ = resp.Body.Close(); err != nil {
			w.t.Fatal(err)
		}
		if got[i] = resp.StatusCode; strings.Contains(string(body), token) {
			w.t.Errorf("%s sends the token back", at)
		}
	}
	return got
}

var (
	welcome  = [2]int{http.StatusOK, http.StatusOK}
	unwanted = [2]int{http.StatusUnauthorized, http.StatusUnauthorized}
)

// A code that comes again takes back what it gave: nobody can know who had it
// first.
func abuseReplay(t *testing.T, srv *sekishotest.Server) {
	for _, kind := range []string{"web", "native", "spa"} {
		w := attacked(t, srv, `
			person
			app `+kind+`
			signin
			  scope = openid profile offline_access User.Read
			redeem
			expect 200
		`)
		first := w.vars["access"]
		w.steps(`
			refresh
			expect 200
		`)
		for _, token := range []string{first, w.vars["access"]} {
			if got := w.resources(token); got != welcome {
				t.Fatalf("%s: a good token: %v", kind, got)
			}
		}
		// Who is not the client takes nothing back with it.
		if kind == "web" {
			w.try("a replay without the secret", redeem, [2]string{"client_secret", "-"})
			w.try("a replay with a wrong secret", redeem, [2]string{"client_secret", "wrong"})
			if got := w.resources(first); got != welcome {
				t.Errorf("a stranger's replay revoked the client's tokens: %v", got)
			}
		}
		w.try(kind+": the code again", redeem)
		for _, token := range []string{first, w.vars["access"]} {
			if got := w.resources(token); got != unwanted {
				t.Errorf("%s: what the code gave is still good: %v", kind, got)
			}
		}
		w.try(kind+": refreshing after the replay", refresh)
		// The session of the person is not the thief's to end.
		if !w.signedIn() {
			t.Errorf("%s: the replay signed the person out", kind)
		}
	}
}

// A refresh token is for its client; of public clients, for once.
func abuseRefresh(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app web thief
		app web shop
		signin
		redeem
	`)
	token := w.vars["refresh"]
	w.try("another client", refresh, [2]string{"client_id", w.vars["thief"]}, [2]string{"client_secret", w.vars["thief.secret"]})
	w.try("no secret", refresh, [2]string{"client_secret", "-"})
	w.try("another's secret", refresh, [2]string{"client_secret", w.vars["thief.secret"]})
	w.try("in a tenant that the person is not in", refresh, [2]string{"@tenant", srv.Bootstrap.TenantID})
	w.try("among personal accounts", refresh, [2]string{"@tenant", "consumers"})
	w.try("from a page", refresh, [2]string{"@header.Origin", "https://app.example"})
	w.try("with more scope", refresh, [2]string{"scope", "https://graph.microsoft.com/User.ReadWrite.All"})
	w.try("as a code", redeem, [2]string{"code", token})
	w.try("as an assertion", refresh, [2]string{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, [2]string{"assertion", token})
	w.try("bent at the end", refresh, [2]string{"refresh_token", token[:len(token)-4] + "AAAA"})
	w.try("bent in the middle", refresh, [2]string{"refresh_token", token[:60] + "AAAA" + token[64:]})
	w.try("cut", refresh, [2]string{"refresh_token", token[:len(token)-1]})
	w.try("longer", refresh, [2]string{"refresh_token", token + "A"})
	w.try("twice", refresh, [2]string{"+refresh_token", token})
	w.steps(`
		refresh
		expect 200
	`)

	w.steps(`
		app spa
		signin
		redeem
	`)
	first := w.vars["refresh"]
	w.try("a page's without an origin", refresh, [2]string{"@header.Origin", "-"})
	w.stepRefresh(step{params: [][2]string{{"@header.Origin", "https://evil.example"}}})
	if w.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another page may read the answer: %d %q", w.status, w.header.Get("Access-Control-Allow-Origin"))
	}
	w.steps(`
		refresh
		expect 200
	`)
	second := w.vars["refresh"]
	if first == second {
		t.Error("a page's refresh token did not rotate")
	}
	w.steps(`
		clock 61s
	`)
	w.vars["refresh"] = first
	w.try("the one before, too late", refresh)
	w.vars["refresh"] = second
	w.try("the newest of a family that was stolen", refresh)
}

// Everything that we hand out is good for one use, whatever its form.
func abuseConfusion(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person hana
		person ren
		app web
		graph PATCH /v1.0/applications/{client.id}
		  {"optionalClaims":{"idToken":[{"name":"login_hint","essential":false}]}}
		signin hana
		  scope = openid profile email offline_access User.Read
		redeem
		expect 200
		authorize
		redirect
	`)
	v := w.vars
	session := w.cookie(sessionCookie)
	hint, _ := payload(t, v["id"])["login_hint"].(string)
	if hint == "" {
		t.Fatal("the ID token has no login_hint")
	}
	app := w.graphToken(v["tenant"], w.adminID, w.adminSecret)
	if got := w.resources(v["access"]); got != welcome {
		t.Fatalf("the access token itself: %v", got)
	}
	for what, token := range map[string]string{
		"ID token": v["id"], "refresh token": v["refresh"], "code": v["code"], "session": session, "hint": hint, "secret": v["client.secret"],
		"access token with another signature": v["access"][:strings.LastIndexByte(v["access"], '.')+1] + v["id"][strings.LastIndexByte(v["id"], '.')+1:],
		"access token without a signature":    v["access"][:strings.LastIndexByte(v["access"], '.')+1],
		"many dots":                           strings.Repeat(".", 8000),
	} {
		if got := w.resources(token); got != unwanted {
			t.Errorf("%s as an access token: %v", what, got)
		}
	}
	// An application's own token is nobody's.
	if got := w.resources(app); got[1] != http.StatusForbidden || got[0] != http.StatusBadRequest {
		t.Errorf("an application's token: %v", got)
	}
	for what, value := range map[string]string{"refresh token": v["refresh"], "ID token": v["id"], "access token": v["access"], "session": session, "hint": hint} {
		w.try(what+" as a code", redeem, [2]string{"code", value})
	}
	for what, value := range map[string]string{"code": v["code"], "ID token": v["id"], "access token": v["access"], "session": session, "hint": hint} {
		w.try(what+" as a refresh token", refresh, [2]string{"refresh_token", value})
	}
	for what, value := range map[string]string{"ID token": v["id"], "access token": v["access"], "refresh token": v["refresh"]} {
		w.try(what+" as a client assertion", refresh, [2]string{"client_secret", "-"},
			[2]string{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, [2]string{"client_assertion", value})
		w.try(what+" as a secret", refresh, [2]string{"client_secret", value})
	}
	w.confusedHints(app, session)
	for what, value := range map[string]string{"code": v["code"], "refresh token": v["refresh"], "ID token": v["id"], "hint": hint} {
		w.plant("thief", &http.Cookie{Name: sessionCookie, Value: value}, &http.Cookie{Name: stayCookie, Value: value})
		if w.signedIn() {
			t.Errorf("%s as a session", what)
		}
	}
	w.browser = "first"
	w.steps(`
		redeem
		expect 200
	`)
}

// confusedHints: only an ID token says whom a request is about.
func (w *world) confusedHints(app, session string) {
	w.t.Helper()
	v := w.vars
	w.steps(`
		browser second
		authorize
		walk ren
		redirect
	`)
	for what, value := range map[string]string{"access token": v["access"], "refresh token": v["refresh"], "code": v["code"], "application's token": app, "session": session} {
		w.stepAuthorize(step{params: [][2]string{{"prompt", "none"}, {"id_token_hint", value}}})
		if _, fields := w.answer(); fields.Get("error") != "login_required" {
			w.t.Errorf("%s as id_token_hint: %v", what, fields)
		}
		w.stepLogout(step{params: [][2]string{{"id_token_hint", value}, {"post_logout_redirect_uri", v["redirect"]}}})
		w.canary()
		if w.header.Get("Location") != "" || !w.signedIn() {
			w.t.Errorf("%s as id_token_hint signs out", what)
		}
		w.stepLogout(step{params: [][2]string{{"logout_hint", value}, {"post_logout_redirect_uri", v["redirect"]}}})
		if w.header.Get("Location") != "" || !w.signedIn() {
			w.t.Errorf("%s as logout_hint signs out", what)
		}
	}
}
