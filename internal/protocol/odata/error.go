package odata

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Kind is the class of an Error. It is an error itself, so that
// errors.Is(err, odata.Limit) works.
type Kind string

// The kinds of errors. Each of them is the caller's fault (HTTP 400).
const (
	// Syntax: the text does not follow the grammar.
	Syntax Kind = "syntax error"
	// Encoding: bad percent-encoding, invalid UTF-8, or a control character.
	Encoding Kind = "bad encoding"
	// Limit: the text is well-formed as far as read, but too long, too deep or
	// too large.
	Limit Kind = "limit exceeded"
	// UnknownOption: a name that begins with "$" and means nothing here.
	UnknownOption Kind = "unknown option"
	// DuplicateOption: an option is given twice.
	DuplicateOption Kind = "duplicate option"
	// UnknownFunction: a function or operator that this package does not know.
	UnknownFunction Kind = "unknown function"
	// Value: an option or a timestamp has a value of the wrong type.
	Value Kind = "bad value"
	// DuplicateMember: a JSON object has two members of one name.
	DuplicateMember Kind = "duplicate member"
)

// Error returns the name of the kind.
func (k Kind) Error() string { return string(k) }

// Error is what every function of this package returns when it refuses a text.
type Error struct {
	Kind Kind
	// Option names the text at fault: "$filter" and the like, "query", "path",
	// "body".
	Option string
	// Pos is the offset in bytes, from 0, in the decoded text of the option; in
	// the escaped text for "path" and "query"; in the raw body for "body". It
	// is -1 where the fault has no place.
	Pos int
	// Detail says in words what is wrong. It may quote at most a few characters
	// of what the caller sent, escaped.
	Detail string
}

// Error gives all that is known, for logs.
func (e *Error) Error() string {
	if e.Option == "" {
		return "odata: " + e.Explanation()
	}
	return "odata: " + e.Option + ": " + e.Explanation()
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// Explanation is the text for the caller: the detail and its position. It fits
// behind "Invalid filter clause: ".
func (e *Error) Explanation() string {
	if e.Pos < 0 {
		return e.Detail
	}
	return e.Detail + " at position " + strconv.Itoa(e.Pos)
}

func fail(kind Kind, pos int, format string, args ...any) error {
	return &Error{Kind: kind, Pos: pos, Detail: fmt.Sprintf(format, args...)}
}

// within names the option in which err happened and moves its position by the
// offset at which the text of err begins in that option.
func within(err error, option string, offset int) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	moved := *e
	moved.Option = option
	if moved.Pos >= 0 {
		moved.Pos += offset
	}
	return &moved
}

// excerpt quotes the beginning of s for a message: bounded, printable ASCII.
func excerpt(s string) string {
	const most = 40
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return strconv.QuoteToASCII(s[:cut] + "...")
	}
	return strconv.QuoteToASCII(s)
}

// checkText refuses what no option or path segment may contain after decoding.
// U+0000 would reach PostgreSQL, which cannot store it, and the other controls
// have no use but to confuse logs.
func checkText(s string) error {
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(s[i:]); size <= 1 {
				return fail(Encoding, i, "the text is not valid UTF-8")
			}
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7F:
			return fail(Encoding, i, "control character U+%04X is not allowed", r)
		}
	}
	return nil
}
