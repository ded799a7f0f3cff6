package server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/server"
	"github.com/sekisho-id/sekisho/internal/store/pgtest"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// What only shows with real processes: a crash at any moment, and more than one
// node on one database.

func TestMain(m *testing.M) {
	code := pgtest.Main(m)
	if binary.dir != "" {
		_ = os.RemoveAll(binary.dir)
	}
	os.Exit(code)
}

var binary struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// sekisho builds the command once.
func sekisho(t *testing.T) string {
	t.Helper()
	binary.once.Do(func() {
		if binary.dir, binary.err = os.MkdirTemp("", "sekisho-test-"); binary.err != nil {
			return
		}
		binary.path = filepath.Join(binary.dir, "sekisho")
		out, err := exec.Command("go", "build", "-o", binary.path, "github.com/sekisho-id/sekisho/cmd/sekisho").CombinedOutput()
		if err != nil {
			binary.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

// node is a server process.
type node struct {
	cmd       *exec.Cmd
	url       string
	client    *http.Client
	bootstrap server.Bootstrap
	exited    chan struct{}
}

func freePort(t *testing.T) string {
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
	return port
}

// run runs a command to its end.
func run(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.Command(sekisho(t), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("sekisho %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// start starts a server and returns once it is ready.
func start(t *testing.T, port, caFile, bootstrapFile string, args ...string) *node {
	t.Helper()
	n := &node{cmd: exec.Command(sekisho(t), args...), url: "https://localhost:" + port, exited: make(chan struct{})}
	var out bytes.Buffer
	n.cmd.Stdout, n.cmd.Stderr = &out, &out
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = n.cmd.Wait(); close(n.exited) }()
	t.Cleanup(func() { n.kill(); <-n.exited })
	deadline := time.Now().Add(30 * time.Second)
	for !n.ready(caFile) {
		select {
		case <-n.exited:
			t.Fatalf("sekisho %s ended: %s", strings.Join(args, " "), out.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("sekisho %s is not ready: %s", strings.Join(args, " "), out.String())
		}
	}
	text, err := os.ReadFile(bootstrapFile)
	if err == nil {
		err = json.Unmarshal(text, &n.bootstrap)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *node) ready(caFile string) bool {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return false
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	n.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 32,
	}}
	resp, err := n.client.Get(n.url + "/readyz")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func (n *node) kill() { _ = n.cmd.Process.Signal(syscall.SIGKILL) }

// token asks for a token for Graph; uti is that of the token, nil if none came.
func (n *node) token(clientID, secret string) (token string, uti []byte, code int) {
	resp, err := n.client.PostForm(n.url+"/"+n.bootstrap.TenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {secret}, "scope": {graphScope},
	})
	if err != nil {
		return "", nil, 0
	}
	defer resp.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
		Codes       []int  `json:"error_codes"`
	}
	if json.NewDecoder(bufio.NewReader(resp.Body)).Decode(&body) != nil {
		return "", nil, 0
	}
	if len(body.Codes) > 0 {
		return "", nil, body.Codes[0]
	}
	parts := strings.Split(body.AccessToken, ".")
	if len(parts) != 3 {
		return "", nil, 0
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", nil, 0
	}
	var claims struct {
		UTI string `json:"uti"`
	}
	if json.Unmarshal(raw, &claims) != nil {
		return "", nil, 0
	}
	uti, err = base64.RawURLEncoding.DecodeString(claims.UTI)
	if err != nil {
		return "", nil, 0
	}
	return body.AccessToken, uti, 0
}

// killed runs tokens in parallel, kills the server in the middle, and returns
// the uti of every token that a client received.
func killed(t *testing.T, n *node, after int) [][]byte {
	t.Helper()
	var mu sync.Mutex
	var got [][]byte
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			for {
				_, uti, _ := n.token(n.bootstrap.ClientID, n.bootstrap.ClientSecret)
				if uti == nil {
					return
				}
				mu.Lock()
				got = append(got, uti)
				enough := len(got) == after
				mu.Unlock()
				if enough {
					n.kill()
				}
			}
		})
	}
	clients.Wait()
	<-n.exited
	if len(got) < after {
		t.Fatalf("only %d tokens", len(got))
	}
	return got
}

// After kill -9 under load there is a record for every token that somebody got.
func TestKilledServerHasARecordForEveryToken(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			dir, port := t.TempDir(), freePort(t)
			database := filepath.Join(dir, "sekisho.db")
			if engine == "postgres" {
				database = pgtest.DSN(t)
			}
			config := serveConfig(t, dir, port, database)
			if engine == "postgres" { // SQLite migrates itself
				run(t, "migrate", "--config", config)
			}
			run(t, "bootstrap", "--config", config)
			var got [][]byte
			for round := range 3 {
				n := start(t, port, filepath.Join(dir, "ca.pem"), filepath.Join(dir, "bootstrap.json"), "serve", "--config", config)
				got = append(got, killed(t, n, 150+50*round)...)
			}
			db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: database, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			missing := 0
			for _, uti := range got {
				if _, err := db.SignIn(t.Context(), server.FirstTenant.Bytes(), [16]byte(uti)); err != nil {
					missing++
				}
			}
			t.Logf("%d tokens received in three runs, %d without a record", len(got), missing)
			if missing > 0 {
				t.Errorf("%d of %d tokens have no record", missing, len(got))
			}
		})
	}
}

// serveConfig writes a configuration for sekisho serve.
func serveConfig(t *testing.T, dir, port, database string, more ...string) string {
	t.Helper()
	path := filepath.Join(dir, "sekisho.yaml")
	text := fmt.Sprintf("listen: localhost:%s\nhosts: [\"https://localhost:%s\"]\ndataDir: %s\ndatabase: %q\nkeyEncryptionKey: %s\n",
		port, port, dir, database, "jk3mB1xq8hZ0V7yFf2dQ4wLr5tNc6uPa9sEeGiHoKTY=") + strings.Join(more, "")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A change committed on one node is effective on every other within a second.
func TestChangeReachesTheOtherNode(t *testing.T) {
	database := pgtest.DSN(t)
	dirs, ports := [2]string{t.TempDir(), t.TempDir()}, [2]string{freePort(t), freePort(t)}
	var nodes [2]*node
	for i := range nodes {
		config := serveConfig(t, dirs[i], ports[i], database)
		if i == 0 {
			run(t, "migrate", "--config", config)
			run(t, "bootstrap", "--config", config)
		}
		nodes[i] = start(t, ports[i], filepath.Join(dirs[i], "ca.pem"), filepath.Join(dirs[0], "bootstrap.json"), "serve", "--config", config)
	}
	b := nodes[0].bootstrap
	admin, _, _ := nodes[0].token(b.ClientID, b.ClientSecret)
	app := nodes[0].graph(t, admin, "POST", "/v1.0/applications", `{"displayName":"Two nodes"}`)
	sp := nodes[0].graph(t, admin, "POST", "/v1.0/servicePrincipals", `{"appId":"`+app["appId"].(string)+`"}`)
	secret := nodes[0].graph(t, admin, "POST", "/v1.0/applications/"+app["id"].(string)+"/addPassword", `{}`)
	id, text := app["appId"].(string), secret["secretText"].(string)

	// Both nodes have the client in their view before each change.
	steps := []struct {
		name string
		body string
		code int // that the other node must come to answer
	}{
		{"new application", "", 0},
		{"disabled", `{"accountEnabled":false}`, 7000112},
		{"enabled", `{"accountEnabled":true}`, 0},
	}
	for _, st := range steps {
		t.Run(st.name, func(t *testing.T) {
			if st.body != "" {
				nodes[0].graph(t, admin, "PATCH", "/v1.0/servicePrincipals/"+sp["id"].(string), st.body)
			}
			committed := time.Now()
			for {
				token, _, code := nodes[1].token(id, text)
				if code == st.code && (code != 0 || token != "") {
					break
				}
				if time.Since(committed) > time.Second {
					t.Fatalf("a second after the commit the other node answers %d", code)
				}
			}
			t.Logf("effective on the other node after %v", time.Since(committed))
		})
	}
}

func (n *node) graph(t *testing.T, token, method, path, body string) map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, n.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := n.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer map[string]any
	_ = json.NewDecoder(resp.Body).Decode(&answer)
	if resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %v", method, path, resp.StatusCode, answer)
	}
	return answer
}

// A database that goes away is answered with 503, and the process lives on.
func TestDatabaseGone(t *testing.T) {
	pg, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	t.Cleanup(func() {
		if !stopped {
			pg.Stop()
		}
	})
	database, err := pg.Create(t.Context(), "gone")
	if err != nil {
		t.Fatal(err)
	}
	dir, port := t.TempDir(), freePort(t)
	config := serveConfig(t, dir, port, database)
	run(t, "migrate", "--config", config)
	run(t, "bootstrap", "--config", config)
	n := start(t, port, filepath.Join(dir, "ca.pem"), filepath.Join(dir, "bootstrap.json"), "serve", "--config", config)
	b := n.bootstrap
	if _, uti, code := n.token(b.ClientID, b.ClientSecret); uti == nil {
		t.Fatalf("no token: %d", code)
	}
	pg.Stop()
	stopped = true
	if _, uti, code := n.token(b.ClientID, b.ClientSecret); uti != nil || code != 90033 {
		t.Errorf("without a database: uti %x, code %d", uti, code)
	}
	if n.ready(filepath.Join(dir, "ca.pem")) {
		t.Error("ready without a database")
	}
	resp, err := n.client.Get(n.url + "/healthz")
	if err != nil {
		t.Fatalf("the process should live on: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("healthz: %d", resp.StatusCode)
	}
}
