package audit

import (
	"context"
	"errors"
	"sync"
)

// ErrRecorderFull is returned when so many records wait for the database that
// another would only wait longer than its caller.
var ErrRecorderFull = errors.New("audit: too many sign-in records are waiting")

// ErrRecorderClosed is returned for a record handed in after Close.
var ErrRecorderClosed = errors.New("audit: the recorder is closed")

// Recorder writes sign-in records, many in one commit. A record is handed in
// before its token is signed, and its write begins when the signature does
// (Flush), so that commit and signature overlap; whoever waits at that moment
// is taken along.
type Recorder struct {
	store SignIns
	most  int
	batch int

	mu      sync.Mutex
	waiting []*Ticket
	closed  bool
	wake    chan struct{}
	stopped chan struct{}
}

// Ticket is one record on its way.
type Ticket struct {
	rec    *Recorder
	record *SignIn
	act    Act
	said   error // by the act; set before done
	taken  bool  // by the writer; guarded by rec.mu
	done   chan error
}

// NewRecorder starts a recorder that lets at most most records wait and writes
// at most batch of them in one commit. Close stops it.
func NewRecorder(store SignIns, most, batch int) *Recorder {
	r := &Recorder{store: store, most: most, batch: batch, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	go r.run()
	return r
}

// Enqueue hands in a record, which must not change any more.
func (r *Recorder) Enqueue(record *SignIn) (*Ticket, error) { return r.EnqueueWith(record, nil) }

// EnqueueWith is Enqueue with an act that is done in the same commit where the
// store can. It is done whether or not anybody waits for it.
func (r *Recorder) EnqueueWith(record *SignIn, act Act) (*Ticket, error) {
	t := &Ticket{rec: r, record: record, act: act, done: make(chan error, 1)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrRecorderClosed
	}
	if len(r.waiting) >= r.most {
		return nil, ErrRecorderFull
	}
	r.waiting = append(r.waiting, t)
	return t, nil
}

// Flush wakes the writer unless the record is on its way already.
func (t *Ticket) Flush() {
	t.rec.mu.Lock()
	taken := t.taken
	t.rec.mu.Unlock()
	if taken {
		return
	}
	select {
	case t.rec.wake <- struct{}{}:
	default:
	}
}

// Wait returns nil once the record is durable. It flushes by itself, so that a
// caller that never signs does not wait for ever.
func (t *Ticket) Wait(ctx context.Context) error {
	t.Flush()
	select {
	case err := <-t.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Said is what the ticket's act returned, once Wait has returned nil.
func (t *Ticket) Said() error { return t.said }

// Waiting is the number of records that no commit has taken yet.
func (r *Recorder) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// Close writes what waits and stops.
func (r *Recorder) Close() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		<-r.stopped
		return
	}
	r.closed = true
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	<-r.stopped
}

func (r *Recorder) run() {
	defer close(r.stopped)
	w := writing{store: r.store}
	for range r.wake {
		// What arrives while a commit is under way waits for the first signature
		// among it to start, not for the commit to end: on a fast disk a writer that
		// went on by itself would commit every record alone.
		for full := true; full; {
			tickets := r.take()
			full = len(tickets) == r.batch
			if len(tickets) == 0 {
				break
			}
			w.write(tickets)
		}
		r.mu.Lock()
		finished := r.closed && len(r.waiting) == 0
		r.mu.Unlock()
		if finished {
			return
		}
	}
}

// writing is what the writer keeps from one commit to the next.
type writing struct {
	store   SignIns
	records []*SignIn
	acts    []Act
}

// write makes the tickets' records durable, with their acts.
func (w *writing) write(tickets []*Ticket) {
	w.records, w.acts = w.records[:0], w.acts[:0]
	for _, t := range tickets {
		w.records = append(w.records, t.record)
		if t.act != nil {
			w.acts = append(w.acts, t.act)
		}
	}
	// A commit is not given up half-way: its outcome must be known.
	ctx := context.Background()
	if len(w.acts) == 0 {
		err := w.store.AppendSignIns(ctx, w.records)
		for _, t := range tickets {
			t.done <- err
		}
		return
	}
	said, err := w.store.AppendWith(ctx, w.records, w.acts)
	for _, t := range tickets {
		if t.act != nil {
			t.said, said = said[0], said[1:]
		}
		t.done <- err
	}
}

// take moves the oldest waiting tickets to the writer.
func (r *Recorder) take() []*Ticket {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(len(r.waiting), r.batch)
	if n == 0 {
		return nil
	}
	tickets := make([]*Ticket, n)
	copy(tickets, r.waiting)
	for _, t := range tickets {
		t.taken = true
	}
	rest := copy(r.waiting, r.waiting[n:])
	clear(r.waiting[rest:])
	r.waiting = r.waiting[:rest]
	return tickets
}
