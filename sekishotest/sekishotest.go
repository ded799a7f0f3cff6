// Package sekishotest runs a Sekisho server inside a Go test: HTTPS on a free
// loopback port, an empty SQLite database in a temporary directory, the first
// tenant and, unless told otherwise, the demonstration tenants.
//
//	srv := sekishotest.New(t, sekishotest.Options{})
//	resp, err := srv.Client().Get(srv.URL + "/common/v2.0/.well-known/openid-configuration")
//
// The server is stopped when the test ends. It is the same server as `sekisho
// dev`; only its clock, which Advance moves, is the test's own.
package sekishotest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/server"
)

// Options of a test server.
type Options struct {
	// Empty leaves out the demonstration tenants.
	Empty bool
	// TrustCA is a PEM file of an authority that the server trusts when it
	// fetches the keys of federated issuers.
	TrustCA string
	// Data keeps the data directory of an earlier server; "" makes a new one.
	Data string
	// RequestsPerMinute bounds the token requests of one address; 0 for no bound.
	RequestsPerMinute int
	// SignInsPerMinute bounds what one address may post to the pages of people; 0
	// for no bound.
	SignInsPerMinute int
	// RecordsWaiting bounds the sign-in records that wait for a commit; 0 for the
	// server's own bound.
	RecordsWaiting int
}

// Server is a running server.
type Server struct {
	// URL is the base URL, https://localhost:PORT.
	URL string
	// CAFile is the PEM file of the authority that signed the server's certificate.
	CAFile string
	// BootstrapFile is the path of bootstrap.json, Bootstrap its content.
	BootstrapFile string
	Bootstrap     Bootstrap
	// Log is everything that the server has logged, for tests that look for what
	// must not be there.
	Log *Log
	// Dev is the server itself, for tests of this module.
	Dev *server.Dev

	client *http.Client
	clock  *server.Clock
}

// Bootstrap is the content of bootstrap.json.
type Bootstrap = server.Bootstrap

// New starts a server.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	data := o.Data
	if data == "" {
		data = t.TempDir()
	}
	log, clock := &Log{}, &server.Clock{}
	ctx, cancel := context.WithCancel(context.Background())
	dev, err := server.NewDev(ctx, server.DevOptions{
		Data: data, Addr: "localhost:" + port, Empty: o.Empty, TrustCA: o.TrustCA, Clock: clock,
		RequestsPerMinute: o.RequestsPerMinute, SignInsPerMinute: o.SignInsPerMinute, RecordsWaiting: o.RecordsWaiting,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		cancel()
		_ = listener.Close()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- dev.Serve(ctx, listener, nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the server stopped with %v", err)
		}
	})
	s := &Server{URL: "https://localhost:" + port, CAFile: dev.CAFile, BootstrapFile: dev.BootstrapFile, Log: log, Dev: dev, clock: clock}
	s.load(t)
	return s
}

func (s *Server) load(t testing.TB) {
	text, err := os.ReadFile(s.BootstrapFile)
	if err == nil {
		err = json.Unmarshal(text, &s.Bootstrap)
	}
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	s.client = &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 64},
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Client trusts the server's certificate and follows no redirects.
func (s *Server) Client() *http.Client { return s.client }

// Advance moves the server's clock.
func (s *Server) Advance(d time.Duration) { s.clock.Advance(d) }

// Now is the server's time.
func (s *Server) Now() time.Time { return s.clock.Now() }

// Token gets an app-only token by client secret and returns it with the status
// and the whole JSON answer.
func (s *Server) Token(t testing.TB, tenant, clientID, secret, scope string) (status int, body map[string]any) {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {secret}, "scope": {scope}}
	resp, err := s.client.PostForm(s.URL+"/"+tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

// Log collects what the server logs.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

// Contains reports whether text was ever logged.
func (l *Log) Contains(text string) bool { return strings.Contains(l.String(), text) }

// String is the whole log.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
