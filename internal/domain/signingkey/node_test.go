package signingkey_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

var start = time.Date(2026, 3, 2, 4, 11, 9, 0, time.UTC)

// caller is who acts in tests that do not care.
var caller directory.Caller

const (
	day  = 24 * time.Hour
	orgs = signingkey.Organizations
	cons = signingkey.ConsumersRing
	rs   = signingkey.RS256
	es   = signingkey.ES256
)

// memory is the store of a test. failAfter ends the process, so to speak, after
// that many more writes.
type memory struct {
	mu        sync.Mutex
	keys      []signingkey.Stored
	data      map[string][]byte
	events    []*audit.Event
	failAfter int
	nodes     byte               // processes that ever used it
	before    func(*audit.Event) // called before each write
}

var errGone = errors.New("store is gone")

func (m *memory) write(ev *audit.Event) error {
	if m.failAfter == 1 {
		return errGone
	}
	m.failAfter--
	if m.before != nil {
		m.before(ev)
	}
	m.events = append(m.events, ev)
	return nil
}

func (m *memory) SigningKeys(context.Context) ([]signingkey.Stored, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.keys), nil
}

func (m *memory) AddSigningKey(_ context.Context, k signingkey.Stored, ev *audit.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.write(ev); err != nil {
		return err
	}
	m.keys = append(m.keys, k)
	return nil
}

func (m *memory) SetSigningKeyTimes(_ context.Context, k signingkey.Stored, ev *audit.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.write(ev); err != nil {
		return err
	}
	for i := range m.keys {
		if m.keys[i].KID == k.KID {
			k.Cert, k.SealedKey = m.keys[i].Cert, m.keys[i].SealedKey
			m.keys[i] = k
			return nil
		}
	}
	return errors.New("no such key")
}

func (m *memory) DeleteSigningKey(_ context.Context, kid string, ev *audit.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.write(ev); err != nil {
		return err
	}
	m.keys = slices.DeleteFunc(m.keys, func(k signingkey.Stored) bool { return k.KID == kid })
	return nil
}

func (m *memory) DataKey(_ context.Context, owner string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.data[owner]; ok {
		return k, nil
	}
	return nil, envelope.ErrNoDataKey
}

func (m *memory) CreateDataKey(_ context.Context, owner string, wrapped []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.data == nil {
		m.data = map[string][]byte{}
	}
	if m.data[owner] == nil {
		m.data[owner] = wrapped
	}
	return m.data[owner], nil
}

// node is one process on a store, with a clock.
type node struct {
	*signingkey.Keyring
	store *memory
	clock time.Time
	drawn int
	mu    sync.Mutex
}

func testKey(t testing.TB, algorithm string) crypto.Signer {
	t.Helper()
	file := map[string]string{rs: "testdata/rsa.pem", es: "testdata/ec.pem"}[algorithm]
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(crypto.Signer)
}

func newNode(t testing.TB, s *memory, ahead time.Duration) *node {
	t.Helper()
	s.nodes++
	source := &locked{r: rand.NewChaCha8([32]byte{s.nodes})}
	kek := make([]byte, 32)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(kek)
	wrapper, err := envelope.NewLocal(kek)
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := envelope.NewKeeper(envelope.Config{Store: s, Wrapper: wrapper, Rand: source})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{store: s, clock: start}
	n.Keyring, err = signingkey.NewKeyring(signingkey.Config{
		Store: s, Keeper: keeper, Rand: source, Ahead: ahead,
		Now: func() time.Time { return n.clock },
		Generate: func(algorithm string, _ io.Reader) (crypto.Signer, error) {
			n.mu.Lock()
			n.drawn++
			n.mu.Unlock()
			if algorithm != rs && algorithm != es {
				return signingkey.Generate(algorithm, nil)
			}
			return testKey(t, algorithm), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// locked makes a reader usable by several goroutines.
type locked struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *locked) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// states is a picture of the keys, like "organizations RS256 active".
func (n *node) states() []string {
	var out []string
	for _, k := range n.Set().All() {
		out = append(out, fmt.Sprintf("%s %s %s", k.Ring(), k.Algorithm(), k.State(n.clock)))
	}
	slices.Sort(out)
	return out
}

func (n *node) active(t *testing.T, ring, algorithm string) *signingkey.Key {
	t.Helper()
	k, err := n.Set().Active(ring, algorithm, n.clock)
	if err != nil {
		t.Fatalf("active key of %s %s: %v", ring, algorithm, err)
	}
	return k
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantStates(t *testing.T, n *node, want ...string) {
	t.Helper()
	slices.Sort(want)
	if d := cmp.Diff(want, n.states()); d != "" {
		t.Fatalf("keys (-want +got):\n%s", d)
	}
}
