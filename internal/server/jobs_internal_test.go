package server

import (
	"context"
	"testing"
	"time"
)

// A node that stops leaves its housekeeping to the others at once.
func TestStoppedNodeHandsHousekeepingOver(t *testing.T) {
	d, err := NewDev(t.Context(), DevOptions{Data: t.TempDir(), Addr: "localhost:0", Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	free := func() bool {
		t.Helper()
		now := time.Now().UTC()
		got, err := d.stores.Leases.TakeLease(t.Context(), keeperLease, "another", now, now)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	d.housekeeping(t.Context())
	if free() {
		t.Fatal("a running node does not hold the lease")
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	<-d.runJobs(stopped)
	if !free() {
		t.Error("the lease of a stopped node is held on to")
	}
}
