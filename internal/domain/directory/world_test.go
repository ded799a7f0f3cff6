package directory_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"math/big"
	mathrand "math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// A world is one tenant on a real database, with its operations and a clock
// that only moves by hand.
type world struct {
	t   *testing.T
	ctx context.Context
	ops *directory.Operations
	c   directory.Caller
	new *directory.NewTenant
	now time.Time
}

// A platform is the database that worlds share.
type platform struct {
	ops *directory.Operations
	n   int
	now *time.Time
}

type fakeHasher struct{}

func (fakeHasher) HashSecret(s string) []byte { h := sha256.Sum256([]byte("key" + s)); return h[:] }

func (fakeHasher) HashPassword(_ context.Context, p string) (string, error) {
	return "phc:" + hex.EncodeToString(fakeHasher{}.HashSecret(p)), nil
}

func (f fakeHasher) CheckPassword(ctx context.Context, phc, p string) (bool, error) {
	made, err := f.HashPassword(ctx, p)
	return made == phc, err
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	now := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: filepath.Join(t.TempDir(), "directory.db"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := db.Stores()
	p := &platform{now: &now, ops: &directory.Operations{
		Tenants: s.Tenants, Applications: s.Applications, ServicePrincipals: s.ServicePrincipals, Deleted: s.Deleted,
		Assignments: s.Assignments, Grants: s.Grants, Users: s.Users, Policies: s.Policies,
		Roles: s.Roles, Identities: s.Identities,
		Secrets: fakeHasher{}, Passwords: fakeHasher{},
		Now: func() time.Time { return now }, Rand: mathrand.NewChaCha8([32]byte{1}),
		GraphURLs: []string{"https://localhost:8443"},
	}}
	if err := p.ops.EnsureBuiltins(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// world makes a new tenant.
func (p *platform) world(t *testing.T) *world {
	t.Helper()
	p.n++
	made, err := p.ops.CreateTenant(t.Context(), directory.Platform(directory.Installation), directory.TenantRequest{
		DisplayName: "Tenant", Domain: "t" + strconv.Itoa(p.n) + ".example",
	})
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		t: t, ctx: t.Context(), ops: p.ops, new: made, now: *p.now,
		c: directory.Caller{Tenant: made.Tenant.ID, App: made.AdminPrincipalID, AppID: made.ClientID},
	}
}

func (w *world) domain() string { return w.new.Tenant.DefaultDomain() }

// need stops the test on an error of something that is not under test.
func need[T any](w *world, v T, err error) T {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("setting up: %v", err)
	}
	return v
}

func (w *world) must(err error) {
	w.t.Helper()
	need(w, 0, err)
}

// create tries to register an application that is valid but for the changes.
func (w *world) create(changes ...func(*directory.Application)) error {
	_, _, err := w.ops.CreateApplication(w.ctx, w.c, draft(changes...), nil, nil)
	return err
}

func draft(changes ...func(*directory.Application)) *directory.Application {
	a := &directory.Application{DisplayName: "Orders"}
	for _, change := range changes {
		change(a)
	}
	return a
}

// app registers an application that has to be acceptable.
func (w *world) app(changes ...func(*directory.Application)) *directory.Application {
	w.t.Helper()
	a, _, err := w.ops.CreateApplication(w.ctx, w.c, draft(changes...), nil, nil)
	return need(w, a, err)
}

// change tries to change a new application that the first function made.
func (w *world) change(made *directory.Application, change func(*directory.Application)) error {
	return w.ops.ChangeApplication(w.ctx, w.c, made.ID, func(a *directory.Application) error { change(a); return nil })
}

func (w *world) target(a *directory.Application) directory.Target {
	return directory.Target{Kind: directory.KindApplication, ID: a.ID}
}

// sp gives an application a service principal.
func (w *world) sp(a *directory.Application) *directory.ServicePrincipal {
	w.t.Helper()
	sp, err := w.ops.CreateServicePrincipal(w.ctx, w.c, &directory.ServicePrincipal{AppID: a.AppID, AccountEnabled: true})
	return need(w, sp, err)
}

func (w *world) changeSP(sp *directory.ServicePrincipal, change func(*directory.ServicePrincipal)) error {
	return w.ops.ChangeServicePrincipal(w.ctx, w.c, sp.ID, func(p *directory.ServicePrincipal) error { change(p); return nil })
}

const goodPassword = "Correct-Horse-7-Battery"

func (w *world) userDraft(changes ...func(*directory.User)) *directory.User {
	u := &directory.User{UserPrincipalName: "hanako@" + w.domain(), DisplayName: "Hanako", AccountEnabled: true, MailNickname: ptr("hanako")}
	for _, change := range changes {
		change(u)
	}
	return u
}

func (w *world) createUser(password string, changes ...func(*directory.User)) error {
	_, err := w.ops.CreateUser(w.ctx, w.c, w.userDraft(changes...), password)
	return err
}

func (w *world) user(changes ...func(*directory.User)) *directory.User {
	w.t.Helper()
	u, err := w.ops.CreateUser(w.ctx, w.c, w.userDraft(changes...), goodPassword)
	return need(w, u, err)
}

func ptr[T any](v T) *T { return &v }

// list makes n values.
func list[T any](n int, value func(i int) T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = value(i)
	}
	return out
}

// guid is a fixed id for each number.
func guid(n int) directory.ID {
	s := strconv.Itoa(n)
	return directory.ID("aaaaaaaa-0000-4000-8000-" + strings.Repeat("0", 12-len(s)) + s)
}

func scope(n int, value string) directory.PermissionScope {
	return directory.PermissionScope{
		ID: guid(n), Value: ptr(value), Type: "User", IsEnabled: true,
		AdminConsentDisplayName: ptr("Read"), AdminConsentDescription: ptr("Read"),
	}
}

func role(n int, value string, members ...string) directory.AppRole {
	if members == nil {
		members = []string{"Application"}
	}
	return directory.AppRole{ID: guid(n), Value: ptr(value), DisplayName: ptr("Read"), Description: ptr("Read"), IsEnabled: true, AllowedMemberTypes: members}
}

// A keyPair is a certificate with its private key.
type keyPair struct {
	der []byte
	key *rsa.PrivateKey
}

var keyCache sync.Map

// certificate makes a self-signed certificate that is valid through 2026.
func certificate(t *testing.T, name string, bits int) keyPair {
	t.Helper()
	id := name + strconv.Itoa(bits)
	if have, ok := keyCache.Load(id); ok {
		return have.(keyPair)
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	made := keyPair{der, key}
	keyCache.Store(id, made)
	return made
}

// refused is the wanted refusal: its kind and what its text holds.
type refused struct {
	kind directory.RuleKind
	text string
}

func (want refused) check(t *testing.T, err error) {
	t.Helper()
	var got *directory.RuleError
	switch {
	case want == gone:
		if !errors.Is(err, directory.ErrNotFound) {
			t.Fatalf("got %v, want ErrNotFound", err)
		}
	case want.text == "":
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
	case !errors.As(err, &got):
		t.Fatalf("got %v, want a refusal with %q", err, want.text)
	case got.Kind != want.kind || !strings.Contains(got.Message, want.text):
		t.Fatalf("got kind %d %q, want kind %d with %q", got.Kind, got.Message, want.kind, want.text)
	}
}

var (
	fine = refused{}
	gone = refused{-1, "not found"} // stands for ErrNotFound
)

func invalid(text string) refused { return refused{directory.Invalid, text} }

func contains(b, part []byte) bool { return bytes.Contains(b, part) }
