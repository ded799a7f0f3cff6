package issuer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// How long what is known of an issuer counts.
const (
	freshFor    = time.Hour        // afterwards keys are fetched again
	usableFor   = 12 * time.Hour   // so long they serve while the issuer is down
	failedFor   = 30 * time.Second // so long a failure is remembered
	refreshGap  = 5 * time.Minute  // between fetches for the sake of an unknown kid
	maxIssuers  = 1024
	maxInFlight = 32
)

// errCrowded is returned when too many issuers are being fetched at once.
var errCrowded = errors.New("issuer: too many fetches under way")

// Config says what a Resolver may reach.
type Config struct {
	Now func() time.Time
	// Own gives the keys of an issuer that is this server itself and true, or
	// false for any other. It must give only keys that may sign for just that
	// issuer. Nil: all issuers are fetched.
	Own func(ctx context.Context, iss string) ([]Key, bool, error)
	// AllowLoopback opens 127.0.0.0/8 and ::1, over plain HTTP too. Only
	// development mode sets it.
	AllowLoopback bool
	// AllowedPrefixes are address ranges that the operator opens, AllowedHosts
	// names that may resolve to private addresses.
	AllowedPrefixes []netip.Prefix
	AllowedHosts    []string
	// RootCAs replaces the system's roots; nil keeps them.
	RootCAs *x509.CertPool
}

// Resolver finds and remembers the keys of issuers. It is safe for concurrent
// use.
type Resolver struct {
	now   func() time.Time
	own   func(ctx context.Context, iss string) ([]Key, bool, error)
	guard *guard
	http  *http.Client
	slots chan struct{}

	mu      sync.Mutex
	entries map[string]*entry
}

// entry is what is known of one issuer; Resolver.mu guards it.
type entry struct {
	used      time.Time
	keys      []Key
	fetchedAt time.Time // of keys, zero before the first success
	failedAt  time.Time // of err
	err       error
	forcedAt  time.Time // of the last fetch for an unknown kid
	flight    *flight   // the fetch under way
}

// flight is one fetch that all who need it wait for.
type flight struct {
	done chan struct{}
	keys []Key
	err  error
}

// New returns a Resolver that has fetched nothing yet.
func New(c Config) *Resolver {
	g := newGuard(c)
	return &Resolver{
		now: c.Now, own: c.Own, guard: g,
		http:    g.client(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs}),
		slots:   make(chan struct{}, maxInFlight),
		entries: map[string]*entry{},
	}
}

// Keys returns the keys with which the issuer may have signed a token that
// names kid; all of them where kid is empty, none where it is unknown even
// after asking anew. own says that the issuer is this server. Errors wrap
// ErrForbidden, ErrUnreachable or ErrMismatch, or are the context's.
func (r *Resolver) Keys(ctx context.Context, iss, kid string) (keys []Key, own bool, err error) {
	if r.own != nil {
		if keys, own, err = r.own(ctx, iss); own || err != nil {
			return withID(keys, kid), own, err
		}
	}
	keys, fetched, err := r.current(ctx, iss, false)
	if err != nil {
		return nil, false, err
	}
	found := withID(keys, kid)
	if len(found) > 0 || fetched {
		return found, false, nil
	}
	// The issuer may have rolled its keys since. A stranger can invent kids, so
	// this is limited for each issuer; a failure leaves what was known.
	if keys, _, err = r.current(ctx, iss, true); err != nil {
		return nil, false, err
	}
	return withID(keys, kid), false, nil
}

func withID(keys []Key, kid string) []Key {
	if kid == "" {
		return keys
	}
	var found []Key
	for _, k := range keys {
		if k.ID == kid {
			found = append(found, k)
		}
	}
	return found
}

// current returns the issuer's keys, fetching them if they are missing or old,
// or if force asks for it and the limit allows it. fetched says that they are
// from a fetch that ended after the call began.
func (r *Resolver) current(ctx context.Context, iss string, force bool) (keys []Key, fetched bool, err error) {
	r.mu.Lock()
	e, now := r.entry(iss), r.now()
	if e.flight == nil && !r.due(e, now, force) {
		keys, err = e.keys, e.err
		r.mu.Unlock()
		if keys != nil {
			err = nil
		}
		return keys, false, err
	}
	f := e.flight
	if f == nil {
		select {
		case r.slots <- struct{}{}:
		default:
			r.mu.Unlock()
			return nil, false, errors.Join(ErrUnreachable, errCrowded)
		}
		if force {
			e.forcedAt = now
		}
		f = &flight{done: make(chan struct{})}
		e.flight = f
		// Not bound to this caller: others wait for the same fetch, and its time
		// is limited by itself.
		go r.fly(context.WithoutCancel(ctx), iss, e, f)
	}
	r.mu.Unlock()
	select {
	case <-f.done:
		return f.keys, true, f.err
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

// due reports whether keys must be fetched before they are used, and forgets
// those that are too old to be used at all.
func (r *Resolver) due(e *entry, now time.Time, force bool) bool {
	if e.keys != nil && within(e.fetchedAt, now, freshFor) {
		return force && !within(e.forcedAt, now, refreshGap) && !within(e.failedAt, now, failedFor)
	}
	if e.keys != nil && !within(e.fetchedAt, now, usableFor) {
		e.keys = nil
	}
	return !within(e.failedAt, now, failedFor)
}

// within reports whether now is less than d after at. A clock that was set back
// makes what was remembered old, not young for ever.
func within(at, now time.Time, d time.Duration) bool {
	return !at.IsZero() && !now.Before(at) && now.Sub(at) < d
}

// fly fetches and writes down the result.
func (r *Resolver) fly(ctx context.Context, iss string, e *entry, f *flight) {
	keys, err := r.fetch(ctx, iss)
	<-r.slots
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if err != nil {
		e.err, e.failedAt = err, now
		if e.keys != nil && within(e.fetchedAt, now, usableFor) {
			keys, err = e.keys, nil
		}
	} else {
		e.keys, e.fetchedAt, e.err, e.failedAt = keys, now, nil, time.Time{}
	}
	f.keys, f.err, e.flight = keys, err, nil
	close(f.done)
}

// entry finds or makes the entry; r.mu is held. When the table is full, the one
// unused for longest goes.
func (r *Resolver) entry(iss string) *entry {
	e := r.entries[iss]
	if e == nil {
		if len(r.entries) >= maxIssuers {
			r.evict()
		}
		e = &entry{}
		r.entries[iss] = e
	}
	e.used = r.now()
	return e
}

func (r *Resolver) evict() {
	var oldest string
	var at time.Time
	for iss, e := range r.entries {
		if oldest == "" || e.used.Before(at) {
			oldest, at = iss, e.used
		}
	}
	delete(r.entries, oldest)
}
