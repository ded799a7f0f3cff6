package authorization_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

func TestCode(t *testing.T) {
	w := newWorld(t)
	value := w.issue(directory.PlatformWeb)
	found, err := w.Find(t.Context(), value)
	if err != nil || found.Client != app || found.User != hana || !found.ExpiresAt.Equal(start.Add(authorization.CodeLife)) {
		t.Fatalf("%+v, %v", found, err)
	}
	token, use, err := w.redeem(t.Context(), value)
	if err != nil || !strings.HasPrefix(token, "1.") || use.Home.ID != hana || use.Family.ID == "" {
		t.Fatalf("%q, %+v, %v", token, use, err)
	}
	f, err := w.db.Family(t.Context(), home, use.Family.ID)
	if err != nil || !f.Refreshable || f.Generation != 1 || f.Client != app || f.Scope != "User.Read offline_access" {
		t.Errorf("%+v, %v", f, err)
	}
	if strings.Contains(token, string(f.Secret)) {
		t.Error("the store keeps the secret itself")
	}
}

func TestCodeWithoutOfflineAccess(t *testing.T) {
	w := newWorld(t)
	found, err := w.Find(t.Context(), w.issue(directory.PlatformSPA))
	if err != nil {
		t.Fatal(err)
	}
	use, err := w.Redeem(t.Context(), found)
	if err != nil {
		t.Fatal(err)
	}
	token, err := w.commit(t.Context(), use, false, start.Add(75*time.Minute))
	if err != nil || token != "" {
		t.Fatalf("%q, %v", token, err)
	}
	f, err := w.db.Family(t.Context(), home, use.Family.ID)
	if err != nil || f.Refreshable || !f.ExpiresAt.Equal(start.Add(75*time.Minute)) {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestCodeThatIsNone(t *testing.T) {
	w := newWorld(t)
	value := w.issue(directory.PlatformWeb)
	unknown := value[:len(value)-4] + "AAAA"
	for text, want := range map[string]aadsts.Code{
		"": aadsts.GarbledGrant, "x": aadsts.GarbledGrant, value[:20]: aadsts.GarbledGrant, value + "A": aadsts.GarbledGrant,
		" " + value: aadsts.GarbledGrant, unknown: aadsts.InvalidGrant, w.begin(directory.PlatformWeb): aadsts.GarbledGrant,
	} {
		_, err := w.Find(t.Context(), text)
		wants(t, text, "", err, want)
	}
}

func TestCodeExpires(t *testing.T) {
	w := newWorld(t)
	in, out := w.issue(directory.PlatformWeb), w.issue(directory.PlatformWeb)
	w.pass(authorization.CodeLife - time.Microsecond)
	if _, _, err := w.redeem(t.Context(), in); err != nil {
		t.Errorf("just in time: %v", err)
	}
	w.pass(time.Microsecond)
	token, _, err := w.redeem(t.Context(), out)
	wants(t, "too late", token, err, aadsts.ExpiredGrant)
}

// A code that comes again revokes what it gave, also when it would have expired.
func TestCodeTwice(t *testing.T) {
	for _, later := range []time.Duration{0, time.Minute, time.Hour} {
		w := newWorld(t)
		value := w.issue(directory.PlatformWeb)
		token, use, err := w.redeem(t.Context(), value)
		if err != nil {
			t.Fatal(err)
		}
		next := w.works("before the replay", token)
		w.pass(later)
		again, _, err := w.redeem(t.Context(), value)
		wants(t, "the code again", again, err, aadsts.CodeRedeemed)
		w.refused("the refresh token it gave", token, aadsts.GrantRevoked)
		w.refused("the one after it", next, aadsts.GrantRevoked)
		if f, err := w.db.Family(t.Context(), home, use.Family.ID); err != nil || !f.RevokedAt.Equal(start.Add(later)) {
			t.Errorf("%+v, %v", f, err)
		}
	}
}

// Of many redemptions at once one gets an answer, and what it got is revoked: who
// raced is not known.
func TestCodeInParallel(t *testing.T) {
	w := newWorld(t)
	value := w.issue(directory.PlatformWeb)
	const racers = 20
	var tokens []string
	var failed []error
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range racers {
		wg.Go(func() {
			token, _, err := w.redeem(context.Background(), value)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				tokens = append(tokens, token)
			} else {
				failed = append(failed, err)
			}
		})
	}
	wg.Wait()
	if len(tokens) != 1 {
		t.Fatalf("%d redemptions were answered: %v", len(tokens), failed)
	}
	for _, err := range failed {
		wants(t, "a racer", "", err, aadsts.CodeRedeemed)
	}
	w.refused("the winner's refresh token", tokens[0], aadsts.GrantRevoked)
}

// Whatever the storage does, a token leaves only after all was written, and what
// was not written can be tried again.
func TestFailingStorage(t *testing.T) {
	full := errors.New("disk full")
	for _, op := range []sqlstore.Op{sqlstore.OpRead, sqlstore.OpWrite, sqlstore.OpCommit} {
		t.Run(string(op), func(t *testing.T) {
			w := newWorld(t)
			value := w.issue(directory.PlatformSPA)
			w.db.FailNext(op, full)
			token, _, err := w.redeem(t.Context(), value)
			if !errors.Is(err, directory.ErrUnavailable) || token != "" {
				t.Fatalf("%q, %v", token, err)
			}
			if _, _, err = w.redeem(t.Context(), value); err != nil {
				t.Fatalf("again: %v", err)
			}
		})
	}
	for _, op := range []sqlstore.Op{sqlstore.OpRead, sqlstore.OpWrite} {
		t.Run("refresh "+string(op), func(t *testing.T) {
			w := newWorld(t)
			token := w.begin(directory.PlatformSPA)
			w.db.FailNext(op, full)
			if got, err := w.refresh(token); !errors.Is(err, directory.ErrUnavailable) || got != "" {
				t.Errorf("%q, %v", got, err)
			}
			w.pass(time.Hour)
			w.works("a refresh that failed had not rotated", token)
		})
	}
}

// lossy commits and then loses the answer.
type lossy struct{ authorization.Store }

func (l lossy) RedeemCode(ctx context.Context, t directory.TenantID, hash []byte, at time.Time, f *authorization.Family) error {
	return errors.Join(l.Store.RedeemCode(ctx, t, hash, at, f), directory.ErrUnavailable)
}

func (l lossy) RotateFamily(ctx context.Context, home directory.TenantID, id directory.ID, from int64, at, expires time.Time) error {
	return errors.Join(l.Store.RotateFamily(ctx, home, id, from, at, expires), directory.ErrUnavailable)
}

// A commit whose answer is lost has happened: the code grants nothing a second
// time, and a refresh token is the one before the newest.
func TestCommitWhoseAnswerIsLost(t *testing.T) {
	w := newWorld(t)
	value, token := w.issue(directory.PlatformSPA), w.begin(directory.PlatformSPA)
	w.Store = lossy{w.db}
	if token, _, err := w.redeem(t.Context(), value); !errors.Is(err, directory.ErrUnavailable) || token != "" {
		t.Fatalf("%q, %v", token, err)
	}
	if token, err := w.refresh(token); !errors.Is(err, directory.ErrUnavailable) || token != "" {
		t.Fatalf("%q, %v", token, err)
	}
	w.Store = w.db
	got, _, err := w.redeem(t.Context(), value)
	wants(t, "the code again", got, err, aadsts.CodeRedeemed)
	w.works("the refresh token again", token)
}

func TestPersonOfACode(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*world)
		want   aadsts.Code
	}{
		"disabled": {func(w *world) { w.change(home, hana, func(u *directory.User) { u.AccountEnabled = false }) }, aadsts.AccountDisabled},
		"deleted":  {func(w *world) { w.delete(home, hana) }, aadsts.AccountNotFound},
		"revoked": {func(w *world) {
			w.change(home, hana, func(u *directory.User) { u.SessionsValidFrom = start.Add(time.Microsecond) })
		}, aadsts.GrantRevoked},
		"tenant disabled": {func(w *world) {
			if err := w.db.ChangeTenant(t.Context(), home, func(t *directory.Tenant) error { t.Disabled = true; return nil }, event()); err != nil {
				t.Fatal(err)
			}
		}, aadsts.TenantNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			value, token := w.issue(directory.PlatformWeb), w.begin(directory.PlatformWeb)
			tt.change(w)
			got, _, err := w.redeem(t.Context(), value)
			wants(t, "code", got, err, tt.want)
			w.refused("refresh token", token, tt.want)
		})
	}
}

func TestPersonAbroad(t *testing.T) {
	w := newWorld(t)
	p, err := w.FindRefreshToken(t.Context(), w.begin(directory.PlatformWeb))
	if err != nil {
		t.Fatal(err)
	}
	use, err := w.Refresh(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	for tenant, want := range map[directory.TenantID]directory.ID{home: hana, abroad: guest} {
		if u, err := w.In(t.Context(), use, tenant); err != nil || u.ID != want || u.TenantID != tenant {
			t.Errorf("%v: %+v, %v", tenant, u, err)
		}
	}
	if u, err := w.In(t.Context(), use, stranger); !errors.Is(err, directory.ErrNotFound) || u != nil {
		t.Errorf("where the person is nobody: %+v, %v", u, err)
	}
	w.change(abroad, guest, func(u *directory.User) { u.AccountEnabled = false })
	if _, err := w.In(t.Context(), use, abroad); !errors.Is(err, aadsts.AccountDisabled) {
		t.Errorf("a disabled guest: %v", err)
	}
}

func TestConfiguration(t *testing.T) {
	w := newWorld(t)
	for name, spoil := range map[string]func(*authorization.Config){
		"no store": func(c *authorization.Config) { c.Store = nil }, "short key": func(c *authorization.Config) { c.Key = c.Key[:31] },
		"no clock": func(c *authorization.Config) { c.Now = nil }, "no randomness": func(c *authorization.Config) { c.Rand = nil },
	} {
		c := w.Config
		spoil(&c)
		if _, err := authorization.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
