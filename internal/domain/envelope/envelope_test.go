package envelope_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/envelope"
)

const (
	tenantA = "6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13"
	tenantB = "b1d4e8a7-3c26-4f90-9a15-7e0c2d5f8b64"
)

// memory is a Store that counts reads.
type memory struct {
	mu    sync.Mutex
	keys  map[string][]byte
	reads int
	fail  error
}

func (m *memory) DataKey(_ context.Context, owner string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if m.fail != nil {
		return nil, m.fail
	}
	k, ok := m.keys[owner]
	if !ok {
		return nil, envelope.ErrNoDataKey
	}
	return k, nil
}

func (m *memory) CreateDataKey(_ context.Context, owner string, wrapped []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.keys[owner]; ok {
		return k, nil
	}
	if m.keys == nil {
		m.keys = make(map[string][]byte)
	}
	m.keys[owner] = wrapped
	return wrapped, nil
}

func seeded(n byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{n}) }

func local(t *testing.T, seed byte) *envelope.Local {
	t.Helper()
	key := make([]byte, 32)
	_, _ = seeded(seed).Read(key)
	l, err := envelope.NewLocal(key)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func keeper(t *testing.T, s envelope.Store, kek envelope.KeyWrapper, cache int) *envelope.Keeper {
	t.Helper()
	k, err := envelope.NewKeeper(envelope.Config{Store: s, Wrapper: kek, Rand: seeded(99), CacheSize: cache})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealedValueOpensOnlyWhereItWasWritten(t *testing.T) {
	ctx := t.Context()
	k := keeper(t, &memory{}, local(t, 1), 0)
	secret := []byte("the private key")
	sealed, err := k.Seal(ctx, tenantA, "signingKey", "kid1", secret)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, secret) {
		t.Error("the sealed value shows its content")
	}
	// The other tenant has a data key too; what it lacks is this value.
	if _, err := k.Seal(ctx, tenantB, "signingKey", "kid1", secret); err != nil {
		t.Fatal(err)
	}
	altered := bytes.Clone(sealed)
	altered[len(altered)-1] ^= 1
	otherFormat := bytes.Clone(sealed)
	otherFormat[0] = 9

	tests := []struct {
		name              string
		owner, table, row string
		sealed            []byte
		want              error
	}{
		{"where it was written", tenantA, "signingKey", "kid1", sealed, nil},
		{"moved to another row", tenantA, "signingKey", "kid2", sealed, envelope.ErrDamaged},
		{"moved to another table", tenantA, "totp", "kid1", sealed, envelope.ErrDamaged},
		{"moved to another tenant", tenantB, "signingKey", "kid1", sealed, envelope.ErrDamaged},
		{"table and row joined differently", tenantA, "signingKe", "ykid1", sealed, envelope.ErrDamaged},
		{"altered", tenantA, "signingKey", "kid1", altered, envelope.ErrDamaged},
		{"of an unknown format", tenantA, "signingKey", "kid1", otherFormat, envelope.ErrDamaged},
		{"cut", tenantA, "signingKey", "kid1", sealed[:10], envelope.ErrDamaged},
		{"empty", tenantA, "signingKey", "kid1", nil, envelope.ErrDamaged},
		{"tenant without a data key", "0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36", "signingKey", "kid1", sealed, envelope.ErrNoDataKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := k.Open(ctx, tt.owner, tt.table, tt.row, tt.sealed)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Open: %v, want %v", err, tt.want)
			}
			if tt.want == nil && !bytes.Equal(got, secret) {
				t.Errorf("Open = %q, want %q", got, secret)
			}
		})
	}
	if _, err := k.Seal(ctx, "", "t", "r", secret); err == nil {
		t.Error("Seal without an owner succeeded")
	}
	again, _ := k.Seal(ctx, tenantA, "signingKey", "kid1", secret)
	if bytes.Equal(again, sealed) {
		t.Error("the same value sealed twice gave the same bytes")
	}
}

func TestDerivedKeys(t *testing.T) {
	ctx := t.Context()
	s := &memory{}
	k := keeper(t, s, local(t, 1), 0)
	derive := func(k *envelope.Keeper, owner, purpose string, n int) string {
		t.Helper()
		b, err := k.Derive(ctx, owner, purpose, n)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) != n {
			t.Fatalf("%d bytes instead of %d", len(b), n)
		}
		return string(b)
	}
	base := derive(k, tenantA, "client secret", 32)
	if got := derive(keeper(t, s, local(t, 1), 0), tenantA, "client secret", 32); got != base {
		t.Error("another process derived another key")
	}
	if derive(k, tenantB, "client secret", 32) == base {
		t.Error("two tenants derived the same key")
	}
	if derive(k, tenantA, "page token", 32) == base {
		t.Error("two purposes derived the same key")
	}
	if strings.HasPrefix(derive(k, tenantA, "client secret", 64), base) {
		t.Error("a short key is the beginning of a longer one")
	}
	own, _ := k.Derive(ctx, tenantA, "client secret", 32)
	clear(own)
	if derive(k, tenantA, "client secret", 32) != base {
		t.Error("changing a derived key changed the next one")
	}
	if _, err := k.Derive(ctx, tenantA, "too long", 255*32+1); err == nil {
		t.Error("more bytes than HKDF gives were given")
	}
}

func TestWrongKeyEncryptionKey(t *testing.T) {
	ctx := t.Context()
	s := &memory{}
	if err := keeper(t, s, local(t, 1), 0).Check(ctx); err != nil {
		t.Fatal(err)
	}
	if err := keeper(t, s, local(t, 1), 0).Check(ctx); err != nil {
		t.Errorf("the right key: %v", err)
	}
	if err := keeper(t, s, local(t, 2), 0).Check(ctx); !errors.Is(err, envelope.ErrWrongKey) {
		t.Errorf("another key: %v, want ErrWrongKey", err)
	}

	moved := bytes.Clone(s.keys[envelope.InstallationOwner])
	s.keys[tenantA] = moved
	if _, err := keeper(t, s, local(t, 1), 0).Derive(ctx, tenantA, "x", 32); !errors.Is(err, envelope.ErrDamaged) {
		t.Errorf("data key of another owner: %v, want ErrDamaged", err)
	}
	s.keys[tenantA] = []byte{1, 2}
	if _, err := keeper(t, s, local(t, 1), 0).Derive(ctx, tenantA, "x", 32); !errors.Is(err, envelope.ErrDamaged) {
		t.Errorf("data key cut: %v, want ErrDamaged", err)
	}
}

func TestCacheIsUsedAndBounded(t *testing.T) {
	ctx := t.Context()
	s := &memory{}
	k := keeper(t, s, local(t, 1), 2)
	use := func(owner string) {
		t.Helper()
		if _, err := k.Derive(ctx, owner, "x", 32); err != nil {
			t.Fatal(err)
		}
	}
	use("a")
	use("b")
	use("a")
	use("b")
	if s.reads != 2 {
		t.Errorf("%d reads for two owners, want 2", s.reads)
	}
	use("a")
	use("c") // b leaves
	use("a")
	if s.reads != 3 {
		t.Errorf("%d reads, want 3: the owner used last should have stayed", s.reads)
	}
	use("b")
	if s.reads != 4 {
		t.Errorf("%d reads, want 4: the cache is not bounded", s.reads)
	}
}

func TestStoreFailureIsPassedOnAndNotKept(t *testing.T) {
	s := &memory{fail: errors.New("disk gone")}
	k := keeper(t, s, local(t, 1), 0)
	if err := k.Check(t.Context()); !errors.Is(err, s.fail) {
		t.Errorf("Check: %v, want the store's failure", err)
	}
	s.fail = nil
	if err := k.Check(t.Context()); err != nil {
		t.Errorf("Check after the store came back: %v", err)
	}
}

func TestConcurrentFirstUse(t *testing.T) {
	s := &memory{}
	// Two nodes on one store.
	nodes := []*envelope.Keeper{keeper(t, s, local(t, 1), 0), keeper(t, s, local(t, 1), 0)}
	got := make([]string, 16)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			b, err := nodes[i%2].Derive(context.Background(), tenantA, "x", 32)
			if err != nil {
				t.Error(err)
			}
			got[i] = string(b)
		})
	}
	wg.Wait()
	for _, g := range got {
		if g != got[0] {
			t.Fatal("two first users derived different keys")
		}
	}
}

func TestWeakKeysAreRefused(t *testing.T) {
	sequence := make([]byte, 32)
	for i := range sequence {
		sequence[i] = byte(i + 1)
	}
	tests := map[string][]byte{
		"all zero":     make([]byte, 32),
		"one byte":     bytes.Repeat([]byte{0xa7}, 32),
		"short":        sequence[:16],
		"long":         append(bytes.Clone(sequence), 7),
		"counting":     sequence,
		"typed text":   []byte("correct horse battery staple 123"),
		"repeated":     bytes.Repeat([]byte{0xde, 0xad, 0xbe, 0xef}, 8),
		"hexadecimals": []byte("0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
		"nothing":      nil,
	}
	for name, key := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := envelope.ParseKey(base64.StdEncoding.EncodeToString(key))
			if err == nil || !strings.Contains(err.Error(), "openssl rand -base64 32") {
				t.Errorf("ParseKey: %v, want a refusal that says how to make a key", err)
			}
		})
	}
	if _, err := envelope.ParseKey("not*base64"); err == nil || strings.Contains(err.Error(), "not*base64") {
		t.Errorf("ParseKey: %v, want a refusal that does not quote the key", err)
	}
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "kek")
	first, err := envelope.ReadOrCreateKeyFile(path, seeded(5))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode().Perm())
	}
	second, err := envelope.ReadOrCreateKeyFile(path, seeded(6))
	if err != nil {
		t.Fatal(err)
	}
	wrapped, _ := first.Wrap(t.Context(), tenantA, []byte("k"))
	if _, err := second.Unwrap(t.Context(), tenantA, wrapped); err != nil {
		t.Errorf("the key that was read is not the one that was written: %v", err)
	}
	if _, err := envelope.CreateKeyFile(path, seeded(7)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("CreateKeyFile over a file: %v, want ErrExist", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := envelope.ReadKeyFile(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others can read: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad"), []byte("AAAA"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := envelope.ReadOrCreateKeyFile(filepath.Join(dir, "bad"), seeded(7)); err == nil {
		t.Error("a short key was accepted, or overwritten")
	}
	if _, err := envelope.ReadOrCreateKeyFile(filepath.Join(dir, "none", "kek"), seeded(7)); err == nil {
		t.Error("a key file in a missing directory was created")
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".kek-*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
