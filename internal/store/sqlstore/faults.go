package sqlstore

import (
	"context"
	"sync"
	"sync/atomic"
)

// Op names a moment at which a test may interfere.
type Op string

// The moments.
const (
	OpBegin     Op = "begin"     // before a transaction begins
	OpWrite     Op = "write"     // before a writing statement
	OpRead      Op = "read"      // before a reading statement
	OpCommit    Op = "commit"    // before a transaction commits
	OpCommitted Op = "committed" // after it committed, before its caller learns so
	OpAppend    Op = "append"    // before a batch of sign-in records is written
)

// faults lets tests make the real database fail, or wait, at one moment. Without
// one set it costs an atomic load.
type faults struct {
	active atomic.Bool
	mu     sync.Mutex
	once   map[Op]error
	hook   func(context.Context, Op) error
}

// FailNext makes the next act at op fail with err, once. For tests.
func (db *DB) FailNext(op Op, err error) {
	db.faults.mu.Lock()
	defer db.faults.mu.Unlock()
	if db.faults.once == nil {
		db.faults.once = map[Op]error{}
	}
	db.faults.once[op] = err
	db.faults.active.Store(true)
}

// Interfere calls hook at each moment, until it is called with nil; what the
// hook returns is the outcome, and a hook that blocks holds the act up. For
// tests.
func (db *DB) Interfere(hook func(context.Context, Op) error) {
	db.faults.mu.Lock()
	defer db.faults.mu.Unlock()
	db.faults.hook = hook
	db.faults.active.Store(hook != nil || len(db.faults.once) > 0)
}

type housekeeping struct{}

// Housekeeping marks what a server does by itself: a failure that a test asks for
// is meant for a request, and is not spent on a sweep that happens to run.
func Housekeeping(ctx context.Context) context.Context {
	return context.WithValue(ctx, housekeeping{}, true)
}

func (db *DB) fault(ctx context.Context, op Op) error {
	if !db.faults.active.Load() || ctx.Value(housekeeping{}) != nil {
		return nil
	}
	db.faults.mu.Lock()
	err := db.faults.once[op]
	delete(db.faults.once, op)
	hook := db.faults.hook
	db.faults.active.Store(hook != nil || len(db.faults.once) > 0)
	db.faults.mu.Unlock()
	if err == nil && hook != nil {
		err = hook(ctx, op)
	}
	return err
}
