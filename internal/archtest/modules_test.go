package archtest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestModules holds the three lists of modules together: what is in the tree,
// what go.work ties, and what `make test` goes through. A module that is missing
// in one of them is silently not built or not tested.
func TestModules(t *testing.T) {
	var tree []string
	walk(t, func(p string) {
		if path.Base(p) == "go.mod" {
			tree = append(tree, path.Dir(p))
		}
	})
	slices.Sort(tree)
	if diff := cmp.Diff(tree, workspace(t)); diff != "" {
		t.Errorf("go.work does not list the modules of the tree (- tree, + go.work):\n%s", diff)
	}
	if diff := cmp.Diff(tree, makefileModules(t)); diff != "" {
		t.Errorf("MODULES in the Makefile does not list the modules of the tree (- tree, + Makefile):\n%s", diff)
	}
}

func workspace(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("go", "work", "edit", "-json")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("reading go.work: %v", err)
	}
	var work struct{ Use []struct{ DiskPath string } }
	if err := json.Unmarshal(out, &work); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, u := range work.Use {
		list = append(list, path.Clean(u.DiskPath))
	}
	slices.Sort(list)
	return list
}

func makefileModules(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^MODULES := (.*)$`).FindStringSubmatch(string(text))
	if m == nil {
		t.Fatal("the Makefile has no MODULES")
	}
	list := strings.Fields(m[1])
	slices.Sort(list)
	return list
}

// The root module requires none of the others: who imports bearer must not get
// the server, and the clients of interop must not come into our graph.
func TestRootModuleStandsAlone(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.Contains(line, module+"/") {
			t.Errorf("go.mod: %s\n  the root module must not require another module of this repository", strings.TrimSpace(line))
		}
		if strings.HasPrefix(strings.TrimSpace(line), "replace") {
			t.Errorf("go.mod: %s\n  a replaced module is not what others get when they build this one", strings.TrimSpace(line))
		}
	}
}

// modernc.org/sqlite is translated C that calls modernc.org/libc; upstream
// supports exactly the version that its go.mod names, and `go mod tidy` of
// something else may lift it.
func TestLibcIsTheOneOfSQLite(t *testing.T) {
	for _, work := range []string{"", "off"} {
		gomod := goList(t, work, "{{.GoMod}}", "modernc.org/sqlite")
		text, err := os.ReadFile(gomod)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`(?m)^\s*modernc\.org/libc (v\S+)`).FindStringSubmatch(string(text))
		if m == nil {
			t.Fatalf("%s names no modernc.org/libc", gomod)
		}
		if got := goList(t, work, "{{.Version}}", "modernc.org/libc"); got != m[1] {
			t.Errorf("modernc.org/libc is %s, but modernc.org/sqlite names %s (GOWORK=%s)\n  run: go get modernc.org/libc@%[2]s", got, m[1], work)
		}
	}
}

func goList(t *testing.T, work, format, of string) string {
	t.Helper()
	cmd := exec.Command("go", "list", "-m", "-f", format, of)
	cmd.Dir = root
	if work != "" {
		cmd.Env = append(os.Environ(), "GOWORK="+work)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go list -m %s: %v\n%s", of, err, out)
	}
	return strings.TrimSpace(string(out))
}
