// Package serve runs the HTTP servers of the samples: their address and
// certificate come from settings, and they stop without breaking off what they
// have begun.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

// Server is how a sample is served.
type Server struct {
	listen string
	tls    *tls.Config // nil for plain HTTP, behind a proxy that speaks TLS
	log    *slog.Logger
}

// FromSettings reads LISTEN, TLS_CERT_FILE and TLS_KEY_FILE.
func FromSettings(r *setting.Reader, listen string, log *slog.Logger) *Server {
	s := &Server{log: log, listen: r.Optional("LISTEN", listen)}
	cert, key := r.Optional("TLS_CERT_FILE", ""), r.Optional("TLS_KEY_FILE", "")
	if cert == "" && key == "" {
		return s
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		r.Fault("TLS_CERT_FILE and TLS_KEY_FILE", "are of no use: %v", err)
	}
	s.tls = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	return s
}

// grace is how long requests that have begun may take after a stop was asked for.
const grace = 10 * time.Second

// Run serves until ctx is done. When it listens it makes the handler, which is told
// the server's address, and says so in one line: name and address.
func (s *Server) Run(ctx context.Context, name string, out io.Writer, handler func(base string) (http.Handler, error)) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return err
	}
	scheme := "http"
	if s.tls != nil {
		scheme, listener = "https", tls.NewListener(listener, s.tls)
	}
	base := scheme + "://" + s.name(listener.Addr())
	h, err := handler(base)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	srv := &http.Server{
		Handler: h, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(listener) }()
	fmt.Fprintf(out, "%s at %s\n", name, base)
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
func (s *Server) name(addr net.Addr) string {
	host, _, err := net.SplitHostPort(s.listen)
	_, port, err2 := net.SplitHostPort(addr.String())
	if err != nil || err2 != nil || host == "" {
		return addr.String()
	}
	return net.JoinHostPort(host, port)
}
