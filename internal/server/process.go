package server

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
	"time"
)

// cores is how many threads run Go code unless told otherwise: the cores of the
// machine, or those that its container may use.
var cores = runtime.GOMAXPROCS(0)

// How the garbage collector of a server process behaves.
const (
	idleGC = 100
	// busyGC lets the small heap of a node under load grow further between
	// collections: at 100 they cost a tenth of a cheap request.
	busyGC = 400
	// busyHeadroom bounds what that may add, in bytes: a large heap (a full view) is
	// collected as usual.
	busyHeadroom = 20 << 20
	// busyRate is the allocation per second, in bytes, from which on a node is busy.
	busyRate = 8 << 20
	// tuneEvery is how often it is looked at, calmAfter and fewAfter how many looks
	// without load end the state of being busy and that of having many threads.
	tuneEvery = time.Second
	calmAfter = 30
	fewAfter  = 5
)

// TuneProcess sets the Go runtime of a process that is a server and nothing else,
// until ctx ends. What the environment says (GOMAXPROCS, GOGC) stays.
//
// A signature holds its thread for long. While requests wait for a signer, twice
// as many threads as cores let the operating system interleave requests with
// signatures, of which the signing queue lets one more run than there are cores;
// without that, a request waits for a whole signature each time it wants to run,
// and the slowest wait for many. Where nobody waits the threads would only wake
// each other, which costs a cheap request a fifth of its CPU time.
func (s *Server) TuneProcess(ctx context.Context) {
	t := &tuning{
		ownThreads: os.Getenv("GOMAXPROCS") == "", ownGC: os.Getenv("GOGC") == "",
		waited: func() uint64 { return s.queue.Stats().Waited },
	}
	if t.ownThreads || t.ownGC {
		go t.run(ctx)
	}
}

// tuning is what TuneProcess does in the course of time.
type tuning struct {
	ownThreads, ownGC bool
	waited            func() uint64 // requests that had to wait for a signer
}

func (t *tuning) run(ctx context.Context) {
	ticker := time.NewTicker(tuneEvery)
	defer ticker.Stop()
	threads, heap := threadTuning{}, heapTuning{percent: idleGC}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if t.ownThreads {
			if n := threads.next(t.waited()); n != runtime.GOMAXPROCS(0) {
				runtime.GOMAXPROCS(n)
			}
		}
		if t.ownGC {
			heap.tick()
		}
	}
}

// threadTuning decides how many threads run Go code.
type threadTuning struct {
	waited uint64
	calm   int // looks at which nobody had waited, since somebody had
	many   bool
}

// next takes how many requests have had to wait for a signer so far.
func (t *threadTuning) next(waited uint64) int {
	t.calm++
	if waited != t.waited {
		t.calm, t.many = 0, true
	}
	t.waited = waited
	if t.calm >= fewAfter {
		t.many = false
	}
	if t.many {
		return 2 * cores
	}
	return cores
}

// heapTuning gives memory back once the work of starting is done, and then trades
// memory for CPU time while there is load.
type heapTuning struct {
	sample        []runtimemetrics.Sample
	percent, calm int
	allocated     uint64
}

func (h *heapTuning) tick() {
	first := h.sample == nil
	if first {
		h.sample = []runtimemetrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	}
	runtimemetrics.Read(h.sample)
	rate := h.sample[0].Value.Uint64() - h.allocated
	h.allocated += rate
	if first { // of the start itself
		debug.FreeOSMemory()
		return
	}
	want := gcPercent(rate, h.sample[1].Value.Uint64())
	if want < h.percent && h.calm < calmAfter && rate < busyRate {
		h.calm++
		return
	}
	h.calm = 0
	if want != h.percent {
		h.percent = want
		debug.SetGCPercent(want)
	}
}

// gcPercent is the growth of the heap between two collections, in percent of what
// lives, for a process that allocates rate bytes per second.
func gcPercent(rate, live uint64) int {
	if rate < busyRate || live == 0 {
		return idleGC
	}
	most := int(busyHeadroom * 100 / live)
	// In steps, so that it does not change with every sample.
	return min(max(most/100*100, idleGC), busyGC)
}
