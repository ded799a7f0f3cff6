package token_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/clientauth"
	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/opaque"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
	"github.com/sekisho-id/sekisho/internal/endpoint/token"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

var start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

const (
	callback = "https://orders.hakone.example/callback"
	origin   = "https://stock.hakone.example"
	secret   = "k9~abcdefghijklmnopqrstuvwxyz0123456789"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// lookup is directory.Lookup on the database, without a view.
type lookup struct {
	directory.TenantStore
	directory.ApplicationStore
	directory.ServicePrincipalStore
	directory.AssignmentStore
	directory.PolicyStore
}

type hasher struct{ *clientauth.SecretHasher }

func (hasher) HashPassword(context.Context, string) (string, error)        { return "phc:", nil }
func (hasher) CheckPassword(context.Context, string, string) (bool, error) { return true, nil }

// keys are one signing key for each algorithm.
type keys struct{ set *signingkey.Set }

func (k keys) Set() *signingkey.Set                                  { return k.set }
func (k keys) EnsureAlgorithm(context.Context, string, string) error { return nil }

var signingKeys = sync.OnceValues(func() (*signingkey.Set, error) {
	var list []*signingkey.Key
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: start, NotAfter: start.AddDate(5, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, rsaKey.Public(), rsaKey)
	if err != nil {
		return nil, err
	}
	key, err := signingkey.NewKey(signingkey.Stored{
		KID: signingkey.Thumbprint(der), Ring: signingkey.Organizations, Algorithm: signingkey.RS256, Cert: der,
		CreatedAt: start.Add(-time.Hour), PublishAt: start.Add(-time.Hour), ActivateAt: start.Add(-time.Hour),
	}, rsaKey)
	return signingkey.NewSet(append(list, key)...), err
})

// seal keeps nothing secret.
type seal struct{}

func (seal) Derive(_ context.Context, owner, purpose string, n int) ([]byte, error) {
	return bytes.Repeat([]byte(owner+purpose), n)[:n], nil
}

func (seal) Hint(_ context.Context, home directory.TenantID, user directory.ID) (string, error) {
	return "O." + home.String() + string(user), nil
}

// world is the endpoint over a database with two tenants, Hakone and Usui, a
// person of Hakone who is a guest of Usui, and a few applications of Hakone.
type world struct {
	t              *testing.T
	db             *sqlstore.DB
	ops            *directory.Operations
	authorizations *authorization.Authorizations
	handlers       map[token.Version]http.Handler
	log            bytes.Buffer

	hakone, usui *directory.Tenant
	hanako       *directory.User // of Hakone
	guest        *directory.User // the same person in Usui

	orders           *directory.Application // an API, multi-tenant
	web, spa, native *directory.Application // clients, multi-tenant
	ids              int

	mu  sync.Mutex
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: start}
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: filepath.Join(t.TempDir(), "token.db"), Now: w.clock})
	w.must(err)
	t.Cleanup(func() { w.must(db.Close()) })
	w.must(db.Migrate(t.Context()))
	w.db = db
	key := bytes.Repeat([]byte{7}, 32)
	secrets, err := clientauth.NewSecretHasher(key)
	w.must(err)
	s := db.Stores()
	w.ops = &directory.Operations{
		Tenants: s.Tenants, Applications: s.Applications, ServicePrincipals: s.ServicePrincipals, Deleted: s.Deleted,
		Assignments: s.Assignments, Grants: s.Grants, Users: s.Users, Policies: s.Policies, Roles: s.Roles, Identities: s.Identities,
		Secrets: hasher{secrets}, Passwords: hasher{secrets}, Now: w.clock, Rand: rand.Reader,
	}
	w.must(w.ops.EnsureBuiltins(t.Context()))
	w.endpoint(key, secrets)
	w.people()
	w.applications(secrets)
	return w
}

// endpoint builds what is tested.
func (w *world) endpoint(key []byte, secrets *clientauth.SecretHasher) {
	s := w.db.Stores()
	look := lookup{s.Tenants, s.Applications, s.ServicePrincipals, s.Assignments, s.Policies}
	minter, err := opaque.NewMinter(key, rand.Reader)
	w.must(err)
	w.authorizations, err = authorization.New(authorization.Config{
		Store: w.db, Tenants: w.db, Users: w.db, Identities: w.db, Minter: minter, Key: key, Rand: rand.Reader, Now: w.clock,
	})
	w.must(err)
	set, err := signingKeys()
	w.must(err)
	recorder := audit.NewRecorder(w.db, 64, 8)
	w.t.Cleanup(recorder.Close)
	e := token.New(token.Config{
		Lookup: look, Now: w.clock, Log: slog.New(slog.NewTextHandler(&w.log, nil)), Refusals: audit.NewRefusalCounter(100),
		Clients: clientauth.New(clientauth.Config{Now: w.clock, Secrets: secrets, Assertions: w.db}),
		Tokens: &issue.Tokens{
			Keys: keys{set}, Queue: signingkey.NewQueue(2, 64), Recorder: recorder, Now: w.clock, Rand: rand.Reader,
			Lifetimes: issue.Lifetimes{Lookup: look, Rand: rand.Reader}, Subjects: issue.Subjects{Keeper: seal{}}, Hints: seal{},
		},
		Authorizations: w.authorizations, Directory: w.db,
		Consents: consent.New(consent.Config{Lookup: look, Store: w.db, Operations: w.ops}),
	})
	w.handlers = map[token.Version]http.Handler{token.V1: e.Handler(token.V1), token.V2: e.Handler(token.V2)}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("setting up: %v", err)
	}
}

func (w *world) guid() directory.ID {
	w.ids++
	s := strconv.Itoa(w.ids)
	return directory.ID("aaaaaaaa-0000-4000-8000-" + strings.Repeat("0", 12-len(s)) + s)
}

func (w *world) people() {
	for into, domain := range map[**directory.Tenant]string{&w.hakone: "hakone.example", &w.usui: "usui.example"} {
		made, err := w.ops.CreateTenant(w.t.Context(), directory.Platform(directory.Installation), directory.TenantRequest{DisplayName: domain, Domain: domain})
		w.must(err)
		*into = made.Tenant
	}
	w.hanako = w.user(w.hakone, &directory.User{UserPrincipalName: "hanako@hakone.example", DisplayName: "Hanako"})
	w.guest = w.user(w.usui, &directory.User{UserPrincipalName: "hanako_hakone.example#EXT#@usui.example", DisplayName: "Hanako",
		Identities: []directory.ObjectIdentity{{SignInType: directory.SignInFederated, Issuer: w.hakone.ID.String(), IssuerAssignedID: string(w.hanako.ID)}}})
}

func (w *world) event() *audit.Event {
	return &audit.Event{At: start, Activity: "test", Actor: audit.Actor{Kind: "platform"}, TargetKind: "test"}
}

func (w *world) user(t *directory.Tenant, u *directory.User) *directory.User {
	w.t.Helper()
	u.TenantID, u.ID, u.CreatedAt, u.AccountEnabled = t.ID, w.guid(), start.AddDate(-1, 0, 0), true
	w.must(w.db.CreateUser(w.t.Context(), t.ID, u, w.event()))
	return u
}

func (w *world) app(a *directory.Application) *directory.Application {
	w.t.Helper()
	a.TenantID, a.ID, a.CreatedAt, a.SignInAudience = w.hakone.ID, w.guid(), start, directory.AudienceMultiOrg
	if a.AppID == "" {
		a.AppID = w.guid()
	}
	w.must(w.db.CreateApplication(w.t.Context(), w.hakone.ID, a, w.event()))
	for _, t := range []*directory.Tenant{w.hakone, w.usui} {
		w.must(w.db.CreateServicePrincipal(w.t.Context(), t.ID, &directory.ServicePrincipal{
			TenantID: t.ID, ID: w.guid(), AppID: a.AppID, CreatedAt: start, Type: directory.TypeApplication, AccountEnabled: true,
		}, w.event()))
	}
	return a
}

func (w *world) applications(secrets *clientauth.SecretHasher) {
	scope := func(value, kind string) directory.PermissionScope {
		return directory.PermissionScope{ID: w.guid(), Value: &value, Type: kind, IsEnabled: true}
	}
	approver := "Orders.Approver"
	id := w.guid()
	w.orders = w.app(&directory.Application{AppID: id, DisplayName: "Orders API", IdentifierURIs: []string{"api://" + string(id)},
		API:      directory.APIApplication{OAuth2PermissionScopes: []directory.PermissionScope{scope("Orders.Read", "User"), scope("Orders.Write", "User"), scope("Orders.Admin", "Admin")}},
		AppRoles: []directory.AppRole{{ID: w.guid(), Value: &approver, DisplayName: &approver, IsEnabled: true, AllowedMemberTypes: []string{"User"}}}})
	w.web = w.app(&directory.Application{DisplayName: "Orders", Web: directory.WebApplication{RedirectURIs: []string{callback}},
		Passwords: []directory.PasswordCredential{{KeyID: w.guid(), Hash: secrets.HashSecret(secret), StartAt: start.AddDate(0, -1, 0), EndAt: start.AddDate(1, 0, 0)}}})
	w.spa = w.app(&directory.Application{DisplayName: "Stock", SPA: directory.RedirectSet{RedirectURIs: []string{origin + "/cb", "http://localhost/cb"}}})
	w.native = w.app(&directory.Application{DisplayName: "Field", PublicClient: directory.RedirectSet{RedirectURIs: []string{"http://localhost"}}})
	for _, client := range []*directory.Application{w.web, w.spa, w.native} {
		for _, t := range []*directory.Tenant{w.hakone, w.usui} {
			w.grant(t, client, directory.GraphAppID, "openid profile email offline_access User.Read")
			w.grant(t, client, w.orders.AppID, "Orders.Read Orders.Write")
		}
	}
}

func (w *world) principal(t *directory.Tenant, appID directory.ID) *directory.ServicePrincipal {
	w.t.Helper()
	sp, err := w.db.ServicePrincipalByAppID(w.t.Context(), t.ID, appID)
	w.must(err)
	return sp
}

// grant consents for everyone in the tenant.
func (w *world) grant(t *directory.Tenant, client *directory.Application, resource directory.ID, scopes string) {
	w.t.Helper()
	w.must(w.db.CreateGrant(w.t.Context(), t.ID, &directory.OAuth2PermissionGrant{
		ID: "grant-" + string(w.guid()), ClientID: w.principal(t, client.AppID).ID, ConsentType: directory.ConsentAllPrincipals,
		ResourceID: w.principal(t, resource).ID, Scope: scopes,
	}, w.event()))
}

func (w *world) assign(t *directory.Tenant, u *directory.User, resource *directory.Application, role directory.ID) {
	w.t.Helper()
	w.must(w.db.CreateAssignment(w.t.Context(), t.ID, &directory.AppRoleAssignment{
		ID: w.guid(), AppRoleID: role, PrincipalID: u.ID, PrincipalKind: directory.KindUser, ResourceID: w.principal(t, resource.AppID).ID, CreatedAt: start,
	}, w.event()))
}

func (w *world) requireAssignment(t *directory.Tenant, a *directory.Application) {
	w.t.Helper()
	w.must(w.db.ChangeServicePrincipal(w.t.Context(), t.ID, w.principal(t, a.AppID).ID, func(sp *directory.ServicePrincipal) error {
		sp.AppRoleAssignmentRequired = true
		return nil
	}, w.event()))
}

// code issues a code as the authorization endpoint does, for the application's
// own platform.
func (w *world) code(client *directory.Application, changes ...func(*authorization.Code)) string {
	w.t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	c := &authorization.Code{
		Subject: authorization.Subject{
			Tenant: w.hakone.ID, User: w.hanako.ID, HomeTenant: w.hakone.ID, HomeUser: w.hanako.ID, Session: "5e551000-0000-4000-8000-000000000001",
			AuthTime: w.clock(), Methods: []string{"pwd"}, IPAddress: "203.0.113.24",
		},
		Asked: authorization.Asked{Client: client.AppID, Version: 2, Path: w.hakone.ID.String(),
			Scope: "openid profile offline_access " + w.api() + "/Orders.Read"},
		RedirectSent: true, Nonce: "n-1", Challenge: base64.RawURLEncoding.EncodeToString(sum[:]), ChallengeMethod: oauth2.ChallengeS256,
	}
	switch client {
	case w.web:
		c.Platform, c.RedirectURI = directory.PlatformWeb, callback
	case w.spa:
		c.Platform, c.RedirectURI = directory.PlatformSPA, origin+"/cb"
	default:
		c.Platform, c.RedirectURI = directory.PlatformPublicClient, "http://localhost"
	}
	for _, change := range changes {
		change(c)
	}
	value, err := w.authorizations.IssueCode(w.t.Context(), c)
	w.must(err)
	return value
}

// api is the App ID URI of the orders API.
func (w *world) api() string { return w.orders.IdentifierURIs[0] }

// exchange are the parameters of a code exchange as the client's library sends
// them.
func (w *world) exchange(client *directory.Application, code string) url.Values {
	v := url.Values{"grant_type": {"authorization_code"}, "client_id": {string(client.AppID)}, "code": {code}, "code_verifier": {verifier}, "client_info": {"1"}}
	switch client {
	case w.web:
		v.Set("client_secret", secret)
		v.Set("redirect_uri", callback)
	case w.spa:
		v.Set("redirect_uri", origin+"/cb")
		v.Set("@origin", origin)
	default:
		v.Set("redirect_uri", "http://localhost")
	}
	return v
}

// refreshing are the parameters of a refresh.
func (w *world) refreshing(client *directory.Application, refreshToken string) url.Values {
	v := url.Values{"grant_type": {"refresh_token"}, "client_id": {string(client.AppID)}, "refresh_token": {refreshToken}, "client_info": {"1"}}
	switch client {
	case w.web:
		v.Set("client_secret", secret)
	case w.spa:
		v.Set("@origin", origin)
	}
	return v
}

// answer is a token response or an error.
type answer struct {
	Status int
	Header http.Header
	Body   map[string]any
}

// ask sends a token request. "@origin" is the header Origin, "@tenant" the path's
// tenant, "@version" "1" for the v1 endpoint.
func (w *world) ask(v url.Values) *answer {
	w.t.Helper()
	v = cloned(v)
	tenant, from, version := w.hakone.ID.String(), v.Get("@origin"), token.V2
	if t := v.Get("@tenant"); t != "" {
		tenant = t
	}
	if v.Get("@version") == "1" {
		version = token.V1
	}
	for _, name := range []string{"@origin", "@tenant", "@version"} {
		v.Del(name)
	}
	r := httptest.NewRequest(http.MethodPost, "/t/oauth2/v2.0/token", strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetPathValue("tenant", tenant)
	if from != "" {
		r.Header.Set("Origin", from)
	}
	req := &web.Request{CorrelationID: "7d2e0c4b-5a19-4e63-8f70-21c4b9d6a835", ClientIP: "203.0.113.24",
		Hosts: issue.Hosts{Login: "https://localhost:8443", STS: "https://localhost:8443", Graph: "https://localhost:8443"}}
	if _, err := rand.Read(req.Trace[:]); err != nil {
		panic(err)
	}
	rec := httptest.NewRecorder()
	w.handlers[version].ServeHTTP(rec, r.WithContext(web.WithRequest(r.Context(), req)))
	a := &answer{Status: rec.Code, Header: rec.Header()}
	if err := json.Unmarshal(rec.Body.Bytes(), &a.Body); err != nil {
		w.t.Errorf("%d %s: %v", rec.Code, rec.Body, err)
	}
	return a
}

func cloned(v url.Values) url.Values {
	n := url.Values{}
	for name, list := range v {
		n[name] = slices.Clone(list)
	}
	return n
}

// with is the parameters changed: name, value, name, value; an empty value takes
// the parameter away.
func with(v url.Values, changes ...string) url.Values {
	n := cloned(v)
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			n.Del(changes[i])
		} else {
			n.Set(changes[i], changes[i+1])
		}
	}
	return n
}

func (a *answer) text(name string) string {
	s, _ := a.Body[name].(string)
	return s
}

// claims are those of a token of the answer.
func (a *answer) claims(t *testing.T, name string) map[string]any {
	t.Helper()
	parts := strings.Split(a.text(name), ".")
	if len(parts) != 3 {
		t.Fatalf("no %s in %v", name, a.Body)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// good checks that the answer is tokens.
func (a *answer) good(t *testing.T, what string) *answer {
	t.Helper()
	if a.Status != http.StatusOK || a.text("access_token") == "" || a.text("token_type") != "Bearer" {
		t.Fatalf("%s: %d %v", what, a.Status, a.Body)
	}
	return a
}

// refused checks that the answer is an error of the number, without any token.
func (a *answer) refused(t *testing.T, what string, status int, oauth string, number int) {
	t.Helper()
	var got int
	if codes, ok := a.Body["error_codes"].([]any); ok && len(codes) == 1 {
		got = int(codes[0].(float64))
	}
	if a.Status != status || a.text("error") != oauth || got != number {
		t.Errorf("%s: %d %s %d, want %d %s %d: %s", what, a.Status, a.text("error"), got, status, oauth, number, a.text("error_description"))
	}
	for _, name := range []string{"access_token", "refresh_token", "id_token", "client_info"} {
		if a.Body[name] != nil {
			t.Errorf("%s: %s beside an error", what, name)
		}
	}
}
