package clientauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// maxDepth bounds nesting in a token's JSON.
const maxDepth = 32

var errJSON = errors.New("it is not a JSON object without repeated members")

// members reads a JSON object strictly: valid UTF-8, nothing behind it, no
// member twice at any depth, names compared exactly. encoding/json alone takes
// the last of two and ignores letter case, and another reader of the same token
// may take the first (RFC 7515 §4, RFC 7519 §4).
func members(b []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(b) {
		return nil, errJSON
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errJSON
	}
	if err := scanObject(dec, 1); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, errJSON
	}
	return m, nil
}

func scanObject(dec *json.Decoder, depth int) error {
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok || seen[name] {
			return errJSON
		}
		seen[name] = true
		if err := scanValue(dec, depth); err != nil {
			return err
		}
	}
	return scanEnd(dec)
}

func scanArray(dec *json.Decoder, depth int) error {
	for dec.More() {
		if err := scanValue(dec, depth); err != nil {
			return err
		}
	}
	return scanEnd(dec)
}

func scanEnd(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return errJSON
	}
	return nil
}

func scanValue(dec *json.Decoder, depth int) error {
	t, err := dec.Token()
	switch {
	case err != nil:
		return errJSON
	case t == json.Delim('{') || t == json.Delim('['):
		if depth == maxDepth {
			return errJSON
		}
		if t == json.Delim('{') {
			return scanObject(dec, depth+1)
		}
		return scanArray(dec, depth+1)
	}
	return nil
}

// text reads a member that must be a string; "" where it is missing.
func text(m map[string]json.RawMessage, name string) (string, bool) {
	raw, ok := m[name]
	if !ok {
		return "", true
	}
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	var s string
	return s, json.Unmarshal(raw, &s) == nil
}

// texts reads a string or an array of strings.
func texts(m map[string]json.RawMessage, name string) ([]string, bool) {
	raw := m[name]
	if len(raw) == 0 || raw[0] != '[' {
		s, ok := text(m, name)
		if !ok || raw == nil {
			return nil, ok
		}
		return []string{s}, true
	}
	var list []*string
	if json.Unmarshal(raw, &list) != nil {
		return nil, false
	}
	out := make([]string, len(list))
	for i, s := range list {
		if s == nil {
			return nil, false
		}
		out[i] = *s
	}
	return out, true
}

// date reads a NumericDate (RFC 7519 §2), zero where it is missing. Old versions
// of MSAL Go write it as digits in a string, which is taken too. A date too far
// away for a year of four digits is cut there.
func date(m map[string]json.RawMessage, name string) (time.Time, bool) {
	raw, ok := m[name]
	if !ok {
		return time.Time{}, true
	}
	digits := string(raw)
	if len(raw) > 0 && raw[0] == '"' {
		if json.Unmarshal(raw, &digits) != nil || !allDigits(digits) {
			return time.Time{}, false
		}
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(f) {
		return time.Time{}, false
	}
	const farthest = 253402300799
	return time.Unix(int64(math.Floor(min(max(f, -farthest), farthest))), 0).UTC(), true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
