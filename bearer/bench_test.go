package bearer_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/bearer"
)

// BenchmarkRSAVerify is the unit of the other benchmarks: one check of an RSA-2048
// signature, hash included, and nothing else.
func BenchmarkRSAVerify(b *testing.B) {
	k := key(b, "rsa1")
	input := b64([]byte(k.header().json())) + "." + b64([]byte(delegatedV2().json()))
	sig, public := k.signature(input), k.signer.Public().(*rsa.PublicKey)
	b.ReportAllocs()
	for b.Loop() {
		sum := sha256.Sum256([]byte(input))
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], sig); err != nil {
			b.Fatal(err)
		}
	}
}

// warm makes a Verifier with its keys fetched, and a token of usual size.
func warm(tb testing.TB, change func(*bearer.Config)) (*bearer.Verifier, string) {
	k := key(tb, "rsa1")
	v := verifier(tb, newAuthority(k), func(c *bearer.Config) {
		c.Revoked = func(c *bearer.Claims) bool { return c.UTI == "" }
		if change != nil {
			change(c)
		}
	})
	raw := k.token(delegatedV2())
	if _, err := v.Verify(context.Background(), raw); err != nil {
		tb.Fatal(err)
	}
	return v, raw
}

func uncached(c *bearer.Config) { c.CacheSize = -1 }

func benchmarkVerify(b *testing.B, change func(*bearer.Config)) {
	v, raw := warm(b, change)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(context.Background(), raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewToken(b *testing.B)        { benchmarkVerify(b, uncached) }
func BenchmarkRememberedToken(b *testing.B) { benchmarkVerify(b, nil) }

func BenchmarkRememberedTokenParallel(b *testing.B) {
	v, raw := warm(b, nil)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := v.Verify(context.Background(), raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkHandler is a whole request with a remembered token, without the network.
func BenchmarkHandler(b *testing.B) {
	v, raw := warm(b, nil)
	h := v.HandlerFunc(func(http.ResponseWriter, *http.Request) {}, bearer.Scope("Orders.Read"))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+raw)
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

// BenchmarkSixtyThousandDots is what the worst of malformed tokens costs.
func BenchmarkSixtyThousandDots(b *testing.B) {
	v, _ := warm(b, nil)
	raw := strings.Repeat(".", 60000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(context.Background(), raw); err == nil {
			b.Fatal("accepted")
		}
	}
}

// Costs that do not depend on the machine. The bounds leave a little room for other
// versions of Go, not for another way of working.
func TestAllocations(t *testing.T) {
	remembered, raw := warm(t, nil)
	fresh, _ := warm(t, uncached)
	tests := []struct {
		name string
		v    *bearer.Verifier
		raw  string
		most float64
	}{
		{"a remembered token", remembered, raw, 3}, // the claims and one list for all of theirs
		{"a new token", fresh, raw, 140},           // most of them in go-jose
		{"60 000 dots", remembered, strings.Repeat(".", 60000), 8},
		{"16 000 dots", remembered, strings.Repeat(".", 16000), 8},
		{"16 KiB without dots", remembered, strings.Repeat("a", 16384), 8},
		{"a header of 16 KiB", remembered, strings.Repeat("a", 16000) + ".e30.AA", 16},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := testing.AllocsPerRun(100, func() { _, _ = tt.v.Verify(context.Background(), tt.raw) })
			if got > tt.most {
				t.Errorf("%v allocations, want at most %v", got, tt.most)
			}
			t.Logf("%v allocations", got)
		})
	}
}
