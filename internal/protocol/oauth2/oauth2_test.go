package oauth2

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseForm(t *testing.T) {
	tests := []struct {
		name, text string
		want       map[string]string
		err        error
	}{
		{"empty", "", map[string]string{}, nil},
		{"plain", "a=1&b=2", map[string]string{"a": "1", "b": "2"}, nil},
		{"plus is a space", "scope=a+b", map[string]string{"scope": "a b"}, nil},
		{"no trimming", "s=%20x%20", map[string]string{"s": " x "}, nil},
		{"value with equals", "a=b=c", map[string]string{"a": "b=c"}, nil},
		{"without value", "a&b=", map[string]string{"a": "", "b": ""}, nil},
		{"empty pairs", "&&a=1&", map[string]string{"a": "1"}, nil},
		{"semicolon is data", "a=1;b=2", map[string]string{"a": "1;b=2"}, nil},
		{"bad escape", "a=%zz", nil, ErrNotForm},
		{"bad escape in name", "%=1", nil, ErrNotForm},
		{"not UTF-8", "a=%ff", nil, ErrNotUTF8},
		{"NUL", "a=%00", nil, ErrNotForm},
		{"too many", strings.Repeat("a&", 1) + many(MaxFields), nil, ErrManyFields},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := ParseForm(tt.text)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if tt.err == nil {
				if d := cmp.Diff(tt.want, f.values); d != "" {
					t.Error(d)
				}
			}
		})
	}
	var dup *DuplicateError
	for _, text := range []string{"a=1&a=2", "a=1&%61=1", "a&a"} {
		if _, err := ParseForm(text); !errors.As(err, &dup) || dup.Name != "a" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("&p" + strings.Repeat("x", i) + "=1")
	}
	return b.String()
}

func TestParseScopes(t *testing.T) {
	tests := []struct {
		text      string
		oidc      []string
		resources []string
		values    []string
		err       error
	}{
		{text: "", err: nil},
		{text: "openid  profile", oidc: []string{"openid", "profile"}},
		{text: "OpenID offline_access", oidc: []string{"openid", "offline_access"}},
		{text: "User.Read", resources: []string{GraphResource}, values: []string{"User.Read"}},
		{text: ".default", resources: []string{GraphResource}, values: []string{".default"}},
		{text: "api://a/Orders.Read api://a/Orders.Write", resources: []string{"api://a"}, values: []string{"Orders.Read", "Orders.Write"}},
		{text: "api://a/.Default", resources: []string{"api://a"}, values: []string{".default"}},
		{text: "https://mgmt.example//.default", resources: []string{"https://mgmt.example/"}, values: []string{".default"}},
		{text: "api://a/.default api://b/.default openid", oidc: []string{"openid"}, resources: []string{"api://a", "api://b"}, values: []string{".default", ".default"}},
		{text: "api://a/.default api://a/x", err: ErrDefaultMixed},
		{text: "api://a/.default User.Read", err: ErrDefaultMixed},
		{text: "api://a/", err: ErrScopeSyntax},
		{text: "/x", err: ErrScopeSyntax},
		{text: "a\tb", err: ErrScopeSyntax},
		{text: "a\"b", err: ErrScopeSyntax},
		{text: "注文", err: ErrScopeSyntax},
		{text: strings.Repeat("a ", MaxScopes+1), err: ErrManyScopes},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			s, err := ParseScopes(tt.text)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			var values []string
			for _, sc := range s.List {
				values = append(values, sc.Value)
			}
			if d := cmp.Diff([][]string{tt.oidc, tt.resources, tt.values}, [][]string{s.OIDC, s.Resources, values}); d != "" && tt.err == nil {
				t.Error(d)
			}
		})
	}
}

func FuzzParseForm(f *testing.F) {
	for _, s := range []string{"", "a=1&b=2", "a=1&a=2", "a=%ff", "%=&;", "grant_type=client_credentials&scope=api%3A%2F%2Fx%2F.default"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form, err := ParseForm(text)
		if err != nil {
			return
		}
		if len(form.values) > MaxFields {
			t.Errorf("%d fields", len(form.values))
		}
		// What a page carries comes back as it was.
		back, err := ParseForm(form.Encode())
		if err != nil || !maps.Equal(back.values, form.values) {
			t.Errorf("%q came back as %v: %v", form.values, back.values, err)
		}
	})
}

func FuzzParseScopes(f *testing.F) {
	for _, s := range []string{"", ".default", "openid api://a/b", "https://x//.default", "a/ b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseScopes(text)
		if err != nil {
			return
		}
		for _, sc := range s.List {
			if sc.Value == "" || sc.Resource == "" {
				t.Errorf("%q gave %+v", text, sc)
			}
		}
	})
}
