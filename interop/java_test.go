package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

func TestJavaMSAL(t *testing.T) {
	runJava(t, "msal4j", "interop.Msal4j", outcome.Secret, outcome.WrongSecret, outcome.Certificate, outcome.CertificateChain,
		outcome.Assertion, outcome.V1API, outcome.Graph, outcome.Domain, outcome.Cache, outcome.Capability, outcome.Unconsented)
}

func TestJavaAzureIdentity(t *testing.T) {
	runJava(t, "azure-identity-java", "interop.AzureIdentity", outcome.Secret, outcome.WrongSecret, outcome.Certificate, outcome.CertificateChain,
		outcome.Assertion, outcome.Workload, outcome.V1API, outcome.Graph, outcome.Domain, outcome.Capability)
}

func runJava(t *testing.T, client, class string, cases ...outcome.Case) {
	t.Helper()
	java, javac, maven, keytool := tool(t, "java"), tool(t, "javac"), tool(t, "mvn"), tool(t, "keytool")
	sources, err := filepath.Glob("java/src/main/java/interop/*.java")
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"pom.xml"}
	for _, s := range sources {
		files = append(files, s[len("java/"):])
	}
	classes := filepath.Join("target", "lib", "*")
	install(t, "java", "target/.installed", files,
		[]string{maven, "-B", "-q", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=target/lib"},
		slices.Concat([]string{javac, "--release", "17", "-encoding", "UTF-8", "-cp", classes, "-d", "target/classes"}, files[1:]))
	store := filepath.Join(t.TempDir(), "trust.p12")
	// What it holds is public; the tool wants a password nevertheless.
	const password = "changeit"
	cmd := exec.CommandContext(t.Context(), keytool, "-importcert", "-noprompt", "-alias", "sekisho", "-storetype", "PKCS12",
		"-storepass", password, "-keystore", store, "-file", stage.server.CAFile)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("keytool: %v\n%s", err, out)
	}
	program{
		client: client, dir: "java", cases: cases,
		command: []string{
			java, "-Djavax.net.ssl.trustStore=" + store, "-Djavax.net.ssl.trustStorePassword=" + password,
			"-cp", "target/classes" + string(os.PathListSeparator) + classes, class,
		},
	}.run(t)
}
