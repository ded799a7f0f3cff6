package server_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/server"
)

// hotPath is a server whose jobs do not run, so that every statement is one of a
// request, and the request for a token.
type hotPath struct {
	dev  *server.Dev
	path string
	form string
	host string
}

func newHotPath(t testing.TB) *hotPath {
	t.Helper()
	dev, err := server.NewDev(t.Context(), server.DevOptions{Data: t.TempDir(), Addr: "localhost:8443", Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	b := dev.Bootstrap
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {b.ClientID}, "client_secret": {b.ClientSecret}, "scope": {graphScope}}
	h := &hotPath{dev: dev, path: "/" + b.TenantID + "/oauth2/v2.0/token", form: form.Encode(), host: "localhost:8443"}
	// The feed repeats what this node itself has changed. From now on the view is
	// trusted for some seconds without another look.
	if err := dev.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.ask(t) // warms the view
	return h
}

// ask gets a token and gives the whole answer.
func (h *hotPath) ask(t testing.TB) []byte {
	r := httptest.NewRequest(http.MethodPost, h.path, strings.NewReader(h.form))
	r.Host = h.host
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.dev.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// A token on a warm view sends no statement but the INSERT of its sign-in record.
func TestHotPathReadsNoDatabase(t *testing.T) {
	h := newHotPath(t)
	const tokens = 10
	before := h.dev.Statements()
	for range tokens {
		h.ask(t)
	}
	if sent := h.dev.Statements() - before; sent != tokens {
		t.Errorf("%d statements for %d tokens, want one each: the sign-in record", sent, tokens)
	}
}

// Tokens and sign-in records are as many as each other, one for each.
func TestHotPathWritesOneRowPerToken(t *testing.T) {
	h := newHotPath(t)
	tokens := 1 // the one that warmed the view
	for range 5 {
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.Unmarshal(h.ask(t), &answer); err != nil {
			t.Fatal(err)
		}
		tokens++
		uti, err := base64.RawURLEncoding.DecodeString(payload(t, answer.AccessToken)["uti"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.dev.SignIn(t.Context(), h.dev.Bootstrap.TenantID, [16]byte(uti)); err != nil {
			t.Errorf("the record of a token: %v", err)
		}
	}
	if rows, err := h.dev.SweepAll(context.Background()); err != nil || rows != tokens {
		t.Errorf("%d rows for %d tokens, %v", rows, tokens, err)
	}
}

// The bound leaves room for other versions of Go, not for another way of working.
// About a third of the allocations are the test's own request and answer.
func TestHotPathAllocations(t *testing.T) {
	h := newHotPath(t)
	const most = 200
	got := testing.AllocsPerRun(20, func() { h.ask(t) })
	t.Logf("%v allocations for a token", got)
	if got > most {
		t.Errorf("%v allocations for a token, want at most %d", got, most)
	}
}

// BenchmarkToken is a request without network and TLS. Nearly all of it is the
// signature.
func BenchmarkToken(b *testing.B) {
	h := newHotPath(b)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%256 == 0 {
			if err := h.dev.Follow(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		h.ask(b)
	}
}

// nowhere is a ResponseWriter that keeps nothing.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

// BenchmarkDocuments are the documents that every client fetches, without network
// and TLS.
func BenchmarkDocuments(b *testing.B) {
	h := newHotPath(b)
	for _, path := range []string{"/v2.0/.well-known/openid-configuration", "/discovery/v2.0/keys"} {
		b.Run(path[len(path)-4:], func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/"+h.dev.Bootstrap.TenantID+path, nil)
			r.Host = h.host
			w := nowhere{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.dev.Handler().ServeHTTP(w, r)
			}
		})
	}
}
