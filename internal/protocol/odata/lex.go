package odata

import (
	"errors"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd     tokenKind = iota
	tokWord              // an identifier, possibly with dots: property, operator, function, type
	tokLiteral           // a constant whose spelling is not that of a word
	tokPunct             // one of ( ) , : /
	tokCount             // $count
)

type token struct {
	kind tokenKind
	pos  int // offset of the first byte
	end  int // offset behind the last byte
	text string
	lit  Literal
}

// is reports whether the token is the given punctuation.
func (t token) is(punct string) bool { return t.kind == tokPunct && t.text == punct }

// word reports whether the token is the given word in any letter case.
func (t token) word(w string) bool { return t.kind == tokWord && strings.EqualFold(t.text, w) }

// String describes the token for an error text.
func (t token) String() string {
	if t.kind == tokEnd {
		return "the end"
	}
	return excerpt(t.text)
}

// lexer cuts the text of a filter into tokens.
type lexer struct {
	src string
	pos int
}

func (l *lexer) next() (token, error) {
	for l.pos < len(l.src) && isSpace(l.src[l.pos]) {
		l.pos++
	}
	start := l.pos
	rest := l.src[start:]
	if rest == "" {
		return token{kind: tokEnd, pos: start, end: start}, nil
	}
	switch c := rest[0]; {
	case strings.IndexByte("(),:/", c) >= 0:
		return l.take(tokPunct, 1), nil
	case c == '\'':
		return l.quoted(start, Literal{Kind: String})
	case hasGUIDPrefix(rest):
		return l.literal(36, Literal{Kind: GUID, Text: strings.ToLower(rest[:36])})
	case isDigit(c) && hasDatePrefix(rest):
		return l.moment()
	case isDigit(c) || c == '-':
		return l.number()
	case isLetter(c):
		return l.word()
	case c == '$':
		return l.system()
	}
	return token{}, unexpected(rest, start)
}

func unexpected(rest string, pos int) error {
	r, size := utf8.DecodeRuneInString(rest)
	if size == 0 {
		return fail(Syntax, pos, "unexpected end")
	}
	switch r {
	case '=', '<', '>', '!', '&', '|':
		return fail(Syntax, pos, "%s is not an operator, write eq, ne, gt, ge, lt, le, and, or", excerpt(string(r)))
	case '"', '`', '\u2018', '\u2019', '\u201C', '\u201D':
		return fail(Syntax, pos, "%s does not begin a value, text goes between single quotes (U+0027)", excerpt(string(r)))
	}
	return fail(Syntax, pos, "unexpected character %s", excerpt(string(r)))
}

// take makes a token of the next n bytes.
func (l *lexer) take(kind tokenKind, n int) token {
	start := l.pos
	l.pos += n
	return token{kind: kind, pos: start, end: l.pos, text: l.src[start:l.pos]}
}

// literal makes a constant of the next n bytes, which something that is not
// part of a word or a string must follow: 12abc is a mistake, not 12 and abc.
func (l *lexer) literal(n int, lit Literal) (token, error) {
	t := l.take(tokLiteral, n)
	t.lit = lit
	if rest := l.src[l.pos:]; rest != "" {
		if c := rest[0]; isWordByte(c) || c == '\'' || c == '.' || c == '-' || c == '$' {
			return token{}, fail(Syntax, l.pos, "a space or an operator is missing after %s", excerpt(t.text))
		}
	}
	return t, nil
}

// quoted reads a string whose opening quote is at the lexer's position; start
// is where the token began, before it if the quote has a type prefix.
func (l *lexer) quoted(start int, lit Literal) (token, error) {
	var text strings.Builder
	for i := l.pos + 1; i < len(l.src); i++ {
		if l.src[i] != '\'' {
			text.WriteByte(l.src[i])
			continue
		}
		if i+1 < len(l.src) && l.src[i+1] == '\'' {
			text.WriteByte('\'')
			i++
			continue
		}
		lit.Text = text.String()
		l.pos = start
		return l.literal(i+1-start, lit)
	}
	return token{}, fail(Syntax, l.pos, "the text that begins here has no closing quote (a quote inside text is written twice)")
}

// moment reads a date or a timestamp.
func (l *lexer) moment() (token, error) {
	rest := l.src[l.pos:]
	n := 0
	for n < len(rest) && (isDigit(rest[n]) || strings.IndexByte("-:.+TZ", rest[n]) >= 0) {
		n++
	}
	if n == len(dateLayout) {
		d, err := parseDate(rest[:n])
		if err != nil {
			return token{}, placed(err, l.pos)
		}
		return l.literal(n, Literal{Kind: Date, Time: d})
	}
	t, err := ParseTime(rest[:n])
	if err != nil {
		return token{}, placed(err, l.pos)
	}
	return l.literal(n, Literal{Kind: DateTime, Time: t})
}

// number reads -?digits[.digits][e[sign]digits].
func (l *lexer) number() (token, error) {
	rest := l.src[l.pos:]
	n := 0
	digits := func() bool {
		from := n
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		return n > from
	}
	skip := func(set string) bool {
		if n < len(rest) && strings.IndexByte(set, rest[n]) >= 0 {
			n++
			return true
		}
		return false
	}
	skip("-")
	ok := digits()
	if ok && skip(".") {
		ok = digits()
	}
	if ok && skip("eE") {
		skip("+-")
		ok = digits()
	}
	const most = 64 // no type of the directory has numbers of more digits
	if !ok || n > most {
		return token{}, fail(Syntax, l.pos, "%s is not a number", excerpt(rest[:max(n, 1)]))
	}
	return l.literal(n, Literal{Kind: Number, Text: rest[:n]})
}

// word reads an identifier, or a constant with a type before its quotes.
func (l *lexer) word() (token, error) {
	rest := l.src[l.pos:]
	n := 0
	for n < len(rest) && (isWordByte(rest[n]) || rest[n] == '.') {
		n++
	}
	if !isQualified(rest[:n]) {
		return token{}, fail(Syntax, l.pos, "%s is not a name", excerpt(rest[:n]))
	}
	if n == len(rest) || rest[n] != '\'' {
		return l.take(tokWord, n), nil
	}
	start, name := l.pos, rest[:n]
	l.pos += n
	switch {
	case name == "duration":
		t, err := l.quoted(start, Literal{Kind: Duration})
		if err != nil {
			return token{}, err
		}
		if t.lit.Duration, err = ParseDuration(t.lit.Text); err != nil {
			return token{}, placed(err, start)
		}
		t.lit.Text = ""
		return t, nil
	case strings.Contains(name, "."):
		t, err := l.quoted(start, Literal{Kind: Enum, Type: name})
		if err == nil && t.lit.Text == "" {
			err = fail(Syntax, start, "the constant of type %s is empty", excerpt(name))
		}
		return t, err
	}
	return token{}, fail(Syntax, start, "%s stands before a quote and is no type (a quote inside text is written twice)", excerpt(name))
}

func (l *lexer) system() (token, error) {
	rest := l.src[l.pos:]
	n := 1
	for n < len(rest) && isWordByte(rest[n]) {
		n++
	}
	if !strings.EqualFold(rest[:n], "$count") {
		return token{}, fail(Syntax, l.pos, "%s cannot stand in a filter", excerpt(rest[:n]))
	}
	return l.take(tokCount, n), nil
}

// placed gives a position to an error that has none.
func placed(err error, pos int) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Kind: e.Kind, Pos: pos, Detail: e.Detail}
	}
	return err
}

func isSpace(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }

func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// maxIdentifier bounds one name. OData allows 128 characters (rule
// odataIdentifier); Graph's directory extensions carry a 45 character prefix
// before the name that the tenant chose.
const maxIdentifier = 256

// isIdentifier reports whether s is a property or function name. OData would
// allow letters of other scripts; no property of Graph has any.
func isIdentifier(s string) bool {
	if s == "" || len(s) > maxIdentifier || !isLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		if !isWordByte(s[i]) {
			return false
		}
	}
	return true
}

// isQualified reports whether s is one identifier or several with dots between.
func isQualified(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if !isIdentifier(part) {
			return false
		}
	}
	return true
}

// hasGUIDPrefix reports whether s begins with a GUID that no word goes on from.
func hasGUIDPrefix(s string) bool {
	if len(s) < 36 || len(s) > 36 && (isWordByte(s[36]) || s[36] == '-') {
		return false
	}
	for i := range 36 {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}

// hasDatePrefix reports whether s begins like 2026-01-31.
func hasDatePrefix(s string) bool {
	if len(s) < len(dateLayout) {
		return false
	}
	for i := range len(dateLayout) {
		if (dateLayout[i] == '-') != (s[i] == '-') || s[i] != '-' && !isDigit(s[i]) {
			return false
		}
	}
	return true
}
