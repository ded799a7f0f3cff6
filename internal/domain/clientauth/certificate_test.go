package clientauth

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// withKeys is a world whose application has the certificates.
func withKeys(t testing.TB, names ...string) *world {
	w := newWorld(t)
	for i, n := range names {
		w.app.Keys = append(w.app.Keys, credentialOf(t, n, []directory.ID{keyID1, keyID2}[i]))
	}
	return w
}

func TestCertificateAssertions(t *testing.T) {
	key, _ := testKey(t, "rsa-1")
	for _, c := range []struct {
		name   string
		header map[string]any
		claims map[string]any
		code   aadsts.Code // zero: accepted
	}{
		{"as it should be", nil, nil, aadsts.Code{}},
		{"iss and sub in capitals", nil, map[string]any{"iss": strings.ToUpper(clientID), "sub": strings.ToUpper(clientID)}, aadsts.Code{}},
		{"without nbf, iat and jti", nil, map[string]any{"nbf": nil, "iat": nil, "jti": nil}, aadsts.Code{}},

		{"another client", nil, map[string]any{"iss": otherID, "sub": otherID}, aadsts.WrongClientOfToken},
		{"subject differs from issuer", nil, map[string]any{"sub": otherID}, aadsts.AssertionSubject},
		{"issuer differs from subject", nil, map[string]any{"iss": otherID}, aadsts.AssertionSubject},
		{"issuer is a name, subject the client", nil, map[string]any{"iss": "my-app"}, aadsts.AssertionSubject},
		{"issuer and subject are a name", nil, map[string]any{"iss": "my-app", "sub": "my-app"}, aadsts.WrongClientOfToken},
		{"without issuer", nil, map[string]any{"iss": nil}, aadsts.AssertionClaims},
		{"without subject", nil, map[string]any{"sub": nil}, aadsts.AssertionClaims},
		{"issuer is a number", nil, map[string]any{"iss": 5}, aadsts.AssertionClaims},
		{"subject is an array", nil, map[string]any{"sub": []string{clientID}}, aadsts.AssertionClaims},

		{"v2 token endpoint by domain", nil, map[string]any{"aud": base + "/hakone.example/oauth2/v2.0/token"}, aadsts.Code{}},
		{"v1 token endpoint", nil, map[string]any{"aud": base + "/" + tenantID + "/oauth2/token"}, aadsts.Code{}},
		{"v2 issuer", nil, map[string]any{"aud": base + "/" + tenantID + "/v2.0"}, aadsts.Code{}},
		{"v1 issuer", nil, map[string]any{"aud": base + "/" + tenantID + "/"}, aadsts.Code{}},
		{"issuer by path alias", nil, map[string]any{"aud": base + "/common/v2.0"}, aadsts.Code{}},
		{"array of one", nil, map[string]any{"aud": []string{tokenURL}}, aadsts.Code{}},
		{"array of two", nil, map[string]any{"aud": []string{tokenURL, base + "/" + tenantID + "/v2.0"}}, aadsts.AssertionAudience},
		{"the same twice", nil, map[string]any{"aud": []string{tokenURL, tokenURL}}, aadsts.AssertionAudience},
		{"empty array", nil, map[string]any{"aud": []string{}}, aadsts.AssertionAudience},
		{"array in an array", nil, map[string]any{"aud": []any{[]string{tokenURL}}}, aadsts.AssertionAudience},
		{"audience is a number", nil, map[string]any{"aud": 7}, aadsts.AssertionAudience},
		{"audience is null", nil, map[string]any{"aud": json.RawMessage("null")}, aadsts.AssertionAudience},
		{"array of null", nil, map[string]any{"aud": []any{nil}}, aadsts.AssertionAudience},
		{"without audience", nil, map[string]any{"aud": nil}, aadsts.AssertionAudience},
		{"audience of another tenant", nil, map[string]any{"aud": base + "/" + otherID + "/oauth2/v2.0/token"}, aadsts.AssertionAudience},
		{"audience of another host", nil, map[string]any{"aud": "https://evil.example/" + tenantID + "/oauth2/v2.0/token"}, aadsts.AssertionAudience},
		{"audience with a slash more", nil, map[string]any{"aud": tokenURL + "/"}, aadsts.AssertionAudience},
		{"audience is only the host", nil, map[string]any{"aud": base}, aadsts.AssertionAudience},
		{"audience of token exchange", nil, map[string]any{"aud": exchange}, aadsts.AssertionAudience},

		{"without exp", nil, map[string]any{"exp": nil}, aadsts.MissingField},
		{"exp as digits in a string", nil, map[string]any{"exp": strconv.FormatInt(noon.Unix()+60, 10), "nbf": strconv.FormatInt(noon.Unix(), 10)}, aadsts.Code{}},
		{"exp with a fraction", nil, map[string]any{"exp": float64(noon.Unix()) + 60.5}, aadsts.Code{}},
		{"exp is null", nil, map[string]any{"exp": json.RawMessage("null")}, aadsts.AssertionClaims},
		{"exp is a word", nil, map[string]any{"exp": "tomorrow"}, aadsts.AssertionClaims},
		{"exp is an empty string", nil, map[string]any{"exp": ""}, aadsts.AssertionClaims},
		{"exp is a signed string", nil, map[string]any{"exp": "-5"}, aadsts.AssertionClaims},
		{"exp is a list", nil, map[string]any{"exp": []int64{noon.Unix() + 60}}, aadsts.AssertionClaims},
		{"exp is true", nil, map[string]any{"exp": true}, aadsts.AssertionClaims},
		{"exp beyond all numbers", nil, map[string]any{"exp": json.RawMessage("1e999")}, aadsts.AssertionTime},
		{"exp in milliseconds", nil, map[string]any{"exp": noon.UnixMilli()}, aadsts.AssertionTime},
		{"exp before all years", nil, map[string]any{"exp": json.RawMessage("-1e999")}, aadsts.AssertionTime},
		{"expired, within the skew", nil, map[string]any{"exp": noon.Unix() - 299}, aadsts.Code{}},
		{"expired, past the skew", nil, map[string]any{"exp": noon.Unix() - 300}, aadsts.AssertionTime},
		{"lives 24 hours", nil, map[string]any{"exp": noon.Unix() + 24*3600}, aadsts.Code{}},
		{"lives 25 hours", nil, map[string]any{"exp": noon.Unix() + 25*3600}, aadsts.AssertionTime},
		{"starts within the skew", nil, map[string]any{"nbf": noon.Unix() + 300}, aadsts.Code{}},
		{"starts past the skew", nil, map[string]any{"nbf": noon.Unix() + 301}, aadsts.AssertionTime},
		{"made in the future", nil, map[string]any{"iat": noon.Unix() + 301}, aadsts.AssertionTime},
		{"nbf is a word", nil, map[string]any{"nbf": "now"}, aadsts.AssertionClaims},
		{"iat is an object", nil, map[string]any{"iat": map[string]any{}}, aadsts.AssertionClaims},

		{"unknown critical parameter", map[string]any{"crit": []string{"x"}, "x": 1}, nil, aadsts.AssertionSignature},
		{"empty critical list", map[string]any{"crit": []string{}}, nil, aadsts.AssertionSignature},
		{"compressed", map[string]any{"zip": "DEF"}, nil, aadsts.AssertionSignature},
		{"thumbprint of another certificate", map[string]any{"x5t": base64.RawURLEncoding.EncodeToString(make([]byte, 20))}, nil, aadsts.AssertionSignature},
		{"thumbprint of a wrong length", map[string]any{"x5t#S256": "AAAA"}, nil, aadsts.AssertionClaims},
		{"thumbprint is a number", map[string]any{"x5t": 1}, nil, aadsts.AssertionClaims},
		{"kid is the id of another key", map[string]any{"kid": string(keyID2)}, nil, aadsts.AssertionSignature},
		{"kid is a name of the client's own", map[string]any{"kid": "../../etc/passwd"}, nil, aadsts.Code{}},
		{"jku of a stranger", map[string]any{"jku": "http://169.254.169.254/keys"}, nil, aadsts.Code{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := withKeys(t, "rsa-1")
			jwt := sign(t, jose.PS256, key, c.header, ownClaims(c.claims))
			got, err := w.authenticate(assertionOf(jwt))
			if c.code != (aadsts.Code{}) {
				wantCode(t, err, c.code, jwt)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Method != audit.MethodCertificate || got.CredentialID != keyID1 || got.App != w.app || got.Public {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// Every algorithm against every kind of registered key: only the three pairs
// that the key's kind allows are accepted (RFC 8725 §3.1).
func TestAlgorithmsAndKeys(t *testing.T) {
	accepted := map[string]bool{
		"RS256 rsa-1": true, "PS256 rsa-1": true, "ES256 ec-256": true,
	}
	symmetric := func(der []byte) []byte { return append([]byte(nil), der...) }
	for _, name := range []string{"rsa-1", "rsa-weak", "ec-256", "ec-384", "ed25519"} {
		key, der := testKey(t, name)
		pub, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		for _, alg := range []jose.SignatureAlgorithm{
			"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512",
		} {
			for _, form := range []struct {
				name string
				key  any
			}{{"key", key}, {"certificate as secret", symmetric(der)}, {"public key as secret", symmetric(pub)}} {
				signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: form.key}, nil)
				if err != nil {
					continue // no such signature exists
				}
				body, _ := json.Marshal(ownClaims(nil))
				jws, err := signer.Sign(body)
				if err != nil {
					continue
				}
				jwt, err := jws.CompactSerialize()
				if err != nil {
					t.Fatal(err)
				}
				pair := fmt.Sprintf("%s %s", alg, name)
				t.Run(pair+" "+form.name, func(t *testing.T) {
					_, err := withKeys(t, name).authenticate(assertionOf(jwt))
					if accepted[pair] {
						if err != nil {
							t.Fatal(err)
						}
						return
					}
					wantCode(t, err, aadsts.AssertionSignature, jwt)
				})
			}
		}
	}
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "", "HS256", "rs256", "RSA-OAEP", "PBES2-HS256+A128KW"} {
		t.Run("unsigned "+alg, func(t *testing.T) {
			body, _ := json.Marshal(ownClaims(nil))
			head, _ := json.Marshal(map[string]any{"alg": alg, "p2c": 2_000_000_000})
			for _, signature := range []string{"", "x"} {
				_, err := withKeys(t, "rsa-1").authenticate(assertionOf(rawJWT(string(head), string(body), signature)))
				if alg == "" {
					wantCode(t, err, aadsts.AssertionClaims)
				} else {
					wantCode(t, err, aadsts.AssertionSignature)
				}
			}
		})
	}
}

func TestSignaturesThatAreNone(t *testing.T) {
	body, _ := json.Marshal(ownClaims(nil))
	for _, c := range []struct{ name, alg, key, signature string }{
		{"zero r and s", "ES256", "ec-256", strings.Repeat("\x00", 64)},
		{"r and s of the order", "ES256", "ec-256", orderTwice()},
		{"empty ECDSA", "ES256", "ec-256", ""},
		{"empty RSA", "RS256", "rsa-1", ""},
		{"zero RSA", "PS256", "rsa-1", strings.Repeat("\x00", 256)},
		{"ES256 name over an RSA key", "ES256", "rsa-1", strings.Repeat("\x01", 64)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := withKeys(t, c.key).authenticate(assertionOf(rawJWT(`{"alg":"`+c.alg+`"}`, string(body), c.signature)))
			wantCode(t, err, aadsts.AssertionSignature)
		})
	}
}

func orderTwice() string {
	n, _ := hex.DecodeString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	return string(n) + string(n)
}

func TestEmbeddedKeysAreNotTrusted(t *testing.T) {
	foreign, foreignCert := testKey(t, "rsa-2")
	for _, c := range []struct {
		name   string
		header map[string]any
	}{
		{"jwk", map[string]any{"jwk": jose.JSONWebKey{Key: foreign.Public(), KeyID: "a"}}},
		{"x5c", map[string]any{"x5c": []string{base64.StdEncoding.EncodeToString(foreignCert)}}},
		{"jku", map[string]any{"jku": "https://evil.example/keys"}},
		{"x5u", map[string]any{"x5u": "https://evil.example/cert"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := withKeys(t, "rsa-1").authenticate(assertionOf(sign(t, jose.RS256, foreign, c.header, ownClaims(nil))))
			wantCode(t, err, aadsts.AssertionSignature)
		})
	}
	// The client's own chain beside a right signature does no harm.
	own, ownCert := testKey(t, "rsa-1")
	header := map[string]any{"x5c": []string{base64.StdEncoding.EncodeToString(ownCert)}}
	if _, err := withKeys(t, "rsa-1").authenticate(assertionOf(sign(t, jose.RS256, own, header, ownClaims(nil)))); err != nil {
		t.Error(err)
	}
}

func TestTamperedAssertion(t *testing.T) {
	key, _ := testKey(t, "rsa-1")
	good := strings.Split(sign(t, jose.PS256, key, nil, ownClaims(nil)), ".")
	other := strings.Split(sign(t, jose.PS256, key, nil, ownClaims(map[string]any{"jti": "b"})), ".")
	_, err := withKeys(t, "rsa-1").authenticate(assertionOf(good[0] + "." + other[1] + "." + good[2]))
	wantCode(t, err, aadsts.AssertionSignature)
	head := rawJWT(`{"alg":"PS256","typ":"at+jwt"}`, "", "")
	_, err = withKeys(t, "rsa-1").authenticate(assertionOf(strings.TrimSuffix(head, "..") + "." + good[1] + "." + good[2]))
	wantCode(t, err, aadsts.AssertionSignature)
}

// The shapes in which clients name their certificate.
func TestShapesOfClients(t *testing.T) {
	key, der := testKey(t, "rsa-2")
	s1, s256 := sha1.Sum(der), sha256.Sum256(der)
	std, url := base64.StdEncoding, base64.URLEncoding
	for _, c := range []struct {
		name   string
		alg    jose.SignatureAlgorithm
		header map[string]any
		claims map[string]any
	}{
		{"MSAL Go", jose.PS256, map[string]any{"x5t#S256": std.EncodeToString(s256[:])}, nil},
		{"MSAL Go with chain", jose.PS256, map[string]any{
			"x5t#S256": std.EncodeToString(s256[:]), "x5c": []string{std.EncodeToString(der)}}, nil},
		{"old MSAL Go", jose.RS256, map[string]any{"x5t": std.EncodeToString(s1[:])}, map[string]any{
			"exp": strconv.FormatInt(noon.Add(10*time.Minute).Unix(), 10), "nbf": strconv.FormatInt(noon.Unix(), 10), "iat": nil}},
		{"MSAL.js", jose.PS256, map[string]any{"x5t#S256": url.WithPadding(base64.NoPadding).EncodeToString(s256[:])},
			map[string]any{"aud": base + "/" + tenantID + "/v2.0"}},
		{"MSAL.js with the old thumbprint", jose.RS256, map[string]any{"x5t": url.WithPadding(base64.NoPadding).EncodeToString(s1[:])}, nil},
		{"MSAL Python", jose.RS256, map[string]any{"x5t": url.EncodeToString(s1[:])}, nil},
		{"Terraform", jose.RS256, map[string]any{"kid": url.EncodeToString(s1[:])}, map[string]any{"exp": noon.Add(time.Hour).Unix()}},
		{"kid in hex", jose.RS256, map[string]any{"kid": strings.ToUpper(hex.EncodeToString(s1[:]))}, nil},
		{"kid in hex, SHA-256", jose.RS256, map[string]any{"kid": hex.EncodeToString(s256[:])}, nil},
		{"kid is the key id", jose.PS256, map[string]any{"kid": strings.ToUpper(string(keyID2))}, nil},
		{"thumbprint and a kid of its own", jose.PS256, map[string]any{"x5t": std.EncodeToString(s1[:]), "kid": "1"}, nil},
		{"nothing", jose.PS256, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := withKeys(t, "rsa-1", "rsa-2")
			got, err := w.authenticate(assertionOf(sign(t, c.alg, key, c.header, ownClaims(c.claims))))
			if err != nil {
				t.Fatal(err)
			}
			if got.CredentialID != keyID2 {
				t.Errorf("signed in with %s", got.CredentialID)
			}
			if w.calls != 1 {
				t.Errorf("asked for audiences %d times", w.calls)
			}
		})
	}
}

func TestValidityOfCertificates(t *testing.T) {
	key, der := testKey(t, "rsa-1")
	s1 := sha1.Sum(der)
	named := sign(t, jose.RS256, key, map[string]any{"x5t": base64.RawURLEncoding.EncodeToString(s1[:])}, ownClaims(nil))
	unnamed := sign(t, jose.RS256, key, nil, ownClaims(nil))
	for _, c := range []struct {
		name   string
		change func(*directory.KeyCredential)
		reason string
	}{
		{"expired", func(k *directory.KeyCredential) { k.EndAt = noon }, "expired on 2026-11-21"},
		{"early", func(k *directory.KeyCredential) { k.StartAt = noon.Add(time.Second) }, "not valid before 2026-11-21"},
		{"for signing", func(k *directory.KeyCredential) { k.Usage = directory.UsageSign }, "registered"},
		{"broken", func(k *directory.KeyCredential) { k.DER = k.DER[:100] }, "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, jwt := range []string{named, unnamed} {
				w := withKeys(t, "rsa-1")
				c.change(&w.app.Keys[0])
				_, err := w.authenticate(assertionOf(jwt))
				wantCode(t, err, aadsts.AssertionSignature, jwt)
				if !strings.Contains(err.Error(), c.reason) {
					t.Errorf("got %v, want a word of %q", err, c.reason)
				}
			}
		})
	}
	t.Run("valid until the last second", func(t *testing.T) {
		w := withKeys(t, "rsa-1")
		w.app.Keys[0].EndAt = noon.Add(time.Second)
		if _, err := w.authenticate(assertionOf(named)); err != nil {
			t.Error(err)
		}
	})
	t.Run("on the service principal", func(t *testing.T) {
		w := newWorld(t)
		sp := &directory.ServicePrincipal{AppID: clientID, Keys: []directory.KeyCredential{credentialOf(t, "rsa-1", keyID2)}}
		req := assertionOf(named)
		req.Audiences = func() []string { return []string{tokenURL} }
		got, err := w.auth.Authenticate(t.Context(), w.app, sp, req)
		if err != nil || got.CredentialID != keyID2 {
			t.Error(got, err)
		}
	})
	t.Run("wrong key", func(t *testing.T) {
		_, err := withKeys(t, "rsa-2").authenticate(assertionOf(unnamed))
		wantCode(t, err, aadsts.AssertionSignature)
	})
	t.Run("no certificate at all", func(t *testing.T) {
		_, err := newWorld(t).authenticate(assertionOf(unnamed))
		wantCode(t, err, aadsts.AssertionSignature)
	})
}

func TestUnreadableAssertions(t *testing.T) {
	claims := `"iss":"` + clientID + `","sub":"` + clientID + `","exp":1`
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for _, c := range []struct{ name, jwt string }{
		{"garbage", "garbage"},
		{"two parts", "e30.e30"},
		{"five parts, encrypted", "e30.e30.e30.e30.e30"},
		{"60 000 dots", strings.Repeat(".", 60_000)},
		{"64 KiB and more", strings.Repeat("a", maxAssertion) + ".e30.x"},
		{"padded", "e30=.e30=.eA=="},
		{"line break inside", rawJWT(`{"alg":"PS256"}`, "{"+claims+"}", "x") + "\n"},
		{"JSON serialization", `{"payload":"e30","signatures":[]}`},
		{"no JSON", rawJWT("alg", "iss", "x")},
		{"header is a list", rawJWT(`[]`, "{"+claims+"}", "x")},
		{"claims are null", rawJWT(`{"alg":"PS256"}`, "null", "x")},
		{"something behind the claims", rawJWT(`{"alg":"PS256"}`, "{"+claims+"}{}", "x")},
		{"alg twice", rawJWT(`{"alg":"PS256","alg":"none"}`, "{"+claims+"}", "x")},
		{"alg twice, once escaped", rawJWT(`{"alg":"PS256","\u0061lg":"none"}`, "{"+claims+"}", "x")},
		{"iss twice", rawJWT(`{"alg":"PS256"}`, "{"+claims+`,"iss":"x"}`, "x")},
		{"member twice inside", rawJWT(`{"alg":"PS256"}`, "{"+claims+`,"x":[{"a":1,"a":2}]}`, "x")},
		{"names in other letters", rawJWT(`{"alg":"PS256"}`, `{"ISS":"`+clientID+`","SUB":"`+clientID+`"}`, "x")},
		{"too deep", rawJWT(`{"alg":"PS256"}`, "{"+claims+`,"x":`+deep+`}`, "x")},
		{"not UTF-8", rawJWT(`{"alg":"PS256"}`, "{"+claims+`,"x":"`+"\xff"+`"}`, "x")},
		{"comma at the end", rawJWT(`{"alg":"PS256",}`, "{"+claims+"}", "x")},
		{"alg is a number", rawJWT(`{"alg":256}`, "{"+claims+"}", "x")},
		{"no alg", rawJWT(`{}`, "{"+claims+"}", "x")},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := withKeys(t, "rsa-1").authenticate(assertionOf(c.jwt))
			wantCode(t, err, aadsts.AssertionClaims, c.jwt)
		})
	}
}

func TestDotsCostNothing(t *testing.T) {
	bomb := strings.Repeat(".", 60_000)
	if n := testing.AllocsPerRun(10, func() { _, _ = parseAssertion(bomb) }); n > 10 {
		t.Errorf("%v allocations", n)
	}
}

func TestSingleUse(t *testing.T) {
	key, _ := testKey(t, "rsa-1")
	jwt := sign(t, jose.PS256, key, nil, ownClaims(nil))
	w := withKeys(t, "rsa-1")
	for range 2 { // the default: clients re-send one assertion until it expires
		if _, err := w.authenticate(assertionOf(jwt)); err != nil {
			t.Fatal(err)
		}
	}
	w.app.SingleUseClientAssertion = true
	if _, err := w.authenticate(assertionOf(jwt)); err != nil {
		t.Fatal(err)
	}
	if want := noon.Add(15 * time.Minute); !w.used.expires.Equal(want) {
		t.Errorf("remembered until %v, want %v", w.used.expires, want)
	}
	_, err := w.authenticate(assertionOf(jwt))
	wantCode(t, err, aadsts.AssertionClaims, jwt)
	_, err = w.authenticate(assertionOf(sign(t, jose.PS256, key, nil, ownClaims(map[string]any{"jti": nil}))))
	wantCode(t, err, aadsts.MissingField)
	_, err = w.authenticate(assertionOf(sign(t, jose.PS256, key, nil, ownClaims(map[string]any{"jti": 5}))))
	wantCode(t, err, aadsts.AssertionClaims)
	w.used.fail = directory.ErrUnavailable
	_, err = w.authenticate(assertionOf(sign(t, jose.PS256, key, nil, ownClaims(map[string]any{"jti": "z"}))))
	if !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("the store failed, got %v", err)
	}
}

// An assertion that fails must not use up its jti: the client could not repair
// what it did wrong.
func TestSingleUseCountsOnlyGoodAssertions(t *testing.T) {
	key, _ := testKey(t, "rsa-1")
	w := withKeys(t, "rsa-1")
	w.app.SingleUseClientAssertion = true
	_, err := w.authenticate(assertionOf(sign(t, jose.PS256, key, nil, ownClaims(map[string]any{"aud": "x"}))))
	wantCode(t, err, aadsts.AssertionAudience)
	if len(w.used.seen) != 0 {
		t.Error("a refused assertion was written down")
	}
}

func TestSingleUseRace(t *testing.T) {
	key, _ := testKey(t, "rsa-1")
	w := withKeys(t, "rsa-1")
	w.app.SingleUseClientAssertion = true
	jwt := sign(t, jose.PS256, key, nil, ownClaims(nil))
	var wg sync.WaitGroup
	passed := make(chan bool, 8)
	for range cap(passed) {
		wg.Go(func() {
			req := assertionOf(jwt)
			req.Audiences = func() []string { return []string{tokenURL} }
			_, err := w.auth.Authenticate(t.Context(), w.app, nil, req)
			passed <- err == nil
		})
	}
	wg.Wait()
	close(passed)
	n := 0
	for ok := range passed {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of 8 passed", n)
	}
}
