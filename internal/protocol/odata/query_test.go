package odata

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr(n int) *int { return &n }

var queries = map[string]struct {
	raw  string
	want Query
}{
	"empty":            {"", Query{}},
	"stray ampersands": {"&&$top=5&", Query{Top: ptr(5), Options: []Option{{"$top", "5"}}}},
	"what azure-cli sends": {
		"$filter=appId%20eq%20%27x%27",
		Query{Filter: eq(path("appId"), text("x")), Options: []Option{{"$filter", "appId eq 'x'"}}},
	},
	"plus is a space and $ is encoded": {
		"%24filter=appId+eq+%27a%2Bb%27",
		Query{Filter: eq(path("appId"), text("a+b")), Options: []Option{{"$filter", "appId eq 'a+b'"}}},
	},
	"without $ and in capitals": {
		"SELECT=id,%20displayName,id&$Top=999",
		Query{Select: []string{"id", "displayName"}, Top: ptr(999), Options: []Option{{"$select", "id, displayName,id"}, {"$top", "999"}}},
	},
	"empty select means the default set": {"$select=", Query{Options: []Option{{"$select", ""}}}},
	"select of paths and all":            {"$select=*,web/redirectUris", Query{Select: []string{"*", "web/redirectUris"}, Options: []Option{{"$select", "*,web/redirectUris"}}}},
	"paging": {
		"$top=-1&$skip=0&$skiptoken=a%3Db&$deltatoken=latest&$count=TRUE",
		Query{
			Top: ptr(-1), Skip: ptr(0), SkipToken: "a=b", DeltaToken: "latest", Count: true,
			Options: []Option{{"$top", "-1"}, {"$skip", "0"}, {"$skiptoken", "a=b"}, {"$deltatoken", "latest"}, {"$count", "TRUE"}},
		},
	},
	"order": {
		"$orderby=displayName%20desc,createdDateTime,a/b%20ASC,owners/$count",
		Query{
			OrderBy: []OrderTerm{{path("displayName"), true}, {path("createdDateTime"), false}, {path("a", "b"), false}, {Path{Segments: []string{"owners"}, Count: true}, false}},
			Options: []Option{{"$orderby", "displayName desc,createdDateTime,a/b ASC,owners/$count"}},
		},
	},
	"expand": {
		"$expand=owners($select=id,displayName;$top=5),manager,members/microsoft.graph.user/$ref",
		Query{
			Expand: []Expand{
				{Property: "owners", Query: &Query{Select: []string{"id", "displayName"}, Top: ptr(5), Options: []Option{{"$select", "id,displayName"}, {"$top", "5"}}}},
				{Property: "manager"},
				{Property: "members/microsoft.graph.user", Ref: true},
			},
			Options: []Option{{"$expand", "owners($select=id,displayName;$top=5),manager,members/microsoft.graph.user/$ref"}},
		},
	},
	"expand all": {"$expand=*", Query{Expand: []Expand{{Property: "*"}}, Options: []Option{{"$expand", "*"}}}},
	"separators inside text do not separate": {
		"$expand=members($filter=displayName%20eq%20%27a;b),c%27%27%27;$levels=max)",
		Query{
			Expand: []Expand{{Property: "members", Query: &Query{
				Filter: eq(path("displayName"), text("a;b),c'")), Levels: "max",
				Options: []Option{{"$filter", "displayName eq 'a;b),c'''"}, {"$levels", "max"}},
			}}},
			Options: []Option{{"$expand", "members($filter=displayName eq 'a;b),c''';$levels=max)"}},
		},
	},
	"search": {
		"$search=%22displayName:foo%22",
		Query{Search: SearchTerm{"displayName", "foo"}, Options: []Option{{"$search", `"displayName:foo"`}}},
	},
	"kept as written": {
		"$format=json&$apply=x&$id=directoryObjects/1",
		Query{Format: "json", Apply: "x", ID: "directoryObjects/1", Options: []Option{{"$format", "json"}, {"$apply", "x"}, {"$id", "directoryObjects/1"}}},
	},
	"other parameters are kept apart": {
		"api-version=1.6&id=7&levels&@id=x&id=8",
		Query{Custom: []Option{{"api-version", "1.6"}, {"id", "7"}, {"levels", ""}, {"@id", "x"}, {"id", "8"}}},
	},
}

func TestParseQuery(t *testing.T) {
	for name, tt := range queries {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(tt.raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("query differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseQueryErrors(t *testing.T) {
	for _, tt := range []struct {
		raw    string
		kind   Kind
		option string
		pos    int
	}{
		{"$foo=1", UnknownOption, "query", 0},
		{"$top=1&$compute=x", UnknownOption, "query", 7},
		{"$levels=2", UnknownOption, "$levels", -1},
		{"$top=1&$top=1", DuplicateOption, "$top", -1},
		{"$top=1&TOP=2", DuplicateOption, "$top", -1},
		{"$top=x", Value, "$top", -1},
		{"$top=", Value, "$top", -1},
		{"$top=99999999999", Value, "$top", -1},
		{"$skip=1.5", Value, "$skip", -1},
		{"$count=yes", Value, "$count", -1},
		{"$filter=a%zz", Encoding, "query", 9},
		{"$top=1&x=%4", Encoding, "query", 9},
		{"x=%ff", Encoding, "query", 2},
		{"x=%00", Encoding, "query", 2},
		{"$filter=a%20eq%20%27x", Syntax, "$filter", 5},
		{"$select=id,", Syntax, "$select", 3},
		{"$select=id,%20a%20b", Syntax, "$select", 4},
		{"$select=a(b)", Syntax, "$select", 0},
		{"$orderby=", Syntax, "$orderby", 0},
		{"$orderby=a,b%20down", Syntax, "$orderby", 2},
		{"$orderby=a%20desc%20x", Syntax, "$orderby", 0},
		{"$expand=", Syntax, "$expand", 0},
		{"$expand=owners,", Syntax, "$expand", 7},
		{"$expand=owners(", Syntax, "$expand", 6},
		{"$expand=owners)", Syntax, "$expand", 6},
		{"$expand=owners($select=id)x", Syntax, "$expand", 6},
		{"$expand=owners()", UnknownOption, "$expand", 7},
		{"$expand=owners($select)", UnknownOption, "$expand", 7},
		{"$expand=owners($format=json)", UnknownOption, "$expand", -1},
		{"$expand=owners($top=1;$top=1)", DuplicateOption, "$expand", -1},
		{"$expand=a,owners($filter=b%20eq%20%27)", Syntax, "$expand", 22},
		{"$expand='owners", Syntax, "$expand", 0},
		{"$expand=a($expand=b($expand=c($expand=d)))", "", "", 0},
		{"$expand=a($expand=b($expand=c($expand=d($expand=e))))", Limit, "$expand", 40},
		{"$search=foo", Syntax, "$search", 0},
		{"x=" + strings.Repeat("y", MaxQueryLength), Limit, "query", -1},
		{strings.Repeat("x&", maxParameters+1), Limit, "query", 2 * maxParameters},
	} {
		name := tt.raw[:min(len(tt.raw), 60)]
		_, err := Parse(tt.raw)
		if tt.kind == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("%s: got %v, want an *Error", name, err)
			continue
		}
		if got.Kind != tt.kind || got.Option != tt.option || got.Pos != tt.pos {
			t.Errorf("%s: got %v (kind %q, option %s, position %d), want kind %q, option %s, position %d",
				name, err, got.Kind, got.Option, got.Pos, tt.kind, tt.option, tt.pos)
		}
	}
}

func TestQueryRaw(t *testing.T) {
	q, err := Parse("$select=&Filter=a%20eq%201")
	if err != nil {
		t.Fatal(err)
	}
	if !q.Has("$select") || q.Has("$top") {
		t.Error("Has tells given and missing options apart wrongly")
	}
	if raw, _ := q.Raw("$filter"); raw != "a eq 1" {
		t.Errorf("Raw($filter) = %q", raw)
	}
}

// encode writes options back as a raw query, as a next link does.
func encode(options []Option) string {
	var parts []string
	for _, o := range options {
		parts = append(parts, url.QueryEscape(o.Name)+"="+url.QueryEscape(o.Value))
	}
	return strings.Join(parts, "&")
}

func TestSearch(t *testing.T) {
	foo, bar, baz := SearchTerm{"displayName", "foo"}, SearchTerm{"mail", "bar"}, SearchTerm{"", "baz"}
	for _, tt := range []struct {
		text string
		want SearchExpr
	}{
		{`"displayName:foo"`, foo},
		{` "displayName: foo " `, foo},
		{`"baz"`, baz},
		{`"displayName:a\"b\\c:d"`, SearchTerm{"displayName", `a"b\c:d`}},
		{`"displayName:foo" AND "mail:bar"`, SearchLogical{And, []SearchExpr{foo, bar}}},
		{`"displayName:foo"AND("mail:bar")`, SearchLogical{And, []SearchExpr{foo, bar}}},
		{`"baz" OR "displayName:foo" AND "mail:bar"`, SearchLogical{Or, []SearchExpr{baz, SearchLogical{And, []SearchExpr{foo, bar}}}}},
		{`("baz" OR "displayName:foo") AND "mail:bar"`, SearchLogical{And, []SearchExpr{SearchLogical{Or, []SearchExpr{baz, foo}}, bar}}},
		{`"baz" OR ("displayName:foo" OR "mail:bar")`, SearchLogical{Or, []SearchExpr{baz, foo, bar}}},
	} {
		got, err := ParseSearch(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
		}
		again, err := ParseSearch(got.String())
		if err != nil {
			t.Errorf("%s: canonical form %s: %v", tt.text, got, err)
		} else if diff := cmp.Diff(got, again); diff != "" {
			t.Errorf("%s: canonical form %s differs:\n%s", tt.text, got, diff)
		}
	}
}

func TestSearchErrors(t *testing.T) {
	clauses := func(n int) string { return strings.TrimSuffix(strings.Repeat(`"a:b" OR `, n), " OR ") }
	if _, err := ParseSearch(clauses(maxSearchTerms)); err != nil {
		t.Errorf("the most clauses: %v", err)
	}
	for _, tt := range []struct {
		text string
		kind Kind
		pos  int
	}{
		{``, Syntax, 0},
		{`displayName:foo`, Syntax, 0},
		{`"displayName:foo`, Syntax, 0},
		{`"displayName:foo" and "b"`, Syntax, 18},
		{`"displayName:foo" "b"`, Syntax, 18},
		{`"a:b" AND`, Syntax, 9},
		{`"a:b" ANDY "c"`, Syntax, 6},
		{`("a:b"`, Syntax, 0},
		{`("a:b" "c")`, Syntax, 7},
		{`"a:b")`, Syntax, 5},
		{`"a b:c"`, Syntax, 1},
		{`":c"`, Syntax, 1},
		{`"a:"`, Syntax, 0},
		{`""`, Syntax, 0},
		{`"a:\n"`, Syntax, 3},
		{"\"a:\x01\"", Encoding, 3},
		{clauses(maxSearchTerms + 1), Limit, 9 * maxSearchTerms},
		{strings.Repeat("(", MaxFilterDepth+1) + `"a"`, Limit, MaxFilterDepth},
		{`"` + strings.Repeat("a", MaxSearchLength) + `"`, Limit, -1},
	} {
		_, err := ParseSearch(tt.text)
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("%.40s: got %v, want an *Error", tt.text, err)
			continue
		}
		if got.Kind != tt.kind || got.Option != "$search" || got.Pos != tt.pos {
			t.Errorf("%.40s: got %v (kind %q, position %d), want kind %q, position %d", tt.text, err, got.Kind, got.Pos, tt.kind, tt.pos)
		}
	}
}
