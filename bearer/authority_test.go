package bearer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/bearer"
)

// What the tests' world consists of. Hosts are Entra's, so that its shapes are what
// is tested; a transport of our own answers, and nothing leaves the process.
const (
	tenant1   = "6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13"
	tenant2   = "0d4c1b7e-58f2-4f07-9a36-e1b2c3d4f506"
	consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"
	apiID     = "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"
	apiURI    = "api://orders"
	clientID  = "9c5b2e40-17d8-4a6f-b0e3-41f7a2c8d905"
	userID    = "a8c3f5d0-71b2-4e69-95da-0c4e7b1f6d82"
)

// issued is when the tests' tokens were issued; epoch is the tests' first now.
var (
	issued = time.Unix(1772424069, 0)
	epoch  = issued.Add(10 * time.Minute)
)

// A testKey is a private key and the identifier it is published with.
type testKey struct {
	kid    string
	signer crypto.Signer
}

var loadKey = sync.OnceValues(func() (map[string]crypto.Signer, error) {
	keys := map[string]crypto.Signer{}
	files, err := filepath.Glob("testdata/*.pem")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(text)
		var key crypto.Signer
		if key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			if key, err = x509.ParseECPrivateKey(block.Bytes); err != nil {
				return nil, err
			}
		}
		keys[strings.TrimSuffix(filepath.Base(file), ".pem")] = key
	}
	return keys, nil
})

// key gives the key in testdata of that name, published under the same name.
func key(t testing.TB, name string) testKey {
	t.Helper()
	keys, err := loadKey()
	if err != nil {
		t.Fatal(err)
	}
	if keys[name] == nil {
		t.Fatalf("no key %q in testdata", name)
	}
	return testKey{name, keys[name]}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// object is a JSON object to be.
type object map[string]any

func (o object) with(more object) object {
	out := maps.Clone(o)
	for name, v := range more {
		if v == nil {
			delete(out, name)
		} else {
			out[name] = v
		}
	}
	return out
}

func (o object) json() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// jwk is the published form of the key. Members of more replace or (nil) remove.
func (k testKey) jwk(more object) object {
	o := object{"use": "sig", "kid": k.kid}
	switch public := k.signer.Public().(type) {
	case *rsa.PublicKey:
		o["kty"], o["n"], o["e"] = "RSA", b64(public.N.Bytes()), b64(big.NewInt(int64(public.E)).Bytes())
		o["x5t"] = k.kid
		o["x5c"] = []string{"bm90IGEgY2VydGlmaWNhdGU="} // must not matter
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			panic(err)
		}
		half := len(point) / 2
		o["kty"], o["crv"] = "EC", public.Curve.Params().Name
		o["x"], o["y"] = b64(point[1:1+half]), b64(point[1+half:])
	}
	return o.with(more)
}

// sign makes a compact JWS of two texts, which need not be well-formed.
func (k testKey) sign(header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(k.signature(input))
}

func (k testKey) signature(input string) []byte {
	sum := sha256.Sum256([]byte(input))
	if private, ok := k.signer.(*ecdsa.PrivateKey); ok {
		r, s, err := ecdsa.Sign(rand.Reader, private, sum[:])
		if err != nil {
			panic(err)
		}
		size := (private.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	sig, err := k.signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return sig
}

// token signs claims in the way of the platform.
func (k testKey) token(claims object) string {
	return k.sign(k.header().json(), claims.json())
}

func (k testKey) header() object {
	alg := "RS256"
	if _, ok := k.signer.(*ecdsa.PrivateKey); ok {
		alg = "ES256"
	}
	return object{"typ": "JWT", "alg": alg, "kid": k.kid}
}

// delegatedV2 is a version 2.0 token of Entra's shape for a person.
func delegatedV2() object {
	return object{
		"aud": apiID, "iss": "https://login.microsoftonline.com/" + tenant1 + "/v2.0",
		"iat": issued.Unix(), "nbf": issued.Unix(), "exp": issued.Unix() + 4822,
		"aio": "AVQAq/8ZAAAA", "azp": clientID, "azpacr": "0", "name": "Hana Mori", "oid": userID,
		"preferred_username": "hana@acme.example", "rh": "1.AXoAUhw_ag6de0uMQS9dfpCrE.",
		"roles": []string{"Orders.Approver"}, "scp": "Orders.Read Orders.Write",
		"sub": "Zl2bqvJ0cM5rT1uXo8wE7yHn4kPd3sAgQfViB9LmRzU", "tid": tenant1,
		"uti": "pZ0k3YbXq0yH1vN5cR2uAA", "ver": "2.0",
	}
}

// delegatedV1 is a version 1.0 token of Entra's shape for a person.
func delegatedV1() object {
	return object{
		"aud": apiURI, "iss": "https://sts.windows.net/" + tenant1 + "/",
		"iat": issued.Unix(), "nbf": issued.Unix(), "exp": issued.Unix() + 4822,
		"acr": "1", "aio": "AVQAq/8ZAAAA", "amr": []string{"pwd", "mfa"}, "appid": clientID, "appidacr": "0",
		"family_name": "Mori", "given_name": "Hana", "ipaddr": "203.0.113.24", "name": "Hana Mori",
		"oid": userID, "rh": "1.AXoAUhw_ag6de0uMQS9dfpCrE.", "scp": "Orders.Read",
		"sub": "Zl2bqvJ0cM5rT1uXo8wE7yHn4kPd3sAgQfViB9LmRzU", "tid": tenant1,
		"unique_name": "hana@acme.example", "upn": "hana@acme.example", "uti": "pZ0k3YbXq0yH1vN5cR2uAA", "ver": "1.0",
	}
}

// appOnlyV2 is a version 2.0 token for an application that acts for itself.
func appOnlyV2() object {
	const servicePrincipal = "c41d7e88-5a60-4b9f-8e23-f7a09b15d6c4"
	return delegatedV2().with(object{
		"scp": nil, "name": nil, "preferred_username": nil, "roles": []string{"Orders.Read.All"},
		"azpacr": "2", "oid": servicePrincipal, "sub": servicePrincipal,
	})
}

// An authority answers for metadata and keys as Entra does.
type authority struct {
	host string // of metadata and version 2.0 tokens
	sts  string // of version 1.0 tokens

	mu       sync.Mutex
	keys     []object          // of the version 2.0 key set
	keysV1   []object          // of the version 1.0 key set
	override map[string]string // path → body
	status   int               // instead of 200
	down     bool
	count    map[string]int // path → requests
	others   []string       // requests to other hosts

	// gate, if set, is received from before each key set is answered.
	gate chan struct{}
}

// newAuthority publishes keys, in version 2.0 for any tenant, as Entra does on common.
func newAuthority(keys ...testKey) *authority {
	a := &authority{
		host: "login.microsoftonline.com", sts: "sts.windows.net",
		count: map[string]int{}, override: map[string]string{},
	}
	a.publish(keys...)
	return a
}

func (a *authority) publish(keys ...testKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys, a.keysV1 = nil, nil
	for _, k := range keys {
		a.keys = append(a.keys, k.jwk(object{"issuer": "https://" + a.host + "/{tenantid}/v2.0"}))
		a.keysV1 = append(a.keysV1, k.jwk(nil))
	}
}

func (a *authority) setDown(down bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = down
}

// fetches is the number of requests for keys, of both versions.
func (a *authority) fetches() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for path, c := range a.count {
		if strings.HasSuffix(path, "/keys") {
			n += c
		}
	}
	return n
}

// ServeHTTP makes an authority an http.Handler, for the tests that use a real
// connection.
func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count[r.URL.Path]++
	_, _ = io.WriteString(w, strings.ReplaceAll(a.answer(r.URL.Path), "https://"+a.host, "http://"+a.host))
}

// RoundTrip makes an authority an http.RoundTripper.
func (a *authority) RoundTrip(r *http.Request) (*http.Response, error) {
	path := strings.ToLower(r.URL.Path)
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.URL.Host != a.host {
		a.others = append(a.others, r.URL.String())
		return nil, fmt.Errorf("no route to %s", r.URL.Host)
	}
	a.count[path]++
	if a.gate != nil && strings.HasSuffix(path, "/keys") {
		gate := a.gate
		a.mu.Unlock()
		select {
		case <-gate:
		case <-r.Context().Done():
		}
		a.mu.Lock()
		if err := context.Cause(r.Context()); err != nil {
			return nil, err
		}
	}
	if a.down {
		return nil, errors.New("connection refused")
	}
	body, status := a.answer(path), http.StatusOK
	if a.status != 0 {
		status = a.status
	} else if body == "" {
		status = http.StatusNotFound
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Location": {"https://elsewhere.example/"}},
		Body: io.NopCloser(bytes.NewBufferString(body)), Request: r,
	}, nil
}

func (a *authority) answer(path string) string {
	if body, ok := a.override[path]; ok {
		return body
	}
	base := "https://" + a.host + "/"
	name, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	tenant := name
	switch name {
	case "common", "organizations":
		tenant = "{tenantid}"
	case "consumers":
		tenant = consumers
	case "acme.example":
		tenant = tenant1
	}
	switch rest {
	case "v2.0/.well-known/openid-configuration":
		return object{
			"issuer": base + tenant + "/v2.0", "jwks_uri": base + name + "/discovery/v2.0/keys",
			"authorization_endpoint": base + name + "/oauth2/v2.0/authorize", "tenant_region_scope": nil,
		}.json()
	case ".well-known/openid-configuration":
		return object{
			"issuer": "https://" + a.sts + "/" + tenant + "/", "jwks_uri": base + "common/discovery/keys",
		}.json()
	case "discovery/v2.0/keys":
		return object{"keys": a.keys}.json()
	case "discovery/keys":
		return object{"keys": a.keysV1}.json()
	}
	return ""
}

// A clock is time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: epoch} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// verifier makes a Verifier for one tenant of a; change alters its configuration.
func verifier(t testing.TB, a *authority, change func(*bearer.Config)) *bearer.Verifier {
	t.Helper()
	cfg := bearer.Config{
		Authority:  "https://" + a.host + "/" + tenant1,
		Audiences:  []string{apiID, apiURI},
		HTTPClient: &http.Client{Transport: a},
		Now:        func() time.Time { return epoch },
	}
	if change != nil {
		change(&cfg)
	}
	v, err := bearer.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wantReason fails the test unless err is a refusal for that reason; with "" unless
// there is none.
func wantReason(t testing.TB, err error, want bearer.Reason) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && err == nil:
		t.Errorf("accepted, want refusal for %q", want)
	case want != "" && !errors.Is(err, want):
		t.Errorf("refused for %v, want %q", err, want)
	}
}
