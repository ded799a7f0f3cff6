package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

// A round that fails does not end a program that works at intervals.
func TestFailedRound(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ticks := make(chan time.Time)
	go func() {
		ticks <- time.Time{}
		ticks <- time.Time{}
		cancel()
	}()
	var out, said bytes.Buffer
	stopped := false
	p := Program{
		Name: "p", Lookup: func(string) (string, bool) { return "", false }, Out: &out, Err: &said,
		Ticks: func(d time.Duration) (<-chan time.Time, func()) {
			if d != time.Minute {
				t.Errorf("the interval is %v", d)
			}
			return ticks, func() { stopped = true }
		},
	}
	round := 0
	status := p.Run(ctx, func(_ *setting.Reader, p Program) Work {
		return func(context.Context) error {
			round++
			if round == 2 {
				return errors.New("the API is away")
			}
			fmt.Fprintln(p.Out, round)
			return nil
		}
	})
	if status != succeeded || out.String() != "1\n3\n" || said.String() != "p: the API is away\n" || !stopped {
		t.Errorf("status %d, wrote %q and %q, ticker stopped: %v", status, &out, &said, stopped)
	}
}

func TestUnknownFlag(t *testing.T) {
	var said bytes.Buffer
	p := Program{Name: "p", Args: []string{"--twice"}, Err: &said}
	if status := p.Run(t.Context(), nil); status != badSettings || !strings.Contains(said.String(), "-once") {
		t.Errorf("status %d: %s", status, &said)
	}
}
