package odata

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// CheckObject reports whether data is exactly one JSON object that reads the
// same to every reader (RFC 8259 §4, RFC 7493). It refuses what encoding/json
// takes without a word: two members of one name, of which json keeps the last;
// names that differ in letter case only, which json stores in the same field;
// invalid UTF-8 and lone surrogates, which json replaces. It also refuses
// U+0000, which PostgreSQL cannot store, and arrays and objects nested deeper
// than maxDepth, the outermost object being 1. Whatever passes, encoding/json
// takes too. The error is an *Error with Option "body".
func CheckObject(data []byte, maxDepth int) error {
	s := scanner{data: data, maxDepth: maxDepth}
	return within(s.document(), "body", 0)
}

// scanner is a recursive descent over JSON text; maxDepth bounds the recursion.
type scanner struct {
	data     []byte
	pos      int
	depth    int
	maxDepth int
}

func (s *scanner) document() error {
	if i := invalidUTF8(s.data); i >= 0 {
		return fail(Encoding, i, "the body is not valid UTF-8")
	}
	s.space()
	if s.peek() != '{' {
		return fail(Value, s.pos, "the body must be a JSON object")
	}
	if err := s.object(); err != nil {
		return err
	}
	s.space()
	if s.pos < len(s.data) {
		return fail(Syntax, s.pos, "something follows the JSON object")
	}
	return nil
}

func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
}

// peek returns the next byte, 0 at the end (no JSON token begins with 0).
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.data) && isSpace(s.data[s.pos]) {
		s.pos++
	}
}

// skip consumes the byte c if it is next.
func (s *scanner) skip(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) wrong(expected string) error {
	if s.pos >= len(s.data) {
		return fail(Syntax, s.pos, "the JSON text ends where %s is expected", expected)
	}
	return fail(Syntax, s.pos, "%s is expected in the JSON text", expected)
}

func (s *scanner) value() error {
	switch c := s.peek(); {
	case c == '{':
		return s.object()
	case c == '[':
		return s.array()
	case c == '"':
		return s.text()
	case c == '-' || isDigit(c):
		return s.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(string(s.data[s.pos:min(s.pos+5, len(s.data))]), word) {
			s.pos += len(word)
			return nil
		}
	}
	return s.wrong("a value")
}

func (s *scanner) enter() error {
	s.depth++
	if s.depth > s.maxDepth {
		return fail(Limit, s.pos, "the JSON text nests deeper than %d levels", s.maxDepth)
	}
	s.pos++ // the bracket
	s.space()
	return nil
}

func (s *scanner) object() error {
	if err := s.enter(); err != nil {
		return err
	}
	defer func() { s.depth-- }()
	if s.skip('}') {
		return nil
	}
	names := make(map[string]struct{})
	for {
		start := s.pos
		if s.peek() != '"' {
			return s.wrong("a member name")
		}
		if err := s.text(); err != nil {
			return err
		}
		name := memberName(s.data[start:s.pos])
		folded := foldName(name)
		if _, twice := names[folded]; twice {
			return fail(DuplicateMember, start, "the member %s occurs twice in its object", excerpt(name))
		}
		names[folded] = struct{}{}
		s.space()
		if !s.skip(':') {
			return s.wrong("a colon")
		}
		s.space()
		if err := s.value(); err != nil {
			return err
		}
		s.space()
		if s.skip('}') {
			return nil
		}
		if !s.skip(',') {
			return s.wrong("a comma or a closing brace")
		}
		s.space()
	}
}

func (s *scanner) array() error {
	if err := s.enter(); err != nil {
		return err
	}
	defer func() { s.depth-- }()
	if s.skip(']') {
		return nil
	}
	for {
		if err := s.value(); err != nil {
			return err
		}
		s.space()
		if s.skip(']') {
			return nil
		}
		if !s.skip(',') {
			return s.wrong("a comma or a closing bracket")
		}
		s.space()
	}
}

// text reads a string; its opening quote is next.
func (s *scanner) text() error {
	start := s.pos
	s.pos++
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return nil
		case c < ' ':
			return fail(Syntax, s.pos, "a control character must be escaped in a JSON string")
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		default:
			s.pos++
		}
	}
	return fail(Syntax, start, "the JSON string that begins here is never closed")
}

// escape reads what a backslash begins.
func (s *scanner) escape() error {
	start := s.pos
	s.pos++
	if c := s.peek(); c != 'u' {
		if c == 0 || strings.IndexByte(`"\/bfnrt`, c) < 0 {
			return fail(Syntax, start, "the escape in the JSON string is not known")
		}
		s.pos++
		return nil
	}
	r, ok := s.unit()
	if !ok {
		return fail(Syntax, start, "four hexadecimal digits are expected in the escape")
	}
	if r == 0 {
		return fail(Encoding, start, "the character U+0000 is not allowed")
	}
	if !utf16.IsSurrogate(r) {
		return nil
	}
	// RFC 8259 §8.2: what a lone half means is unpredictable.
	if s.skip('\\') && s.peek() == 'u' {
		if low, ok := s.unit(); ok && utf16.DecodeRune(r, low) != unicode.ReplacementChar {
			return nil
		}
	}
	return fail(Encoding, start, "a surrogate escape has no other half")
}

// unit reads uXXXX; the u is next.
func (s *scanner) unit() (rune, bool) {
	if s.pos+5 > len(s.data) {
		return 0, false
	}
	var r rune
	for _, c := range s.data[s.pos+1 : s.pos+5] {
		if !isHex(c) {
			return 0, false
		}
		digit := rune(c - '0')
		if !isDigit(c) {
			digit = rune(c|0x20-'a') + 10
		}
		r = r<<4 | digit
	}
	s.pos += 5
	return r, true
}

func (s *scanner) number() error {
	digits := func() bool {
		from := s.pos
		for isDigit(s.peek()) {
			s.pos++
		}
		return s.pos > from
	}
	s.skip('-')
	if !s.skip('0') && !digits() {
		return s.wrong("a digit")
	}
	if s.skip('.') && !digits() {
		return s.wrong("a digit")
	}
	if s.skip('e') || s.skip('E') {
		if !s.skip('+') {
			s.skip('-')
		}
		if !digits() {
			return s.wrong("a digit")
		}
	}
	return nil
}

// memberName undoes the quotes and escapes of a JSON string that was scanned.
func memberName(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var name string
	if err := json.Unmarshal(quoted, &name); err != nil {
		return string(quoted) // cannot happen: the scan was stricter
	}
	return name
}

// foldName brings the names that encoding/json stores in one struct field to
// one form: each letter is replaced by the least of its case variants.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			if 'a' <= r && r <= 'z' {
				r -= 'a' - 'A'
			}
			return r
		}
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}
