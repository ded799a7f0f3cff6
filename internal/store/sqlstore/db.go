package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/store"
)

// Config says which database to open.
type Config struct {
	// URL is "postgres://…" (or "postgresql://…"), "sqlite:" and a path, or a path.
	URL string
	// Now stamps change-log entries and what the store itself removes. Required.
	Now func() time.Time
	// MaxConns bounds the connections to PostgreSQL and the readers of SQLite; 0
	// means 10.
	MaxConns int
	// BusyTimeout is how long SQLite waits for another process that writes; 0
	// means 5 s.
	BusyTimeout time.Duration
}

// Kind is a database engine.
type Kind string

// The engines.
const (
	SQLite   Kind = "sqlite"
	Postgres Kind = "postgres"
)

// DB is an open database. All methods may be called concurrently.
type DB struct {
	kind  Kind
	place string // path, or host and database: for messages, without a password
	now   func() time.Time

	reads  *sql.DB // on PostgreSQL the same pool as writes
	writes *sql.DB // one connection on SQLite
	// signIns is the pool of the one connection that sign-in records go over.
	signIns *sql.DB
	pg      *pgx.ConnConfig

	// writing makes the two writing connections of SQLite take turns here rather
	// than by polling the file lock; on PostgreSQL it is not used.
	writing sync.Mutex

	recorder recorder
	hooks    hooks
	faults   faults

	statements atomic.Int64
	retries    atomic.Int64
}

var (
	_ directory.Lookup     = (*DB)(nil)
	_ directory.ChangeFeed = (*DB)(nil)
	_ store.Leases         = (*DB)(nil)
)

// Open opens the database and checks that it answers. It does not migrate.
// Errors are sentences for the operator.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Now == nil {
		return nil, errors.New("sqlstore: Config.Now is not set")
	}
	if c.MaxConns <= 0 {
		c.MaxConns = 10
	}
	if c.BusyTimeout <= 0 {
		c.BusyTimeout = 5 * time.Second
	}
	if strings.HasPrefix(c.URL, "postgres://") || strings.HasPrefix(c.URL, "postgresql://") {
		return openPostgres(ctx, c)
	}
	return openSQLite(ctx, c)
}

// Kind is the engine.
func (db *DB) Kind() Kind { return db.kind }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.fault(ctx, OpRead); err != nil {
		return unavailable("ping", err)
	}
	var one int
	if err := db.reads.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return db.fail("ping", err)
	}
	return nil
}

// Close closes all connections.
func (db *DB) Close() error {
	db.recorder.close()
	err := errors.Join(db.signIns.Close(), db.reads.Close())
	if db.writes != db.reads {
		err = errors.Join(err, db.writes.Close())
	}
	return err
}

// Stores lists the seams, all of them this database.
func (db *DB) Stores() store.Stores {
	return store.Stores{
		Tenants: db, Applications: db, ServicePrincipals: db, Deleted: db,
		Assignments: db, Grants: db, Users: db, Policies: db, Changes: db, Logs: db,
		Sessions: db, Authorizations: db, Lockouts: db, Roles: db, Identities: db, Consents: db,
		SignIns: db, Refusals: db, SigningKeys: db, DataKeys: db,
		Leases: db, Assertions: db, Installation: db,
	}
}

// Stats are counts since Open.
type Stats struct {
	Statements int64 // statements sent, without begin and commit
	Retries    int64 // transactions begun anew after a serialization failure
}

// Stats reads the counts.
func (db *DB) Stats() Stats {
	return Stats{Statements: db.statements.Load(), Retries: db.retries.Load()}
}

// Durability reads back, from each writing connection, the setting that decides
// whether a commit survives the loss of power: "2" (FULL) for SQLite's
// synchronous, "on" for PostgreSQL's synchronous_commit.
func (db *DB) Durability(ctx context.Context) (map[string]string, error) {
	query := "PRAGMA synchronous"
	if db.kind == Postgres {
		query = "SHOW synchronous_commit"
	}
	got := map[string]string{}
	for name, pool := range map[string]*sql.DB{"writes": db.writes, "signIns": db.signIns} {
		if name == "signIns" && db.kind == SQLite {
			// The pool's only connection may be held by the recorder.
			value, err := db.recorder.durability(ctx, db)
			if err != nil {
				return nil, db.fail("read durability", err)
			}
			got[name] = value
			continue
		}
		var value string
		if err := pool.QueryRowContext(ctx, query).Scan(&value); err != nil {
			return nil, db.fail("read durability", err)
		}
		got[name] = value
	}
	return got, nil
}
