package sqlstore_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/store"
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
		Stores: db.Stores(), Events: db.DirectoryEvents, RefusalsOf: db.RefusalsOf,
		OnCommit:           db.OnCommit,
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
		return backend(t, pgtest.WithSetting(t, pgtest.DSN(t), "default_transaction_isolation", "serializable"))
	})
}

// TestRetries lets many writers of one tenant meet under SERIALIZABLE: the
// server rolls all but one of each round back, and every act succeeds in the end.
func TestRetries(t *testing.T) {
	ctx := t.Context()
	db, err := sqlstore.Open(ctx, sqlstore.Config{
		URL: pgtest.WithSetting(t, pgtest.DSN(t), "default_transaction_isolation", "serializable"), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	tenant := directory.MustTenantID("10000000-0000-4000-8000-000000000001")
	ev := &audit.Event{Activity: "Test"}
	id := directory.ID("20000000-0000-4000-8000-000000000001")
	u := &directory.User{ID: id, UserPrincipalName: "u@x.example", CreatedAt: now()}
	if err := db.CreateUser(ctx, tenant, u, ev); err != nil {
		t.Fatal(err)
	}
	const writers = 16
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			err := db.ChangeUser(ctx, tenant, id, func(u *directory.User) error {
				u.DisplayName += "x"
				return nil
			}, ev)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := db.User(ctx, tenant, id)
	if err != nil || len(got.DisplayName) != writers {
		t.Errorf("%d of %d changes are there (%v)", len(got.DisplayName), writers, err)
	}
	if db.Stats().Retries == 0 {
		t.Error("nothing was retried: the test does not show what it is for")
	}
}

// TestEveryMethodIsTested: storetest calls each method of each seam.
func TestEveryMethodIsTested(t *testing.T) {
	files, err := filepath.Glob("../storetest/*.go")
	if err != nil || len(files) < 5 {
		t.Fatalf("the suite is not found: %v, %v", files, err)
	}
	var suite []byte
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		suite = append(suite, text...)
	}
	methods := 0
	for seam := range reflect.TypeFor[store.Stores]().Fields() {
		for method := range seam.Type.Methods() {
			methods++
			if call := "b." + seam.Name + "." + method.Name + "("; !bytes.Contains(suite, []byte(call)) {
				t.Errorf("storetest does not call %s", call)
			}
		}
	}
	if methods < 90 {
		t.Errorf("found only %d methods: the search is broken", methods)
	}
}
