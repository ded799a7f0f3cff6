package server_test

import (
	"bufio"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"
)

// What attackers try on the sign-in of people, through the public surface of one
// server: each test has a tenant of its own. The steps are those of the scenarios.

// attacks are the tests by theme; each file adds its own.
var attacks = map[string]func(*testing.T, *sekishotest.Server){}

func TestAbuse(t *testing.T) {
	t.Parallel()
	srv := sekishotest.New(t, sekishotest.Options{Empty: true})
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) { attack(t, srv) })
	}
	noSecretLogged(t, srv)
}

// attacked is a tenant with what a test needs of it. No page on the way, and when
// the test ends no line of the log, may hold a secret.
func attacked(t *testing.T, srv *sekishotest.Server, script string) *world {
	t.Helper()
	w := &world{t: t, srv: srv, browser: "first", jars: map[string]http.CookieJar{}, vars: map[string]string{"url": srv.URL, "operator": srv.Bootstrap.ClientID, "operator.secret": srv.Bootstrap.ClientSecret}}
	seen[w] = map[string]string{}
	t.Cleanup(w.nothingLogged)
	w.found()
	w.steps(script)
	return w
}

// steps plays the lines of a scenario.
func (w *world) steps(script string) {
	w.t.Helper()
	var sc scenario
	lines := bufio.NewScanner(strings.NewReader(script))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimLeft(lines.Text(), "\t")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := addLine(&sc, n, line); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, st := range sc.steps {
		do, ok := verbs[st.verb]
		if !ok {
			w.t.Fatalf("unknown verb %q", st.verb)
		}
		do(w, st)
		w.note()
		w.canary()
		if w.t.Failed() {
			w.t.Fatalf("%s %s: last answer %d %s %s", st.verb, strings.Join(st.args, " "), w.status, w.header.Get("Location"), w.body)
		}
	}
}

// secrets are the variables that nobody but their owner may see.
var secrets = []string{"code", "refresh", "access", "id", "client.secret", "person.password", "hana.password", "ren.password"}

// canary holds the last answer against what every page must be, and looks for
// secrets where they do not belong.
func (w *world) canary() {
	w.t.Helper()
	if !strings.HasPrefix(w.header.Get("Content-Type"), "text/html") {
		return
	}
	for _, problem := range pageProblems(w.header, w.body) {
		w.t.Errorf("%s", problem)
	}
	posted := postTarget.Match(w.body) // the code is for the application there
	text := ownQuery.ReplaceAllString(string(w.body), "")
	for _, name := range secrets {
		if s := w.vars[name]; len(s) > 8 && !posted && strings.Contains(text, s) {
			w.t.Errorf("the page holds the secret %s", name)
		}
	}
	for _, c := range w.cookies() {
		if strings.Contains(string(w.body), c.Value) {
			w.t.Errorf("the page holds the cookie %s", c.Name)
		}
		seen[w]["cookie "+c.Value] = c.Value
	}
	state := w.hidden().Get("flowToken")
	seen[w]["state "+state] = state
	w.note()
}

// seen are the secrets of each test, by what they are: the log is held against
// them once.
var seen = map[*world]map[string]string{}

// note remembers the secrets that the variables hold now.
func (w *world) note() {
	for _, name := range secrets {
		seen[w][name+" "+w.vars[name]] = w.vars[name]
	}
}

// nothingLogged looks for what was seen in the log.
func (w *world) nothingLogged() {
	w.note()
	log := w.srv.Log.String()
	for what, secret := range seen[w] {
		if len(secret) > 8 && strings.Contains(log, secret) {
			w.t.Errorf("the log holds the %s", what)
		}
	}
	if strings.Contains(log, "\nSet-Cookie") {
		w.t.Error("a line of the log was made up")
	}
	delete(seen, w)
}

var (
	anyScript = regexp.MustCompile(`(?is)<script[^>]*>(.*?)</script>`)
	quoted    = regexp.MustCompile(`"[^"]*"`)
	handlers  = regexp.MustCompile(`(?i)<[^>]+\son[a-z]+\s*=`)
	// ownQuery is the link to the same page in another language.
	ownQuery   = regexp.MustCompile(`<a href="\?[^"]*" lang=`)
	styleAttrs = regexp.MustCompile(`(?i)<[^>]+\sstyle\s*=`)
)

// pageProblems are what is wrong with a page in the eyes of somebody who wants to
// frame it, to run script in it or to read it from elsewhere.
func pageProblems(h http.Header, body []byte) []string {
	var out []string
	csp := h.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action"} {
		if !strings.Contains(csp, part) {
			out = append(out, "the policy lacks "+part+": "+csp)
		}
	}
	for _, bad := range []string{"unsafe", "*", "data:", "http:", "https: "} {
		if strings.Contains(csp, bad) {
			out = append(out, "the policy has "+bad+": "+csp)
		}
	}
	for name, want := range map[string]string{
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
	} {
		if !strings.Contains(h.Get(name), want) {
			out = append(out, name+" is "+h.Get(name))
		}
	}
	if h.Get("Permissions-Policy") == "" {
		out = append(out, "no Permissions-Policy")
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			out = append(out, "a page has "+name)
		}
	}
	for _, m := range anyScript.FindAllSubmatch(body, -1) {
		if string(m[1]) != "document.forms[0].submit()" {
			out = append(out, "script in the page: "+string(m[0]))
		}
	}
	body = quoted.ReplaceAll(body, []byte(`""`)) // what is text is no attribute
	if m := handlers.Find(body); m != nil {
		out = append(out, "an event handler in the page: "+string(m))
	}
	if m := styleAttrs.Find(body); m != nil {
		out = append(out, "a style in the page: "+string(m))
	}
	for _, c := range (&http.Response{Header: h}).Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteNoneMode {
			out = append(out, "a weak cookie: "+c.Name)
		}
	}
	return out
}

// cookies are what the browser in use holds.
func (w *world) cookies() []*http.Cookie {
	u, err := url.Parse(w.srv.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.jar().Cookies(u)
}

// cookie is one of them, "" without it.
func (w *world) cookie(name string) string {
	for _, c := range w.cookies() {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// plant goes on in a new browser that holds these cookies alone.
func (w *world) plant(browser string, cookies ...*http.Cookie) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := url.Parse(w.srv.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range cookies {
		jar.SetCookies(u, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: "/", Secure: true}})
	}
	w.browser, w.jars[browser] = browser, jar
}

const (
	sessionCookie = "__Host-sekisho"
	stayCookie    = "__Host-sekisho-stay"
	browserCookie = "__Host-sekisho-browser"
	knownCookie   = "__Host-sekisho-known"
)

// signedIn asks without a page whether the browser is signed in.
func (w *world) signedIn() bool {
	w.t.Helper()
	w.stepAuthorize(step{params: [][2]string{{"prompt", "none"}, {"scope", "openid"}}})
	_, fields := w.answer()
	if e := fields.Get("error"); e != "" && e != "login_required" {
		w.t.Fatalf("silent: %v", fields)
	}
	return fields.Has("code")
}
