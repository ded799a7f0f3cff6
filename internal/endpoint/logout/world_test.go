package logout_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/opaque"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
	"github.com/sekisho-id/sekisho/internal/endpoint/logout"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

const host = "https://login.example"

var (
	hakone = directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")
	usui   = directory.MustTenantID("b1d4e8a7-3c26-4f90-9a15-7e0c2d5f8b64")
	begin  = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)
)

// The people: Aoi and Ren are of Hakone, Yui is of Usui and a guest in Hakone.
const (
	aoi      directory.ID = "a0000000-0000-4000-8000-000000000001"
	ren      directory.ID = "a0000000-0000-4000-8000-000000000002"
	yui      directory.ID = "a0000000-0000-4000-8000-000000000003"
	yuiGuest directory.ID = "a0000000-0000-4000-8000-000000000004"
)

// The applications.
const (
	orders  directory.ID = "3f0a7c11-52be-4c1d-9f3e-8d24b6a07e51" // web, with a logout URL
	stock   directory.ID = "9c5b2e40-17d8-4a6f-b0e3-41f7a2c8d905" // single-page on localhost, with a logout URL
	field   directory.ID = "d27e6f93-804c-4b15-a7d2-5b9e03c1f468" // native, without a logout URL
	evil    directory.ID = "44444444-4444-4444-8444-444444444444" // rows that registration would refuse
	banned  directory.ID = "11111111-1111-4111-8111-111111111111" // disabled for all
	nobody  directory.ID = "22222222-2222-4222-8222-222222222222"
	ordersC              = "https://orders.example/signed-out"
)

// world is the endpoint on a real database, with one browser.
type world struct {
	t        *testing.T
	db       *sqlstore.DB
	now      time.Time
	keeper   *envelope.Keeper
	sessions *session.Sessions
	hints    session.Hints
	subjects issue.Subjects
	set      *signingkey.Set
	key      *signingkey.Key
	handler  map[int]http.Handler
	log      bytes.Buffer
	*browser
}

// browser is what keeps cookies.
type browser struct {
	w       *world
	cookies map[string]string
	live    []session.Live
}

func (w *world) Set() *signingkey.Set { return w.set }

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: begin}
	w.browser = w.newBrowser()
	clock := func() time.Time { return w.now }
	ctx := context.Background()
	w.db = must[*sqlstore.DB](t)(sqlstore.Open(ctx, sqlstore.Config{URL: filepath.Join(t.TempDir(), "t.db"), Now: clock}))
	t.Cleanup(func() {
		if err := w.db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := w.db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	w.seed()
	kek := make([]byte, 32)
	if _, err := rand.Read(kek); err != nil {
		t.Fatal(err)
	}
	w.keeper = must[*envelope.Keeper](t)(envelope.NewKeeper(envelope.Config{
		Store: w.db.Stores().DataKeys, Wrapper: must[*envelope.Local](t)(envelope.NewLocal(kek)), Rand: rand.Reader,
	}))
	w.hints, w.subjects = session.Hints{Sealer: w.keeper}, issue.Subjects{Keeper: w.keeper}
	w.sessions = &session.Sessions{
		Store: w.db, Users: w.db, Minter: must[*opaque.Minter](t)(opaque.NewMinter(bytes.Repeat([]byte{7}, 32), rand.Reader)),
		Rand: rand.Reader, Now: clock,
	}
	w.key = newKey(t, signingkey.Organizations, nil)
	w.set = signingkey.NewSet(w.key)
	pages := must[*page.Pages](t)(page.New(page.Config{Now: clock, Log: slog.New(slog.NewTextHandler(&w.log, nil))}))
	e := logout.New(logout.Config{
		Lookup: w.db, Sessions: w.sessions, Hints: w.hints, Subjects: w.subjects, Sealer: w.keeper, Pages: pages, Now: clock, Rand: rand.Reader,
		Tokens: &issue.HintReader{Keys: w, Hosts: []issue.Hosts{{Login: host, STS: host}}, Users: w.db, AccountOf: w.hints.Account},
	})
	w.handler = map[int]http.Handler{1: e.Handler(1), 2: e.Handler(2)}
	return w
}

func (w *world) seed() {
	w.t.Helper()
	text := func(s string) *string { return &s }
	user := func(t directory.TenantID, id directory.ID, name string, identities ...directory.ObjectIdentity) *directory.User {
		return &directory.User{
			TenantID: t, ID: id, CreatedAt: begin, UserPrincipalName: strings.ToLower(name) + "@" + t.String()[:4] + ".example",
			DisplayName: name, AccountEnabled: true, SessionsValidFrom: begin, PasswordChangedAt: begin, Identities: identities,
		}
	}
	apps := []*directory.Application{
		{AppID: orders, DisplayName: "Orders", Web: directory.WebApplication{
			RedirectURIs: []string{ordersC, "https://orders.example/q?a=b", "https://orders.example/戻る"}, LogoutURL: text("https://orders.example/frontchannel?x=1")}},
		{AppID: stock, DisplayName: "Stock", SPA: directory.RedirectSet{RedirectURIs: []string{"http://localhost:3000/"}},
			Web: directory.WebApplication{LogoutURL: text("https://localhost:3000/out")}},
		{AppID: field, DisplayName: "Field", PublicClient: directory.RedirectSet{RedirectURIs: []string{"msal" + string(field) + "://auth", "urn:ietf:wg:oauth:2.0:oob"}}},
		{AppID: evil, DisplayName: "Evil", Web: directory.WebApplication{
			RedirectURIs: []string{"javascript:alert(1)", "data:text/html,x", "https://evil.example/#frag", "http://evil.example/plain"}, LogoutURL: text("javascript:alert(1)")}},
		{AppID: banned, DisplayName: "Banned", DisabledByMicrosoftStatus: text("DisabledDueToViolationOfServicesAgreement"),
			Web: directory.WebApplication{RedirectURIs: []string{"https://banned.example/"}}},
	}
	var principals []*directory.ServicePrincipal
	for i, a := range apps {
		a.TenantID, a.ID, a.CreatedAt, a.SignInAudience = hakone, directory.ID(fmt.Sprintf("b0000000-0000-4000-8000-%012d", i)), begin, directory.AudienceMultiOrg
		principals = append(principals, &directory.ServicePrincipal{
			TenantID: hakone, ID: directory.ID(fmt.Sprintf("c0000000-0000-4000-8000-%012d", i)), AppID: a.AppID, CreatedAt: begin,
			Type: directory.TypeApplication, AccountEnabled: true,
		})
	}
	guest := directory.ObjectIdentity{SignInType: directory.SignInFederated, Issuer: usui.String(), IssuerAssignedID: string(yui)}
	for _, s := range []*directory.TenantSeed{
		{
			Tenant:       &directory.Tenant{ID: hakone, DisplayName: "Hakone", CreatedAt: begin, Domains: []directory.Domain{{Name: "hakone.example", Verified: true, Default: true, CreatedAt: begin}}},
			Applications: apps, ServicePrincipals: principals,
			Users: []*directory.User{user(hakone, aoi, "Aoi"), user(hakone, ren, "Ren"), user(hakone, yuiGuest, "Guest", guest)},
		},
		{
			Tenant: &directory.Tenant{ID: usui, DisplayName: "Usui", CreatedAt: begin, Domains: []directory.Domain{{Name: "usui.example", Verified: true, Default: true, CreatedAt: begin}}},
			Users:  []*directory.User{user(usui, yui, "Yui")},
		},
	} {
		if err := w.db.CreateTenant(context.Background(), s, &audit.Event{At: begin, Activity: "test"}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func newKey(t *testing.T, ring string, change func(*signingkey.Stored)) *signingkey.Key {
	t.Helper()
	private, err := signingkey.Generate(signingkey.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: begin, NotAfter: begin.AddDate(5, 0, 0)}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, private.Public(), private))
	s := signingkey.Stored{
		KID: signingkey.Thumbprint(der), Ring: ring, Algorithm: signingkey.ES256, Cert: der,
		CreatedAt: begin, PublishAt: begin, ActivateAt: begin,
	}
	if change != nil {
		change(&s)
	}
	return must[*signingkey.Key](t)(signingkey.NewKey(s, private))
}

// idToken is an ID token for a client, with claims over the usual ones; a nil
// takes a claim out.
func (w *world) idToken(client directory.ID, t directory.TenantID, user directory.ID, claims map[string]any) string {
	return w.signed(w.key, client, t, user, claims)
}

func (w *world) signed(key *signingkey.Key, client directory.ID, t directory.TenantID, user directory.ID, claims map[string]any) string {
	w.t.Helper()
	all := map[string]any{
		"aud": string(client), "iss": host + "/" + t.String() + "/v2.0", "tid": t.String(), "oid": string(user),
		"sub": must[string](w.t)(w.subjects.Subject(context.Background(), t, client, user)),
		"iat": w.now.Unix(), "nbf": w.now.Unix(), "exp": w.now.Add(time.Hour).Unix(), "ver": "2.0",
	}
	for name, v := range claims {
		all[name] = v
		if v == nil {
			delete(all, name)
		}
	}
	payload := must[[]byte](w.t)(json.Marshal(all))
	signer := must[jose.Signer](w.t)(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: opaqueKey{key}}, nil))
	return must[string](w.t)(must[*jose.JSONWebSignature](w.t)(signer.Sign(payload)).CompactSerialize())
}

// opaqueKey lets jose sign with a key of ours.
type opaqueKey struct{ key *signingkey.Key }

func (k opaqueKey) Public() *jose.JSONWebKey {
	return &jose.JSONWebKey{Key: k.key.Public(), KeyID: k.key.KID(), Algorithm: signingkey.ES256}
}
func (k opaqueKey) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.ES256} }
func (k opaqueKey) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return k.key.Sign(digest(payload))
}

func (w *world) newBrowser() *browser { return &browser{w: w, cookies: map[string]string{}} }

// signIn starts a session in the browser, in which applications take part.
func (b *browser) signIn(t directory.TenantID, user directory.ID, clients ...session.Client) session.Live {
	b.w.t.Helper()
	ctx := context.Background()
	account := must[*directory.User](b.w.t)(b.w.db.User(ctx, t, user))
	l := must[session.Live](b.w.t)(b.w.sessions.Start(ctx, account, []string{"pwd"}, session.Place{}))
	for _, c := range clients {
		if err := b.w.sessions.Join(ctx, l, c); err != nil {
			b.w.t.Fatal(err)
		}
	}
	b.live = append(b.live, l)
	rec := httptest.NewRecorder()
	web.SetSessions(rec, b.live)
	b.take(rec)
	return l
}

func (b *browser) take(rec *httptest.ResponseRecorder) {
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
}

// signedIn lists who the server says is signed in to the browser.
func (b *browser) signedIn() string {
	b.w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, host, nil)
	b.dress(r)
	var names []string
	for _, l := range must[[]session.Live](b.w.t)(b.w.sessions.Load(context.Background(), web.SessionSecrets(r))) {
		names = append(names, l.Account.DisplayName)
	}
	return strings.Join(names, " ")
}

func (b *browser) dress(r *http.Request) {
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	body string
}

func (b *browser) get(params ...string) answer {
	return b.ask(http.MethodGet, 2, "common", nil, params...)
}

// post posts to the endpoint as a page of ours would.
func (b *browser) post(params ...string) answer {
	return b.ask(http.MethodPost, 2, "common", http.Header{"Sec-Fetch-Site": {"same-origin"}}, params...)
}

func (b *browser) ask(method string, version int, tenant string, header http.Header, params ...string) answer {
	b.w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	var r *http.Request
	if method == http.MethodPost {
		r = httptest.NewRequest(method, host+"/"+url.PathEscape(tenant)+"/logout", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r = httptest.NewRequest(method, host+"/"+url.PathEscape(tenant)+"/logout?"+form.Encode(), nil)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.SetPathValue("tenant", tenant)
	b.dress(r)
	r = r.WithContext(web.WithRequest(r.Context(), &web.Request{Hosts: issue.Hosts{Login: host, STS: host}}))
	rec := httptest.NewRecorder()
	b.w.handler[version].ServeHTTP(rec, r)
	b.take(rec)
	return answer{rec, rec.Body.String()}
}

func digest(payload []byte) []byte {
	sum := sha256.Sum256(payload)
	return sum[:]
}

// field is the value of a form field of the page.
func (a answer) field(name string) string {
	_, rest, ok := strings.Cut(a.body, `name="`+name+`" value="`)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(value)
}

// asks reports whether the answer is the question before a sign-out.
func (a answer) asks() bool {
	return a.Code == http.StatusOK && strings.Contains(a.body, `data-page="signout"`)
}

// stays reports whether the answer is the page of somebody signed out who goes
// nowhere.
func (a answer) stays() bool {
	return a.Code == http.StatusOK && strings.Contains(a.body, `data-page="signedout"`) && !strings.Contains(a.body, `http-equiv="refresh"`)
}

// next is where the answer leads, at once or after its frames.
func (a answer) next() string {
	if a.Code == http.StatusSeeOther {
		return a.Header().Get("Location")
	}
	if _, rest, ok := strings.Cut(a.body, `; url=`); ok {
		at, _, _ := strings.Cut(rest, `"`)
		return html.UnescapeString(at)
	}
	return ""
}

// frames are the addresses that the answer frames.
func (a answer) frames() (list []string) {
	for _, part := range strings.Split(a.body, "<iframe ")[1:] {
		_, rest, _ := strings.Cut(part, `src="`)
		at, _, _ := strings.Cut(rest, `"`)
		list = append(list, html.UnescapeString(at))
	}
	return list
}

// links are all addresses that the page names.
func (a answer) links() (list []string) {
	for _, attribute := range []string{`href="`, `src="`, `action="`, `url=`} {
		for _, part := range strings.Split(a.body, attribute)[1:] {
			at, _, _ := strings.Cut(part, `"`)
			list = append(list, html.UnescapeString(at)+" ")
		}
	}
	return list
}
