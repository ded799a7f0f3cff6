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
	// tuneEvery is how often it is looked at, calmAfter how many looks without load
	// end the state of being busy.
	tuneEvery = time.Second
	calmAfter = 30
)

// TuneProcess sets the Go runtime of a process that is a server and nothing else,
// until ctx ends. What the environment says (GOMAXPROCS, GOGC) stays.
//
// A signature holds its thread for long. With twice as many threads as cores the
// operating system interleaves requests with signatures, of which the signing
// queue lets one more run than there are cores; without that, a request waits for
// a whole signature each time it wants to run, and the slowest wait for many.
func TuneProcess(ctx context.Context) {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2 * cores)
	}
	if os.Getenv("GOGC") == "" {
		go tuneGC(ctx)
	}
}

// tuneGC gives memory back once the work of starting is done, and then trades
// memory for CPU time while there is load.
func tuneGC(ctx context.Context) {
	sample := []runtimemetrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	ticker := time.NewTicker(tuneEvery)
	defer ticker.Stop()
	percent, allocated, started, calm := idleGC, uint64(0), false, 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		runtimemetrics.Read(sample)
		rate := sample[0].Value.Uint64() - allocated
		allocated += rate
		if !started { // the first sample is of the start itself
			started = true
			debug.FreeOSMemory()
			continue
		}
		want := gcPercent(rate, sample[1].Value.Uint64())
		if want < percent && calm < calmAfter && rate < busyRate {
			calm++
			continue
		}
		calm = 0
		if want != percent {
			percent = want
			debug.SetGCPercent(percent)
		}
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
