package token

import (
	"fmt"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func TestLoopGuardIsBounded(t *testing.T) {
	g := newLoopGuard(3)
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	user := func(n int) directory.ID { return directory.ID(fmt.Sprintf("%08x-0000-4000-8000-000000000000", n)) }
	for range loopLimit - 1 {
		if g.again(now, "", user(0), "") {
			t.Fatal("refused too early")
		}
	}
	for n := range 100 {
		// The loop goes on while others come and go: it is not forgotten.
		if !g.again(now, "", user(0), "") {
			t.Fatalf("forgotten after %d others", n)
		}
		if g.again(now, "", user(n+1), "") {
			t.Fatal("another user is refused")
		}
		if g.recent.Len() > 3 || len(g.counts) > 3 {
			t.Fatalf("%d and %d are watched", g.recent.Len(), len(g.counts))
		}
	}
	for n := range 3 {
		g.again(now, "", user(n+200), "")
	}
	if g.again(now, "", user(0), "") {
		t.Error("not forgotten after more others than are watched")
	}
}
