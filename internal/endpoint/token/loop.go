package token

import (
	"container/list"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Limits of identical refreshes: the loopLimit-th within loopWindow is refused.
// Up to maxLoops of client, user and resource are watched, the latest used ones.
const (
	loopLimit  = 15
	loopWindow = 5 * time.Minute
	maxLoops   = 10_000
)

// loopGuard stops clients that ask for the same token again and again, mostly
// because they throw it away. It counts what this node answered: a loop is slowed
// down, not punished, so that a client that comes to its senses is served.
type loopGuard struct {
	max int

	mu     sync.Mutex
	counts map[loopKey]*list.Element
	recent *list.List // of *loopCount, latest used first
}

type loopKey [3][16]byte

// loopCount holds the times of the answers within the window, oldest first.
type loopCount struct {
	key   loopKey
	times []int64
}

func newLoopGuard(most int) *loopGuard {
	return &loopGuard{max: most, counts: map[loopKey]*list.Element{}, recent: list.New()}
}

// again counts a refresh, or reports that it is one too many.
func (g *loopGuard) again(now time.Time, client, user, resource directory.ID) bool {
	key := loopKey{client.Bytes(), user.Bytes(), resource.Bytes()}
	g.mu.Lock()
	defer g.mu.Unlock()
	at, ok := g.counts[key]
	if !ok {
		at = g.recent.PushFront(&loopCount{key: key})
		g.counts[key] = at
		if g.recent.Len() > g.max {
			last := g.recent.Back()
			delete(g.counts, last.Value.(*loopCount).key)
			g.recent.Remove(last)
		}
	}
	g.recent.MoveToFront(at)
	c, moment := at.Value.(*loopCount), now.UnixMicro()
	over := 0
	for over < len(c.times) && moment-c.times[over] >= loopWindow.Microseconds() {
		over++
	}
	c.times = append(c.times[:0], c.times[over:]...)
	if len(c.times) >= loopLimit-1 {
		return true
	}
	c.times = append(c.times, moment)
	return false
}
