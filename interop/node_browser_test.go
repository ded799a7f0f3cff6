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
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
	"github.com/sekisho-id/sekisho/interop/internal/person"
)

// promptly is how soon a hidden frame has its answer. MSAL gives up after ten
// seconds and then says nothing about the reason.
const promptly = 5 * time.Second

func TestNodeMSALBrowser3(t *testing.T) { msalBrowser(t, "3") }
func TestNodeMSALBrowser4(t *testing.T) { msalBrowser(t, "4") }
func TestNodeMSALBrowser5(t *testing.T) { msalBrowser(t, "5") }

// msalBrowser runs a major version of MSAL.js in pages of its own sites.
func msalBrowser(t *testing.T, major string) {
	installNode(t)
	r := record(t, "msal-browser-"+major, nodeVersion(t, "msal-browser-"+major))
	home := newSPA(t, r.party, major, "https", "localhost")
	other := newSPA(t, r.party, major, "http", "127.0.0.1")
	r.check(t, outcome.Declined, home.declined)
	r.check(t, outcome.Redirect, home.redirect)
	r.check(t, outcome.Popup, home.popup)
	r.check(t, outcome.Iframe, home.iframe)
	r.check(t, outcome.IframeRefused, other.iframeRefused)
	r.check(t, outcome.SignOut, home.signOut)
	r.check(t, outcome.Incremental, home.incremental)
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
}

// newSPA serves the app with a major version of MSAL.js.
func newSPA(t *testing.T, p *party, major, scheme, host string) *spa {
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
	s.serve(t, mux, major)
	return s
}

func (s *spa) serve(t *testing.T, mux *http.ServeMux, major string) {
	t.Helper()
	bridge := major == "5"
	landing := s.origin + "/app"
	if bridge {
		landing = s.origin + "/bridge" // version 5 has one page for all answers
	}
	config, err := json.Marshal(map[string]any{
		"client": map[string]any{"auth": map[string]any{
			"clientId": s.party.ClientID, "authority": s.party.authority(s.party.Tenant), "knownAuthorities": []string{s.party.Host}, "redirectUri": landing,
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
			way := person.Way{Person: s.party.person}
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

func (s *spa) declined(t *testing.T) (answer, error) {
	tab := newProfile(t)
	if _, err := s.load(t, tab); err != nil {
		return answer{}, err
	}
	got, _, err := s.inPopup(t, tab, "app.popup("+scopes(s.party.Permission)+")", person.Way{Person: s.party.person, Decline: true})
	return answer{Error: got.Error}, err
}

func (s *spa) redirect(t *testing.T) (answer, error) {
	tab := newProfile(t)
	got, _, err := s.signIn(t, tab, s.party.Permission)
	if err != nil {
		return answer{}, err
	}
	return s.cachedAndRefreshed(tab, got)
}

func (s *spa) popup(t *testing.T) (answer, error) {
	tab := newProfile(t)
	if _, err := s.load(t, tab); err != nil {
		return answer{}, err
	}
	got, _, err := s.inPopup(t, tab, "app.popup("+scopes(s.party.Permission)+")", person.Way{Person: s.party.person})
	if err == nil {
		err = got.err()
	}
	if err != nil {
		return answer{}, err
	}
	return s.cachedAndRefreshed(tab, got)
}

// cachedAndRefreshed asks again: for the same token, which must come without a
// request, and for another by refresh token.
func (s *spa) cachedAndRefreshed(tab context.Context, got told) (answer, error) {
	before, err := call[int](tab, "app.requests()")
	if err != nil {
		return answer{}, err
	}
	cached, err := call[told](tab, "app.silent("+scopes(s.party.Permission)+")")
	if err != nil || cached.err() != nil {
		return answer{}, errors.Join(err, cached.err())
	}
	after, err := call[int](tab, "app.requests()")
	if err != nil {
		return answer{}, err
	}
	if cached.Token != got.Token || !cached.FromCache || after != before {
		return answer{}, fmt.Errorf("the second call is not from the cache: fromCache %v, %d requests", cached.FromCache, after-before)
	}
	return s.fresh(tab, got, "RefreshToken")
}

// fresh asks for another token by the way that a cache policy of MSAL names.
func (s *spa) fresh(tab context.Context, got told, policy string) (answer, error) {
	second, err := call[told](tab, "app.silent("+scopes(s.party.Permission)+", '"+policy+"')")
	if err != nil || second.err() != nil {
		return answer{}, errors.Join(err, second.err())
	}
	return answer{Token: got.Token, Again: second.Token, IDToken: second.IDToken, Account: second.Account, Public: true}, nil
}

func (s *spa) iframe(t *testing.T) (answer, error) {
	tab := newProfile(t)
	got, _, err := s.signIn(t, tab, s.party.Permission)
	if err != nil {
		return answer{}, err
	}
	sso, err := call[told](tab, "app.sso("+scopes(s.party.Permission)+", '"+s.party.Address+"')")
	if err != nil || sso.err() != nil {
		return answer{}, errors.Join(err, sso.err())
	}
	return s.fresh(tab, got, "Skip") // neither cache nor refresh token: the frame
}

func (s *spa) iframeRefused(t *testing.T) (answer, error) {
	tab := newProfile(t)
	got, _, err := s.signIn(t, tab, s.party.Permission)
	if err != nil {
		return answer{}, err
	}
	asked := time.Now()
	refused, err := call[told](tab, "app.silent("+scopes(s.party.Permission)+", 'Skip')")
	if err != nil {
		return answer{}, err
	}
	if took := time.Since(asked); !strings.Contains(refused.Error, "InteractionRequiredAuthError") || !strings.Contains(refused.Error, "login_required") || took > promptly {
		return answer{}, fmt.Errorf("the frame answered after %v: %q", took, refused.Error)
	}
	return s.fresh(tab, got, "RefreshToken")
}

// signOut signs out of the application and of the server, once by leaving the page
// and once in a window of its own.
func (s *spa) signOut(t *testing.T) (answer, error) {
	tab := newProfile(t)
	if _, _, err := s.signIn(t, tab, s.party.Permission); err != nil {
		return answer{}, err
	}
	walk, err := s.leave(t, tab, "app.logout()")
	if err != nil {
		return answer{}, err
	}
	if err := s.isSignedOut(t, tab, walk); err != nil {
		return answer{}, err
	}
	_, walk, err = s.signIn(t, tab, s.party.Permission)
	if err == nil && !walk.Saw("password") {
		err = fmt.Errorf("after signing out the person saw %v", walk.Pages)
	}
	if err != nil {
		return answer{}, err
	}
	got, walk, err := s.inPopup(t, tab, "app.logoutPopup()", person.Way{Person: s.party.person})
	if err != nil || got.err() != nil {
		return answer{}, errors.Join(err, got.err())
	}
	if err := s.isSignedOut(t, tab, walk); err != nil {
		return answer{}, err
	}
	_, walk, err = s.signIn(t, tab, s.party.Permission)
	if err == nil && !walk.Saw("password") {
		err = fmt.Errorf("after signing out in a window the person saw %v", walk.Pages)
	}
	return answer{Done: true}, err
}

// isSignedOut waits for the app, which must know of nobody any more. Nobody was
// asked on the way, because the client named the account.
func (s *spa) isSignedOut(t *testing.T, tab context.Context, walk *person.Walk) error {
	if _, err := s.settled(t, tab); err != nil {
		return err
	}
	accounts, err := call[int](tab, "app.accounts()")
	if err == nil && (accounts != 0 || walk.Saw("signout")) {
		err = fmt.Errorf("the app knows %d accounts after the pages %v", accounts, walk.Pages)
	}
	return err
}

// incremental asks for more when there is a use for it: the person is asked for
// what is new alone, and a later sign-in brings all that was ever agreed to.
func (s *spa) incremental(t *testing.T) (answer, error) {
	const first, later = "User.Read", "Files.ReadWrite"
	tab := newProfile(t)
	got, walk, err := s.signIn(t, tab, first)
	if err != nil {
		return answer{}, err
	}
	if asked := walk.Asked(); !slices.Contains(asked, first) || slices.Contains(asked, later) {
		return answer{}, fmt.Errorf("at first the person was asked for %q", asked)
	}
	if slices.Contains(got.Scopes, later) {
		return answer{}, fmt.Errorf("the first token has %q", got.Scopes)
	}
	got, walk, err = s.inPopup(t, tab, "app.more("+scopes(later)+")", person.Way{Person: s.party.person})
	if err != nil || got.err() != nil {
		return answer{}, errors.Join(err, got.err())
	}
	if asked := walk.Asked(); !slices.Equal(asked, []string{later}) {
		return answer{}, fmt.Errorf("the person was asked for %q, not for %s alone", asked, later)
	}
	if err := carries(got, first, later); err != nil {
		return answer{}, fmt.Errorf("after the consent: %w", err)
	}
	// The application starts anew, on another machine: nothing is left of its cache.
	tab = newProfile(t)
	got, walk, err = s.signIn(t, tab, first)
	if err == nil && walk.Saw("consent") {
		err = fmt.Errorf("the person was asked again, for %q", walk.Asked())
	}
	if err == nil {
		err = carries(got, first, later)
	}
	if err != nil {
		return answer{}, fmt.Errorf("after the restart: %w", err)
	}
	before, err := call[int](tab, "app.requests()")
	if err != nil {
		return answer{}, err
	}
	if before == 0 {
		return answer{}, errors.New("the page does not see its own requests")
	}
	cached, err := call[told](tab, "app.silent("+scopes(later)+")")
	if err != nil || cached.err() != nil {
		return answer{}, errors.Join(err, cached.err())
	}
	after, err := call[int](tab, "app.requests()")
	if err == nil && (!cached.FromCache || cached.Token != got.Token || after != before) {
		err = fmt.Errorf("%s is not from the cache: fromCache %v, %d requests", later, cached.FromCache, after-before)
	}
	return answer{Done: true}, err
}

// carries says what a token or MSAL's description of it lacks.
func carries(got told, wanted ...string) error {
	raw, err := payload(got.Token)
	if err != nil {
		return err
	}
	scp, _ := raw["scp"].(string)
	for _, scope := range wanted {
		if !slices.Contains(strings.Fields(scp), scope) || !slices.Contains(got.Scopes, scope) {
			return fmt.Errorf("%s is missing: scp is %q, MSAL says %q", scope, scp, got.Scopes)
		}
	}
	return nil
}
