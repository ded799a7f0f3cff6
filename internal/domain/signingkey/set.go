package signingkey

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// The rings that always exist.
const (
	Organizations = "organizations" // all organisation tenants
	ConsumersRing = "consumers"     // the tenant of personal accounts
)

// ErrNoActiveKey is returned where no key of a ring may sign.
var ErrNoActiveKey = errors.New("signingkey: no active key")

// ErrUnknownKey is returned for a key id that verifies nothing here: unknown,
// not shown, expired, revoked, or of another ring or algorithm.
var ErrUnknownKey = errors.New("signingkey: unknown key")

// RingOf is the ring whose keys sign the tokens of a tenant.
func RingOf(t directory.TenantID) string {
	if t == directory.Consumers {
		return ConsumersRing
	}
	return Organizations
}

// Set is all keys at one moment. It does not change.
type Set struct {
	keys  []*Key // oldest first
	byKID map[string]*Key
}

// NewSet makes a Set; the order of equally old keys is kept.
func NewSet(keys ...*Key) *Set {
	s := &Set{keys: slices.Clone(keys), byKID: make(map[string]*Key, len(keys))}
	slices.SortStableFunc(s.keys, func(a, b *Key) int { return a.stored.CreatedAt.Compare(b.stored.CreatedAt) })
	for _, k := range s.keys {
		s.byKID[k.stored.KID] = k
	}
	return s
}

// Active is the key that signs: of the active ones of ring and algorithm, the
// one activated last. ErrNoActiveKey without one.
func (s *Set) Active(ring, algorithm string, now time.Time) (*Key, error) {
	var found *Key
	for _, k := range s.keys {
		if k.stored.Ring == ring && k.stored.Algorithm == algorithm && k.State(now) == StateActive &&
			(found == nil || !k.stored.ActivateAt.Before(found.stored.ActivateAt)) {
			found = k
		}
	}
	if found == nil {
		return nil, ErrNoActiveKey
	}
	return found, nil
}

// Published lists the keys that the key set of the ring shows, oldest first.
func (s *Set) Published(ring string, now time.Time) []*Key {
	var out []*Key
	for _, k := range s.keys {
		if k.stored.Ring == ring && k.published(now) {
			out = append(out, k)
		}
	}
	return out
}

// ByKID finds a key whatever its state.
func (s *Set) ByKID(kid string) (*Key, bool) {
	k, ok := s.byKID[kid]
	return k, ok
}

// All lists every key, oldest first.
func (s *Set) All() []*Key { return slices.Clone(s.keys) }

// VerifyKey finds the key that a token of ours must be verified with. All that
// verify our tokens go through here: a key of one ring never validates a token
// of another, nor under another algorithm than its own.
func (s *Set) VerifyKey(kid, ring, algorithm string, now time.Time) (*Key, error) {
	k, ok := s.byKID[kid]
	if !ok || k.stored.Ring != ring || k.stored.Algorithm != algorithm || !k.published(now) {
		return nil, ErrUnknownKey
	}
	return k, nil
}

// NextChange is the first time after now at which a key appears in a key set or
// leaves it, if nobody changes anything; zero if nothing is planned.
func (s *Set) NextChange(now time.Time) time.Time {
	var first time.Time
	for _, k := range s.keys {
		if !k.stored.RevokedAt.IsZero() {
			continue
		}
		for _, at := range []time.Time{k.stored.PublishAt, k.stored.ExpireAt} {
			if at.After(now) && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

// next is the key that will sign after the active one: shown or about to be,
// the one that was shown first.
func (s *Set) next(ring, algorithm string, now time.Time) *Key {
	var found *Key
	for _, k := range s.keys {
		if k.stored.Ring != ring || k.stored.Algorithm != algorithm {
			continue
		}
		if st := k.State(now); st != StateNext && st != StateWaiting {
			continue
		}
		if found == nil || k.stored.PublishAt.Before(found.stored.PublishAt) {
			found = k
		}
	}
	return found
}

// line is one succession of keys.
type line struct{ ring, algorithm string }

// lines are the successions that must have an active and a next key: RS256 of
// every ring, and what else has a living key.
func (s *Set) lines(rings []string, now time.Time) []line {
	var out []line
	for _, r := range rings {
		out = append(out, line{r, RS256})
	}
	for _, k := range s.keys {
		switch k.State(now) {
		case StateWaiting, StateNext, StateActive:
			out = append(out, line{k.stored.Ring, k.stored.Algorithm})
		}
	}
	slices.SortFunc(out, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.ring, b.ring), cmp.Compare(a.algorithm, b.algorithm))
	})
	return slices.Compact(out)
}
