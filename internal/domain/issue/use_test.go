package issue

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

// What tokens are issued for is used up once they are sure to be signed, and the
// caller hears what came of it.
func TestUse(t *testing.T) {
	l := &ledger{}
	tokens, _ := userTokens(t, l)
	f := userFacts()
	used, late := 0, errors.New("another was faster")
	var end time.Time
	f.Use = func(_ context.Context, at time.Time) error {
		used, end = used+1, at
		return late
	}
	got, err := tokens.ForUser(t.Context(), f)
	if err != nil || !errors.Is(got.Used, late) {
		t.Fatalf("%+v, %v", got, err)
	}
	if used != 1 || end.Unix() != got.Access.ExpiresOn {
		t.Errorf("used %d times, until %v", used, end)
	}

	// A node with more to sign than it may keep waiting uses nothing up.
	tokens.Queue = signingkey.NewQueue(1, 0)
	held, release := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := tokens.Queue.Sign(context.Background(), func() { close(held); <-release }, func() ([]byte, error) { return nil, nil })
		done <- err
	}()
	<-held
	if _, err := tokens.ForUser(t.Context(), f); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	tokens.Recorder.Close()
	if _, err := tokens.ForUser(t.Context(), f); !errors.Is(err, ErrBusy) {
		t.Errorf("with a closed recorder: %v", err)
	}
	if used != 1 || len(l.records) != 1 {
		t.Errorf("used %d times, %d records", used, len(l.records))
	}
}
