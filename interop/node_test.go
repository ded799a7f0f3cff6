package interop

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

// leastNode is what the newest of the clients asks for.
const leastNode = 20

func TestNodeMSAL(t *testing.T) {
	runNode(t, "msal-node", "msal-node.mjs", outcome.Secret, outcome.WrongSecret, outcome.Certificate, outcome.CertificateChain,
		outcome.CertificateSHA1, outcome.Assertion, outcome.V1API, outcome.Graph, outcome.Domain, outcome.Cache, outcome.Capability, outcome.Unconsented)
}

func TestNodeAzureIdentity(t *testing.T) {
	runNode(t, "azure-identity-js", "azure-identity.mjs", outcome.Secret, outcome.WrongSecret, outcome.Certificate, outcome.CertificateChain,
		outcome.Assertion, outcome.Workload, outcome.V1API, outcome.Graph, outcome.Domain, outcome.Cache, outcome.Capability)
}

func TestNodeGraphClient(t *testing.T) {
	runNode(t, "graph-js", "graph-client.mjs", outcome.Graph)
}

func TestNodeOpenIDClient(t *testing.T) {
	runNode(t, "openid-client", "openid-client.mjs", outcome.Secret, outcome.SecretBasic, outcome.WrongSecret, outcome.Certificate,
		outcome.V1API, outcome.Graph, outcome.Discovery, outcome.Verify, outcome.VerifyV1, outcome.Refuse)
}

func TestNodeMSALPeople(t *testing.T) {
	runNode(t, "msal-node-people", "msal-node-people.mjs", outcome.SignIn, outcome.SignInCache, outcome.Refresh, outcome.Me, outcome.Common)
}

func TestNodeOpenIDClientPeople(t *testing.T) {
	runNode(t, "openid-client-people", "openid-client-people.mjs", outcome.Declined, outcome.SignIn, outcome.Refresh, outcome.UserInfo, outcome.SignOut)
}

func TestNodeOAuth4WebAPI(t *testing.T) {
	runNode(t, "oauth4webapi", "oauth4webapi.mjs", outcome.Declined, outcome.SignIn, outcome.Refresh, outcome.UserInfo)
}

func TestNodeAuthJS(t *testing.T) {
	runNode(t, "auth-js", "auth-js.mjs", outcome.SignIn, outcome.Me)
}

func TestNodeAzureIdentityInteractive(t *testing.T) {
	runNode(t, "azure-identity-js-interactive", "azure-identity-interactive.mjs", outcome.Me)
}

func runNode(t *testing.T, client, script string, cases ...outcome.Case) {
	t.Helper()
	node := tool(t, "node")
	out, err := exec.Command(node, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(string(out), "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < leastNode {
		t.Fatalf("node is %s here, and the clients need %d: run `make deps-interop`, then put the folder that scripts/node.sh prints first in PATH",
			strings.TrimSpace(string(out)), leastNode)
	}
	installNode(t)
	program{
		client: client, command: []string{node, script}, dir: "node",
		env: []string{"NODE_EXTRA_CA_CERTS=" + stage.server.CAFile}, cases: cases,
	}.run(t)
}

// installNode fetches the packages of the folder node.
func installNode(t *testing.T) {
	t.Helper()
	install(t, "node", "node_modules/.installed", []string{"package.json", "package-lock.json"},
		[]string{tool(t, "npm"), "ci", "--ignore-scripts", "--loglevel=error"})
}
