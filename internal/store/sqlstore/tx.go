package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// runner is what a pool and a transaction have in common.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// session runs statements, on a pool or in a transaction. Inside a transaction
// it is the only way to the database: nothing may take a second connection
// there.
type session struct {
	db      *DB
	on      runner
	writing bool
}

func (s *session) before(ctx context.Context) error {
	s.db.statements.Add(1)
	if s.writing {
		return s.db.fault(ctx, OpWrite)
	}
	return s.db.fault(ctx, OpRead)
}

// exec runs a statement and says how many rows it touched.
func (s *session) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := s.before(ctx); err != nil {
		return 0, err
	}
	result, err := s.on.ExecContext(ctx, s.db.text(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// one reads the only row of a query; sql.ErrNoRows without one.
func (s *session) one(ctx context.Context, query string, args []any, dest ...any) error {
	found := false
	err := s.each(ctx, query, args, func(r *sql.Rows) error {
		if found {
			return nil
		}
		found = true
		return r.Scan(dest...)
	})
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// exists reports whether the query has a row.
func (s *session) exists(ctx context.Context, query string, args ...any) (bool, error) {
	var n int
	err := s.one(ctx, query, args, &n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// each calls scan for every row.
func (s *session) each(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	return s.eachText(ctx, s.db.text(query), args, scan)
}

// eachText is each for a text that is already what the engine wants.
func (s *session) eachText(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	if err := s.before(ctx); err != nil {
		return err
	}
	rows, err := s.on.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// read is a session for a single reading statement.
func (db *DB) read() *session { return &session{db: db, on: db.reads} }

// snapshot runs several reads on one state of the database.
func (db *DB) snapshot(ctx context.Context, act string, do func(*session) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if db.kind == Postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.reads.BeginTx(ctx, options)
	if err != nil {
		return db.fail(act, err)
	}
	err = do(&session{db: db, on: tx})
	_ = tx.Rollback() // nothing was written
	return db.fail(act, err)
}

// txn is a writing transaction of one tenant.
type txn struct {
	session
	tenant  directory.TenantID
	changes []directory.Change
	noted   map[directory.Change]bool
	// properties are the names of what the act changed, for the audit event.
	properties []string
}

// changed notes an entry of the change log.
func (tx *txn) changed(kind directory.ChangeKind, id directory.ID, key string) {
	c := directory.Change{Tenant: tx.tenant, Kind: kind, ID: string(id), Key: key}
	if tx.noted[c] {
		return
	}
	if tx.noted == nil {
		tx.noted = map[directory.Change]bool{}
	}
	tx.noted[c] = true
	tx.changes = append(tx.changes, c)
}

// A serialization failure means that another transaction went on, so a few tries
// suffice; a busy SQLite has already waited for its whole timeout.
const (
	maxTries     = 20
	maxBusyTries = 2
)

// retry runs do until it does not fail for the sake of another transaction.
func (db *DB) retry(ctx context.Context, act string, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if err == nil {
			return nil
		}
		if said, ok := errors.AsType[*refusal](err); ok {
			return said.err
		}
		tries := maxTries
		if _, busy := errors.AsType[*sqlite.Error](err); busy {
			tries = maxBusyTries
		}
		if !transient(err) || try == tries || ctx.Err() != nil {
			return db.fail(act, err)
		}
		// Those who lost to the same winner come back at different moments.
		spread := time.Duration(db.retries.Add(1)%8+4) * time.Millisecond / 8
		pause := time.NewTimer(spread << min(try, 6))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return db.fail(act, err)
		}
	}
}

// run executes statements that need no more than one transaction and change no
// object: leases, assertions and their like.
func (db *DB) run(ctx context.Context, act string, do func(*session) error) error {
	if j := jointOf(ctx, db); j != nil {
		return j.run(act, do)
	}
	if db.kind == SQLite {
		db.writing.Lock()
		defer db.writing.Unlock()
	}
	return db.retry(ctx, act, func() error {
		return do(&session{db: db, on: db.writes, writing: true})
	})
}

// transact is run with all statements in one transaction.
func (db *DB) transact(ctx context.Context, act string, do func(*session) error) error {
	if j := jointOf(ctx, db); j != nil {
		return j.run(act, do)
	}
	if db.kind == SQLite {
		db.writing.Lock()
		defer db.writing.Unlock()
	}
	return db.retry(ctx, act, func() error {
		if err := db.fault(ctx, OpBegin); err != nil {
			return err
		}
		tx, err := db.writes.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if err := do(&session{db: db, on: tx, writing: true}); err != nil {
			return err
		}
		if err := db.fault(ctx, OpCommit); err != nil {
			return err
		}
		if err := tx.Commit(); err != nil {
			return unknownOutcome(err)
		}
		if err := db.fault(ctx, OpCommitted); err != nil {
			return unknownOutcome(err)
		}
		return nil
	})
}

// alone is transact for what is one writing statement on PostgreSQL: it begins and
// commits by itself.
func (db *DB) alone(ctx context.Context, act string, do func(*session) error) error {
	return db.retry(ctx, act, func() error {
		if err := errors.Join(db.fault(ctx, OpBegin), db.fault(ctx, OpCommit)); err != nil {
			return err
		}
		if err := do(&session{db: db, on: db.writes, writing: true}); err != nil {
			return err
		}
		if err := db.fault(ctx, OpCommitted); err != nil {
			return unknownOutcome(err)
		}
		return nil
	})
}

const lockTenant = `INSERT INTO change_counters (tenant_id, seq) VALUES ($1, 0)
	ON CONFLICT (tenant_id) DO UPDATE SET seq = change_counters.seq RETURNING seq`

// write is one act that changes objects of a tenant. It holds the tenant's
// counter row from the first statement on: acts on one tenant follow one
// another, and the numbers of the change log come in the order of the commits,
// so that a reader of the log never skips one that commits late. An act that
// notes no change is rolled back, for there is nothing to keep.
func (db *DB) write(ctx context.Context, act string, t directory.TenantID, ev *audit.Event, do func(*txn) error) error {
	if t.IsZero() {
		return directory.ErrNoTenant
	}
	if ev == nil {
		return fmt.Errorf("sqlstore: %s without an audit event", act)
	}
	if db.kind == SQLite {
		db.writing.Lock()
		defer db.writing.Unlock()
	}
	var done []directory.Change
	err := db.retry(ctx, act, func() error {
		var err error
		done, err = db.try(ctx, t, ev, do)
		return err
	})
	if err == nil && len(done) > 0 {
		db.hooks.call(done)
	}
	return err
}

func (db *DB) try(ctx context.Context, t directory.TenantID, ev *audit.Event, do func(*txn) error) ([]directory.Change, error) {
	if err := db.fault(ctx, OpBegin); err != nil {
		return nil, err
	}
	sqlTx, err := db.writes.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sqlTx.Rollback() }() // after a commit it does nothing
	tx := &txn{session: session{db: db, on: sqlTx, writing: true}, tenant: t}
	var seq int64
	if err := tx.one(ctx, lockTenant, []any{t}, &seq); err != nil {
		return nil, err
	}
	if err := do(tx); err != nil {
		return nil, err
	}
	if len(tx.changes) == 0 {
		return nil, nil
	}
	if err := tx.log(ctx, seq); err != nil {
		return nil, err
	}
	if err := tx.event(ctx, ev); err != nil {
		return nil, err
	}
	if err := db.fault(ctx, OpCommit); err != nil {
		return nil, err
	}
	if err := sqlTx.Commit(); err != nil {
		return nil, unknownOutcome(err)
	}
	if err := db.fault(ctx, OpCommitted); err != nil {
		return nil, unknownOutcome(err)
	}
	return tx.changes, nil
}

// unknownOutcome marks the error of a commit that may nevertheless have
// happened: only the server's own word says that it did not.
func unknownOutcome(err error) error {
	if _, ok := errors.AsType[*pgconn.PgError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*sqlite.Error](err); ok {
		return err
	}
	if errors.Is(err, sql.ErrTxDone) || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: the outcome of the commit is unknown: %w", directory.ErrUnavailable, err)
}
