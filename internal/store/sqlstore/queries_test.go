package sqlstore

import (
	"context"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"strings"
	"testing"
)

var statement = regexp.MustCompile(`^(SELECT|INSERT|UPDATE|DELETE|CREATE)\s[\s\S]*[a-z_]`)

// constants finds every statement among the constants of this package, by name.
func constants(t *testing.T) map[string]string {
	t.Helper()
	fset := token.NewFileSet()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}}
	// Imports are not resolved: constants of strings do not need them.
	config := types.Config{Error: func(error) {}, Importer: noImports{}}
	_, _ = config.Check("sqlstore", fset, files, info)
	found := map[string]string{}
	for _, object := range info.Defs {
		c, ok := object.(*types.Const)
		if ok && c.Val().Kind() == constant.String && statement.MatchString(constant.StringVal(c.Val())) {
			found[c.Name()] = constant.StringVal(c.Val())
		}
	}
	return found
}

type noImports struct{}

func (noImports) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, path[strings.LastIndex(path, "/")+1:])
	p.MarkComplete()
	return p, nil
}

// TestStatementsAreValid prepares every statement of the package on the schema
// of each engine. Those named pg… are PostgreSQL's alone.
func TestStatementsAreValid(t *testing.T) {
	all := constants(t)
	if len(all) < 100 {
		t.Fatalf("found only %d statements: the search is broken", len(all))
	}
	both(t, func(t *testing.T, kind Kind) {
		db := fresh(t, kind)
		for name, query := range all {
			if kind == SQLite && strings.HasPrefix(name, "pg") {
				continue
			}
			if err := valid(db, query); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func valid(db *DB, query string) error {
	stmt, err := db.writes.PrepareContext(context.Background(), db.text(query))
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }()
	return nil
}

func TestSQLiteText(t *testing.T) {
	got := sqliteText(`SELECT $2, $1, '$3' FROM t WHERE a COLLATE "C" > $10`)
	if want := `SELECT ?2, ?1, '$3' FROM t WHERE a COLLATE BINARY > ?10`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// wide are the statements that may read more than what they are about: lists of
// a few rows, and the events of a tenant in order.
var wide = map[string]bool{
	"selectSigningKeys": true, "selectPositions": true, "hasMigrations": true, "selectMigrations": true,
	"selectDefaultPolicy": true, "selectOtherDefault": true, // policies of one tenant, by a partial index
	"selectDomains": true, "deleteDomains": true, "selectRefusals": true, "selectEvents": true,
	"selectAppliesTo": true, "selectLinkedApplications": true, "selectLinkedPrincipals": true,
	"unlinkApplications": true, "unlinkPrincipals": true,
	"credentialsOf": true, "federatedOf": true, "ownersOf": true, // only the beginnings of others
	"advanceCounter": true, // one row per tenant
}

// TestStatementsUseIndexes: no statement of a token's way or of a change reads a
// whole table or all rows of a tenant, however large the directory is.
func TestStatementsUseIndexes(t *testing.T) {
	db := fresh(t, SQLite)
	tooWide := regexp.MustCompile(`SCAN \w+|SEARCH \w+ .*\(tenant_id=\?\)$`)
	for name, query := range constants(t) {
		if wide[name] || strings.HasPrefix(name, "pg") || strings.HasPrefix(query, "CREATE") {
			continue
		}
		steps, err := plan(db, query)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, step := range steps {
			if step != "SCAN named" && tooWide.MatchString(step) { // "named" is a subquery
				t.Errorf("%s: %s", name, step)
			}
		}
	}
}

// plan is how SQLite would run a statement.
func plan(db *DB, query string) (steps []string, err error) {
	rows, err := db.writes.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+db.text(query), make([]any, strings.Count(query, "$"))...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, rows.Err()
}
