// Command api serves the orders API: a Web API in Go that accepts access tokens of
// Sekisho, or of Microsoft Entra ID, through package bearer.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sekisho-id/sekisho/bearer"

	"github.com/sekisho-id/sekisho/samples/api/orders"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.LookupEnv, os.Stdout, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "api: %v\n", err)
		os.Exit(1)
	}
}

// run serves the API until ctx is done. It writes its address to out when it
// listens.
func run(ctx context.Context, lookup func(string) (string, bool), out io.Writer, log *slog.Logger) error {
	r := setting.New(lookup)
	s := server{log: log, listen: r.Optional("LISTEN", "localhost:8081")}
	s.readCertificate(r)
	cfg := bearer.Config{
		Authority:  r.Required("AUTHORITY", "https://HOST/TENANT of the tenant whose tokens are accepted, or https://HOST/organizations with TENANTS"),
		Audiences:  r.List("AUDIENCES"),
		Tenants:    r.List("TENANTS"),
		HTTPClient: r.HTTPClient(), // it fetches the keys of the authority: CA_FILE
		Logger:     log,
	}
	if len(cfg.Audiences) == 0 {
		r.Fault("AUDIENCES", "is not set: the client id of this API and its App ID URIs, with commas between them")
	}
	origins := r.List("ALLOWED_ORIGINS")
	for _, o := range origins {
		if u, err := url.Parse(o); err != nil || u.Host == "" || u.Scheme+"://"+u.Host != o {
			r.Fault("ALLOWED_ORIGINS", "has %q: give origins like https://orders.example, without a path", o)
		}
	}
	store := &orders.Store{}
	if file := r.Optional("ORDERS_FILE", ""); file != "" {
		if err := load(store, file); err != nil {
			r.Fault("ORDERS_FILE", "is of no use: %v", err)
		}
	}
	if err := r.Err(); err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	verifier, err := bearer.New(cfg)
	if err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	return s.serve(ctx, orders.CORS(origins, orders.Handler(verifier, store)), out)
}

func load(store *orders.Store, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return store.Load(bytes.NewReader(text))
}

// server is how the API is served.
type server struct {
	listen string
	tls    *tls.Config // nil for plain HTTP, behind a proxy that speaks TLS
	log    *slog.Logger
}

func (s *server) readCertificate(r *setting.Reader) {
	cert, key := r.Optional("TLS_CERT_FILE", ""), r.Optional("TLS_KEY_FILE", "")
	if cert == "" && key == "" {
		return
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		r.Fault("TLS_CERT_FILE and TLS_KEY_FILE", "are of no use: %v", err)
	}
	s.tls = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

// grace is how long requests that have begun may take after a stop was asked for.
const grace = 10 * time.Second

func (s *server) serve(ctx context.Context, h http.Handler, out io.Writer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return err
	}
	scheme := "http"
	if s.tls != nil {
		listener, scheme = tls.NewListener(listener, s.tls), "https"
	}
	srv := &http.Server{
		Handler: h, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(listener) }()
	fmt.Fprintf(out, "orders API at %s://%s\n", scheme, s.name(listener.Addr()))
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := srv.Shutdown(stopping); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// name is the address as a client would write it: the host that was asked for, and
// the port that was found for it.
func (s *server) name(addr net.Addr) string {
	host, _, err := net.SplitHostPort(s.listen)
	_, port, err2 := net.SplitHostPort(addr.String())
	if err != nil || err2 != nil || host == "" {
		return addr.String()
	}
	return net.JoinHostPort(host, port)
}
