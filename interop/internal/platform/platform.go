package platform

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Limits of a start and of a graceful stop.
const (
	startLimit = 60 * time.Second
	stopLimit  = 20 * time.Second
)

// Server is a running server.
type Server struct {
	Bootstrap

	cmd  *exec.Cmd
	log  *bytes.Buffer // read only after the process has ended
	done chan error
}

// Bootstrap is what bootstrap.json says of the server.
type Bootstrap struct {
	// BaseURL is https://localhost:PORT, without a slash at its end.
	BaseURL  string `json:"baseUrl"`
	GraphURL string `json:"graphUrl"`
	// CAFile is the authority of the server's certificate.
	CAFile string `json:"caFile"`
	Tenant
	// Demo are the demonstration tenants by domain.
	Demo map[string]Tenant `json:"demo"`
}

// Tenant is a tenant and the application that administers it.
type Tenant struct {
	ID           string `json:"tenantId"`
	Domain       string `json:"tenantDomain"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	// People are those of a demonstration tenant; guests have no password there.
	People []Person `json:"people"`
}

// Person is an account of a demonstration tenant.
type Person struct {
	Address  string `json:"userPrincipalName"`
	Password string `json:"password"`
}

// Host is the server's host with its port, as clients compare it.
func (b *Bootstrap) Host() string { return b.BaseURL[len("https://"):] }

// Start builds and starts a server that keeps its data below dir, and returns when
// it is ready. root is the folder of the repository.
func Start(ctx context.Context, root, dir string) (*Server, error) {
	binary := os.Getenv("SEKISHO_BIN")
	if binary == "" {
		binary = filepath.Join(dir, "sekisho")
		if err := build(ctx, root, binary); err != nil {
			return nil, err
		}
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	s := &Server{log: new(bytes.Buffer), done: make(chan error, 1)}
	s.cmd = exec.Command(binary, "dev", "--data", data, "--addr", addr)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	if err := s.await(ctx, data, "https://"+addr); err != nil {
		return nil, errors.Join(err, s.kill())
	}
	return s, nil
}

func build(ctx context.Context, root, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./cmd/sekisho")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the server: %w\n%s", err, out)
	}
	return nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort("localhost", port), errors.Join(err, l.Close())
}

// await asks /readyz until the server says so. bootstrap.json is complete before
// the server listens.
func (s *Server) await(ctx context.Context, data, base string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := s.ready(ctx, data, base)
		if err == nil {
			return nil
		}
		select {
		case gone := <-s.done:
			s.done <- gone
			return errors.Join(fmt.Errorf("the server ended while starting and said:\n%s", s.log), gone)
		case <-ctx.Done():
			return fmt.Errorf("the server was not ready after %v: %w", startLimit, err)
		case <-again.C:
		}
	}
}

func (s *Server) ready(ctx context.Context, data, base string) error {
	text, err := os.ReadFile(filepath.Join(data, "bootstrap.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &s.Bootstrap); err != nil {
		return err
	}
	client, err := trusting(s.CAFile)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz says %s", resp.Status)
	}
	return nil
}

func trusting(file string) (*http.Client, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}, nil
}

// Stop ends the server gracefully and returns what it logged.
func (s *Server) Stop() (log string, err error) {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return "", errors.Join(err, s.kill())
	}
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case err := <-s.done:
		if err != nil {
			err = fmt.Errorf("the server stopped with %w and said:\n%s", err, s.log)
		}
		return s.log.String(), err
	case <-limit.C:
		return "", errors.Join(fmt.Errorf("the server did not stop within %v", stopLimit), s.kill())
	}
}

// kill ends the process at once, if it has not ended by itself.
func (s *Server) kill() error {
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	var killed *exec.ExitError
	if err := <-s.done; !errors.As(err, &killed) {
		return err
	}
	return nil
}
