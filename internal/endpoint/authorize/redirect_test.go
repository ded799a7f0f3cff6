package authorize

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

func visitOf(t *testing.T, query string, a *directory.Application) *visit {
	t.Helper()
	f, err := oauth2.ParseForm(query)
	if err != nil {
		t.Fatal(err)
	}
	return &visit{form: f, app: a}
}

// The proof holds the address as it was requested, and the platform under which
// it is registered.
func TestProvenRedirect(t *testing.T) {
	def := "https://a.example/2"
	app := &directory.Application{
		Web:                directory.WebApplication{RedirectURIs: []string{"https://a.example/1", def}},
		SPA:                directory.RedirectSet{RedirectURIs: []string{"http://localhost:3000/spa"}},
		PublicClient:       directory.RedirectSet{RedirectURIs: []string{"http://localhost/native"}},
		DefaultRedirectURI: &def,
	}
	for query, want := range map[string]validRedirect{
		"redirect_uri=https://a.example/1":          {"https://a.example/1", webApp},
		"redirect_uri=http://localhost:81/spa":      {"http://localhost:81/spa", spa},
		"redirect_uri=http://localhost:3000/native": {"http://localhost:3000/native", publicClient},
		"":                                  {def, webApp},
		"redirect_uri=https://evil.example": {},
	} {
		v := visitOf(t, query, app)
		err := (&Endpoint{}).proveRedirect(t.Context(), v)
		if v.redirect != want || (err != nil) != (want == validRedirect{}) {
			t.Errorf("%q: %+v, %v; want %+v", query, v.redirect, err, want)
		}
	}
	gone := "https://a.example/gone"
	app.DefaultRedirectURI = &gone
	if v := visitOf(t, "", app); (&Endpoint{}).proveRedirect(t.Context(), v) == nil {
		t.Errorf("a default that is not registered was chosen: %+v", v.redirect)
	}
}

// Only redirect.go makes a proof. Elsewhere in the package one could be written
// down without a check.
func TestProofsAreMadeInOnePlace(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") || f.Name() == "redirect.go" {
			continue
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, f.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			var made ast.Expr
			switch n := n.(type) {
			case *ast.CompositeLit:
				made = n.Type
			case *ast.CallExpr:
				made = n.Fun
				if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "new" && len(n.Args) == 1 {
					made = n.Args[0]
				}
			}
			if id, ok := made.(*ast.Ident); ok && id.Name == "validRedirect" {
				t.Errorf("%s: a redirect without a check", fset.Position(n.Pos()))
			}
			return true
		})
	}
}
