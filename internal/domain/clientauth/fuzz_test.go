package clientauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// FuzzAssertion: whatever is sent, the answer is a refusal of the catalogue;
// nothing but what the registered keys signed is ever accepted, and what is
// read from it is what a plain decoder reads too.
func FuzzAssertion(f *testing.F) {
	key, _ := testKey(f, "ec-256")
	good := sign(f, jose.ES256, key, nil, ownClaims(nil))
	f.Add(good)
	f.Add(rawJWT(`{"alg":"none"}`, `{"iss":"`+clientID+`","sub":"`+clientID+`"}`, ""))
	f.Add(rawJWT(`{"alg":"HS256","kid":"a","crit":["b64"],"b64":false}`, `{"iss":"https://x.example","sub":"s","aud":["a"]}`, "x"))
	f.Fuzz(func(t *testing.T, jwt string) {
		w := withKeys(t, "ec-256")
		req := assertionOf(jwt)
		if jwt == "" {
			return
		}
		a, err := req.assertion()
		if err == nil {
			jws, parseErr := jose.ParseSignedCompact(jwt, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(a.alg)})
			if parseErr == nil {
				var exact map[string]any
				_ = json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &exact)
				if exact["iss"] != a.iss || exact["sub"] != a.sub {
					t.Fatalf("read %q %q, another reader %v %v", a.iss, a.sub, exact["iss"], exact["sub"])
				}
			}
		}
		got, err := w.authenticate(req)
		if err != nil {
			var refusal *aadsts.Error
			if !errors.As(err, &refusal) {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		jws, err := jose.ParseSignedCompact(jwt, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatalf("accepted what another parser refuses: %v", err)
		}
		if _, err := jws.Verify(key.Public()); err != nil || got.CredentialID != keyID1 {
			t.Fatalf("accepted %q without a good signature", jwt)
		}
	})
}

// FuzzBasic: a header that is taken can be written again and means the same.
func FuzzBasic(f *testing.F) {
	f.Add(basicHeader(clientID, "k9~a.b_c"))
	f.Add(basicHeader("0b6c4d75%2De93a", "a%2Bb+c:d"))
	f.Add("Basic")
	f.Add("Bearer x")
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, ok, err := ParseBasic(header)
		if err != nil {
			if !errors.Is(err, aadsts.MalformedRequest) || !ok || id != "" || secret != "" {
				t.Fatalf("%q %q %v %v", id, secret, ok, err)
			}
			return
		}
		if !ok {
			return
		}
		again := "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
		id2, secret2, _, err := ParseBasic(again)
		if err != nil || id2 != id || secret2 != secret {
			t.Fatalf("%q %q became %q %q: %v", id, secret, id2, secret2, err)
		}
	})
}

// BenchmarkSecret is the cost of the commonest case on the hot path.
func BenchmarkSecret(b *testing.B) {
	w := newWorld(b)
	w.app.Passwords = []directory.PasswordCredential{w.password(secretNow, keyID1, -1, 1)}
	for b.Loop() {
		if _, err := w.authenticate(&Request{ClientID: clientID, ClientSecret: secretNow}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCertificate is an assertion in the shape of MSAL Go.
func BenchmarkCertificate(b *testing.B) {
	w := withKeys(b, "rsa-1")
	key, _ := testKey(b, "rsa-1")
	sum := w.app.Keys[0].SHA256
	jwt := sign(b, jose.PS256, key, map[string]any{"x5t#S256": base64.StdEncoding.EncodeToString(sum[:])}, ownClaims(nil))
	for b.Loop() {
		if _, err := w.authenticate(assertionOf(jwt)); err != nil {
			b.Fatal(err)
		}
	}
}
