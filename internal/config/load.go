package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Load reads the file over the defaults. The error is a *Faults for whatever is
// wrong with its content, and otherwise that of reading it. Lookup finds
// environment variables (os.LookupEnv).
func Load(file string, lookup func(string) (string, bool)) (Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(file, text, lookup)
}

// Parse is Load for text that was read already. File names it in faults.
func Parse(file string, text []byte, lookup func(string) (string, bool)) (Config, error) {
	c := Default()
	r := &reader{
		file:   file,
		lines:  strings.Split(string(text), "\n"),
		lookup: lookup,
		places: map[string]*token.Token{},
	}
	if err := r.read(text, &c); err != nil {
		return Config{}, err
	}
	unread := slices.Clone(r.faults)
	for _, f := range c.faults() {
		if !faulty(unread, f.Key) { // what could not be read has its fault already
			r.report(f.Key, f.Message)
		}
	}
	if len(r.faults) > 0 {
		slices.SortStableFunc(r.faults, func(a, b Fault) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return Config{}, &Faults{File: file, List: r.faults}
	}
	return c, nil
}

// reader walks a syntax tree beside a struct.
type reader struct {
	file   string
	lines  []string
	lookup func(string) (string, bool)
	places map[string]*token.Token // of every key and list entry that was read
	faults []Fault
}

func (r *reader) read(text []byte, c *Config) error {
	f, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var y yaml.Error
		if errors.As(err, &y) {
			return &Faults{File: r.file, List: []Fault{r.fault("", y.GetToken(), y.GetMessage())}}
		}
		return &Faults{File: r.file, List: []Fault{{Message: err.Error()}}}
	}
	for i, doc := range f.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.NullType:
		case i > 0:
			r.faults = append(r.faults, r.fault("", doc.Body.GetToken(), "the file must hold one document, and this begins another"))
		default:
			r.group("", doc.Body, reflect.ValueOf(c).Elem())
		}
	}
	return nil
}

// group reads a mapping into a struct.
func (r *reader) group(path string, n ast.Node, v reflect.Value) {
	if n.Type() == ast.NullType { // a key whose entries are all commented out
		return
	}
	m, ok := n.(ast.MapNode)
	if !ok {
		r.faults = append(r.faults, r.fault(path, n.GetToken(), fmt.Sprintf("%s must be a group of keys", orFile(path))))
		return
	}
	for it := m.MapRange(); it.Next(); {
		key, tok := it.Key(), it.Key().GetToken()
		name := tok.Value
		if key.Type() != ast.StringType {
			r.faults = append(r.faults, r.fault(path, tok, "a key must be plain text"))
			continue
		}
		full := join(path, name)
		field, ok := fieldByKey(v, name)
		if !ok {
			r.faults = append(r.faults, r.fault(full, tok, unknownKey(v.Type(), path, name)))
			continue
		}
		if first, twice := r.places[full]; twice {
			r.faults = append(r.faults, r.fault(full, tok, fmt.Sprintf("%s is given twice; the first is in line %d", full, first.Position.Line)))
			continue
		}
		r.places[full] = tok
		r.value(full, it.Value(), field)
	}
}

// value reads whatever a key holds.
func (r *reader) value(path string, n ast.Node, v reflect.Value) {
	if n.Type() == ast.AnchorType || n.Type() == ast.AliasType || n.Type() == ast.TagType {
		r.faults = append(r.faults, r.fault(path, n.GetToken(), "anchors, aliases and tags are not used in this file"))
		return
	}
	switch {
	case v.Kind() == reflect.Struct:
		r.group(path, n, v)
	case n.Type() == ast.NullType: // no value: the default stands
	case v.Kind() == reflect.Slice:
		r.list(path, n, v)
	default:
		r.leaf(path, n, v)
	}
}

func (r *reader) list(path string, n ast.Node, v reflect.Value) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		r.faults = append(r.faults, r.fault(path, n.GetToken(), path+" must be a list"))
		return
	}
	got := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
	for i, entry := range seq.Values {
		at := fmt.Sprintf("%s[%d]", path, i)
		r.places[at] = entry.GetToken()
		r.value(at, entry, got.Index(i))
	}
	v.Set(got)
}

// leaf reads text, a switch, a number or a duration.
func (r *reader) leaf(path string, n ast.Node, v reflect.Value) {
	if v.Kind() == reflect.Bool {
		b, ok := n.(*ast.BoolNode)
		if !ok {
			r.faults = append(r.faults, r.fault(path, n.GetToken(), path+" must be true or false"))
			return
		}
		v.SetBool(b.Value)
		return
	}
	var text string
	if err := yaml.NodeToValue(n, &text, yaml.Strict()); err != nil || isCollection(n) {
		r.faults = append(r.faults, r.fault(path, n.GetToken(), path+" must be text"))
		return
	}
	text, err := expand(text, r.lookup)
	if err != nil {
		r.faults = append(r.faults, r.fault(path, n.GetToken(), err.Error()))
		return
	}
	if v.Kind() == reflect.Int {
		number, err := strconv.Atoi(text)
		if err != nil {
			r.faults = append(r.faults, r.fault(path, n.GetToken(), path+" must be a whole number"))
			return
		}
		v.SetInt(int64(number))
		return
	}
	if v.Type() == durationType {
		d, err := parseDuration(text)
		if err != nil {
			r.faults = append(r.faults, r.fault(path, n.GetToken(), path+" "+err.Error()))
			return
		}
		v.SetInt(int64(d))
		return
	}
	v.SetString(text)
}

func isCollection(n ast.Node) bool {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType, ast.SequenceType:
		return true
	default:
		return false
	}
}

// faulty reports whether the key or a part of it has a fault.
func faulty(faults []Fault, key string) bool {
	return slices.ContainsFunc(faults, func(f Fault) bool {
		return f.Key == key || strings.HasPrefix(f.Key, key+"[")
	})
}

// report notes a fault of a value at its place, or at that of the group around
// it where the key is absent.
func (r *reader) report(key, message string) {
	for at := key; at != ""; at = parent(at) {
		if tok, ok := r.places[at]; ok {
			r.faults = append(r.faults, r.fault(key, tok, message))
			return
		}
	}
	r.faults = append(r.faults, Fault{Key: key, Message: message})
}

func (r *reader) fault(key string, tok *token.Token, message string) Fault {
	f := Fault{Key: key, Message: message}
	if tok == nil || tok.Position == nil {
		return f
	}
	f.Line, f.Column = tok.Position.Line, tok.Position.Column
	if f.Line >= 1 && f.Line <= len(r.lines) {
		f.Source = hideSecret(strings.TrimRight(r.lines[f.Line-1], "\r"))
	}
	return f
}

func orFile(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func parent(path string) string {
	if i := strings.LastIndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return ""
}
