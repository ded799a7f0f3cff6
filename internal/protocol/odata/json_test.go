package odata

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckObject(t *testing.T) {
	for _, body := range []string{
		`{}`,
		" \r\n\t{ } \n",
		`{"displayName":"orders"}`,
		`{"a":1,"b":-0,"c":0.5,"d":1e9,"e":-1.5E+3,"f":true,"g":false,"h":null,"i":"","j":[],"k":{}}`,
		`{ "a" : [ 1 , "x" , { "a" : 1 } ] , "b" : { "a" : 1 } }`,
		`{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","注文":"😀"}`,
		`{"":1}`,
		`{"owners@odata.bind":["x"],"@odata.type":"#microsoft.graph.user"}`,
		`{"a":{"b":{"c":1}}}`,
		`{"a":[[1]]}`,
	} {
		if err := CheckObject([]byte(body), 3); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestCheckObjectErrors(t *testing.T) {
	for _, tt := range []struct {
		body string
		kind Kind
		pos  int
	}{
		{``, Value, 0},
		{`[]`, Value, 0},
		{`"a"`, Value, 0},
		{"\ufeff{}", Value, 0},
		{`{"a":1,"a":2}`, DuplicateMember, 7},
		{`{"a":1,"\u0061":2}`, DuplicateMember, 7},
		{`{"appId":1,"APPID":2}`, DuplicateMember, 11},
		{`{"keys":1,"` + "\u212A" + `eys":2}`, DuplicateMember, 10},
		{`{"a":[{"b":1,"b":[]}]}`, DuplicateMember, 13},
		{"{\"a\":\"\xff\"}", Encoding, 6},
		{"{\"\xc0\x80\":1}", Encoding, 2},
		{`{"a":"\ud800"}`, Encoding, 6},
		{`{"a":"\ude00\ud83d"}`, Encoding, 6},
		{`{"a":"\ud83d\u0041"}`, Encoding, 6},
		{`{"a":"\ud83dx"}`, Encoding, 6},
		{`{"a":"\u0000"}`, Encoding, 6},
		{`{"a":{"b":{"c":{}}}}`, Limit, 15},
		{`{"a":[[[]]]}`, Limit, 7},
		{`{"a":1}{}`, Syntax, 7},
		{`{"a":1}x`, Syntax, 7},
		{`{"a":1,}`, Syntax, 7},
		{`{,}`, Syntax, 1},
		{`{"a"}`, Syntax, 4},
		{`{"a":}`, Syntax, 5},
		{`{"a":1`, Syntax, 6},
		{`{"a":1 "b":2}`, Syntax, 7},
		{`{a:1}`, Syntax, 1},
		{`{'a':1}`, Syntax, 1},
		{`{"a":[1,]}`, Syntax, 8},
		{`{"a":[1 2]}`, Syntax, 8},
		{`{"a":[`, Syntax, 6},
		{`{"a":01}`, Syntax, 6},
		{`{"a":+1}`, Syntax, 5},
		{`{"a":.5}`, Syntax, 5},
		{`{"a":1.}`, Syntax, 7},
		{`{"a":1e}`, Syntax, 7},
		{`{"a":-}`, Syntax, 6},
		{`{"a":True}`, Syntax, 5},
		{`{"a":nul}`, Syntax, 5},
		{`{"a":truex}`, Syntax, 9},
		{`{"a":NaN}`, Syntax, 5},
		{"{\"a\":\"\n\"}", Syntax, 6},
		{`{"a":"\x"}`, Syntax, 6},
		{`{"a":"\u00g0"}`, Syntax, 6},
		{`{"a":"\u00`, Syntax, 6},
		{`{"a":"\`, Syntax, 6},
		{`{"a":"b`, Syntax, 5},
		{"{\"a\":1}\x00", Syntax, 7},
		{`{"a":1}//x`, Syntax, 7},
	} {
		err := CheckObject([]byte(tt.body), 3)
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("%s: got %v, want an *Error", tt.body, err)
			continue
		}
		if got.Kind != tt.kind || got.Option != "body" || got.Pos != tt.pos {
			t.Errorf("%s: got %v (kind %q, position %d), want kind %q, position %d", tt.body, err, got.Kind, got.Pos, tt.kind, tt.pos)
		}
	}
}

func TestCheckObjectDeepInput(t *testing.T) {
	body := `{"a":` + strings.Repeat("[", 1<<20)
	if err := CheckObject([]byte(body), 32); !errors.Is(err, Limit) {
		t.Errorf("a million brackets: %v", err)
	}
}
