package bearer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// How long to wait after a failed fetch: twice as long each time, between these.
const (
	minPause = time.Second
	maxPause = time.Minute
)

// fetchTimeout bounds one fetch: the metadata document and the key set together.
const fetchTimeout = 10 * time.Second

// errNotYet is a failure that stands for the one before: too early to try again.
var errNotYet = errors.New("waiting before the next attempt")

// A document is what one metadata document and its key set said at one time. It does
// not change.
type document struct {
	issuer issuer // its tenant is the placeholder in a document for many tenants
	keys   map[string]*signingKey
	at     time.Time
	serial uint64 // of the fetch that brought it
}

// A keyring keeps the current document of one version of tokens.
//
// A verification that finds what it needs takes no lock. All that wait for a fetch
// wait for the same one, and the fetch does not end when one of them gives up.
type keyring struct {
	fetch   func(context.Context) (*document, error)
	now     func() time.Time
	log     *slog.Logger
	refresh time.Duration // age at which a document is fetched again
	unknown time.Duration // least time between fetches for unknown keys
	maxAge  time.Duration // age at which a document is no longer used

	current atomic.Pointer[document]
	started atomic.Uint64 // fetches begun

	mu       sync.Mutex
	flight   *flight   // the fetch under way, or nil
	asked    time.Time // when an unknown key last caused a fetch that succeeded
	failed   time.Time // when the last fetch failed
	failures int       // in a row
	failure  error     // the last one
}

// A flight is a fetch under way. Its result may be read once done is closed.
type flight struct {
	done       chan struct{}
	forUnknown bool
	doc        *document
	err        error
}

// find gives the key that t names, and the document that it stands in. It fetches
// first if there is no usable document or if the key is not in it. Tokens of other
// issuers are refused before that: their keys are all unknown, and would use up the
// fetches for those that matter.
func (k *keyring) find(ctx context.Context, t *token) (*document, *signingKey, error) {
	came := k.started.Load()
	doc, err := k.document(ctx)
	for {
		if err != nil {
			return nil, nil, err
		}
		if !doc.issuer.covers(t.issuer) {
			return nil, nil, refusal(Issuer, "iss is %.120q", t.claims.Issuer)
		}
		if key := doc.keys[t.kid]; key != nil {
			return doc, key, nil
		}
		var next *document
		if doc.serial <= came { // else it was fetched after the token came, and says enough
			next, err = k.replace(ctx, doc, true)
		}
		if err == nil && (next == nil || next == doc) {
			return nil, nil, refusal(UnknownKey, "kid is %.80q", t.kid)
		}
		doc = next
	}
}

// document gives a document that may be used now. Shortly after its time it is
// replaced in the background; when that did not happen, for want of requests, the
// next request waits; when it fails, the old one serves until maxAge.
func (k *keyring) document(ctx context.Context) (*document, error) {
	doc := k.current.Load()
	var age time.Duration
	if doc != nil {
		age = k.now().Sub(doc.at)
		if age >= 0 && age < k.refresh {
			return doc, nil
		}
		if age < min(2*k.refresh, k.maxAge) { // also when the clock went back
			k.launchIfIdle(doc)
			return doc, nil
		}
	}
	next, err := k.replace(ctx, doc, false)
	if err != nil && doc != nil && age < k.maxAge {
		return doc, nil
	}
	return next, err
}

// replace fetches a document newer than old and waits for it. If there is one
// already, it is given at once. With forUnknown the fetch is made only if the
// interval for unknown keys permits; else old is given back.
func (k *keyring) replace(ctx context.Context, old *document, forUnknown bool) (*document, error) {
	k.mu.Lock()
	if doc := k.current.Load(); doc != old {
		k.mu.Unlock()
		return doc, nil
	}
	f := k.flight
	if f == nil {
		now := k.now()
		if err := k.pausing(now); err != nil {
			k.mu.Unlock()
			return nil, err
		}
		if since := now.Sub(k.asked); forUnknown && !k.asked.IsZero() && since >= 0 && since < k.unknown {
			k.mu.Unlock()
			return old, nil
		}
		f = k.launch(forUnknown)
	}
	k.mu.Unlock()
	select {
	case <-f.done:
		return f.doc, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// launchIfIdle begins to replace old if nothing does so yet, and does not wait.
func (k *keyring) launchIfIdle(old *document) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current.Load() == old && k.flight == nil && k.pausing(k.now()) == nil {
		k.launch(false)
	}
}

// pausing gives an error while it is too early for another attempt after a failure.
// The caller holds mu.
func (k *keyring) pausing(now time.Time) error {
	if k.failures == 0 {
		return nil
	}
	pause := maxPause
	if k.failures < 7 {
		pause = min(minPause<<(k.failures-1), maxPause)
	}
	if since := now.Sub(k.failed); since < 0 || since >= pause {
		return nil
	}
	return fmt.Errorf("%w: %w", errNotYet, k.failure)
}

// launch begins a fetch. The caller holds mu. The fetch belongs to all that wait for
// it, so it does not use the context of the request that happened to come first.
func (k *keyring) launch(forUnknown bool) *flight {
	f := &flight{done: make(chan struct{}), forUnknown: forUnknown}
	k.flight = f
	serial := k.started.Add(1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		doc, err := k.fetch(ctx)
		k.land(f, doc, err, serial)
	}()
	return f
}

// land records what a fetch brought and wakes all that wait.
func (k *keyring) land(f *flight, doc *document, err error, serial uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer close(f.done)
	now := k.now()
	k.flight = nil
	if err != nil {
		k.failed, k.failure = now, err
		k.failures++
		k.log.Warn("bearer: fetching keys failed", "error", err, "in_a_row", k.failures)
		f.err = err
		return
	}
	k.failures, k.failure = 0, nil
	if f.forUnknown {
		k.asked = now
	}
	doc.at, doc.serial = now, serial
	k.current.Store(doc)
	f.doc = doc
}
