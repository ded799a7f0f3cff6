package odata

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const guid = "3f1c2a9e-8d4b-4c6f-9a51-0b7de2f3a1c4"

// usedFilters are the filters that Terraform, azure-cli, the SDKs and the
// portal send, each with its canonical form ("" if it is canonical itself).
var usedFilters = []struct{ filter, canonical string }{
	{"appId eq '" + guid + "'", ""},
	{"appId eq " + strings.ToUpper(guid), "appId eq " + guid},
	{"displayName eq 'orders'", ""},
	{"startswith(displayName,'or')", "startsWith(displayName,'or')"},
	{"startsWith(displayName, 'or') eq true", "startsWith(displayName,'or') eq true"},
	{"endsWith(mail,'@contoso.example')", ""},
	{"contains(displayName,'a,b)')", ""},
	{"userPrincipalName eq 'kai@contoso.example'", ""},
	{"mail eq 'kai@contoso.example'", ""},
	{"mailNickname eq 'kai'", ""},
	{"employeeId eq '0042'", ""},
	{"id eq '" + guid + "'", ""},
	{"roleTemplateId eq '" + guid + "'", ""},
	{"identifierUris/any(x:x eq 'api://orders')", ""},
	{"identifierUris/any(s:s eq 'https://o''brien.example')", ""},
	{"servicePrincipalNames/any(x:x eq 'api://orders')", ""},
	{"tags/any(t:t eq 'WindowsAzureActiveDirectoryIntegratedApp')", ""},
	{"servicePrincipalType eq 'ManagedIdentity'", ""},
	{"groupTypes/any(c:c eq 'Unified')", ""},
	{"NOT groupTypes/any(c:c eq 'Unified')", "not groupTypes/any(c:c eq 'Unified')"},
	{"securityEnabled eq true and mailEnabled eq false", ""},
	{"securityEnabled eq True AND mailEnabled EQ FALSE", "securityEnabled eq true and mailEnabled eq false"},
	{"clientId eq '" + guid + "' and resourceId eq '" + guid + "' and consentType eq 'AllPrincipals'", ""},
	{"principalId eq '" + guid + "'", ""},
	{"roleDefinitionId eq '" + guid + "'", ""},
	{"createdDateTime ge 2026-01-01T00:00:00Z and appId eq '" + guid + "'", ""},
	{"createdDateTime lt 2026-01-01T09:30:00.5000000+09:00", "createdDateTime lt 2026-01-01T00:30:00.5Z"},
	{"signInEventTypes/any(t: t eq 'servicePrincipal')", "signInEventTypes/any(t:t eq 'servicePrincipal')"},
	{"scopeType eq 'Group' and scopeId eq '" + guid + "'", ""},
	{"policyType eq 'builtIn'", ""},
	{"applicationTemplateId eq '" + guid + "' and displayName eq 'x'", ""},
	{"accountEnabled eq false", ""},
	{"userType eq 'Guest'", ""},
	{"externalUserState eq 'PendingAcceptance'", ""},
	{"identities/any(c:c/issuerAssignedId eq 'x' and c/issuer eq 'y')", ""},
	{"assignedLicenses/$count eq 0", ""},
	{"not(assignedLicenses/$count eq 0)", ""},
	{"mail ne null", ""},
	{"displayName in ('a','b')", ""},
	{"isof('microsoft.graph.servicePrincipal')", ""},
	{"isof(microsoft.graph.user)", "isof('microsoft.graph.user')"},
	{"riskLevel eq microsoft.graph.riskLevel'medium'", ""},
	{"owners/$count eq 0 or owners/$count eq 1", ""},
}

func TestUsedFiltersParse(t *testing.T) {
	for _, tt := range usedFilters {
		e, err := ParseFilter(tt.filter)
		if err != nil {
			t.Errorf("%s: %v", tt.filter, err)
			continue
		}
		want := tt.canonical
		if want == "" {
			want = tt.filter
		}
		if got := e.String(); got != want {
			t.Errorf("%s prints as %s, want %s", tt.filter, got, want)
		}
		again, err := ParseFilter(e.String())
		if err != nil {
			t.Errorf("%s: canonical form: %v", tt.filter, err)
		} else if diff := cmp.Diff(e, again); diff != "" {
			t.Errorf("%s: the canonical form reads differently:\n%s", tt.filter, diff)
		}
	}
}

func path(segments ...string) Path { return Path{Segments: segments} }
func text(s string) Literal        { return Literal{Kind: String, Text: s} }
func number(s string) Literal      { return Literal{Kind: Number, Text: s} }
func eq(left, right Expr) Expr     { return Comparison{Op: Equal, Left: left, Right: right} }

func TestFilterTrees(t *testing.T) {
	yes := Literal{Kind: Bool, Bool: true}
	for name, tt := range map[string]struct {
		filter string
		want   Expr
	}{
		"and binds tighter than or": {
			"a eq 1 or b eq 2 and c eq 3",
			Logical{Or, []Expr{eq(path("a"), number("1")), Logical{And, []Expr{eq(path("b"), number("2")), eq(path("c"), number("3"))}}}},
		},
		"parentheses win": {
			"(a eq 1 or b eq 2) and c eq 3",
			Logical{And, []Expr{Logical{Or, []Expr{eq(path("a"), number("1")), eq(path("b"), number("2"))}}, eq(path("c"), number("3"))}},
		},
		"chains are flat": {
			"a and (b and (c and d))",
			Logical{And, []Expr{path("a"), path("b"), path("c"), path("d")}},
		},
		"not binds tighter than and": {
			"not a and b",
			Logical{And, []Expr{Not{path("a")}, path("b")}},
		},
		"constants move to the right": {
			"5 ge a",
			Comparison{LessOrEqual, path("a"), number("5")},
		},
		"two properties":            {"a/b eq c", eq(path("a", "b"), path("c"))},
		"doubled quote":             {"a eq 'it''s'", eq(path("a"), text("it's"))},
		"two doubled quotes":        {"a eq ''''''", eq(path("a"), text("''"))},
		"empty text":                {"a eq ''", eq(path("a"), text(""))},
		"text of other scripts":     {"a eq '注文 API'", eq(path("a"), text("注文 API"))},
		"null":                      {"a eq null", eq(path("a"), Literal{Kind: Null})},
		"negative decimal":          {"a gt -1.5e-3", Comparison{Greater, path("a"), number("-1.5e-3")}},
		"bare guid beginning a-f":   {"a eq " + "Ab" + guid[2:], eq(path("a"), Literal{Kind: GUID, Text: "ab" + guid[2:]})},
		"date":                      {"a eq 2026-01-31", eq(path("a"), Literal{Kind: Date, Time: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)})},
		"timestamp without seconds": {"a eq 2026-01-31T09:00Z", eq(path("a"), Literal{Kind: DateTime, Time: time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)})},
		"duration":                  {"a eq duration'P90D'", eq(path("a"), Literal{Kind: Duration, Duration: 90 * day})},
		"enumeration":               {"a eq microsoft.graph.riskLevel'high'", eq(path("a"), Literal{Kind: Enum, Type: "microsoft.graph.riskLevel", Text: "high"})},
		"in with null":              {"a in (null, 1)", In{path("a"), []Literal{{Kind: Null}, number("1")}}},
		"type cast in a path":       {"memberOf/microsoft.graph.group/displayName eq 'x'", eq(path("memberOf", "microsoft.graph.group", "displayName"), text("x"))},
		"function compared":         {"true eq startswith(a,'b')", eq(Call{StartsWith, path("a"), "b"}, yes)},
		"type of a property":        {"isof(manager,'microsoft.graph.user')", Call{IsOf, path("manager"), "microsoft.graph.user"}},
		"operator words as names":   {"eq eq in and in in ('x')", Logical{And, []Expr{eq(path("eq"), path("in")), In{path("in"), []Literal{text("x")}}}}},
		"any without condition":     {"owners/any()", Lambda{Path: path("owners"), Quantifier: Any}},
		"nested lambdas see both variables": {
			"a/ANY(x:x/b/all(y:y eq x and c eq 1))",
			Lambda{path("a"), Any, "x", Lambda{Path{Var: "x", Segments: []string{"b"}}, All, "y",
				Logical{And, []Expr{eq(Path{Var: "y"}, Path{Var: "x"}), eq(path("c"), number("1"))}}}},
		},
		"the variable ends with its lambda": {
			"a/any(x:x eq 1) and x eq 2",
			Logical{And, []Expr{Lambda{path("a"), Any, "x", eq(Path{Var: "x"}, number("1"))}, eq(path("x"), number("2"))}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseFilter(tt.filter)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("tree differs (-want +got):\n%s", diff)
			}
		})
	}
}

var refusedFilters = []struct {
	filter string
	kind   Kind
	pos    int
	words  string // part of the explanation
}{
	{"", Syntax, 0, "empty"},
	{"   ", Syntax, 0, "empty"},
	{"displayName eq", Syntax, 14, "ends"},
	{"displayName eq 'x", Syntax, 15, "no closing quote"},
	{"displayName eq O'Brien'", Syntax, 15, "written twice"},
	{"displayName = 'x'", Syntax, 12, "write eq"},
	{"displayName like 'x'", UnknownFunction, 12, `"like" is not an operator`},
	{`displayName eq "x"`, Syntax, 15, "single quotes"},
	{"displayName eq ‘x’", Syntax, 15, "single quotes"},
	{"displayName eq 'x' 'y'", Syntax, 19, "operator"},
	{"displayName eq 'x'y", Syntax, 18, "missing after"},
	{"eq 'x'", Syntax, 3, "operator is expected"},
	{"displayName eq 'x')", Syntax, 18, "closes nothing"},
	{"(displayName eq 'x'", Syntax, 0, "never closed"},
	{"displayName eq 'x' and", Syntax, 22, "ends"},
	{"displayName eq 'x' and 5", Syntax, 23, "condition"},
	{"'x'", Syntax, 0, "condition"},
	{"tags/$count", Syntax, 0, "condition"},
	{"1 eq 2", Syntax, 2, "needs a property"},
	{"a eq 1 eq true", Syntax, 0, "found a condition"},
	{"a eq (b or c)", Syntax, 5, "found a condition"},
	{"not a eq 1", Syntax, 4, "parentheses"},
	{"not", Syntax, 3, "ends"},
	{"tolower(a) eq 'x'", UnknownFunction, 0, "not known"},
	{"startsWith(a)", Syntax, 12, `","`},
	{"startsWith('a','b')", Syntax, 11, "must be a property"},
	{"startsWith(a,b)", Syntax, 13, "single quotes"},
	{"startsWith(a,'b','c')", Syntax, 16, `")"`},
	{"startsWith(a,'b') eq 'x'", Syntax, 18, "true or false"},
	{"a eq startsWith(b,'x')", Syntax, 5, "cannot be compared"},
	{"isof('user')", Syntax, 5, "needs a type"},
	{"isof(a,'b')", Syntax, 7, "needs a type"},
	{"a in 'x'", Syntax, 5, "after in"},
	{"a in ()", Syntax, 6, "expected"},
	{"a in ('x',b)", Syntax, 10, "constants"},
	{"a in ('x' 'y')", Syntax, 10, `")"`},
	{"'x' in ('x')", Syntax, 0, "property is expected"},
	{"tags/any(t eq 'x')", Syntax, 11, `":"`},
	{"tags/any(not:not eq 'x')", Syntax, 9, "variable"},
	{"tags/all()", Syntax, 9, "variable"},
	{"tags/any(x:x/any(x:x eq 1))", Syntax, 17, "in use"},
	{"tags/any(x:'y')", Syntax, 11, "condition"},
	{"tags/some(x:x eq 1)", UnknownFunction, 5, "any, all"},
	{"any(x:x eq 1)", UnknownFunction, 0, "not known"},
	{"tags/ any(x:x eq 1)", Syntax, 6, "no space"},
	{"tags /any(x:x eq 1)", Syntax, 5, "no space"},
	{"a//b eq 1", Syntax, 2, "property name"},
	{"a/ eq 1", Syntax, 3, "no space"},
	{"a/$ref eq 1", Syntax, 2, "cannot stand"},
	{"a..b eq 1", Syntax, 0, "not a name"},
	{"a eq 12ab", Syntax, 7, "missing after"},
	{"a eq -", Syntax, 5, "not a number"},
	{"a eq 1.", Syntax, 5, "not a number"},
	{"a eq 2026-02-30", Value, 5, "not a date"},
	{"a eq 2026-02-03T25:00:00Z", Value, 5, "not a timestamp"},
	{"a eq 2026-02-03T05:00:00", Value, 5, "not a timestamp"},
	{"a eq duration'P1Y'", Value, 5, "not a duration"},
	{"a eq datetime'2026-01-01'", Syntax, 5, "no type"},
	{"a eq microsoft.graph.riskLevel''", Syntax, 5, "empty"},
	{"a eq " + guid + "0", Syntax, 6, "missing after"},
	{"a eq 'x\x00'", Encoding, 7, "U+0000"},
	{"a eq '\xff'", Encoding, 6, "UTF-8"},
	{"a eq 'x'; drop table users", Syntax, 8, "unexpected character"},
}

func TestFilterErrors(t *testing.T) {
	for _, tt := range refusedFilters {
		e, err := ParseFilter(tt.filter)
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("%s: got %v, want an error", tt.filter, e)
			continue
		}
		if got.Option != "$filter" || !errors.Is(err, tt.kind) || !strings.Contains(got.Explanation(), tt.words) {
			t.Errorf("%s: got %q, kind %q; want kind %q and %q", tt.filter, err, got.Kind, tt.kind, tt.words)
		}
		if got.Pos != tt.pos {
			t.Errorf("%s: position %d, want %d (%v)", tt.filter, got.Pos, tt.pos, err)
		}
	}
}

func TestFilterBounds(t *testing.T) {
	list := func(n int) string { return "a in (" + strings.Repeat("1,", n-1) + "1)" }
	for name, tt := range map[string]struct {
		fits, tooMuch string
	}{
		"length": {
			"a eq '" + strings.Repeat("x", MaxFilterLength-7) + "'",
			"a eq '" + strings.Repeat("x", MaxFilterLength-6) + "'",
		},
		"parentheses": {
			strings.Repeat("(", MaxFilterDepth) + "a" + strings.Repeat(")", MaxFilterDepth),
			strings.Repeat("(", MaxFilterDepth+1) + "a" + strings.Repeat(")", MaxFilterDepth+1),
		},
		"not": {
			strings.Repeat("not ", MaxFilterDepth) + "a",
			strings.Repeat("not ", MaxFilterDepth+1) + "a",
		},
		"nodes": {
			strings.Repeat("a or ", MaxFilterNodes-2) + "a",
			strings.Repeat("a or ", MaxFilterNodes-1) + "a",
		},
		"in": {list(MaxInList), list(MaxInList + 1)},
		"canonical length": {
			"(a)or(b eq '" + strings.Repeat("x", MaxFilterLength-14) + "')",
			// "in(" is printed with a space, which makes it a byte too long.
			"a in('" + strings.Repeat("x", MaxFilterLength-8) + "')",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := ParseFilter(tt.fits)
			if err != nil {
				t.Fatalf("just fitting: %v", err)
			}
			if _, err := ParseFilter(e.String()); err != nil {
				t.Errorf("canonical form: %v", err)
			}
			if _, err := ParseFilter(tt.tooMuch); !errors.Is(err, Limit) {
				t.Errorf("one more: %v", err)
			}
		})
	}
}

func TestWalk(t *testing.T) {
	e, err := ParseFilter("not (a/any(x:x/b in ('1',2)) or startsWith(c,'d')) and isof('x.y') and e eq null")
	if err != nil {
		t.Fatal(err)
	}
	var paths, constants []string
	Walk(e, func(e Expr) bool {
		switch e := e.(type) {
		case Path:
			paths = append(paths, e.String())
		case Literal:
			constants = append(constants, e.String())
		}
		return true
	})
	if diff := cmp.Diff([]string{"a", "x/b", "c", "e"}, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"'1'", "2", "null"}, constants); diff != "" {
		t.Errorf("constants (-want +got):\n%s", diff)
	}
	n := 0
	Walk(e, func(e Expr) bool { n++; return false })
	if n != 1 {
		t.Errorf("visited %d nodes after false, want 1", n)
	}
}
