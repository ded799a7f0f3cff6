package config

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const referencePage = "../../docs/reference/configuration.md"

// TestReference compares the reference page with what the fields' comments say;
// with -update it writes it.
func TestReference(t *testing.T) {
	want := reference(t)
	if *update {
		if err := os.MkdirAll(filepath.Dir(referencePage), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(referencePage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(referencePage)
	if err != nil || string(got) != want {
		t.Errorf("%s is stale; run: make generate (%v)", referencePage, err)
	}
}

func reference(t *testing.T) string {
	comments := fieldComments(t)
	var b strings.Builder
	b.WriteString(`# sekisho.yaml

The configuration file of ` + "`sekisho serve --config sekisho.yaml`" + `. Every key may be left out; without a file the defaults below make a
server on SQLite at localhost. Unknown keys are errors, and all faults of a file are reported at once, each with its line.

Any text may hold references: ` + "`${env:NAME}`" + ` is the value of an environment variable, ` + "`${file:PATH}`" + ` the content of a file. Give secrets that
way. Relative paths start at the working directory. What belongs to a tenant, such as token lifetimes, is data of the directory and is managed through Graph.

<!-- Written from the comments in internal/config/config.go by: make generate -->

| key | form | default | meaning |
|---|---|---|---|
`)
	rows(&b, comments, "", reflect.ValueOf(Default()))
	return b.String()
}

func rows(b *strings.Builder, comments map[string]string, path string, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		key := join(path, field.Tag.Get("yaml"))
		if field.Type.Kind() == reflect.Struct {
			rows(b, comments, key, v.Field(i))
			continue
		}
		meaning := comments[v.Type().Name()+"."+field.Name]
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", key, form(field.Type), defaultText(v.Field(i)), meaning)
	}
}

func form(t reflect.Type) string {
	switch {
	case t == durationType:
		return "duration"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "number"
	case t.Kind() == reflect.Slice:
		return "list"
	default:
		return "text"
	}
}

func defaultText(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return "`" + formatDuration(x) + "`"
	case []string:
		if len(x) == 0 {
			return ""
		}
		return "`" + strings.Join(x, "`, `") + "`"
	case string:
		if x == "" {
			return ""
		}
		return "`" + x + "`"
	default:
		return fmt.Sprintf("`%v`", x)
	}
}

// fieldComments reads the comments of the fields in config.go. A field without
// one fails the test.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		st, ok := spec.Type.(*ast.StructType)
		if !ok {
			return true
		}
		for _, f := range st.Fields.List {
			text := strings.Join(strings.Fields(f.Doc.Text()), " ")
			if text == "" {
				t.Errorf("%s.%s has no comment: it is the reference", spec.Name, f.Names[0])
			}
			comments[spec.Name.Name+"."+f.Names[0].Name] = strings.ReplaceAll(text, "|", `\|`)
		}
		return true
	})
	return comments
}

// formatDuration is the inverse of parseDuration for people.
func formatDuration(d time.Duration) string {
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}
