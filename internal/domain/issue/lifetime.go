package issue

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// identityLifetime is an ID token's life without a policy.
const identityLifetime = 60 * time.Minute

// Bounds of an access token's life without a policy: drawn evenly, so that the
// tokens of a fleet do not all expire in the same minute.
const (
	minLifetime = 60 * time.Minute
	maxLifetime = 90 * time.Minute
)

// Lifetimes decides how long a token lives.
type Lifetimes struct {
	Lookup directory.Lookup
	Rand   io.Reader
}

// Of resolves the lifetime of access tokens for a resource: the policy of its
// service principal, then of its application, then the organisation's default,
// then 60 to 90 minutes.
func (l Lifetimes) Of(ctx context.Context, t directory.TenantID, resource *directory.ServicePrincipal) (time.Duration, error) {
	if d, done, err := l.policy(ctx, t, resource); done {
		return d, err
	}
	return l.draw()
}

// Identity resolves the lifetime of ID tokens for a client: by the same policies,
// else 60 minutes.
func (l Lifetimes) Identity(ctx context.Context, t directory.TenantID, client *directory.ServicePrincipal) (time.Duration, error) {
	if d, done, err := l.policy(ctx, t, client); done {
		return d, err
	}
	return identityLifetime, nil
}

// policy is what the policies say for a recipient; done is false if nothing.
func (l Lifetimes) policy(ctx context.Context, t directory.TenantID, resource *directory.ServicePrincipal) (life time.Duration, done bool, err error) {
	type link struct {
		tenant directory.TenantID
		id     directory.ID
	}
	links := []link{{t, resource.LifetimePolicy}}
	if app := resource.App; app != nil {
		links = append(links, link{app.TenantID, app.LifetimePolicy})
	}
	for _, at := range links {
		if at.id == "" {
			continue
		}
		p, err := l.Lookup.TokenLifetimePolicy(ctx, at.tenant, at.id)
		if d, done, err := lifetime(p, err); done {
			return d, true, err
		}
	}
	return lifetime(l.Lookup.DefaultTokenLifetimePolicy(ctx, t))
}

func lifetime(p *directory.TokenLifetimePolicy, err error) (time.Duration, bool, error) {
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return 0, false, nil
	case err != nil:
		return 0, true, err
	case p.AccessTokenLifetime == 0:
		return 0, false, nil
	}
	return p.AccessTokenLifetime, true, nil
}

func (l Lifetimes) draw() (time.Duration, error) {
	var b [4]byte
	if _, err := io.ReadFull(l.Rand, b[:]); err != nil {
		return 0, err
	}
	span := uint64((maxLifetime-minLifetime)/time.Second) + 1
	// The bias of this multiply-shift over 2^32 values is below one in a million.
	return minLifetime + time.Duration(uint64(binary.BigEndian.Uint32(b[:]))*span>>32)*time.Second, nil
}
