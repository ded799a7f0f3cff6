package session_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// stored puts a real database under the world, with one user in it.
func stored(t *testing.T) (*world, *sqlstore.DB, *directory.User) {
	t.Helper()
	ctx := context.Background()
	w := newWorld(t)
	clock := func() time.Time { return w.now }
	db, err := sqlstore.Open(ctx, sqlstore.Config{URL: filepath.Join(t.TempDir(), "t.db"), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	u := w.user(home, 1)
	u.UserPrincipalName, u.DisplayName, u.CreatedAt = "aoi@hakone.example", "Aoi", begin
	seed := &directory.TenantSeed{Tenant: &directory.Tenant{ID: home, DisplayName: "Hakone", CreatedAt: begin}, Users: []*directory.User{u}}
	if err := db.CreateTenant(ctx, seed, &audit.Event{At: begin, Activity: "test"}); err != nil {
		t.Fatal(err)
	}
	w.Store, w.Users = db, db
	return w, db, u
}

// A session is the same before and after it was stored, through all its changes.
func TestStoredSession(t *testing.T) {
	w, db, u := stored(t)
	ctx := context.Background()
	w.now = begin.Add(123456789) // finer than the database keeps
	l := w.start(u, session.Password)
	check := func(step string) {
		t.Helper()
		got := w.load(l.Secret())
		if len(got) != 1 {
			t.Fatalf("%s: %d sessions", step, len(got))
		}
		same := cmp.Comparer(func(a, b directory.TenantID) bool { return a == b })
		if diff := cmp.Diff(l.Session, got[0].Session, same); diff != "" {
			t.Errorf("%s: %s", step, diff)
		}
	}
	check("started")
	w.now = w.now.Add(2 * time.Hour)
	if err := w.Touch(ctx, &l); err != nil {
		t.Fatal(err)
	}
	check("touched")
	if err := w.Renew(ctx, &l, []string{"pwd", "mfa"}); err != nil {
		t.Fatal(err)
	}
	check("renewed")
	if err := w.Stay(ctx, &l); err != nil {
		t.Fatal(err)
	}
	check("stays")
	// What happens to the account counts at the next look.
	change := func(f func(*directory.User)) {
		t.Helper()
		err := db.ChangeUser(ctx, home, u.ID, func(u *directory.User) error { f(u); return nil }, &audit.Event{At: w.now, Activity: "test"})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(func(u *directory.User) { u.AccountEnabled = false })
	if got := w.load(l.Secret()); len(got) != 0 {
		t.Error("a disabled account is signed in")
	}
	change(func(u *directory.User) { u.AccountEnabled = true })
	check("enabled again")
	change(func(u *directory.User) { u.SessionsValidFrom = w.now.Add(time.Microsecond) })
	if got := w.load(l.Secret()); len(got) != 0 {
		t.Error("a revoked session is good")
	}
}

// Of those who renew one session at once, with the same secret, one gets the new
// secret and the others nothing.
func TestRenewedOnce(t *testing.T) {
	w, _, u := stored(t)
	l := w.start(u, session.Password)
	var won atomic.Int64
	var wait sync.WaitGroup
	for range 8 {
		mine := l
		wait.Go(func() {
			switch err := w.Renew(context.Background(), &mine, []string{session.Password}); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, directory.ErrNotFound):
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 || len(w.load(l.Secret())) != 0 {
		t.Errorf("%d renewals; the old secret gives %v", won.Load(), w.load(l.Secret()))
	}
}
