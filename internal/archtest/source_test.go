package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// source is a parsed file of the tree; its path is relative to the root.
type source struct {
	path  string
	file  *ast.File
	lines int
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// skipped folders hold no code of ours.
var skipped = []string{".git", ".tools", "node_modules", "testdata", "bin", ".venv", "target", "sekisho-data"}

// walk visits the files of the tree.
func walk(t *testing.T, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && slices.Contains(skipped, d.Name()):
			return filepath.SkipDir
		case !d.IsDir():
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			visit(filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func sources(t *testing.T, fset *token.FileSet) []source {
	t.Helper()
	var list []source
	walk(t, func(path string) {
		if !strings.HasSuffix(path, ".go") {
			return
		}
		file, err := parser.ParseFile(fset, filepath.Join(root, path), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		list = append(list, source{path: path, file: file, lines: fset.File(file.FileStart).LineCount()})
	})
	return list
}

// taken are the names that take time or randomness from the machine, by import
// path.
var taken = map[string][]string{
	"time":         {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
	"crypto/rand":  {"Reader", "Read", "Text", "Int", "Prime"},
	"math/rand":    nil, // all of it
	"math/rand/v2": nil,
}

// takers may take time and randomness by themselves. Everything else is given
// them: a test can then move the clock and fix what is drawn.
var takers = []struct{ path, why string }{
	{"cmd/", "the beginning of the program hands both out"},
	{"internal/cli/", "commands are programs; they hold no rule of the platform"},
	{"internal/server/", "the composition root fills in the real ones where its caller gives none"},
	{"internal/archtest/", "tests of the tree itself"},
	{"internal/store/sqlstore/tx.go", "pauses before it begins a transaction anew; nothing is decided by that time"},
	{"bench/", "measures real time"},
	{"interop/", "drives real clients in real time"},
	{"samples/", "programs for people to copy, with the defaults that people use"},
	{"bearer/config.go", "the public package has real time and randomness as its defaults; Config replaces them"},
}

func TestTimeAndRandomnessAreGiven(t *testing.T) {
	fset := token.NewFileSet()
	for _, s := range sources(t, fset) {
		if s.test() || mayTake(s.path) {
			continue
		}
		for _, use := range uses(s.file, taken) {
			t.Errorf("%s: %s\n  rule: time and randomness are given, not taken\n  because every rule about expiry, rotation and ids must be testable without waiting; take a Now func() time.Time or a Rand io.Reader (internal/server fills them in)",
				fset.Position(use.pos), use.name)
		}
	}
}

func mayTake(path string) bool {
	for _, a := range takers {
		if strings.HasPrefix(path, a.path) {
			return true
		}
	}
	return false
}

// handlers are the names of net/http that make a package an HTTP server.
var handlers = map[string][]string{
	"net/http": {"Handler", "HandlerFunc", "ResponseWriter", "ServeMux", "NewServeMux", "Handle", "HandleFunc", "Server", "ListenAndServe"},
}

func TestDomainServesNoHTTP(t *testing.T) {
	fset := token.NewFileSet()
	for _, s := range sources(t, fset) {
		if s.test() || !strings.HasPrefix(s.path, "internal/domain/") {
			continue
		}
		for _, use := range uses(s.file, handlers) {
			t.Errorf("%s: %s\n  rule: the domain has no HTTP handlers\n  because HTTP ends in internal/endpoint; the domain may ask others (http.Client) but answers nobody", fset.Position(use.pos), use.name)
		}
	}
}

type use struct {
	pos  token.Pos
	name string
}

// uses finds the names of packages that a file uses, under whatever name it
// imports them.
func uses(file *ast.File, wanted map[string][]string) []use {
	var found []use
	local := map[string]string{} // name in the file to import path
	for _, i := range file.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		if _, ok := wanted[path]; !ok {
			continue
		}
		if i.Name != nil && i.Name.Name == "." { // it would hide what is used
			found = append(found, use{i.Pos(), path})
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if name == "v2" {
			name = "rand"
		}
		if i.Name != nil {
			name = i.Name.Name
		}
		local[name] = path
	}
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		path, ok := local[x.Name]
		if names := wanted[path]; ok && (names == nil || slices.Contains(names, sel.Sel.Name)) {
			found = append(found, use{sel.Pos(), path + "." + sel.Sel.Name})
		}
		return true
	})
	return found
}

func TestUsesFindsRenamedImports(t *testing.T) {
	const text = `package p
import (
	clock "time"
	"crypto/rand"
	mr "math/rand/v2"
	. "math/rand"
)
var now = clock.Now
var x = mr.IntN(3)
var r = rand.Reader
var ok = clock.Second`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, u := range uses(file, taken) {
		names = append(names, u.name)
	}
	if got, want := fmt.Sprint(names), "[math/rand time.Now math/rand/v2.IntN crypto/rand.Reader]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A package whose name says nothing becomes the place for everything.
func TestPackageNamesSaySomething(t *testing.T) {
	vague := []string{"util", "utils", "common", "helper", "helpers", "misc", "types", "models", "shared", "base", "core"}
	for _, s := range sources(t, token.NewFileSet()) {
		if slices.Contains(vague, s.file.Name.Name) {
			t.Errorf("%s: package %s\n  rule: a package is named after what it is about\n  because nobody can say what does not belong into %[2]s", s.path, s.file.Name.Name)
		}
	}
}

// Every package of ours says in doc.go what it is responsible for.
func TestPackagesAreDocumented(t *testing.T) {
	documented, seen := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t, token.NewFileSet()) {
		folder := filepath.ToSlash(filepath.Dir(s.path))
		if s.test() || !strings.HasPrefix(folder, "internal/") && !strings.HasPrefix(folder, "bearer") {
			continue
		}
		seen[folder] = true
		if s.file.Doc != nil {
			documented[folder] = true
		}
	}
	for folder := range seen {
		if !documented[folder] {
			t.Errorf("%s has no package comment\n  rule: each package says what it is responsible for\n  because the next reader starts there", folder)
		}
	}
}

// maxLines is where a file asks to be two. It is a warning: some tables are long.
const maxLines = 600

func TestFileLength(t *testing.T) {
	for _, s := range sources(t, token.NewFileSet()) {
		if s.lines > maxLines && !s.test() {
			t.Logf("%s has %d lines; above %d a file usually holds two subjects", s.path, s.lines, maxLines)
		}
	}
}

// Nothing that was meant to be replaced is left in the tree.
func TestNothingIsLeftOpen(t *testing.T) {
	marks := []string{"TO" + "DO", "FIX" + "ME", "X" + "XX:"}
	walk(t, func(path string) {
		if !slices.Contains([]string{".go", ".sh", ".sql", ".css", ".html"}, filepath.Ext(path)) {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
			return
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, m := range marks {
				if strings.Contains(line, m) {
					t.Errorf("%s:%d: %s\n  rule: an open end is written down in DIVERGENCES.md or done\n  because nobody finds it in the code", path, i+1, strings.TrimSpace(line))
				}
			}
		}
	})
}
