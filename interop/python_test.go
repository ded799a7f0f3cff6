package interop

import (
	"path/filepath"
	"testing"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

func TestPythonMSAL(t *testing.T) {
	runPython(t, "msal-python", "msal_python.py", outcome.Secret, outcome.WrongSecret, outcome.Certificate, outcome.CertificateSHA1,
		outcome.Assertion, outcome.V1API, outcome.Graph, outcome.Domain, outcome.Cache, outcome.Capability, outcome.Unconsented)
}

func TestPythonAzureIdentity(t *testing.T) {
	runPython(t, "azure-identity-python", "azure_identity.py", outcome.Secret, outcome.WrongSecret, outcome.Certificate, outcome.CertificateChain,
		outcome.Assertion, outcome.Workload, outcome.V1API, outcome.Graph, outcome.Domain, outcome.Cache, outcome.Capability)
}

func TestPythonMSALInteractive(t *testing.T) {
	runPython(t, "msal-python-interactive", "msal_python_interactive.py", outcome.SignIn, outcome.SignInCache, outcome.Refresh, outcome.Me)
}

func runPython(t *testing.T, client, script string, cases ...outcome.Case) {
	t.Helper()
	python := tool(t, "python3")
	venv, err := filepath.Abs(".venv")
	if err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(venv, "bin", "python")
	install(t, ".", ".venv/.installed", []string{"python/requirements.txt"},
		[]string{python, "-m", "venv", "--clear", venv},
		[]string{inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", "python/requirements.txt"})
	program{
		client: client, command: []string{inside, "-B", script}, dir: "python",
		env: []string{"REQUESTS_CA_BUNDLE=" + stage.server.CAFile}, cases: cases,
	}.run(t)
}
