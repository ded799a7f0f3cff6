package signingkey_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

func TestQueueServesInOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := signingkey.NewQueue(1, 100)
		hold := make(chan struct{})
		var (
			mu     sync.Mutex
			served []int
		)
		go func() {
			_, _ = q.Sign(t.Context(), nil, func() ([]byte, error) { <-hold; return nil, nil })
		}()
		synctest.Wait()
		for i := range 20 {
			go func() {
				_, err := q.Sign(t.Context(), nil, func() ([]byte, error) {
					mu.Lock()
					defer mu.Unlock()
					served = append(served, i)
					return nil, nil
				})
				if err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait() // the next arrives when this one waits
		}
		if got := q.Stats(); got.Waiting != 20 || got.Running != 1 {
			t.Errorf("stats %+v, want 20 waiting, 1 running", got)
		}
		close(hold)
		synctest.Wait()
		for i, got := range served {
			if got != i {
				t.Fatalf("served in the order %v", served)
			}
		}
		if got := q.Stats(); got != (signingkey.QueueStats{Served: 21, Waited: 20}) {
			t.Errorf("stats %+v, want 21 served, 20 of them after waiting, and nothing else", got)
		}
	})
}

func TestQueueRunsAsManyAsItHasSigners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := signingkey.NewQueue(3, 100)
		hold := make(chan struct{})
		for range 10 {
			go func() {
				_, _ = q.Sign(t.Context(), nil, func() ([]byte, error) { <-hold; return nil, nil })
			}()
		}
		synctest.Wait()
		if got := q.Stats(); got.Running != 3 || got.Waiting != 7 {
			t.Errorf("stats %+v, want 3 running, 7 waiting", got)
		}
		close(hold)
	})
}

func TestQueueIsBusyWhileEverySignerWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := signingkey.NewQueue(2, 100)
		hold := make(chan struct{})
		for i := range 3 {
			if got, want := q.Busy(), i == 2; got != want {
				t.Errorf("busy with %d at work: %v", i, got)
			}
			go func() {
				_, _ = q.Sign(t.Context(), nil, func() ([]byte, error) { <-hold; return nil, nil })
			}()
			synctest.Wait()
		}
		close(hold)
		synctest.Wait()
		if q.Busy() {
			t.Error("busy with nobody at work")
		}
	})
}

func TestQueueRefusesBeyondItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := signingkey.NewQueue(1, 2)
		hold := make(chan struct{})
		for range 3 {
			go func() {
				_, _ = q.Sign(t.Context(), nil, func() ([]byte, error) { <-hold; return nil, nil })
			}()
		}
		synctest.Wait()
		_, err := q.Sign(t.Context(), nil, func() ([]byte, error) { t.Error("signed"); return nil, nil })
		if !errors.Is(err, signingkey.ErrBusy) {
			t.Errorf("fourth request: %v, want ErrBusy", err)
		}
		close(hold)
		synctest.Wait()
		if got := q.Stats(); got != (signingkey.QueueStats{Served: 3, Refused: 1, Waited: 2}) {
			t.Errorf("stats %+v", got)
		}
	})
}

func TestQueuePlaceOfOneWhoLeftIsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := signingkey.NewQueue(1, 3)
		hold := make(chan struct{})
		go func() {
			_, _ = q.Sign(t.Context(), nil, func() ([]byte, error) { <-hold; return nil, nil })
		}()
		synctest.Wait()
		var served []string
		wait := func(name string) (leave func()) {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				_, err := q.Sign(ctx, func() { served = append(served, name) }, func() ([]byte, error) { return nil, nil })
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}()
			synctest.Wait()
			return cancel
		}
		leaveA, leaveB, leaveC := wait("a"), wait("b"), wait("c")
		leaveB()
		synctest.Wait()
		leaveD := wait("d") // takes the free place
		leaveD()
		synctest.Wait()
		defer wait("e")()
		leaveC()
		synctest.Wait()
		if got := q.Stats(); got.Waiting != 2 || got.Left != 3 || got.Refused != 0 {
			t.Errorf("stats %+v, want 2 waiting, 3 left", got)
		}
		close(hold)
		synctest.Wait()
		if d := cmp.Diff([]string{"a", "e"}, served); d != "" {
			t.Errorf("served (-want +got):\n%s", d)
		}
		leaveA()
	})
}

func TestQueueCallsStartedWithTheSignerHeld(t *testing.T) {
	q := signingkey.NewQueue(1, 1)
	var steps []string
	out, err := q.Sign(t.Context(),
		func() {
			if q.Stats().Running != 1 {
				t.Error("started without a signer")
			}
			steps = append(steps, "started")
		},
		func() ([]byte, error) { steps = append(steps, "sign"); return []byte("s"), nil })
	if err != nil || string(out) != "s" {
		t.Errorf("Sign = %q, %v", out, err)
	}
	if d := cmp.Diff([]string{"started", "sign"}, steps); d != "" {
		t.Error(d)
	}
	wrong := errors.New("wrong")
	if _, err := q.Sign(t.Context(), nil, func() ([]byte, error) { return nil, wrong }); !errors.Is(err, wrong) {
		t.Errorf("Sign: %v, want the signer's error", err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = q.Sign(t.Context(), nil, func() ([]byte, error) { panic("signer broke") })
	}()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.Sign(ctx, nil, func() ([]byte, error) { t.Error("signed"); return nil, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
	if got := q.Stats(); got.Running != 0 {
		t.Errorf("stats %+v: a signer was lost", got)
	}
}

// Many come and leave at once; whatever happens, no signer is lost and never
// two more work than there are.
func TestQueueUnderStorm(t *testing.T) {
	q := signingkey.NewQueue(3, 20)
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%3 == 0 {
				go cancel()
			}
			_, _ = q.Sign(ctx, nil, func() ([]byte, error) {
				if n := q.Stats().Running; n > 3 {
					t.Errorf("%d signers at work", n)
				}
				return nil, nil
			})
		})
	}
	wg.Wait()
	if got := q.Stats(); got.Running != 0 || got.Waiting != 0 {
		t.Errorf("stats %+v, want nobody left", got)
	}
	if _, err := q.Sign(t.Context(), nil, func() ([]byte, error) { return nil, nil }); err != nil {
		t.Error(err)
	}
}
