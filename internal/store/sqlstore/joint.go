package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
)

// joint is a transaction that sign-in records share with acts. It travels in the
// context that the acts are called with, and run and transact of this database
// use it instead of one of their own. Only SQLite has it: there every commit costs
// the server itself, and nobody else holds rows that an act could wait for.
type joint struct {
	session
	acts []audit.Act // nil for one that is left out
	said []error
	// broken: the database refused a statement.
	broken bool
}

type jointKey struct{}

func jointOf(ctx context.Context, db *DB) *joint {
	if j, ok := ctx.Value(jointKey{}).(*joint); ok && j.db == db {
		return j
	}
	return nil
}

func (j *joint) run(act string, do func(*session) error) error {
	err := do(&j.session)
	if said, ok := errors.AsType[*refusal](err); ok {
		return said.err
	}
	if err != nil && !domainError(err) && !errors.Is(err, sql.ErrNoRows) {
		j.broken = true
	}
	return j.db.fail(act, err)
}

// brokenBy says that the database refused a statement of an act.
type brokenBy struct{ act int }

func (b *brokenBy) Error() string { return "sqlstore: an act broke the transaction of others" }

// AppendWith implements audit.SignIns. An act that breaks the transaction is left
// out, and the others are done again without it.
func (db *DB) AppendWith(ctx context.Context, batch []*audit.SignIn, acts []audit.Act) ([]error, error) {
	said := make([]error, len(acts))
	if db.kind == Postgres || len(batch) == 0 {
		var wg sync.WaitGroup
		for i, act := range acts {
			wg.Go(func() { said[i] = act(ctx) })
		}
		err := db.AppendSignIns(ctx, batch)
		wg.Wait()
		return said, err
	}
	if len(batch) > maxRows {
		if err := db.AppendSignIns(ctx, batch[maxRows:]); err != nil {
			return slices.Repeat([]error{err}, len(acts)), err
		}
		batch = batch[:maxRows]
	}
	j := &joint{session: session{db: db, writing: true}, acts: slices.Clone(acts), said: said}
	for {
		err := db.append(ctx, batch, j)
		if broken, ok := errors.AsType[*brokenBy](err); ok {
			j.acts[broken.act] = nil
			continue
		}
		for i := range said {
			if err != nil && said[i] == nil {
				said[i] = err
			}
		}
		return said, err
	}
}

const (
	beginJoint    = `BEGIN IMMEDIATE`
	commitJoint   = `COMMIT`
	rollbackJoint = `ROLLBACK`
)

// sendJoint does the acts and writes the rows in one transaction.
func (r *recorder) sendJoint(ctx context.Context, db *DB, j *joint) (err error) {
	if _, err := r.conn.ExecContext(ctx, beginJoint); err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		// Whatever follows on this connection must not find itself in a transaction.
		if _, failed := r.conn.ExecContext(context.WithoutCancel(ctx), rollbackJoint); failed != nil {
			r.drop()
		}
	}()
	j.on = r.conn
	within := context.WithValue(ctx, jointKey{}, j)
	for i, act := range j.acts {
		if act == nil {
			continue
		}
		if j.said[i] = act(within); j.broken {
			j.broken = false
			return &brokenBy{i}
		}
	}
	db.statements.Add(1)
	if err := r.conn.Raw(func(c any) error { return r.sendSQLite(ctx, c) }); err != nil {
		return err
	}
	if err := db.fault(ctx, OpCommit); err != nil {
		return err
	}
	if _, err := r.conn.ExecContext(context.WithoutCancel(ctx), commitJoint); err != nil {
		return unknownOutcome(err)
	}
	return db.fault(ctx, OpCommitted)
}
