package graph

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// A property is one row of a resource's table: all that this package knows of a
// Graph property.
type property[T any] struct {
	name     string
	typ      string       // CSDL type, without "Collection()"
	many     bool         // a collection of typ
	nullable bool         // takes and shows null
	complex  *complexType // the members, where typ is a complex type

	// get reads the value for a reply: a string, bool, int, object, a slice of
	// these, or a nil pointer for null.
	get func(*T) any
	// alone, if set, replaces get where the property was selected by name on a
	// single object.
	alone func(*T) any
	// parse turns JSON into the change that it asks for. Nil: read-only.
	parse func(json.RawMessage) (func(*T), error)

	explicit  bool // shown only if selected
	basic     bool // visible with User.ReadBasic.All
	sensitive bool // visible to oneself and to administrators alone
	filter    bool // may stand in $filter
	sort      bool // may stand in $orderby
}

// complexType is a structured type of CSDL, for $metadata and for paths in $filter.
type complexType struct {
	name    string
	members []described
}

// described is a property without its Go type.
type described struct {
	name, typ      string
	many, nullable bool
	complex        *complexType
}

func (p property[T]) described() described {
	return described{p.name, p.typ, p.many, p.nullable, p.complex}
}

// The modifiers below return a changed copy, so that a table row reads as one
// line.

func (p property[T]) filtered() property[T] { p.filter = true; return p }
func (p property[T]) sorted() property[T]   { p.filter, p.sort = true, true; return p }
func (p property[T]) hidden() property[T]   { p.explicit = true; return p }
func (p property[T]) private() property[T]  { p.sensitive = true; return p }
func (p property[T]) inBasic() property[T]  { p.basic = true; return p }
func (p property[T]) readOnly() property[T] { p.parse = nil; return p }

// orNull shows null where the value is absent.
func (p property[T]) orNull(absent func(*T) bool) property[T] {
	get := p.get
	p.get = func(t *T) any {
		if absent(t) {
			return nil
		}
		return get(t)
	}
	return p
}

// readAndForgotten takes a value of the right type in a write without effect:
// a server-made member of a complex value that clients send back as a whole.
func (p property[T]) readAndForgotten() property[T] {
	parse := p.parse
	p.parse = func(raw json.RawMessage) (func(*T), error) {
		_, err := parse(raw)
		return func(*T) {}, err
	}
	return p
}

// shown is a read-only property of any type.
func shown[T any](name, typ string, get func(*T) any) property[T] {
	return property[T]{name: name, typ: typ, nullable: true, get: get}
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// decode reads one JSON value as V or says that it has the wrong type.
func decode[V any](name string, raw json.RawMessage) (V, error) {
	var v V
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, invalidValue(name)
	}
	return v, nil
}

// required reads a value that must not be null.
func required[V any](name string, raw json.RawMessage) (V, error) {
	if isNull(raw) {
		var zero V
		return zero, notNullable(name)
	}
	return decode[V](name, raw)
}

// text is a string that is never null.
func text[T any](name string, at func(*T) *string) property[T] {
	return property[T]{
		name: name, typ: "Edm.String",
		get: func(t *T) any { return *at(t) },
		parse: func(raw json.RawMessage) (func(*T), error) {
			v, err := required[string](name, raw)
			return func(t *T) { *at(t) = v }, err
		},
	}
}

// textOrNull is a nullable string.
func textOrNull[T any](name string, at func(*T) **string) property[T] {
	return property[T]{
		name: name, typ: "Edm.String", nullable: true,
		get: func(t *T) any { return *at(t) },
		parse: func(raw json.RawMessage) (func(*T), error) {
			v, err := decode[*string](name, raw)
			return func(t *T) { *at(t) = clone(v) }, err
		},
	}
}

// textOrEmpty is a nullable string that is kept as "" when null.
func textOrEmpty[T any](name string, at func(*T) *string) property[T] {
	return property[T]{
		name: name, typ: "Edm.String", nullable: true,
		get: func(t *T) any {
			if s := *at(t); s != "" {
				return s
			}
			return nil
		},
		parse: func(raw json.RawMessage) (func(*T), error) {
			v, err := decode[string](name, raw)
			return func(t *T) { *at(t) = v }, err
		},
	}
}

// flag is a boolean that is never null.
func flag[T any](name string, at func(*T) *bool) property[T] {
	return property[T]{
		name: name, typ: "Edm.Boolean",
		get: func(t *T) any { return *at(t) },
		parse: func(raw json.RawMessage) (func(*T), error) {
			v, err := required[bool](name, raw)
			return func(t *T) { *at(t) = v }, err
		},
	}
}

// flagOrNull is a nullable boolean.
func flagOrNull[T any](name string, at func(*T) **bool) property[T] {
	return property[T]{
		name: name, typ: "Edm.Boolean", nullable: true,
		get: func(t *T) any { return *at(t) },
		parse: func(raw json.RawMessage) (func(*T), error) {
			v, err := decode[*bool](name, raw)
			return func(t *T) { *at(t) = clone(v) }, err
		},
	}
}

// numberOrNull is a nullable integer.
func numberOrNull[T any](name string, at func(*T) **int) property[T] {
	return property[T]{
		name: name, typ: "Edm.Int32", nullable: true,
		get: func(t *T) any { return *at(t) },
		parse: func(raw json.RawMessage) (func(*T), error) {
			v, err := decode[*int](name, raw)
			return func(t *T) { *at(t) = clone(v) }, err
		},
	}
}

// texts is a collection of strings. null is refused: [] empties it.
func texts[T any](name string, at func(*T) *[]string) property[T] {
	return property[T]{
		name: name, typ: "Edm.String", many: true,
		get: func(t *T) any { return append([]string{}, *at(t)...) },
		parse: func(raw json.RawMessage) (func(*T), error) {
			v, err := stringList(name, raw)
			return func(t *T) { *at(t) = append([]string(nil), v...) }, err
		},
	}
}

func stringList(name string, raw json.RawMessage) ([]string, error) {
	v, err := required[[]*string](name, raw)
	if err != nil {
		return nil, err
	}
	list := make([]string, len(v))
	for i, s := range v {
		if s == nil { // encoding/json reads a null member as ""
			return nil, invalidValue(name)
		}
		list[i] = *s
	}
	return list, nil
}

// guid is a GUID that is never null.
func guid[T any](name string, at func(*T) *directory.ID) property[T] {
	return property[T]{
		name: name, typ: "Edm.Guid",
		get: func(t *T) any { return string(*at(t)) },
		parse: func(raw json.RawMessage) (func(*T), error) {
			s, err := required[string](name, raw)
			if err != nil {
				return nil, err
			}
			id, err := directory.ParseID(s)
			if err != nil {
				return nil, invalidValue(name)
			}
			return func(t *T) { *at(t) = id }, nil
		},
	}
}

// guids is a collection of GUIDs.
func guids[T any](name string, at func(*T) *[]directory.ID) property[T] {
	return property[T]{
		name: name, typ: "Edm.Guid", many: true,
		get: func(t *T) any {
			out := make([]string, 0, len(*at(t)))
			for _, id := range *at(t) {
				out = append(out, string(id))
			}
			return out
		},
		parse: func(raw json.RawMessage) (func(*T), error) {
			v, err := stringList(name, raw)
			if err != nil {
				return nil, err
			}
			ids := make([]directory.ID, len(v))
			for i, s := range v {
				if ids[i], err = directory.ParseID(s); err != nil {
					return nil, invalidValue(name)
				}
			}
			return func(t *T) { *at(t) = append([]directory.ID(nil), ids...) }, nil
		},
	}
}

// identity is a read-only GUID; an empty one is null.
func identity[T any](name string, at func(*T) directory.ID) property[T] {
	return property[T]{name: name, typ: "Edm.String", nullable: true, get: func(t *T) any {
		if id := at(t); id != "" {
			return string(id)
		}
		return nil
	}}
}

// moment is a time; the zero time is null.
func moment[T any](name string, at func(*T) *time.Time) property[T] {
	return property[T]{
		name: name, typ: "Edm.DateTimeOffset", nullable: true,
		get: func(t *T) any { return timeOrNull(*at(t)) },
		parse: func(raw json.RawMessage) (func(*T), error) {
			s, err := decode[*string](name, raw)
			if err != nil || s == nil {
				return func(t *T) { *at(t) = time.Time{} }, err
			}
			v, err := odata.ParseTime(*s)
			if err != nil {
				return nil, invalidValue(name)
			}
			return func(t *T) { *at(t) = v }, nil
		},
	}
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return odata.FormatTime(t)
}

// binary is a nullable binary value, base64 on the wire. Clients use both
// alphabets, with and without padding.
func binary[T any](name string, at func(*T) *[]byte) property[T] {
	return property[T]{
		name: name, typ: "Edm.Binary", nullable: true,
		get: func(t *T) any { return bytesOrNull(*at(t)) },
		parse: func(raw json.RawMessage) (func(*T), error) {
			s, err := decode[*string](name, raw)
			if err != nil || s == nil {
				return func(t *T) { *at(t) = nil }, err
			}
			v, err := decodeBase64(*s)
			if err != nil {
				return nil, invalidValue(name)
			}
			return func(t *T) { *at(t) = v }, nil
		},
	}
}

func bytesOrNull(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return base64.StdEncoding.EncodeToString(b)
}

func decodeBase64(s string) ([]byte, error) {
	s = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(s), "=")
	return base64.RawStdEncoding.DecodeString(s)
}

// part is a complex value that is merged member by member; null puts it back to
// its defaults.
func part[T, C any](name, typ string, at func(*T) *C, members ...property[C]) property[T] {
	return property[T]{
		name: name, typ: "graph." + typ, nullable: true, complex: complexOf(typ, members),
		get: func(t *T) any { return renderAll(members, at(t)) },
		parse: func(raw json.RawMessage) (func(*T), error) {
			if isNull(raw) {
				return func(t *T) { var zero C; *at(t) = zero }, nil
			}
			set, err := readMembers(name, members, raw)
			return func(t *T) { set(at(t)) }, err
		},
	}
}

// group gathers properties of the object itself under one name. null undoes
// them by reset.
func group[T any](name, typ string, reset func(*T), members ...property[T]) property[T] {
	p := part(name, typ, func(t *T) *T { return t }, members...)
	parse := p.parse
	p.parse = func(raw json.RawMessage) (func(*T), error) {
		if isNull(raw) {
			return reset, nil
		}
		return parse(raw)
	}
	return p
}

// partOrNull is a complex value that may be missing as a whole. It is replaced
// as a whole.
func partOrNull[T, C any](name, typ string, at func(*T) **C, members ...property[C]) property[T] {
	return property[T]{
		name: name, typ: "graph." + typ, nullable: true, complex: complexOf(typ, members),
		get: func(t *T) any {
			if *at(t) == nil {
				return nil
			}
			return renderAll(members, *at(t))
		},
		parse: func(raw json.RawMessage) (func(*T), error) {
			if isNull(raw) {
				return func(t *T) { *at(t) = nil }, nil
			}
			set, err := readMembers(name, members, raw)
			return func(t *T) { c := new(C); set(c); *at(t) = c }, err
		},
	}
}

// parts is a collection of complex values, replaced as a whole.
func parts[T, C any](name, typ string, at func(*T) *[]C, members ...property[C]) property[T] {
	return property[T]{
		name: name, typ: "graph." + typ, many: true, complex: complexOf(typ, members),
		get: func(t *T) any {
			out := make([]object, 0, len(*at(t)))
			for i := range *at(t) {
				out = append(out, renderAll(members, &(*at(t))[i]))
			}
			return out
		},
		parse: func(raw json.RawMessage) (func(*T), error) {
			sets, err := readList(name, members, raw)
			return func(t *T) {
				list := make([]C, len(sets))
				for i, set := range sets {
					set(&list[i])
				}
				*at(t) = list
			}, err
		},
	}
}

func readList[C any](name string, members []property[C], raw json.RawMessage) ([]func(*C), error) {
	items, err := required[[]json.RawMessage](name, raw)
	if err != nil {
		return nil, err
	}
	sets := make([]func(*C), len(items))
	for i, item := range items {
		if sets[i], err = readMembers(name, members, item); err != nil {
			return nil, err
		}
	}
	return sets, nil
}

func readMembers[C any](name string, members []property[C], raw json.RawMessage) (func(*C), error) {
	body, err := required[map[string]json.RawMessage](name, raw)
	if err != nil {
		return nil, err
	}
	ch, err := readBody(members, body)
	if err != nil {
		return nil, err
	}
	return ch.apply, nil
}

func complexOf[C any](typ string, members []property[C]) *complexType {
	c := &complexType{name: typ}
	for _, m := range members {
		c.members = append(c.members, m.described())
	}
	return c
}

func renderAll[C any](members []property[C], c *C) object {
	out := make(object, 0, len(members))
	for _, m := range members {
		out = append(out, member{m.name, m.get(c)})
	}
	return out
}

// change is what a body asks for: setters of declared properties.
type change[T any] struct {
	names []string
	sets  []func(*T)
}

func (c change[T]) apply(t *T) {
	for _, set := range c.sets {
		set(t)
	}
}

// has reports whether the body named the property.
func (c change[T]) has(name string) bool {
	for _, n := range c.names {
		if n == name {
			return true
		}
	}
	return false
}

// readBody holds a body against a table. Annotations ("@odata.type",
// "x@odata.bind") that the caller did not take out before are ignored, as
// clients send many; any other unknown or read-only name is refused, so that no
// undeclared property can be set.
func readBody[T any](props []property[T], body map[string]json.RawMessage) (change[T], error) {
	var ch change[T]
	for _, p := range props { // in table order: the same body gives the same error
		raw, ok := body[p.name]
		if !ok {
			continue
		}
		if p.parse == nil {
			return ch, readOnlyProperty(p.name)
		}
		set, err := p.parse(raw)
		if err != nil {
			return ch, err
		}
		ch.names = append(ch.names, p.name)
		ch.sets = append(ch.sets, set)
	}
	known := len(ch.names)
	for name := range body {
		if strings.Contains(name, "@") {
			known++
		}
	}
	if known == len(body) {
		return ch, nil
	}
	return ch, unknownProperty(firstUnknown(props, body))
}

func firstUnknown[T any](props []property[T], body map[string]json.RawMessage) string {
	declared := map[string]bool{}
	for _, p := range props {
		declared[p.name] = true
	}
	first := ""
	for name := range body {
		if !declared[name] && !strings.Contains(name, "@") && (first == "" || name < first) {
			first = name
		}
	}
	return first
}

func clone[V any](v *V) *V {
	if v == nil {
		return nil
	}
	c := *v
	return &c
}
