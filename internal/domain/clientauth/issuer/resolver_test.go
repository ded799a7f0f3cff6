package issuer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// site is an issuer whose answers a test may replace.
type site struct {
	*httptest.Server
	documents atomic.Int32 // requests for the discovery document
	sets      atomic.Int32 // requests for the key set
	document  atomic.Pointer[http.HandlerFunc]
	set       atomic.Pointer[http.HandlerFunc]
}

func newSite(t *testing.T, start func(*httptest.Server), kids ...string) *site {
	s := &site{}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		s.documents.Add(1)
		if h := s.document.Load(); h != nil {
			(*h)(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": s.URL, "jwks_uri": s.URL + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		s.sets.Add(1)
		(*s.set.Load())(w, r)
	})
	s.Server = httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	start(s.Server)
	t.Cleanup(s.Close)
	s.publish(kids...)
	return s
}

func (s *site) answer(slot *atomic.Pointer[http.HandlerFunc], h http.HandlerFunc) { slot.Store(&h) }

func (s *site) publish(kids ...string) {
	set := jose.JSONWebKeySet{}
	for _, kid := range kids {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: testKey(), KeyID: kid, Use: "sig", Algorithm: "ES256"})
	}
	s.answer(&s.set, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(set) })
}

func (s *site) fail() {
	s.answer(&s.set, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
}

// testKey is a point of P-256, the generator: no one need hold the private key.
func testKey() *ecdsa.PublicKey {
	point, err := hex.DecodeString("04" +
		"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" +
		"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
	if err != nil {
		panic(err)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		panic(err)
	}
	return key
}

// clock is moved by tests.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(c.at.Load(), 0).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d / time.Second)) }

func resolver(s *site, change ...func(*Config)) (*Resolver, *clock) {
	k := &clock{}
	k.at.Store(1_795_262_400)
	c := Config{Now: k.now, AllowLoopback: true}
	if cert := s.Certificate(); cert != nil {
		c.RootCAs = x509.NewCertPool()
		c.RootCAs.AddCert(cert)
	}
	for _, f := range change {
		f(&c)
	}
	return New(c), k
}

// ask looks a kid up and says whether it was found.
func ask(t *testing.T, r *Resolver, iss, kid string) bool {
	t.Helper()
	keys, own, err := r.Keys(t.Context(), iss, kid)
	if err != nil || own {
		t.Fatal(err, own)
	}
	return len(keys) == 1
}

func TestKeysAreRemembered(t *testing.T) {
	s := newSite(t, (*httptest.Server).StartTLS, "a", "b")
	r, k := resolver(s)
	for range 5 {
		if !ask(t, r, s.URL, "a") || !ask(t, r, s.URL, "b") {
			t.Fatal("not found")
		}
	}
	all, _, err := r.Keys(t.Context(), s.URL, "")
	if err != nil || len(all) != 2 || s.sets.Load() != 1 {
		t.Fatal(all, err, s.sets.Load())
	}
	s.publish("b")
	k.advance(freshFor)
	if ask(t, r, s.URL, "a") {
		t.Error("a withdrawn key outlived the hour")
	}
	if got := s.sets.Load(); got != 2 {
		t.Errorf("%d fetches", got)
	}
}

func TestUnknownKidIsLimited(t *testing.T) {
	s := newSite(t, (*httptest.Server).StartTLS, "a")
	r, k := resolver(s)
	if ask(t, r, s.URL, "x") || s.sets.Load() != 1 {
		t.Fatal("a first fetch is not repeated at once")
	}
	s.publish("a", "b")
	if !ask(t, r, s.URL, "b") || s.sets.Load() != 2 {
		t.Fatal("the first unknown kid must be looked up at once")
	}
	for i := range 100 {
		if ask(t, r, s.URL, fmt.Sprint("invented", i)) {
			t.Fatal("found")
		}
	}
	if got := s.sets.Load(); got != 2 {
		t.Fatalf("%d fetches for invented kids", got)
	}
	s.publish("a", "b", "c")
	k.advance(refreshGap - time.Second)
	if ask(t, r, s.URL, "c") {
		t.Error("the limit ended early")
	}
	k.advance(time.Second)
	if !ask(t, r, s.URL, "c") || s.sets.Load() != 3 {
		t.Error("no fetch after the limit")
	}
}

func TestFailureIsRememberedShortly(t *testing.T) {
	s := newSite(t, (*httptest.Server).StartTLS, "a")
	s.fail()
	r, k := resolver(s)
	for range 10 {
		if _, _, err := r.Keys(t.Context(), s.URL, "a"); !errors.Is(err, ErrUnreachable) {
			t.Fatal(err)
		}
	}
	if got := s.sets.Load(); got != 1 {
		t.Errorf("%d fetches while down", got)
	}
	s.publish("a")
	k.advance(failedFor)
	if !ask(t, r, s.URL, "a") {
		t.Error("not fetched again")
	}
}

func TestOldKeysServeWhileTheIssuerIsDown(t *testing.T) {
	s := newSite(t, (*httptest.Server).StartTLS, "a")
	r, k := resolver(s)
	ask(t, r, s.URL, "a")
	s.fail()
	k.advance(freshFor)
	for range 5 {
		if !ask(t, r, s.URL, "a") {
			t.Fatal("keys were dropped")
		}
		if ask(t, r, s.URL, "x") {
			t.Fatal("found what is not there")
		}
	}
	if got := s.sets.Load(); got != 2 {
		t.Errorf("%d fetches", got)
	}
	k.advance(usableFor - freshFor)
	if _, _, err := r.Keys(t.Context(), s.URL, "a"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("keys of yesterday served: %v", err)
	}
	s.publish("a")
	k.advance(-3 * usableFor) // the clock of development goes back too
	if !ask(t, r, s.URL, "a") {
		t.Error("not fetched after the clock was set back")
	}
}

func TestHerdFetchesOnce(t *testing.T) {
	s := newSite(t, (*httptest.Server).StartTLS, "a")
	gate := make(chan struct{})
	publish := *s.set.Load()
	s.answer(&s.set, func(w http.ResponseWriter, r *http.Request) { <-gate; publish(w, r) })
	r, _ := resolver(s)
	const herd = 50
	var wg sync.WaitGroup
	var found atomic.Int32
	waiting := make(chan struct{}, herd)
	for range herd {
		wg.Go(func() {
			waiting <- struct{}{}
			if keys, _, err := r.Keys(t.Context(), s.URL, "a"); err == nil && len(keys) == 1 {
				found.Add(1)
			}
		})
	}
	for range herd {
		<-waiting
	}
	// One who gives up does not take the fetch away from the others.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := r.Keys(ctx, s.URL, "a"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(gate)
	wg.Wait()
	if found.Load() != herd || s.sets.Load() != 1 || s.documents.Load() != 1 {
		t.Errorf("%d found, %d and %d fetches", found.Load(), s.documents.Load(), s.sets.Load())
	}
}

func TestTableIsBounded(t *testing.T) {
	s := newSite(t, (*httptest.Server).StartTLS, "a")
	r, k := resolver(s, func(c *Config) { c.AllowLoopback = false })
	for i := range maxIssuers + 50 {
		_, _, err := r.Keys(t.Context(), fmt.Sprintf("ftp://issuer%d.example", i), "a")
		if !errors.Is(err, ErrForbidden) {
			t.Fatal(err)
		}
		k.advance(time.Second)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.entries) != maxIssuers || r.entries["ftp://issuer0.example"] != nil {
		t.Errorf("%d entries", len(r.entries))
	}
}

func TestTooManyFetchesAtOnce(t *testing.T) {
	s := newSite(t, (*httptest.Server).StartTLS, "a")
	r, _ := resolver(s)
	for range maxInFlight {
		r.slots <- struct{}{}
	}
	if _, _, err := r.Keys(t.Context(), s.URL, "a"); !errors.Is(err, ErrUnreachable) || !errors.Is(err, errCrowded) {
		t.Error(err)
	}
	<-r.slots
	if !ask(t, r, s.URL, "a") { // being crowded is not held against the issuer
		t.Error("not found")
	}
}

func TestOwnIssuerIsNotFetched(t *testing.T) {
	s := newSite(t, (*httptest.Server).StartTLS, "a")
	const own = "https://login.sekisho.example/t/v2.0"
	r, _ := resolver(s, func(c *Config) {
		c.Own = func(_ context.Context, iss string) ([]Key, bool, error) {
			return []Key{{ID: "o1"}, {ID: "o2"}}, iss == own, nil
		}
	})
	keys, mine, err := r.Keys(t.Context(), own, "o2")
	if err != nil || !mine || len(keys) != 1 || keys[0].ID != "o2" {
		t.Error(keys, mine, err)
	}
	if !ask(t, r, s.URL, "a") {
		t.Error("another issuer was not fetched")
	}
}

func TestDocuments(t *testing.T) {
	write := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
	}
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	big := strings.Repeat(" ", maxDocument)
	for _, c := range []struct {
		name     string
		document func(s *site) http.HandlerFunc
		set      http.HandlerFunc
		want     error
	}{
		{"issuer differs", func(*site) http.HandlerFunc {
			return write(`{"issuer":"https://x.example","jwks_uri":"https://x.example"}`)
		}, nil, ErrMismatch},
		{"issuer with a slash more", func(s *site) http.HandlerFunc {
			return write(`{"issuer":"` + s.URL + `/","jwks_uri":"` + s.URL + `/keys"}`)
		}, nil, ErrMismatch},
		{"issuer in another case of letters", func(s *site) http.HandlerFunc {
			return write(`{"Issuer":"` + s.URL + `","jwks_uri":"` + s.URL + `/keys"}`)
		}, nil, ErrMismatch},
		{"issuer twice", func(s *site) http.HandlerFunc {
			return write(`{"issuer":"x","issuer":"` + s.URL + `","jwks_uri":"` + s.URL + `/keys"}`)
		}, nil, ErrUnreachable},
		{"no key set named", func(s *site) http.HandlerFunc { return write(`{"issuer":"` + s.URL + `"}`) }, nil, ErrUnreachable},
		{"HTML", func(*site) http.HandlerFunc { return write("<html>") }, nil, ErrUnreachable},
		{"too large", func(*site) http.HandlerFunc { return write(big + "{}") }, nil, ErrUnreachable},
		{"redirect", func(s *site) http.HandlerFunc { return redirect(s.URL + "/elsewhere") }, nil, ErrUnreachable},
		{"redirect to the metadata service", func(*site) http.HandlerFunc { return redirect("http://169.254.169.254/latest") }, nil, ErrUnreachable},
		{"key set over HTTP", func(s *site) http.HandlerFunc {
			return write(`{"issuer":"` + s.URL + `","jwks_uri":"http://keys.example/keys"}`)
		}, nil, ErrForbidden},
		{"key set at a private address", func(s *site) http.HandlerFunc {
			return write(`{"issuer":"` + s.URL + `","jwks_uri":"https://10.0.0.1/keys"}`)
		}, nil, ErrForbidden},
		{"key set at the metadata service", func(s *site) http.HandlerFunc {
			return write(`{"issuer":"` + s.URL + `","jwks_uri":"https://169.254.169.254/keys"}`)
		}, nil, ErrForbidden},
		{"key set in a file", func(s *site) http.HandlerFunc {
			return write(`{"issuer":"` + s.URL + `","jwks_uri":"file:///etc/passwd"}`)
		}, nil, ErrForbidden},
		{"key set too large", nil, write(`{"keys":[]}` + big), ErrUnreachable},
		{"key set is no JSON", nil, write(`keys`), ErrUnreachable},
		{"key set redirects", nil, redirect("/other"), ErrUnreachable},
		{"key set compressed unasked", nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte{0x1f, 0x8b, 8, 0})
		}, ErrUnreachable},
		{"connection cut", nil, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ErrUnreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, (*httptest.Server).StartTLS, "a")
			if c.document != nil {
				s.answer(&s.document, c.document(s))
			}
			if c.set != nil {
				s.answer(&s.set, c.set)
			}
			r, _ := resolver(s)
			if _, _, err := r.Keys(t.Context(), s.URL, "a"); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestRequestsCarryNothing(t *testing.T) {
	s := newSite(t, (*httptest.Server).StartTLS, "a")
	var seen http.Header
	publish := *s.set.Load()
	s.answer(&s.document, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "c", Value: "v"})
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": s.URL, "jwks_uri": s.URL + "/keys"})
	})
	s.answer(&s.set, func(w http.ResponseWriter, r *http.Request) { seen = r.Header; publish(w, r) })
	r, _ := resolver(s)
	ask(t, r, s.URL, "a")
	for _, h := range []string{"Cookie", "Authorization", "Accept-Encoding", "Referer"} {
		if seen.Get(h) != "" {
			t.Errorf("%s: %s", h, seen.Get(h))
		}
	}
}

func TestParseKeys(t *testing.T) {
	ec := func(kid, more string) string {
		b, _ := json.Marshal(jose.JSONWebKey{Key: testKey(), KeyID: kid})
		return strings.TrimSuffix(string(b), "}") + more + "}"
	}
	weak, _ := json.Marshal(jose.JSONWebKey{Key: &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}, KeyID: "weak"})
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := json.Marshal(jose.JSONWebKey{Key: private, KeyID: "private"})
	set := `{"keys":[` + strings.Join([]string{
		ec("good", ""), ec("encrypt", `,"use":"enc"`), ec("sig", `,"use":"sig"`), string(weak), string(secret),
		`{"kty":"oct","k":"c2VjcmV0","kid":"oct"}`, `{"kty":"unknown","kid":"u"}`, `{"kty":"RSA","kid":"empty"}`, `5`, `null`,
		`{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","kid":"no point"}`,
	}, ",") + `]}`
	keys, err := parseKeys([]byte(set))
	if err != nil || len(keys) != 2 || keys[0].ID != "good" || keys[1].ID != "sig" {
		t.Fatal(keys, err)
	}
	many := `{"keys":[` + strings.Repeat(ec("k", "")+",", 150) + ec("last", "") + `]}`
	if keys, err := parseKeys([]byte(many)); err != nil || len(keys) != maxKeys {
		t.Error(len(keys), err)
	}
	if keys, err := parseKeys([]byte(`{}`)); err != nil || len(keys) != 0 {
		t.Error(keys, err)
	}
	if _, err := parseKeys(bytes.Repeat([]byte("["), 100_000)); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
}
