package page

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Each permission that the platform brings has its words, and no words are left
// over. What the directory says of them is read from its tables.
func TestPermissionsOfThePlatformHaveWords(t *testing.T) {
	texts := map[string]bool{}
	note := func(e ast.Expr) {
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != gotoken.STRING {
			return
		}
		if s, err := strconv.Unquote(lit.Value); err == nil && s != "" {
			texts[strings.ToUpper(s[:1])+s[1:]] = true
		}
	}
	files, err := filepath.Glob("../../../domain/directory/builtin*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no tables of built-in applications", err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				switch {
				case len(n.Elts) == 4 && n.Type == nil: // builtinPermission: id, value, text, admin
					note(n.Elts[2])
				case len(n.Elts) == 5 && n.Type == nil: // graphPermission: …, meaning
					note(n.Elts[4])
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "impersonation" {
					note(n.Args[1])
				}
			}
			return true
		})
	}
	if len(texts) < 100 {
		t.Fatalf("only %d texts found", len(texts))
	}
	for text := range texts {
		if _, ok := permissionWords[text]; !ok {
			t.Errorf("%q has no words", text)
		}
	}
	for text, w := range permissionWords {
		if !texts[text] {
			t.Errorf("no permission says %q", text)
		}
		if w.en == "" || w.ja == "" || w.en == w.ja {
			t.Errorf("%q: a language is missing", text)
		}
	}
}

func TestPermissionsInWords(t *testing.T) {
	asked := []ConsentGroup{{Resource: "Microsoft Graph", Items: []ConsentItem{
		{Title: "Read mail", Description: "Read mail"},
		{Title: "Read my tea leaves", Description: "Read my tea leaves"},
	}}}
	got := inWords(asked, japanese)[0].Items
	if got[0].Title != "メールを読み取る" || got[0].Description != "" {
		t.Errorf("of the platform: %+v", got[0])
	}
	if got[1].Title != "Read my tea leaves" || got[1].Description == "" {
		t.Errorf("of others: %+v", got[1])
	}
	if asked[0].Items[0].Title != "Read mail" {
		t.Error("the caller's list is changed")
	}
}
