package sqlstore

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func testNow() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) }

// emptyURL is a fresh database of the kind.
func emptyURL(t testing.TB, kind Kind) string {
	t.Helper()
	if kind == Postgres {
		return pgtest.DSN(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "sekisho.db")
}

func openURL(t testing.TB, url string) *DB {
	t.Helper()
	db, err := Open(context.Background(), Config{URL: url, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// fresh is a migrated database.
func fresh(t testing.TB, kind Kind) *DB {
	t.Helper()
	db := openURL(t, emptyURL(t, kind))
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return db
}

// both runs a test on each engine.
func both(t *testing.T, test func(t *testing.T, kind Kind)) {
	for _, kind := range []Kind{SQLite, Postgres} {
		t.Run(string(kind), func(t *testing.T) { test(t, kind) })
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte("these are no tables, only words"), 0o600); err != nil {
		t.Fatal(err)
	}
	torn := filepath.Join(dir, "torn.db")
	tear(t, torn)
	for _, c := range []struct{ name, url, want string }{
		{"directory missing", filepath.Join(dir, "no", "such", "x.db"), "does not exist; create it"},
		{"not a database", text, "is not a SQLite database"},
		{"damaged", torn, "is damaged; restore it from a backup"},
		{"another scheme", "mysql://root@localhost/x", "is no database: give a file path"},
		{"PostgreSQL not there", "postgres://x:geheim@127.0.0.1:1/y?connect_timeout=2", "cannot be reached; check that it runs"},
		{"PostgreSQL URL malformed", "postgres://x:geheim@[/y", "cannot be read; it should look like"},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := Open(context.Background(), Config{URL: c.url, Now: testNow})
			if err == nil {
				_ = db.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not contain %q", err, c.want)
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("error %q shows the password", err)
			}
		})
	}
}

// tear makes a SQLite file whose schema cannot be read.
func tear(t *testing.T, path string) {
	t.Helper()
	db, err := Open(context.Background(), Config{URL: path, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 3000), 100); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSQLiteLockedByAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sekisho.db")
	first := openURL(t, path)
	if err := first.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	tx, err := first.writes.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	second, err := Open(context.Background(), Config{URL: path, Now: testNow, BusyTimeout: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	err = second.SetMark(context.Background(), "x", "y")
	if err == nil || !strings.Contains(err.Error(), "is locked by another program") {
		t.Errorf("error %v does not say that the database is locked", err)
	}
}

func TestFileModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sekisho.db")
	db := openURL(t, path)
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", info.Name(), info.Mode().Perm())
		}
	}
}

func TestPathsWithOddCharacters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c%20d#é.db")
	db := openURL(t, "sqlite:"+path)
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); err != nil {
		t.Errorf("the database is elsewhere: %v", err)
	}
}

// TestDurability reads back, on the connections that write, what a durable
// commit needs.
func TestDurability(t *testing.T) {
	want := map[Kind]string{SQLite: "2", Postgres: "on"}
	both(t, func(t *testing.T, kind Kind) {
		db := fresh(t, kind)
		got, err := db.Durability(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got["writes"] != want[kind] || got["signIns"] != want[kind] {
			t.Errorf("durability %v, want %q on both", got, want[kind])
		}
	})
	t.Run("server default off", func(t *testing.T) {
		db := openURL(t, pgtest.WithSetting(t, pgtest.DSN(t), "synchronous_commit", "off"))
		got, err := db.Durability(context.Background())
		if err != nil || got["writes"] != "on" || got["signIns"] != "on" {
			t.Errorf("durability %v (%v), want on", got, err)
		}
	})
}
