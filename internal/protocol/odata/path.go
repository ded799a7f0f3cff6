package odata

import (
	"net/url"
	"strings"
)

// Bounds of a path.
const (
	MaxPathLength   = 4 << 10 // bytes of the escaped path
	MaxPathSegments = 16
	maxArguments    = 8
)

// SegmentKind tells the forms of a path segment apart.
type SegmentKind uint8

const (
	// PlainSegment is a name or a key: which of them, only the resource before
	// it tells.
	PlainSegment SegmentKind = iota + 1
	// CallSegment has parentheses: a collection with a key, users('x') and
	// applications(appId='x'), or a function, delta() and f(a='x').
	CallSegment
	// SystemSegment is $ref, $count, $value, $metadata or $batch; Name has it in
	// lower case.
	SystemSegment
)

// Segment is one part of a path between slashes, decoded.
type Segment struct {
	Kind SegmentKind
	// Text is the whole segment, letter case kept. When the caller finds itself
	// at a key, this is the key.
	Text string
	// Name is the resource, property, action, function or type named: Text
	// without parentheses and without the namespace. Graph compares names in
	// any letter case.
	Name string
	// Qualified says that the name was written with its namespace,
	// microsoft.graph.user or graph.user: a type cast, an action or a function.
	Qualified bool
	// Args has what is between the parentheses of a CallSegment, in order;
	// empty for delta().
	Args []Argument
}

// Argument is a key or a parameter: appId='x', or 'x' alone with an empty Name.
type Argument struct {
	Name  string
	Value string
	// Quoted says that Value stood in single quotes. What stands without them
	// is a GUID, a number, true, false or a timestamp; clients do either.
	Quoted bool
}

// Key returns the value of the only argument and its name, which is "" for
// users('x'). ok is false if the segment has not exactly one argument.
func (s Segment) Key() (name, value string, ok bool) {
	if s.Kind != CallSegment || len(s.Args) != 1 {
		return "", "", false
	}
	return s.Args[0].Name, s.Args[0].Value, true
}

// ParsePath cuts the escaped path of a URL, below the version segment, into
// segments. It must begin with a slash; a slash at the end is ignored; "/"
// alone has no segments. Empty segments, "." and "..", and unknown segments
// that begin with "$" are refused (keys that begin so are written
// users('$x')). Percent-encoded slashes belong to their segment.
// Percent-encoded quotes and parentheses mean the same as plain ones: Go and
// .NET clients send those. The error is an *Error with Option "path".
//
// OData 4.0 Part 2 §4; learn.microsoft.com/graph/traverse-the-graph.
func ParsePath(escapedPath string) ([]Segment, error) {
	if len(escapedPath) > MaxPathLength {
		return nil, within(fail(Limit, -1, "the path is longer than %d bytes", MaxPathLength), "path", 0)
	}
	rest, ok := strings.CutPrefix(escapedPath, "/")
	if !ok {
		return nil, within(fail(Syntax, 0, "the path does not begin with a slash"), "path", 0)
	}
	rest = strings.TrimSuffix(rest, "/")
	if rest == "" {
		if len(escapedPath) > 1 {
			return nil, within(fail(Syntax, 1, "a path segment is empty"), "path", 0)
		}
		return nil, nil
	}
	var segments []Segment
	pos := 1
	for raw := range strings.SplitSeq(rest, "/") {
		if len(segments) == MaxPathSegments {
			return nil, within(fail(Limit, pos, "the path has more than %d segments", MaxPathSegments), "path", 0)
		}
		s, err := parseSegment(raw)
		if err != nil {
			return nil, within(placed(err, 0), "path", pos)
		}
		segments = append(segments, s)
		pos += len(raw) + 1
	}
	return segments, nil
}

func parseSegment(raw string) (Segment, error) {
	text, err := url.PathUnescape(raw)
	if err != nil {
		return Segment{}, fail(Encoding, 0, "a percent sign is not followed by two hexadecimal digits in the path segment")
	}
	if err := checkText(text); err != nil {
		return Segment{}, err
	}
	switch {
	case text == "":
		return Segment{}, fail(Syntax, 0, "a path segment is empty")
	case text == ".", text == "..":
		return Segment{}, fail(Syntax, 0, "a path segment is %s", excerpt(text))
	case text[0] == '$':
		switch name := strings.ToLower(text); name {
		case "$ref", "$count", "$value", "$metadata", "$batch":
			return Segment{Kind: SystemSegment, Text: text, Name: name}, nil
		}
		return Segment{}, fail(UnknownOption, 0, "the path segment %s is not known", excerpt(text))
	}
	name, arguments, call := strings.Cut(text, "(")
	if !call || !isQualified(name) {
		s := Segment{Kind: PlainSegment, Text: text}
		s.Name, s.Qualified = unqualified(text)
		return s, nil
	}
	arguments, closed := strings.CutSuffix(arguments, ")")
	if !closed {
		return Segment{}, fail(Syntax, 0, "the path segment %s has no closing parenthesis at its end", excerpt(text))
	}
	s := Segment{Kind: CallSegment, Text: text}
	s.Name, s.Qualified = unqualified(name)
	s.Args, err = parseArguments(arguments)
	return s, err
}

// unqualified cuts the namespace of Graph off a name. Kiota-made clients write
// the namespace's alias, "graph".
func unqualified(name string) (string, bool) {
	for _, namespace := range []string{"microsoft.graph.", "graph."} {
		if len(name) > len(namespace) && strings.EqualFold(name[:len(namespace)], namespace) &&
			isQualified(name[len(namespace):]) {
			return name[len(namespace):], true
		}
	}
	return name, false
}

func parseArguments(s string) ([]Argument, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var args []Argument
	for {
		arg, rest, err := cutArgument(s)
		if err != nil {
			return nil, err
		}
		for _, other := range args {
			if other.Name == arg.Name || other.Name == "" || arg.Name == "" {
				return nil, fail(Syntax, 0, "the arguments in parentheses need different names")
			}
		}
		if len(args) == maxArguments {
			return nil, fail(Limit, 0, "there are more than %d arguments in parentheses", maxArguments)
		}
		args = append(args, arg)
		if rest == "" {
			return args, nil
		}
		if rest[0] != ',' {
			return nil, fail(Syntax, 0, "a comma is expected between arguments, found %s", excerpt(rest))
		}
		s = rest[1:]
	}
}

// cutArgument reads one argument and returns what follows it.
func cutArgument(s string) (Argument, string, error) {
	var arg Argument
	s = strings.TrimLeft(s, " ")
	if name, value, ok := strings.Cut(s, "="); ok && isIdentifier(strings.TrimRight(name, " ")) {
		arg.Name = strings.TrimRight(name, " ")
		s = strings.TrimLeft(value, " ")
	}
	if !strings.HasPrefix(s, "'") {
		end := strings.IndexAny(s, ",'()= ")
		if end < 0 {
			end = len(s)
		}
		arg.Value = s[:end]
		if arg.Value == "" || arg.Value[0] == '@' {
			return Argument{}, "", fail(Syntax, 0, "a value is expected in the parentheses, found %s", excerpt(s))
		}
		return arg, strings.TrimLeft(s[end:], " "), nil
	}
	var value strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			value.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '\'':
			value.WriteByte('\'')
			i++
		default:
			arg.Value, arg.Quoted = value.String(), true
			return arg, strings.TrimLeft(s[i+1:], " "), nil
		}
	}
	return Argument{}, "", fail(Syntax, 0, "a value in parentheses has no closing quote (a quote inside is written twice)")
}

// ReferenceID returns, in lower case, the GUID that a reference names, as in
// "@odata.id" and "owners@odata.bind". Graph looks at neither host nor
// collection: https://any/v1.0/directoryObjects/{guid}, users/{guid} and
// directoryObjects('{guid}') are the same, and the last GUID counts.
func ReferenceID(reference string) (string, bool) {
	if len(reference) > MaxPathLength {
		return "", false
	}
	for i := len(reference) - 36; i >= 0; i-- {
		if i > 0 && (isWordByte(reference[i-1]) || reference[i-1] == '-') {
			continue
		}
		if hasGUIDPrefix(reference[i:]) {
			return strings.ToLower(reference[i : i+36]), true
		}
	}
	return "", false
}
