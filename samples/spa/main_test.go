package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/samples/internal/browser"
	"github.com/sekisho-id/sekisho/samples/internal/graph"
	"github.com/sekisho-id/sekisho/samples/internal/platform"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func TestMain(m *testing.M) { platform.Main(m) }

// modules is a folder with the packages of package-lock.json, fetched by npm unless
// they are there already.
func modules(t *testing.T) string {
	t.Helper()
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	const stamp = "node_modules/.installed"
	if have, err := os.ReadFile(stamp); err == nil && string(have) == string(lock) {
		return "node_modules"
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Fatal("no npm is here: run make deps, which installs it")
	}
	if out, err := exec.Command(npm, "ci", "--ignore-scripts", "--loglevel=error").CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	if err := os.WriteFile(stamp, lock, 0o600); err != nil {
		t.Fatal(err)
	}
	return "node_modules"
}

// scene is a platform with the single-page application served and registered.
type scene struct {
	*platform.Platform
	t    *testing.T
	base string
}

// newScene serves the application by http or https: to the platform's cookies that
// is another site or the same.
func newScene(t *testing.T, p *platform.Platform, scheme string) *scene {
	t.Helper()
	s := &scene{Platform: p, t: t, base: scheme + "://" + platform.FreeAddress(t)}
	app := p.Register(t, graph.Application{
		DisplayName: "Orders single page under test", SPA: &graph.URIs{RedirectURIs: []string{s.base + "/", s.base + "/redirect.html"}},
	})
	env := map[string]string{
		"LISTEN": strings.TrimPrefix(s.base, scheme+"://"), "NODE_MODULES": modules(t),
		"AUTHORITY": p.Authority, "INSTANCE_DISCOVERY": "false", "CLIENT_ID": app.AppID,
		"API": p.API, "API_URL": p.Orders(t, s.base), "GRAPH_URL": p.URL,
	}
	if scheme == "https" {
		env["TLS_CERT_FILE"], env["TLS_KEY_FILE"] = platform.Certificate(t)
	}
	platform.Serve(t, run, env, "orders single page at "+s.base)
	return s
}

// ready says that the application is on the screen and waits for a click.
const ready = "document.body.dataset.ready && document.getElementById('busy').textContent === ''"

func shown(id string) string { return ready + " && !document.getElementById('" + id + "').hidden" }

func (s *scene) open(b *browser.Browser) {
	s.t.Helper()
	b.Open(s.base + "/")
	b.Wait(ready)
}

// away clicks on something after which the tab is at the platform.
func (s *scene) away(b *browser.Browser, selector string, way browser.Way, want ...string) {
	s.t.Helper()
	b.Click(selector)
	s.saw(b.Through(way), want...)
	b.Wait(ready)
}

// saw checks that these pages were shown, and of password, consent and refused no
// others.
func (s *scene) saw(pages []string, want ...string) {
	s.t.Helper()
	for _, name := range []string{"password", "consent", "refused"} {
		if browser.Saw(pages, name) != browser.Saw(want, name) {
			s.t.Errorf("the pages were %v, want %v", pages, want)
		}
	}
}

// press presses a button of the application that needs no redirect.
func (s *scene) press(b *browser.Browser, selector string) {
	s.t.Helper()
	b.Press(selector)
	b.Wait(ready)
}

func (s *scene) expect(b *browser.Browser, selector, want string) {
	s.t.Helper()
	if got := b.Text(selector); !strings.Contains(got, want) {
		s.t.Errorf("%s shows %q, want %q; %s", selector, got, want, b.Text("#said"))
	}
}

func TestSinglePage(t *testing.T) {
	p := platform.New(t)
	s := newScene(t, p, "https")
	b := browser.New(t, p, s.base)
	way := browser.Way{Person: s.Hana}

	// Declined at the sign-in, and then not.
	s.open(b)
	s.away(b, "#redirect", browser.Way{Person: s.Hana, Decline: true}, "password", "consent")
	s.expect(b, "#problem", "You declined")
	s.expect(b, "#said", "AADSTS65004")
	s.away(b, "#again", way, "consent")
	s.expect(b, "#who", s.Hana.Name)
	s.expect(b, "#username", s.Hana.Username)
	s.expect(b, "#tid", s.TenantID)
	s.expect(b, "#oid", "4a6b0e00-0000-4000-8000-000000000011")

	// The orders API; more of it by another consent, after which the order is made.
	s.press(b, "#orders")
	s.expect(b, "#list", "You have no orders.")
	b.Fill("item", "sencha")
	b.Fill("quantity", "2")
	s.away(b, "#order", way, "consent")
	s.expect(b, "#list", "2 × sencha")

	// A second resource.
	s.away(b, "#me", way, "consent")
	s.expect(b, "#list", s.Hana.Username)
	s.press(b, "#me")
	s.expect(b, "#list", s.Hana.Username)

	// Another token without a question, both ways.
	s.press(b, "#refresh")
	s.expect(b, "#title", "Another token, by refresh token")
	s.press(b, "#frame")
	s.expect(b, "#title", "Another token, by hidden frame")

	// An administrator has to allow it, and does.
	s.away(b, "#people", way, "refused")
	s.expect(b, "#problem", "Administrator approval needed")
	link := b.Text("#link")
	s.press(b, "#on")
	admin := b.Another()
	admin.Open(link)
	s.saw(admin.Through(browser.Way{Person: s.Admin}), "password", "consent")
	admin.Wait(ready)
	s.press(b, "#people") // the refresh token is good for whatever was granted
	s.expect(b, "#list", s.Ken.Username)

	// Somebody else sees none of her orders.
	ken := b.Another()
	s.open(ken)
	s.away(ken, "#redirect", browser.Way{Person: s.Ken}, "password", "consent")
	s.press(ken, "#orders")
	s.expect(ken, "#list", "You have no orders.")

	// Signed out of both.
	s.away(b, "#signout", way)
	b.Wait(shown("stranger"))
	s.away(b, "#redirect", way, "password")
	s.press(b, "#orders")
	s.expect(b, "#list", "2 × sencha")
}

// From another site the frame gets no cookies in this browser: the platform says
// so by redirect, and the refresh token is the way. Windows of their own work.
func TestWindowsAndAnotherSite(t *testing.T) {
	p := platform.New(t)
	s := newScene(t, p, "http")
	b := browser.New(t, p)
	s.open(b)
	s.saw(b.Popup("#popup").Through(browser.Way{Person: s.Hana, Decline: true}), "password", "consent")
	b.Wait(shown("refusal"))
	s.expect(b, "#problem", "You declined")
	s.saw(b.Popup("#popup").Through(browser.Way{Person: s.Hana}), "consent")
	b.Wait(shown("known"))
	s.expect(b, "#who", s.Hana.Name)

	s.press(b, "#frame")
	s.expect(b, "#problem", "You have to sign in again")
	s.expect(b, "#said", "login_required")
	s.press(b, "#refresh")
	s.expect(b, "#title", "Another token, by refresh token")

	s.press(b, "#window")
	s.saw(b.Popup("#me").Through(browser.Way{Person: s.Hana}), "consent")
	b.Wait(shown("answer"))
	s.expect(b, "#list", s.Hana.Username)
}

func TestServesFilesAndNothingElse(t *testing.T) {
	c := config{Authority: "https://platform.example/tenant", KnownAuthorities: []string{}, ClientID: "c", API: "api://orders", APIURL: "https://orders.example", GraphURL: "https://graph.example"}
	h, err := handler(c, filepath.Join(modules(t), "@azure", "msal-browser", "lib"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/": 200, "/app.js": 200, "/redirect.html": 200, "/msal.js": 200, "/msal-bridge.js": 200, "/config.json": 200,
		"/main.go": 404, "/package.json": 404, "/node_modules/": 404,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		if w.Code != want {
			t.Errorf("GET %s: %d, want %d", path, w.Code, want)
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "connect-src 'self' https://platform.example https://orders.example https://graph.example;") {
			t.Errorf("GET %s: policy %s", path, policy)
		}
	}
}

func TestSettings(t *testing.T) {
	err := run(t.Context(), setting.Map{"NODE_MODULES": "none", "AUTHORITY": "http://platform.example/t"}.Lookup, io.Discard, slog.New(slog.DiscardHandler))
	for _, want := range []string{"CLIENT_ID is not set", "API is not set", "API_URL is not set", "what is sent there must travel by https", "run npm ci in samples/spa"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}
