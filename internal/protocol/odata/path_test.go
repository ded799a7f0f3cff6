package odata

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func plain(name string) Segment { return Segment{Kind: PlainSegment, Text: name, Name: name} }

func TestParsePath(t *testing.T) {
	key := func(text, name string, args ...Argument) Segment {
		return Segment{Kind: CallSegment, Text: text, Name: name, Args: args}
	}
	system := func(name string) Segment { return Segment{Kind: SystemSegment, Text: name, Name: name} }
	for _, tt := range []struct {
		path string
		want []Segment
	}{
		{"/", nil},
		{"/me", []Segment{plain("me")}},
		{"/me/", []Segment{plain("me")}},
		{"/servicePrincipals/" + guid + "/owners/$ref", []Segment{plain("servicePrincipals"), plain(guid), plain("owners"), system("$ref")}},
		{"/users/%24count", []Segment{plain("users"), system("$count")}},
		{"/users/$Count", []Segment{plain("users"), {Kind: SystemSegment, Text: "$Count", Name: "$count"}}},
		{"/me/photo/$value", []Segment{plain("me"), plain("photo"), system("$value")}},
		{"/$batch", []Segment{system("$batch")}},
		{"/users/kai_partner.example%23EXT%23@contoso.example", []Segment{plain("users"), plain("kai_partner.example#EXT#@contoso.example")}},
		{"/users/o'brien@contoso.example", []Segment{plain("users"), plain("o'brien@contoso.example")}},
		{"/users('x')", []Segment{key("users('x')", "users", Argument{"", "x", true})}},
		{"/users('$x')/manager", []Segment{key("users('$x')", "users", Argument{"", "$x", true}), plain("manager")}},
		{"/users('o''brien@contoso.example')", []Segment{key("users('o''brien@contoso.example')", "users", Argument{"", "o'brien@contoso.example", true})}},
		{"/applications(appId='" + guid + "')/addPassword", []Segment{key("applications(appId='"+guid+"')", "applications", Argument{"appId", guid, true}), plain("addPassword")}},
		{"/applications%28appId=%27x%27%29", []Segment{key("applications(appId='x')", "applications", Argument{"appId", "x", true})}},
		{"/applications(appId=" + guid + ")", []Segment{key("applications(appId="+guid+")", "applications", Argument{"appId", guid, false})}},
		{"/applications( appId = 'x' )", []Segment{key("applications( appId = 'x' )", "applications", Argument{"appId", "x", true})}},
		{"/groups(uniqueName='a%2Fb=(c),%2520')", []Segment{key("groups(uniqueName='a/b=(c),%20')", "groups", Argument{"uniqueName", "a/b=(c),%20", true})}},
		{"/directoryObjects('" + guid + "')", []Segment{key("directoryObjects('"+guid+"')", "directoryObjects", Argument{"", guid, true})}},
		{"/applications/x/federatedIdentityCredentials(name='y')", []Segment{plain("applications"), plain("x"), key("federatedIdentityCredentials(name='y')", "federatedIdentityCredentials", Argument{"name", "y", true})}},
		{"/users/delta()", []Segment{plain("users"), key("delta()", "delta")}},
		{"/users/microsoft.graph.delta()", []Segment{plain("users"), {Kind: CallSegment, Text: "microsoft.graph.delta()", Name: "delta", Qualified: true}}},
		{"/directoryObjects/microsoft.graph.getByIds", []Segment{plain("directoryObjects"), {Kind: PlainSegment, Text: "microsoft.graph.getByIds", Name: "getByIds", Qualified: true}}},
		{"/groups/g/members/graph.user/$count", []Segment{plain("groups"), plain("g"), plain("members"), {Kind: PlainSegment, Text: "graph.user", Name: "user", Qualified: true}, system("$count")}},
		{"/domains/graph.contoso-x.example", []Segment{plain("domains"), plain("graph.contoso-x.example")}},
		{"/tenantRelationships/findTenantInformationByTenantId(tenantId='" + guid + "')", []Segment{plain("tenantRelationships"), key("findTenantInformationByTenantId(tenantId='"+guid+"')", "findTenantInformationByTenantId", Argument{"tenantId", guid, true})}},
		{"/reports/f(a='x,y',b=5,c=true)", []Segment{plain("reports"), key("f(a='x,y',b=5,c=true)", "f", Argument{"a", "x,y", true}, Argument{"b", "5", false}, Argument{"c", "true", false})}},
		{"/groups/a%20b(c)", []Segment{plain("groups"), plain("a b(c)")}},
	} {
		got, err := ParsePath(tt.path)
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.path, diff)
		}
	}
}

func TestParsePathErrors(t *testing.T) {
	for _, tt := range []struct {
		path string
		kind Kind
		pos  int
	}{
		{"", Syntax, 0},
		{"me", Syntax, 0},
		{"//", Syntax, 1},
		{"//me", Syntax, 1},
		{"/users//x", Syntax, 7},
		{"/users//", Syntax, 7},
		{"/users/../applications", Syntax, 7},
		{"/users/%2e%2E", Syntax, 7},
		{"/users/./x", Syntax, 7},
		{"/users/$x", UnknownOption, 7},
		{"/users/$", UnknownOption, 7},
		{"/users/%zz", Encoding, 7},
		{"/users/%", Encoding, 7},
		{"/users/%ff", Encoding, 7},
		{"/users/a%00b", Encoding, 7},
		{"/users/a%0ab", "", 0},
		{"/users('x", Syntax, 1},
		{"/users('x'", Syntax, 1},
		{"/users('x)", Syntax, 1},
		{"/users('o'brien')", Syntax, 1},
		{"/users('x')y", Syntax, 1},
		{"/users('x'))", Syntax, 1},
		{"/users('a/b')", Syntax, 1},
		{"/users('x','y')", Syntax, 1},
		{"/users(id='x','y')", Syntax, 1},
		{"/f(a='x',a='y')", Syntax, 1},
		{"/f(a='x',)", Syntax, 1},
		{"/f(a=)", Syntax, 1},
		{"/f(a=@p)", Syntax, 1},
		{"/f(a=b=c)", Syntax, 1},
		{"/f(a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8)", "", 0},
		{"/f(a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9)", Limit, 1},
		{strings.Repeat("/a", MaxPathSegments), "", 0},
		{strings.Repeat("/a", MaxPathSegments+1), Limit, 2*MaxPathSegments + 1},
		{"/" + strings.Repeat("a", MaxPathLength-1), "", 0},
		{"/" + strings.Repeat("a", MaxPathLength), Limit, -1},
	} {
		_, err := ParsePath(tt.path)
		if tt.kind == "" {
			if err != nil {
				t.Errorf("%.40s: %v", tt.path, err)
			}
			continue
		}
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("%.40s: got %v, want an *Error", tt.path, err)
			continue
		}
		if got.Kind != tt.kind || got.Option != "path" || got.Pos != tt.pos {
			t.Errorf("%.40s: got %v (kind %q, position %d), want kind %q, position %d", tt.path, err, got.Kind, got.Pos, tt.kind, tt.pos)
		}
	}
}

func TestSegmentKey(t *testing.T) {
	for path, want := range map[string][]string{
		"/users('x')":            {"", "x"},
		"/applications(appId=x)": {"appId", "x"},
		"/users":                 nil,
		"/delta()":               nil,
		"/f(a=1,b=2)":            nil,
	} {
		segments, err := ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		name, value, ok := segments[0].Key()
		if ok != (want != nil) || ok && (name != want[0] || value != want[1]) {
			t.Errorf("%s: key %q %q %v", path, name, value, ok)
		}
	}
}

func TestReferenceID(t *testing.T) {
	other := "00000003-0000-0000-c000-000000000000"
	for reference, want := range map[string]string{
		"https://graph.contoso.example/v1.0/directoryObjects/" + guid:            guid,
		"https://other.example/" + other + "/users/" + strings.ToUpper(guid):     guid,
		"https://graph.contoso.example/v1.0/directoryObjects('" + guid + "')":    guid,
		"https://h/v2/" + other + "/directoryObjects/" + guid + "/Microsoft.D.U": guid,
		"directoryObjects/" + guid:           guid,
		guid:                                 guid,
		"":                                   "",
		"https://h/v1.0/users/kai":           "",
		"https://h/v1.0/users/0" + guid:      "",
		"https://h/v1.0/users/" + guid + "0": "",
		"https://h/v1.0/users/" + guid + "-" + guid:     "",
		strings.Repeat("x", MaxPathLength) + "/" + guid: "",
	} {
		got, ok := ReferenceID(reference)
		if got != want || ok != (want != "") {
			t.Errorf("ReferenceID(%.60s) = %q, %v; want %q", reference, got, ok, want)
		}
	}
}
