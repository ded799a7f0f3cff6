package server

import (
	"context"
	"time"
)

// Follow reads the change feed once, as the job does that tests of the hot path
// do without.
func (d *Dev) Follow(ctx context.Context) error { return d.follower.Follow(ctx) }

// Statements is how many were sent to the database so far.
func (d *Dev) Statements() int64 { return d.db.Stats().Statements }

// SweepAll removes every sign-in record and gives their number.
func (d *Dev) SweepAll(ctx context.Context) (int, error) {
	return d.stores.SignIns.SweepSignIns(ctx, d.clock.Now().Add(time.Hour), 1_000_000)
}
