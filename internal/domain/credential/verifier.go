package credential

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// Outcome is what became of a password. Its zero value lets nobody in.
type Outcome int

// The outcomes.
const (
	// Wrong: no such account, no password, or another one.
	Wrong Outcome = iota
	// OK: the password is the account's. Whether the account may sign in, as one
	// that is disabled may not, is for the caller to judge now: whoever proved the
	// password may hear it.
	OK
	// Locked: too many were wrong. Even the right password is not looked at.
	Locked
)

// Smart lock-out, as on the platform: ten different wrong passwords lock an
// account for a minute, the next ten for twice as long, up to an hour.
const (
	lockAfter = 10
	firstLock = time.Minute
	longLock  = time.Hour
	// ForgetFailures is how long a counter stays after its last failure; whoever
	// sweeps counters uses it.
	ForgetFailures = 24 * time.Hour
)

// maxCharacters is what a password may have; more are not looked at.
const maxCharacters = 256

// lockFor is the length of a lock, by how many there were in a row with it.
func lockFor(locks int) time.Duration {
	d := firstLock
	for ; locks > 1 && d < longLock; locks-- {
		d *= 2
	}
	return min(d, longLock)
}

// Verifier checks the passwords of people who sign in. It is safe for concurrent
// use and must not be copied.
type Verifier struct {
	Passwords *Passwords
	Store     LockoutStore
	// Key keys the hashes of wrong passwords, at least 32 bytes.
	Key []byte
	Now func() time.Time

	strangers strangers
}

// Stranger stands for an account that does not exist, under the name that was
// typed: Verify counts for it as for any other, so that nobody learns from a lock
// who has an account here.
func Stranger(name string) *directory.User { return &directory.User{UserPrincipalName: name} }

// Verify checks the password of an account in its home tenant t. Where there is
// none, u is Stranger(name) and t the tenant of the name's domain, or zero; nil
// is a stranger without a name. familiar says that the account was signed in
// before in this browser; such tries have a counter of their own.
//
// The error is aadsts.Busy where too many wait, or a failure of the storage: then
// nothing is known.
func (v *Verifier) Verify(ctx context.Context, t directory.TenantID, u *directory.User, password string, familiar bool) (Outcome, error) {
	if len(password) > MaxPassword || utf8.RuneCountInString(password) > maxCharacters {
		return Wrong, nil // nobody has such a password, so it tells nothing
	}
	a := v.account(t, u, familiar)
	outcome, err := v.verify(ctx, a, password)
	if errors.Is(err, ErrBusy) {
		return Wrong, aadsts.New(aadsts.Busy).Because(err)
	}
	return outcome, err
}

func (v *Verifier) verify(ctx context.Context, a account, password string) (Outcome, error) {
	if f, err := a.failures(ctx); err != nil || v.locked(f) {
		return orLocked(err)
	}
	ok, err := a.check(ctx, password)
	if err != nil {
		return Wrong, fmt.Errorf("checking a password: %w", err)
	}
	if !ok {
		f, err := a.count(ctx, v.failureHash(a, password))
		if err != nil || v.locked(f) {
			return orLocked(err)
		}
		return Wrong, nil
	}
	// Others may have failed while this one waited for its turn.
	f, err := a.failures(ctx)
	if err != nil || v.locked(f) {
		return orLocked(err)
	}
	if f.Count != 0 || f.Locks != 0 {
		if err := a.clear(ctx); err != nil {
			return Wrong, fmt.Errorf("clearing failed sign-ins: %w", err)
		}
	}
	return OK, nil
}

func orLocked(err error) (Outcome, error) {
	if err != nil {
		return Wrong, fmt.Errorf("counting failed sign-ins: %w", err)
	}
	return Locked, nil
}

func (v *Verifier) locked(f Failures) bool { return v.Now().Before(f.LockedUntil) }

// failureHash tells two wrong passwords of an account apart. It is keyed, short
// and of this account alone, so that a copy of the database says little of a
// password that was nearly right.
func (v *Verifier) failureHash(a account, password string) []byte {
	return v.mac("wrong password", a.t.String(), string(a.id), password)[:8]
}

// mac joins the parts with a byte that no text here has.
func (v *Verifier) mac(parts ...string) []byte {
	m := hmac.New(sha256.New, v.Key)
	for _, p := range parts {
		m.Write([]byte(p))
		m.Write([]byte{0xff})
	}
	return m.Sum(nil)
}

// account is whose password is checked: one that exists, or a stranger.
type account struct {
	*Verifier
	t        directory.TenantID
	id       directory.ID
	hash     string // PHC, "" without a password
	familiar bool
	stranger bool
}

func (v *Verifier) account(t directory.TenantID, u *directory.User, familiar bool) account {
	if u != nil && u.ID != "" {
		return account{Verifier: v, t: t, id: u.ID, hash: u.PasswordHash, familiar: familiar}
	}
	name := ""
	if u != nil {
		name = norm.NFC.String(cases.Fold().String(norm.NFC.String(u.UserPrincipalName)))
	}
	if t.IsZero() {
		t = directory.Installation
	}
	id := directory.IDFromBytes([16]byte(v.mac("stranger", t.String(), name)))
	return account{Verifier: v, t: t, id: id, familiar: familiar, stranger: true}
}

// failures reads the counter. A stranger's is in memory; the database is asked
// all the same, since the time that takes can be seen from outside.
func (a account) failures(ctx context.Context) (Failures, error) {
	f, err := a.Store.Failures(ctx, a.t, a.id, a.familiar)
	if err == nil && a.stranger {
		f = a.strangers.failures(a.key(), a.Now())
	}
	return f, err
}

func (a account) check(ctx context.Context, password string) (bool, error) {
	if a.hash == "" {
		return false, a.Passwords.waste(ctx, password)
	}
	return a.Passwords.CheckPassword(ctx, a.hash, password)
}

// count counts a failure. For a stranger no row is written: rows are for accounts
// that exist, or whoever likes could fill the table. A statement that changes
// nothing takes the place of the write.
func (a account) count(ctx context.Context, hash []byte) (Failures, error) {
	now := a.Now()
	if !a.stranger {
		return a.Store.CountFailure(ctx, a.t, a.id, a.familiar, hash, now, lockAfter, lockFor)
	}
	if err := a.Store.ClearFailures(ctx, a.t, a.id, a.familiar); err != nil {
		return Failures{}, err
	}
	return a.strangers.count(a.key(), hash, now), nil
}

func (a account) clear(ctx context.Context) error {
	return a.Store.ClearFailures(ctx, a.t, a.id, a.familiar)
}

func (a account) key() strangerKey { return strangerKey{a.t, a.id, a.familiar} }
