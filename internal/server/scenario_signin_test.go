package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The verbs of people: applications they sign in to, the pages they meet, what the
// application hears.

// verifier is a good code verifier (RFC 7636 §4.1).
const verifier = "sekisho-scenario-0123456789-0123456789-0123"

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// platforms are the kinds of application of the verb app, by the list that their
// redirect URI stands in.
var platforms = map[string]struct{ list, redirect string }{
	"web":    {"web", "https://app.example/cb"},
	"spa":    {"spa", "https://spa.example/cb"},
	"native": {"publicClient", "http://localhost/cb"},
}

// stepApp makes an application that people sign in to: app web|spa|native [name].
// {client} is its client id, {client.id} its object, {client.secret} the secret of
// a web application and {redirect} its redirect URI; with a name the same under
// that name. The application made last is the one that authorize, redeem and
// refresh speak for.
func (w *world) stepApp(st step) {
	kind, ok := platforms[st.args[0]]
	if !ok {
		w.t.Fatalf("%q is no kind of application", st.args[0])
	}
	w.graph(w.token(), "POST", "/v1.0/applications", fmt.Sprintf(`{"displayName":"App %s",%q:{"redirectUris":[%q]}}`, st.args[0], kind.list, kind.redirect), 201)
	made := map[string]string{"": w.at("appId"), ".id": w.at("id"), ".kind": st.args[0], ".redirect": kind.redirect}
	if st.args[0] == "web" {
		w.graph(w.token(), "POST", "/v1.0/applications/"+made[".id"]+"/addPassword", `{"passwordCredential":{"displayName":"s"}}`, 200)
		made[".secret"] = w.at("secretText")
	}
	w.name("client", made)
	w.vars["redirect"] = kind.redirect
	if len(st.args) > 1 {
		w.name(st.args[1], made)
	}
}

// stepUse speaks for an application made before: use NAME.
func (w *world) stepUse(st step) {
	made := map[string]string{}
	for _, part := range []string{"", ".id", ".kind", ".redirect", ".secret"} {
		made[part] = w.vars[st.args[0]+part]
	}
	w.name("client", made)
	w.vars["redirect"] = made[".redirect"]
}

func (w *world) name(as string, parts map[string]string) {
	for part, value := range parts {
		w.vars[as+part] = value
	}
}

// stepPerson makes a user of the scenario's tenant: person [name]. {person} is the
// user name, {person.id} the object and {person.password} the password; with a name
// the same under that name. The line "expired" makes the password one that has to
// be changed.
func (w *world) stepPerson(st step) {
	name, force := "person", false
	for _, a := range st.args {
		if a == "expired" {
			force = true
		} else {
			name = a
		}
	}
	made := map[string]string{"": name + "@" + w.vars["domain"], ".password": fmt.Sprintf("Kaede-Mizube-%d!", 7001+len(w.vars))}
	w.graph(w.token(), "POST", "/v1.0/users", fmt.Sprintf(
		`{"accountEnabled":true,"displayName":%q,"mailNickname":%q,"userPrincipalName":%q,"passwordProfile":{"password":%q,"forceChangePasswordNextSignIn":%t}}`,
		name, name, made[""], made[".password"], force), 201)
	made[".id"] = w.at("id")
	w.name("person", made)
	w.name(name, made)
}

// stepForeigner makes a person of another tenant: foreigner NAME. {NAME} and the
// rest are as for person; {NAME.tenant} and {NAME.domain} are the tenant.
func (w *world) stepForeigner(st step) {
	b, name, n := w.srv.Bootstrap, st.args[0], nextTenant()
	domain := fmt.Sprintf("s%d.example", n)
	w.graph(w.graphToken(b.TenantID, b.ClientID, b.ClientSecret), "POST", "/beta/sekisho/tenants", fmt.Sprintf(`{"displayName":"Elsewhere %d","domain":%q}`, n, domain), 201)
	made := map[string]string{"": name + "@" + domain, ".tenant": w.at("tenantId"), ".domain": domain, ".password": fmt.Sprintf("Kaede-Mizube-%d!", 7001+len(w.vars))}
	admin := w.graphToken(made[".tenant"], w.at("clientId"), w.at("clientSecret"))
	w.graph(admin, "POST", "/v1.0/users", fmt.Sprintf(
		`{"accountEnabled":true,"displayName":%q,"mailNickname":%q,"userPrincipalName":%q,"passwordProfile":{"password":%q,"forceChangePasswordNextSignIn":false}}`,
		name, name, made[""], made[".password"]), 201)
	made[".id"] = w.at("id")
	w.name(name, made)
}

// stepGuest invites somebody of another tenant: guest NAME. {NAME.guest} is the
// object of the guest.
func (w *world) stepGuest(st step) {
	w.graph(w.token(), "POST", "/v1.0/invitations", fmt.Sprintf(`{"invitedUserEmailAddress":%q,"inviteRedirectUrl":"https://app.example/"}`, w.vars[st.args[0]]), 201)
	w.vars[st.args[0]+".guest"] = w.at("invitedUser.id")
}

// stepRecorded says that a refusal was recorded of the scenario's tenant: recorded
// NUMBER. It is how what no page tells gets known.
func (w *world) stepRecorded(st step) {
	sums, err := w.srv.Dev.Refusals(w.t.Context(), w.vars["tenant"])
	if err != nil {
		w.t.Fatal(err)
	}
	for _, sum := range sums {
		if strconv.Itoa(sum.Code) == st.args[0] && sum.Count > 0 {
			return
		}
	}
	w.t.Errorf("no refusal of %s among %+v", st.args[0], sums)
}

// token is the administrator's for Graph, a new one where the clock went on.
func (w *world) token() string {
	if now := w.srv.Now(); w.adminID != "" && (now.After(w.adminUntil) || now.Before(w.adminUntil.Add(-time.Hour))) {
		last := *w
		w.admin = w.graphToken(w.vars["tenant"], w.adminID, w.adminSecret)
		w.adminUntil = now.Add(time.Minute * 50)
		w.status, w.header, w.body, w.json = last.status, last.header, last.body, last.json
	}
	return w.admin
}

// stepBrowser goes on in another browser: browser NAME. The first one is "first";
// a name not met before is a browser without cookies.
func (w *world) stepBrowser(st step) { w.browser = st.args[0] }

// jar holds the cookies of the browser.
func (w *world) jar() http.CookieJar {
	if w.jars[w.browser] == nil {
		jar, err := cookiejar.New(nil)
		if err != nil {
			w.t.Fatal(err)
		}
		w.jars[w.browser] = jar
	}
	return w.jars[w.browser]
}

// browse sends a request with the browser's cookies and keeps what comes back.
func (w *world) browse(req *http.Request) {
	w.t.Helper()
	for _, c := range w.jar().Cookies(req.URL) {
		req.AddCookie(c)
	}
	w.send(req)
	w.jar().SetCookies(req.URL, (&http.Response{Header: w.header}).Cookies())
}

// stepAuthorize sends the good authorization request of the application, changed by
// the lines below as in the verb token ("name = -" leaves one out). "@tenant",
// "@v1", "@path", "@post" and "@header.X" change the request itself.
func (w *world) stepAuthorize(st step) {
	form := [][2]string{
		{"client_id", w.vars["client"]}, {"redirect_uri", w.vars["redirect"]}, {"response_type", "code"},
		{"scope", "openid profile offline_access"}, {"state", "st"}, {"nonce", "no"},
	}
	if w.vars["client.kind"] != "web" {
		form = append(form, [2]string{"code_challenge", challenge()}, [2]string{"code_challenge_method", "S256"})
	}
	path, method := "/"+w.vars["tenant"]+"/oauth2/v2.0/authorize", "GET"
	headers := map[string]string{}
	for _, p := range st.params {
		name, value := p[0], w.expand(p[1])
		switch {
		case name == "@tenant":
			path = "/" + value + "/oauth2/v2.0/authorize"
		case name == "@v1":
			path = "/" + w.vars["tenant"] + "/oauth2/authorize"
		case name == "@path":
			path = value
		case name == "@post":
			method = "POST"
		case strings.HasPrefix(name, "@header."):
			headers[strings.TrimPrefix(name, "@header.")] = value
		default:
			form = set(form, name, value)
		}
	}
	var parts []string
	for _, p := range form {
		parts = append(parts, url.QueryEscape(p[0])+"="+url.QueryEscape(p[1]))
	}
	text := strings.Join(parts, "&")
	req := w.request("GET", w.srv.URL+path+"?"+text, nil)
	if method == "POST" {
		req = w.request("POST", w.srv.URL+path, strings.NewReader(text))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	w.browse(req)
}

var (
	pageForm   = regexp.MustCompile(`<form class="form" method="post" action="([^"]*)"`)
	pageHidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	postTarget = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
)

// fieldsOf are the hidden fields of a page or a form.
func fieldsOf(page []byte) url.Values {
	fields := url.Values{}
	for _, m := range pageHidden.FindAllSubmatch(page, -1) {
		fields.Add(html.UnescapeString(string(m[1])), html.UnescapeString(string(m[2])))
	}
	return fields
}

// signInForm is where the first form of a sign-in's page posts to, and its hidden
// fields; "" and none of any other page.
func signInForm(page []byte) (action string, fields url.Values) {
	m := pageForm.FindSubmatchIndex(page)
	if m == nil {
		return "", url.Values{}
	}
	form, _, _ := bytes.Cut(page[m[0]:], []byte("</form>"))
	return html.UnescapeString(string(page[m[2]:m[3]])), fieldsOf(form)
}

// due is the step that the last page asks for, "" where it is no page of a
// sign-in.
func (w *world) due() string {
	_, fields := signInForm(w.body)
	return fields.Get("step")
}

// hidden are the hidden fields of the last page.
func (w *world) hidden() url.Values { return fieldsOf(w.body) }

// stepPage says which page is shown: page username|password|newpassword|pick|stay|
// consent|refused.
func (w *world) stepPage(st step) {
	if got := w.due(); got != st.args[0] {
		w.t.Errorf("the page is %q, want %q", got, st.args[0])
	}
}

// stepPost posts the form of the last page with the fields below. "@origin = X"
// sends it from another site, "@path = X" to another address, "@kept = 1" posts
// the page that stepKeep kept.
func (w *world) stepPost(st step) {
	form, origin, action, kept := [][2]string{}, w.srv.URL, "", false
	for _, p := range st.params {
		switch value := w.expand(p[1]); p[0] {
		case "@origin":
			origin = value
		case "@path":
			action = value
		case "@kept":
			kept = true
		default:
			form = append(form, [2]string{p[0], value})
		}
	}
	page := w.body
	if kept {
		page = w.kept
	}
	target, values := signInForm(page)
	if target == "" {
		w.t.Fatalf("there is no form: %s", page)
	}
	if action == "" {
		action = target
	}
	for _, p := range form {
		if values.Set(p[0], p[1]); p[1] == "-" {
			values.Del(p[0])
		}
	}
	req := w.request("POST", w.srv.URL+action, strings.NewReader(values.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if origin != "-" {
		req.Header.Set("Origin", origin)
	}
	w.browse(req)
}

// stepKeep keeps the last page, so that it can be posted later: post with @kept.
func (w *world) stepKeep(step) { w.kept = w.body }

// stepWalk answers one page after the other until the application gets its answer:
// walk [name of the person] [upto=PAGE]. It types the person's name and password,
// does not stay signed in, and accepts.
func (w *world) stepWalk(st step) {
	person, upto := "person", ""
	for _, a := range st.args {
		if page, ok := strings.CutPrefix(a, "upto="); ok {
			upto = page
		} else {
			person = a
		}
	}
	changed := w.vars[person+".password"] + "-new"
	answers := map[string][][2]string{
		"username":    {{"loginfmt", w.vars[person]}},
		"password":    {{"passwd", w.vars[person+".password"]}},
		"newpassword": {{"newpasswd", changed}, {"confirmpasswd", changed}},
		"pick":        {{"action", "other"}},
		"stay":        {{"action", "no"}},
		"consent":     {},
	}
	for range 10 {
		due := w.due()
		answer, ok := answers[due]
		if due == upto || !ok {
			break
		}
		w.stepPost(step{params: answer})
		if due == "newpassword" && w.due() != due {
			w.vars[person+".password"] = changed
		}
		if w.due() == due {
			break // nothing went on
		}
	}
	if upto != "" && w.due() != upto {
		w.t.Errorf("the page is %q, want %q", w.due(), upto)
	}
}

// stepSignIn is authorize and walk in one; the lines are those of authorize. It
// ends with the application's code in {code}, unless upto= says where to stop.
func (w *world) stepSignIn(st step) {
	w.stepAuthorize(st)
	w.stepWalk(st)
	for _, a := range st.args {
		if strings.HasPrefix(a, "upto=") {
			return
		}
	}
	w.stepRedirect(step{})
}

// answer is what the application got: from the query, the fragment or the posted
// form, with the address it went to.
func (w *world) answer() (to string, fields url.Values) {
	w.t.Helper()
	if m := postTarget.FindSubmatch(w.body); m != nil && w.status == http.StatusOK {
		return html.UnescapeString(string(m[1])), fieldsOf(w.body)
	}
	location := w.header.Get("Location")
	if w.status != http.StatusFound || location == "" {
		w.t.Fatalf("the application got no answer: %d", w.status)
	}
	to, text, found := strings.Cut(location, "#")
	if !found || text == "" {
		to, text, _ = strings.Cut(to, "?")
	}
	fields, err := url.ParseQuery(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return to, fields
}

// stepRedirect says what the application heard: redirect [error [number]], and in
// the lines below "name = value" of its parameters, "-" for none and "*" for any.
// Without an error there must be a code, which becomes {code}; every parameter
// becomes {answer.NAME}.
func (w *world) stepRedirect(st step) {
	to, fields := w.answer()
	if want, _, _ := strings.Cut(w.vars["redirect"], "?"); to != want {
		w.t.Fatalf("the answer went to %s", to)
	}
	for name, values := range fields {
		if len(values) != 1 {
			w.t.Errorf("%s came %d times", name, len(values))
		}
		w.vars["answer."+name] = values[0]
	}
	switch {
	case len(st.args) == 0:
		if w.vars["code"] = fields.Get("code"); w.vars["code"] == "" || fields.Has("error") {
			w.t.Errorf("no code but %v", fields)
		}
	case fields.Get("error") != st.args[0] || fields.Has("code"):
		w.t.Errorf("error %q, want %q: %v", fields.Get("error"), st.args[0], fields)
	}
	if len(st.args) > 1 {
		prefix, description := "AADSTS"+st.args[1]+": ", fields.Get("error_description")
		if !strings.HasPrefix(description, prefix) || !strings.Contains(description, "\r\nTrace ID: ") {
			w.t.Errorf("description %q does not fit code %s", description, st.args[1])
		}
		if !strings.HasSuffix(fields.Get("error_uri"), "/error?code="+st.args[1]) {
			w.t.Errorf("error_uri %q", fields.Get("error_uri"))
		}
	}
	for _, p := range st.params {
		got, want := fields.Get(p[0]), w.expand(p[1])
		if want == "*" && got == "" || want == "-" && fields.Has(p[0]) || want != "*" && want != "-" && got != want {
			w.t.Errorf("%s is %q, want %q", p[0], got, want)
		}
	}
}

// stepRedeem redeems {code} as the application should, changed by lines as in the
// verb token. Tokens of the answer become {access}, {refresh} and {id}.
func (w *world) stepRedeem(st step) {
	w.grant(st, [][2]string{
		{"grant_type", "authorization_code"}, {"code", w.vars["code"]}, {"redirect_uri", w.vars["redirect"]},
	}, w.vars["client.kind"] != "web")
}

// stepRefresh redeems {refresh}, like redeem.
func (w *world) stepRefresh(st step) {
	w.grant(st, [][2]string{{"grant_type", "refresh_token"}, {"refresh_token", w.vars["refresh"]}}, false)
}

func (w *world) grant(st step, form [][2]string, proves bool) {
	form = append(form, [2]string{"client_id", w.vars["client"]})
	if proves {
		form = append(form, [2]string{"code_verifier", verifier})
	}
	switch w.vars["client.kind"] {
	case "web":
		form = append(form, [2]string{"client_secret", w.vars["client.secret"]})
	case "spa":
		st.params = append([][2]string{{"@header.Origin", "https://spa.example"}}, st.params...)
	}
	w.postToken(st, form)
	for name, member := range map[string]string{"access": "access_token", "refresh": "refresh_token", "id": "id_token"} {
		if token, ok := w.json[member].(string); ok {
			w.vars[name] = token
		}
	}
}

// stepIDClaim compares a claim of {id}, like the verb claim.
func (w *world) stepIDClaim(st step) {
	w.compareClaim(st, payload(w.t, w.vars["id"]))
}

// compareClaim: name = value | name absent | name present | name saved, as
// {claim.NAME}. Values are JSON, or plain text.
func (w *world) compareClaim(st step, claims map[string]any) {
	got, ok := claims[st.args[0]]
	switch st.args[1] {
	case "absent":
		if ok {
			w.t.Errorf("claim %s is %v", st.args[0], got)
		}
		return
	case "present", "saved":
		if w.vars["claim."+st.args[0]] = fmt.Sprint(got); !ok {
			w.t.Errorf("there is no claim %s", st.args[0])
		}
		return
	}
	want := w.expand(strings.Join(st.args[2:], " "))
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(got); err != nil {
		w.t.Fatal(err)
	}
	if have := strings.TrimSpace(text.String()); have != want && have != strconv.Quote(want) {
		w.t.Errorf("claim %s is %s, want %s", st.args[0], have, want)
	}
}
