package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one forward step of the schema. It is never edited once
// released: its checksum is recorded in every database.
type migration struct {
	version  int
	name     string
	text     string
	checksum string
}

// migrations lists the steps of an engine in order: NNNN_name.sql for both, or
// NNNN_name.postgres.sql beside it where PostgreSQL needs another text.
func migrations(kind Kind) ([]migration, error) {
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	own := map[string]bool{}
	for _, e := range entries {
		if base, ok := strings.CutSuffix(e.Name(), ".postgres.sql"); ok {
			own[base] = true
		}
	}
	var steps []migration
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".postgres.sql") {
			continue
		}
		base := strings.TrimSuffix(e.Name(), ".sql")
		file := e.Name()
		if kind == Postgres && own[base] {
			file = base + ".postgres.sql"
		}
		text, err := migrationFiles.ReadFile(path.Join("migrations", file))
		if err != nil {
			return nil, err
		}
		number, name, _ := strings.Cut(base, "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != len(steps)+1 {
			return nil, fmt.Errorf("sqlstore: migration %s is out of order", e.Name())
		}
		sum := sha256.Sum256(text)
		steps = append(steps, migration{version, name, string(text), hex.EncodeToString(sum[:])})
	}
	return steps, nil
}

const (
	createMigrations = `CREATE TABLE IF NOT EXISTS schema_migrations (
		version BIGINT PRIMARY KEY,
		name TEXT NOT NULL,
		checksum TEXT NOT NULL,
		applied_at BIGINT NOT NULL)`
	// Row 0 is no migration: who holds its lock may migrate.
	insertMigrationLock = `INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (0, 'lock', '', 0)
		ON CONFLICT (version) DO NOTHING`
	takeMigrationLock = `UPDATE schema_migrations SET applied_at = applied_at WHERE version = 0`
	selectMigrations  = `SELECT version, name, checksum FROM schema_migrations WHERE version > 0 ORDER BY version`
	insertMigration   = `INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)`
	hasMigrations     = `SELECT count(*) FROM schema_migrations`
)

// Migrate brings the schema to the version of this program. Of several
// processes that call it at once one migrates and the others wait. It refuses a
// database that a newer program made or whose history differs.
func (db *DB) Migrate(ctx context.Context) error {
	steps, err := migrations(db.kind)
	if err != nil {
		return err
	}
	return db.migrateTo(ctx, steps, len(steps))
}

func (db *DB) migrateTo(ctx context.Context, steps []migration, version int) error {
	err := db.run(ctx, "prepare migration", func(s *session) error {
		if _, err := s.exec(ctx, createMigrations); err != nil {
			// Of two PostgreSQL sessions that create one table at once, one may
			// fail although it said IF NOT EXISTS.
			if !alreadyThere(err) {
				return err
			}
		}
		_, err := s.exec(ctx, insertMigrationLock)
		return err
	})
	if err != nil {
		return err
	}
	for {
		more, err := db.migrateOne(ctx, steps, version)
		if err != nil || !more {
			return err
		}
	}
}

// migrateOne applies the first missing step in one transaction and reports
// whether more may follow.
func (db *DB) migrateOne(ctx context.Context, steps []migration, version int) (more bool, err error) {
	if db.kind == SQLite {
		db.writing.Lock()
		defer db.writing.Unlock()
	}
	err = db.retry(ctx, "migrate", func() error {
		tx, err := db.writes.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		s := &session{db: db, on: tx, writing: true}
		if _, err := s.exec(ctx, takeMigrationLock); err != nil {
			return err
		}
		applied, err := s.checkHistory(ctx, steps)
		if err != nil {
			return err
		}
		if applied >= version {
			more = false
			return nil
		}
		more = true
		step := steps[applied]
		// Without arguments PostgreSQL takes several statements in one text.
		if _, err := s.exec(ctx, step.text); err != nil {
			return &refusal{fmt.Errorf("migration %04d_%s failed and was undone: %w", step.version, step.name, err)}
		}
		if _, err := s.exec(ctx, insertMigration, step.version, step.name, step.checksum, micros(db.now())); err != nil {
			return err
		}
		if err := db.fault(ctx, OpCommit); err != nil {
			return err
		}
		return tx.Commit()
	})
	return more, err
}

// checkHistory says how many steps were applied and refuses a history that is
// not a beginning of ours.
func (s *session) checkHistory(ctx context.Context, steps []migration) (applied int, err error) {
	err = s.each(ctx, selectMigrations, nil, func(r *sql.Rows) error {
		var m migration
		if err := r.Scan(&m.version, &m.name, &m.checksum); err != nil {
			return err
		}
		if m.version > len(steps) {
			return &refusal{fmt.Errorf("the database %s is at schema version %d, which is newer than this program knows (%d); run the newer program", s.db.place, m.version, len(steps))}
		}
		if want := steps[m.version-1]; m.version != applied+1 || m.checksum != want.checksum {
			return &refusal{fmt.Errorf("the database %s was migrated with another text of migration %04d_%s than this program has; run the program that made it, or restore a backup", s.db.place, m.version, m.name)}
		}
		applied++
		return nil
	})
	return applied, err
}

// NeedsMigration reports whether Migrate has something to do. It fails as
// Migrate does on a database that this program must not touch.
func (db *DB) NeedsMigration(ctx context.Context) (bool, error) {
	steps, err := migrations(db.kind)
	if err != nil {
		return false, err
	}
	s := db.read()
	var n int
	if err := s.one(ctx, hasMigrations, nil, &n); err != nil {
		if missingTable(err) {
			return true, nil
		}
		return false, db.fail("read schema version", err)
	}
	applied, err := s.checkHistory(ctx, steps)
	if said, ok := errors.AsType[*refusal](err); ok {
		return false, said.err
	}
	if err != nil {
		return false, db.fail("read schema version", err)
	}
	return applied < len(steps), nil
}

// lockInstallation makes acts that must see each other over all tenants follow
// one another: those that write names that are unique over the installation.
const lockInstallation = `UPDATE directory_locks SET uses = uses + 1 WHERE name = $1`

func (tx *txn) lockNames(ctx context.Context) error {
	n, err := tx.exec(ctx, lockInstallation, "names")
	if err == nil && n != 1 {
		return fmt.Errorf("%w: the lock of names is missing", directory.ErrUnavailable)
	}
	return err
}
