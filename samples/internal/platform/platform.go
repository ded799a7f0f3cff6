// Package platform is where the samples for people are tested: `sekisho dev` as a
// process of its own, as people run it, and the orders API of tenant
// hakone.example beside it.
package platform

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/bearer"

	"github.com/sekisho-id/sekisho/samples/api/orders"
	"github.com/sekisho-id/sekisho/samples/internal/graph"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

// Hakone is the domain of the tenant in which everything happens.
const Hakone = "hakone.example"

// Platform is a running platform.
type Platform struct {
	// URL is its address, CAFile the authority to trust.
	URL, CAFile string
	// TenantID is that of Hakone, Authority URL and tenant.
	TenantID, Authority string
	// Hana and Ken are members of Hakone, Admin may do everything there.
	Hana, Ken, Admin Person
	// API is the App ID URI of the orders API.
	API string

	client *http.Client
	admin  *graph.Client
}

// Person is somebody with an account.
type Person struct{ Username, Password, Name string }

// bootstrap is what is read of the platform's bootstrap.json.
type bootstrap struct {
	CAFile string `json:"caFile"`
	Demo   map[string]struct {
		TenantID      string `json:"tenantId"`
		ClientID      string `json:"clientId"`
		ClientSecret  string `json:"clientSecret"`
		AdminUser     string `json:"adminUser"`
		AdminPassword string `json:"adminPassword"`
		People        []struct {
			UserPrincipalName string `json:"userPrincipalName"`
			DisplayName       string `json:"displayName"`
			Password          string `json:"password"`
		} `json:"people"`
		Apps map[string]struct {
			IdentifierURI string `json:"identifierUri"`
		} `json:"apps"`
	} `json:"demo"`
}

// New starts a platform, which ends with the test.
func New(t testing.TB) *Platform {
	t.Helper()
	dir := t.TempDir()
	addr := FreeAddress(t)
	Start(t, program(t), nil, "dev", "--addr", addr, "--data", filepath.Join(dir, "data"))

	var b bootstrap
	text, err := os.ReadFile(filepath.Join(dir, "data", "bootstrap.json"))
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil {
		t.Fatal(err)
	}
	hakone := b.Demo[Hakone]
	p := &Platform{
		URL: "https://" + addr, CAFile: b.CAFile, TenantID: hakone.TenantID, Authority: "https://" + addr + "/" + hakone.TenantID,
		API: hakone.Apps["ordersApi"].IdentifierURI, Admin: Person{hakone.AdminUser, hakone.AdminPassword, "Administrator"},
	}
	for _, person := range hakone.People {
		switch who := (Person{person.UserPrincipalName, person.Password, person.DisplayName}); who.Username {
		case "hana@" + Hakone:
			p.Hana = who
		case "ken@" + Hakone:
			p.Ken = who
		}
	}
	authorities, err := os.ReadFile(p.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authorities)
	p.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}, Timeout: time.Minute}
	if p.admin, err = graph.As(p.Authority, p.URL, hakone.ClientID, hakone.ClientSecret, p.client); err != nil {
		t.Fatal(err)
	}
	return p
}

// Graph is Graph as the administrator application of Hakone.
func (p *Platform) Graph() *graph.Client { return p.admin }

// Orders runs the orders API, with CORS for pages of these origins, and returns
// its address.
func (p *Platform) Orders(t testing.TB, origins ...string) string {
	t.Helper()
	verifier, err := bearer.New(bearer.Config{
		Authority: p.Authority, Audiences: []string{p.API, strings.TrimPrefix(p.API, "api://")},
		HTTPClient: p.client, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(orders.CORS(origins, orders.Handler(verifier, &orders.Store{})))
	t.Cleanup(server.Close)
	return server.URL
}

// Register registers an application in Hakone.
func (p *Platform) Register(t testing.TB, a graph.Application) graph.Application {
	t.Helper()
	made, err := p.admin.Register(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

var built struct {
	once sync.Once
	path string
	err  error
	said []byte
}

// program is the platform's program: that of SEKISHO_BIN, or else one that is built
// here once.
func program(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("SEKISHO_BIN"); path != "" {
		return path
	}
	built.once.Do(func() {
		var dir string
		if dir, built.err = os.MkdirTemp("", "sekisho-samples-"); built.err != nil {
			return
		}
		built.path = filepath.Join(dir, "sekisho")
		built.said, built.err = exec.Command("go", "build", "-o", built.path, "github.com/sekisho-id/sekisho/cmd/sekisho").CombinedOutput()
	})
	if built.err != nil {
		t.Fatalf("building sekisho: %v\n%s", built.err, built.said)
	}
	return built.path
}

// Main runs the tests of a package and removes the program that they ran.
func Main(m *testing.M) {
	status := m.Run()
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path)) // in the system's folder for such things, if it stays
	}
	os.Exit(status)
}

// A Program is a sample that serves until its context is done, and writes a line to
// out when it listens.
type Program = func(ctx context.Context, lookup func(string) (string, bool), out io.Writer, log *slog.Logger) error

// Serve runs a sample in this process until the test ends, and returns when it has
// said that it listens.
func Serve(t testing.TB, run Program, env map[string]string, says string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, setting.Map(env).Lookup, writer, slog.New(slog.NewTextHandler(t.Output(), nil)))
		_ = writer.CloseWithError(io.EOF)
		done <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the sample stopped with %v", err)
		}
	})
	if line, err := bufio.NewReader(reader).ReadString('\n'); err != nil || !strings.HasPrefix(line, says) {
		cancel()
		t.Fatalf("the sample said %q, %v", line, err)
	}
}

// patience is how long a program may take to say its first line.
const patience = time.Minute

// Start runs a program until the test ends and returns its first line.
func Start(t testing.TB, path string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said text
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first, done := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(done)
		r := bufio.NewReader(out)
		if line, err := r.ReadString('\n'); err == nil {
			first <- strings.TrimSpace(line)
		}
		_, _ = io.Copy(io.Discard, r) // the rest, so that it never waits for a reader
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended already, and Wait says how
		<-done
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s ended with %v: %s", filepath.Base(path), err, &said)
		}
	})
	select {
	case line := <-first:
		return line
	case <-done:
		t.Fatalf("%s did not start: %s", filepath.Base(path), &said)
	case <-time.After(patience):
		t.Fatalf("%s said nothing within %v: %s", filepath.Base(path), patience, &said)
	}
	return ""
}

// text is what a process writes, read when it has failed.
type text struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *text) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(b)
}

func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// FreeAddress is an address of this machine where nothing listens, for an
// application that is registered before it does.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "localhost:" + port
}

// Certificate writes a new certificate for localhost, and its key, for a sample
// that serves https.
func Certificate(t testing.TB) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	form := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), DNSNames: []string{"localhost"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", private)
}
