package bearer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// The scanner here reads JSON that strangers send. The one in encoding/json keeps
// the last of two members with one name, takes names in any letter case, and repairs
// bad UTF-8; each lets two readers of one token see two different tokens.

const (
	maxDepth   = 16  // of nested arrays and objects
	maxMembers = 256 // of one object; names are compared with each other
)

// A value is one JSON value in a text that was found to be well-formed.
type value struct {
	raw     string // as it stands in the text
	escaped bool   // a string with a backslash in it
}

// text gives the value as a string; false if it is not one.
func (v value) text() (string, bool) {
	if v.raw == "" || v.raw[0] != '"' {
		return "", false
	}
	if !v.escaped {
		return v.raw[1 : len(v.raw)-1], true
	}
	var s string
	// The scanner has checked escapes and surrogates, so nothing is repaired here.
	err := json.Unmarshal([]byte(v.raw), &s)
	return s, err == nil
}

// integer gives the value as an integer; false for anything else, fractions and
// exponents included.
func (v value) integer() (int64, bool) {
	n, err := strconv.ParseInt(v.raw, 10, 64)
	return n, err == nil
}

// texts gives the value as a list of strings; false if it is anything else.
func (v value) texts() ([]string, bool) {
	if v.raw == "" || v.raw[0] != '[' {
		return nil, false
	}
	list := []string{}
	sc := scanner{text: v.raw}
	ok := true
	err := sc.array(1, func(e value) {
		s, isText := e.text()
		ok = ok && isText
		list = append(list, s)
	})
	return list, ok && err == nil
}

// eachMember reads text, which must be one JSON object and nothing else, and calls
// visit for each of its members in their order. No two members of any object in it
// have the same name.
func eachMember(text string, visit func(name string, v value) error) error {
	sc := scanner{text: text}
	sc.space()
	if err := sc.object(1, visit); err != nil {
		return err
	}
	sc.space()
	if sc.at != len(text) {
		return sc.fault("text after the end")
	}
	return nil
}

type scanner struct {
	text string
	at   int
}

func (sc *scanner) fault(what string) error {
	return fmt.Errorf("JSON, byte %d: %s", sc.at, what)
}

// peek gives the next byte, 0 at the end. A 0 byte in the text is nowhere legal.
func (sc *scanner) peek() byte {
	if sc.at < len(sc.text) {
		return sc.text[sc.at]
	}
	return 0
}

func (sc *scanner) space() {
	for sc.at < len(sc.text) {
		switch sc.text[sc.at] {
		case ' ', '\t', '\n', '\r':
			sc.at++
		default:
			return
		}
	}
}

func (sc *scanner) object(depth int, visit func(string, value) error) error {
	if sc.peek() != '{' {
		return sc.fault("an object was expected")
	}
	sc.at++
	sc.space()
	if sc.peek() == '}' {
		sc.at++
		return nil
	}
	var space [32]string
	seen := space[:0]
	for {
		if sc.peek() != '"' {
			return sc.fault("a member name was expected")
		}
		v, err := sc.value(depth)
		if err != nil {
			return err
		}
		name, _ := v.text()
		for _, s := range seen {
			if s == name {
				return sc.fault("a member occurs twice")
			}
		}
		if len(seen) == maxMembers {
			return sc.fault("too many members")
		}
		seen = append(seen, name)
		sc.space()
		if sc.peek() != ':' {
			return sc.fault("a colon was expected")
		}
		sc.at++
		sc.space()
		if v, err = sc.value(depth); err != nil {
			return err
		}
		if visit != nil {
			if err := visit(name, v); err != nil {
				return err
			}
		}
		if done, err := sc.next('}'); done || err != nil {
			return err
		}
	}
}

func (sc *scanner) array(depth int, visit func(value)) error {
	sc.at++ // [
	sc.space()
	if sc.peek() == ']' {
		sc.at++
		return nil
	}
	for {
		v, err := sc.value(depth)
		if err != nil {
			return err
		}
		if visit != nil {
			visit(v)
		}
		if done, err := sc.next(']'); done || err != nil {
			return err
		}
	}
}

// next moves past what follows an element: a comma, or the end.
func (sc *scanner) next(end byte) (done bool, err error) {
	sc.space()
	switch sc.peek() {
	case end:
		sc.at++
		return true, nil
	case ',':
		sc.at++
		sc.space()
		return false, nil
	}
	return false, sc.fault("a comma was expected")
}

func (sc *scanner) value(depth int) (value, error) {
	start := sc.at
	v := value{}
	var err error
	switch c := sc.peek(); {
	case c == '"':
		v.escaped, err = sc.str()
	case c == '{' || c == '[':
		if depth == maxDepth {
			return value{}, sc.fault("nested too deeply")
		}
		if c == '{' {
			err = sc.object(depth+1, nil)
		} else {
			err = sc.array(depth+1, nil)
		}
	case c == '-' || c >= '0' && c <= '9':
		err = sc.number()
	case c == 't':
		err = sc.word("true")
	case c == 'f':
		err = sc.word("false")
	case c == 'n':
		err = sc.word("null")
	default:
		err = sc.fault("a value was expected")
	}
	v.raw = sc.text[start:sc.at]
	return v, err
}

func (sc *scanner) word(w string) error {
	if len(sc.text)-sc.at < len(w) || sc.text[sc.at:sc.at+len(w)] != w {
		return sc.fault("a value was expected")
	}
	sc.at += len(w)
	return nil
}

func (sc *scanner) number() error {
	if sc.peek() == '-' {
		sc.at++
	}
	if sc.peek() == '0' {
		sc.at++ // no digit may follow a leading zero; next() then misses its comma
	} else if !sc.digits() {
		return sc.fault("a digit was expected")
	}
	if sc.peek() == '.' {
		sc.at++
		if !sc.digits() {
			return sc.fault("a digit was expected")
		}
	}
	if c := sc.peek(); c == 'e' || c == 'E' {
		sc.at++
		if c := sc.peek(); c == '+' || c == '-' {
			sc.at++
		}
		if !sc.digits() {
			return sc.fault("a digit was expected")
		}
	}
	return nil
}

func (sc *scanner) digits() bool {
	start := sc.at
	for c := sc.peek(); c >= '0' && c <= '9'; c = sc.peek() {
		sc.at++
	}
	return sc.at > start
}

func (sc *scanner) str() (escaped bool, err error) {
	sc.at++ // "
	for sc.at < len(sc.text) {
		switch c := sc.text[sc.at]; {
		case c == '"':
			sc.at++
			return escaped, nil
		case c == '\\':
			escaped = true
			if err := sc.escape(); err != nil {
				return escaped, err
			}
		case c < ' ':
			return escaped, sc.fault("a control character in a string")
		case c < utf8.RuneSelf:
			sc.at++
		default:
			r, size := utf8.DecodeRuneInString(sc.text[sc.at:])
			if r == utf8.RuneError && size == 1 {
				return escaped, sc.fault("a string is not UTF-8")
			}
			sc.at += size
		}
	}
	return escaped, sc.fault("a string has no end")
}

// escape moves past one escape sequence. Halves of surrogate pairs are refused:
// readers disagree about what they mean (RFC 7493 §2.1).
func (sc *scanner) escape() error {
	rest := sc.text[sc.at:]
	if len(rest) < 2 {
		return sc.fault("a string has no end")
	}
	switch rest[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		sc.at += 2
		return nil
	case 'u':
	default:
		return sc.fault("an unknown escape in a string")
	}
	unit, err := hex4(rest[2:])
	if err != nil {
		return sc.fault(err.Error())
	}
	sc.at += 6
	if unit < 0xD800 || unit > 0xDFFF {
		return nil
	}
	rest = sc.text[sc.at:]
	if unit > 0xDBFF || len(rest) < 2 || rest[:2] != `\u` {
		return sc.fault("half of a surrogate pair in a string")
	}
	low, err := hex4(rest[2:])
	if err != nil || low < 0xDC00 || low > 0xDFFF {
		return sc.fault("half of a surrogate pair in a string")
	}
	sc.at += 6
	return nil
}

func hex4(s string) (uint64, error) {
	if len(s) < 4 {
		return 0, errors.New("a string has no end")
	}
	for _, c := range []byte(s[:4]) {
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if !hex {
			return 0, errors.New("an unknown escape in a string")
		}
	}
	return strconv.ParseUint(s[:4], 16, 32)
}
