package authorization_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/opaque"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// The account's tenant, one where it is a guest, and one where it is nobody.
var (
	home     = directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")
	abroad   = directory.MustTenantID("b1d4e8a7-3c26-4f90-9a15-7e0c2d5f8b64")
	stranger = directory.MustTenantID("c2e5f9b8-4d37-4fa1-8b26-8f1d3e6a9c75")
)

const (
	hana  directory.ID = "a8c3f5d0-71b2-4e69-95da-0c4e7b1f6d82"
	guest directory.ID = "b9d4a6e1-82c3-4f7a-86eb-1d5f8c2a7e93"
	app   directory.ID = "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"
)

var start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// world is the service over a database of its own, with a clock that tests move.
type world struct {
	*authorization.Authorizations
	t  *testing.T
	db *sqlstore.DB

	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: start}
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "sekisho.db"), Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.db = db
	w.tenant(home, &directory.User{ID: hana, UserPrincipalName: "hana@home.example", DisplayName: "Hana", AccountEnabled: true})
	w.tenant(abroad, &directory.User{ID: guest, UserPrincipalName: "hana_home.example#EXT#@abroad.example", DisplayName: "Hana", AccountEnabled: true,
		Identities: []directory.ObjectIdentity{{SignInType: directory.SignInFederated, Issuer: home.String(), IssuerAssignedID: string(hana)}}})
	w.tenant(stranger)
	key := bytes.Repeat([]byte{7}, 32)
	minter, err := opaque.NewMinter(key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.Authorizations, err = authorization.New(authorization.Config{
		Store: db, Tenants: db, Users: db, Identities: db, Minter: minter, Key: key, Rand: rand.Reader, Now: w.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
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

func event() *audit.Event {
	return &audit.Event{At: start, Activity: "test", Actor: audit.Actor{Kind: "platform"}, TargetKind: "test"}
}

func (w *world) tenant(id directory.TenantID, users ...*directory.User) {
	w.t.Helper()
	for _, u := range users {
		u.TenantID, u.CreatedAt = id, start.AddDate(-1, 0, 0)
	}
	seed := &directory.TenantSeed{Tenant: &directory.Tenant{ID: id, DisplayName: id.String(), CreatedAt: start}, Users: users}
	if err := w.db.CreateTenant(w.t.Context(), seed, event()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) change(t directory.TenantID, id directory.ID, f func(*directory.User)) {
	w.t.Helper()
	err := w.db.ChangeUser(w.t.Context(), t, id, func(u *directory.User) error { f(u); return nil }, event())
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) delete(t directory.TenantID, id directory.ID) {
	w.t.Helper()
	if err := w.db.DeleteUser(w.t.Context(), t, id, w.clock(), event()); err != nil {
		w.t.Fatal(err)
	}
}

func code(p directory.RedirectPlatform) *authorization.Code {
	return &authorization.Code{
		Subject: authorization.Subject{
			Tenant: home, User: hana, HomeTenant: home, HomeUser: hana, Session: "5e551000-0000-4000-8000-000000000001",
			AuthTime: start, Methods: []string{"pwd"}, IPAddress: "203.0.113.24",
		},
		Asked:       authorization.Asked{Client: app, Platform: p, Version: 2, Path: home.String(), Scope: "User.Read offline_access"},
		RedirectURI: "https://app.example/cb", RedirectSent: true,
	}
}

// issue writes a code.
func (w *world) issue(p directory.RedirectPlatform) string {
	w.t.Helper()
	value, err := w.IssueCode(w.t.Context(), code(p))
	if err != nil {
		w.t.Fatal(err)
	}
	return value
}

// commit is Write and Finish, as a token request does them.
func (w *world) commit(ctx context.Context, u *authorization.Use, refreshable bool, tokens time.Time) (string, error) {
	return w.Finish(ctx, u, w.Write(ctx, u, refreshable, tokens))
}

// redeem takes a code the whole way.
func (w *world) redeem(ctx context.Context, value string) (string, *authorization.Use, error) {
	found, err := w.Find(ctx, value)
	if err != nil {
		return "", nil, err
	}
	use, err := w.Redeem(ctx, found)
	if err != nil {
		return "", nil, err
	}
	token, err := w.commit(ctx, use, true, w.clock().Add(time.Hour))
	return token, use, err
}

// begin is a new family and its first refresh token.
func (w *world) begin(p directory.RedirectPlatform) string {
	w.t.Helper()
	token, _, err := w.redeem(w.t.Context(), w.issue(p))
	if err != nil || token == "" {
		w.t.Fatalf("no refresh token: %v", err)
	}
	return token
}

// refresh takes a refresh token the whole way.
func (w *world) refresh(token string) (string, error) {
	p, err := w.FindRefreshToken(w.t.Context(), token)
	if err != nil {
		return "", err
	}
	use, err := w.Refresh(w.t.Context(), p)
	if err != nil {
		return "", err
	}
	return w.commit(w.t.Context(), use, true, w.clock().Add(time.Hour))
}

// works checks that a refresh token is good, and gives the next one.
func (w *world) works(what, token string) string {
	w.t.Helper()
	next, err := w.refresh(token)
	if err != nil || next == "" {
		w.t.Fatalf("%s: %v", what, err)
	}
	return next
}

// refused checks that a refresh token is refused with the code.
func (w *world) refused(what, token string, want aadsts.Code) {
	w.t.Helper()
	got, err := w.refresh(token)
	wants(w.t, what, got, err, want)
}

func wants(t *testing.T, what, token string, err error, want aadsts.Code) {
	t.Helper()
	if !errors.Is(err, want) || token != "" {
		t.Errorf("%s: %v, want AADSTS%s", what, err, strconv.Itoa(want.Number()))
	}
}
