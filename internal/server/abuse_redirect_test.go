package server_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"
)

func init() {
	attacks["answers are sent elsewhere"] = abuseRedirects
	attacks["sign-outs are sent elsewhere"] = abuseLogoutRedirects
	attacks["requests are too long or say things twice"] = abuseSizes
	attacks["state and hints hold markup"] = abuseInjection
	attacks["names hold markup"] = abuseNames
	attacks["names look like others"] = abuseLookAlikes
}

// elsewhereURIs are places near https://app.example/cb.
var elsewhereURIs = []string{
	"https://evil.example/cb", "https://app.example@evil.example/cb", "https://app.example:443@evil.example/cb", `https://evil.example\@app.example/cb`,
	"https://app.example.evil.example/cb", "https://app.example/cb/../evil", "https://app.example/cb/..;/evil", "https://app.example/cb%2f..%2fevil",
	"https://app.example/cb2", "https://app.example/cb/", "https://app.example/cb?x=1", "https://app.example/cb#x", "https://app.example/CB", "https://APP.example/cb",
	"https://app.example:443/cb", "https://app.example:8443/cb", "https://app.example./cb", "http://app.example/cb", "HTTPS://app.example/cb", "//app.example/cb",
	"/cb", "//evil.example", `/\evil.example`, "javascript:alert(1)", "JaVaScRiPt://app.example/cb%0aalert(1)", "data:text/html,evil", "https://app.example/cb\r\nX: y",
	"https://app.example/cb%0d%0aX:%20y", " https://app.example/cb", "https://app.example/cb\t", "https://аpp.example/cb", "https://app。example/cb", "https://xn--pp-7ka.example/cb",
	"https:app.example/cb", "https:///app.example/cb", "view-source:https://app.example/cb", "http://localhost/cb", "https://spa.example/cb", "urn:ietf:wg:oauth:2.0:oob",
}

// leads are the places that a page or answer leads a browser to.
var leads = regexp.MustCompile(`(?i)(?:href|src|action|formaction|url|content)\s*=\s*"([^"]*)"`)

// ledElsewhere is where the last answer leads to that is neither here nor allowed.
func (w *world) ledElsewhere(allowed ...string) string {
	at := w.header.Get("Location")
	places := []string{at, w.header.Get("Refresh"), w.header.Get("Link")}
	for _, m := range leads.FindAllSubmatch(w.body, -1) {
		places = append(places, html.UnescapeString(string(m[1])))
	}
	for _, p := range places {
		u, err := url.Parse(strings.TrimPrefix(p, "0; url="))
		ok := err == nil && (u.Scheme == "" && u.Host == "" || strings.HasPrefix(p, w.srv.URL+"/"))
		for _, a := range allowed {
			ok = ok || p == a || strings.HasPrefix(p, a+"?") || strings.HasPrefix(p, a+"#") || strings.HasSuffix(p, "url="+a)
		}
		if !ok {
			return p
		}
	}
	return ""
}

// No answer, good or bad, leaves for an address that is not proven, in whatever
// mode and on whatever page.
func abuseRedirects(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app spa other
		app web
		signin
	`)
	for i, uri := range elsewhereURIs {
		for j, mode := range []string{"", "query", "fragment", "form_post", "query.jwt", "web_message"} {
			lines := [][2]string{{"redirect_uri", uri}, {"response_mode", mode}}
			switch (i + j) % 4 {
			case 1:
				lines = append(lines, [2]string{"prompt", "none"})
			case 2:
				lines = append(lines, [2]string{"response_type", "token"})
			case 3:
				lines = append(lines, [2]string{"@post", "1"}, [2]string{"scope", "-"})
			}
			w.stepAuthorize(step{params: lines})
			w.canary()
			if w.status != http.StatusBadRequest || w.ledElsewhere() != "" || postTarget.Match(w.body) {
				t.Errorf("%q in mode %q: %d, leads to %q", uri, mode, w.status, w.ledElsewhere())
			}
		}
	}
	// Every failure of a request whose address is proven goes there and nowhere
	// else, in the mode of the request.
	for _, mode := range []string{"query", "fragment", "form_post", "bogus"} {
		for _, lines := range [][][2]string{
			{{"response_type", "-"}}, {{"response_type", "token"}}, {{"response_type", "code id_token"}}, {{"scope", "-"}}, {{"scope", "bad\"scope"}}, {{"prompt", "bogus"}},
			{{"max_age", "-1"}}, {{"claims", "{"}}, {{"request", "eyJ"}}, {{"request_uri", "https://evil.example/r"}}, {{"registration", "{}"}}, {{"domain_hint", "nowhere.example"}},
			{{"code_challenge", "x"}}, {{"sid", "x"}}, {{"resource", "https://evil.example"}}, {{"prompt", "none"}, {"login_hint", "nobody@evil.example"}}, {{"prompt", "none"}, {"scope", "openid User.Read"}},
		} {
			w.stepAuthorize(step{params: append(lines, [2]string{"response_mode", mode})})
			w.canary()
			to, fields := w.answer()
			if to != w.vars["redirect"] || fields.Get("error") == "" || fields.Get("state") != "st" || fields.Get("iss") != srv.URL+"/"+w.vars["tenant"]+"/v2.0" {
				t.Errorf("%v in mode %q: %s %v", lines, mode, to, fields)
			}
			if led := w.ledElsewhere(w.vars["redirect"]); led != "" {
				t.Errorf("%v in mode %q leads to %q", lines, mode, led)
			}
		}
	}
	// What cannot be registered cannot be asked for later.
	for _, uri := range []string{
		"javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://app.example/x", "https://app.example/*", "https://*.app.example/cb",
		"https://user@app.example/cb", "https://app.example/cb#f", `https://app.example\cb`, "http://app.example/cb", "https://аpp.example/cb", "https://app.example/cb\r\nX: y",
		"https://app.example;script-src/cb", "https://app.example/ cb", "https://", "//app.example/cb", "http://localhost.evil.example/cb", "http://127.0.0.2/cb", "https://app.example:99999/cb",
	} {
		for _, list := range []string{"web", "spa", "publicClient"} {
			w.patched(fmt.Sprintf(`{%q:{"redirectUris":[%s]}}`, list, jsonText(uri)), uri)
		}
	}
}

// patched says that the application does not take a change.
func (w *world) patched(body, what string) {
	w.t.Helper()
	req := w.request("PATCH", w.srv.URL+"/v1.0/applications/"+w.vars["client.id"], strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+w.token())
	req.Header.Set("Content-Type", "application/json")
	w.send(req)
	if w.status != http.StatusBadRequest {
		w.t.Errorf("%q: %d %s", what, w.status, w.body)
	}
}

// Signing out leads to a registered address of the application or nowhere.
func abuseLogoutRedirects(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app web other
		graph PATCH /v1.0/applications/{other.id}
		  {"web":{"redirectUris":["https://other.example/cb"]}}
		app web
		signin
		redeem
	`)
	id := w.vars["id"]
	for i, uri := range append(elsewhereURIs, "https://other.example/cb", strings.Repeat("https://app.example/cb", 200)) {
		lines := [][2]string{{"id_token_hint", id}, {"post_logout_redirect_uri", uri}, {"state", "x"}}
		switch i % 4 {
		case 1:
			lines[0] = [2]string{"client_id", w.vars["client"]}
		case 2:
			lines = append(lines, [2]string{"@post", "1"})
		case 3:
			lines = append(lines, [2]string{"client_id", w.vars["other"]})
		}
		w.stepLogout(step{params: lines})
		w.canary()
		if led := w.ledElsewhere(); led != "" {
			t.Errorf("%v leads to %q", lines, led)
		}
	}
	// The hint of one application and the address of another.
	w.stepLogout(step{params: [][2]string{{"id_token_hint", id}, {"client_id", w.vars["other"]}, {"post_logout_redirect_uri", "https://other.example/cb"}}})
	if led := w.ledElsewhere(); led != "" {
		t.Errorf("an ID token of another application leads to %q", led)
	}
	// A foreign page asks: nobody is signed out before the person says so, and the
	// answer of a foreign page does not count.
	w.steps(`
		authorize
		walk
		redirect
		logout
		  post_logout_redirect_uri = https://app.example/cb
		  client_id = {client}
	`)
	if w.header.Get("Location") != "" || !strings.Contains(string(w.body), `name="flowToken"`) {
		t.Errorf("a bare request signs out: %d %s", w.status, w.header.Get("Location"))
	}
	form := url.Values{"flowToken": {w.hidden().Get("flowToken")}}.Encode()
	for _, headers := range []map[string]string{{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}} {
		w.postForm("/"+w.vars["tenant"]+"/oauth2/v2.0/logout", form, headers)
		if !w.signedIn() {
			t.Fatalf("a foreign page's answer signs out: %v", headers)
		}
	}
	// CR and LF in the state stay inside the state.
	w.steps(`
		authorize
		redirect
		redeem
	`)
	w.stepLogout(step{params: [][2]string{{"id_token_hint", w.vars["id"]}, {"post_logout_redirect_uri", w.vars["redirect"]}, {"state", "a\r\nSet-Cookie: x=y&b=<>\""}}})
	if u, err := url.Parse(w.header.Get("Location")); err != nil || u.Query().Get("state") != "a\r\nSet-Cookie: x=y&b=<>\"" || u.Query().Has("b") || w.header.Get("Set-Cookie") == "x=y" {
		t.Errorf("the state came back as %q", w.header.Get("Location"))
	}
}

// Sizes and repetition, at each address that a browser is sent to.
func abuseSizes(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app web
		authorize
		walk upto=password
	`)
	state := w.hidden().Get("flowToken")
	base := url.Values{"client_id": {w.vars["client"]}, "redirect_uri": {w.vars["redirect"]}, "response_type": {"code"}, "scope": {"openid"}}.Encode()
	many := ""
	for i := range 250 {
		many += fmt.Sprintf("&p%d=1", i)
	}
	tails := map[string]string{
		"a parameter twice": "&state=1&state=2", "a parameter twice, empty": "&x&x", "a name in escapes twice": "&state=1&st%61te=2", "many parameters": many,
		"nine kilobytes": "&state=" + strings.Repeat("s", 9<<10), "seventy kilobytes": "&state=" + strings.Repeat("s", 70<<10), "seventy kilobytes of names": "&" + strings.Repeat("n", 70<<10),
		"a broken escape": "&state=%zz", "a broken letter": "&state=%ff%fe", "a zero": "&state=%00",
	}
	for what, tail := range tails {
		login := "flowToken=" + state + "&step=password&passwd=" + url.QueryEscape(w.vars["person.password"]) + tail
		if strings.HasPrefix(what, "nine") {
			login = "flowToken=" + state + strings.Repeat("A", 9<<10) + "&step=password"
		}
		paths := map[string]string{"/login": login, "/oauth2/v2.0/authorize": base + tail, "/oauth2/authorize": base + tail, "/oauth2/v2.0/logout": "x=1" + tail, "/oauth2/logout": "x=1" + tail}
		for path, form := range paths {
			w.postForm("/"+w.vars["tenant"]+path, form, map[string]string{"Origin": srv.URL})
			w.canary()
			if w.status != http.StatusBadRequest || w.header.Get("Location") != "" {
				t.Errorf("%s posted to %s: %d %s", what, path, w.status, w.header.Get("Location"))
			}
			if path == "/login" || len(form) > 60<<10 {
				continue
			}
			w.browse(w.request("GET", srv.URL+"/"+w.vars["tenant"]+path+"?"+form, nil))
			if w.status < 400 || w.status >= 500 || w.header.Get("Location") != "" {
				t.Errorf("%s in the query of %s: %d %s", what, path, w.status, w.header.Get("Location"))
			}
		}
	}
	for _, header := range []map[string]string{
		{"Content-Type": "application/json"}, {"Content-Type": "multipart/form-data; boundary=x"}, {"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"},
	} {
		header["Origin"] = srv.URL
		w.postForm("/"+w.vars["tenant"]+"/login", "flowToken="+state+"&step=password&passwd="+url.QueryEscape(w.vars["person.password"]), header)
		if w.status != http.StatusBadRequest {
			t.Errorf("posted with %v: %d", header, w.status)
		}
	}
	// A password that is long, and a user name.
	for name, value := range map[string]string{"passwd": strings.Repeat("p", 2000), "lang": strings.Repeat("l", 2000), "action": strings.Repeat("a", 2000), "step": strings.Repeat("s", 2000)} {
		w.postForm("/"+w.vars["tenant"]+"/login", url.Values{"flowToken": {state}, "step": {"password"}, name: {value}}.Encode(), map[string]string{"Origin": srv.URL})
		if w.status >= 500 || w.header.Get("Location") != "" {
			t.Errorf("a long %s: %d", name, w.status)
		}
	}
	if w.signedIn() {
		t.Error("something of all that signed in")
	}
}

// markup is what may not become part of a page.
var markup = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onfocus='alert(1)`, `</title><script>alert(1)</script>`, `</textarea><script>alert(1)</script>`, `{{.}}<b>`,
	`<svg/onload=alert(1)>`, `javascript:alert(1)`, `<!--`, `]]>`, `<base href=//evil.example>`, `<meta http-equiv=refresh content=0;url=//evil.example>`,
	`<form action=//evil.example>`, "a\r\nSet-Cookie: evil=1\r\n\r\n<script>alert(1)</script>", "\u202egnp.exe\u2066", "\u2028<script>alert(1)</script>\u2029",
}

var alive = regexp.MustCompile(`(?i)<(script|img|svg|base|b|meta http-equiv=refresh|form action=//)[\s>/]?[^>]*(alert|evil|\{\{)|href="javascript|evil\.example"`)

// unmarked says that nothing of an attack lives in the last answer.
func (w *world) unmarked(what string) {
	w.t.Helper()
	w.canary()
	if m := alive.Find(w.body); m != nil {
		w.t.Errorf("%s: %q got into the page", what, m)
	}
	for name, values := range w.header {
		if name == "Location" {
			continue
		}
		for _, v := range values {
			if strings.Contains(v, "evil") || strings.Contains(v, "alert") || strings.ContainsAny(v, "\r\n") {
				w.t.Errorf("%s: %q got into the header %s", what, v, name)
			}
		}
	}
}

// State and nonce come back byte for byte; nothing else that strangers send comes
// alive on any page or in any header.
func abuseInjection(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app web
		signin
	`)
	for _, text := range markup {
		for _, mode := range []string{"query", "fragment", "form_post"} {
			for _, prompt := range []string{"none", "bogus"} {
				w.stepAuthorize(step{params: [][2]string{{"prompt", prompt}, {"state", text}, {"nonce", text}, {"response_mode", mode}, {"ui_locales", text}}})
				w.unmarked("state")
				to, fields := w.answer()
				if to != w.vars["redirect"] || len(fields["state"]) != 1 || fields.Get("state") != text {
					t.Errorf("state %q came back as %q", text, fields["state"])
				}
				if strings.ContainsAny(w.header.Get("Location"), "\r\n<>\" ") {
					t.Errorf("the address is not escaped: %q", w.header.Get("Location"))
				}
				if prompt == "none" && mode == "query" {
					w.vars["code"] = fields.Get("code")
					w.stepRedeem(step{})
					if got := payload(t, w.vars["id"])["nonce"]; got != text {
						t.Errorf("nonce %q came back as %q", text, got)
					}
				}
			}
		}
		for _, name := range []string{"login_hint", "domain_hint", "ui_locales", "mkt", "id_token_hint", "claims", "scope", "response_type", "response_mode", "prompt", "client-request-id", "sid", text} {
			w.plant("fresh")
			w.stepAuthorize(step{params: [][2]string{{name, text}}})
			w.unmarked(name)
			if w.due() == "" {
				continue
			}
			w.stepPost(step{params: [][2]string{{"loginfmt", text}, {"lang", text}}})
			w.unmarked("lang")
			if w.due() != "" {
				w.stepPost(step{params: [][2]string{{"loginfmt", text}, {"passwd", text}}})
				w.unmarked("loginfmt")
			}
		}
		for _, name := range []string{"post_logout_redirect_uri", "state", "logout_hint", "ui_locales", "client_id"} {
			w.plant("fresh")
			w.stepLogout(step{params: [][2]string{{name, text}}})
			w.unmarked("logout " + name)
		}
		w.browser = "first"
	}
}

// isolated are the parts of a page where text may run in its own direction.
var isolated = regexp.MustCompile(`(?s)<bdi[^>]*>.*?</bdi>|<textarea.*?</textarea>|value="[^"]*"`)

// Names of people, applications and organisations are data on every page.
func abuseNames(t *testing.T, srv *sekishotest.Server) {
	// Several in one name; those with control characters, which may be refused, alone.
	names := []string{strings.Join(markup[:5], " "), strings.Join(markup[5:9], " "), strings.Join(markup[9:13], " ")}
	for _, text := range append(names, markup[13:]...) {
		w := attacked(t, srv, `
			person expired
			app web
		`)
		name := jsonText(text)
		w.mayName("PATCH", "/v1.0/users/"+w.vars["person.id"], `{"displayName":`+name+`}`)
		w.mayName("PATCH", "/v1.0/applications/"+w.vars["client.id"], `{"displayName":`+name+`}`)
		w.mayName("PATCH", "/v1.0/organization/"+w.vars["tenant"], `{"displayName":`+name+`}`)
		w.named(text)
		// The name in a token is whole.
		w.steps(`
			redeem
			expect 200
			authorize
			  response_mode = form_post
			authorize
			  prompt = select_account
		`)
		w.unmarked("pick")
		w.steps(`
			logout
		`)
		w.unmarked("confirm")
		w.steps(`
			logout
			  id_token_hint = {id}
		`)
		w.unmarked("signed out")
		// An application of an organisation with such a name.
		b := srv.Bootstrap
		n := nextTenant()
		operator := w.graphToken(b.TenantID, b.ClientID, b.ClientSecret)
		req := w.request("POST", srv.URL+"/beta/sekisho/tenants", strings.NewReader(fmt.Sprintf(`{"displayName":%s,"domain":"n%d.example"}`, name, n)))
		req.Header.Set("Authorization", "Bearer "+operator)
		req.Header.Set("Content-Type", "application/json")
		w.send(req)
		if w.status != http.StatusCreated {
			if w.status != http.StatusBadRequest {
				t.Errorf("a tenant of the name %q: %d", text, w.status)
			}
			continue
		}
		token := w.graphToken(w.at("tenantId"), w.at("clientId"), w.at("clientSecret"))
		w.graph(token, "POST", "/v1.0/applications", `{"displayName":"Theirs","signInAudience":"AzureADMultipleOrgs","web":{"redirectUris":["https://app.example/cb"]}}`, http.StatusCreated)
		w.vars["client"], w.vars["client.kind"] = w.at("appId"), "web"
		w.plant("fresh")
		w.named(text)
	}
}

// mayName gives a name, or is told that it is none.
func (w *world) mayName(method, path, body string) {
	w.t.Helper()
	req := w.request(method, w.srv.URL+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+w.token())
	req.Header.Set("Content-Type", "application/json")
	w.send(req)
	if w.status != http.StatusNoContent && w.status != http.StatusBadRequest && w.status != http.StatusNotFound && w.status != http.StatusMethodNotAllowed {
		w.t.Errorf("%s %s: %d %s", method, path, w.status, w.body)
	}
}

// named signs the person in, and looks at each page on the way.
func (w *world) named(text string) {
	w.t.Helper()
	changed := w.vars["person.password"] + "-2"
	answers := map[string][][2]string{
		"username": {{"loginfmt", w.vars["person"]}}, "password": {{"passwd", w.vars["person.password"]}},
		"newpassword": {{"newpasswd", changed}, {"confirmpasswd", changed}}, "stay": {{"action", "no"}}, "consent": {},
	}
	w.stepAuthorize(step{})
	for range 8 {
		w.unmarked(w.due())
		rest := isolated.ReplaceAllString(string(w.body), "")
		if strings.ContainsAny(text, "\u202e\u2066\u2028") && strings.ContainsAny(rest, "\u202e\u2066\u2028") {
			w.t.Errorf("%s: a name turns the text around it", w.due())
		}
		answer, ok := answers[w.due()]
		if !ok {
			break
		}
		due := w.due()
		w.stepPost(step{params: answer})
		if due == "newpassword" && w.due() != due {
			w.vars["person.password"] = changed
		}
	}
	if w.header.Get("Location") == "" {
		w.t.Fatalf("%q: the sign-in ends at %d %q %s", text, w.status, w.due(), w.body)
	}
	w.stepRedirect(step{})
}

// A name that looks like another one is refused, or is not the other one.
func abuseLookAlikes(t *testing.T, srv *sekishotest.Server) {
	w := attacked(t, srv, `
		person
		app web
	`)
	b, domain := srv.Bootstrap, w.vars["domain"]
	operator := w.graphToken(b.TenantID, b.ClientID, b.ClientSecret)
	post := func(token, path, body string) int {
		req := w.request("POST", srv.URL+path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		w.send(req)
		return w.status
	}
	for _, name := range []string{
		"ѕ" + domain[1:], strings.ToUpper(domain), domain + ".", strings.Replace(domain, ".", "。", 1), strings.Replace(domain, ".", "．", 1), strings.Replace(domain, ".", "\u200b.", 1),
		strings.Replace(domain, "s", "\u017f", 1), strings.Replace(domain, "s", "ｓ", 1), "xn--\\u00fc." + domain, "xn--ls8h." + domain + "..", domain + "\u202e", " " + domain, domain + "/x", domain + "@x", "a b.example", "common", "organizations",
	} {
		if got := post(operator, "/beta/sekisho/tenants", fmt.Sprintf(`{"displayName":"x","domain":%s}`, jsonText(name))); got == http.StatusCreated {
			t.Errorf("a tenant of the domain %q", name)
		} else if got >= 500 {
			t.Errorf("the domain %q: %d %s", name, got, w.body)
		}
	}
	for _, local := range []string{
		"pеrson", "PERSON", "person\u200b", "\u202eperson", "ｐerson", "per\u00adson", "person\r\n", "person ", " person", "per son", "person\x00", "person@x", "<b>",
	} {
		name := local + "@" + domain
		body := fmt.Sprintf(`{"accountEnabled":true,"displayName":"x","mailNickname":"x","userPrincipalName":%s,"passwordProfile":{"password":"Kaede-Mizube-77!"}}`, jsonText(name))
		if got := post(w.token(), "/v1.0/users", body); got == http.StatusCreated {
			t.Errorf("a user of the name %q", name)
		} else if got >= 500 {
			t.Errorf("the user name %q: %d %s", name, got, w.body)
		}
	}
	// Signing in by a look-alike of the name is signing in as nobody; another case
	// is the same person.
	for name, want := range map[string]string{"pеrson@" + domain: "password", "person@ѕ" + domain[1:]: "password", "PERSON@" + strings.ToUpper(domain): "consent"} {
		w.plant("fresh")
		w.steps(`
			authorize
		`)
		w.stepPost(step{params: [][2]string{{"loginfmt", name}}})
		w.stepPost(step{params: [][2]string{{"passwd", w.vars["person.password"]}}})
		if w.due() != want {
			t.Errorf("%q leads to %q, want %q", name, w.due(), want)
		}
	}
	// The same in paths.
	for _, path := range []string{"ѕ" + domain[1:], domain + ".", strings.Replace(domain, ".", "。", 1)} {
		w.stepAuthorize(step{params: [][2]string{{"@tenant", url.PathEscape(path)}}})
		if w.status != http.StatusBadRequest || w.header.Get("Location") != "" {
			t.Errorf("the path /%s: %d", path, w.status)
		}
	}
}

func jsonText(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(text)
}
