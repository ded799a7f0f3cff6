package adminconsent_test

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

	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/frontchannel"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/adminconsent"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

var hakone = directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")

const (
	ownApp    = "3f0a7c11-52be-4c1d-9f3e-8d24b6a07e51" // Hakone's own
	vendorApp = "d27e6f93-804c-4b15-a7d2-5b9e03c1f468" // any organisation
	daemonApp = "0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36" // any organisation, no redirect URI
	callback  = "https://orders.example/granted"
)

// memory is a directory for reading.
type memory struct {
	directory.Lookup // whatever the endpoint must not ask is nil and panics
	apps             map[directory.ID]*directory.Application
}

func (m memory) TenantByName(_ context.Context, name string) (*directory.Tenant, error) {
	if name == hakone.String() || name == "hakone.example" {
		return &directory.Tenant{ID: hakone, DisplayName: "Hakone"}, nil
	}
	return nil, directory.ErrNotFound
}

func (m memory) ApplicationByAppID(_ context.Context, id directory.ID) (*directory.Application, error) {
	if a, ok := m.apps[id]; ok {
		return a, nil
	}
	return nil, directory.ErrNotFound
}

func (m memory) ServicePrincipalByAppID(context.Context, directory.TenantID, directory.ID) (*directory.ServicePrincipal, error) {
	return nil, directory.ErrNotFound
}

// world is the endpoint with what stands around it; tx and q are what it began.
type world struct {
	e       *adminconsent.Endpoint
	checked *consent.Request
	fault   error // what checking the request says
	tx      *signin.Transaction
	q       *adminconsent.Request
	refused []int
	log     bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	web := directory.WebApplication{RedirectURIs: []string{callback, "https://orders.example"}}
	apps := map[directory.ID]*directory.Application{
		ownApp:    {AppID: ownApp, TenantID: hakone, DisplayName: "Orders", SignInAudience: directory.AudienceMyOrg, Web: web},
		vendorApp: {AppID: vendorApp, DisplayName: "Vendor", SignInAudience: directory.AudienceMultiOrg, Web: web},
		daemonApp: {AppID: daemonApp, DisplayName: "Daemon", SignInAudience: directory.AudienceMultiOrg},
	}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	now := func() time.Time { return time.Date(2026, 11, 21, 3, 4, 5, 0, time.UTC) }
	pages, err := page.New(page.Config{Now: now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	w.e = adminconsent.New(adminconsent.Config{
		Lookup: memory{apps: apps}, Pages: pages,
		Check: func(_ context.Context, q *consent.Request) error { w.checked = q; return w.fault },
		Begin: func(_ http.ResponseWriter, _ *http.Request, tx *signin.Transaction, q *adminconsent.Request) {
			w.tx, w.q = tx, q
		},
		Refused: func(_ *http.Request, _ *frontchannel.Party, code int) { w.refused = append(w.refused, code) },
		Now:     now, Log: log,
	})
	return w
}

func params(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func request(method, tenant string, p url.Values) *http.Request {
	r := httptest.NewRequest(method, "/t/adminconsent?"+p.Encode(), nil)
	r.SetPathValue("tenant", tenant)
	req := &web.Request{CorrelationID: "7d2e0c4b-5a19-4e63-8f70-21c4b9d6a835", Hosts: issue.Hosts{Login: "https://localhost:8443"}}
	return r.WithContext(web.WithRequest(r.Context(), req))
}

func (w *world) ask(version int, tenant string, p url.Values) *httptest.ResponseRecorder {
	w.tx, w.q, w.checked = nil, nil, nil
	rec := httptest.NewRecorder()
	w.e.Handler(version).ServeHTTP(rec, request(http.MethodGet, tenant, p))
	return rec
}

// sent are the parameters of a redirect to the address.
func sent(t *testing.T, rec *httptest.ResponseRecorder, address string) url.Values {
	t.Helper()
	to := rec.Header().Get("Location")
	query, ok := strings.CutPrefix(to, address+"?")
	if rec.Code != http.StatusFound || !ok || !strings.HasSuffix(query, "#") || !strings.HasPrefix(rec.Header().Get("Cache-Control"), "no-store") {
		t.Fatalf("status %d, to %q", rec.Code, to)
	}
	v, err := url.ParseQuery(strings.TrimSuffix(query, "#"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What is refused before an address is proven is a page.
func TestPages(t *testing.T) {
	w := newWorld(t)
	ok := func(app string) url.Values {
		return params("client_id", app, "redirect_uri", callback, "scope", "User.Read")
	}
	for _, tt := range []struct {
		name    string
		version int
		tenant  string
		p       url.Values
		code    int
	}{
		{"common on v2", 2, "common", ok(vendorApp), 900023},
		{"consumers on v2", 2, "consumers", ok(vendorApp), 900023},
		{"consumers on v1", 1, "consumers", ok(vendorApp), 900023},
		{"consumers by id", 1, directory.Consumers.String(), ok(vendorApp), 900023},
		{"malformed tenant", 2, "hakone", ok(ownApp), 900023},
		{"unknown tenant", 2, "nowhere.example", ok(ownApp), 90002},
		{"single-tenant application on organizations", 2, "organizations", ok(ownApp), 50194},
		{"single-tenant application on common", 1, "common", ok(ownApp), 50194},
		{"no client", 2, "hakone.example", params("redirect_uri", callback), 900144},
		{"unknown client", 2, "hakone.example", ok("99999999-0000-4000-8000-000000000000"), 700016},
		{"another address", 2, "hakone.example", params("client_id", ownApp, "redirect_uri", "https://evil.example"), 50011},
		{"a longer address", 1, "hakone.example", params("client_id", ownApp, "redirect_uri", callback+"/more"), 50011},
		{"an address of an application without", 1, "hakone.example", params("client_id", daemonApp, "redirect_uri", callback), 500113},
		{"no scope and no address", 2, "hakone.example", params("client_id", daemonApp), 900144},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := w.ask(tt.version, tt.tenant, tt.p)
			if w.q != nil || rec.Header().Get("Location") != "" || !strings.Contains(rec.Body.String(), fmt.Sprintf("AADSTS%d\n", tt.code)) {
				t.Errorf("status %d, began %v:\n%s", rec.Code, w.q != nil, rec.Body)
			}
		})
	}
	rec := httptest.NewRecorder()
	w.e.Handler(2).ServeHTTP(rec, request(http.MethodPost, "hakone.example", ok(ownApp)))
	if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET" {
		t.Errorf("POST: status %d, Allow %q", rec.Code, rec.Header().Get("Allow"))
	}
}

// What is wrong with the scopes, the application is told.
func TestRefusedScopes(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name, scope, more string
		fault             error
		oauth             string
		code              int
	}{
		{"none", "", "", nil, "invalid_request", 900144},
		{"blank", "  ", "", nil, "invalid_request", 900144},
		{"not a scope", `a"b`, "", nil, "invalid_scope", 70011},
		{"mixed", "https://graph.microsoft.com/.default User.Read", "", nil, "invalid_scope", 70011},
		{"resource of v1", "User.Read", "resource", nil, "invalid_request", 901002},
		{"unknown", "User.Dance", "", aadsts.New(aadsts.ScopeNotDefined, "a", "b", "c"), "invalid_client", 650053},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.fault, w.refused = tt.fault, nil
			p := params("client_id", ownApp, "redirect_uri", callback, "scope", tt.scope, "state", "a b&c")
			if tt.more != "" {
				p.Set(tt.more, "x")
			}
			v := sent(t, w.ask(2, "hakone.example", p), callback)
			if v.Get("error") != tt.oauth || v.Get("admin_consent") != "True" || v.Get("state") != "a b&c" ||
				!strings.HasPrefix(v.Get("error_description"), fmt.Sprintf("AADSTS%d:", tt.code)) || v.Has("tenant") {
				t.Errorf("answered %v", v)
			}
			if len(w.refused) != 1 || w.refused[0] != tt.code {
				t.Errorf("counted %v", w.refused)
			}
		})
	}
}

// The question is put for everybody, to somebody who proves anew who they are.
func TestQuestion(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name    string
		version int
		tenant  string
		p       url.Values
		checked bool
	}{
		{"named scopes", 2, "hakone.example", params("client_id", ownApp, "redirect_uri", callback, "scope", "openid User.Read"), true},
		{"everything", 2, hakone.String(), params("client_id", ownApp, "redirect_uri", callback, "scope", "https://graph.microsoft.com/.default"), true},
		{"any organisation", 2, "organizations", params("client_id", vendorApp, "redirect_uri", callback, "scope", "User.Read"), false},
		{"version 1", 1, "hakone.example", params("client_id", ownApp, "redirect_uri", callback), true},
		{"version 1, any organisation", 1, "common", params("client_id", vendorApp, "redirect_uri", callback), false},
		{"version 1 needs no scope", 1, "organizations", params("client_id", vendorApp, "redirect_uri", callback, "scope", `"`), false},
		{"nowhere to return to", 1, "hakone.example", params("client_id", daemonApp), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := w.ask(tt.version, tt.tenant, tt.p)
			if w.q == nil {
				t.Fatalf("refused: %d %s\n%s", rec.Code, rec.Header().Get("Location"), rec.Body)
			}
			if (w.checked != nil) != tt.checked {
				t.Errorf("checked %v", w.checked)
			}
			if wish := w.q.Wish(); !wish.Login || wish.None || wish.MaxAge >= 0 || wish.App.AppID != w.q.App.AppID {
				t.Errorf("wishes %+v", wish)
			}
			again, err := w.e.Load(t.Context(), w.tx)
			if err != nil {
				t.Fatalf("loading its transaction: %v", err)
			}
			for _, q := range []*adminconsent.Request{w.q, again} {
				c := q.Consent(&directory.Tenant{ID: hakone}, nil, nil)
				if !c.Organisation || c.Again || c.Version != tt.version || (len(c.Scopes.OIDC)+len(c.Scopes.List) > 0) != (tt.version == 2) {
					t.Errorf("asks %+v", c)
				}
			}
			if w.tx.Purpose != adminconsent.Purpose || w.tx.Version != tt.version {
				t.Errorf("transaction %+v", w.tx)
			}
		})
	}
}

// What was valid when the page was drawn is proven again.
func TestLoadProvesAgain(t *testing.T) {
	w := newWorld(t)
	w.ask(2, "hakone.example", params("client_id", ownApp, "redirect_uri", callback, "scope", "User.Read"))
	tx := *w.tx
	tx.Params = strings.ReplaceAll(tx.Params, "granted", "stolen")
	if _, err := w.e.Load(t.Context(), &tx); !errors.Is(err, aadsts.RedirectNotRegistered) {
		t.Errorf("another address: %v", err)
	}
	tx.Params = "%zz"
	if _, err := w.e.Load(t.Context(), &tx); err == nil {
		t.Error("damaged parameters")
	}
}

func (w *world) result() *signin.Result {
	return &signin.Result{
		Tenant:    &directory.Tenant{ID: hakone, DisplayName: "Hakone"},
		Principal: &directory.ServicePrincipal{DisplayName: "Nightly export"},
	}
}

func TestFinish(t *testing.T) {
	w := newWorld(t)
	finish := func() *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		w.q.Finish(rec, request(http.MethodPost, "organizations", nil), w.result())
		return rec
	}
	w.ask(2, "organizations", params("client_id", vendorApp, "redirect_uri", "https://orders.example", "state", "x", "scope", "api://orders/Read openid"))
	v := sent(t, finish(), "https://orders.example/")
	if want := params("admin_consent", "True", "tenant", hakone.String(), "scope", "openid api://orders/Read", "state", "x"); v.Encode() != want.Encode() {
		t.Errorf("v2 answers %v", v)
	}
	w.ask(1, "common", params("client_id", vendorApp, "redirect_uri", callback))
	v = sent(t, finish(), callback)
	if want := params("admin_consent", "True", "tenant", hakone.String()); v.Encode() != want.Encode() {
		t.Errorf("v1 answers %v", v)
	}
	w.ask(1, "hakone.example", params("client_id", daemonApp))
	rec := finish()
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "Nightly export") || rec.Header().Get("Location") != "" {
		t.Errorf("without an address: %d\n%s", rec.Code, rec.Body)
	}
	if len(w.q.Flow().Targets) != 0 {
		t.Errorf("the form may lead to %v", w.q.Flow().Targets)
	}
}

func TestRefuse(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name    string
		version int
		err     error
		oauth   string // "" for a page
	}{
		{"declined on v2", 2, aadsts.New(aadsts.ConsentDeclined), "consent_required"},
		{"declined on v1", 1, aadsts.New(aadsts.ConsentDeclined), "permission_denied"},
		{"no administrator who goes back", 2, aadsts.New(aadsts.AdminConsentRequired, "Orders"), "consent_required"},
		{"storage", 2, fmt.Errorf("%w: gone", directory.ErrUnavailable), "temporarily_unavailable"},
		{"a bug", 1, errors.New("nil map"), "server_error"},
		{"not recorded", 2, aadsts.New(aadsts.ConsentNotRecorded), ""},
		{"too old a page", 1, aadsts.New(aadsts.SignInExpired), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.ask(tt.version, "hakone.example", params("client_id", ownApp, "redirect_uri", callback, "scope", "User.Read", "state", "s"))
			rec := httptest.NewRecorder()
			w.q.Refuse(rec, request(http.MethodPost, "hakone.example", nil), tt.err)
			if tt.oauth == "" {
				if rec.Header().Get("Location") != "" || rec.Code < 400 {
					t.Errorf("status %d to %q", rec.Code, rec.Header().Get("Location"))
				}
				return
			}
			v := sent(t, rec, callback)
			if v.Get("error") != tt.oauth || v.Get("admin_consent") != "True" || v.Get("state") != "s" || strings.Contains(v.Get("error_description"), "nil map") {
				t.Errorf("answers %v", v)
			}
		})
	}
}
