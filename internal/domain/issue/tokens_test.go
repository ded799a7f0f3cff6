package issue

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

var update = flag.Bool("update", false, "rewrite the golden tokens")

// ledger is a store of sign-in records that a test can look into.
type ledger struct {
	records []*audit.SignIn
	err     error
}

func (l *ledger) AppendWith(ctx context.Context, batch []*audit.SignIn, acts []audit.Act) ([]error, error) {
	said := make([]error, len(acts))
	for i, act := range acts {
		said[i] = act(ctx)
	}
	return said, l.AppendSignIns(ctx, batch)
}

func (l *ledger) AppendSignIns(_ context.Context, batch []*audit.SignIn) error {
	if l.err == nil {
		l.records = append(l.records, batch...)
	}
	return l.err
}

func (l *ledger) SignIn(context.Context, [16]byte, [16]byte) (*audit.SignIn, error) {
	return nil, audit.ErrNoRecord
}

func (l *ledger) SweepSignIns(context.Context, time.Time, int) (int, error) { return 0, nil }

// ring is a key ring of fixed keys.
type ring struct {
	set     *signingkey.Set
	ensured []string
}

func (r *ring) Set() *signingkey.Set { return r.set }

func (r *ring) EnsureAlgorithm(_ context.Context, ring, alg string) error {
	r.ensured = append(r.ensured, ring+" "+alg)
	return nil
}

func testKey(t *testing.T) *signingkey.Key {
	t.Helper()
	text, err := os.ReadFile("testdata/signing.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	private := parsed.(crypto.Signer)
	der := certificate(t, private)
	key, err := signingkey.NewKey(signingkey.Stored{
		KID: signingkey.Thumbprint(der), Ring: signingkey.Organizations, Algorithm: signingkey.RS256, Cert: der,
		CreatedAt: issuedAt.Add(-time.Hour), PublishAt: issuedAt.Add(-time.Hour), ActivateAt: issuedAt.Add(-time.Hour),
	}, private)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// certificate is that of a test key. RSASSA-PKCS1-v1_5 draws nothing, so it and
// its thumbprint are the same at each run.
func certificate(t *testing.T, private crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "golden"},
		NotBefore: issuedAt.Add(-time.Hour), NotAfter: issuedAt.AddDate(5, 0, 0),
	}
	der, err := x509.CreateCertificate(nil, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// lookup has lifetime policies and nothing else.
type lookup struct {
	directory.Lookup
	policies map[directory.ID]*directory.TokenLifetimePolicy
}

func (l lookup) TokenLifetimePolicy(_ context.Context, _ directory.TenantID, id directory.ID) (*directory.TokenLifetimePolicy, error) {
	if p, ok := l.policies[id]; ok {
		return p, nil
	}
	return nil, directory.ErrNotFound
}

func (l lookup) DefaultTokenLifetimePolicy(ctx context.Context, t directory.TenantID) (*directory.TokenLifetimePolicy, error) {
	return l.TokenLifetimePolicy(ctx, t, "default")
}

func testTokens(t *testing.T, l *ledger) (*Tokens, *ring) {
	t.Helper()
	r := &ring{set: signingkey.NewSet(testKey(t))}
	rec := audit.NewRecorder(l, 8, 8)
	t.Cleanup(rec.Close)
	rand := bytes.NewReader(bytes.Repeat([]byte{0x5a}, 1<<12))
	return &Tokens{
		Keys: r, Queue: signingkey.NewQueue(1, 8), Recorder: rec,
		Lifetimes: Lifetimes{Lookup: lookup{}, Rand: rand}, Now: func() time.Time { return issuedAt }, Rand: rand,
	}, r
}

// The tokens of fixed facts, to the byte: whoever changes one has to look at it.
func TestGoldenTokens(t *testing.T) {
	v2 := 2
	for name, change := range map[string]func(*Facts){
		"v1": func(*Facts) {},
		"v2": func(f *Facts) { f.Resource.App.API.RequestedAccessTokenVersion = &v2 },
		"v1-optional": func(f *Facts) {
			f.Capabilities = []string{"cp1"}
			f.Resource.App.OptionalClaims = &directory.OptionalClaims{AccessToken: []directory.OptionalClaim{
				{Name: "idtyp"}, {Name: "xms_cc"}, {Name: "tenant_ctry"}, {Name: "xms_tpl"}, {Name: "aud", AdditionalProperties: []string{"use_guid"}},
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			tokens, _ := testTokens(t, &ledger{})
			f := testFacts()
			change(f)
			got, err := tokens.AppOnly(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".jwt")
			if *update {
				if err := os.WriteFile(path, []byte(got.Compact+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got.Compact+"\n" != string(want) {
				t.Errorf("the token changed; look at it, then run with -update\n got %s\nwant %s", got.Compact, want)
			}
		})
	}
}

func TestRecordOfAToken(t *testing.T) {
	l := &ledger{}
	tokens, _ := testTokens(t, l)
	f := testFacts()
	f.RequestID = [16]byte{1, 2, 3}
	f.UserAgent = "Go-http-client/2.0 and then some more than anybody wants to keep"
	got, err := tokens.AppOnly(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.records) != 1 {
		t.Fatalf("%d records for one token", len(l.records))
	}
	r := l.records[0]
	if r.RequestID != f.RequestID || r.ClientAppID != f.Client.AppID.Bytes() || len(r.UserAgent) != 40 ||
		int64(r.Lifetime/time.Second) != got.ExpiresIn || r.KeyID == "" {
		t.Errorf("%+v", r)
	}
}

func TestNoTokenWithoutItsRecord(t *testing.T) {
	full := errors.New("disk full")
	tokens, _ := testTokens(t, &ledger{err: full})
	if got, err := tokens.AppOnly(t.Context(), testFacts()); !errors.Is(err, full) || got != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAlgorithmThatIsNotThereYet(t *testing.T) {
	tokens, r := testTokens(t, &ledger{})
	f := testFacts()
	f.Resource.App.AccessTokenSigningAlg = signingkey.ES256
	for range 3 {
		got, err := tokens.AppOnly(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix([]byte(got.Compact), []byte("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiI")) { // {"typ":"JWT","alg":"RS256"
			t.Errorf("header %.60s", got.Compact)
		}
	}
	if len(r.ensured) != 1 {
		t.Errorf("asked %d times for a key", len(r.ensured))
	}
	r.set = signingkey.NewSet()
	if _, err := tokens.AppOnly(t.Context(), testFacts()); !errors.Is(err, ErrNoKey) {
		t.Errorf("without any key: %v", err)
	}
}

func TestLifetimes(t *testing.T) {
	policies := map[directory.ID]*directory.TokenLifetimePolicy{
		"sp": {AccessTokenLifetime: 10 * time.Minute}, "app": {AccessTokenLifetime: 30 * time.Minute},
		"default": {AccessTokenLifetime: 2 * time.Hour}, "silent": {},
	}
	for _, tt := range []struct {
		name    string
		sp, app directory.ID
		org     bool
		want    time.Duration
	}{
		{"service principal first", "sp", "app", true, 10 * time.Minute},
		{"then the application", "", "app", true, 30 * time.Minute},
		{"then the organisation", "", "", true, 2 * time.Hour},
		{"a policy that sets nothing", "silent", "app", true, 30 * time.Minute},
		{"a policy that is gone", "gone", "", true, 2 * time.Hour},
		{"built-in", "", "", false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			known := map[directory.ID]*directory.TokenLifetimePolicy{}
			for k, v := range policies {
				if k != "default" || tt.org {
					known[k] = v
				}
			}
			l := Lifetimes{Lookup: lookup{policies: known}, Rand: bytes.NewReader([]byte{0, 0, 0, 0, 255, 255, 255, 255, 128, 0, 0, 0})}
			f := testFacts()
			f.Resource.LifetimePolicy, f.Resource.App.LifetimePolicy = tt.sp, tt.app
			got, err := l.Of(t.Context(), f.Tenant.ID, f.Resource)
			if err != nil {
				t.Fatal(err)
			}
			if tt.want != 0 {
				if got != tt.want {
					t.Errorf("%v", got)
				}
				return
			}
			longest, _ := l.draw()
			middle, _ := l.draw()
			if got != 60*time.Minute || longest != 90*time.Minute || middle != 75*time.Minute {
				t.Errorf("%v, %v, %v", got, longest, middle)
			}
		})
	}
}
