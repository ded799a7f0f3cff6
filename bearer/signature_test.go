package bearer_test

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/bearer"
)

// TestAlgorithms: each algorithm in the header, with each kind of key behind it.
func TestAlgorithms(t *testing.T) {
	rsa1, ec1 := key(t, "rsa1"), key(t, "ec1")
	published := newAuthority(rsa1, ec1, key(t, "ec384"), key(t, "rsa1024"))
	public := rsa1.signer.Public().(*rsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})

	both := verifier(t, published, func(c *bearer.Config) { c.Algorithms = []string{"RS256", "ES256"} })
	rsOnly := verifier(t, published, nil)
	esOnly := verifier(t, published, func(c *bearer.Config) { c.Algorithms = []string{"ES256"} })

	for _, k := range []testKey{rsa1, ec1, key(t, "ec384"), key(t, "rsa1024")} {
		for _, alg := range []string{
			"RS256", "ES256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES384", "ES512", "EdDSA",
			"HS256", "HS384", "HS512", "none", "None", "NONE", "nOnE", "", "dir", "RSA-OAEP", "RS256 ",
		} {
			t.Run(k.kid+" "+alg, func(t *testing.T) {
				raw := k.sign(k.header().with(object{"alg": alg}).json(), delegatedV2().json())
				for name, v := range map[string]*bearer.Verifier{"RS256": rsOnly, "ES256": esOnly, "RS256 and ES256": both} {
					want := bearer.Algorithm
					switch {
					case !slices.Contains(strings.Fields(name), alg):
					case strings.HasSuffix(k.kid, "1024"), strings.HasSuffix(k.kid, "384"):
						want = bearer.UnknownKey // never taken from the key set
					case k.kid == "rsa1" && alg == "RS256", k.kid == "ec1" && alg == "ES256":
						want = ""
					}
					_, err := v.Verify(t.Context(), raw)
					t.Run("accepting "+name, func(t *testing.T) { wantReason(t, err, want) })
				}
			})
		}
	}

	// The public key as an HMAC secret, in the two forms that others fell for.
	for name, secret := range map[string][]byte{"PEM": asPEM, "DER": der, "modulus": public.N.Bytes()} {
		input := b64([]byte(object{"typ": "JWT", "alg": "HS256", "kid": "rsa1"}.json())) + "." + b64([]byte(delegatedV2().json()))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		_, err := both.Verify(t.Context(), input+"."+b64(mac.Sum(nil)))
		t.Run("HMAC with "+name, func(t *testing.T) { wantReason(t, err, bearer.Algorithm) })
	}

	// ECDSA signatures of zeros, of the wrong length, in DER.
	head := b64([]byte(ec1.header().json())) + "." + b64([]byte(delegatedV2().json()))
	for name, sig := range map[string][]byte{
		"zeros": make([]byte, 64), "short": make([]byte, 63), "long": append(ec1.signature(head), 0), "empty": nil,
		"DER": {0x30, 6, 2, 1, 1, 2, 1, 1},
	} {
		_, err := both.Verify(t.Context(), head+"."+b64(sig))
		t.Run("ECDSA "+name, func(t *testing.T) { wantReason(t, err, bearer.Signature) })
	}
}

// TestKeyIssuer: a key that is bound to an issuer signs for no other.
func TestKeyIssuer(t *testing.T) {
	k := key(t, "rsa1")
	const host = "https://login.microsoftonline.com/"
	claims := func(ver, tenant string) object {
		if ver == "1.0" {
			return delegatedV1().with(object{"tid": tenant, "iss": "https://sts.windows.net/" + tenant + "/"})
		}
		return delegatedV2().with(object{"tid": tenant, "iss": host + tenant + "/v2.0"})
	}
	tests := []struct {
		name, issuer, ver, tenant string
		want                      bearer.Reason
	}{
		{"any tenant", host + "{tenantid}/v2.0", "2.0", tenant1, ""},
		{"its own tenant", host + tenant1 + "/v2.0", "2.0", tenant1, ""},
		{"another tenant", host + tenant2 + "/v2.0", "2.0", tenant1, bearer.KeyIssuer},
		{"the consumers' key for an organisation", host + consumers + "/v2.0", "2.0", tenant1, bearer.KeyIssuer},
		{"the consumers' key for consumers", host + consumers + "/v2.0", "2.0", consumers, ""},
		{"another host", "https://login.evil.example/{tenantid}/v2.0", "2.0", tenant1, bearer.KeyIssuer},
		{"version 1.0 key for version 2.0", "https://sts.windows.net/{tenantid}/", "2.0", tenant1, bearer.KeyIssuer},
		{"not bound", "", "2.0", tenant1, ""},
		{"unknown form", "https://login.microsoftonline.com/", "2.0", tenant1, bearer.UnknownKey},
		{"version 1.0, not bound", "", "1.0", tenant1, ""},
		{"version 1.0, version 2.0 form", host + "{tenantid}/v2.0", "1.0", tenant1, ""},
		{"version 1.0, version 2.0 form with the same host", "https://sts.windows.net/{tenantid}/v2.0", "1.0", tenant1, ""},
		{"version 1.0, its own form", "https://sts.windows.net/" + tenant1 + "/", "1.0", tenant1, ""},
		{"version 1.0, another tenant", host + tenant2 + "/v2.0", "1.0", tenant1, bearer.KeyIssuer},
		{"version 1.0, the consumers' key", host + consumers + "/v2.0", "1.0", tenant1, bearer.KeyIssuer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAuthority(k)
			jwk := k.jwk(object{"issuer": tt.issuer})
			if tt.issuer == "" {
				delete(jwk, "issuer")
			}
			second := key(t, "rsa2").jwk(nil)
			a.keys, a.keysV1 = []object{jwk, second}, []object{jwk, second}
			v := verifier(t, a, func(c *bearer.Config) {
				c.Authority, c.TenantAllowed = host+"common", bearer.AnyTenant
			})
			_, err := v.Verify(t.Context(), k.token(claims(tt.ver, tt.tenant)))
			wantReason(t, err, tt.want)
		})
	}
}
