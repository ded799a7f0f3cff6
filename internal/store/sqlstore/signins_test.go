package sqlstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// scatter makes 16 bytes that look drawn, the same for the same n: an index on
// them fills as it would in service.
func scatter(n int) (b [16]byte) {
	x := uint64(n)*0x9e3779b97f4a7c15 + 0x1234567
	for i := range 2 {
		x ^= x >> 31
		x *= 0xbf58476d1ce4e5b9
		x ^= x >> 27
		binary.LittleEndian.PutUint64(b[8*i:], x)
	}
	return b
}

func signInBatch(from, n int) []*audit.SignIn {
	batch := make([]*audit.SignIn, n)
	for i := range batch {
		k := from + i
		batch[i] = &audit.SignIn{
			At: testNow().Add(time.Duration(k) * time.Millisecond), Tenant: scatter(1), RequestID: scatter(100 + k), CorrelationID: scatter(50_000_000 + k),
			Kind: audit.KindServicePrincipal, Grant: audit.GrantClientCredentials, Method: audit.MethodCertificate,
			ClientAppID: scatter(2), PrincipalID: scatter(3), ResourceID: scatter(4), CredentialID: scatter(5),
			KeyID: "AAECAwQFBgcICQoLDA0ODxAREhM", Lifetime: 3721 * time.Second,
			IPAddress: fmt.Sprintf("192.0.2.%d", k%256), UserAgent: "azsdk-go-azidentity/v1.13.1 (go1.26.8; linux)"[:40],
		}
	}
	return batch
}

func TestSignInBlob(t *testing.T) {
	for name, change := range map[string]func(*audit.SignIn){
		"as usual":         func(*audit.SignIn) {},
		"empty":            func(s *audit.SignIn) { *s = audit.SignIn{At: s.At} },
		"IPv6":             func(s *audit.SignIn) { s.IPAddress, s.UserAgent = "2001:db8::7", "curl" },
		"IPv4 in IPv6":     func(s *audit.SignIn) { s.IPAddress, s.UserAgent = "::ffff:192.0.2.1", "curl" },
		"zone":             func(s *audit.SignIn) { s.IPAddress, s.UserAgent = "fe80::1%eth0", "curl" },
		"no address":       func(s *audit.SignIn) { s.IPAddress = "unix" },
		"another key id":   func(s *audit.SignIn) { s.KeyID = "dev-1" },
		"padding bits set": func(s *audit.SignIn) { s.KeyID = "AAECAwQFBgcICQoLDA0ODxAREhN" },
	} {
		t.Run(name, func(t *testing.T) {
			s := signInBatch(7, 1)[0]
			change(s)
			blob := appendSignIn(nil, s)
			got := &audit.SignIn{At: s.At, Tenant: s.Tenant, RequestID: s.RequestID}
			if err := readSignIn(got, blob); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(blob) > maxSignIn {
				t.Errorf("blob of %d bytes, want at most %d", len(blob), maxSignIn)
			}
		})
	}
}

func TestSignInBlobDamaged(t *testing.T) {
	blob := appendSignIn(nil, signInBatch(7, 1)[0])
	for n := range len(blob) - len("azsdk-go-azidentity/v1.13.1 (go1.26.8; linux)"[:40]) {
		if err := readSignIn(&audit.SignIn{}, blob[:n]); err == nil {
			t.Errorf("%d of %d bytes were read without an error", n, len(blob))
		}
	}
	blob[0] = 2
	if err := readSignIn(&audit.SignIn{}, blob); err == nil {
		t.Error("a blob of a later version was read")
	}
}

// FuzzSignInBlob: what is written is read back, cut only where it is too long.
func FuzzSignInBlob(f *testing.F) {
	f.Add("AAECAwQFBgcICQoLDA0ODxAREhM", "192.0.2.1", "msal/1", uint32(3600), []byte{1, 2, 3})
	f.Add("", "", "", uint32(0), []byte{})
	f.Add("kid", "2001:db8::1", "日本語のエージェント、とても長い名前", uint32(1), make([]byte, 80))
	f.Fuzz(func(t *testing.T, kid, address, agent string, seconds uint32, ids []byte) {
		s := &audit.SignIn{Kind: 1, Grant: 2, Method: 3, KeyID: kid, IPAddress: address, UserAgent: agent, Lifetime: time.Duration(seconds) * time.Second}
		copy(s.ClientAppID[:], ids)
		if len(ids) > 16 {
			copy(s.CredentialID[:], ids[16:])
		}
		got := &audit.SignIn{}
		if err := readSignIn(got, appendSignIn(nil, s)); err != nil {
			t.Fatal(err)
		}
		if len(kid) > maxShortText || len(address) > maxShortText {
			return
		}
		if len(got.UserAgent) > len(agent) || agent[:len(got.UserAgent)] != got.UserAgent || len(got.UserAgent) > maxUserAgent {
			t.Errorf("user agent %q became %q", agent, got.UserAgent)
		}
		if utf8.ValidString(agent) && !utf8.ValidString(got.UserAgent) {
			t.Errorf("user agent %q was cut inside a character: %q", agent, got.UserAgent)
		}
		got.UserAgent = agent
		if diff := cmp.Diff(s, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		_ = readSignIn(&audit.SignIn{}, ids) // whatever it says, it does not panic
	})
}

func FuzzReadSignIn(f *testing.F) {
	f.Add(appendSignIn(nil, signInBatch(7, 1)[0]))
	f.Add([]byte{1})
	f.Fuzz(func(_ *testing.T, blob []byte) { _ = readSignIn(&audit.SignIn{}, blob) })
}

func TestSignInIDs(t *testing.T) {
	early, late := time.Date(2019, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(2090, 12, 31, 0, 0, 0, 999_000, time.UTC)
	for _, at := range []time.Time{early, testNow(), late} {
		if got := signInTime(signInID(at, 4095)); !got.Equal(at) {
			t.Errorf("%v became %v", at, got)
		}
	}
	if signInID(early, 0) > signInID(testNow(), 0) || signInID(testNow(), 4095) >= signInID(testNow().Add(time.Microsecond), 0) {
		t.Error("ids are not in the order of time")
	}
}

// TestStoragePerSignIn counts the bytes that a record takes with its indexes.
func TestStoragePerSignIn(t *testing.T) {
	const records, batch, most = 20_000, 50, 350
	both(t, func(t *testing.T, kind Kind) {
		ctx := context.Background()
		db := fresh(t, kind)
		size := `SELECT sum(pgsize) FROM dbstat WHERE name IN ('sign_ins', 'sign_ins_request')`
		if kind == Postgres {
			size = `SELECT pg_total_relation_size('sign_ins')`
		}
		for from := 0; from < records; from += batch {
			if err := db.AppendSignIns(ctx, signInBatch(from, batch)); err != nil {
				t.Fatal(err)
			}
		}
		var bytes int
		if err := db.reads.QueryRow(size).Scan(&bytes); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d bytes per record", bytes/records)
		if bytes/records > most {
			t.Errorf("%d bytes per record with indexes, want at most %d", bytes/records, most)
		}
	})
}

// TestSignInStatements: a batch is one statement, whatever its size.
func TestSignInStatements(t *testing.T) {
	both(t, func(t *testing.T, kind Kind) {
		db := fresh(t, kind)
		for i, n := range []int{1, 7, 64, 200} {
			before := db.Stats().Statements
			if err := db.AppendSignIns(context.Background(), signInBatch(1000*i, n)); err != nil {
				t.Fatal(err)
			}
			if sent := db.Stats().Statements - before; sent != 1 {
				t.Errorf("%d records took %d statements, want 1", n, sent)
			}
		}
	})
}

// TestSignInIDsCollide: two nodes that draw the same ids both keep all records.
func TestSignInIDsCollide(t *testing.T) {
	both(t, func(t *testing.T, kind Kind) {
		ctx := context.Background()
		url := emptyURL(t, kind)
		one, two := openURL(t, url), openURL(t, url)
		mustMigrate(t, one)
		first, second := signInBatch(0, 3), signInBatch(500, 3)
		for i := range second {
			second[i].At = first[i].At
		}
		if err := one.AppendSignIns(ctx, first); err != nil {
			t.Fatal(err)
		}
		if err := two.AppendSignIns(ctx, second); err != nil {
			t.Fatal(err)
		}
		if two.Stats().Retries == 0 {
			t.Error("the ids did not collide: the test does not show what it is for")
		}
		for _, s := range append(first, second...) {
			if _, err := one.SignIn(ctx, s.Tenant, s.RequestID); err != nil {
				t.Errorf("record of %v: %v", s.At, err)
			}
		}
	})
}

// TestSignInConnectionLost: when the server ends the connection, the next batch
// goes over a new one and no record is doubled.
func TestSignInConnectionLost(t *testing.T) {
	ctx := context.Background()
	db := fresh(t, Postgres)
	if err := db.AppendSignIns(ctx, signInBatch(0, 2)); err != nil {
		t.Fatal(err)
	}
	_, err := db.writes.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.AppendSignIns(ctx, signInBatch(2, 2)); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.reads.QueryRow("SELECT count(*) FROM sign_ins").Scan(&n); err != nil || n != 4 {
		t.Errorf("%d records (%v), want 4", n, err)
	}
}

// TestAppendHeldUp: while the store is held at a write, the append does not
// return, and it fails with what the store says.
func TestAppendHeldUp(t *testing.T) {
	both(t, func(t *testing.T, kind Kind) {
		db := fresh(t, kind)
		reached, release := make(chan struct{}), make(chan struct{})
		db.Interfere(func(_ context.Context, op Op) error {
			if op == OpAppend {
				close(reached)
				<-release
				return errors.New("released without a write")
			}
			return nil
		})
		done := make(chan error, 1)
		go func() { done <- db.AppendSignIns(context.Background(), signInBatch(0, 1)) }()
		<-reached
		select {
		case err := <-done:
			t.Fatalf("the append returned %v while it was held", err)
		default:
		}
		close(release)
		if err := <-done; !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("error %v, want unavailable", err)
		}
		db.Interfere(nil)
		if err := db.AppendSignIns(context.Background(), signInBatch(0, 1)); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkAppendSignIns(b *testing.B) {
	for _, kind := range []Kind{SQLite, Postgres} {
		for _, n := range []int{1, 8, 32} {
			b.Run(fmt.Sprintf("%s/%d", kind, n), func(b *testing.B) {
				db := fresh(b, kind)
				ctx := context.Background()
				batch := signInBatch(0, n)
				b.ReportAllocs()
				from := 0
				for b.Loop() {
					for i, s := range batch {
						s.At, s.RequestID = testNow().Add(time.Duration(from+i)*time.Microsecond), scatter(from+i)
					}
					from += n
					if err := db.AppendSignIns(ctx, batch); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(from)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
}
