package oauth2

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"
)

// MaxFields bounds the number of parameters of one request.
const MaxFields = 200

// Form errors. A DuplicateError names its parameter.
var (
	ErrNotForm    = errors.New("the parameters are not well-formed")
	ErrNotUTF8    = errors.New("the parameters are not valid UTF-8")
	ErrManyFields = errors.New("too many parameters")
)

// DuplicateError reports a parameter that was sent twice (RFC 6749 §3.1).
type DuplicateError struct{ Name string }

func (e *DuplicateError) Error() string { return "parameter " + e.Name + " was sent twice" }

// Form are the parameters of one request, each at most once. A parameter sent
// without a value counts as omitted (RFC 6749 §3.1).
type Form struct{ values map[string]string }

// Get is the value of a parameter, "" if it was not sent.
func (f Form) Get(name string) string { return f.values[name] }

// ParseForm reads application/x-www-form-urlencoded text. Values are taken
// literally: nothing is trimmed. Semicolons are no separators.
func ParseForm(text string) (Form, error) {
	f := Form{values: make(map[string]string, 8)}
	for n := 0; text != ""; n++ {
		if n >= MaxFields {
			return Form{}, ErrManyFields
		}
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return Form{}, ErrNotForm
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return Form{}, ErrNotForm
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return Form{}, ErrNotUTF8
		}
		if strings.IndexByte(name, 0) >= 0 || strings.IndexByte(value, 0) >= 0 {
			return Form{}, ErrNotForm
		}
		if _, twice := f.values[name]; twice {
			return Form{}, &DuplicateError{Name: name}
		}
		f.values[name] = value
	}
	return f, nil
}

// Encode writes the parameters as application/x-www-form-urlencoded text, sorted
// by name; ParseForm reads it back.
func (f Form) Encode() string {
	v := make(url.Values, len(f.values))
	for name, value := range f.values {
		v.Set(name, value)
	}
	return v.Encode()
}
