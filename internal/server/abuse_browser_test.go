package server_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"
)

func init() {
	attacks["cookies are fixed and stolen"] = abuseCookies
	attacks["sealed state is sent again"] = abuseSealedState
	attacks["sealed state of another kind"] = abuseSealedKinds
	attacks["pages are posted from elsewhere"] = abuseCrossSite
	attacks["accounts are guessed"] = abuseEnumeration
	attacks["strangers lock the owner out"] = abuseLockout
	attacks["consent is replayed"] = abuseConsent
}

// dead says that a cookie signs nobody in.
func (w *world) dead(when, name, value string) {
	w.t.Helper()
	back := w.browser
	w.plant("thief", &http.Cookie{Name: name, Value: value})
	if w.signedIn() {
		w.t.Errorf("a cookie from before %s is signed in", when)
	}
	// An answer to it leaves the cookie as it is: a request that began before the
	// cookie was renewed would otherwise take the new one away.
	if got := w.cookie(name); got != value {
		w.t.Errorf("an answer to a cookie from before %s made it %q", when, got)
	}
	w.browser = back
}

// What was there before the sign-in is worth nothing after it, and what a proof
// replaced is worth nothing either.
func abuseCookies(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app web
	`)
	// An attacker's cookies, planted in the victim's browser before the sign-in.
	fixed := "1." + strings.Repeat("A", 64)
	planted := []*http.Cookie{{Name: sessionCookie, Value: fixed}, {Name: stayCookie, Value: fixed}, {Name: browserCookie, Value: "AAAAAAAAAAAAAAAAAAAAAA"}, {Name: knownCookie, Value: "AAAA"}}
	w.plant("victim", planted...)
	w.steps(`
		authorize
		walk upto=consent
	`)
	atPassword := w.cookie(sessionCookie)
	if atPassword == "" || strings.Contains(atPassword, fixed) || w.cookie(stayCookie) != "" {
		t.Fatalf("the planted session stays: %q %q", atPassword, w.cookie(stayCookie))
	}
	w.steps(`
		post
		page stay
		post
		redirect
	`)
	atStay := w.cookie(stayCookie)
	if atStay == "" || w.cookie(sessionCookie) != "" {
		t.Fatal("the persistent session is not in its cookie alone")
	}
	w.dead("staying signed in", sessionCookie, atPassword)
	// The browser's name, which the attacker knows, signs nobody in.
	w.plant("attacker", planted...)
	if w.signedIn() {
		t.Error("the planted cookies are signed in")
	}
	w.browser = "victim"
	w.steps(`
		authorize
		  prompt = login
		page password
		post
		  passwd = {person.password}
		redirect
	`)
	w.dead("the second proof", stayCookie, atStay)
	second := w.cookie(stayCookie)
	if second == "" || second == atStay || !w.signedIn() {
		t.Error("the cookie did not change with the proof, or is not good")
	}
	// A new password that an administrator asks for.
	w.steps(`
		graph PATCH /v1.0/users/{person.id}
		  {"passwordProfile":{"password":"Suzume-Kawara-88!","forceChangePasswordNextSignIn":true}}
	`)
	w.dead("the reset", stayCookie, second)
	w.vars["person.password"] = "Suzume-Kawara-88!"
	w.steps(`
		authorize
		walk upto=newpassword
	`)
	atReset := w.cookie(sessionCookie) + w.cookie(stayCookie)
	w.steps(`
		post
		  newpasswd = Momiji-Hayashi-42!
		  confirmpasswd = Momiji-Hayashi-42!
		walk
		redirect
	`)
	w.dead("the new password", sessionCookie, atReset)
	last := w.cookie(sessionCookie)
	w.steps(`
		redeem
		expect 200
		logout
		  id_token_hint = {id}
	`)
	w.dead("signing out", sessionCookie, last)
	w.vars["person.password"] = "Momiji-Hayashi-42!"
	w.madeUp(last)
}

// madeUp: cookies that nobody wrote are no better than none.
func (w *world) madeUp(last string) {
	w.t.Helper()
	for _, value := range []string{"", "~", "a~b", last + "~" + last + "~" + last, strings.Repeat("~", 50), last + "~" + last, last[:len(last)-1], "1." + strings.Repeat("/", 64), "%00", strings.Repeat("A", 5000)} {
		w.dead("a made-up value", sessionCookie, value)
	}
	w.plant("session as name", &http.Cookie{Name: browserCookie, Value: last}, &http.Cookie{Name: knownCookie, Value: last})
	if w.signedIn() {
		w.t.Error("a session's value under another name is signed in")
	}
}

// kept is a page that somebody saw, by its step.
type kept struct {
	step string
	page []byte
}

// replay posts pages of a browser in which nobody is signed in any more, as they
// are and as each other step.
func (w *world) replay(pages []kept) {
	for _, p := range pages {
		for _, lie := range []string{"", "consent", "stay", "newpassword", "pick", "refused"} {
			if lie == p.step {
				continue
			}
			w.kept = p.page
			params := [][2]string{{"@kept", "1"}, {"account", w.vars["tenant"] + "/" + w.vars["hana.id"]}, {"newpasswd", "Momiji-Hayashi-42!"}, {"confirmpasswd", "Momiji-Hayashi-42!"}}
			if lie != "" {
				params = append(params, [2]string{"step", lie})
			}
			w.stepPost(step{params: params})
			w.canary()
			if w.status != http.StatusOK && w.due() != "refused" || w.header.Get("Location") != "" {
				w.t.Errorf("the page %s posted as %q: %d %s", p.step, lie, w.status, w.header.Get("Location"))
			}
			if due := w.due(); due != "password" && due != "username" && due != "pick" {
				w.t.Errorf("the page %s posted as %q leads to %q", p.step, lie, due)
			}
		}
	}
}

// A page of an hour ago, of another person or from before the sign-out says what
// somebody chose, never who somebody is.
func abuseSealedState(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person hana
		person ren
		app web
	`)
	// Each page of a whole sign-in, posted again after the sign-out.
	var pages []kept
	w.steps(`
		authorize
	`)
	for _, post := range []string{"post\n  loginfmt = {hana}", "post\n  passwd = {hana.password}", "post", "post\n  action = no"} {
		pages = append(pages, kept{w.due(), w.body})
		w.steps(post)
	}
	w.steps(`
		redirect
		redeem
		logout
		  id_token_hint = {id}
	`)
	w.replay(pages)
	if w.signedIn() {
		t.Error("an old page signed somebody in")
	}
	// Now Ren is signed in here. Hana's pages still ask for Hana's password.
	w.steps(`
		authorize
		walk ren
		redirect
	`)
	w.kept = pages[1].page
	w.steps(`
		post
		  @kept = 1
		  passwd = {ren.password}
		page password
	`)
	for i, want := range []string{"", "password", "password", "password"} {
		if want == "" {
			continue
		}
		w.kept = pages[i].page
		w.steps(`
			post
			  @kept = 1
		`)
		if w.due() != want || !strings.Contains(html.UnescapeString(string(w.body)), w.vars["hana"]) {
			t.Errorf("Hana's page %s with Ren's session leads to %q", pages[i].step, w.due())
		}
	}
	// The state of Hana's page in Ren's browser, with Ren's session.
	w.plant("other")
	w.steps(`
		authorize
		walk ren upto=stay
	`)
	own := w.hidden().Get("flowToken")
	for _, p := range pages {
		w.kept = p.page
		w.steps(`
			post
			  @kept = 1
			expect 400 invalid_request 90013
		`)
	}
	for _, bent := range []string{"", "B" + own[1:], own[:len(own)-2], own + own, strings.ToUpper(own), own + "=", "..", own[:len(own)/2] + "%00"} {
		w.postForm("/"+w.vars["tenant"]+"/login", url.Values{"step": {"stay"}, "action": {"no"}, "flowToken": {bent}}.Encode(), map[string]string{"Origin": w.srv.URL})
		if w.status != http.StatusBadRequest || w.header.Get("Location") != "" {
			t.Errorf("a state that was bent: %d", w.status)
		}
	}
}

// postForm posts a form as it stands, with the browser's cookies.
func (w *world) postForm(path, form string, headers map[string]string) {
	w.t.Helper()
	req := w.request("POST", w.srv.URL+path, strings.NewReader(form))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range headers {
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	w.browse(req)
}

// Everything sealed is good for one purpose.
func abuseSealedKinds(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app web
		graph PATCH /v1.0/applications/{client.id}
		  {"optionalClaims":{"idToken":[{"name":"login_hint","essential":false}]}}
		signin
		redeem
		authorize
		  prompt = login
		page password
		keep
	`)
	flow, login := w.hidden().Get("flowToken"), "/"+w.vars["tenant"]+"/login"
	w.steps(`
		logout
	`)
	leaving := w.hidden().Get("flowToken")
	if leaving == "" {
		t.Fatal("the sign-out did not ask")
	}
	hint, _ := payload(t, w.vars["id"])["login_hint"].(string)
	for what, state := range map[string]string{
		"of the sign-out": leaving, "of the known accounts": w.cookie(knownCookie), "a session": w.cookie(sessionCookie),
		"a hint": strings.TrimPrefix(hint, "O."), "a refresh token": w.vars["refresh"], "an ID token": w.vars["id"],
	} {
		w.postForm(login, url.Values{"step": {"password"}, "passwd": {w.vars["person.password"]}, "flowToken": {state}}.Encode(), map[string]string{"Origin": srv.URL})
		if w.status != http.StatusBadRequest {
			t.Errorf("the sign-in takes the state %s: %d", what, w.status)
		}
	}
	for what, state := range map[string]string{"of the sign-in": flow, "of the known accounts": w.cookie(knownCookie), "damaged": leaving[:len(leaving)-4]} {
		w.postForm("/"+w.vars["tenant"]+"/oauth2/v2.0/logout", url.Values{"flowToken": {state}}.Encode(), map[string]string{"Origin": srv.URL})
		if w.status != http.StatusBadRequest || !w.signedIn() {
			t.Errorf("the sign-out takes the state %s: %d", what, w.status)
		}
	}
	// At another tenant's address, and in the query.
	for _, path := range []string{"/" + w.srv.Bootstrap.TenantID + "/login", "/common/login", "/" + w.vars["domain"] + "/login", login + "?flowToken=" + flow} {
		form := url.Values{"step": {"password"}, "passwd": {w.vars["person.password"]}, "flowToken": {flow}}
		if strings.Contains(path, "?") {
			form.Del("flowToken")
		}
		w.postForm(path, form.Encode(), map[string]string{"Origin": srv.URL})
		if w.status != http.StatusBadRequest {
			t.Errorf("the state is good at %s: %d", path, w.status)
		}
	}
	// A known-accounts cookie of somebody else makes a browser familiar, and signs
	// nobody in.
	w.plant("thief", &http.Cookie{Name: knownCookie, Value: w.cookie(knownCookie)})
	if w.signedIn() {
		t.Error("a remembered account is signed in")
	}
	w.steps(`
		authorize
		page pick
		post
		  account = {tenant}/{person.id}
		page password
	`)
}

// Whoever posts a page from elsewhere achieves nothing, with whatever headers a
// browser would send or an attacker could leave out.
func abuseCrossSite(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app web
		authorize
		walk upto=password
	`)
	form := url.Values{"step": {"password"}, "passwd": {w.vars["person.password"]}, "flowToken": {w.hidden().Get("flowToken")}}.Encode()
	login := "/" + w.vars["tenant"] + "/login"
	host := strings.TrimPrefix(srv.URL, "https://")
	for _, headers := range []map[string]string{
		{},
		{"Origin": "https://evil.example"},
		{"Origin": "null"},
		{"Origin": srv.URL + ".evil.example"},
		{"Origin": srv.URL + "/"},
		{"Origin": "http://" + host},
		{"Origin": "https://localhost"},
		{"Origin": strings.ToUpper(srv.URL)},
		{"Origin": "https://" + host + "@evil.example"},
		{"Referer": srv.URL + login},
		{"Sec-Fetch-Site": "cross-site"},
		{"Sec-Fetch-Site": "same-site"},
		{"Sec-Fetch-Site": ""},
		{"Sec-Fetch-Site": "SAME-ORIGIN"},
		{"Sec-Fetch-Site": "cross-site", "Origin": srv.URL},
		{"Sec-Fetch-Site": "same-site", "Origin": srv.URL},
		{"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
	} {
		w.postForm(login, form, headers)
		if w.status != http.StatusBadRequest || len((&http.Response{Header: w.header}).Cookies()) > 0 {
			t.Errorf("posted with %v: %d", headers, w.status)
		}
	}
	if w.signedIn() {
		t.Fatal("somebody is signed in")
	}
	// Login CSRF: the attacker's own page and password, in the victim's browser.
	w.plant("victim")
	w.postForm(login, form, map[string]string{"Sec-Fetch-Site": "same-origin"})
	if w.status != http.StatusBadRequest || w.signedIn() {
		t.Errorf("the attacker's account is signed in to the victim's browser: %d", w.status)
	}
	w.browser = "first"
	// Other hosts, and forwarded ones from nobody we know.
	for _, name := range []string{"evil.example", "evil.example:443", host + ".evil.example", "127.0.0.1"} {
		for _, path := range []string{login, "/" + w.vars["tenant"] + "/oauth2/v2.0/logout"} {
			w.postForm(path, form, map[string]string{"Host": name, "Origin": "https://" + name})
			if w.status != http.StatusMisdirectedRequest || strings.Contains(string(w.body), "evil") {
				t.Errorf("%s with the host %q: %d %s", path, name, w.status, w.body)
			}
		}
	}
	forwarded := map[string]string{
		"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil", "Forwarded": "host=evil.example;proto=http",
		"X-Original-URL": "/evil", "X-Rewrite-URL": "/evil", "X-Forwarded-For": "evil, 1.2.3.4", "X-Host": "evil.example",
	}
	req := w.request("GET", srv.URL+"/"+w.vars["tenant"]+"/oauth2/v2.0/authorize?"+url.Values{"client_id": {w.vars["client"]}, "redirect_uri": {w.vars["redirect"]}, "response_type": {"code"}, "scope": {"openid"}}.Encode(), nil)
	for name, value := range forwarded {
		req.Header.Set(name, value)
	}
	w.browse(req)
	if w.status != http.StatusOK || strings.Contains(string(w.body), "evil") || strings.Contains(strings.Join(w.header["Content-Security-Policy"], ""), "evil") {
		t.Errorf("forwarded headers of a stranger: %d %s", w.status, w.body)
	}
	forwarded["Sec-Fetch-Site"] = "same-origin"
	w.postForm(login, form, forwarded)
	if w.status != http.StatusOK || w.due() != "consent" || strings.Contains(string(w.body), "evil") {
		t.Errorf("signing in through forwarded headers of a stranger: %d %s", w.status, w.body)
	}
}

// differs are the parts in which two pages for two names may differ.
var differs = regexp.MustCompile(`(?s)value="[^"]*"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+Z?`)

// Nobody learns from the pages who has an account: not from the words, the status
// or the lock.
func abuseEnumeration(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person hana
		person off
		person gone
		foreigner kai
		guest kai
		app web
		graph PATCH /v1.0/users/{off.id}
		  {"accountEnabled":false}
		graph DELETE /v1.0/users/{gone.id}
		graph GET /v1.0/users/{kai.guest}
		save guestname = userPrincipalName
	`)
	names := []struct{ what, name string }{
		{"somebody", w.vars["hana"]}, {"disabled", w.vars["off"]}, {"deleted", w.vars["gone"]}, {"a guest's name here", w.vars["guestname"]}, {"somebody elsewhere", w.vars["kai"]},
		{"nobody", "nobody@" + w.vars["domain"]}, {"nobody of no domain", "nobody@nowhere.example"}, {"no domain", "nobody"}, {"look-alike", "hаna@" + w.vars["domain"]},
		{"another case of nobody", "NOBODY2@" + w.vars["domain"]},
	}
	var first []string
	for i, n := range names {
		w.browser = n.what
		w.steps(`
			authorize
		`)
		w.stepPost(step{params: [][2]string{{"loginfmt", n.name}}})
		var trail []string
		for attempt := range 12 {
			text := strings.ReplaceAll(html.UnescapeString(string(w.body)), n.name, "NAME")
			trail = append(trail, http.StatusText(w.status)+" "+w.header.Get("Location")+differs.ReplaceAllString(text, ""))
			w.stepPost(step{params: [][2]string{{"passwd", "wrong-" + strings.Repeat("x", attempt+1)}}})
			w.canary()
		}
		if i == 0 {
			first = trail
			if strings.Contains(first[11], first[1]) {
				t.Error("the lock does not show at all")
			}
			continue
		}
		for attempt := range trail {
			if trail[attempt] != first[attempt] {
				t.Errorf("%s: page %d differs from that of an account:\n%s\n----\n%s", n.what, attempt, trail[attempt], first[attempt])
				break
			}
		}
	}
}

// Strangers who guess lock strangers out.
func abuseLockout(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app web
		signin
		redeem
		logout
		  id_token_hint = {id}
		browser stranger
		authorize
		walk upto=password
	`)
	for i := range 11 {
		w.stepPost(step{params: [][2]string{{"passwd", "guess-" + strings.Repeat("y", i+1)}}})
	}
	w.steps(`
		post
		  passwd = {person.password}
		page password
		browser first
		authorize
		walk
		redirect
	`)
	// Nor does the owner's success open the door for the stranger.
	w.steps(`
		browser stranger
		authorize
		walk upto=password
		post
		  passwd = {person.password}
		page password
		clock 2m
		post
		  passwd = {person.password}
		walk
		redirect
	`)
}

// Consent belongs to the page, the person and the session that saw it.
func abuseConsent(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person hana
		person ren
		app web
		authorize
		  scope = openid User.Read
		walk hana upto=consent
		keep
	`)
	consentPage := w.kept
	w.steps(`
		post
		page stay
		keep
		graph GET /v1.0/oauth2PermissionGrants?$filter=principalId%20eq%20'{hana.id}'
		save grant = value.0.id
		graph DELETE /v1.0/oauth2PermissionGrants/{grant}
		post
		  @kept = 1
		  action = no
		page consent
	`)
	// In another session of the same person the page is shown again.
	w.steps(`
		post
		post
		  action = no
		redirect
		redeem
		logout
		  id_token_hint = {id}
		graph GET /v1.0/oauth2PermissionGrants?$filter=principalId%20eq%20'{hana.id}'
		save grant = value.0.id
		graph DELETE /v1.0/oauth2PermissionGrants/{grant}
		authorize
		  scope = openid User.Read
		walk hana upto=consent
	`)
	w.kept = consentPage
	w.steps(`
		post
		  @kept = 1
		page consent
		graph GET /v1.0/oauth2PermissionGrants?$filter=principalId%20eq%20'{hana.id}'
		body value = []
	`)
}
