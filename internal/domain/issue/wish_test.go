package issue

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var wishes = map[string]Wish{
	"": {},
	`{"access_token":{"xms_cc":{"values":["cp1"]}}}`:                          {Capabilities: []string{"cp1"}},
	`{"access_token":{"xms_cc":{"values":["CP1","x",3]}}}`:                    {Capabilities: []string{"cp1"}},
	`{"access_token":{"xms_cc":{"values":["x"]}}}`:                            {},
	`{"access_token":{"nbf":{"essential":true,"value":"1772424600"}}}`:        {NotBefore: time.Unix(1772424600, 0)},
	`{"access_token":{"nbf":{"value":1772424600}}}`:                           {NotBefore: time.Unix(1772424600, 0)},
	`{"access_token":{"polids":{"essential":true,"values":["x"]}},"x":[1,2]}`: {},
	`{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`:               {Contexts: []string{"c1"}, ContextsEssential: true},
	`{"access_token":{"acrs":{"values":["C2","c2","c0","c100","c01",7]}}}`:    {Contexts: []string{"c2"}},
	` {"id_token":{"email":null,"auth_time":{"essential":true}}}`:             {IDToken: []string{"auth_time", "email"}},
	`{"id_token":{"sub":{"value":"Zl2bqv"}}}`:                                 {IDToken: []string{"sub"}, Subject: "Zl2bqv"},
	`{"userinfo":{"name":{"essential":true}}}`:                                {UserInfo: []string{"name"}},
	`{"access_token":{"xms_cc":null},"id_token":null}`:                        {},
	`{"x":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + "}":         {},
}

var notWishes = map[string]string{
	"no JSON":                   "x",
	"array":                     "[]",
	"null":                      "null",
	"text behind":               "{}{}",
	"member no object":          `{"access_token":[]}`,
	"claim no object":           `{"id_token":{"auth_time":true}}`,
	"member twice":              `{"access_token":{},"access_token":{"nbf":{"value":"1"}}}`,
	"claim twice":               `{"id_token":{"sub":{"value":"a"},"sub":{"value":"b"}}}`,
	"claim twice, another case": `{"access_token":{"nbf":{"value":"1"},"NBF":{"value":"2"}}}`,
	"nbf no number":             `{"access_token":{"nbf":{"value":"x"}}}`,
	"nbf without a value":       `{"access_token":{"nbf":{"essential":true}}}`,
	"nbf negative":              `{"access_token":{"nbf":{"value":-1}}}`,
	"nbf far away":              `{"access_token":{"nbf":{"value":"99999999999999"}}}`,
	"essential no bool":         `{"id_token":{"name":{"essential":"yes"}}}`,
	"lone surrogate":            `{"id_token":{"\ud800":null}}`,
	"not UTF-8":                 "{\"id_token\":{\"\xff\":null}}",
	"too deep":                  `{"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + "}",
	"too long":                  "{" + strings.Repeat(" ", maxClaims) + "}",
}

func TestParseWish(t *testing.T) {
	for text, want := range wishes {
		got, err := ParseWish(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s:\n%s", text, d)
		}
	}
	for why, text := range notWishes {
		if got, err := ParseWish(text); err == nil {
			t.Errorf("%s: %.60s became %+v", why, text, got)
		}
	}
}

func FuzzParseWish(f *testing.F) {
	for text := range wishes {
		f.Add(text)
	}
	for _, text := range notWishes {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, err := ParseWish(text)
		if err != nil {
			if d := cmp.Diff(Wish{}, w); d != "" {
				t.Errorf("a refused text left\n%s", d)
			}
			return
		}
		again, err := ParseWish(text)
		if d := cmp.Diff(w, again); err != nil || d != "" {
			t.Errorf("read twice: %v\n%s", err, d)
		}
		if !slices.IsSorted(w.IDToken) || !slices.IsSorted(w.UserInfo) || len(w.Capabilities) > 1 || w.NotBefore.Unix() < -62135596800 {
			t.Errorf("%+v", w)
		}
		for _, c := range w.Contexts {
			if !isContext(c) {
				t.Errorf("context %q", c)
			}
		}
	})
}
