package clientauth

import (
	"context"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/internal/domain/clientauth/issuer"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

const (
	clientID = "0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36"
	otherID  = "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"
	tenantID = "6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13"
	base     = "https://login.sekisho.example"
	tokenURL = base + "/" + tenantID + "/oauth2/v2.0/token"
	exchange = "api://AzureADTokenExchange"
	keyID1   = directory.ID("11111111-1111-4111-8111-111111111111")
	keyID2   = directory.ID("22222222-2222-4222-8222-222222222222")
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// testKey reads the private key and the certificate of testdata/<name>.*.pem.
func testKey(t testing.TB, name string) (crypto.Signer, []byte) {
	t.Helper()
	der := func(kind string) []byte {
		b, err := os.ReadFile(filepath.Join("testdata", name+"."+kind+".pem"))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(b)
		return block.Bytes
	}
	key, err := x509.ParsePKCS8PrivateKey(der("key"))
	if err != nil {
		t.Fatal(err)
	}
	return key.(crypto.Signer), der("cert")
}

// credentialOf registers the certificate of a test key.
func credentialOf(t testing.TB, name string, id directory.ID) directory.KeyCredential {
	_, der := testKey(t, name)
	return directory.KeyCredential{
		KeyID: id, Type: directory.KeyTypeX509, Usage: directory.UsageVerify, DER: der,
		StartAt: noon.AddDate(-1, 0, 0), EndAt: noon.AddDate(1, 0, 0),
		SHA1: sha1.Sum(der), SHA256: sha256.Sum256(der),
	}
}

// world is an Authenticator with a clock and one application.
type world struct {
	t     testing.TB
	now   time.Time
	auth  *Authenticator
	app   *directory.Application
	used  *usedAssertions
	calls int // of Audiences
}

func newWorld(t testing.TB, conf ...func(*issuer.Config)) *world {
	t.Helper()
	w := &world{t: t, now: noon, used: &usedAssertions{seen: map[[32]byte]bool{}}}
	clock := func() time.Time { return w.now }
	c := issuer.Config{Now: clock}
	for _, f := range conf {
		f(&c)
	}
	hasher, err := NewSecretHasher([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	w.auth = New(Config{Now: clock, Secrets: hasher, Issuers: issuer.New(c), Assertions: w.used})
	w.app = &directory.Application{AppID: clientID, TenantID: directory.MustTenantID(tenantID)}
	return w
}

// authenticate sends a request the way the endpoint does.
func (w *world) authenticate(req *Request) (*Client, error) {
	w.t.Helper()
	if req.Audiences == nil {
		req.Audiences = func() []string { w.calls++; return Audiences(base, tenantID, "hakone.example", "common") }
	}
	id, err := Identify(req)
	if err != nil {
		return nil, err
	}
	if id != w.app.AppID {
		w.t.Fatalf("identified %q", id)
	}
	return w.auth.Authenticate(context.Background(), w.app, nil, req)
}

func assertionOf(jwt string) *Request {
	return &Request{ClientID: clientID, Assertion: jwt, AssertionType: oauth2.AssertionJWT}
}

// ownClaims are those of a correct assertion of the client; change overrides,
// nil removes.
func ownClaims(change map[string]any) map[string]any {
	c := map[string]any{
		"iss": clientID, "sub": clientID, "aud": tokenURL, "jti": "a1",
		"exp": noon.Add(10 * time.Minute).Unix(), "nbf": noon.Unix(), "iat": noon.Unix(),
	}
	return override(c, change)
}

func override(c, change map[string]any) map[string]any {
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// sign makes a JWT; a nil value in header stays out.
func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, header, claims map[string]any) string {
	t.Helper()
	o := (&jose.SignerOptions{}).WithType("JWT")
	for k, v := range header {
		o.WithHeader(jose.HeaderKey(k), v)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	jwt, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

// rawJWT writes three parts as they are given.
func rawJWT(header, claims, signature string) string {
	e := base64.RawURLEncoding.EncodeToString
	return e([]byte(header)) + "." + e([]byte(claims)) + "." + e([]byte(signature))
}

// wantCode checks the refusal and that it does not repeat what it refused.
func wantCode(t testing.TB, err error, want aadsts.Code, secrets ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want AADSTS%d", err, want.Number())
	}
	for _, s := range secrets {
		for _, p := range append(strings.Split(s, "."), s) {
			if len(p) > 8 && strings.Contains(err.Error(), p) {
				t.Errorf("the error repeats what was sent: %v", err)
			}
		}
	}
}

// usedAssertions is the store of assertions in memory.
type usedAssertions struct {
	mu      sync.Mutex
	seen    map[[32]byte]bool
	expires time.Time
	fail    error
}

func (u *usedAssertions) UseAssertion(_ context.Context, _ directory.TenantID, _ directory.ID, jti [32]byte, expires time.Time) (bool, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.fail != nil {
		return false, u.fail
	}
	fresh := !u.seen[jti]
	u.seen[jti], u.expires = true, expires
	return fresh, nil
}
