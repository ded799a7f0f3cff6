package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func mustMigrate(t *testing.T, db *DB) {
	t.Helper()
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func needsMigration(t *testing.T, db *DB, want bool) {
	t.Helper()
	got, err := db.NeedsMigration(context.Background())
	if err != nil || got != want {
		t.Errorf("NeedsMigration gives %v, %v; want %v", got, err, want)
	}
}

func TestMigrate(t *testing.T) {
	both(t, func(t *testing.T, kind Kind) {
		db := openURL(t, emptyURL(t, kind))
		needsMigration(t, db, true)
		mustMigrate(t, db)
		needsMigration(t, db, false)
		mustMigrate(t, db)
	})
}

// TestMigrateTogether: of several processes that start at once one migrates.
func TestMigrateTogether(t *testing.T) {
	both(t, func(t *testing.T, kind Kind) {
		url := emptyURL(t, kind)
		var wg sync.WaitGroup
		for range 4 {
			db := openURL(t, url)
			wg.Go(func() {
				if err := db.Migrate(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		needsMigration(t, openURL(t, url), false)
	})
}

// TestMigrateFromEachVersion brings a database that was filled at older
// versions to the newest one: testdata/migrate/NNNN.sql holds rows born at
// version NNNN.
func TestMigrateFromEachVersion(t *testing.T) {
	both(t, func(t *testing.T, kind Kind) {
		steps, err := migrations(kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range steps[:len(steps)-1] {
			db := openURL(t, emptyURL(t, kind))
			for version := 1; version <= step.version; version++ {
				if err := db.migrateTo(context.Background(), steps, version); err != nil {
					t.Fatal(err)
				}
				name := filepath.Join("testdata", "migrate", fmt.Sprintf("%04d.sql", version))
				rows, err := os.ReadFile(name)
				if err != nil {
					t.Fatalf("every version but the newest needs rows of its time: %v", err)
				}
				if _, err := db.writes.Exec(string(rows)); err != nil {
					t.Fatal(err)
				}
			}
			needsMigration(t, db, true)
			mustMigrate(t, db)
			checkFixture(t, db, step.version)
		}
	})
}

// checkFixture reads the objects of testdata/migrate, up to a version, through
// the store.
func checkFixture(t *testing.T, db *DB, version int) {
	t.Helper()
	ctx := context.Background()
	tenant, err := db.TenantByName(ctx, "old.example")
	if err != nil || tenant.DisplayName != "Old" || tenant.Settings.CountryLetterCode != "JP" {
		t.Fatalf("tenant after migration: %+v, %v", tenant, err)
	}
	sp, err := db.ServicePrincipalByName(ctx, tenant.ID, "api://old")
	if err != nil || sp.App == nil || sp.App.DisplayName != "Old API" || len(sp.App.Passwords) != 1 {
		t.Errorf("service principal after migration: %+v, %v", sp, err)
	}
	u, err := db.UserByPrincipalName(ctx, tenant.ID, "admin@old.example")
	if err != nil || u.DisplayName != "Admin" {
		t.Errorf("user after migration: %+v, %v", u, err)
	}
	roles, err := db.AppRoleAssignmentsOf(ctx, tenant.ID, u.ID)
	if err != nil || len(roles) != 1 {
		t.Errorf("assignments after migration: %+v, %v", roles, err)
	}
	if version < 2 {
		return
	}
	if n, err := db.SweepSignIns(ctx, testNow(), 10); n != 1 || err != nil {
		t.Errorf("%d sign-in records after migration, %v", n, err)
	}
}

func TestMigrateRefuses(t *testing.T) {
	both(t, func(t *testing.T, kind Kind) {
		refused := func(t *testing.T, db *DB, want string) {
			t.Helper()
			_, errNeeds := db.NeedsMigration(context.Background())
			for _, err := range []error{db.Migrate(context.Background()), errNeeds} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v does not contain %q", err, want)
				}
			}
		}
		t.Run("a database of a newer program", func(t *testing.T) {
			db := fresh(t, kind)
			if _, err := db.writes.Exec(`INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (99, 'later', 'x', 0)`); err != nil {
				t.Fatal(err)
			}
			refused(t, db, "newer than this program knows")
		})
		t.Run("another history", func(t *testing.T) {
			db := fresh(t, kind)
			if _, err := db.writes.Exec(`UPDATE schema_migrations SET checksum = 'x' WHERE version = 1`); err != nil {
				t.Fatal(err)
			}
			refused(t, db, "another text of migration 0001_directory")
		})
	})
}

// TestMigrationFails: a step that fails, or whose commit does, leaves nothing.
func TestMigrationFails(t *testing.T) {
	both(t, func(t *testing.T, kind Kind) {
		ctx := context.Background()
		db := openURL(t, emptyURL(t, kind))
		db.FailNext(OpCommit, errors.New("power lost"))
		if err := db.Migrate(ctx); !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("error %v, want unavailable", err)
		}
		steps, err := migrations(kind)
		if err != nil {
			t.Fatal(err)
		}
		broken := append(steps[:1:1], migration{2, "broken", "CREATE TABLE half (a BIGINT); CREATE TABLE applications (a BIGINT);", "x"})
		err = db.migrateTo(ctx, broken, 2)
		if err == nil || !strings.Contains(err.Error(), "migration 0002_broken failed and was undone") {
			t.Errorf("error %v does not say what failed", err)
		}
		if _, err := db.writes.Exec("SELECT * FROM half"); err == nil {
			t.Error("half a migration is there")
		}
		mustMigrate(t, db)
	})
}
