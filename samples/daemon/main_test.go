package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"

	"github.com/sekisho-id/sekisho/samples/internal/graph"
	"github.com/sekisho-id/sekisho/samples/internal/stage"
	"github.com/sekisho-id/sekisho/samples/internal/testkey"
)

// scene is a stage with the demonstration's daemon.
type scene struct {
	*stage.Stage
	app    string // client id of the daemon
	secret string
	admin  *graph.Client
	env    stage.Env
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{Stage: stage.New(t, sekishotest.Options{})}
	tenant := s.Bootstrap.Demo[stage.Hakone]
	app := tenant.Apps["ordersDaemon"]
	s.app, s.secret = app.ClientID, app.ClientSecret
	s.admin = s.Admin(t, stage.Hakone)
	s.env = s.Env().With(stage.Env{"AUTHORITY": s.URL + "/" + tenant.TenantID, "CLIENT_ID": s.app})
	return s
}

// replace writes the file as a deployment should: whole, under another name, and
// then renamed.
func replace(t *testing.T, file string, content []byte) {
	t.Helper()
	next := filepath.Join(filepath.Dir(file), "next")
	if err := os.WriteFile(next, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, file); err != nil {
		t.Fatal(err)
	}
}

func expectNotice(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("the daemon said %q, which does not say %q", got, want)
	}
}

const inUse = "the new one is in use"

func TestRotateSecret(t *testing.T) {
	s := newScene(t)
	file := stage.Write(t, "secret", []byte(s.secret+"\n"))
	env := s.env.With(stage.Env{"CLIENT_SECRET_FILE": file})
	daemon := stage.Start(t, setup, env)
	old, err := s.admin.Passwords(t.Context(), s.app)
	if err != nil || len(old) != 1 {
		t.Fatalf("the daemon has %d secrets: %v", len(old), err)
	}

	next, err := s.admin.AddPassword(t.Context(), s.app, "next")
	if err != nil {
		t.Fatal(err)
	}
	daemon.Round(t)

	// A file that is written where it stands can be met half written.
	if err := os.WriteFile(file, []byte(next.SecretText[:5]), 0o600); err != nil {
		t.Fatal(err)
	}
	expectNotice(t, daemon.Round(t), "the old one stays in use")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	expectNotice(t, daemon.Round(t), "the one in memory stays in use")
	replace(t, file, []byte(next.SecretText))
	expectNotice(t, daemon.Round(t), inUse)

	if err := s.admin.RemovePassword(t.Context(), s.app, old[0].KeyID); err != nil {
		t.Fatal(err)
	}
	daemon.Round(t)
	before := s.Tokens()
	s.RevokeTokens() // the next call needs a new token, and the old secret gets none
	if said := daemon.Round(t); said != "" {
		t.Errorf("nothing has changed, but the daemon said %q", said)
	}
	if s.Tokens() != before+1 {
		t.Errorf("%d new tokens, want 1", s.Tokens()-before)
	}
	status, _, said := stage.Once(t, setup, s.env.With(stage.Env{"CLIENT_SECRET": s.secret}))
	if status != 1 || !strings.Contains(said, "AADSTS7000215") {
		t.Errorf("with the removed secret: status %d, %s", status, said)
	}
	for _, secret := range []string{s.secret, next.SecretText} {
		if s.Log.Contains(secret) {
			t.Error("a secret is in the log of the platform")
		}
	}
}

func TestRotateCertificate(t *testing.T) {
	s := newScene(t)
	old, next := testkey.NewPair(t, "rsa-1"), testkey.NewPair(t, "rsa-2")
	set := func(certificates ...[]byte) {
		t.Helper()
		if err := s.admin.SetCertificates(t.Context(), s.app, certificates...); err != nil {
			t.Fatal(err)
		}
	}
	set(old.DER)
	file := stage.Write(t, "daemon.pem", old.PEM)
	daemon := stage.Start(t, setup, s.env.With(stage.Env{"CLIENT_CERTIFICATE_FILE": file}))

	set(old.DER, next.DER)
	daemon.Round(t)
	if err := os.WriteFile(file, next.PEM[:len(next.PEM)-100], 0o600); err != nil {
		t.Fatal(err)
	}
	expectNotice(t, daemon.Round(t), "the old one stays in use")
	replace(t, file, next.PEM)
	expectNotice(t, daemon.Round(t), inUse)

	set(next.DER)
	daemon.Round(t)
	before := s.Tokens()
	s.RevokeTokens()
	daemon.Round(t)
	if s.Tokens() != before+1 {
		t.Errorf("%d new tokens, want 1", s.Tokens()-before)
	}
	removed := stage.Write(t, "old.pem", old.PEM)
	status, _, said := stage.Once(t, setup, s.env.With(stage.Env{"CLIENT_CERTIFICATE_FILE": removed}))
	if status != 1 || !strings.Contains(said, "AADSTS700027") {
		t.Errorf("with the removed certificate: status %d, %s", status, said)
	}
}

func TestOnce(t *testing.T) {
	s := newScene(t)
	status, out, said := stage.Once(t, setup, s.env.With(stage.Env{"CLIENT_SECRET": s.secret}))
	if status != 0 || !strings.Contains(out, `"item":"sencha"`) {
		t.Errorf("status %d, answer %q, %s", status, out, said)
	}
}

func TestSettings(t *testing.T) {
	file := stage.Write(t, "secret", []byte("s"))
	for _, tt := range []struct {
		name string
		env  stage.Env
		want []string
	}{
		{"nothing set", nil, []string{
			"AUTHORITY is not set", "CLIENT_ID is not set", "SCOPE is not set", "API_URL is not set",
			"CLIENT_CERTIFICATE_FILE, CLIENT_SECRET_FILE or CLIENT_SECRET must be set, and only one of them",
		}},
		{"two credentials", stage.Env{"CLIENT_SECRET": "s", "CLIENT_SECRET_FILE": file}, []string{"and only one of them"}},
		{"clear text to another machine", stage.Env{"API_URL": "http://orders.example"}, []string{"API_URL"}},
		{"interval of nothing", stage.Env{"INTERVAL": "0"}, []string{"INTERVAL"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, _, said := stage.Once(t, setup, tt.env)
			if status != 2 {
				t.Errorf("status %d", status)
			}
			for _, want := range tt.want {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not in: %s", want, said)
				}
			}
		})
	}
}
