package credential

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Failures is what is counted of an account's failed sign-ins. Familiar places
// (browsers in which the account was signed in before) are counted apart from
// others, so that a stranger cannot lock out the owner.
type Failures struct {
	Count       int
	LockedUntil time.Time // zero while not locked
	Locks       int       // in a row, each longer than the one before
}

// LockoutStore counts. The tenant comes first and the zero tenant is
// directory.ErrNoTenant; a failure of the storage wraps directory.ErrUnavailable.
type LockoutStore interface {
	// Failures reads the counter; zero if there is none.
	Failures(ctx context.Context, t directory.TenantID, user directory.ID, familiar bool) (Failures, error)
	// CountFailure counts one failure with the keyed hash of the wrong password,
	// as one act: the same hash as the last one does not count again. When the
	// count reaches the limit it starts anew and the lock is set until now plus
	// lock(locks in a row). It returns the counter as it stands then.
	CountFailure(ctx context.Context, t directory.TenantID, user directory.ID, familiar bool, hash []byte, now time.Time, limit int, lock func(locks int) time.Duration) (Failures, error)
	// ClearFailures forgets the counter after a success.
	ClearFailures(ctx context.Context, t directory.TenantID, user directory.ID, familiar bool) error
	// SweepFailures removes counters untouched since the time, a few at a time,
	// and says how many.
	SweepFailures(ctx context.Context, before time.Time, limit int) (int, error)
}
