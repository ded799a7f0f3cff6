package odata

import (
	"errors"
	"strings"
	"testing"
)

func TestErrorTexts(t *testing.T) {
	for _, tt := range []struct{ raw, text, explanation string }{
		{
			"$filter=displayName%20like%20%27x%27",
			`odata: $filter: "like" is not an operator (eq, ne, gt, ge, lt, le, in, and, or) at position 12`,
			`"like" is not an operator (eq, ne, gt, ge, lt, le, in, and, or) at position 12`,
		},
		{
			"$top=many",
			`odata: $top: "many" is not a whole number`,
			`"many" is not a whole number`,
		},
		{
			"$top=" + strings.Repeat("x", 38) + "%E6%B3%A8%E6%96%87",
			`odata: $top: "` + strings.Repeat("x", 38) + `..." is not a whole number`,
			`"` + strings.Repeat("x", 38) + `..." is not a whole number`,
		},
		{
			"$top=%E6%B3%A8%22%1b",
			"odata: query: control character U+001B is not allowed at position 5",
			"control character U+001B is not allowed at position 5",
		},
		{
			"$top=%E6%B3%A8%22",
			`odata: $top: "\u6ce8\"" is not a whole number`,
			`"\u6ce8\"" is not a whole number`,
		},
	} {
		_, err := Parse(tt.raw)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: got %v, want an *Error", tt.raw, err)
			continue
		}
		if e.Error() != tt.text || e.Explanation() != tt.explanation {
			t.Errorf("%s:\n got %s\nwant %s", tt.raw, e.Error(), tt.text)
		}
	}
}

func TestKindIsAnError(t *testing.T) {
	_, err := ParseTime("yesterday")
	if !errors.Is(err, Value) || errors.Is(err, Syntax) {
		t.Errorf("%v is not told apart by its kind", err)
	}
	if Limit.Error() != "limit exceeded" {
		t.Errorf("Limit reads %q", Limit.Error())
	}
}
