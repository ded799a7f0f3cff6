package interop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/interop/internal/administrator"
	"github.com/sekisho-id/sekisho/interop/internal/issuer"
	"github.com/sekisho-id/sekisho/interop/internal/person"
	"github.com/sekisho-id/sekisho/interop/internal/platform"
)

const root = ".."

// elsewhere is the tenant that has let no client of ours in.
const elsewhere = "hakone.example"

// stage is what all tests share: the server, its administrator, two APIs and an
// issuer of workload tokens.
var stage struct {
	server *platform.Server
	admin  *administrator.Administrator
	v1, v2 *administrator.API
	issuer *issuer.Issuer
	// caller are the machine's variables as they were before ours.
	caller []string
	// people have what the pages of one browser are for.
	people people
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "sekisho-interop-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	stage.caller = os.Environ()
	if stage.server, err = platform.Start(ctx, root, dir); err != nil {
		return 1, err
	}
	defer func() {
		log, stop := stage.server.Stop()
		err = errors.Join(err, stop, keepsSecrets("the server's log", log))
	}()
	if err := trust(stage.server.CAFile); err != nil {
		return 1, err
	}
	if err := prepare(ctx); err != nil {
		return 1, err
	}
	defer stage.issuer.Stop()
	defer stage.people.stop()
	return m.Run(), nil
}

// trust makes clients in this process trust the server the documented way, by the
// variable that Go reads once, before its first TLS connection. Variables that
// would name another application are taken away.
func trust(ca string) error {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AZURE_") {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	return os.Setenv("SSL_CERT_FILE", ca)
}

func prepare(ctx context.Context) (err error) {
	if stage.issuer, err = issuer.Start(); err != nil {
		return err
	}
	if stage.admin, err = administrator.Login(ctx, http.DefaultClient, &stage.server.Bootstrap, stage.server.Tenant); err != nil {
		return err
	}
	if stage.v1, err = stage.admin.AddAPI(ctx, "Interop API, version 1.0 tokens", 1); err != nil {
		return err
	}
	stage.v2, err = stage.admin.AddAPI(ctx, "Interop API, version 2.0 tokens", 2)
	return err
}

// secrets are the client secrets of this run, which nothing may print.
var secrets []string

func keepsSecrets(where, text string) error {
	if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(text, s) }) {
		return fmt.Errorf("%s shows a client secret", where)
	}
	return nil
}

// tool finds a command that a test needs.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing here: run `make deps-interop`, which installs it", name)
	}
	return path
}

// party is what the programs of other languages are told, as JSON in a file.
type party struct {
	AuthorityHost string `json:"authorityHost"`
	Host          string `json:"host"`
	GraphURL      string `json:"graphUrl"`
	Tenant        string `json:"tenant"`
	Domain        string `json:"domain"`
	Elsewhere     string `json:"elsewhere"`

	ClientID    string `json:"clientId"`
	Secret      string `json:"secret"`
	WrongSecret string `json:"wrongSecret"`
	// CertificateFile holds certificate and key, as PEM; KeyFile the key alone.
	CertificateFile  string `json:"certificateFile"`
	KeyFile          string `json:"keyFile"`
	Thumbprint       string `json:"thumbprint"`
	ThumbprintSHA256 string `json:"thumbprintSha256"`
	// AssertionFile holds a token of the issuer that the client trusts.
	AssertionFile string `json:"assertionFile"`

	Scope      string `json:"scope"`
	ScopeV1    string `json:"scopeV1"`
	GraphScope string `json:"graphScope"`

	// Permission is a delegated permission of the API with version 2.0 tokens.
	Permission string `json:"permission"`
	// Address is the account of the person who uses this client alone.
	Address string `json:"address"`
	// Browser is where a program asks for somebody to open an address.
	Browser string `json:"browser"`

	certificate *certificate
	person      person.Person
	personID    string
}

// authority is the authority with the tenant named by id or domain.
func (p *party) authority(tenant string) string { return p.AuthorityHost + "/" + tenant }

// register makes an application for the client with every kind of credential.
func register(t *testing.T, name string) *party {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	app, err := stage.admin.AddClient(ctx, "Interop "+name, redirects, stage.v1, stage.v2)
	must(err)
	secret, err := stage.admin.AddSecret(ctx, app)
	must(err)
	secrets = append(secrets, secret)
	dir := t.TempDir()
	cert, err := newCertificate(name, dir)
	must(err)
	must(stage.admin.SetCertificate(ctx, app, cert.der))
	must(stage.admin.AddFederated(ctx, app, stage.issuer.URL, "workload:"+name, issuer.Audience))
	assertion, err := stage.issuer.Token("workload:" + name)
	must(err)
	file := filepath.Join(dir, "assertion.jwt")
	must(os.WriteFile(file, []byte(assertion), 0o600))
	s := stage.server
	who := person.Person{Address: strings.ReplaceAll(name, " ", "-") + "@" + s.Domain, Password: newPassword()}
	secrets = append(secrets, who.Password)
	account, err := stage.admin.AddPerson(ctx, name, who.Address, who.Password)
	must(err)
	return &party{
		AuthorityHost: s.BaseURL, Host: s.Host(), GraphURL: s.GraphURL, Tenant: s.ID, Domain: s.Domain, Elsewhere: s.Demo[elsewhere].ID,
		ClientID: app.AppID, Secret: secret, WrongSecret: "not-" + app.ID,
		CertificateFile: cert.file, KeyFile: cert.keyFile, Thumbprint: cert.sha1(), ThumbprintSHA256: cert.sha256(),
		AssertionFile: file,
		Scope:         stage.v2.Scope(), ScopeV1: stage.v1.Scope(), GraphScope: administrator.GraphScope,
		Permission: stage.v2.Delegated(administrator.Permission), Address: who.Address,
		certificate: cert, person: who, personID: account.ID,
	}
}

// write puts the party where only this user reads it.
func (p *party) write(t *testing.T) (file string) {
	t.Helper()
	text, err := json.Marshal(p)
	if err == nil {
		file = filepath.Join(t.TempDir(), "party.json")
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}
