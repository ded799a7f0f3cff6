package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/opaque"
)

// Users finds the account of a session. Only living users are found.
type Users interface {
	User(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.User, error)
}

// Sessions starts, finds, renews and ends sessions. It is safe for concurrent
// use and must not be copied.
type Sessions struct {
	Store  Store
	Users  Users
	Minter *opaque.Minter
	Rand   io.Reader
	Now    func() time.Time

	joined joined
}

// Load gives the sessions that the secrets of a browser's cookies name, in their
// order. What is malformed, unknown, over, revoked or without an enabled account
// is left out without a word; of two sessions of one account the newer proof
// counts; no more than MaxAccounts are given.
//
// A failure of the storage is an error: a caller that took it for "nobody is
// signed in" would ask people to sign in again for nothing, and one that took it
// for "nothing was revoked" would let them in.
func (s *Sessions) Load(ctx context.Context, secrets []string) ([]Live, error) {
	var out []Live
	for i, secret := range secrets {
		if i == 2*MaxAccounts {
			break
		}
		l, err := s.load(ctx, secret)
		switch {
		case err != nil:
			return nil, err
		case l == nil:
			continue
		}
		same := slices.IndexFunc(out, func(o Live) bool { return o.Tenant == l.Tenant && o.User == l.User })
		switch {
		case same < 0:
			out = append(out, *l)
		case out[same].AuthTime.Before(l.AuthTime):
			out[same] = *l
		}
	}
	return out[:min(len(out), MaxAccounts)], nil
}

// load judges one secret; nil for one that names no good session.
func (s *Sessions) load(ctx context.Context, secret string) (*Live, error) {
	t, hash, err := s.Minter.Parse(opaque.Session, secret)
	if err != nil {
		return nil, nil
	}
	row, err := s.Store.SessionBySecret(ctx, t, hash)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("finding a session: %w", err)
	case row.Tenant != t || over(row, s.Now()):
		return nil, nil
	}
	account, err := s.Users.User(ctx, t, row.User)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("finding the account of a session: %w", err)
	case !account.AccountEnabled || Revoked(row, account):
		return nil, nil
	}
	return &Live{Session: *row, Account: account, secret: secret}, nil
}

// Start begins a session of an account that just proved who it is. The row is
// written before Start returns.
func (s *Sessions) Start(ctx context.Context, account *directory.User, methods []string, p Place) (Live, error) {
	id, err := directory.NewID(s.Rand)
	if err != nil {
		return Live{}, fmt.Errorf("drawing a session id: %w", err)
	}
	value, hash, err := s.Minter.Mint(opaque.Session, account.TenantID)
	if err != nil {
		return Live{}, err
	}
	now := s.now()
	l := Live{Account: account, secret: value, Session: Session{
		Tenant: account.TenantID, ID: id, User: account.ID,
		CreatedAt: now, AuthTime: now, Methods: slices.Clone(methods), SeenAt: now,
	}}
	l.SetPlace(p)
	l.ExpiresAt = expiry(&l.Session, now)
	if err := s.Store.CreateSession(ctx, l.Tenant, &l.Session, hash); err != nil {
		return Live{}, fmt.Errorf("starting a session: %w", err)
	}
	return l, nil
}

// Renew notes that the person of a session proved again who they are, now and by
// the methods, and gives the session a new secret: the cookie must be set again.
// directory.ErrNotFound means that the session ended or was renewed elsewhere in
// the meantime; it is unchanged then.
func (s *Sessions) Renew(ctx context.Context, l *Live, methods []string) error {
	next := *l
	next.AuthTime, next.Methods = s.now(), slices.Clone(methods)
	return s.replace(ctx, l, next)
}

// Stay lets a session outlive the browser and gives it a new secret, as Renew
// does.
func (s *Sessions) Stay(ctx context.Context, l *Live) error {
	next := *l
	next.Persistent = true
	return s.replace(ctx, l, next)
}

// replace writes next in the place of l under a new secret.
func (s *Sessions) replace(ctx context.Context, l *Live, next Live) error {
	_, old, err := s.Minter.Parse(opaque.Session, l.secret)
	if err != nil {
		return err
	}
	value, hash, err := s.Minter.Mint(opaque.Session, l.Tenant)
	if err != nil {
		return err
	}
	next.secret = value
	next.SeenAt = s.now()
	next.ExpiresAt = expiry(&next.Session, next.SeenAt)
	if err := s.Store.RenewSession(ctx, l.Tenant, &next.Session, old, hash); err != nil {
		return fmt.Errorf("renewing a session: %w", err)
	}
	*l = next
	return nil
}

// touchEvery is how much of use goes by before it is written down.
const touchEvery = time.Hour

// Touch notes that a session is used, at most once in an hour: it moves the end
// of its life.
func (s *Sessions) Touch(ctx context.Context, l *Live) error {
	now := s.now()
	if now.Sub(l.SeenAt) < touchEvery {
		return nil
	}
	expires := expiry(&l.Session, now)
	if err := s.Store.TouchSession(ctx, l.Tenant, l.ID, now, expires); err != nil {
		return fmt.Errorf("noting the use of a session: %w", err)
	}
	l.SeenAt, l.ExpiresAt = now, expires
	return nil
}

// Join notes that an application took part in a session, so that it hears of the
// sign-out.
func (s *Sessions) Join(ctx context.Context, l Live, c Client) error {
	k := joinedKey{l.Tenant, l.ID, c}
	if s.joined.has(k) {
		return nil
	}
	if err := s.Store.JoinSession(ctx, l.Tenant, l.ID, c); err != nil {
		return fmt.Errorf("noting an application of a session: %w", err)
	}
	s.joined.add(k)
	return nil
}

// End forgets a session and gives the applications that took part in it. Ending
// one that is not there is no error.
func (s *Sessions) End(ctx context.Context, t directory.TenantID, id directory.ID) ([]Client, error) {
	clients, err := s.Store.EndSession(ctx, t, id)
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return nil, fmt.Errorf("ending a session: %w", err)
	}
	return clients, nil
}

// now is the time in the precision of the database, so that a session compares
// the same before and after it was stored.
func (s *Sessions) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// joined remembers applications that were noted already. It only saves writes: a
// session's id is never used again, so what it says stays true.
type joined struct {
	mu   sync.Mutex
	keys map[joinedKey]struct{}
}

type joinedKey struct {
	tenant  directory.TenantID
	session directory.ID
	client  Client
}

// maxJoined bounds what is remembered; then it begins anew.
const maxJoined = 10_000

func (j *joined) has(k joinedKey) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, ok := j.keys[k]
	return ok
}

func (j *joined) add(k joinedKey) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.keys == nil || len(j.keys) >= maxJoined {
		j.keys = make(map[joinedKey]struct{}, 64)
	}
	j.keys[k] = struct{}{}
}
