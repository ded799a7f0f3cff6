package main

import (
	"context"
	"runtime"
	"time"
)

// Neighbours on the machine slow everything down, and not everything alike: they
// leave fewer cores, and caches and threads must change more often. With -calm a
// run waits until the others rest, and is repeated where they did not.
const (
	mostOthers = 0.08 // of the CPU time of all cores
	calmWatch  = 300 * time.Millisecond
	calmWait   = 90 * time.Second
	mostRepeat = 60
)

// others watches what processes that are not ours take.
type others struct {
	at         time.Time
	total, own time.Duration
}

// watchOthers begins; ours is the CPU time of server and database so far.
func watchOthers(ours usage) (others, error) {
	total, err := machine()
	return others{time.Now(), total, ownCPU() + ours.server + ours.database}, err
}

// share is what they took since, as a share of all cores' time.
func (o others) share(ours usage) (float64, error) {
	now, err := watchOthers(ours)
	if err != nil {
		return 0, err
	}
	took := float64(now.at.Sub(o.at)) * float64(runtime.NumCPU())
	return max(0, float64((now.total-o.total)-(now.own-o.own))/took), nil
}

// rest waits, if asked to, until the machine does nothing. Ours do nothing now.
func (b *bench) rest(ctx context.Context) error {
	if !b.calm {
		return nil
	}
	for deadline := time.Now().Add(calmWait); time.Now().Before(deadline); {
		o, err := watchOthers(usage{})
		if err != nil {
			return err
		}
		if err := pause(ctx, calmWatch); err != nil {
			return err
		}
		share, err := o.share(usage{})
		if err != nil || share < mostOthers {
			return err
		}
	}
	return nil
}

// disturbed reports whether a run must be repeated.
func (b *bench) disturbed(share float64) bool {
	if !b.calm || share < mostOthers || b.repeated >= mostRepeat {
		return false
	}
	b.repeated++
	return true
}
