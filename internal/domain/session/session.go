package session

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Session is one account signed in to one browser.
type Session struct {
	Tenant directory.TenantID // home tenant of the account
	ID     directory.ID       // public name, the `sid` claim
	User   directory.ID

	CreatedAt time.Time
	// AuthTime is when the person last proved who they are (OpenID Connect Core
	// §2, auth_time).
	AuthTime time.Time
	// Methods are how, by the names of RFC 8176 as the platform uses them: "pwd".
	Methods []string
	// Persistent sessions outlive the browser ("keep me signed in").
	Persistent bool
	SeenAt     time.Time
	ExpiresAt  time.Time // without another visit; never after the absolute limit

	// Place of the last proof.
	IPAddress string
	UserAgent string // cut to 40 bytes
}

// A Client is an application that took part in a session: it hears of the
// sign-out.
type Client struct {
	Tenant directory.TenantID // where it signed the account in
	AppID  directory.ID
}

// Store keeps sessions. The tenant comes first and the zero tenant is
// directory.ErrNoTenant; what is not there is directory.ErrNotFound; a failure of
// the storage wraps directory.ErrUnavailable. Rows are never shared between
// tenants: a secret presented with another tenant finds nothing.
type Store interface {
	// CreateSession writes a session under the hash of its secret.
	CreateSession(ctx context.Context, t directory.TenantID, s *Session, secret []byte) error
	// SessionBySecret finds a session. Expiry is for the caller to judge.
	SessionBySecret(ctx context.Context, t directory.TenantID, secret []byte) (*Session, error)
	// Session finds a session by its public name.
	Session(ctx context.Context, t directory.TenantID, id directory.ID) (*Session, error)
	// RenewSession replaces secret, AuthTime, Methods, Persistent, SeenAt,
	// ExpiresAt and place in one act, if old is still the secret: of two that
	// race, one gets ErrNotFound.
	RenewSession(ctx context.Context, t directory.TenantID, s *Session, old, secret []byte) error
	// TouchSession moves SeenAt and ExpiresAt.
	TouchSession(ctx context.Context, t directory.TenantID, id directory.ID, seen, expires time.Time) error
	// EndSession removes a session with its clients, if it is there, and gives
	// them.
	EndSession(ctx context.Context, t directory.TenantID, id directory.ID) ([]Client, error)
	// JoinSession notes a client; one noted before stays. No more than MaxClients
	// are kept for a session.
	JoinSession(ctx context.Context, t directory.TenantID, id directory.ID, c Client) error
	// SweepSessions removes sessions that expired before the time, a few at a
	// time, and says how many.
	SweepSessions(ctx context.Context, before time.Time, limit int) (int, error)
}

// MaxClients bounds the applications that are remembered for a session.
const MaxClients = 100
