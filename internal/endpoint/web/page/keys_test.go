package page

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var handlersKey = regexp.MustCompile(`^(fault|reason|demo)\.[a-z.]+$`)

// Handlers name faults, reasons and the roles of demonstration people by key. A
// key that they misspell would show the sentence for everything else.
func TestKeysOfHandlers(t *testing.T) {
	err := filepath.WalkDir("../../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != gotoken.STRING {
				return true
			}
			if key, err := strconv.Unquote(lit.Value); err == nil && handlersKey.MatchString(key) {
				if _, known := sentences[key]; !known {
					t.Errorf("%s: no sentence %q", path, key)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
