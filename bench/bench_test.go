package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	got, err := parseStat([]byte("4242 (a (odd) name) S 17 4242 4242 0 -1 4194304 90 0 0 0 250 50 3 4 20 0 9 0 1 2 3"))
	want := stat{parent: 17, own: 3 * time.Second, children: 70 * time.Millisecond}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{"", "4242 name S 17", "1 (x) S a b c d e f g h i j k l m n o"} {
		if _, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestParseMemory(t *testing.T) {
	got, err := parseMemory("Name:\tsekisho\nVmRSS:\t   25600 kB\nRssAnon:\t   10240 kB\nThreads:\t9\n")
	if want := (memory{resident: 25 << 20, anonymous: 10 << 20}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parseMemory("Name:\tkthreadd\n"); err == nil {
		t.Error("a status without memory was accepted")
	}
}

func TestParseMachine(t *testing.T) {
	got, err := parseMachine("cpu  100 1 20 5000 300 4 5 70 0 0\ncpu0 1 2 3 4 5 6 7 8\n")
	if want := 2 * time.Second; err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "cpu 1 2", "intr 1 2 3 4 5 6 7 8 9", "cpu a b c d e f g h"} {
		if _, err := parseMachine(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestDisturbed(t *testing.T) {
	b := &bench{}
	if b.disturbed(1) {
		t.Error("a run is repeated unasked")
	}
	b.calm = true
	if b.disturbed(mostOthers/2) || !b.disturbed(2*mostOthers) || b.repeated != 1 {
		t.Error("the bound does not hold")
	}
	for b.disturbed(1) {
	}
	if b.repeated != mostRepeat {
		t.Errorf("repeated %d times", b.repeated)
	}
}

func TestSeries(t *testing.T) {
	for _, tt := range []struct {
		s    series
		want string
	}{
		{nil, "–"},
		{series{2}, "2.0"},
		{series{3, 1, 2}, "2.0 (1.0–3.0)"},
		{series{4, 1, 2, 3}, "2.5 (1.0–4.0)"},
	} {
		if got := tt.s.text(1); got != tt.want {
			t.Errorf("%v: %s, want %s", []float64(tt.s), got, tt.want)
		}
	}
}

func TestPercentile(t *testing.T) {
	l := &load{}
	for i := range 100 {
		l.latencies = append(l.latencies, time.Duration(i+1))
	}
	for p, want := range map[float64]time.Duration{0: 1, .5: 50, .99: 99, 1: 100} {
		if got := l.percentile(p); got != want {
			t.Errorf("%v: %d, want %d", p, got, want)
		}
	}
	if got := (&load{}).percentile(.5); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
}

// serve starts a server that fails from the given request on.
func serve(t *testing.T, failsAt int64) (*target, *atomic.Int64) {
	var served atomic.Int64
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if served.Add(1) >= failsAt {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.FormValue("name") != "value" {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = w.Write([]byte("hello"))
	}))
	t.Cleanup(srv.Close)
	addr := strings.TrimPrefix(srv.URL, "https://")
	roots := srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return &target{
		addr: addr, tls: &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12},
		request: post(addr, "/x", "name=value"), expect: []byte("hello"),
	}, &served
}

func TestDriveSendsAsManyAsAsked(t *testing.T) {
	target, served := serve(t, 1000)
	l, err := drive(context.Background(), target, 4, amount{count: 50})
	if err != nil {
		t.Fatal(err)
	}
	if l.count != 50 || served.Load() != 50 || len(l.latencies) != 50 || l.rate() <= 0 {
		t.Errorf("%d counted, %d served", l.count, served.Load())
	}
}

func TestDriveFailsWithTheFirstRequestThatDoes(t *testing.T) {
	target, served := serve(t, 10)
	if _, err := drive(context.Background(), target, 4, amount{count: 1000}); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("%v", err)
	}
	if n := served.Load(); n > 20 {
		t.Errorf("%d requests were sent", n)
	}
	target.expect = []byte("something else")
	target, _ = serve(t, 1000)
	target.expect = []byte("something else")
	if _, err := drive(context.Background(), target, 1, amount{count: 1}); err == nil {
		t.Error("an unexpected body was accepted")
	}
}

func TestParseBenchmarks(t *testing.T) {
	got, err := parseBenchmarks(`goos: linux
BenchmarkRSAVerify-2         	   50000	     20000 ns/op	      48 B/op	       1 allocs/op
BenchmarkRSAVerify-2         	   50000	     22000 ns/op	      48 B/op	       1 allocs/op
BenchmarkNewToken-2          	   40000	     31500 ns/op
BenchmarkRememberedToken     	 1000000	     630.0 ns/op
PASS`)
	if err != nil {
		t.Fatal(err)
	}
	if f, r := got.ratio(got.fresh).text(2), got.ratio(got.remembered).text(2); f != "1.50" || r != "0.03" {
		t.Errorf("%s %s", f, r)
	}
	if _, err := parseBenchmarks("PASS"); err == nil {
		t.Error("nothing was accepted")
	}
}

func TestTopOf(t *testing.T) {
	got := topOf(`Type: cpu
Showing top 400 nodes out of 500
      flat  flat%   sum%        cum   cum%
         0     0%     0%      1.52s 95.60%  net/http.(*conn).serve
     0.01s  0.63%  0.63%      1.47s 92.45%  github.com/sekisho-id/sekisho/internal/endpoint/token.(*Endpoint).exchange
     0.01s  0.63%  1.26%      1.40s 90.00%  math/big.nat.exp
`)
	want := " 95.60 %  net/http.(*conn).serve\n 92.45 %  internal/endpoint/token.(*Endpoint).exchange\n"
	if got != want {
		t.Errorf("%q", got)
	}
}

func TestGoals(t *testing.T) {
	r := &report{bench: &bench{}, binary: 31, tokens: []*tokenFigures{{
		engine: "SQLite", algorithm: "RS256", connections: 8,
		eff: series{.8, .9, .86}, frac: series{.7, .8, .75}, p99: series{9}, database: series{0, 0, 0},
	}}}
	page, err := r.page()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		"| client credentials, SQLite, concurrency 8: EFF | ≥ 0.85 | 0.860 (0.800–0.900) | met |",
		"| client credentials, SQLite, concurrency 8: frac | ≥ 0.77 | 0.750 (0.700–0.800) | **missed** |",
		"| client credentials, SQLite, concurrency 8: p99 | ≤ 12 ms | 9.0 | met |",
		"| binary, stripped | ≤ 30 MB | 31.0 | **missed** |",
		"2 of these goals are missed",
	} {
		if !strings.Contains(page, row) {
			t.Errorf("the page lacks %s\n%s", row, page)
		}
	}
	if !r.missedTokens(r.tokens[0]) {
		t.Error("no profile will be taken")
	}
	if got := thousands(1234567); got != "1 234 567" {
		t.Errorf("%q", got)
	}
}
