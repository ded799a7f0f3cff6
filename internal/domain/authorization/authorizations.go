package authorization

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/opaque"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// Lives of what is handed out.
const (
	// CodeLife is how long a code waits (RFC 6749 §4.1.2 recommends no more).
	CodeLife = 10 * time.Minute
	// IdleLimit is how long a refresh token may lie unused. Each use gives a new
	// one, so there is no limit to a family as a whole.
	IdleLimit = 90 * 24 * time.Hour
	// SPALimit is how long after its sign-in a family of a single-page
	// application lives, however often it is used.
	SPALimit = 24 * time.Hour
	// DefaultGrace is how long the refresh token before the newest is still
	// answered in families that rotate: tabs and processes of one client use the
	// same one at the same time.
	DefaultGrace = time.Minute
)

// Users finds accounts. Only living ones are found.
type Users interface {
	User(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.User, error)
}

// Tenants finds tenants.
type Tenants interface {
	TenantByName(ctx context.Context, name string) (*directory.Tenant, error)
}

// Config is what Authorizations need; every field unless it says otherwise.
type Config struct {
	Store      Store
	Tenants    Tenants
	Users      Users
	Identities directory.IdentityStore
	Minter     *opaque.Minter
	// Key authenticates refresh tokens and hides the secrets of families in the
	// store; at least 32 bytes.
	Key []byte
	// Rand is a cryptographically secure source.
	Rand io.Reader
	Now  func() time.Time
	// Grace is DefaultGrace where it is zero; no grace where it is negative.
	Grace time.Duration
}

// Authorizations issues and redeems codes and refresh tokens. It is safe for
// concurrent use if its source of randomness is.
type Authorizations struct {
	Config
}

// New checks the configuration.
func New(c Config) (*Authorizations, error) {
	if c.Store == nil || c.Tenants == nil || c.Users == nil || c.Identities == nil || c.Minter == nil || len(c.Key) < 32 || c.Rand == nil || c.Now == nil {
		return nil, errors.New("authorization: a field of the configuration is missing or too short")
	}
	if c.Grace == 0 {
		c.Grace = DefaultGrace
	}
	return &Authorizations{c}, nil
}

// now is the time as the store keeps it.
func (a *Authorizations) now() time.Time { return a.Now().UTC().Truncate(time.Microsecond) }

// IssueCode writes a code and gives its value. The code is kept in the tenant
// that the person signed in to; its times are set here.
func (a *Authorizations) IssueCode(ctx context.Context, c *Code) (string, error) {
	value, hash, err := a.Minter.Mint(opaque.Code, c.Tenant)
	if err != nil {
		return "", err
	}
	c.IssuedAt = a.now()
	c.ExpiresAt = c.IssuedAt.Add(CodeLife)
	if err := a.Store.CreateCode(ctx, c.Tenant, hash, c); err != nil {
		return "", fmt.Errorf("writing a code: %w", err)
	}
	return value, nil
}

// Found is a code that somebody presented. Nothing about it is judged yet.
type Found struct {
	*Code
	redeemed Redemption
	hash     []byte
}

// Find finds a code by its value: AADSTS9002313 for what no code looks like,
// AADSTS70000 where there is none.
func (a *Authorizations) Find(ctx context.Context, value string) (*Found, error) {
	t, hash, err := a.Minter.Parse(opaque.Code, value)
	if err != nil {
		return nil, aadsts.New(aadsts.GarbledGrant).Because(err)
	}
	c, r, err := a.Store.Code(ctx, t, hash)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, aadsts.New(aadsts.InvalidGrant)
	}
	if err != nil {
		return nil, fmt.Errorf("finding a code: %w", err)
	}
	return &Found{Code: c, redeemed: r, hash: hash}, nil
}

// CheckFresh refuses a code that was redeemed or has expired. A code that comes
// again revokes what it gave (RFC 6749 §4.1.2): whoever presents it may have
// stolen it, or had it stolen.
func (a *Authorizations) CheckFresh(ctx context.Context, f *Found) error {
	if !f.redeemed.At.IsZero() {
		return a.replayed(ctx, f.redeemed)
	}
	if !a.now().Before(f.ExpiresAt) {
		return aadsts.New(aadsts.ExpiredGrant)
	}
	return nil
}

func (a *Authorizations) replayed(ctx context.Context, r Redemption) error {
	err := a.Store.RevokeFamily(ctx, r.HomeTenant, r.Family, a.now())
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return fmt.Errorf("revoking what a code gave: %w", err)
	}
	return aadsts.New(aadsts.CodeRedeemed)
}
