package clientauth

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/clientauth/issuer"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// foreign is an issuer over TLS on loopback.
type foreign struct {
	*httptest.Server
	mu      sync.Mutex
	keys    []jose.JSONWebKey
	names   string // issuer that the document names, "" for the right one
	fetches int    // of the key set
}

func newForeign(t *testing.T, keys ...jose.JSONWebKey) *foreign {
	f := &foreign{keys: keys}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		name := f.URL
		if f.names != "" {
			name = f.names
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": name, "jwks_uri": f.URL + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.fetches++
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: f.keys})
	})
	f.Server = httptest.NewUnstartedServer(mux)
	f.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are part of the tests
	f.StartTLS()
	t.Cleanup(f.Close)
	return f
}

// trust lets a world reach the issuer.
func (f *foreign) trust(c *issuer.Config) {
	c.AllowLoopback = true
	c.RootCAs = x509.NewCertPool()
	c.RootCAs.AddCert(f.Certificate())
}

func publicKey(t testing.TB, name, kid string) jose.JSONWebKey {
	key, _ := testKey(t, name)
	return jose.JSONWebKey{Key: key.Public(), KeyID: kid, Use: "sig"}
}

const (
	ficID         = directory.ID("66666666-6666-4666-8666-666666666666")
	githubSubject = "repo:contoso/orders:ref:refs/heads/main"
	k8sSubject    = "system:serviceaccount:shop:orders"
)

func (w *world) federate(iss, sub string) {
	w.app.Federated = append(w.app.Federated, directory.FederatedIdentityCredential{
		ID: ficID, Name: "ci", Issuer: iss, Subject: sub, Audiences: []string{exchange},
	})
}

// githubClaims has the shape of a GitHub Actions token.
func githubClaims(iss string, change map[string]any) map[string]any {
	return override(map[string]any{
		"iss": iss, "sub": githubSubject, "aud": exchange, "jti": "example-id", "ref": "refs/heads/main",
		"sha": "example-sha", "repository": "contoso/orders", "repository_owner": "contoso", "actor": "octocat",
		"workflow": "deploy", "event_name": "push", "job_workflow_ref": "contoso/orders/.github/workflows/d.yml@refs/heads/main",
		"nbf": noon.Unix() - 600, "iat": noon.Unix(), "exp": noon.Unix() + 300,
	}, change)
}

// kubernetesClaims has the shape of a projected service-account token.
func kubernetesClaims(iss string) map[string]any {
	return map[string]any{
		"iss": iss, "sub": k8sSubject, "aud": []string{exchange},
		"nbf": noon.Unix(), "iat": noon.Unix(), "exp": noon.Unix() + 3600,
		"kubernetes.io": map[string]any{
			"namespace":      "shop",
			"pod":            map[string]any{"name": "orders-7d9", "uid": "u"},
			"serviceaccount": map[string]any{"name": "orders", "uid": "v"},
			"warnafter":      noon.Unix() + 3000,
		},
	}
}

func TestFederatedAssertions(t *testing.T) {
	key, _ := testKey(t, "rsa-1")
	ec, _ := testKey(t, "ec-256")
	stranger, _ := testKey(t, "rsa-2")
	f := newForeign(t, publicKey(t, "rsa-1", "k1"), publicKey(t, "ec-256", "k2"))
	kid := map[string]any{"kid": "k1"}
	github := func(change map[string]any) map[string]any { return githubClaims(f.URL, change) }
	for _, c := range []struct {
		name   string
		alg    jose.SignatureAlgorithm
		key    crypto.Signer
		header map[string]any
		claims map[string]any
		code   aadsts.Code
	}{
		{"GitHub", jose.RS256, key, kid, github(nil), aadsts.Code{}},
		{"Kubernetes", jose.RS256, key, kid, kubernetesClaims(f.URL), aadsts.Code{}},
		{"PS256", jose.PS256, key, kid, github(nil), aadsts.Code{}},
		{"ES256", jose.ES256, ec, map[string]any{"kid": "k2"}, github(nil), aadsts.Code{}},
		{"no kid", jose.ES256, ec, nil, github(nil), aadsts.Code{}},
		{"audience among several", jose.RS256, key, kid, github(map[string]any{"aud": []string{"a", exchange}}), aadsts.Code{}},

		{"unknown issuer", jose.RS256, key, kid, github(map[string]any{"iss": "https://other.example"}), aadsts.FederatedIssuer},
		{"issuer with a slash", jose.RS256, key, kid, github(map[string]any{"iss": f.URL + "/"}), aadsts.FederatedIssuer},
		{"issuer in capitals", jose.RS256, key, kid, github(map[string]any{"iss": strings.ToUpper(f.URL)}), aadsts.FederatedIssuer},
		{"issuer with a blank", jose.RS256, key, kid, github(map[string]any{"iss": f.URL + " "}), aadsts.FederatedIssuer},
		{"wrong audience", jose.RS256, key, kid, github(map[string]any{"aud": "api://other"}), aadsts.FederatedAudience},
		{"audience in capitals", jose.RS256, key, kid, github(map[string]any{"aud": strings.ToUpper(exchange)}), aadsts.FederatedAudience},
		{"no audience", jose.RS256, key, kid, github(map[string]any{"aud": nil}), aadsts.FederatedAudience},
		{"audience is a number", jose.RS256, key, kid, github(map[string]any{"aud": 5}), aadsts.AssertionClaims},
		{"audience is a list of numbers", jose.RS256, key, kid, github(map[string]any{"aud": []int{5}}), aadsts.AssertionClaims},
		{"wrong subject", jose.RS256, key, kid, github(map[string]any{"sub": "repo:evil/orders:ref:refs/heads/main"}), aadsts.FederatedSubject},
		{"subject with more behind it", jose.RS256, key, kid, github(map[string]any{"sub": githubSubject + "2"}), aadsts.FederatedSubject},
		{"subject differs by case", jose.RS256, key, kid, github(map[string]any{"sub": "repo:Contoso/orders:ref:refs/heads/main"}), aadsts.FederatedSubjectCase},
		{"expired", jose.RS256, key, kid, github(map[string]any{"exp": noon.Unix() - 300}), aadsts.AssertionTime},
		{"not yet", jose.RS256, key, kid, github(map[string]any{"nbf": noon.Unix() + 301}), aadsts.AssertionTime},
		{"made in the future", jose.RS256, key, kid, github(map[string]any{"iat": noon.Unix() + 301}), aadsts.AssertionTime},
		{"lives for a year", jose.RS256, key, kid, github(map[string]any{"exp": noon.Unix() + 365*86400}), aadsts.AssertionTime},
		{"no exp", jose.RS256, key, kid, github(map[string]any{"exp": nil}), aadsts.MissingField},
		{"no subject", jose.RS256, key, kid, github(map[string]any{"sub": nil}), aadsts.AssertionClaims},
		{"signed by a stranger", jose.RS256, stranger, kid, github(nil), aadsts.AssertionSignature},
		{"kid of the other key", jose.RS256, key, map[string]any{"kid": "k2"}, github(nil), aadsts.AssertionSignature},
		{"unknown kid", jose.RS256, key, map[string]any{"kid": "k9"}, github(nil), aadsts.AssertionSignature},
		{"kid is a number", jose.RS256, key, map[string]any{"kid": 1}, github(nil), aadsts.AssertionSignature},
		{"RS512", jose.RS512, key, kid, github(nil), aadsts.AssertionSignature},
		{"wrong subject, signed by a stranger", jose.RS256, stranger, kid, github(map[string]any{"sub": "guess"}), aadsts.AssertionSignature},
		{"certificate-shaped assertion", jose.RS256, key, kid, ownClaims(nil), aadsts.AssertionSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, f.trust)
			w.federate(f.URL, githubSubject)
			w.federate(f.URL, k8sSubject)
			jwt := sign(t, c.alg, c.key, c.header, c.claims)
			got, err := w.authenticate(assertionOf(jwt))
			if c.code != (aadsts.Code{}) {
				wantCode(t, err, c.code, jwt)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Method != audit.MethodFederated || got.CredentialID != ficID {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestFederatedSetups(t *testing.T) {
	key, _ := testKey(t, "rsa-1")
	f := newForeign(t, publicKey(t, "rsa-1", "k1"))
	jwt := sign(t, jose.RS256, key, map[string]any{"kid": "k1"}, githubClaims(f.URL, nil))

	t.Run("application without credentials", func(t *testing.T) {
		_, err := newWorld(t, f.trust).authenticate(assertionOf(jwt))
		wantCode(t, err, aadsts.NoFederatedCredential, jwt)
	})
	t.Run("managed identity", func(t *testing.T) {
		w := newWorld(t, f.trust)
		sp := &directory.ServicePrincipal{AppID: clientID, Type: directory.TypeManagedIdentity, Federated: []directory.FederatedIdentityCredential{
			{ID: ficID, Issuer: f.URL, Subject: githubSubject, Audiences: []string{exchange}},
		}}
		got, err := w.auth.Authenticate(t.Context(), nil, sp, assertionOf(jwt))
		if err != nil || got.App != nil || got.Principal != sp || got.CredentialID != ficID {
			t.Error(got, err)
		}
	})
	t.Run("production refuses loopback", func(t *testing.T) {
		w := newWorld(t)
		w.federate(f.URL, githubSubject)
		_, err := w.authenticate(assertionOf(jwt))
		wantCode(t, err, aadsts.AssertionSignature, jwt)
		if !errors.Is(err, issuer.ErrForbidden) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("issuer with a certificate of nobody", func(t *testing.T) {
		w := newWorld(t, func(c *issuer.Config) { c.AllowLoopback = true; c.RootCAs = x509.NewCertPool() })
		w.federate(f.URL, githubSubject)
		_, err := w.authenticate(assertionOf(jwt))
		wantCode(t, err, aadsts.AssertionSignature, jwt)
		if !errors.Is(err, issuer.ErrUnreachable) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("document names another issuer", func(t *testing.T) {
		g := newForeign(t, publicKey(t, "rsa-1", "k1"))
		g.names = "https://other.example"
		w := newWorld(t, g.trust)
		w.federate(g.URL, githubSubject)
		_, err := w.authenticate(assertionOf(sign(t, jose.RS256, key, nil, githubClaims(g.URL, nil))))
		wantCode(t, err, aadsts.AssertionSignature)
		if !errors.Is(err, issuer.ErrMismatch) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("caller gone", func(t *testing.T) {
		w := newWorld(t, f.trust)
		w.federate(f.URL, githubSubject)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := w.auth.Authenticate(ctx, w.app, nil, assertionOf(jwt))
		var refusal *aadsts.Error
		if !errors.Is(err, context.Canceled) || errors.As(err, &refusal) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("single use", func(t *testing.T) {
		w := newWorld(t, f.trust)
		w.federate(f.URL, githubSubject)
		w.app.SingleUseClientAssertion = true
		if _, err := w.authenticate(assertionOf(jwt)); err != nil {
			t.Fatal(err)
		}
		_, err := w.authenticate(assertionOf(jwt))
		wantCode(t, err, aadsts.AssertionClaims, jwt)
	})
}

func TestIssuerRollsItsKeys(t *testing.T) {
	f := newForeign(t, publicKey(t, "rsa-1", "old"))
	w := newWorld(t, f.trust)
	w.federate(f.URL, githubSubject)
	oldKey, _ := testKey(t, "rsa-1")
	newKey, _ := testKey(t, "rsa-2")
	before := sign(t, jose.RS256, oldKey, map[string]any{"kid": "old"}, githubClaims(f.URL, nil))
	after := sign(t, jose.RS256, newKey, map[string]any{"kid": "new"}, githubClaims(f.URL, nil))
	if _, err := w.authenticate(assertionOf(before)); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.keys = []jose.JSONWebKey{publicKey(t, "rsa-2", "new")}
	f.mu.Unlock()
	if _, err := w.authenticate(assertionOf(after)); err != nil {
		t.Fatal(err)
	}
	_, err := w.authenticate(assertionOf(before))
	wantCode(t, err, aadsts.AssertionSignature, before)
	if f.fetches != 2 {
		t.Errorf("%d fetches, want 2", f.fetches)
	}
}

// Tokens of this server itself, as a managed identity presents them.
func TestOwnTokens(t *testing.T) {
	const own = base + "/" + tenantID + "/v2.0"
	key, _ := testKey(t, "rsa-1")
	w := newWorld(t, func(c *issuer.Config) {
		c.Own = func(_ context.Context, iss string) ([]issuer.Key, bool, error) {
			return []issuer.Key{{ID: "k1", Algorithm: "RS256", Public: key.Public()}}, iss == own, nil
		}
	})
	w.auth.alive = func(_ context.Context, iss string, object directory.ID) (bool, error) {
		if object == ficID {
			return false, directory.ErrUnavailable
		}
		return iss == own && object == otherID, nil
	}
	w.federate(own, otherID)
	for _, c := range []struct {
		name   string
		alg    jose.SignatureAlgorithm
		change map[string]any
		code   aadsts.Code
	}{
		{"app-only, v2", "RS256", map[string]any{"azp": otherID}, aadsts.Code{}},
		{"app-only, v1", "RS256", map[string]any{"appid": otherID}, aadsts.Code{}},
		{"of a person", "RS256", map[string]any{"azp": otherID, "scp": "user_impersonation"}, aadsts.FederatedUserToken},
		{"of a person, without scopes", "RS256", map[string]any{"azp": otherID, "scp": ""}, aadsts.FederatedUserToken},
		{"ID token", "RS256", nil, aadsts.FederatedUserToken},
		{"key for another algorithm", "PS256", map[string]any{"azp": otherID}, aadsts.AssertionSignature},
		{"of a principal that is gone", "RS256", map[string]any{"azp": otherID, "oid": clientID}, aadsts.AssertionSignature},
		{"of nobody", "RS256", map[string]any{"azp": otherID, "oid": nil}, aadsts.AssertionClaims},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims := override(map[string]any{
				"iss": own, "sub": otherID, "oid": otherID, "aud": exchange, "exp": noon.Unix() + 3600,
			}, c.change)
			jwt := sign(t, c.alg, key, map[string]any{"kid": "k1"}, claims)
			_, err := w.authenticate(assertionOf(jwt))
			if c.code != (aadsts.Code{}) {
				wantCode(t, err, c.code, jwt)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	unsure := assertionOf(sign(t, jose.RS256, key, map[string]any{"kid": "k1"}, map[string]any{
		"iss": own, "sub": otherID, "oid": ficID, "azp": otherID, "aud": exchange, "exp": noon.Unix() + 3600,
	}))
	if _, err := w.authenticate(unsure); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("where the directory does not answer: %v", err)
	}
	broken := newWorld(t, func(c *issuer.Config) {
		c.Own = func(context.Context, string) ([]issuer.Key, bool, error) { return nil, false, directory.ErrUnavailable }
	})
	broken.federate(own, otherID)
	_, err := broken.authenticate(assertionOf(sign(t, jose.RS256, key, nil, map[string]any{"iss": own, "sub": otherID})))
	if !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
