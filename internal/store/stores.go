// Package store is the list of the seams between the domain and what keeps its
// objects: nothing but their names. The interfaces lie beside the domain that
// uses them; sqlstore implements all of them, storetest says what every backend
// must do.
package store

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/clientauth"
	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

// Stores are the seams. A test may fill only those it needs.
type Stores struct {
	Tenants           directory.TenantStore
	Applications      directory.ApplicationStore
	ServicePrincipals directory.ServicePrincipalStore
	Deleted           directory.DeletedStore
	Assignments       directory.AssignmentStore
	Grants            directory.GrantStore
	Users             directory.UserStore
	Policies          directory.PolicyStore
	Changes           directory.ChangeFeed
	Logs              Logs
	Sessions          session.Store
	Authorizations    authorization.Store
	Lockouts          credential.LockoutStore
	Roles             directory.RoleStore
	Identities        directory.IdentityStore
	Consents          directory.ConsentStore
	SignIns           audit.SignIns
	Refusals          audit.Refusals
	SigningKeys       signingkey.Store
	DataKeys          envelope.Store
	Leases            Leases
	Assertions        Assertions
	Installation      Installation
}

// Logs are what every change of an object leaves behind it: entries of the change
// log and audit events. Each sweep removes those of before a time, a few at a time,
// and says how many.
type Logs interface {
	// SweepChanges: a reader of the feed that was away for longer learns from the
	// missing numbers.
	SweepChanges(ctx context.Context, before time.Time, limit int) (int, error)
	SweepDirectoryEvents(ctx context.Context, before time.Time, limit int) (int, error)
}

// Leases let one node at a time do what only one may.
type Leases interface {
	// TakeLease takes or extends the lease until the time and reports whether
	// holder has it. A lease whose time has passed is free.
	TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error)
	// ReleaseLease frees the lease at once if holder has it.
	ReleaseLease(ctx context.Context, name, holder string) error
}

// Assertions remembers client assertions of applications that allow each only
// once (RFC 7523 §3, jti).
type Assertions interface {
	clientauth.Assertions
	// SweepAssertions removes those that expired before the time, a few at a
	// time, and says how many.
	SweepAssertions(ctx context.Context, before time.Time, limit int) (int, error)
}

// Installation is what is true of the database as a whole.
type Installation interface {
	// Mark reads a mark, "" if it was never set. The server says what each of its
	// marks means.
	Mark(ctx context.Context, name string) (string, error)
	SetMark(ctx context.Context, name, value string) error
}
