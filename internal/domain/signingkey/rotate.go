package signingkey

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// platform acts where nobody asked for it.
func platform() directory.Caller { return directory.Platform(directory.Installation) }

// EnsureKeys loads the keys and makes sure that every ring can sign: at the
// first start ever it makes the keys, those of all rings side by side. After
// the clock was set back it must be called again.
func (k *Keyring) EnsureKeys(ctx context.Context) error {
	k.change.Lock()
	defer k.change.Unlock()
	if err := k.Reload(ctx); err != nil {
		return err
	}
	now := k.now()
	var missing []line
	for _, ring := range k.rings {
		l := line{ring, RS256}
		if _, err := k.Set().Active(ring, RS256, now); err == nil {
			continue
		}
		if next := k.Set().next(ring, RS256, now); next != nil {
			if err := k.activate(ctx, platform(), next, now); err != nil {
				return err
			}
			continue
		}
		missing = append(missing, l)
	}
	return k.add(ctx, platform(), missing, times{publish: now, activate: now}, now)
}

// EnsureNext makes the keys that will sign next where there are none, and shows
// them at once. At a first start it may run in the background.
func (k *Keyring) EnsureNext(ctx context.Context) error {
	k.change.Lock()
	defer k.change.Unlock()
	return k.ensureNext(ctx, platform(), k.now())
}

func (k *Keyring) ensureNext(ctx context.Context, by directory.Caller, now time.Time) error {
	set := k.Set()
	var missing []line
	for _, l := range set.lines(k.rings, now) {
		if next := set.next(l.ring, l.algorithm, now); next == nil || next.State(now) != StateNext {
			missing = append(missing, l)
		}
	}
	return k.add(ctx, by, missing, times{publish: now}, now)
}

// EnsureAlgorithm makes sure that the ring has, or will have, a key that signs
// with the algorithm: the first one is shown at once and signs after
// Config.Ahead. Until then Set.Active answers ErrNoActiveKey.
func (k *Keyring) EnsureAlgorithm(ctx context.Context, ring, algorithm string) error {
	k.change.Lock()
	defer k.change.Unlock()
	if err := k.Reload(ctx); err != nil {
		return err
	}
	now := k.now()
	if _, err := k.Set().Active(ring, algorithm, now); err == nil {
		return nil
	}
	if k.Set().next(ring, algorithm, now) != nil {
		return nil
	}
	return k.add(ctx, platform(), []line{{ring, algorithm}}, times{publish: now, activate: now.Add(k.cfg.Ahead)}, now)
}

// Rotate does what is due: lets the next key take over where the active one has
// signed for its term, retires keys that were overtaken, makes next keys, and
// removes keys that have expired. It can be called at any time, by more than
// one node, and after having been cut short: what is done is not done again.
func (k *Keyring) Rotate(ctx context.Context, now time.Time) error {
	k.change.Lock()
	defer k.change.Unlock()
	now = now.UTC().Truncate(storeAccuracy)
	if err := k.Reload(ctx); err != nil {
		return err
	}
	for _, l := range k.Set().lines(k.rings, now) {
		if err := k.rotateLine(ctx, l, now); err != nil {
			return err
		}
	}
	if err := k.ensureNext(ctx, platform(), now); err != nil {
		return err
	}
	return k.sweep(ctx, now)
}

func (k *Keyring) rotateLine(ctx context.Context, l line, now time.Time) error {
	set := k.Set()
	active, err := set.Active(l.ring, l.algorithm, now)
	next := set.next(l.ring, l.algorithm, now)
	known := next != nil && reached(next.stored.PublishAt, now) && now.Sub(next.stored.PublishAt) >= k.cfg.Ahead
	switch {
	case err == nil && known && now.Sub(active.stored.ActivateAt) >= k.cfg.Term:
		return k.activate(ctx, platform(), next, now)
	case err == nil:
		return k.retireOthers(ctx, platform(), active.KID(), l, now)
	case next != nil && (l.algorithm == RS256 || known):
		// Nothing signs. RS256 is what every tenant needs: a key that not all
		// may know yet is better than none.
		return k.activate(ctx, platform(), next, now)
	case next == nil:
		return k.add(ctx, platform(), []line{l}, times{publish: now, activate: now}, now)
	}
	return nil
}

// sweep removes keys that the key set no longer shows.
func (k *Keyring) sweep(ctx context.Context, now time.Time) error {
	removed := false
	for _, key := range k.Set().keys {
		st := key.State(now)
		if st != StateExpired && (st != StateRevoked || now.Sub(key.stored.RevokedAt) < keepRevoked) {
			continue
		}
		ev := platform().Event(now, "Delete signing key", KindSigningKey, directory.ID(key.KID()), key.Ring()+" "+key.Algorithm())
		if err := k.cfg.Store.DeleteSigningKey(ctx, key.KID(), ev); err != nil {
			return err
		}
		removed = true
	}
	if !removed {
		return nil
	}
	return k.Reload(ctx)
}

// Roll makes a new key for every ring and algorithm and signs with it at once.
// Verifiers that hold a cached key set must fetch it again; outside development
// and emergencies Promote is kinder.
func (k *Keyring) Roll(ctx context.Context, by directory.Caller) error {
	k.change.Lock()
	defer k.change.Unlock()
	if err := k.Reload(ctx); err != nil {
		return err
	}
	now := k.now()
	return k.replace(ctx, by, k.Set().lines(k.rings, now), now)
}

// replace gives each line a new key that signs at once, and retires the others.
func (k *Keyring) replace(ctx context.Context, by directory.Caller, lines []line, now time.Time) error {
	keys, err := k.drawAll(ctx, lines, times{publish: now, activate: now}, now)
	if err != nil {
		return err
	}
	for _, s := range keys {
		ev := by.Event(now, "Add signing key", KindSigningKey, directory.ID(s.KID), s.Ring+" "+s.Algorithm)
		if err := k.cfg.Store.AddSigningKey(ctx, s, ev); err != nil {
			return err
		}
		if err := k.retireOthers(ctx, by, s.KID, line{s.Ring, s.Algorithm}, now); err != nil {
			return err
		}
	}
	return nil
}

// Promote lets the next key of every ring and algorithm sign from now on,
// before the active one's term ends. ErrTooSoon, and nothing changed, if one of
// them has not been shown for Config.Ahead.
func (k *Keyring) Promote(ctx context.Context, by directory.Caller) error {
	k.change.Lock()
	defer k.change.Unlock()
	if err := k.Reload(ctx); err != nil {
		return err
	}
	now, set := k.now(), k.Set()
	var ready []*Key
	for _, l := range set.lines(k.rings, now) {
		next := set.next(l.ring, l.algorithm, now)
		if next == nil || !reached(next.stored.PublishAt, now) || now.Sub(next.stored.PublishAt) < k.cfg.Ahead {
			return ErrTooSoon
		}
		ready = append(ready, next)
	}
	for _, next := range ready {
		if err := k.activate(ctx, by, next, now); err != nil {
			return err
		}
	}
	return k.ensureNext(ctx, by, now)
}

// Revoke withdraws a key at once: it neither signs nor verifies any more, and
// every token that it signed is invalid. If it is the one that signs, the next
// key takes over first. ErrUnknownKey if there is no such key.
func (k *Keyring) Revoke(ctx context.Context, by directory.Caller, kid string) error {
	k.change.Lock()
	defer k.change.Unlock()
	if err := k.Reload(ctx); err != nil {
		return err
	}
	key, ok := k.Set().ByKID(kid)
	if !ok {
		return ErrUnknownKey
	}
	now := k.now()
	if key.State(now) == StateRevoked {
		return nil
	}
	if err := k.succeed(ctx, by, key, now); err != nil {
		return err
	}
	err := k.amend(ctx, by, "Revoke signing key", kid, now, func(s *Stored) []string {
		s.RevokedAt = now
		return []string{"revokedAt"}
	})
	if err != nil {
		return err
	}
	if err := k.Reload(ctx); err != nil {
		return err
	}
	return k.ensureNext(ctx, by, now)
}

// succeed makes another key the active one, if key is.
func (k *Keyring) succeed(ctx context.Context, by directory.Caller, key *Key, now time.Time) error {
	l := line{key.Ring(), key.Algorithm()}
	active, err := k.Set().Active(l.ring, l.algorithm, now)
	if err != nil || active.KID() != key.KID() {
		return nil
	}
	if next := k.Set().next(l.ring, l.algorithm, now); next != nil {
		return k.activate(ctx, by, next, now)
	}
	return k.replace(ctx, by, []line{l}, now)
}
