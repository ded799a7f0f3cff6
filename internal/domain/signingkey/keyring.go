package signingkey

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
)

// How long keys live. Tokens live 28 hours at most and key sets are cached for
// a day at most, so a retired key is shown for both together.
const (
	KeepAfterUse  = 28*time.Hour + 24*time.Hour
	keepRevoked   = 30 * 24 * time.Hour
	DefaultAhead  = 24 * time.Hour
	DefaultTerm   = 90 * 24 * time.Hour
	storeAccuracy = time.Microsecond
)

// The place that a sealed private key is bound to, besides its kid.
const sealTable = "signing_key"

// KindSigningKey is the target kind of the audit events written here.
const KindSigningKey directory.Kind = "signingKey"

// ErrTooSoon is returned where the next key has not been shown for long enough:
// who verifies tokens may not know it yet.
var ErrTooSoon = errors.New("signingkey: the next key has not been published long enough")

// Config is what a Keyring needs.
type Config struct {
	Store  Store
	Keeper *envelope.Keeper
	Now    func() time.Time
	Rand   io.Reader // certificates' serial numbers are drawn from it
	// Ahead is how long a key is shown before it signs: DefaultAhead, in
	// development mode 0.
	Ahead time.Duration
	// Term is how long a key signs before the next takes over, 0 for
	// DefaultTerm.
	Term time.Duration
	// Generate draws a private key; nil for the package's Generate.
	Generate func(algorithm string, rand io.Reader) (crypto.Signer, error)
}

// Keyring keeps the keys of all rings: it makes them, moves them through their
// lives, and holds the current Set. Its acts are safe for concurrent use in one
// process; of several nodes, the one that holds the lease of key rotation
// should call EnsureKeys, EnsureNext and Rotate.
type Keyring struct {
	cfg   Config
	rings []string
	set   atomic.Pointer[Set]

	change sync.Mutex // one act at a time
	load   sync.Mutex // one reload at a time, so that an older one never wins
}

// NewKeyring makes a Keyring with an empty Set; Reload or EnsureKeys fills it.
func NewKeyring(cfg Config) (*Keyring, error) {
	if cfg.Store == nil || cfg.Keeper == nil || cfg.Now == nil || cfg.Rand == nil {
		return nil, errors.New("signingkey: Config needs Store, Keeper, Now and Rand")
	}
	if cfg.Term <= 0 {
		cfg.Term = DefaultTerm
	}
	if cfg.Generate == nil {
		cfg.Generate = Generate
	}
	k := &Keyring{cfg: cfg, rings: []string{ConsumersRing, Organizations}}
	k.set.Store(NewSet())
	return k, nil
}

// Set is the current keys. A caller that needs several answers that fit
// together takes it once.
func (k *Keyring) Set() *Set { return k.set.Load() }

// Reload reads the keys from the store; the change feed calls it. Keys that are
// already known are not parsed again. If it fails, the Set stays as it was.
func (k *Keyring) Reload(ctx context.Context) error {
	k.load.Lock()
	defer k.load.Unlock()
	stored, err := k.cfg.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	old, keys := k.Set(), make([]*Key, len(stored))
	for i, s := range stored {
		if known, ok := old.ByKID(s.KID); ok {
			s.SealedKey = nil
			keys[i] = &Key{stored: s, private: known.private}
			continue
		}
		if keys[i], err = k.open(ctx, s); err != nil {
			return err
		}
	}
	k.set.Store(NewSet(keys...))
	return nil
}

func (k *Keyring) open(ctx context.Context, s Stored) (*Key, error) {
	der, err := k.cfg.Keeper.Open(ctx, envelope.InstallationOwner, sealTable, s.KID, s.SealedKey)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", s.KID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", s.KID, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("signing key %s: not a signing key", s.KID)
	}
	return NewKey(s, private)
}

// List reads the keys anew and gives them all, oldest first.
func (k *Keyring) List(ctx context.Context) ([]*Key, error) {
	if err := k.Reload(ctx); err != nil {
		return nil, err
	}
	return k.Set().All(), nil
}

// now is the time as the store will give it back.
func (k *Keyring) now() time.Time { return k.cfg.Now().UTC().Truncate(storeAccuracy) }

// times are the decided points of a new key's life.
type times struct{ publish, activate time.Time }

// draw makes a key that is not stored yet.
func (k *Keyring) draw(ctx context.Context, l line, t times, now time.Time) (Stored, error) {
	private, err := k.cfg.Generate(l.algorithm, k.cfg.Rand)
	if err != nil {
		return Stored{}, err
	}
	cert, err := certify(private, now, k.cfg.Rand)
	if err != nil {
		return Stored{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Stored{}, err
	}
	s := Stored{
		KID: Thumbprint(cert), Ring: l.ring, Algorithm: l.algorithm, Cert: cert,
		CreatedAt: now, PublishAt: t.publish, ActivateAt: t.activate,
	}
	s.SealedKey, err = k.cfg.Keeper.Seal(ctx, envelope.InstallationOwner, sealTable, s.KID, der)
	return s, err
}

// drawAll makes a key for each line side by side: a key of RSA takes a core for
// a good part of a second.
func (k *Keyring) drawAll(ctx context.Context, lines []line, t times, now time.Time) ([]Stored, error) {
	out, errs := make([]Stored, len(lines)), make([]error, len(lines))
	var wg sync.WaitGroup
	for i, l := range lines {
		wg.Go(func() { out[i], errs[i] = k.draw(ctx, l, t, now) })
	}
	wg.Wait()
	return out, errors.Join(errs...)
}

// add draws keys for the lines and stores them.
func (k *Keyring) add(ctx context.Context, by directory.Caller, lines []line, t times, now time.Time) error {
	keys, err := k.drawAll(ctx, lines, t, now)
	if err != nil {
		return err
	}
	for _, s := range keys {
		ev := by.Event(now, "Add signing key", KindSigningKey, directory.ID(s.KID), s.Ring+" "+s.Algorithm)
		if err := k.cfg.Store.AddSigningKey(ctx, s, ev); err != nil {
			return err
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return k.Reload(ctx)
}

// amend changes the life of a key: read anew, so that what another node decided
// in the meantime is not lost. A revoked key keeps its times, and one that is
// gone is ErrUnknownKey.
func (k *Keyring) amend(ctx context.Context, by directory.Caller, activity, kid string, now time.Time, change func(*Stored) (changed []string)) error {
	if err := k.Reload(ctx); err != nil {
		return err
	}
	key, ok := k.Set().ByKID(kid)
	if !ok || key.State(now) == StateRevoked {
		return ErrUnknownKey
	}
	s := key.stored
	ev := by.Event(now, activity, KindSigningKey, directory.ID(s.KID), s.Ring+" "+s.Algorithm)
	ev.Changes = change(&s)
	return k.cfg.Store.SetSigningKeyTimes(ctx, s, ev)
}

// activate lets a key sign from now on, then retires all others of its line.
// In this order there is always a key that signs.
func (k *Keyring) activate(ctx context.Context, by directory.Caller, key *Key, now time.Time) error {
	err := k.amend(ctx, by, "Activate signing key", key.KID(), now, func(s *Stored) []string {
		s.ActivateAt = now
		if reached(s.PublishAt, now) {
			return []string{"activateAt"}
		}
		s.PublishAt = now
		return []string{"activateAt", "publishAt"}
	})
	if err != nil {
		return err
	}
	return k.retireOthers(ctx, by, key.KID(), line{key.Ring(), key.Algorithm()}, now)
}

// retireOthers retires every active key of the line but one, and shows it until
// the last token that it signed has expired.
func (k *Keyring) retireOthers(ctx context.Context, by directory.Caller, stays string, l line, now time.Time) error {
	for _, o := range k.Set().keys {
		if o.KID() == stays || o.Ring() != l.ring || o.Algorithm() != l.algorithm || o.State(now) != StateActive {
			continue
		}
		err := k.amend(ctx, by, "Retire signing key", o.KID(), now, func(s *Stored) []string {
			s.RetireAt, s.ExpireAt = now, now.Add(KeepAfterUse)
			return []string{"retireAt", "expireAt"}
		})
		if err != nil && !errors.Is(err, ErrUnknownKey) { // revoked or gone: retired enough
			return err
		}
	}
	return k.Reload(ctx)
}
