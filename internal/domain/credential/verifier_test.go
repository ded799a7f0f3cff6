package credential

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

var (
	tenant = directory.MustTenantID("4a6b0e00-0000-4000-8000-000000000001")
	begin  = time.Date(2026, 3, 2, 4, 11, 9, 0, time.UTC)
)

type counterKey struct {
	t        directory.TenantID
	user     directory.ID
	familiar bool
}

type counter struct {
	Failures
	last []byte
}

// counters is a LockoutStore in memory, after the words of the interface.
type counters struct {
	LockoutStore
	rows   map[counterKey]*counter
	writes int
	err    error
	asked  chan struct{} // if not nil, one for each look at a counter
}

func (c *counters) Failures(_ context.Context, t directory.TenantID, user directory.ID, familiar bool) (Failures, error) {
	if t.IsZero() {
		return Failures{}, directory.ErrNoTenant
	}
	var found Failures
	if row := c.rows[counterKey{t, user, familiar}]; row != nil {
		found = row.Failures
	}
	if c.asked != nil {
		c.asked <- struct{}{}
	}
	return found, c.err
}

func (c *counters) CountFailure(_ context.Context, t directory.TenantID, user directory.ID, familiar bool, hash []byte, now time.Time, limit int, lock func(int) time.Duration) (Failures, error) {
	k := counterKey{t, user, familiar}
	row := c.rows[k]
	if row == nil {
		row = &counter{}
		c.rows[k] = row
	}
	c.writes++
	if !bytes.Equal(row.last, hash) {
		row.last = hash
		row.Count++
		if row.Count >= limit {
			row.Count = 0
			row.Locks++
			row.LockedUntil = now.Add(lock(row.Locks))
		}
	}
	return row.Failures, c.err
}

func (c *counters) ClearFailures(_ context.Context, t directory.TenantID, user directory.ID, familiar bool) error {
	c.writes++
	delete(c.rows, counterKey{t, user, familiar})
	return c.err
}

// cheap is a PHC string that costs next to nothing.
func cheap(password string) string {
	salt := bytes.Repeat([]byte{3}, saltLen)
	sum := argon2.IDKey([]byte(password), salt, 1, 8, 1, hashLen)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=8,t=1,p=1$%s$%s", enc.EncodeToString(salt), enc.EncodeToString(sum))
}

type world struct {
	*Verifier
	t     *testing.T
	store *counters
	now   time.Time
	user  *directory.User
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: begin, store: &counters{rows: map[counterKey]*counter{}}}
	w.Verifier = &Verifier{
		Passwords: NewPasswords(2, bytes.NewReader(nil)), Store: w.store, Key: bytes.Repeat([]byte{5}, 32), Now: func() time.Time { return w.now },
	}
	w.Passwords.memory = 8
	w.user = &directory.User{TenantID: tenant, ID: "00000000-0000-4000-8000-000000000001", UserPrincipalName: "aoi@hakone.example", AccountEnabled: true, PasswordHash: cheap("right")}
	return w
}

func (w *world) try(u *directory.User, password string, familiar bool) Outcome {
	w.t.Helper()
	got, err := w.Verify(context.Background(), tenant, u, password, familiar)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// tries tries n different wrong passwords and gives the last outcome.
func (w *world) tries(u *directory.User, n int, familiar bool) (last Outcome) {
	w.t.Helper()
	for i := range n {
		last = w.try(u, fmt.Sprintf("wrong %d at %d", i, w.now.Unix()), familiar)
	}
	return last
}

func TestVerify(t *testing.T) {
	disabled := func(u *directory.User) *directory.User { u.AccountEnabled = false; return u }
	none := func(u *directory.User) *directory.User { u.PasswordHash = ""; return u }
	for _, tt := range []struct {
		name     string
		who      func(*directory.User) *directory.User
		password string
		want     Outcome
	}{
		{"right", func(u *directory.User) *directory.User { return u }, "right", OK},
		{"wrong", func(u *directory.User) *directory.User { return u }, "Right", Wrong},
		{"empty", func(u *directory.User) *directory.User { return u }, "", Wrong},
		{"disabled, right: the caller says what that means", disabled, "right", OK},
		{"disabled, wrong", disabled, "wrong", Wrong},
		{"without a password", none, "right", Wrong},
		{"without a password, empty", none, "", Wrong},
		{"unknown", func(*directory.User) *directory.User { return Stranger("nobody@hakone.example") }, "right", Wrong},
		{"unknown, without a name", func(*directory.User) *directory.User { return nil }, "right", Wrong},
		{"257 characters", func(u *directory.User) *directory.User { u.PasswordHash = cheap(strings.Repeat("関", 257)); return u }, strings.Repeat("関", 257), Wrong},
		{"256 characters of four bytes", func(u *directory.User) *directory.User { u.PasswordHash = cheap(strings.Repeat("😀", 256)); return u }, strings.Repeat("😀", 256), OK},
		{"over a kilobyte", func(u *directory.User) *directory.User { return u }, strings.Repeat("x", MaxPassword+1), Wrong},
	} {
		w := newWorld(t)
		if got := w.try(tt.who(w.user), tt.password, false); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// The lock, its growth and its end.
func TestLockout(t *testing.T) {
	for name, who := range map[string]func(*world) *directory.User{
		"account": func(w *world) *directory.User { return w.user },
		"without a password": func(w *world) *directory.User {
			w.user.PasswordHash = ""
			return w.user
		},
		"stranger": func(*world) *directory.User { return Stranger("nobody@hakone.example") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			u := who(w)
			for round, minutes := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
				if got := w.tries(u, lockAfter-1, false); got != Wrong {
					t.Fatalf("round %d: failure 9: %v", round, got)
				}
				if got := w.tries(u, 1, false); got != Locked { // the same as the first of the round, but not as the last
					t.Fatalf("round %d: failure 10: %v", round, got)
				}
				if got := w.try(u, "right", false); got != Locked {
					t.Fatalf("round %d: the right password during the lock: %v", round, got)
				}
				w.now = w.now.Add(minutes*time.Minute - time.Second)
				if got := w.try(u, "right", false); got != Locked {
					t.Fatalf("round %d: a second before the end of %d minutes: %v", round, minutes, got)
				}
				w.now = w.now.Add(time.Second)
			}
		})
	}
}

func TestLockEndsAndSuccessClears(t *testing.T) {
	w := newWorld(t)
	w.tries(w.user, lockAfter, false)
	w.now = w.now.Add(time.Minute)
	if got := w.try(w.user, "right", false); got != OK {
		t.Fatalf("after the lock: %v", got)
	}
	if len(w.store.rows) != 0 {
		t.Errorf("a counter is left: %v", w.store.rows)
	}
	// The next lock is a first one again.
	w.tries(w.user, lockAfter, false)
	w.now = w.now.Add(time.Minute)
	if got := w.try(w.user, "right", false); got != OK {
		t.Errorf("after the second lock: %v", got)
	}
	w.store.writes = 0
	if w.try(w.user, "right", false); w.store.writes != 0 {
		t.Error("a sign-in without failures wrote a counter")
	}
}

func TestSameWrongPasswordCountsOnce(t *testing.T) {
	for name, who := range map[string]func(*world) *directory.User{
		"account":  func(w *world) *directory.User { return w.user },
		"stranger": func(*world) *directory.User { return Stranger("nobody@hakone.example") },
	} {
		w := newWorld(t)
		u := who(w)
		for range 3 * lockAfter {
			if got := w.try(u, "an old password that a phone still has", false); got != Wrong {
				t.Fatalf("%s: %v", name, got)
			}
		}
	}
}

// A stranger's failures do not lock the owner out of the browser that is known.
func TestFamiliarPlaces(t *testing.T) {
	w := newWorld(t)
	if got := w.tries(w.user, lockAfter, false); got != Locked {
		t.Fatalf("unfamiliar: %v", got)
	}
	if got := w.try(w.user, "right", true); got != OK {
		t.Errorf("the owner in a familiar browser: %v", got)
	}
	if got := w.try(w.user, "right", false); got != Locked {
		t.Errorf("the owner's success opened the lock of other places: %v", got)
	}
}

// Locked while this attempt waited for its turn: the right password is too late.
func TestLockIsCheckedAfterTheHash(t *testing.T) {
	w := newWorld(t)
	w.Passwords.slots = make(chan struct{}, 1)
	w.Passwords.slots <- struct{}{}
	w.store.asked = make(chan struct{}, 2)
	got := make(chan Outcome)
	go func() {
		o, err := w.Verify(context.Background(), tenant, w.user, "right", false)
		if err != nil {
			t.Error(err)
		}
		got <- o
	}()
	<-w.store.asked
	w.store.rows[counterKey{tenant, w.user.ID, false}] = &counter{Failures: Failures{Locks: 1, LockedUntil: begin.Add(time.Minute)}}
	<-w.Passwords.slots
	if o := <-got; o != Locked {
		t.Errorf("%v", o)
	}
}

// Nothing that can be asked tells an account from a stranger, in any order of
// tries, pauses and repetitions; and a stranger leaves no row.
func TestStrangersAreLikeAccounts(t *testing.T) {
	w := newWorld(t)
	w.user.PasswordHash = ""
	stranger := Stranger("Nobody@Hakone.example")
	for i := range 150 {
		password := fmt.Sprint("wrong ", i*i%17)
		familiar := i%3 == 0
		a, b := w.try(w.user, password, familiar), w.try(stranger, password, familiar)
		if a != b {
			t.Fatalf("try %d: the account %v, the stranger %v", i, a, b)
		}
		if i%4 == 0 {
			w.now = w.now.Add(time.Duration(i) * time.Second)
		}
		if i == 70 {
			stranger = Stranger("nobody@hakone.EXAMPLE") // another spelling is no fresh start
		}
	}
	if len(w.store.rows) != 2 {
		t.Errorf("%d rows, want the account's two", len(w.store.rows))
	}
}

func TestStrangersAreBounded(t *testing.T) {
	var s strangers
	id := func(i int) strangerKey { return strangerKey{id: directory.ID(fmt.Sprint(i))} }
	for i := range maxStrangers + 10 {
		s.count(id(i), []byte{1}, begin)
	}
	if len(s.known) != maxStrangers || s.byUse.Len() != maxStrangers {
		t.Errorf("%d remembered, %d in order", len(s.known), s.byUse.Len())
	}
	if s.failures(id(0), begin).Count != 0 || s.failures(id(maxStrangers+9), begin).Count != 1 {
		t.Error("the wrong ones were forgotten")
	}
	if s.failures(id(maxStrangers+9), begin.Add(ForgetFailures)).Count != 0 {
		t.Error("a day later it is still known")
	}
}

func TestVerifyStorageFailure(t *testing.T) {
	w := newWorld(t)
	w.store.err = directory.ErrUnavailable
	for name, u := range map[string]*directory.User{"account": w.user, "stranger": Stranger("x")} {
		if got, err := w.Verify(context.Background(), tenant, u, "right", false); got != Wrong || !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestVerifyWithoutTenant(t *testing.T) {
	w := newWorld(t)
	if got, err := w.Verify(context.Background(), directory.TenantID{}, Stranger("x@nowhere.example"), "right", false); got != Wrong || err != nil {
		t.Errorf("a stranger of an unknown domain: %v, %v", got, err)
	}
	if _, err := w.Verify(context.Background(), directory.TenantID{}, w.user, "right", false); !errors.Is(err, directory.ErrNoTenant) {
		t.Errorf("an account without its tenant: %v", err)
	}
}

// Beyond a bounded queue the answer is "busy", at once.
func TestVerifyBusy(t *testing.T) {
	w := newWorld(t)
	w.Passwords.slots = make(chan struct{}, 1)
	w.Passwords.slots <- struct{}{}
	w.Passwords.waiting.Store(maxWaiting)
	for name, u := range map[string]*directory.User{"account": w.user, "stranger": Stranger("x")} {
		if got, err := w.Verify(context.Background(), tenant, u, "right", false); got != Wrong || !errors.Is(err, aadsts.Busy) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := w.Passwords.HashPassword(context.Background(), "x"); err == nil {
		t.Error("hashing without randomness")
	}
	if err := w.Passwords.waste(context.Background(), "x"); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("busy is no unavailability: %v", err)
	}
	if n := w.Passwords.waiting.Load(); n != maxWaiting {
		t.Errorf("%d wait after all were refused", n)
	}
	<-w.Passwords.slots
	if got := w.try(w.user, "right", false); got != OK {
		t.Errorf("with a free slot: %v", got)
	}
}
