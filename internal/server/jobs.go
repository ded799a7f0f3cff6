package server

import (
	"context"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// How often what runs beside the requests looks for work.
const (
	followEvery  = 250 * time.Millisecond
	flushEvery   = 10 * time.Second
	keepEvery    = time.Minute
	leaseFor     = 5 * time.Minute
	sweepBatch   = 500
	changesKept  = 24 * time.Hour
	listenPause  = 2 * time.Second
	keeperLease  = "housekeeping"
	sweepAtMost  = 20 // batches in one turn
	refusalsKept = 30 * 24 * time.Hour
	failuresKept = 24 * time.Hour // after the last one the counter starts anew
)

// runJobs starts them and closes the channel it returns when all have ended.
func (s *Server) runJobs(ctx context.Context) <-chan struct{} {
	ctx = sqlstore.Housekeeping(ctx)
	var wg sync.WaitGroup
	wake := make(chan struct{}, 1)
	wg.Go(func() { s.follow(ctx, wake) })
	wg.Go(func() { s.listenChanges(ctx, wake) })
	wg.Go(func() { every(ctx, flushEvery, s.flushRefusals) })
	wg.Go(func() {
		s.housekeeping(ctx)
		every(ctx, keepEvery, s.housekeeping)
		s.handOver()
	})
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	return done
}

func every(ctx context.Context, interval time.Duration, f func(context.Context)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f(ctx)
		}
	}
}

// follow keeps the view true: at each tick, and at once when woken.
func (s *Server) follow(ctx context.Context, wake <-chan struct{}) {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	silent := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-wake:
		}
		err := s.follower.Follow(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !silent:
			silent = true
			s.log.Error("the change feed cannot be read; the view is trusted for a few seconds more", "error", err)
		case err == nil && silent:
			silent = false
			s.log.Info("the change feed is read again")
		}
	}
}

// listenChanges wakes the follower on PostgreSQL; SQLite has no such channel,
// and polling serves it.
func (s *Server) listenChanges(ctx context.Context, wake chan<- struct{}) {
	if s.db.Kind() != sqlstore.Postgres {
		return
	}
	for ctx.Err() == nil {
		err := s.db.Listen(ctx, func(string) {
			select {
			case wake <- struct{}{}:
			default:
			}
		})
		if ctx.Err() != nil {
			return
		}
		s.log.Warn("listening for changes was interrupted; polling goes on", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(listenPause):
		}
	}
}

func (s *Server) flushRefusals(ctx context.Context) {
	if err := s.refusals.Flush(ctx, s.stores.Refusals); err != nil && ctx.Err() == nil {
		s.log.Warn("sums of refusals wait for the database", "error", err)
	}
}

// housekeeping is what only one node does at a time: rotating keys, and sweeping
// what has expired in small batches.
func (s *Server) housekeeping(ctx context.Context) {
	// The lease goes by the machine's time: a clock that a developer moves must
	// not let it run out, or hold it for years.
	now := time.Now().UTC()
	holder, err := s.nodeID()
	if err != nil {
		s.log.Error("drawing a node id", "error", err)
		return
	}
	mine, err := s.stores.Leases.TakeLease(ctx, keeperLease, holder, now, now.Add(leaseFor))
	if err != nil || !mine {
		if err != nil && ctx.Err() == nil {
			s.log.Warn("the housekeeping lease could not be asked for", "error", err)
		}
		return
	}
	if err := s.keys.Rotate(ctx, s.clock.Now()); err != nil && ctx.Err() == nil {
		s.log.Error("signing keys could not be rotated", "error", err)
	}
	at := s.clock.Now()
	for _, job := range []struct {
		name   string
		before time.Time
		sweep  func(context.Context, time.Time, int) (int, error)
	}{
		{"sign-in records", at.Add(-s.cfg.SignInsKept), s.stores.SignIns.SweepSignIns},
		{"sums of refusals", at.Add(-refusalsKept), s.stores.Refusals.SweepRefusals},
		{"used assertions", at, s.stores.Assertions.SweepAssertions},
		{"sessions", at, s.stores.Sessions.SweepSessions},
		{"authorization codes", at, s.stores.Authorizations.SweepCodes},
		{"families of refresh tokens", at, s.stores.Authorizations.SweepFamilies},
		{"failed sign-ins", at.Add(-failuresKept), s.stores.Lockouts.SweepFailures},
		{"deleted objects", at.Add(-s.cfg.DeletedKept), s.stores.Deleted.PurgeExpired},
		{"directory events", at.Add(-s.cfg.AuditsKept), s.stores.Logs.SweepDirectoryEvents},
		{"change log", at.Add(-changesKept), s.stores.Logs.SweepChanges},
	} {
		for range sweepAtMost {
			n, err := job.sweep(ctx, job.before, sweepBatch)
			if err != nil && ctx.Err() == nil {
				s.log.Error("sweeping failed", "what", job.name, "error", err)
			}
			if err != nil || n < sweepBatch {
				break
			}
		}
	}
}

// handOver gives the housekeeping to whichever node asks next, rather than have
// all of them wait until the lease of a node that stopped runs out.
func (s *Server) handOver() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	holder, err := s.nodeID()
	if err == nil {
		err = s.stores.Leases.ReleaseLease(ctx, keeperLease, holder)
	}
	if err != nil {
		s.log.Warn("the housekeeping lease was not released", "error", err)
	}
}

// nodeID names this process as a holder of leases.
func (s *Server) nodeID() (string, error) {
	s.node.once.Do(func() {
		id, err := directory.NewID(s.cfg.Rand)
		s.node.id, s.node.err = string(id), err
	})
	return s.node.id, s.node.err
}
