package signingkey

import (
	"context"
	"errors"
	"sync"
)

// ErrBusy is returned where as many requests wait for a signer as may wait.
var ErrBusy = errors.New("signingkey: too many requests wait for a signature")

// Queue lets a few signatures run at once and serves who waits in the order of
// arrival. Signing is the costly part of a token: without a queue every request
// in flight would share the cores, and the slowest would wait for all.
type Queue struct {
	mu          sync.Mutex
	free        int
	limit       int
	first, last *waiter
	stats       QueueStats
	places      sync.Pool // of *waiter, none in use
}

// QueueStats is what a Queue has done and does.
type QueueStats struct {
	Waiting int    // requests that wait for a signer now
	Running int    // signers at work now
	Served  uint64 // requests that got a signer
	Refused uint64 // requests refused with ErrBusy
	Left    uint64 // requests that gave up waiting
	Waited  uint64 // requests that found no signer free
}

// waiter is a place in the line.
type waiter struct {
	ready      chan struct{}
	granted    bool
	prev, next *waiter
}

// NewQueue makes a queue of that many signers (at least 1), in which at most
// limit requests may wait.
func NewQueue(signers, limit int) *Queue {
	return &Queue{
		free: max(signers, 1), limit: max(limit, 0),
		places: sync.Pool{New: func() any { return &waiter{ready: make(chan struct{}, 1)} }},
	}
}

// Sign waits for its turn, calls started, then sign, and returns what sign
// returns. started, which may be nil, runs once the signer is held and before
// the work begins: what shall happen beside the signature is set going there.
// ErrBusy if too many wait; the context's error, and neither call, if it ends
// first.
func (q *Queue) Sign(ctx context.Context, started func(), sign func() ([]byte, error)) ([]byte, error) {
	if err := q.acquire(ctx); err != nil {
		return nil, err
	}
	defer q.release()
	if started != nil {
		started()
	}
	return sign()
}

// Busy reports whether every signer is at work.
func (q *Queue) Busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.free == 0
}

// Stats tells what the queue has done and does.
func (q *Queue) Stats() QueueStats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stats
}

func (q *Queue) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if q.free > 0 { // then nobody waits: release hands its signer to the first
		q.free--
		q.start()
		q.mu.Unlock()
		return nil
	}
	if q.stats.Waiting >= q.limit {
		q.stats.Refused++
		q.mu.Unlock()
		return ErrBusy
	}
	w := q.places.Get().(*waiter)
	q.append(w)
	q.mu.Unlock()

	select {
	case <-w.ready:
		w.granted = false
		q.places.Put(w)
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	granted := w.granted
	if !granted {
		q.remove(w)
	}
	q.stats.Left++
	q.mu.Unlock()
	if granted { // at the same moment: pass the signer on
		<-w.ready
		w.granted = false
		q.release()
	}
	q.places.Put(w)
	return ctx.Err()
}

func (q *Queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats.Running--
	w := q.first
	if w == nil {
		q.free++
		return
	}
	q.remove(w)
	q.start()
	w.granted = true
	w.ready <- struct{}{}
}

func (q *Queue) start() {
	q.stats.Running++
	q.stats.Served++
}

func (q *Queue) append(w *waiter) {
	w.prev, w.next = q.last, nil
	if q.last == nil {
		q.first = w
	} else {
		q.last.next = w
	}
	q.last = w
	q.stats.Waiting++
	q.stats.Waited++
}

func (q *Queue) remove(w *waiter) {
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
	q.stats.Waiting--
}
