package sqlstore_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/store/pgtest"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
	"github.com/sekisho-id/sekisho/internal/store/storetest"
)

func now() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) }

// backend opens and migrates a database for the conformance tests.
func backend(t *testing.T, url string) storetest.Backend {
	t.Helper()
	db, err := sqlstore.Open(context.Background(), sqlstore.Config{URL: url, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return storetest.Backend{
		Stores: db.Stores(), Lookup: db, Events: db.DirectoryEvents, RefusalsOf: db.RefusalsOf,
		SweepChanges: db.SweepChanges, OnCommit: db.OnCommit,
		FailNext:           func(op string, err error) { db.FailNext(sqlstore.Op(op), err) },
		TenantsIndependent: db.Kind() == sqlstore.Postgres,
		Clock:              now,
	}
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		return backend(t, "sqlite:"+filepath.Join(t.TempDir(), "sekisho.db"))
	})
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Backend { return backend(t, pgtest.DSN(t)) })
}

// TestPostgresSerializable runs everything where transactions that meet are
// rolled back (40001), as engines that speak PostgreSQL's protocol do by
// default: every act must begin again by itself.
func TestPostgresSerializable(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		return backend(t, pgtest.DSN(t)+"&options=-c%20default_transaction_isolation%3Dserializable")
	})
}
