package bearer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

const (
	seedHeader = `{"typ":"JWT","alg":"RS256","kid":"k"}`
	seedClaims = `{"aud":"57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8","iss":"https://h/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/v2.0",` +
		`"exp":1772428891,"azp":"c","oid":"o","sub":"s","tid":"6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13","ver":"2.0","scp":"a b"}`
)

func part(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// FuzzParse gives the parser whole tokens.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "..", "a.b.c", strings.Repeat(".", 100), part(seedHeader) + "." + part(seedClaims) + ".AA"} {
		f.Add(seed)
	}
	f.Fuzz(checkParse)
}

// FuzzTexts gives the parser what is inside of the base64 of a token.
func FuzzTexts(f *testing.F) {
	f.Add(seedHeader, seedClaims)
	f.Fuzz(func(t *testing.T, header, claims string) { checkParse(t, part(header)+"."+part(claims)+".AA") })
}

// checkParse holds the parser against the libraries that others use: what it accepts
// they read alike, and a refusal always has a reason.
func checkParse(t *testing.T, raw string) {
	tok, err := parse(raw, []string{rs256, es256})
	if err != nil {
		if e, ok := errors.AsType[*Error](err); !ok || answers[e.Reason].status == 0 {
			t.Fatalf("no reason: %v", err)
		}
		return
	}
	_, payload, _, _ := split(raw)
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	var exact map[string]json.RawMessage
	if err := json.Unmarshal(text, &exact); err != nil {
		t.Fatalf("not an object: %v", err)
	}
	for name, want := range map[string]string{"iss": tok.claims.Issuer, "tid": tok.claims.TenantID, "ver": tok.claims.Version, "oid": tok.claims.ObjectID} {
		var got string
		if err := json.Unmarshal(exact[name], &got); err != nil || got != want {
			t.Errorf("%s: %q here, %q there (%v)", name, want, got, err)
		}
		if raw, ok := tok.claims.Raw(name); !ok || string(raw) != string(exact[name]) {
			t.Errorf("Raw(%q) is %s", name, raw)
		}
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return // stricter than we are, which is its right
	}
	if h := jws.Signatures[0].Header; string(jws.UnsafePayloadWithoutVerification()) != string(text) || h.KeyID != tok.kid || h.Algorithm != tok.alg {
		t.Errorf("go-jose reads %+v", h)
	}
}

// FuzzMembers: whatever the scanner accepts is JSON, and each value that it hands out
// is what encoding/json finds under that name.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"b":["x",{"c":null}]}`, `{"a":"\ud83d\ude00"}`, `{"a":1,"\u0061":2}`, `{"a":01}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := map[string]string{}
		err := eachMember(text, func(name string, v value) error {
			got[name] = v.raw
			return nil
		})
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("not an object: %v", err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d members here, %d there", len(got), len(want))
		}
		for name, raw := range want {
			if strings.TrimSpace(string(raw)) != got[name] {
				t.Errorf("%q: %s here, %s there", name, got[name], raw)
			}
		}
	})
}

// FuzzAuthorization: a token that is found is the end of the header, and of the
// characters that may stand there.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"", "Bearer", "Bearer ", "bearer  a.b.c", "Bearer a, Bearer b", "Basic dTpw", "Bearer\ta", "Bearer ="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		raw, err := fromHeader(http.Header{"Authorization": {header}})
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Reason != Missing && e.Reason != BadRequest {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		if raw == "" || strings.ContainsAny(raw, " ,\"\t\r\n") || !strings.HasSuffix(header, " "+raw) ||
			!strings.EqualFold(strings.TrimRight(strings.TrimSuffix(header, raw), " "), "bearer") {
			t.Errorf("token %q", raw)
		}
		if _, err := fromHeader(http.Header{"Authorization": {header, header}}); !errors.Is(err, BadRequest) {
			t.Errorf("twice: %v", err)
		}
	})
}
