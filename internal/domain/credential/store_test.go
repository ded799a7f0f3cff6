package credential_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

var (
	hakone = directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")
	start  = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)
)

// stored is a verifier on a real database, with one person in it.
func stored(t *testing.T, now *time.Time, password string) (*credential.Verifier, *sqlstore.DB, *directory.User) {
	t.Helper()
	ctx := context.Background()
	clock := func() time.Time { return *now }
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
	passwords := credential.NewPasswords(2, bytes.NewReader(make([]byte, 64)))
	u := &directory.User{
		TenantID: hakone, ID: "a0000000-0000-4000-8000-000000000001", CreatedAt: start, UserPrincipalName: "aoi@hakone.example",
		DisplayName: "Aoi", AccountEnabled: true, SessionsValidFrom: start, PasswordChangedAt: start,
	}
	if password != "" {
		if u.PasswordHash, err = passwords.HashPassword(ctx, password); err != nil {
			t.Fatal(err)
		}
	}
	seed := &directory.TenantSeed{Tenant: &directory.Tenant{ID: hakone, DisplayName: "Hakone", CreatedAt: start}, Users: []*directory.User{u}}
	if err := db.CreateTenant(ctx, seed, &audit.Event{At: start, Activity: "test"}); err != nil {
		t.Fatal(err)
	}
	return &credential.Verifier{Passwords: passwords, Store: db, Key: bytes.Repeat([]byte{5}, 32), Now: clock}, db, u
}

// The counter of strangers in memory answers as the one in the database does,
// through locks, pauses and repetitions.
func TestStrangersAreLikeStoredAccounts(t *testing.T) {
	now := start
	v, _, u := stored(t, &now, "")
	stranger := credential.Stranger("nobody@hakone.example")
	locks := 0
	for i := range 40 {
		password := fmt.Sprint("wrong ", i/2*7%11)
		a, err := v.Verify(context.Background(), hakone, u, password, false)
		if err != nil {
			t.Fatal(err)
		}
		b, err := v.Verify(context.Background(), hakone, stranger, password, false)
		if err != nil {
			t.Fatal(err)
		}
		if a != b {
			t.Fatalf("try %d: the account %v, the stranger %v", i, a, b)
		}
		if a == credential.Locked {
			locks++
			now = now.Add(31 * time.Second)
		}
	}
	if locks < 2 {
		t.Errorf("%d tries met a lock", locks)
	}
}

// A burst of guesses at once gains no more than one after another: the right one
// among them opens nothing once ten were wrong.
func TestBurstOfGuesses(t *testing.T) {
	now := start
	v, db, u := stored(t, &now, "right")
	outcomes := make([]credential.Outcome, 24)
	var wait sync.WaitGroup
	for i := range outcomes {
		wait.Go(func() {
			var err error
			if outcomes[i], err = v.Verify(context.Background(), hakone, u, fmt.Sprint("guess ", i), false); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	wrong := 0
	for _, o := range outcomes {
		switch o {
		case credential.Wrong:
			wrong++
		case credential.OK:
			t.Error("a wrong password was right")
		}
	}
	// Nine answers before the lock say that a guess was wrong; none after it says
	// anything.
	if wrong != 9 {
		t.Errorf("%d of %d guesses were answered", wrong, len(outcomes))
	}
	if o, err := v.Verify(context.Background(), hakone, u, "right", false); o != credential.Locked || err != nil {
		t.Errorf("the right password after the burst: %v, %v", o, err)
	}
	f, err := db.Failures(context.Background(), hakone, u.ID, false)
	if err != nil || f.Locks == 0 {
		t.Errorf("counted %+v, %v", f, err)
	}
}
