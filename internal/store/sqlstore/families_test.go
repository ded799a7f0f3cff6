package sqlstore

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// usualFamily is one of a member who signed in with a password.
func usualFamily(n int) *authorization.Family {
	id := func(k int) directory.ID { return directory.IDFromBytes(scatter(k)) }
	secret, more := scatter(7_000_000+n), scatter(8_000_000+n)
	home := directory.MustTenantID(string(id(1)))
	at := testNow().Add(time.Duration(n) * time.Second)
	return &authorization.Family{
		Subject: authorization.Subject{
			Tenant: home, User: id(100 + n%500), HomeTenant: home, HomeUser: id(100 + n%500), Session: id(1_000_000 + n),
			AuthTime: at.Add(-7 * time.Minute), Methods: []string{"pwd"}, IPAddress: "192.0.2.77",
		},
		Asked: authorization.Asked{
			Client: id(2), Platform: directory.PlatformWeb, Version: 2, Path: home.String(),
			Scope: "openid profile offline_access https://graph.microsoft.com/User.Read",
		},
		ID: id(5_000_000 + n), Refreshable: true, CreatedAt: at, RotatedAt: at, ExpiresAt: at.AddDate(0, 0, 90), Generation: 1,
		Secret: append(secret[:], more[:]...),
	}
}

// TestStoragePerFamily counts the bytes that a family takes with its indexes.
func TestStoragePerFamily(t *testing.T) {
	const records, batch, most = 20_000, 500, 350
	both(t, func(t *testing.T, kind Kind) {
		db := fresh(t, kind)
		for from := 0; from < records; from += batch {
			err := db.transact(t.Context(), "fill", func(s *session) error {
				for n := from; n < from+batch; n++ {
					values, err := familyValues(usualFamily(n))
					if err != nil {
						return err
					}
					if _, err := s.exec(t.Context(), insertFamily, values...); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		size := `SELECT sum(pgsize) FROM dbstat WHERE name IN ('families', 'families_expires', 'sqlite_autoindex_families_1')`
		if kind == Postgres {
			size = `SELECT pg_total_relation_size('families')`
		}
		var bytes int
		if err := db.reads.QueryRow(size).Scan(&bytes); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d bytes per family", bytes/records)
		if bytes/records > most {
			t.Errorf("%d bytes per family with indexes, want at most %d", bytes/records, most)
		}
	})
}

func TestFamilyBlob(t *testing.T) {
	tenants := cmp.Comparer(func(a, b directory.TenantID) bool { return a == b })
	for name, change := range map[string]func(*authorization.Family){
		"as usual": func(*authorization.Family) {},
		"guest": func(f *authorization.Family) {
			f.Tenant, f.User = directory.MustTenantID(string(directory.IDFromBytes(scatter(9)))), directory.IDFromBytes(scatter(10))
		},
		"long texts": func(f *authorization.Family) {
			f.Scope, f.Claims = string(make([]byte, 5000)), string(make([]byte, 300))
		},
		"strange scope": func(f *authorization.Family) { f.Scope = "openid \x01\x02 email" },
		"no scope":      func(f *authorization.Family) { f.Scope = "" },
		"other scopes":  func(f *authorization.Family) { f.Scope = "email  api://openid/x offline_access profile openidprofile" },
		"no session":    func(f *authorization.Family) { f.Session, f.Methods, f.AuthTime = "", nil, time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			f := usualFamily(7)
			change(f)
			blob, err := encodeFamily(f)
			if err != nil {
				t.Fatal(err)
			}
			read := func(b []byte) (*authorization.Family, error) {
				got := &authorization.Family{
					ID: f.ID, ExpiresAt: f.ExpiresAt, RotatedAt: f.RotatedAt, Generation: f.Generation,
					Subject: authorization.Subject{HomeTenant: f.HomeTenant},
				}
				return got, decodeFamily(got, b)
			}
			got, err := read(blob)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(f, got, tenants); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for n := range min(len(blob), 200) {
				if _, err := read(blob[:n]); err == nil {
					t.Fatalf("a blob cut to %d bytes was read", n)
				}
			}
			if _, err := read(append(blob, 0)); err == nil {
				t.Error("a blob with something behind it was read")
			}
			blob[0] = 99
			if _, err := read(blob); err == nil {
				t.Error("a blob of a later version was read")
			}
		})
	}
	for name, change := range map[string]func(*authorization.Family){
		"id":       func(f *authorization.Family) { f.ID = "x" },
		"no id":    func(f *authorization.Family) { f.ID = "" },
		"session":  func(f *authorization.Family) { f.Session = "x" },
		"platform": func(f *authorization.Family) { f.Platform = "x" },
	} {
		f := usualFamily(7)
		change(f)
		if _, err := familyValues(f); err == nil {
			t.Errorf("a family with a strange %s can be written", name)
		}
	}
}

// TestFamilyStatements: a redemption is two statements in a transaction, and one on
// PostgreSQL; a rotation is one.
func TestFamilyStatements(t *testing.T) {
	both(t, func(t *testing.T, kind Kind) {
		ctx := context.Background()
		db, f := fresh(t, kind), usualFamily(1)
		if err := db.CreateCode(ctx, f.HomeTenant, []byte("h"), &authorization.Code{ExpiresAt: testNow()}); err != nil {
			t.Fatal(err)
		}
		counts := func(what string, want int64, act func() error) {
			t.Helper()
			before := db.Stats().Statements
			if err := act(); err != nil {
				t.Fatal(err)
			}
			if sent := db.Stats().Statements - before; sent != want {
				t.Errorf("%s took %d statements, want %d", what, sent, want)
			}
		}
		redemption := map[Kind]int64{SQLite: 2, Postgres: 1}[kind]
		counts("a redemption", redemption, func() error { return db.RedeemCode(ctx, f.HomeTenant, []byte("h"), testNow(), f) })
		counts("a rotation", 1, func() error { return db.RotateFamily(ctx, f.HomeTenant, f.ID, 1, testNow(), testNow()) })
	})
}

// FuzzReadFamily: whatever lies in the column, reading it ends.
func FuzzReadFamily(f *testing.F) {
	blob, err := encodeFamily(usualFamily(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(blob)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		got := &authorization.Family{Subject: authorization.Subject{HomeTenant: usualFamily(1).HomeTenant}}
		if decodeFamily(got, b) != nil {
			return
		}
		if _, err := encodeFamily(got); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
