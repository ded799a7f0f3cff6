package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// bootstrap is what bootstrap.json says.
type bootstrap struct {
	CAFile       string `json:"caFile"`
	TenantID     string `json:"tenantId"`
	TenantDomain string `json:"tenantDomain"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

// instance is a Sekisho server process and what was set up in it.
type instance struct {
	name       string // of the database engine
	binary     string
	dir        string // everything it keeps
	addr       string
	operations string
	args       []string
	env        []string
	database   string // SQLite file or postgres:// URL

	cmd   *exec.Cmd
	ended chan struct{}
	tls   *tls.Config
	boot  bootstrap

	databasePID int // of PostgreSQL's first process; 0 for SQLite
	client      struct{ id, secret string }
	rs256       string // scopes of the two APIs
	es256       string
	tokens      int // that it has issued to us
	// forPeople are the answers with tokens of people: each is one sign-in record.
	forPeople atomic.Int64
}

// surroundings are the environment of server processes: ours, without what would
// change how a Go program runs, and what a trial adds.
func surroundings(trial []string) []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains([]string{"GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG", "SEKISHO_CONFIG", "SEKISHO_BOOTSTRAP"}, name) {
			env = append(env, v)
		}
	}
	return append(env, trial...)
}

// newDev prepares a server in development mode, on SQLite.
func newDev(b *bench, name string, empty bool) (*instance, error) {
	in, err := b.instance(name)
	if err != nil {
		return nil, err
	}
	in.args = []string{"dev", "--data", in.dir, "--addr", in.addr, "--operations", in.operations}
	if empty {
		in.args = append(in.args, "--empty")
	}
	in.database = filepath.Join(in.dir, "sekisho.db")
	return in, nil
}

// newInstallation prepares a server as operators run it: migrated, bootstrapped,
// with a configuration file. An empty database is SQLite.
func newInstallation(ctx context.Context, b *bench, name, database string) (*instance, error) {
	in, err := b.instance(name)
	if err != nil {
		return nil, err
	}
	var kek [32]byte
	if _, err := rand.Read(kek[:]); err != nil {
		return nil, err
	}
	in.database = database
	if database == "" {
		in.database = filepath.Join(in.dir, "sekisho.db")
	}
	config := filepath.Join(in.dir, "sekisho.yaml")
	text := fmt.Sprintf("listen: %q\nhosts: [%q]\ndataDir: %q\ndatabase: %q\nkeyEncryptionKey: %q\noperations: {listen: %q}\nsignInsPerMinute: 0\n",
		in.addr, "https://"+in.addr, in.dir, in.database, base64.StdEncoding.EncodeToString(kek[:]), in.operations)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	steps := []string{"bootstrap"}
	if database != "" {
		steps = []string{"migrate", "bootstrap"}
	}
	for _, step := range steps {
		cmd := exec.CommandContext(ctx, in.binary, step, "--config", config)
		cmd.Env = in.env
		if said, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("sekisho %s: %w\n%s", step, err, said)
		}
	}
	in.args = []string{"serve", "--config", config}
	return in, nil
}

func (b *bench) instance(name string) (*instance, error) {
	in := &instance{name: name, binary: b.binary, env: surroundings(b.trial), dir: filepath.Join(b.dir, fmt.Sprintf("i%d", b.made))}
	b.made++
	var err error
	if in.addr, err = freeAddress(); err != nil {
		return nil, err
	}
	if in.operations, err = freeAddress(); err != nil {
		return nil, err
	}
	return in, os.MkdirAll(in.dir, 0o700)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return "localhost:" + port, errors.Join(err, l.Close())
}

// start runs the process and returns once its listener is open.
func (in *instance) start(ctx context.Context) error {
	out, err := os.OpenFile(filepath.Join(in.dir, "output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	in.cmd = exec.Command(in.binary, in.args...)
	in.cmd.Env, in.cmd.Stdout, in.cmd.Stderr = in.env, out, out
	if err := in.cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	in.ended = ended
	go func() { _ = in.cmd.Wait(); close(ended) }()
	for {
		conn, err := net.Dial("tcp", in.addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ended:
			said, _ := os.ReadFile(out.Name())
			return fmt.Errorf("the server did not start:\n%s", said)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// connect reads what bootstrap.json says and trusts the server's CA.
func (in *instance) connect() error {
	text, err := os.ReadFile(filepath.Join(in.dir, "bootstrap.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &in.boot); err != nil {
		return err
	}
	pem, err := os.ReadFile(in.boot.CAFile)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate", in.boot.CAFile)
	}
	in.tls = &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12}
	return nil
}

// stop ends the process gracefully.
func (in *instance) stop() error {
	if in.cmd == nil {
		return nil
	}
	defer func() { in.cmd = nil }()
	if err := in.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-in.ended
	if code := in.cmd.ProcessState.ExitCode(); code != 0 {
		said, _ := os.ReadFile(filepath.Join(in.dir, "output"))
		return fmt.Errorf("the server ended with %d:\n%s", code, said)
	}
	return nil
}

// usage is what server and database have used so far.
type usage struct {
	server, database time.Duration // CPU time
	statements       float64       // of SQL
}

func (u usage) minus(v usage) usage {
	return usage{u.server - v.server, u.database - v.database, u.statements - v.statements}
}

var statementsLine = regexp.MustCompile(`(?m)^sekisho_sql_statements_total (\S+)$`)

func (in *instance) used(ctx context.Context) (u usage, err error) {
	metrics, err := read(ctx, "http://"+in.operations+"/metrics")
	if err != nil {
		return u, err
	}
	m := statementsLine.FindSubmatch(metrics)
	if m == nil {
		return u, errors.New("/metrics does not count SQL statements")
	}
	if u.statements, err = strconv.ParseFloat(string(m[1]), 64); err != nil {
		return u, err
	}
	if u.server, err = cpuOf(in.cmd.Process.Pid); err != nil || in.databasePID == 0 {
		return u, err
	}
	u.database, err = cpuOfFamily(in.databasePID)
	return u, err
}

// tokenTarget is the request of a token for a scope.
func (in *instance) tokenTarget(clientID, secret, scope string) *target {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {secret}, "scope": {scope}}
	return &target{
		addr: in.addr, tls: in.tls, expect: []byte(`"access_token":"ey`),
		request: post(in.addr, "/"+in.boot.TenantID+"/oauth2/v2.0/token", form.Encode()),
	}
}

// adminTarget is the request of the administrator application's token.
func (in *instance) adminTarget() *target {
	return in.tokenTarget(in.boot.ClientID, in.boot.ClientSecret, "https://graph.microsoft.com/.default")
}

// discoveryTarget is the request of the tenant's discovery document.
func (in *instance) discoveryTarget() *target {
	return &target{
		addr: in.addr, tls: in.tls, expect: []byte(`"issuer"`),
		request: get(in.addr, "/"+in.boot.TenantID+"/v2.0/.well-known/openid-configuration"),
	}
}

// token asks once and gives the token.
func (in *instance) token(ctx context.Context, t *target) (string, error) {
	body, err := once(ctx, t)
	if err != nil {
		return "", err
	}
	in.tokens++
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	err = json.Unmarshal(body, &answer)
	return answer.AccessToken, err
}

// setUp registers, through Graph, one API for each algorithm and a daemon that
// holds a role on both.
func (in *instance) setUp(ctx context.Context) error {
	admin, err := in.token(ctx, in.adminTarget())
	if err != nil {
		return err
	}
	g := &graph{
		base: "https://" + in.addr + "/v1.0", bearer: admin,
		http: &http.Client{Transport: &http.Transport{TLSClientConfig: in.tls}, Timeout: 30 * time.Second},
	}
	defer g.http.CloseIdleConnections()
	daemon, principal := g.application(ctx, `{"displayName":"Daemon"}`)
	for i, scope := range []*string{&in.rs256, &in.es256} {
		role := fmt.Sprintf("00000000-0000-4000-8000-0000000000a%d", i)
		app, sp := g.application(ctx, fmt.Sprintf(`{"displayName":"Orders API %d","api":{"requestedAccessTokenVersion":2},"appRoles":[{"id":%q,
			"value":"Orders.Read.All","displayName":"r","description":"r","isEnabled":true,"allowedMemberTypes":["Application"]}]}`, i, role))
		uri := "api://" + app["appId"]
		change := fmt.Sprintf(`{"identifierUris":[%q]}`, uri)
		if i == 1 {
			change = fmt.Sprintf(`{"identifierUris":[%q],"accessTokenSigningAlg":"ES256"}`, uri)
		}
		g.do(ctx, "PATCH", "/applications/"+app["id"], change)
		g.do(ctx, "POST", "/servicePrincipals/"+sp["id"]+"/appRoleAssignedTo",
			fmt.Sprintf(`{"principalId":%q,"resourceId":%q,"appRoleId":%q}`, principal["id"], sp["id"], role))
		*scope = uri + "/.default"
	}
	secret := g.do(ctx, "POST", "/applications/"+daemon["id"]+"/addPassword", `{"passwordCredential":{"displayName":"bench"}}`)
	in.client.id, in.client.secret = daemon["appId"], secret["secretText"]
	return g.err
}

// graph calls Graph until something fails.
type graph struct {
	base, bearer string
	http         *http.Client
	err          error
}

// application makes an application and its service principal.
func (g *graph) application(ctx context.Context, body string) (app, principal map[string]string) {
	app = g.do(ctx, "POST", "/applications", body)
	return app, g.do(ctx, "POST", "/servicePrincipals", fmt.Sprintf(`{"appId":%q}`, app["appId"]))
}

// do gives the members of the answer that are texts.
func (g *graph) do(ctx context.Context, method, path, body string) map[string]string {
	if g.err != nil {
		return nil
	}
	var answer map[string]any
	if answer, g.err = g.ask(ctx, method, path, body); g.err != nil {
		g.err = fmt.Errorf("%s %s: %w", method, path, g.err)
	}
	texts := map[string]string{}
	for name, v := range answer {
		if s, ok := v.(string); ok {
			texts[name] = s
		}
	}
	return texts
}

func (g *graph) ask(ctx context.Context, method, path, body string) (map[string]any, error) {
	req, err := http.NewRequestWithContext(ctx, method, g.base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+g.bearer)
	req.Header.Set("Content-Type", "application/json")
	resp, err := g.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		return nil, fmt.Errorf("answered %d: %.500s", resp.StatusCode, text)
	}
	if len(text) == 0 {
		return nil, nil
	}
	var answer map[string]any
	return answer, json.Unmarshal(text, &answer)
}

// algorithm is the `alg` in the header of a token.
func algorithm(token string) string {
	first, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		return ""
	}
	var header struct {
		Alg string `json:"alg"`
	}
	if json.Unmarshal(text, &header) != nil {
		return ""
	}
	return header.Alg
}
