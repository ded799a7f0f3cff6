// Package stage is where the samples are tested: a Sekisho server with its
// demonstration tenants, the orders API of tenant hakone.example, and a way to run
// a daemon tick by tick. Everything talks HTTPS on loopback and ends with the test.
package stage

import (
	"bytes"
	"context"
	"encoding/pem"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/bearer"
	"github.com/sekisho-id/sekisho/sekishotest"

	"github.com/sekisho-id/sekisho/samples/api/orders"
	"github.com/sekisho-id/sekisho/samples/internal/graph"
	"github.com/sekisho-id/sekisho/samples/internal/job"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

// The demonstration tenants: the one with the orders API, and the vendor's.
const (
	Hakone = "hakone.example"
	Usui   = "usui.example"
)

// Stage is a running platform and a running orders API.
type Stage struct {
	*sekishotest.Server
	// APIURL is the address of the orders API, Scope the scope for it.
	APIURL, Scope string
	// CAFile holds the authorities of both.
	CAFile string
	// OrdersAPI is the client id of the API.
	OrdersAPI string

	mu      sync.Mutex
	seen    map[string]bool // tokens that the API accepted, by uti
	revoked map[string]bool
}

// New starts the platform and the API, which holds one order.
func New(t testing.TB, o sekishotest.Options) *Stage {
	t.Helper()
	s := &Stage{Server: sekishotest.New(t, o), seen: map[string]bool{}, revoked: map[string]bool{}}
	hakone := s.Bootstrap.Demo[Hakone]
	api := hakone.Apps["ordersApi"]
	s.OrdersAPI, s.Scope = api.ClientID, api.IdentifierURI+"/.default"
	verifier, err := bearer.New(bearer.Config{
		Authority: s.URL + "/" + hakone.TenantID, Audiences: []string{api.ClientID, api.IdentifierURI},
		HTTPClient: s.Client(), Revoked: s.isRevoked, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	store := &orders.Store{}
	if _, err := store.Add(orders.Order{Item: "sencha", Quantity: 2, Owner: orders.Owner{TenantID: hakone.TenantID, ObjectID: "hana"}}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(orders.Handler(verifier, store))
	t.Cleanup(server.Close)
	s.APIURL = server.URL

	platform, err := os.ReadFile(s.Server.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	s.CAFile = Write(t, "ca.pem", append(platform, Certificate(server)...))
	return s
}

// Certificate is the certificate of a test server, in PEM form.
func Certificate(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

// Write writes a file of the test and returns its path.
func Write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (s *Stage) isRevoked(c *bearer.Claims) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[c.UTI] = true
	return s.revoked[c.UTI]
}

// RevokeTokens makes the API refuse every token that it has seen, so that who
// calls it must get another.
func (s *Stage) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for uti := range s.seen {
		s.revoked[uti] = true
	}
}

// Tokens is how many different tokens the API has seen.
func (s *Stage) Tokens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// Admin is Graph as the administrator application of a demonstration tenant.
func (s *Stage) Admin(t testing.TB, domain string) *graph.Client {
	t.Helper()
	tenant := s.Bootstrap.Demo[domain]
	client, err := graph.As(s.URL+"/"+tenant.TenantID, s.URL, tenant.ClientID, tenant.ClientSecret, s.Client())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Env is the settings of a daemon.
type Env map[string]string

// With is the settings with others in their place.
func (e Env) With(other Env) Env {
	out := Env{}
	for _, m := range []Env{e, other} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// Env is what every daemon is told of this stage.
func (s *Stage) Env() Env {
	return Env{"SCOPE": s.Scope, "API_URL": s.APIURL, "CA_FILE": s.CAFile, "INSTANCE_DISCOVERY": "false"}
}

// Setup is the function of a daemon that is tested.
type Setup = func(*setting.Reader, job.Program) job.Work

func program(env Env, args ...string) job.Program {
	return job.Program{Name: "daemon", Args: args, Lookup: setting.Map(env).Lookup}
}

// Once runs a daemon with --once and returns its status and what it wrote.
func Once(t testing.TB, setup Setup, env Env) (status int, out, err string) {
	t.Helper()
	p := program(env, "--once")
	var o, e bytes.Buffer
	p.Out, p.Err = &o, &e
	status = p.Run(t.Context(), setup)
	return status, o.String(), e.String()
}

// Running is a daemon that calls at each Round.
type Running struct {
	ticks    chan time.Time
	done     chan error
	out, err *text
}

// Start starts a daemon; its first round, made at once, must succeed.
func Start(t testing.TB, setup Setup, env Env) *Running {
	t.Helper()
	r := &Running{ticks: make(chan time.Time), done: make(chan error), out: &text{}, err: &text{}}
	p := program(env)
	p.Out, p.Err = r.out, r.err
	p.Ticks = func(time.Duration) (<-chan time.Time, func()) { return r.ticks, func() {} }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		defer close(r.done)
		ended <- p.Run(ctx, func(s *setting.Reader, p job.Program) job.Work {
			work := setup(s, p)
			return func(ctx context.Context) error {
				err := work(ctx)
				r.done <- err
				return err
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if status := <-ended; status != 0 {
			t.Errorf("the daemon ended with status %d: %s", status, r.err.take())
		}
	})
	r.finish(t)
	return r
}

// Round lets the daemon call once more; the call must succeed. It returns what the
// daemon told its operator meanwhile.
func (r *Running) Round(t testing.TB) (notices string) {
	t.Helper()
	r.ticks <- time.Time{}
	return r.finish(t)
}

func (r *Running) finish(t testing.TB) string {
	t.Helper()
	if err, running := <-r.done; err != nil || !running {
		t.Fatalf("a call failed: %v; %s", err, r.err.take())
	}
	if out := r.out.take(); out == "" {
		t.Error("the daemon called, but printed no answer")
	}
	return r.err.take()
}

// text is what a daemon writes, read by the test after each round.
type text struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *text) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(b)
}

// take gives what was written since the last call.
func (w *text) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.buf.Reset()
	return w.buf.String()
}
