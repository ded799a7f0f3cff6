package authorize_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/frontchannel"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/authorize"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
)

// The two tenants of the tests, and one that is closed.
var (
	hakone = directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")
	usui   = directory.MustTenantID("b1d4e8a7-3c26-4f90-9a15-7e0c2d5f8b64")
	closed = directory.MustTenantID("c0000000-0000-4000-8000-000000000001")
)

// The applications, by what is true of them.
const (
	webApp     = "3f0a7c11-52be-4c1d-9f3e-8d24b6a07e51" // Hakone's own, two redirect URIs
	spaApp     = "9c5b2e40-17d8-4a6f-b0e3-41f7a2c8d905" // Hakone's own, one redirect URI
	nativeApp  = "d27e6f93-804c-4b15-a7d2-5b9e03c1f468" // any organisation, loopback and custom schemes
	socialApp  = "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8" // any organisation and personal accounts
	gameApp    = "e4a19c27-6b05-4d83-91fc-2a7d5e80b34f" // personal accounts only
	bareApp    = "0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36" // no redirect URI
	banApp     = "11111111-1111-4111-8111-111111111111" // disabled for all
	blockedApp = "22222222-2222-4222-8222-222222222222" // any organisation; blocked in Hakone
	choiceApp  = "33333333-3333-4333-8333-333333333333" // two redirect URIs, one of them the default
	multiApp   = "66666666-6666-4666-8666-666666666666" // any organisation; a web application, implicit flow on
	evilApp    = "44444444-4444-4444-8444-444444444444" // rows that registration would refuse
	foreignApp = "55555555-5555-4555-8555-555555555555" // Usui's own
)

const (
	callback = "https://orders.hakone.example/callback"
	shop     = "https://shop.example/cb"
)

// hosts are the public addresses; those of v1 issuers differ.
var hosts = issue.Hosts{Login: "https://login.example", STS: "https://sts.example", Graph: "https://graph.example"}

const correlation = "7d2e0c4b-5a19-4e63-8f70-21c4b9d6a835"

func applications() []*directory.Application {
	text := func(s string) *string { return &s }
	web := func(uris ...string) directory.WebApplication { return directory.WebApplication{RedirectURIs: uris} }
	list := []*directory.Application{
		{AppID: webApp, DisplayName: "Orders", SignInAudience: directory.AudienceMyOrg, Web: web(callback, "https://orders.hakone.example/other?x=1")},
		{AppID: spaApp, DisplayName: `Stock <b>"now"</b>`, SignInAudience: directory.AudienceMyOrg, SPA: directory.RedirectSet{RedirectURIs: []string{"http://localhost:3000"}}},
		{AppID: nativeApp, DisplayName: "Field", SignInAudience: directory.AudienceMultiOrg, PublicClient: directory.RedirectSet{RedirectURIs: []string{
			"http://localhost/cb", "msal" + nativeApp + "://auth", "urn:ietf:wg:oauth:2.0:oob"}}},
		{AppID: socialApp, DisplayName: "Diary", SignInAudience: directory.AudienceOrgPersonal, Web: web("https://diary.example/cb")},
		{AppID: gameApp, DisplayName: "Game", SignInAudience: directory.AudiencePersonal, Web: web("https://game.example/cb")},
		{AppID: bareApp, DisplayName: "Daemon", SignInAudience: directory.AudienceMyOrg},
		{AppID: banApp, DisplayName: "Banned", SignInAudience: directory.AudienceMyOrg, Web: web(callback), DisabledByMicrosoftStatus: text("DisabledDueToViolationOfServicesAgreement")},
		{AppID: blockedApp, DisplayName: "Blocked", SignInAudience: directory.AudienceMultiOrg, Web: web(callback)},
		{AppID: choiceApp, DisplayName: "Choice", SignInAudience: directory.AudienceMyOrg, Web: web(callback, callback+"/2"), DefaultRedirectURI: text(callback + "/2")},
		{AppID: evilApp, DisplayName: "Evil", SignInAudience: directory.AudienceMyOrg, Web: web("javascript:alert(1)")},
		{AppID: multiApp, DisplayName: "Shop", SignInAudience: directory.AudienceMultiOrg, Web: directory.WebApplication{
			RedirectURIs:          []string{shop, "https://shop.example", "https://shop.example?a=b", shop + "?a=b"},
			ImplicitGrantSettings: directory.ImplicitGrant{EnableAccessTokenIssuance: true, EnableIDTokenIssuance: true},
		}},
		{AppID: foreignApp, DisplayName: "Foreign", SignInAudience: directory.AudienceMyOrg, Web: web(callback)},
	}
	for _, a := range list {
		a.TenantID = hakone
	}
	list[0].Web.HomePageURL = text("https://orders.hakone.example/")
	list[2].Web.HomePageURL = text("javascript:alert(1)")
	list[len(list)-1].TenantID = usui
	return list
}

// memory is a directory for reading.
type memory struct {
	directory.Lookup // whatever the endpoint must not ask is nil and panics
	apps             map[directory.ID]*directory.Application
	err              error // fails every look-up
}

func (m *memory) TenantByName(_ context.Context, name string) (*directory.Tenant, error) {
	switch {
	case m.err != nil:
		return nil, m.err
	case name == hakone.String(), name == "hakone.example":
		return &directory.Tenant{ID: hakone}, nil
	case name == usui.String(), name == "usui.example":
		return &directory.Tenant{ID: usui}, nil
	case name == closed.String(), name == "closed.example":
		return &directory.Tenant{ID: closed, Disabled: true}, nil
	}
	return nil, directory.ErrNotFound
}

func (m *memory) ApplicationByAppID(_ context.Context, id directory.ID) (*directory.Application, error) {
	if a, ok := m.apps[id]; ok && m.err == nil {
		return a, nil
	}
	if m.err != nil {
		return nil, m.err
	}
	return nil, directory.ErrNotFound
}

func (m *memory) ServicePrincipalByAppID(_ context.Context, t directory.TenantID, id directory.ID) (*directory.ServicePrincipal, error) {
	switch {
	case m.err != nil:
		return nil, m.err
	case t == hakone && id == blockedApp:
		return &directory.ServicePrincipal{TenantID: t, AppID: id, App: m.apps[id]}, nil
	case t == hakone && id == webApp:
		return &directory.ServicePrincipal{TenantID: t, AppID: id, AccountEnabled: true, DisplayName: "Orders of Hakone"}, nil
	}
	return nil, directory.ErrNotFound
}

// world is the endpoint with what stands around it.
type world struct {
	*memory
	handler http.Handler
	log     bytes.Buffer
	version int
	// What was handed to the sign-in, and the result it finishes with at once, if
	// there is one.
	begun  *authorize.Request
	tx     *signin.Transaction
	result *signin.Result
	// code is what was issued last; codeErr fails it.
	code    *authorization.Code
	codeErr error
	// tokens are the id_token_hints that are ours; check judges scopes; refused are
	// the numbers that were counted.
	tokens   map[string]signin.Account
	tokenErr error
	check    func(*consent.Request) error
	refused  []int
	*authorize.Endpoint
}

// IssueCode implements authorize.Codes.
func (w *world) IssueCode(_ context.Context, c *authorization.Code) (string, error) {
	w.code = c
	return "the.code", w.codeErr
}

// sealer seals nothing: it tells one row from another and no more.
type sealer struct{}

func (sealer) Seal(_ context.Context, owner, table, row string, plain []byte) ([]byte, error) {
	return append([]byte(owner+table+row), plain...), nil
}

func (sealer) Open(_ context.Context, owner, table, row string, sealed []byte) ([]byte, error) {
	if plain, ok := bytes.CutPrefix(sealed, []byte(owner+table+row)); ok {
		return plain, nil
	}
	return nil, errors.New("damaged")
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{version: 2, memory: &memory{apps: map[directory.ID]*directory.Application{}}}
	for _, a := range applications() {
		w.apps[a.AppID] = a
	}
	pages, err := page.New(page.Config{
		Now: func() time.Time { return time.Date(2026, 11, 21, 3, 4, 5, 0, time.UTC) },
		Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Endpoint = authorize.New(authorize.Config{
		Lookup: w.memory, Pages: pages, Hints: session.Hints{Sealer: sealer{}}, Codes: w,
		Check: func(_ context.Context, q *consent.Request) error {
			if w.check == nil {
				return nil
			}
			return w.check(q)
		},
		TokenHint: func(_ context.Context, token string) (signin.Account, bool, error) {
			a, ok := w.tokens[token]
			return a, ok, w.tokenErr
		},
		Begin: func(rw http.ResponseWriter, r *http.Request, tx *signin.Transaction, q *authorize.Request) {
			w.begun, w.tx = q, tx
			if w.result != nil {
				q.Finish(rw, r, w.result)
				return
			}
			rw.WriteHeader(http.StatusNoContent)
		},
		Refused: func(_ *http.Request, _ *frontchannel.Party, code int) { w.refused = append(w.refused, code) },
		Now:     func() time.Time { return time.Date(2026, 11, 21, 3, 4, 5, 0, time.UTC) },
		Log:     slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	w.handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		req := &web.Request{CorrelationID: correlation, Hosts: hosts}
		w.Handler(w.version).ServeHTTP(rw, r.WithContext(web.WithRequest(r.Context(), req)))
	})
	return w
}

// ask sends an authorization request, as GET or POST.
func (w *world) ask(method, tenant string, params url.Values, header ...string) *httptest.ResponseRecorder {
	encoded := params.Encode()
	var r *http.Request
	if method == http.MethodPost {
		r = httptest.NewRequest(method, "/t/oauth2/v2.0/authorize", strings.NewReader(encoded))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r = httptest.NewRequest(method, "/t/oauth2/v2.0/authorize?"+encoded, nil)
	}
	return w.send(r, tenant, header...)
}

func (w *world) send(r *http.Request, tenant string, header ...string) *httptest.ResponseRecorder {
	r.SetPathValue("tenant", tenant)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// proven stands for an answer that comes after the redirect URI was proven: the
// sign-in begins, or the application is told why not.
const proven = 0

// wants checks an answer: an error page with the code, or proven.
func wants(t *testing.T, rec *httptest.ResponseRecorder, status, code int) {
	t.Helper()
	body := rec.Body.String()
	if status == proven {
		if rec.Code != http.StatusNoContent && rec.Code != http.StatusFound {
			t.Errorf("status %d: the redirect URI was not proven:\n%s", rec.Code, body)
		}
		return
	}
	if rec.Code != status {
		t.Errorf("status %d, want %d", rec.Code, status)
	}
	found := strings.Contains(body, fmt.Sprintf("AADSTS%d\n", code))
	if !found {
		t.Errorf("not the page of AADSTS%d:\n%s", code, body)
	}
	for _, name := range []string{"Location", "Refresh", "Set-Cookie"} {
		if got := rec.Header().Get(name); got != "" {
			t.Errorf("%s is set: %q", name, got)
		}
	}
	if rec.Header().Get("X-Frame-Options") != "DENY" || !strings.Contains(rec.Header().Get("Content-Security-Policy"), "default-src 'none'") ||
		!strings.HasPrefix(rec.Header().Get("Cache-Control"), "no-store") {
		t.Errorf("the headers of a page are missing: %v", rec.Header())
	}
}
