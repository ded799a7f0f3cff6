package signin_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/opaque"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	domain "github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
)

// Two tenants and their people: hana and ren at home, kai of elsewhere, who is
// nobody's guest.
var (
	home  = directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")
	other = directory.MustTenantID("b1d4e8a7-3c26-4f90-9a15-7e0c2d5f8b64")

	hana = domain.Account{Tenant: home, User: "00000000-0000-4000-8000-00000000000a"}
	ren  = domain.Account{Tenant: home, User: "00000000-0000-4000-8000-00000000000b"}
	kai  = domain.Account{Tenant: other, User: "00000000-0000-4000-8000-00000000000c"}
)

const appID = directory.ID("3f0a7c11-52be-4c1d-9f3e-8d24b6a07e51")

// world is the endpoint with everything around it kept in memory.
type world struct {
	directory.Lookup // what is not asked is nil and panics
	page.Writer

	t        testing.TB
	endpoint *signin.Endpoint
	now      time.Time
	people   map[domain.Account]*directory.User
	sessions map[string]session.Session // by tenant and secret
	granted  map[domain.Account]bool
	wishes   map[string]*domain.Wish // of the visits, by their parameters
	// accepted are those who consented, by the visits; current is the visit of the
	// page that was posted.
	accepted map[string][]domain.Account
	current  string
	// joined, if not nil, runs before a session is joined, once.
	joined func()

	// What happened in the request under way.
	did did
}

// did is what one request led to.
type did struct {
	page     domain.Kind // drawn; 0 if none
	state    string      // of the page
	flow     page.Flow
	refused  error          // told to the application
	wrong    error          // shown on an error page
	finished *domain.Result // and of which visit
	visit    string
	proved   []domain.Account // by a right password
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		t: t, now: time.Date(2026, 11, 21, 3, 4, 5, 0, time.UTC), people: map[domain.Account]*directory.User{},
		sessions: map[string]session.Session{}, granted: map[domain.Account]bool{}, wishes: map[string]*domain.Wish{},
		accepted: map[string][]domain.Account{},
	}
	for a, name := range map[domain.Account]string{hana: "hana@home.example", ren: "ren@home.example", kai: "kai@other.example"} {
		w.people[a] = &directory.User{TenantID: a.Tenant, ID: a.User, UserPrincipalName: name, AccountEnabled: true, PasswordHash: passwordOf(a)}
	}
	random := rand.NewChaCha8([32]byte{7})
	minter, err := opaque.NewMinter(bytes.Repeat([]byte{9}, 32), random)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return w.now }
	w.endpoint = signin.New(signin.Config{
		Lookup: w, Users: w, Directory: w, Passwords: w, Changer: w, Consents: consents{world: w}, Pages: w, Sealer: box{}, Hints: session.Hints{Sealer: box{}},
		Sessions: &session.Sessions{Store: (*shelf)(w), Users: w, Minter: minter, Rand: random, Now: now},
		Matches:  func(_ context.Context, hash, password string) (bool, error) { return hash == password, nil },
		Purposes: map[string]signin.Purpose{"test": w},
		Subject: func(_ context.Context, t directory.TenantID, client, user directory.ID) (string, error) {
			return t.String() + string(client+user), nil
		},
		Now: now, Rand: random, Log: slog.New(slog.DiscardHandler),
	})
	return w
}

func passwordOf(a domain.Account) string { return "password of " + string(a.User) }

// box seals nothing, but opens only what it closed for the same row.
type box struct{}

func (box) Seal(_ context.Context, owner, table, row string, plain []byte) ([]byte, error) {
	return append([]byte(owner+table+row), plain...), nil
}

func (box) Open(_ context.Context, owner, table, row string, sealed []byte) ([]byte, error) {
	if plain, ok := bytes.CutPrefix(sealed, []byte(owner+table+row)); ok {
		return plain, nil
	}
	return nil, errors.New("damaged")
}

// The directory.

func (w *world) TenantByName(_ context.Context, name string) (*directory.Tenant, error) {
	switch name {
	case home.String(), "home.example":
		return &directory.Tenant{ID: home}, nil
	case other.String(), "other.example":
		return &directory.Tenant{ID: other}, nil
	}
	return nil, directory.ErrNotFound
}

func (w *world) ServicePrincipalByAppID(_ context.Context, t directory.TenantID, id directory.ID) (*directory.ServicePrincipal, error) {
	return &directory.ServicePrincipal{TenantID: t, AppID: id, AccountEnabled: true}, nil
}

func (w *world) User(_ context.Context, t directory.TenantID, id directory.ID) (*directory.User, error) {
	if u, ok := w.people[domain.Account{Tenant: t, User: id}]; ok {
		u := *u
		return &u, nil
	}
	return nil, directory.ErrNotFound
}

func (w *world) UserByPrincipalName(ctx context.Context, t directory.TenantID, upn string) (*directory.User, error) {
	for a, u := range w.people {
		if a.Tenant == t && strings.EqualFold(u.UserPrincipalName, upn) {
			return w.User(ctx, a.Tenant, a.User)
		}
	}
	return nil, directory.ErrNotFound
}

func (w *world) UserByIdentity(context.Context, directory.TenantID, string, string) (*directory.User, error) {
	return nil, directory.ErrNotFound
}

func (w *world) AppRoleAssignmentsOf(context.Context, directory.TenantID, directory.ID) ([]directory.AppRoleAssignment, error) {
	return nil, nil
}

func (w *world) RoleAssignmentsOf(context.Context, directory.TenantID, directory.ID) ([]directory.RoleAssignment, error) {
	return nil, nil
}

// Passwords and consent.

func (w *world) Verify(_ context.Context, _ directory.TenantID, u *directory.User, password string, _ bool) (credential.Outcome, error) {
	if u.ID == "" || u.PasswordHash != password {
		return credential.Wrong, nil
	}
	w.did.proved = append(w.did.proved, domain.Account{Tenant: u.TenantID, User: u.ID})
	return credential.OK, nil
}

func (w *world) ChangeOwnPassword(_ context.Context, c directory.Caller, id directory.ID, password string) error {
	u := w.people[domain.Account{Tenant: c.Tenant, User: id}]
	u.PasswordHash, u.ForceChangePassword = password, false
	// Who sets a password has given it.
	w.did.proved = append(w.did.proved, domain.Account{Tenant: c.Tenant, User: id})
	return nil
}

func (w *world) AcceptInvitation(context.Context, directory.Caller, directory.ID) error { return nil }

// consents is consent as far as a sign-in asks.
type consents struct {
	consent.Service
	*world
}

func (w consents) Assess(_ context.Context, q *consent.Request) (*consent.Assessment, error) {
	a := &consent.Assessment{Needed: q.Again}
	if !w.granted[domain.Account{Tenant: q.User.TenantID, User: q.User.ID}] {
		a.Needed, a.Missing = true, []consent.Permission{{Resource: &directory.ServicePrincipal{AppID: appID}, ID: appID}}
	}
	a.Asked = a.Missing
	return a, nil
}

func (w consents) Grant(_ context.Context, by directory.Caller, q *consent.Request, _ *consent.Assessment, _ bool) (*directory.ServicePrincipal, error) {
	a := domain.Account{Tenant: q.User.TenantID, User: q.User.ID}
	if by.User != a.User || by.Tenant != a.Tenant {
		w.t.Errorf("%v consents for %v", by.User, a)
	}
	w.granted[a] = true
	w.accepted[w.current] = append(w.accepted[w.current], a)
	return q.Principal, nil
}

// shelf keeps the sessions.
type shelf world

func key(t directory.TenantID, secret []byte) string { return t.String() + hex.EncodeToString(secret) }

func (s *shelf) byID(t directory.TenantID, id directory.ID) (string, bool) {
	for k, v := range s.sessions {
		if v.Tenant == t && v.ID == id {
			return k, true
		}
	}
	return "", false
}

func (s *shelf) CreateSession(_ context.Context, t directory.TenantID, n *session.Session, secret []byte) error {
	s.sessions[key(t, secret)] = *n
	return nil
}

func (s *shelf) SessionBySecret(_ context.Context, t directory.TenantID, secret []byte) (*session.Session, error) {
	if n, ok := s.sessions[key(t, secret)]; ok {
		return &n, nil
	}
	return nil, directory.ErrNotFound
}

func (s *shelf) Session(_ context.Context, t directory.TenantID, id directory.ID) (*session.Session, error) {
	if k, ok := s.byID(t, id); ok {
		n := s.sessions[k]
		return &n, nil
	}
	return nil, directory.ErrNotFound
}

func (s *shelf) RenewSession(_ context.Context, t directory.TenantID, n *session.Session, old, secret []byte) error {
	if _, ok := s.sessions[key(t, old)]; !ok {
		return directory.ErrNotFound
	}
	delete(s.sessions, key(t, old))
	s.sessions[key(t, secret)] = *n
	return nil
}

func (s *shelf) TouchSession(_ context.Context, t directory.TenantID, id directory.ID, seen, expires time.Time) error {
	k, ok := s.byID(t, id)
	if !ok {
		return directory.ErrNotFound
	}
	n := s.sessions[k]
	n.SeenAt, n.ExpiresAt = seen, expires
	s.sessions[k] = n
	return nil
}

func (s *shelf) EndSession(_ context.Context, t directory.TenantID, id directory.ID) ([]session.Client, error) {
	k, ok := s.byID(t, id)
	if !ok {
		return nil, directory.ErrNotFound
	}
	delete(s.sessions, k)
	return nil, nil
}

func (s *shelf) JoinSession(_ context.Context, t directory.TenantID, id directory.ID, _ session.Client) error {
	if before := s.joined; before != nil {
		s.joined = nil
		before()
	}
	if _, ok := s.byID(t, id); !ok {
		return directory.ErrNotFound
	}
	return nil
}

func (s *shelf) SweepSessions(context.Context, time.Time, int) (int, error) { return 0, nil }

// The pages: what was drawn is noted.

func (w *world) drew(k domain.Kind, f page.Flow) { w.did.page, w.did.state, w.did.flow = k, f.State, f }

func (w *world) WriteAskUsername(_ http.ResponseWriter, _ *http.Request, p page.AskUsername) {
	w.drew(domain.AskUsername, p.Flow)
}

func (w *world) WriteAskPassword(_ http.ResponseWriter, _ *http.Request, p page.AskPassword) {
	w.drew(domain.AskPassword, p.Flow)
}

func (w *world) WriteNewPassword(_ http.ResponseWriter, _ *http.Request, p page.NewPassword) {
	w.drew(domain.NewPassword, p.Flow)
}

func (w *world) WritePickAccount(_ http.ResponseWriter, _ *http.Request, p page.PickAccount) {
	w.drew(domain.PickAccount, p.Flow)
}

func (w *world) WriteStaySignedIn(_ http.ResponseWriter, _ *http.Request, p page.StaySignedIn) {
	w.drew(domain.AskStay, p.Flow)
}

func (w *world) WriteAskConsent(_ http.ResponseWriter, _ *http.Request, p page.AskConsent) {
	w.drew(domain.AskConsent, p.Flow)
}

func (w *world) WriteRefused(_ http.ResponseWriter, _ *http.Request, p page.Refused) {
	w.drew(domain.Refused, p.Flow)
}

func (w *world) WriteError(_ http.ResponseWriter, _ *http.Request, err error, _ page.Details) {
	w.did.wrong = err
}

// A visit is for the wish that its parameters name.
type visit struct {
	*world
	name string
}

func (v visit) Wish() *domain.Wish {
	w := *v.wishes[v.name]
	w.App = &directory.Application{AppID: appID, TenantID: home, SignInAudience: directory.AudienceMultiOrg}
	w.Tenant, w.Authority = &directory.Tenant{ID: home}, directory.TenantName{Text: home.String(), Kind: directory.NameGUID}
	return &w
}

func (v visit) Flow() page.Flow { return page.Flow{} }

func (v visit) Consent(t *directory.Tenant, principal *directory.ServicePrincipal, u *directory.User) *consent.Request {
	return &consent.Request{Tenant: t, App: v.Wish().App, Principal: principal, User: u, Again: v.Wish().Consent}
}

func (v visit) Refuse(_ http.ResponseWriter, _ *http.Request, err error) { v.did.refused = err }

func (v visit) Finish(_ http.ResponseWriter, _ *http.Request, result *domain.Result) {
	v.did.finished, v.did.visit = result, v.name
}

func (w *world) Load(_ context.Context, tx *domain.Transaction) (signin.Visit, error) {
	w.current = tx.Params
	return visit{w, tx.Params}, nil
}

// A browser holds cookies, by their names.
type browser map[string]string

// send does a request of the browser, and says what came of it.
func (w *world) send(b browser, do func(http.ResponseWriter, *http.Request), r *http.Request) did {
	w.did = did{}
	for name, value := range b {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	r = r.WithContext(web.WithRequest(r.Context(), &web.Request{Hosts: issue.Hosts{Login: "https://login.example"}}))
	rec := httptest.NewRecorder()
	do(rec, r)
	for _, c := range rec.Result().Cookies() {
		if b[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b, c.Name)
		}
	}
	return w.did
}

// begin opens a visit with a wish.
func (w *world) begin(b browser, name string, wish *domain.Wish) did {
	w.wishes[name] = wish
	return w.send(b, func(rw http.ResponseWriter, r *http.Request) {
		w.endpoint.Begin(rw, r, &domain.Transaction{Purpose: "test", Path: home.String(), Version: 2, Params: name}, visit{w, name})
	}, httptest.NewRequest(http.MethodGet, "/", nil))
}

// post sends the form of a page.
func (w *world) post(b browser, state, step string, fields ...string) did {
	form := url.Values{"flowToken": {state}, "step": {step}}
	for pair := range slices.Chunk(fields, 2) {
		form.Set(pair[0], pair[1])
	}
	r := httptest.NewRequest(http.MethodPost, "/"+home.String()+"/login", strings.NewReader(form.Encode()))
	r.SetPathValue("tenant", home.String())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return w.send(b, w.endpoint.Handler().ServeHTTP, r)
}
