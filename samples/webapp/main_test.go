package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/samples/internal/browser"
	"github.com/sekisho-id/sekisho/samples/internal/graph"
	"github.com/sekisho-id/sekisho/samples/internal/platform"
)

func TestMain(m *testing.M) { platform.Main(m) }

// scene is a platform with the web application and the orders API registered and
// running.
type scene struct {
	*platform.Platform
	t    *testing.T
	base string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	p := platform.New(t)
	listen := platform.FreeAddress(t)
	s := &scene{Platform: p, t: t, base: "https://" + listen}
	app := p.Register(t, graph.Application{
		DisplayName:    "Orders web under test",
		Web:            &graph.Web{RedirectURIs: []string{s.base + callbackPath, s.base + signedOutPath}, LogoutURL: s.base + frontPath},
		OptionalClaims: &graph.OptionalClaims{IDToken: []graph.OptionalClaim{{Name: "sid"}, {Name: "login_hint"}}},
	})
	secret, err := p.Graph().AddPassword(t.Context(), app.AppID, "test")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret.SecretText+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cert, key := platform.Certificate(t)
	platform.Serve(t, run, map[string]string{
		"LISTEN": listen, "TLS_CERT_FILE": cert, "TLS_KEY_FILE": key,
		"AUTHORITY": p.Authority, "INSTANCE_DISCOVERY": "false", "CA_FILE": p.CAFile,
		"CLIENT_ID": app.AppID, "CLIENT_SECRET_FILE": file,
		"API": p.API, "API_URL": p.Orders(t), "GRAPH_URL": p.URL,
	}, "orders web at "+s.base)
	return s
}

func (s *scene) expect(b *browser.Browser, selector, want string) {
	s.t.Helper()
	if got := b.Text(selector); got != want {
		s.t.Errorf("%s shows %q, want %q", selector, got, want)
	}
}

func page(name string) string { return "document.body.dataset.page === '" + name + "'" }

func TestWebApp(t *testing.T) {
	s := newScene(t)
	hana := browser.New(t, s.Platform, s.base)

	// Sign in: password, and consent to what the orders API asks at first.
	hana.Open(s.base + "/")
	hana.Click("#signin")
	if pages := hana.Through(browser.Way{Person: s.Hana}); !browser.Saw(pages, "password") || !browser.Saw(pages, "consent") {
		t.Errorf("the pages were %v", pages)
	}
	hana.Wait(page("home"))
	s.expect(hana, "#who", s.Hana.Name)
	s.expect(hana, "#username", s.Hana.Username)
	s.expect(hana, "#tid", s.TenantID)
	s.expect(hana, "#oid", "4a6b0e00-0000-4000-8000-000000000011")

	// The orders API knows the token, without another question.
	hana.Click("a[href='/orders']")
	hana.Wait(page("orders"))
	s.expect(hana, "#none", "You have no orders.")

	// To order takes another scope: the first time the person declines it.
	order := func(b *browser.Browser, item string) {
		b.Fill("item", item)
		b.Fill("quantity", "3")
		b.Click("#order")
	}
	order(hana, "sencha")
	if pages := hana.Through(browser.Way{Person: s.Hana, Decline: true}); !browser.Saw(pages, "consent") {
		t.Errorf("the pages were %v", pages)
	}
	hana.Wait(page("declined"))
	if text := hana.Text("main"); !strings.Contains(text, "AADSTS65004") {
		t.Errorf("the page of the declined says %s", text)
	}
	hana.Click("#on")
	hana.Wait(page("home"))
	s.expect(hana, "#who", s.Hana.Name)

	// Then the person accepts it; what was typed is still there.
	hana.Open(s.base + "/orders")
	hana.Wait(page("orders"))
	order(hana, "sencha")
	if pages := hana.Through(browser.Way{Person: s.Hana}); !browser.Saw(pages, "consent") || browser.Saw(pages, "password") {
		t.Errorf("the pages were %v", pages)
	}
	hana.Wait(page("orders"))
	hana.Click("#order")
	hana.Wait("document.querySelector('.item')")
	s.expect(hana, ".item", "sencha")

	// A second resource, with a consent and a token of its own.
	hana.Open(s.base + "/me")
	hana.Through(browser.Way{Person: s.Hana})
	hana.Wait(page("me"))
	s.expect(hana, "#displayName", s.Hana.Name)

	// Somebody else, in a browser of his own, sees none of her orders.
	ken := hana.Another()
	ken.Open(s.base + "/orders")
	ken.Through(browser.Way{Person: s.Ken})
	ken.Wait(page("orders"))
	s.expect(ken, "#none", "You have no orders.")
	s.expect(ken, "#who", s.Ken.Name)

	s.administrator(hana)
	s.signOut(hana)
	s.revoked(ken)
	s.signedOutElsewhere(ken)
}

// administrator asks for a scope that Hana cannot grant, shows that the way on is
// open, and lets an administrator follow the link.
func (s *scene) administrator(hana *browser.Browser) {
	hana.Open(s.base + "/people")
	if pages := hana.Through(browser.Way{Person: s.Hana}); !browser.Saw(pages, "refused") {
		s.t.Errorf("the pages were %v", pages)
	}
	hana.Wait(page("administrator"))
	link := hana.Text("#link")
	if text := hana.Text("main"); !strings.Contains(text, "AADSTS90094") {
		s.t.Errorf("the page says %s", text)
	}

	admin := hana.Another()
	admin.Open(link)
	if pages := admin.Through(browser.Way{Person: s.Admin}); !browser.Saw(pages, "consent") {
		s.t.Errorf("the administrator's pages were %v", pages)
	}
	admin.Wait(page("granted"))

	hana.Click("#again")
	if pages := hana.Through(browser.Way{Person: s.Hana}); browser.Saw(pages, "consent") || browser.Saw(pages, "refused") {
		s.t.Errorf("after the administrator consented the pages were %v", pages)
	}
	hana.Wait(page("people"))
	if text := hana.Text("main"); !strings.Contains(text, s.Ken.Username) {
		s.t.Errorf("the list of people is %s", text)
	}
}

// signOut ends both sessions: whoever comes back must type the password.
func (s *scene) signOut(hana *browser.Browser) {
	hana.Click("#signout")
	hana.Wait(page("home") + " && document.querySelector('#signin')")
	hana.Click("#signin")
	if pages := hana.Through(browser.Way{Person: s.Hana}); !browser.Saw(pages, "password") || browser.Saw(pages, "consent") {
		s.t.Errorf("after signing out the pages were %v", pages)
	}
	hana.Wait(page("home"))
	s.expect(hana, "#who", s.Hana.Name)
}

// revoked: an administrator ends what Ken has at the platform. His session here has
// a token left for the orders, but nothing to get another with.
func (s *scene) revoked(ken *browser.Browser) {
	if err := s.Graph().RevokeSessions(s.t.Context(), s.Ken.Username); err != nil {
		s.t.Fatal(err)
	}
	ken.Open(s.base + "/me")
	if pages := ken.Through(browser.Way{Person: s.Ken}); !browser.Saw(pages, "password") || !browser.Saw(pages, "consent") {
		s.t.Errorf("after the sessions were revoked the pages were %v", pages)
	}
	ken.Wait(page("me"))
	s.expect(ken, "#displayName", s.Ken.Name)
}

// signedOutElsewhere: the platform tells the application, by its frame.
func (s *scene) signedOutElsewhere(ken *browser.Browser) {
	ken.Open(s.Authority + "/oauth2/v2.0/logout")
	ken.Wait(page("signout") + " || " + page("signedout"))
	if ken.Eval("document.body.dataset.page") == "signout" {
		ken.Click("#idSIButton9")
	}
	ken.Wait(page("signedout"))
	ken.Open(s.base + "/")
	ken.Wait(page("home"))
	s.expect(ken, "#who", "")
}

func TestAnswersThatNobodyAskedFor(t *testing.T) {
	s := newScene(t)
	b := browser.New(t, s.Platform, s.base)
	for name, query := range map[string]string{
		"code without state":    "?code=abc",
		"code of an attacker":   "?code=abc&state=AAAAAAAAAAAAAAAAAAAAAAAAAA",
		"error of an attacker":  "?error=access_denied&error_description=Call+this+number&state=AAAAAAAAAAAAAAAAAAAAAAAAAA",
		"state that is a path":  "?code=abc&state=../../../..",
		"state of one letter":   "?code=abc&state=A",
		"everything is missing": "",
	} {
		b.Open(s.base + callbackPath + query)
		b.Wait(page("unknown"))
		if text := b.Text("main"); strings.Contains(text, "Call this number") {
			t.Errorf("%s: the page repeats what a stranger wrote", name)
		}
	}
}
