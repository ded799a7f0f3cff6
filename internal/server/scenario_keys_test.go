package server_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/sekishotest"
)

// elsewhere are rows of the catalogue whose scenario needs more than one
// request: each is a test of its own in this package.
var elsewhere = map[string]int{
	"request/too many requests": 90055, // TestTooManyRequests
	"storage/recorder full":     90024, // TestRecorderFull
}

var tenants atomic.Int64

func nextTenant() int64 { return tenants.Add(1) }

// clientKey is a key pair of testdata with a certificate made at the time of
// the test.
type clientKey struct {
	key *rsa.PrivateKey
	der []byte
}

func loadKey(t testing.TB, name string, now time.Time) *clientKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("%s holds no PEM", name)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key := parsed.(*rsa.PrivateKey)
	now = now.Truncate(24 * time.Hour) // the same certificate a second later
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(365 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &clientKey{key: key, der: der}
}

// assertion signs a client assertion. Arguments are name=value: key (good,
// other, issuer), alg, typ of thumbprint (x5t, x5t256, kid, none), and the
// claims iss, sub, aud, exp, nbf (seconds from now, or "none"), jti.
func (w *world) assertion(args []string) string {
	w.t.Helper()
	now := w.srv.Now()
	opt := map[string]string{"key": "good", "alg": "PS256", "hint": "x5t256", "exp": "600", "nbf": "-10"}
	claims := map[string]any{
		"iss": w.vars["daemon"], "sub": w.vars["daemon"], "aud": w.srv.URL + "/" + w.vars["tenant"] + "/oauth2/v2.0/token", "jti": "j" + w.vars["tenant"],
	}
	for _, a := range args {
		name, value, _ := strings.Cut(a, "=")
		switch name {
		case "iss", "sub", "aud", "scp", "azp", "jti":
			claims[name] = w.expand(strings.ReplaceAll(strings.ReplaceAll(value, "<", "{"), ">", "}"))
			if value == "none" {
				delete(claims, name)
			}
		default:
			opt[name] = value
		}
	}
	for _, name := range []string{"exp", "nbf"} {
		if opt[name] == "none" {
			continue
		}
		d, err := time.ParseDuration(opt[name] + "s")
		if err != nil {
			w.t.Fatal(err)
		}
		claims[name] = now.Add(d).Unix()
	}
	if opt["key"] == "own" {
		payload, err := json.Marshal(claims)
		if err != nil {
			w.t.Fatal(err)
		}
		token, err := w.srv.Dev.Sign(payload)
		if err != nil {
			w.t.Fatal(err)
		}
		return token
	}
	return sign(w.t, loadKey(w.t, opt["key"], now), opt["alg"], opt["hint"], claims)
}

func sign(t testing.TB, k *clientKey, alg, hint string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	if alg == "none" {
		enc := base64.RawURLEncoding
		return enc.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + enc.EncodeToString(payload) + "."
	}
	key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: k.key}
	if strings.HasPrefix(alg, "HS") {
		// Algorithm confusion: the public key as an HMAC secret.
		key.Key = x509.MarshalPKCS1PublicKey(&k.key.PublicKey)
	}
	opts := (&jose.SignerOptions{}).WithType("JWT")
	s1, s256 := sha1.Sum(k.der), sha256.Sum256(k.der)
	switch hint {
	case "x5t":
		opts = opts.WithHeader("x5t", base64.RawURLEncoding.EncodeToString(s1[:]))
	case "x5t256":
		opts = opts.WithHeader("x5t#S256", base64.StdEncoding.EncodeToString(s256[:]))
	case "kid":
		opts = opts.WithHeader("kid", base64.URLEncoding.EncodeToString(s1[:]))
	}
	signer, err := jose.NewSigner(key, opts)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// stepIssuer starts a foreign issuer that signs with testdata's key "issuer":
// its address becomes {issuer}. "issuer certificate" instead uploads the
// certificate of key "good" to the daemon.
func (w *world) stepIssuer(st step) {
	if len(st.args) > 0 && st.args[0] == "certificate" {
		k := loadKey(w.t, "good", w.srv.Now())
		w.graph(w.admin, "PATCH", "/v1.0/applications/"+w.vars["daemon.id"],
			`{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","displayName":"CN=good","key":"`+base64.StdEncoding.EncodeToString(k.der)+`"}]}`, 204)
		return
	}
	var at string
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(rw http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(rw).Encode(map[string]string{"issuer": at, "jwks_uri": at + "/keys"})
	})
	key := loadKey(w.t, "issuer", w.srv.Now())
	mux.HandleFunc("/keys", func(rw http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(rw).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.key.Public(), KeyID: "k1", Use: "sig"}}})
	})
	issuer := httptest.NewServer(mux)
	w.t.Cleanup(issuer.Close)
	at = issuer.URL
	w.vars["issuer"] = at
}

// stepRevokeKeys revokes every signing key; the scenario must be the last of
// its file.
func (w *world) stepRevokeKeys(step) {
	if err := w.srv.Dev.RevokeAllKeys(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// stepFail makes the next storage operation of a kind fail.
func (w *world) stepFail(st step) {
	w.srv.Dev.FailNext(st.args[0], errors.New("disk full"))
}

// stepFlood sends the same request until it is answered with the status.
func (w *world) stepFlood(st step) {
	for range 1000 {
		w.stepToken(st)
		if len(st.args) > 0 && st.args[0] == http.StatusText(w.status) {
			return
		}
	}
}

// stepVerified checks the access token of the last answer against the published
// keys.
func (w *world) stepVerified(step) {
	token := w.at("access_token")
	req := w.request("GET", w.srv.URL+"/"+w.vars["tenant"]+"/discovery/v2.0/keys", nil)
	resp, err := w.srv.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		w.t.Fatal(err)
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		w.t.Fatal(err)
	}
	keys := set.Key(jws.Signatures[0].Protected.KeyID)
	if len(keys) != 1 {
		w.t.Fatalf("%d published keys with the kid of the token", len(keys))
	}
	if _, err := jws.Verify(keys[0].Key); err != nil {
		w.t.Error(err)
	}
}

// noSecretLogged greps the server's log for what must never be in it.
func noSecretLogged(t *testing.T, srv *sekishotest.Server) {
	t.Helper()
	b := srv.Bootstrap
	for what, secret := range map[string]string{"client secret": b.ClientSecret, "password": b.AdminPassword, "assertion or token": "eyJ"} {
		if srv.Log.Contains(secret) {
			t.Errorf("the log holds a %s", what)
		}
	}
}
