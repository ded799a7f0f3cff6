package odata

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checkError holds what every refusal promises: an *Error that names its
// option and whose position lies in the text.
func checkError(t *testing.T, err error, length int) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is not an *Error", err)
	}
	if e.Kind == "" || e.Option == "" || e.Detail == "" || e.Pos < -1 || e.Pos > length {
		t.Fatalf("incomplete error %#v for a text of %d bytes", e, length)
	}
	for _, c := range []byte(e.Error()) {
		if c < ' ' || c > '~' {
			t.Fatalf("%q lets a raw character through", e.Error())
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, tt := range usedFilters {
		f.Add(tt.filter)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseFilter(text)
		if err != nil {
			checkError(t, err, len(text))
			return
		}
		nodes := 0
		Walk(e, func(Expr) bool { nodes++; return true })
		if nodes > MaxFilterNodes {
			t.Fatalf("%d nodes", nodes)
		}
		canonical := e.String()
		again, err := ParseFilter(canonical)
		if err != nil {
			t.Fatalf("canonical form %q: %v", canonical, err)
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Fatalf("canonical form %q reads differently:\n%s", canonical, diff)
		}
		if s := again.String(); s != canonical {
			t.Fatalf("canonical form %q prints as %q", canonical, s)
		}
	})
}

func FuzzQuery(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := Parse(raw)
		if err != nil {
			checkError(t, err, len(raw))
			return
		}
		next := encode(append(append([]Option(nil), q.Options...), q.Custom...))
		if len(next) > MaxQueryLength {
			return
		}
		again, err := Parse(next)
		if err != nil {
			t.Fatalf("next link %q: %v", next, err)
		}
		if diff := cmp.Diff(q, again); diff != "" {
			t.Fatalf("next link %q reads differently:\n%s", next, diff)
		}
		if q.Search == nil {
			return
		}
		search, err := ParseSearch(q.Search.String())
		if err != nil {
			t.Fatalf("canonical search %s: %v", q.Search, err)
		}
		if diff := cmp.Diff(q.Search, search); diff != "" {
			t.Fatalf("canonical search %s reads differently:\n%s", q.Search, diff)
		}
	})
}

func FuzzPath(f *testing.F) {
	f.Fuzz(func(t *testing.T, escaped string) {
		segments, err := ParsePath(escaped)
		if err != nil {
			checkError(t, err, len(escaped))
			return
		}
		var b strings.Builder
		for _, s := range segments {
			if s.Text == "" || s.Text == "." || s.Text == ".." || strings.ContainsRune(s.Text, 0) {
				t.Fatalf("segment %q", s.Text)
			}
			if s.Kind == SystemSegment != strings.HasPrefix(s.Text, "$") || s.Name == "" {
				t.Fatalf("segment %#v", s)
			}
			b.WriteString("/" + url.PathEscape(s.Text))
		}
		if b.Len() == 0 {
			b.WriteByte('/')
		}
		if b.Len() > MaxPathLength {
			return
		}
		again, err := ParsePath(b.String())
		if err != nil {
			t.Fatalf("%q escaped anew, %q: %v", escaped, b.String(), err)
		}
		if diff := cmp.Diff(segments, again); diff != "" {
			t.Fatalf("%q escaped anew, %q, reads differently:\n%s", escaped, b.String(), diff)
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		const depth = 8
		err := CheckObject(data, depth)
		if err == nil {
			acceptedByJSON(t, data)
			return
		}
		checkError(t, err, len(data))
		// The other direction: what is well-formed is only refused for one of
		// the reasons for which this check exists.
		if errors.Is(err, Syntax) && json.Valid(data) {
			t.Fatalf("well-formed, but: %v", err)
		}
		if errors.Is(err, Value) && json.Valid(data) && bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
			t.Fatalf("an object, but: %v", err)
		}
	})
}

// acceptedByJSON checks that encoding/json takes data and loses nothing of it.
func acceptedByJSON(t *testing.T, data []byte) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		t.Fatalf("encoding/json refuses what was accepted: %v", err)
	}
	if d.More() {
		t.Fatal("something follows the object")
	}
	tokens := json.NewDecoder(bytes.NewReader(data))
	tokens.UseNumber()
	members := 0
	for {
		tok, err := tokens.Token()
		if err != nil {
			break
		}
		if s, ok := tok.(string); ok && strings.ContainsRune(s, 0) {
			t.Fatalf("U+0000 passed in %q", s)
		}
		if tok == json.Delim('}') || tok == json.Delim(']') {
			continue
		}
		members++ // each name and each value
	}
	if n := count(object); n != members {
		t.Fatalf("encoding/json holds %d names and values of %d", n, members)
	}
}

// count returns the number of values in v, and of the names of its members.
func count(v any) int {
	n := 1
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			n += 1 + count(member)
		}
	case []any:
		for _, element := range v {
			n += count(element)
		}
	}
	return n
}
