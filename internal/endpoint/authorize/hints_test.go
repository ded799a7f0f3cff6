package authorize_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// What a request asks of the sign-in, parameter by parameter.
func TestWhatIsAskedOfTheSignIn(t *testing.T) {
	w := newWorld(t)
	anna := signin.Account{Tenant: usui, User: "00000000-0000-4000-8000-0000000000aa"}
	bert := signin.Account{Tenant: hakone, User: "00000000-0000-4000-8000-0000000000bb"}
	opaque, err := (session.Hints{Sealer: sealer{}}).Hint(t.Context(), anna.Tenant, anna.User)
	if err != nil {
		t.Fatal(err)
	}
	w.tokens = map[string]signin.Account{"token-of-bert": bert}
	const sid = "0f1c2d3e-4a5b-4c6d-8e7f-0a1b2c3d4e5f"
	for _, tt := range []struct {
		name string
		v1   bool
		with []string
		want signin.Wish // MaxAge is one more than it is
	}{
		{"nothing", false, nil, signin.Wish{}},

		{"prompt none", false, []string{"prompt", "none"}, signin.Wish{None: true}},
		{"prompt login", false, []string{"prompt", "login"}, signin.Wish{Login: true}},
		{"prompt of two", false, []string{"prompt", " consent  login "}, signin.Wish{Login: true, Consent: true}},
		{"prompt select_account", false, []string{"prompt", "select_account"}, signin.Wish{Select: true}},
		{"prompt select_account and a name", false, []string{"prompt", "select_account", "login_hint", "hana@hakone.example"}, signin.Wish{Select: true, HintUsername: "hana@hakone.example"}},
		{"prompt admin_consent of v1", true, []string{"prompt", "admin_consent"}, signin.Wish{Login: true, Consent: true}},

		{"max_age 0", false, []string{"max_age", "0"}, signin.Wish{MaxAge: 1}},
		{"max_age", false, []string{"max_age", "86400"}, signin.Wish{MaxAge: 24*time.Hour + 1}},
		{"max_age without end", false, []string{"max_age", "9223372036854775807"}, signin.Wish{MaxAge: 87600*time.Hour + 1}},
		{"max_age empty", false, []string{"max_age", ""}, signin.Wish{}},

		{"login_hint, a user name", false, []string{"login_hint", " Hana@hakone.example "}, signin.Wish{HintUsername: "Hana@hakone.example"}},
		{"login_hint, a user name like ours", false, []string{"login_hint", "O.Kim@hakone.example"}, signin.Wish{HintUsername: "O.Kim@hakone.example"}},
		{"login_hint of ours", false, []string{"login_hint", opaque}, signin.Wish{HintAccount: anna}},
		{"login_hint of ours, damaged", false, []string{"login_hint", opaque[:len(opaque)-4]}, signin.Wish{HintUnknown: true}},
		{"login_hint of ours, nothing in it", false, []string{"login_hint", "O."}, signin.Wish{HintUnknown: true}},
		{"login_hint beside none", false, []string{"login_hint", opaque, "prompt", "none"}, signin.Wish{None: true, HintAccount: anna}},

		{"id_token_hint", false, []string{"id_token_hint", "token-of-bert"}, signin.Wish{HintAccount: bert, HintBinds: true}},
		{"id_token_hint beside a user name", false, []string{"id_token_hint", "token-of-bert", "login_hint", "hana@hakone.example"}, signin.Wish{HintAccount: bert, HintBinds: true}},
		{"id_token_hint beside another account", false, []string{"id_token_hint", "token-of-bert", "login_hint", opaque}, signin.Wish{HintAccount: bert, HintBinds: true}},
		{"id_token_hint beside a damaged hint", false, []string{"id_token_hint", "token-of-bert", "login_hint", "O.x"}, signin.Wish{HintAccount: bert, HintBinds: true}},
		{"id_token_hint of elsewhere", false, []string{"id_token_hint", "e30.e30.x"}, signin.Wish{HintUnknown: true}},
		{"id_token_hint of elsewhere beside a user name", false, []string{"id_token_hint", "e30.e30.x", "login_hint", "hana@hakone.example"}, signin.Wish{HintUnknown: true, HintUsername: "hana@hakone.example"}},
		{"id_token_hint of elsewhere beside select_account", false, []string{"id_token_hint", "e30.e30.x", "prompt", "select_account"}, signin.Wish{HintUnknown: true, Select: true}},

		{"sid", false, []string{"sid", strings.ToUpper(sid)}, signin.Wish{Session: sid}},
		{"claims with a subject", false, []string{"claims", `{"id_token":{"sub":{"value":"somebody"}}}`}, signin.Wish{Subject: "somebody"}},
		{"claims with a subject of UserInfo", false, []string{"claims", `{"userinfo":{"sub":{"value":"somebody"}}}`}, signin.Wish{}},

		{"domain_hint", false, []string{"domain_hint", "Usui.Example"}, signin.Wish{DomainHint: usui}},
		{"domain_hint, a tenant", false, []string{"domain_hint", strings.ToUpper(usui.String())}, signin.Wish{DomainHint: usui}},
		{"domain_hint organizations", false, []string{"domain_hint", "organizations"}, signin.Wish{}},
		{"domain_hint consumers", false, []string{"domain_hint", "consumers"}, signin.Wish{DomainHint: directory.Consumers}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := places()[0]
			if w.begun, w.version = nil, 2; tt.v1 {
				w.version = 1
			}
			rec := w.ask(http.MethodGet, p.tenant, p.request(tt.with...))
			if w.begun == nil {
				t.Fatalf("no sign-in began: %s", rec.Header().Get("Location"))
			}
			got := *w.begun.Wish()
			if got.Tenant.ID != hakone || got.App.AppID != webApp || got.Authority.Kind != directory.NameGUID || got.Principal == nil {
				t.Errorf("another place: %+v", got)
			}
			got.Authority, got.Tenant, got.App, got.Principal = directory.TenantName{}, nil, nil, nil
			tt.want.MaxAge--
			if d := cmp.Diff(tt.want, got, cmp.AllowUnexported(directory.TenantID{})); d != "" {
				t.Errorf("the wish (-want +got):\n%s", d)
			}
		})
	}
}

// What is asked for is judged where the path names the tenant, and what is wrong
// with it is told to the application.
func TestResourcesAreJudgedFirst(t *testing.T) {
	w := newWorld(t)
	w.check = func(q *consent.Request) error {
		if len(q.Scopes.List) != 1 || q.Scopes.List[0].Value != "Nothing" && q.Resource != "api://nothing" {
			return nil
		}
		return aadsts.New(aadsts.ScopeNotDefined, "Orders", "Nothing", "x")
	}
	for _, p := range places() {
		w.version, w.begun = p.version, nil
		rec := w.ask(http.MethodGet, p.tenant, p.request("scope", "openid Nothing", "prompt", "none"))
		if p.version == 1 || p.iss == "" {
			// v1 asks for no scopes; behind an alias the person's tenant decides.
			if w.begun == nil {
				t.Errorf("%s: no sign-in began", p.name)
			}
			continue
		}
		answerOf(t, rec).wantsError(t, aadsts.ScopeNotDefined, "invalid_client", state, p.iss)
	}
}

// A page that is posted proves its request again.
func TestARequestIsProvenAgain(t *testing.T) {
	w := newWorld(t)
	for _, p := range places() {
		w.version, w.begun = p.version, nil
		w.ask(http.MethodPost, p.tenant, p.request("prompt", "login", "nonce", "n"))
		if w.begun == nil {
			t.Fatalf("%s: no sign-in began", p.name)
		}
		if w.tx.Purpose != "authorize" || w.tx.Version != p.version || !strings.EqualFold(w.tx.Path, p.tenant) {
			t.Errorf("%s: transaction %+v", p.name, w.tx)
		}
		q, err := w.Load(t.Context(), w.tx)
		if err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		if d := cmp.Diff(w.begun.Wish(), q.Wish(), cmp.AllowUnexported(directory.TenantID{})); d != "" || !slices.Equal(q.Flow().Targets, w.begun.Flow().Targets) {
			t.Errorf("%s: another request came back:\n%s", p.name, d)
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*directory.Application)
		want   aadsts.Code
	}{
		{"the redirect URI is gone", func(a *directory.Application) { a.Web.RedirectURIs = []string{shop} }, aadsts.RedirectNotRegistered},
		{"the application was blocked", func(a *directory.Application) {
			a.DisabledByMicrosoftStatus = new(string)
			*a.DisabledByMicrosoftStatus = "x"
		}, aadsts.ApplicationDisabled},
		{"the application is another tenant's", func(a *directory.Application) { a.TenantID = usui }, aadsts.ApplicationNotFound},
		{"the address is that of a single page by now", func(a *directory.Application) {
			a.SPA, a.Web.RedirectURIs = directory.RedirectSet{RedirectURIs: a.Web.RedirectURIs}, nil
		}, aadsts.ChallengeRequired},
	} {
		w := newWorld(t)
		p := places()[0]
		w.ask(http.MethodGet, p.tenant, p.request())
		changed := *w.apps[webApp]
		tt.change(&changed)
		w.apps[webApp] = &changed
		if _, err := w.Load(t.Context(), w.tx); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
