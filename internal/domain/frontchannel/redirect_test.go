package frontchannel

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

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
	prove := func(uri string) (Redirect, error) {
		p := &proof{Claim: Claim{RedirectURI: uri}, Party: Party{App: app}}
		err := p.proveRedirect(context.Background())
		return p.Redirect, err
	}
	for requested, want := range map[string]Redirect{
		"https://a.example/1":          {"https://a.example/1", directory.PlatformWeb},
		"http://localhost:81/spa":      {"http://localhost:81/spa", directory.PlatformSPA},
		"http://localhost:3000/native": {"http://localhost:3000/native", directory.PlatformPublicClient},
		"":                             {def, directory.PlatformWeb},
		"https://evil.example":         {},
	} {
		got, err := prove(requested)
		if got != want || (err != nil) != (want == Redirect{}) || got.URI() != want.uri || got.Platform() != want.platform {
			t.Errorf("%q: %+v, %v; want %+v", requested, got, err, want)
		}
	}
	gone := "https://a.example/gone"
	app.DefaultRedirectURI = &gone
	if got, err := prove(""); err == nil {
		t.Errorf("a default that is not registered was chosen: %+v", got)
	}
}

// A request that nobody waits for needs no address, but one that it names has to
// be registered.
func TestUnanswered(t *testing.T) {
	two := &directory.Application{Web: directory.WebApplication{RedirectURIs: []string{"https://a.example/1", "https://a.example/2"}}}
	one := &directory.Application{Web: directory.WebApplication{RedirectURIs: []string{"https://a.example/1"}}}
	script := &directory.Application{Web: directory.WebApplication{RedirectURIs: []string{"javascript:alert(1)"}}}
	for _, tt := range []struct {
		app             *directory.Application
		requested, want string
		fails           bool
	}{
		{&directory.Application{}, "", "", false},
		{&directory.Application{}, "https://a.example/1", "", true},
		{two, "", "", false},
		{two, "https://a.example/2", "https://a.example/2", false},
		{two, "https://a.example/3", "", true},
		{one, "", "https://a.example/1", false},
		{script, "", "", false},
	} {
		p := &proof{Claim: Claim{RedirectURI: tt.requested, Unanswered: true}, Party: Party{App: tt.app}}
		if err := p.proveRedirect(t.Context()); p.Redirect.URI() != tt.want || (err != nil) != tt.fails {
			t.Errorf("%q of %d: %q, %v", tt.requested, len(tt.app.Web.RedirectURIs), p.Redirect.URI(), err)
		}
	}
}

// Only redirect.go makes a proof. Elsewhere in the package one could be written
// down without a check; outside of it none can.
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
			if id, ok := made.(*ast.Ident); ok && id.Name == "Redirect" {
				t.Errorf("%s: a redirect without a check", fset.Position(n.Pos()))
			}
			return true
		})
	}
}
