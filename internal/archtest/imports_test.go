package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goPackage is what go list says of a package.
type goPackage struct {
	Dir, ImportPath                    string
	Standard                           bool
	Imports, TestImports, XTestImports []string
}

// root is the folder of the repository, from here.
const root = "../.."

// packages lists the packages of a module of the tree.
func packages(t *testing.T, folder string) []goPackage {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-e", "-json=Dir,ImportPath,Standard,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = filepath.Join(root, folder)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("go list in %s: %v\n%s", folder, err, &stderr)
	}
	var list []goPackage
	for dec := json.NewDecoder(&out); ; {
		var p goPackage
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// show cuts the module's name.
func show(path string) string { return strings.TrimPrefix(path, module+"/") }

func TestImports(t *testing.T) {
	var list []goPackage
	for _, folder := range []string{".", "bearer"} {
		list = append(list, packages(t, folder)...)
	}
	if len(list) < 10 {
		t.Fatalf("go list found only %d packages", len(list))
	}
	for _, r := range rules {
		for _, p := range list {
			if !r.applies(show(p.ImportPath)) {
				continue
			}
			for _, imported := range importsFor(r, p) {
				if r.forbids(show(p.ImportPath), show(imported)) {
					t.Errorf("%s imports %s\n  rule: %s\n  because %s", show(p.ImportPath), show(imported), r.name, r.why)
				}
			}
		}
	}
}

func importsFor(r rule, p goPackage) []string {
	if !r.tests {
		return p.Imports
	}
	return slices.Concat(p.Imports, p.TestImports, p.XTestImports)
}

// Each rule must be able to fail: this holds the table itself.
func TestRulesForbid(t *testing.T) {
	for _, tt := range []struct{ pkg, imported string }{
		{"internal/protocol/odata", "internal/domain/directory"},
		{"internal/protocol/odata", "github.com/google/uuid"},
		{"internal/domain/directory", "internal/endpoint/graph"},
		{"internal/domain/directory", "internal/store"},
		{"internal/domain/directory", "database/sql"},
		{"internal/endpoint/token", "internal/endpoint/graph"},
		{"internal/endpoint/token", "internal/store"},
		{"internal/endpoint/web/page", "internal/endpoint/token"},
		{"internal/endpoint/token", "github.com/jackc/pgx/v5"},
		{"internal/store/sqlstore", "internal/server"},
		{"internal/cli", "internal/store/sqlstore"},
		{"internal/server", "internal/cli"},
		{"internal/cli", "internal/endpoint/token"},
		{"internal/config", "internal/domain/directory"},
		{"bearer", "internal/protocol/oauth2"},
		{"bearer", "github.com/google/uuid"},
		{"internal/cli", "github.com/stretchr/testify/require"},
		{"internal/cli", "sekishotest"},
		{"internal/server", "internal/store/storetest"},
		{"internal/domain/audit", "testing"},
	} {
		forbidden := slices.ContainsFunc(rules, func(r rule) bool { return r.applies(tt.pkg) && r.forbids(tt.pkg, tt.imported) })
		if !forbidden {
			t.Errorf("no rule forbids that %s imports %s", tt.pkg, tt.imported)
		}
	}
	for _, tt := range []struct{ pkg, imported string }{
		{"cmd/sekisho", "internal/cli"},
		{"internal/cli", "internal/server"},
		{"internal/server", "internal/store/sqlstore"},
		{"internal/server", "internal/endpoint/token"},
		{"internal/endpoint/token", "internal/endpoint/web"},
		{"internal/endpoint/token", "internal/domain/issue"},
		{"internal/store/sqlstore", "internal/domain/directory"},
		{"internal/domain/issue", "internal/protocol/oauth2"},
		{"internal/domain/directory", "database/sql/driver"},
		{"bearer", "github.com/go-jose/go-jose/v4/jwt"},
		{"sekishotest", "testing"},
	} {
		for _, r := range rules {
			if r.applies(tt.pkg) && r.forbids(tt.pkg, tt.imported) {
				t.Errorf("rule %q forbids that %s imports %s, which it should not", r.name, tt.pkg, tt.imported)
			}
		}
	}
}
