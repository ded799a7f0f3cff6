package server

import "testing"

func TestGCPercent(t *testing.T) {
	for _, tt := range []struct {
		name       string
		rate, live uint64
		want       int
	}{
		{"idle", 1 << 20, 4 << 20, 100},
		{"busy", 50 << 20, 4 << 20, 400},
		{"busy with a larger heap", 50 << 20, 8 << 20, 200},
		{"busy with a full view", 50 << 20, 80 << 20, 100},
		{"before the first collection", 50 << 20, 0, 100},
	} {
		if got := gcPercent(tt.rate, tt.live); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestThreads(t *testing.T) {
	var tuning threadTuning
	for i, look := range []struct {
		waited uint64
		many   bool
	}{{0, false}, {3, true}, {9, true}, {9, true}, {9, true}, {9, true}, {9, true}, {9, false}, {9, false}, {10, true}} {
		want := cores
		if look.many {
			want = 2 * cores
		}
		if got := tuning.next(look.waited); got != want {
			t.Errorf("look %d: %d threads, want %d", i, got, want)
		}
	}
}
