package bearer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestEachMember(t *testing.T) {
	good := []string{
		`{}`, ` { } `, `{"a":1}`, "{\"a\" :\t1 ,\r\n\"b\":[ ] }", `{"a":[1,-0,0.5,1e9,-1.5E-3,"x",true,false,null,{},[[]]]}`,
		`{"":""}`, `{"a":"\"\\\/\b\f\n\r\t\u00e9"}`, `{"a":"\ud83d\ude00","é":"日本"}`, `{"a":{"a":{"a":1}}}`, "{\"a\":\"\x7f\"}",
	}
	bad := []string{
		``, ` `, `null`, `[]`, `"a"`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{a:1}`, `{'a':1}`, `{"a" 1}`,
		`{"a":1 "b":2}`, `{"a":1}{}`, `{"a":1}x`, `{"a":01}`, `{"a":-}`, `{"a":+1}`, `{"a":.5}`, `{"a":1.}`, `{"a":1e}`, `{"a":0x1}`,
		`{"a":NaN}`, `{"a":tru}`, `{"a":True}`, `{"a":nul}`, `{"a":"}`, `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"\u12g4"}`, `{"a":"\u+123"}`,
		"{\"a\":\"\n\"}", "{\"a\":\"\x00\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":1\x00}",
		`{"a":"\ud800"}`, `{"a":"\udc00"}`, `{"a":"\ud800\u0041"}`, `{"a":"\ud800x"}`, `{"a":"\ud800\ud800"}`, `{"a":"\ud800\u00"}`,
		`{"a":[1,]}`, `{"a":[1 2]}`, `{"a":[}`, `{"a":[`, `{"a":/**/1}`, "\ufeff{}",
		`{"a":1,"a":1}`, `{"a":1,"\u0061":1}`, `{"a":[{"b":1,"b":2}]}`, `{"\ud83d\ude00":1,"😀":2}`,
	}
	for _, text := range good {
		if err := eachMember(text, nil); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("%s: encoding/json disagrees", text)
		}
	}
	for _, text := range bad {
		if err := eachMember(text, nil); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	if eachMember(deep(maxDepth-1), nil) != nil || eachMember(deep(maxDepth), nil) == nil {
		t.Errorf("the depth is not bounded by %d", maxDepth)
	}
	wide := func(n int) string {
		var members []string
		for i := range n {
			members = append(members, fmt.Sprintf(`"m%d":0`, i))
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	if eachMember(wide(maxMembers), nil) != nil || eachMember(wide(maxMembers+1), nil) == nil {
		t.Errorf("members are not bounded by %d", maxMembers)
	}
}

func TestValues(t *testing.T) {
	var got []string
	err := eachMember(`{"s":"a\u00e9\n","n":-12,"f":1.5,"e":1e3,"l":["a","\u0062"],"m":["a",1],"o":{},"z":null}`, func(name string, v value) error {
		s, isText := v.text()
		n, isInt := v.integer()
		l, isList := v.texts()
		got = append(got, fmt.Sprintf("%s %q%v %d%v %q%v", name, s, isText, n, isInt, l, isList))
		return nil
	})
	want := []string{
		`s "aé\n"true 0false []false`, `n ""false -12true []false`, `f ""false 0false []false`, `e ""false 0false []false`,
		`l ""false 0false ["a" "b"]true`, `m ""false 0false ["a" ""]false`, `o ""false 0false []false`, `z ""false 0false []false`,
	}
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestParseIssuer(t *testing.T) {
	for s, want := range map[string]string{
		"https://h/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/v2.0":      "https://h 2.0",
		"https://h:8443/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/":     "https://h:8443 1.0",
		"https://h/{tenantid}/v2.0":                                "https://h 2.0",
		"https://h/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13":           "",
		"https://h/6A3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/":          "",
		"https://h/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/v2.0/":     "",
		"https://h//6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/":         "",
		"https:///6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/":           "",
		"HTTPS://h/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/":          "",
		"ftp://h/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/":            "",
		"h/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/":                  "",
		"https://h/x/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/v2.0":    "",
		"https://h/{TenantId}/v2.0":                                "",
		"https://h/common/v2.0":                                    "",
		"https://h/6a3f1c5209d0e-4b7a-8c41-2f5d7e90ab13/v2.0":      "",
		"https://h/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab1g/v2.0":      "",
		"https://h/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/v2.0?x=/":  "",
		"https://h/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/v2.0#/":    "",
		"https://h/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/../x/v2.0": "",
	} {
		iss, ok := parseIssuer(s)
		if got := iss.base + " " + iss.version.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q %v, want %q", s, got, ok, want)
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	for _, size := range []int{-1, 0, 1, 2, 3, 10, 101} {
		c := newCache(size)
		most := 0
		var hot digest
		hot[0] = 255
		keep := &remembered{}
		c.put(hot, keep)
		for i := range 1000 {
			var d digest
			d[1], d[2] = byte(i), byte(i>>8)
			c.put(d, &remembered{})
			if got := c.get(d); (got != nil) != (size > 0) {
				t.Fatalf("size %d: what was just remembered: %v", size, got)
			}
			if got := c.get(hot); size > 3 && got != keep {
				t.Fatalf("size %d: what is used all the time was forgotten", size)
			}
			most = max(most, c.size())
		}
		if most > max(size, 0) {
			t.Errorf("size %d: %d entries", size, most)
		}
		if c.drop(hot); c.get(hot) != nil {
			t.Errorf("size %d: dropped, and still there", size)
		}
	}
}
