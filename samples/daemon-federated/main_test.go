package main

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"

	"github.com/sekisho-id/sekisho/samples/internal/graph"
	"github.com/sekisho-id/sekisho/samples/internal/issuer"
	"github.com/sekisho-id/sekisho/samples/internal/stage"
)

type claims map[string]any

// with is the claims with another value in one of them.
func (c claims) with(name string, value any) claims {
	out := maps.Clone(c)
	out[name] = value
	return out
}

// kubernetes is the token of a pod's service account.
func kubernetes(subject string) claims {
	return claims{
		"sub": subject, "aud": []string{exchangeAudience}, "jti": "0f7e3a52",
		"kubernetes.io": claims{
			"namespace":      "orders",
			"pod":            claims{"name": "export-6d9f", "uid": "5b2e6b0c"},
			"serviceaccount": claims{"name": "export", "uid": "7c11f3aa"},
		},
	}
}

// gitHub is the token of a workflow run.
func gitHub(subject, audience string) claims {
	return claims{
		"sub": subject, "aud": audience, "jti": "4d1c9a77",
		"repository": "hakone/orders", "repository_owner": "hakone", "repository_visibility": "private",
		"ref": "refs/heads/main", "ref_type": "branch", "sha": "0c2d4b9e", "event_name": "push", "actor": "hana",
		"workflow": "export", "run_id": "4242", "run_attempt": "1", "runner_environment": "github-hosted",
		"job_workflow_ref": "hakone/orders/.github/workflows/export.yml@refs/heads/main",
	}
}

const (
	serviceAccount = "system:serviceaccount:orders:export"
	mainBranch     = "repo:hakone/orders:ref:refs/heads/main"
)

// scene is a stage whose platform can reach an issuer of this test.
type scene struct {
	*stage.Stage
	issuer *issuer.Issuer
	app    string
	admin  *graph.Client
	env    stage.Env
}

func newScene(t *testing.T) *scene {
	t.Helper()
	foreign := issuer.New(t)
	ca := stage.Write(t, "issuer.pem", stage.Certificate(foreign.Server))
	s := &scene{Stage: stage.New(t, sekishotest.Options{TrustCA: ca}), issuer: foreign}
	tenant := s.Bootstrap.Demo[stage.Hakone]
	s.app = tenant.Apps["federatedDaemon"].ClientID
	s.admin = s.Admin(t, stage.Hakone)
	s.env = s.Env().With(stage.Env{
		"AZURE_AUTHORITY_HOST": s.URL + "/", "AZURE_TENANT_ID": tenant.TenantID, "AZURE_CLIENT_ID": s.app,
	})
	return s
}

func (s *scene) trust(t *testing.T, name, subject string) graph.FederatedCredential {
	t.Helper()
	f, err := s.admin.AddFederated(t.Context(), s.app, graph.FederatedCredential{
		Name: name, Issuer: s.issuer.URL, Subject: subject, Audiences: []string{exchangeAudience},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// once runs the daemon with a token in a file.
func (s *scene) once(t *testing.T, token string) (status int, out, said string) {
	t.Helper()
	file := stage.Write(t, "token", []byte(token))
	return stage.Once(t, setup, s.env.With(stage.Env{"AZURE_FEDERATED_TOKEN_FILE": file}))
}

func TestKubernetes(t *testing.T) {
	s := newScene(t)
	pod := s.issuer.Sign(t, kubernetes(serviceAccount))
	if status, _, said := s.once(t, pod); status != 1 || !strings.Contains(said, "AADSTS7002") {
		t.Errorf("before the platform was told: status %d, %s", status, said)
	}
	f := s.trust(t, "cluster", serviceAccount)
	status, out, said := s.once(t, pod)
	if status != 0 || !strings.Contains(out, `"item":"sencha"`) {
		t.Fatalf("status %d, answer %q, %s", status, out, said)
	}
	for _, tt := range []struct {
		name   string
		claims claims
		want   string
	}{
		{"another service account", kubernetes("system:serviceaccount:orders:default"), "AADSTS700213"},
		{"token for the cluster itself", kubernetes(serviceAccount).with("aud", []string{"https://kubernetes.default.svc"}), "AADSTS700212"},
		{"expired", kubernetes(serviceAccount).with("iat", 1772424069).with("nbf", 1772424069).with("exp", 1772427669), "AADSTS700024"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, _, said := s.once(t, s.issuer.Sign(t, tt.claims)); status != 1 || !strings.Contains(said, tt.want) {
				t.Errorf("status %d, want %s: %s", status, tt.want, said)
			}
		})
	}
	if err := s.admin.RemoveFederated(t.Context(), s.app, f.ID); err != nil {
		t.Fatal(err)
	}
	if status, _, said := s.once(t, pod); status != 1 || !strings.Contains(said, "AADSTS7002") {
		t.Errorf("after the credential was removed: status %d, %s", status, said)
	}
}

// The kubelet replaces the token in the file before it expires.
func TestFileIsReadForEachToken(t *testing.T) {
	s := newScene(t)
	s.trust(t, "cluster", serviceAccount)
	file := stage.Write(t, "token", []byte(s.issuer.Sign(t, kubernetes(serviceAccount))))
	daemon := stage.Start(t, setup, s.env.With(stage.Env{"AZURE_FEDERATED_TOKEN_FILE": file}))
	if err := os.WriteFile(file, []byte("half a tok"), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon.Round(t) // the access token is still good
	if err := os.WriteFile(file, []byte(s.issuer.Sign(t, kubernetes(serviceAccount))), 0o600); err != nil {
		t.Fatal(err)
	}
	before := s.Tokens()
	s.RevokeTokens()
	daemon.Round(t)
	if s.Tokens() != before+1 {
		t.Errorf("%d new tokens, want 1", s.Tokens()-before)
	}
}

func TestGitHub(t *testing.T) {
	s := newScene(t)
	s.trust(t, "main", mainBranch)
	subject := mainBranch
	// The token service of a run: it signs for the audience that is asked for.
	service := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer run-4242" || r.URL.Query().Get("api-version") != "2.0" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		token := s.issuer.Sign(t, gitHub(subject, r.URL.Query().Get("audience")))
		_, _ = w.Write([]byte(`{"count":1,"value":"` + token + `"}`))
	}))
	t.Cleanup(service.Close)
	authorities, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	env := s.env.With(stage.Env{
		"ACTIONS_ID_TOKEN_REQUEST_URL": service.URL + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "run-4242",
		"CA_FILE": stage.Write(t, "ca.pem", append(authorities, stage.Certificate(service)...)),
	})
	status, out, said := stage.Once(t, setup, env)
	if status != 0 || !strings.Contains(out, `"item":"sencha"`) {
		t.Errorf("status %d, answer %q, %s", status, out, said)
	}
	subject = "repo:hakone/orders:pull_request"
	if status, _, said := stage.Once(t, setup, env); status != 1 || !strings.Contains(said, "AADSTS700213") {
		t.Errorf("a pull request: status %d, %s", status, said)
	}
	env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "run-1"
	if status, _, said := stage.Once(t, setup, env); status != 1 || !strings.Contains(said, "401") {
		t.Errorf("another run's token: status %d, %s", status, said)
	}
}

func TestSettings(t *testing.T) {
	status, _, said := stage.Once(t, setup, nil)
	if status != 2 {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{
		"AZURE_TENANT_ID is not set", "AZURE_CLIENT_ID is not set", "SCOPE is not set", "API_URL is not set",
		"AZURE_FEDERATED_TOKEN_FILE is not set, and this is no run of GitHub Actions",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in: %s", want, said)
		}
	}
}
