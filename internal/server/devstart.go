package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/server/devca"
)

// DevOptions are what `sekisho dev` can be told.
type DevOptions struct {
	// Data is the directory for database, dev CA, keys and bootstrap.json.
	Data string
	// Addr is the address to listen on, HOST:PORT.
	Addr string
	// Empty leaves out the demonstration tenants.
	Empty bool
	// TrustCA is a PEM file of an authority that requests of ours trust too.
	TrustCA          string
	OperationsListen string
	// RequestsPerMinute and RecordsWaiting as in Config.
	RequestsPerMinute, SignInsPerMinute, RecordsWaiting int
	Log                                                 *slog.Logger
	Clock                                               *Clock
	Rand                                                io.Reader
}

// Dev is a server in development mode, ready to run.
type Dev struct {
	*Server
	Bootstrap *Bootstrap // nil if an earlier start wrote the file
	// Files of the data directory.
	BootstrapFile, CAFile string
}

// NewDev prepares the data directory and builds a server on it. On the first
// start it makes the first tenant and the demonstration tenants.
func NewDev(ctx context.Context, o DevOptions) (*Dev, error) {
	data, err := filepath.Abs(o.Data)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the data directory: %w", err)
	}
	cfg, caFile, err := devConfig(data, o)
	if err != nil {
		return nil, err
	}
	s, err := New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	d := &Dev{Server: s, BootstrapFile: filepath.Join(data, "bootstrap.json"), CAFile: caFile}
	if err := d.firstStart(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return d, nil
}

func devConfig(data string, o DevOptions) (Config, string, error) {
	host, port, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return Config{}, "", fmt.Errorf("%q is no address: give HOST:PORT, like localhost:8443 or :443", o.Addr)
	}
	if host == "" || net.ParseIP(host) != nil && net.ParseIP(host).IsUnspecified() {
		host = "localhost"
	}
	clock := o.Clock
	if clock == nil {
		clock = &Clock{}
	}
	cert, caFile, err := devca.LoadOrCreate(data, []string{host}, clock.Now())
	if err != nil {
		return Config{}, "", err
	}
	rand := Config{Rand: o.Rand}.withDefaults().Rand
	wrapper, err := envelope.ReadOrCreateKeyFile(filepath.Join(data, "kek"), rand)
	if err != nil {
		return Config{}, "", err
	}
	trusted := []string{caFile}
	if o.TrustCA != "" {
		trusted = append(trusted, o.TrustCA)
	}
	roots, err := RootsWith(trusted...)
	if err != nil {
		return Config{}, "", err
	}
	return Config{
		Listen: o.Addr, Hosts: devHosts(host, port), TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		Database: filepath.Join(data, "sekisho.db"), Wrapper: wrapper, OperationsListen: o.OperationsListen,
		RequestsPerMinute: o.RequestsPerMinute, SignInsPerMinute: o.SignInsPerMinute, RecordsWaiting: o.RecordsWaiting,
		OutboundCAs: roots, Dev: true, Log: o.Log, Clock: clock, Rand: rand,
	}, caFile, nil
}

// devHosts are the base URLs of a server on host and port; a loopback server
// answers to each of its usual names.
func devHosts(host, port string) []string {
	names := []string{host}
	if loopback(host) {
		for _, other := range []string{"localhost", "127.0.0.1"} {
			if other != host {
				names = append(names, other)
			}
		}
	}
	for i, n := range names {
		names[i] = "https://" + n
		if port != "443" {
			names[i] = "https://" + net.JoinHostPort(n, port)
		}
	}
	return names
}

// firstStart makes the tenants unless an earlier start finished doing so.
func (d *Dev) firstStart(ctx context.Context, o DevOptions) error {
	operator, err := d.operator(ctx)
	if err != nil {
		return err
	}
	if !operator.IsZero() {
		if _, err := os.Stat(d.BootstrapFile); err != nil {
			return fmt.Errorf("%s is gone, and its secrets with it: restore the file, or begin anew with an empty data directory", d.BootstrapFile)
		}
		return nil
	}
	first, err := d.ensureTenant(ctx, asFirstTenant(directory.TenantRequest{DisplayName: "Sekisho", Domain: "sekisho.example"}))
	if err != nil {
		return err
	}
	if err := d.ops.ProvisionStandIns(ctx, directory.Platform(FirstTenant)); err != nil {
		return err
	}
	d.Bootstrap = d.bootstrapOf(first, d.CAFile)
	if !o.Empty {
		if d.Bootstrap.Demo, err = d.seedDemo(ctx); err != nil {
			return err
		}
	}
	if err := d.Bootstrap.Write(d.BootstrapFile); err != nil {
		return err
	}
	if err := d.stores.Installation.SetMark(ctx, markOperator, FirstTenant.String()); err != nil {
		return err
	}
	d.graph.Operator = FirstTenant
	return nil
}

// BaseURL is the primary address.
func (s *Server) BaseURL() string { return strings.TrimSuffix(s.bases[0].Login, "/") }
