// Package issuer is an OpenID Connect issuer for tests: it publishes its metadata
// and its key, and signs whatever it is told to. It stands for GitHub Actions, for
// a Kubernetes cluster, and for an authority of Entra's shape.
package issuer

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/samples/internal/testkey"
)

// Issuer is a running issuer. Any path of it is an issuer too: the metadata at
// URL/x/.well-known/openid-configuration is that of issuer URL/x.
type Issuer struct {
	*httptest.Server
	signer jose.Signer
}

const wellKnown = "/.well-known/openid-configuration"

// New starts an issuer.
func New(t testing.TB) *Issuer {
	t.Helper()
	key := jose.JSONWebKey{Key: testkey.Load(t, "rsa-1"), KeyID: "key-1", Algorithm: "RS256", Use: "sig"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{signer: signer}
	i.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, found := strings.CutSuffix(r.URL.Path, wellKnown)
		var answer any
		switch {
		case found:
			answer = map[string]any{
				"issuer": i.URL + path, "jwks_uri": i.URL + "/keys",
				"id_token_signing_alg_values_supported": []string{"RS256"},
			}
		case r.URL.Path == "/keys":
			answer = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}}
		default:
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // an error means that the client has gone
	}))
	t.Cleanup(i.Close)
	return i
}

// Sign signs claims. iss, iat, nbf and exp are filled in where they are missing.
func (i *Issuer) Sign(t testing.TB, claims map[string]any) string {
	t.Helper()
	now := time.Now()
	all := map[string]any{"iss": i.URL, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	payload, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := i.signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
