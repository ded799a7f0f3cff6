package audit

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// heldStore commits only when the test lets it.
type heldStore struct {
	mu      sync.Mutex
	batches [][]*SignIn
	entered chan int
	release chan error
}

func (s *heldStore) AppendSignIns(_ context.Context, batch []*SignIn) error {
	s.mu.Lock()
	s.batches = append(s.batches, append([]*SignIn(nil), batch...))
	s.mu.Unlock()
	s.entered <- len(batch)
	return <-s.release
}

func (s *heldStore) AppendWith(ctx context.Context, batch []*SignIn, acts []Act) ([]error, error) {
	said := make([]error, len(acts))
	for i, act := range acts {
		said[i] = act(ctx)
	}
	return said, s.AppendSignIns(ctx, batch)
}

func (s *heldStore) SignIn(context.Context, [16]byte, [16]byte) (*SignIn, error) {
	return nil, ErrNoRecord
}
func (s *heldStore) SweepSignIns(context.Context, time.Time, int) (int, error) { return 0, nil }

func newHeld() *heldStore {
	return &heldStore{entered: make(chan int), release: make(chan error)}
}

func enqueue(t *testing.T, r *Recorder) *Ticket {
	t.Helper()
	ticket, err := r.Enqueue(&SignIn{})
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func TestRecorderHoldsTheTicketUntilTheCommit(t *testing.T) {
	s := newHeld()
	r := NewRecorder(s, 10, 4)
	ticket := enqueue(t, r)
	ticket.Flush()
	if n := <-s.entered; n != 1 {
		t.Fatalf("batch of %d", n)
	}
	select {
	case err := <-ticket.done:
		t.Fatalf("released before the commit: %v", err)
	default:
	}
	s.release <- nil
	if err := ticket.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.Close()
}

func TestRecorderTakesAlongWhoWaits(t *testing.T) {
	s := newHeld()
	r := NewRecorder(s, 10, 4)
	first := enqueue(t, r)
	first.Flush()
	<-s.entered
	var later []*Ticket
	for range 5 {
		later = append(later, enqueue(t, r))
	}
	later[0].Flush()
	s.release <- nil
	if n := <-s.entered; n != 4 {
		t.Errorf("second batch of %d, want the batch limit 4", n)
	}
	s.release <- nil
	if n := <-s.entered; n != 1 {
		t.Errorf("third batch of %d, want the one left", n)
	}
	s.release <- nil
	for _, ticket := range append(later, first) {
		if err := ticket.Wait(context.Background()); err != nil {
			t.Error(err)
		}
	}
	r.Close()
}

// A commit's end alone starts no other: records that arrive meanwhile are
// collected until one of their signatures starts.
func TestRecorderCollectsUntilASignatureStarts(t *testing.T) {
	s := newHeld()
	r := NewRecorder(s, 100, 10)
	enqueue(t, r).Flush()
	<-s.entered
	var later []*Ticket
	for range 3 {
		later = append(later, enqueue(t, r))
	}
	s.release <- nil
	for range 3 {
		later = append(later, enqueue(t, r))
	}
	later[0].Flush()
	if n := <-s.entered; n != 6 {
		t.Errorf("second batch of %d, want all 6", n)
	}
	later[5].Flush() // is on its way already
	s.release <- nil
	for _, ticket := range later {
		if err := ticket.Wait(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if n := len(s.batches); n != 2 {
		t.Errorf("%d commits", n)
	}
	r.Close()
}

func TestRecorderFailureReachesEveryTicketOfTheBatch(t *testing.T) {
	s := newHeld()
	r := NewRecorder(s, 10, 4)
	a, b := enqueue(t, r), enqueue(t, r)
	a.Flush()
	<-s.entered
	full := errors.New("disk full")
	s.release <- full
	for _, ticket := range []*Ticket{a, b} {
		if err := ticket.Wait(context.Background()); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	}
	r.Close()
}

func TestRecorderRefusesWhenFullAndWhenClosed(t *testing.T) {
	s := newHeld()
	r := NewRecorder(s, 2, 4)
	a, b := enqueue(t, r), enqueue(t, r)
	if _, err := r.Enqueue(&SignIn{}); !errors.Is(err, ErrRecorderFull) {
		t.Errorf("third of two: %v", err)
	}
	closed := make(chan struct{})
	go func() { r.Close(); close(closed) }()
	<-s.entered
	s.release <- nil
	<-closed
	for _, ticket := range []*Ticket{a, b} {
		if err := ticket.Wait(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Enqueue(&SignIn{}); !errors.Is(err, ErrRecorderClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestRecorderWaitGivesUpWithItsContext(t *testing.T) {
	s := newHeld()
	r := NewRecorder(s, 2, 4)
	ticket := enqueue(t, r)
	ticket.Flush()
	<-s.entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := ticket.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.release <- nil
	r.Close()
}

// Each ticket hears what its own act said, whoever else is in the commit; a commit
// that fails is everybody's.
func TestRecorderActs(t *testing.T) {
	s := newHeld()
	r := NewRecorder(s, 10, 10)
	late := errors.New("too late")
	say := func(err error) *Ticket {
		ticket, enqueueErr := r.EnqueueWith(&SignIn{}, func(context.Context) error { return err })
		if enqueueErr != nil {
			t.Fatal(enqueueErr)
		}
		return ticket
	}
	tickets := []*Ticket{enqueue(t, r), say(nil), say(late), enqueue(t, r), say(nil)}
	tickets[0].Flush()
	if n := <-s.entered; n != 5 {
		t.Fatalf("batch of %d", n)
	}
	s.release <- nil
	for i, ticket := range tickets {
		var want error
		if i == 2 {
			want = late
		}
		if err := ticket.Wait(context.Background()); err != nil || !errors.Is(ticket.Said(), want) {
			t.Errorf("%d: %v, %v", i, err, ticket.Said())
		}
	}
	full := errors.New("disk full")
	failing := say(nil)
	failing.Flush()
	<-s.entered
	s.release <- full
	if err := failing.Wait(context.Background()); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	r.Close()
}
