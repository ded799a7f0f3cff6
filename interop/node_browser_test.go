package interop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
	"github.com/sekisho-id/sekisho/interop/internal/person"
)

func TestNodeMSALBrowser3(t *testing.T) { msalBrowser(t, "3") }
func TestNodeMSALBrowser4(t *testing.T) { msalBrowser(t, "4") }
func TestNodeMSALBrowser5(t *testing.T) { msalBrowser(t, "5") }

// msalBrowser runs a major version of MSAL.js in pages of its own sites.
func msalBrowser(t *testing.T, major string) {
	installNode(t)
	r := record(t, "msal-browser-"+major, nodeVersion(t, "msal-browser-"+major))
	home := newSPA(t, r.party, major, "https", "localhost", r.party.Tenant)
	// What differs in the scheme alone is another site too.
	others := []*spa{newSPA(t, r.party, major, "http", "127.0.0.1", r.party.Tenant), newSPA(t, r.party, major, "http", "localhost", r.party.Tenant)}
	common := newSPA(t, r.party, major, "https", "localhost", "common")
	r.check(t, outcome.Declined, home.declined)
	r.check(t, outcome.SignIn, home.redirect)
	r.check(t, outcome.SignInCache, home.cached)
	r.check(t, outcome.Refresh, home.refreshed)
	r.check(t, outcome.Popup, home.popup)
	r.check(t, outcome.Common, func(t *testing.T) (answer, error) {
		if _, err := common.redirect(t); err != nil {
			return answer{}, err
		}
		return common.refreshed(t) // which goes to the person's own tenant
	})
	r.check(t, outcome.Guest, func(t *testing.T) (answer, error) { return guest(t, r.party, major) })
	r.check(t, outcome.Iframe, home.iframe)
	r.check(t, outcome.IframeRefused, func(t *testing.T) (a answer, err error) {
		for _, other := range others {
			if a, err = other.iframeRefused(t); err != nil {
				return a, fmt.Errorf("from %s: %w", other.origin, err)
			}
		}
		return a, nil
	})
	r.check(t, outcome.SignOut, home.signOut)
	r.check(t, outcome.Incremental, home.incremental)
	r.check(t, outcome.Expired, home.expired)
}

// nodeVersion is the version of a package that is installed.
func nodeVersion(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("node", "node_modules", name, "package.json"))
	var said struct {
		Version string `json:"version"`
	}
	if err == nil {
		err = json.Unmarshal(text, &said)
	}
	if err != nil {
		t.Fatal(err)
	}
	return said.Version
}

// spa is a single-page app on a site of its own.
type spa struct {
	party  *party
	origin string
	// tab and got are where somebody signed in by redirect, and what that brought.
	tab    context.Context
	closed func()
	got    told
	// stay is what people say when they are asked whether to stay signed in.
	stay bool
}

// newSPA serves the app with a major version of MSAL.js, for the tenant or the alias
// that its authority names.
func newSPA(t *testing.T, p *party, major, scheme, host, tenant string) *spa {
	t.Helper()
	s := &spa{party: p}
	mux := http.NewServeMux()
	server := httptest.NewUnstartedServer(mux)
	if scheme == "https" {
		server.TLS = serverTLS(t)
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.origin = scheme + "://" + net.JoinHostPort(host, port)
	s.serve(t, mux, major, tenant)
	t.Cleanup(func() {
		if s.closed != nil {
			s.closed()
		}
	})
	return s
}

func (s *spa) serve(t *testing.T, mux *http.ServeMux, major, tenant string) {
	t.Helper()
	bridge := major == "5"
	landing := s.origin + "/app"
	if bridge {
		landing = s.origin + "/bridge" // version 5 has one page for all answers
	}
	config, err := json.Marshal(map[string]any{
		"client": map[string]any{"auth": map[string]any{
			"clientId": s.party.ClientID, "authority": s.party.authority(tenant), "knownAuthorities": []string{s.party.Host}, "redirectUri": landing,
		}},
		"redirectUri": s.origin + "/bridge", "landingUri": landing, "homeUri": s.origin + "/app",
	})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := template.ParseGlob("node/browser/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for path, name := range map[string]string{"/app": "app.html", "/bridge": "bridge.html"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			data := struct {
				Config json.RawMessage
				Bridge bool
			}{config, bridge}
			if err := pages.ExecuteTemplate(w, name, data); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	library := filepath.Join("node", "node_modules", "msal-browser-"+major, "lib")
	for path, file := range map[string]string{
		"/app.js": filepath.Join("node", "browser", "app.js"), "/msal.js": filepath.Join(library, "msal-browser.min.js"),
		"/bridge.js": filepath.Join(library, "redirect-bridge", "msal-redirect-bridge.min.js"),
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
}

// told is what the app says of a call of MSAL.
type told struct {
	Token     string   `json:"token"`
	IDToken   string   `json:"idToken"`
	Account   string   `json:"account"`
	FromCache bool     `json:"fromCache"`
	Scopes    []string `json:"scopes"`
	Error     string   `json:"error"`
}

func (a told) err() error {
	if a.Error != "" {
		return errors.New(a.Error)
	}
	return nil
}

// load opens the app and returns what a redirect brought, if one did.
func (s *spa) load(t *testing.T, tab context.Context) (told, error) {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Navigate(s.origin+"/app")); err != nil {
		return told{}, err
	}
	return s.settled(t, tab)
}

// settled waits until the app is on the screen and has seen to what was sent to it.
func (s *spa) settled(t *testing.T, tab context.Context) (told, error) {
	t.Helper()
	const script = `(async () => location.pathname === "/app" && window.ready ? { settled: true, ...(await window.ready) } : {})()`
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		got, err := chromedp.Run(tab, chromedp.Evaluate[struct {
			told
			Settled bool `json:"settled"`
		}](script, chromedp.EvalAwaitPromise))
		if err == nil && got.Settled {
			return got.told, got.err()
		}
		select {
		case <-ctx.Done():
			where, _ := chromedp.Run(tab, chromedp.Evaluate[string]("location.origin + location.pathname + ' ' + document.body.innerText"))
			return told{}, errors.Join(fmt.Errorf("the app did not come back; the browser is at %s", where), err)
		case <-again.C:
		}
	}
}

// call calls a function of the app and waits for MSAL's answer.
func call[T any](tab context.Context, expression string) (T, error) {
	return chromedp.Run(tab, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise, clicked))
}

// clicked makes a script run as if somebody had clicked: windows open only then.
func clicked(p *runtime.EvaluateParams) { p.UserGesture = new(true) }

// scopes writes scopes as an argument in JavaScript.
func scopes(list ...string) string {
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings always can be written
	}
	return string(text)
}

// signIn goes through a redirect and back.
func (s *spa) signIn(t *testing.T, tab context.Context, list ...string) (told, *person.Walk, error) {
	t.Helper()
	if _, err := s.load(t, tab); err != nil {
		return told{}, nil, err
	}
	walk, err := s.leave(t, tab, "app.redirect("+scopes(list...)+")")
	if err != nil {
		return told{}, walk, err
	}
	got, err := s.settled(t, tab)
	return got, walk, err
}

// leave calls a function of the app that makes it leave its page, waits until it
// has, and then goes through what pages there are.
func (s *spa) leave(t *testing.T, tab context.Context, expression string) (*person.Walk, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void]("window.leaving = true; void "+expression)); err != nil {
		return nil, err
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		still, err := chromedp.Run(tab, chromedp.Evaluate[bool]("window.leaving === true"))
		if err == nil && !still {
			way := person.Way{Person: s.party.person, Stay: s.stay}
			return way.Go(ctx, tab, stage.server.BaseURL)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(errors.New("the app did not leave its page"), ctx.Err(), err)
		case <-again.C:
		}
	}
}

// inPopup starts a call that opens a window, acts in the window, and returns the
// call's answer.
func (s *spa) inPopup(t *testing.T, tab context.Context, expression string, way person.Way) (told, *person.Walk, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	opened := chromedp.WaitNewTarget(tab, func(info *target.Info) bool { return info.OpenerID != "" })
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void]("void (window.job = "+expression+")", clicked)); err != nil {
		return told{}, nil, err
	}
	var walk *person.Walk
	select {
	case id := <-opened:
		window, closed := chromedp.NewContext(tab, chromedp.WithTargetID(id))
		defer closed()
		var err error
		if walk, err = way.Go(ctx, window, stage.server.BaseURL); err != nil {
			return told{}, walk, err
		}
	case <-ctx.Done():
		return told{}, nil, errors.New("no window opened")
	}
	got, err := call[told](tab, "window.job")
	return got, walk, err
}
