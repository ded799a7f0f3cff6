package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sekisho-id/sekisho/internal/store/pgtest"
)

// visitor is a person with a browser: it keeps cookies and fills in forms.
type visitor struct {
	t    *testing.T
	node *node
	jar  http.CookieJar
	page string // the last page
	next string // where the last answer led, if it was a redirect
}

func newVisitor(t *testing.T, n *node) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, node: n, jar: jar}
}

func (v *visitor) do(method, path string, form url.Values) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.node.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	client := *v.node.client
	client.Jar = v.jar
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.page, v.next = string(body), resp.Header.Get("Location")
	if resp.StatusCode >= 400 {
		v.t.Fatalf("%s %s: %d\n%s", method, path, resp.StatusCode, body)
	}
}

// submit posts the page's form with what the person typed.
func (v *visitor) submit(step string, typed url.Values) {
	v.t.Helper()
	action, form := signInForm([]byte(v.page))
	if got := form.Get("step"); got != step {
		v.t.Fatalf("the page is for step %q, want %q:\n%s", got, step, v.page)
	}
	maps.Copy(form, typed)
	v.do(http.MethodPost, action, form)
}

// code is what the last redirect carries.
func (v *visitor) code() string {
	v.t.Helper()
	u, err := url.Parse(v.next)
	if err != nil || u.Query().Get("code") == "" {
		v.t.Fatalf("no code came back: %q\n%s", v.next, v.page)
	}
	return u.Query().Get("code")
}

// signInWorld is an installation with an application and a person, made through
// Graph.
type signInWorld struct {
	dir, port, config string
	tenant            string
	client, secret    string
	sp                string
	person, password  string
}

const signInCallback = "https://orders.example/callback"

func (w *signInWorld) start(t *testing.T) *node {
	t.Helper()
	return start(t, w.port, filepath.Join(w.dir, "ca.pem"), filepath.Join(w.dir, "bootstrap.json"), "serve", "--config", w.config)
}

func newSignInWorld(t *testing.T, engine string) (*signInWorld, *node) {
	t.Helper()
	w := &signInWorld{dir: t.TempDir(), port: freePort(t)}
	database := filepath.Join(w.dir, "sekisho.db")
	if engine == "postgres" {
		database = pgtest.DSN(t)
	}
	w.config = serveConfig(t, w.dir, w.port, database)
	if engine == "postgres" {
		run(t, "migrate", "--config", w.config)
	}
	run(t, "bootstrap", "--config", w.config)
	n := w.start(t)
	w.register(t, n)
	return w, n
}

// register makes the application and the person.
func (w *signInWorld) register(t *testing.T, n *node) {
	t.Helper()
	b := n.bootstrap
	w.tenant, w.password = b.TenantID, "gate-lantern-Cedar-41"
	admin, _, _ := n.token(b.ClientID, b.ClientSecret)
	app := n.graph(t, admin, "POST", "/v1.0/applications", `{"displayName":"Orders","web":{"redirectUris":["`+signInCallback+`"]}}`)
	w.client = app["appId"].(string)
	w.sp = n.graph(t, admin, "POST", "/v1.0/servicePrincipals", `{"appId":"`+w.client+`"}`)["id"].(string)
	w.secret = n.graph(t, admin, "POST", "/v1.0/applications/"+app["id"].(string)+"/addPassword", `{}`)["secretText"].(string)
	w.person = "mio@" + b.TenantDomain
	n.graph(t, admin, "POST", "/v1.0/users", fmt.Sprintf(`{"displayName":"Mio","accountEnabled":true,"mailNickname":"mio","userPrincipalName":%q,
		"passwordProfile":{"password":%q,"forceChangePasswordNextSignIn":false}}`, w.person, w.password))
}

// signIn walks the browser of a person new to it through the pages to a code.
func (w *signInWorld) signIn(t *testing.T, n *node) *visitor {
	t.Helper()
	v := newVisitor(t, n)
	v.do(http.MethodGet, w.authorize(""), nil)
	v.submit("username", url.Values{"loginfmt": {w.person}})
	v.submit("password", url.Values{"passwd": {w.password}})
	v.submit("consent", url.Values{})
	v.submit("stay", url.Values{"action": {"no"}})
	return v
}

func (w *signInWorld) authorize(more string) string {
	q := url.Values{
		"client_id": {w.client}, "redirect_uri": {signInCallback}, "response_type": {"code"}, "state": {"s"}, "nonce": {"n"},
		"scope": {"openid offline_access User.Read"},
	}
	return "/" + w.tenant + "/oauth2/v2.0/authorize?" + q.Encode() + more
}

// redeem sends a token request and gives the status and the body.
func (w *signInWorld) redeem(n *node, form url.Values) (int, map[string]any) {
	form.Set("client_id", w.client)
	form.Set("client_secret", w.secret)
	resp, err := n.client.PostForm(n.url+"/"+w.tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	var body map[string]any
	if json.NewDecoder(resp.Body).Decode(&body) != nil {
		return 0, nil
	}
	return resp.StatusCode, body
}

func codeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {signInCallback}}
}

// Kill -9 between any two steps of a sign-in: the page that is open goes on, the
// session stays, consent stands once, and the code is redeemed once.
func TestKilledBetweenTheStepsOfASignIn(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			w, n := newSignInWorld(t, engine)
			v := newVisitor(t, n)
			crash := func() {
				t.Helper()
				n.kill()
				<-n.exited
				n = w.start(t)
				v.node = n
			}
			v.do(http.MethodGet, w.authorize(""), nil)
			crash()
			v.submit("username", url.Values{"loginfmt": {w.person}})
			crash()
			v.submit("password", url.Values{"passwd": {w.password}})
			crash()
			v.submit("consent", url.Values{})
			crash()
			v.submit("stay", url.Values{})
			code := v.code()
			crash()
			status, tokens := w.redeem(n, codeForm(code))
			if status != http.StatusOK {
				t.Fatalf("redeeming the code: %d %v", status, tokens)
			}
			crash()
			status, refreshed := w.redeem(n, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens["refresh_token"].(string)}})
			if status != http.StatusOK {
				t.Fatalf("refreshing: %d %v", status, refreshed)
			}
			crash()

			// The session is there, and consent is not asked for again.
			v.do(http.MethodGet, w.authorize("&prompt=none"), nil)
			second := v.code()
			if status, body := w.redeem(n, codeForm(second)); status != http.StatusOK {
				t.Errorf("redeeming a silent code: %d %v", status, body)
			}
			admin, _, _ := n.token(n.bootstrap.ClientID, n.bootstrap.ClientSecret)
			grants := n.graph(t, admin, "GET", "/v1.0/servicePrincipals/"+w.sp+"/oauth2PermissionGrants", "")["value"].([]any)
			if len(grants) != 1 {
				t.Errorf("%d grants after one consent: %v", len(grants), grants)
			}

			// The first code gives nothing more, and its replay takes what it gave.
			if status, body := w.redeem(n, codeForm(code)); status != http.StatusBadRequest || !strings.HasPrefix(fmt.Sprint(body["error_description"]), "AADSTS54005") {
				t.Errorf("the code again: %d %v", status, body)
			}
			crash()
			status, body := w.redeem(n, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshed["refresh_token"].(string)}})
			if status != http.StatusBadRequest || body["suberror"] != "bad_token" {
				t.Errorf("refreshing after a replay: %d %v", status, body)
			}
		})
	}
}

// Kill -9 while many redeem one code: at most one of them got tokens, and nobody
// does afterwards.
func TestKilledWhileACodeIsRedeemed(t *testing.T) {
	w, n := newSignInWorld(t, "sqlite")
	v := w.signIn(t, n)
	code := v.code()
	for round := range 4 {
		var mu sync.Mutex
		got, answers := 0, 0
		var clients sync.WaitGroup
		for range 12 {
			clients.Go(func() {
				status, _ := w.redeem(n, codeForm(code))
				mu.Lock()
				defer mu.Unlock()
				if answers++; status == http.StatusOK {
					got++
				}
				if answers == 1+2*round {
					n.kill()
				}
			})
		}
		clients.Wait()
		n.kill()
		<-n.exited
		n = w.start(t)
		v.node = n
		status, body := w.redeem(n, codeForm(code))
		if status == http.StatusOK {
			got++
		}
		if got > 1 {
			t.Fatalf("round %d: %d answers with tokens for one code, the last %v", round, got, body)
		}
		v.do(http.MethodGet, w.authorize("&prompt=none"), nil)
		code = v.code()
	}
}

// Two nodes redeem one code at the same moment: one answers with tokens.
func TestOneCodeOnTwoNodes(t *testing.T) {
	database := pgtest.DSN(t)
	w := &signInWorld{}
	var nodes [2]*node
	for i := range nodes {
		dir, port := t.TempDir(), freePort(t)
		config := serveConfig(t, dir, port, database)
		if i == 0 {
			run(t, "migrate", "--config", config)
			run(t, "bootstrap", "--config", config)
			w.dir = dir
		}
		nodes[i] = start(t, port, filepath.Join(dir, "ca.pem"), filepath.Join(w.dir, "bootstrap.json"), "serve", "--config", config)
	}
	w.register(t, nodes[0])
	code := w.signIn(t, nodes[0]).code()
	var mu sync.Mutex
	statuses := map[int]int{}
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			status, _ := w.redeem(nodes[i%2], codeForm(code))
			mu.Lock()
			statuses[status]++
			mu.Unlock()
		})
	}
	clients.Wait()
	if statuses[http.StatusOK] != 1 || statuses[http.StatusBadRequest] != 7 {
		t.Errorf("answers by status: %v", statuses)
	}
}
