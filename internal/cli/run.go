package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/sekisho-id/sekisho/internal/config"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
	"github.com/sekisho-id/sekisho/internal/server"
	"github.com/sekisho-id/sekisho/internal/server/devca"
)

// Everything that the commands ask of internal/server is in this file.

// configFlag says which configuration a command works with.
type configFlag struct{ path string }

func (f *configFlag) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.path, "config", "", "configuration file (default: SEKISHO_CONFIG, or the defaults)")
}

func (f *configFlag) read(s *shared) (config.Config, error) {
	path := f.path
	if path == "" {
		path, _ = s.LookupEnv("SEKISHO_CONFIG")
	}
	if path == "" {
		return config.Default(), nil
	}
	return config.Load(path, s.LookupEnv)
}

// logger writes as the configuration says.
func (s *shared) logger(l config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.Level)) // config checked it
	options := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(s.Err, options))
	}
	return slog.New(slog.NewTextHandler(s.Err, options))
}

// installation is a configuration made ready for the server.
type installation struct {
	server.Config
	caFile string // "" where the certificate comes from elsewhere
}

// errNoInstallation is returned where a command needs what bootstrap makes.
var errNoInstallation = errors.New("nothing is installed here yet: run sekisho bootstrap first")

// install reads what the configuration points to. With create it makes what a
// new installation lacks: data folder and key-encryption key.
func (s *shared) install(c config.Config, create bool) (*installation, error) {
	if create {
		if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
			return nil, fmt.Errorf("cannot make the data folder: %w", err)
		}
	}
	wrapper, err := s.keyWrapper(c, create)
	if err != nil {
		return nil, err
	}
	in := &installation{Config: server.Config{
		Listen: c.Listen, Hosts: c.Hosts, GraphURL: c.GraphURL, STSURL: c.STSURL,
		Database: c.DatabaseAddress(), Wrapper: wrapper,
		OperationsListen: c.Operations.Listen, RequestsPerMinute: c.RequestsPerMinute, SignInsPerMinute: c.SignInsPerMinute,
		SignInsKept: c.Retention.SignIns, AuditsKept: c.Retention.DirectoryAudits, DeletedKept: c.Retention.DeletedObjects,
		ShutdownGrace: c.ShutdownGrace, Log: s.logger(c.Log),
	}}
	in.OutboundAllow, in.OutboundHosts = c.OutboundAllow()
	if c.Outbound.CAFile != "" {
		if in.OutboundCAs, err = server.RootsWith(c.Outbound.CAFile); err != nil {
			return nil, fmt.Errorf("outbound.caFile: %w", err)
		}
	}
	for _, p := range c.TrustedProxies {
		r, err := config.ParseRange(p)
		if err != nil {
			return nil, err // config checked it
		}
		in.TrustedProxies = append(in.TrustedProxies, r)
	}
	if in.TLS, in.caFile, err = s.serverTLS(c); err != nil {
		return nil, err
	}
	return in, nil
}

func (s *shared) keyWrapper(c config.Config, create bool) (envelope.KeyWrapper, error) {
	if c.KeyEncryptionKey != "" {
		return envelope.ParseKey(c.KeyEncryptionKey)
	}
	path := filepath.Join(c.DataDir, "kek")
	if create {
		// A key made anew beside an old database could not open it; the server
		// says so.
		return envelope.ReadOrCreateKeyFile(path, s.Rand)
	}
	wrapper, err := envelope.ReadKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, there := os.Stat(c.DatabaseAddress()); !c.Postgres() && there == nil {
			return nil, fmt.Errorf("the database is there, but the key-encryption key %s is not: put your copy of it back; "+
				"without it nothing can read the signing keys", path)
		}
		return nil, errNoInstallation
	}
	return wrapper, err
}

// serverTLS is the certificate of the configuration or, on this machine alone, a
// generated one and the file of its CA.
func (s *shared) serverTLS(c config.Config) (*tls.Config, string, error) {
	switch {
	case c.TLS.Off:
		return nil, "", nil
	case c.TLS.CertFile != "":
		r, err := newCertReloader(c.TLS.CertFile, c.TLS.KeyFile)
		if err != nil {
			return nil, "", err
		}
		return &tls.Config{GetCertificate: r.get, MinVersion: tls.VersionTLS12}, "", nil
	}
	var names []string
	for _, h := range c.Hosts {
		u, err := url.Parse(h)
		if err != nil {
			return nil, "", err // config checked it
		}
		names = append(names, u.Hostname())
	}
	cert, caFile, err := devca.LoadOrCreate(c.DataDir, names, s.Now())
	if err != nil {
		return nil, "", err
	}
	if caFile, err = filepath.Abs(caFile); err != nil {
		return nil, "", err
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, caFile, nil
}

// runServer serves until ctx ends.
func runServer(ctx context.Context, in *installation, ready func(addr string)) error {
	srv, err := server.New(ctx, in.Config)
	if err != nil {
		return err
	}
	srv.TuneProcess(ctx)
	return srv.Run(ctx, ready)
}

// runBootstrap makes the first tenant.
func runBootstrap(ctx context.Context, in *installation, name, domain, admin, out string) (*server.Bootstrap, error) {
	return server.BootstrapDatabase(ctx, in.Config, directory.TenantRequest{DisplayName: name, Domain: domain, AdminName: admin}, in.caFile, out)
}

// newDev prepares a server in development mode.
func newDev(ctx context.Context, o server.DevOptions) (*server.Dev, error) {
	d, err := server.NewDev(ctx, o)
	if err == nil {
		d.TuneProcess(ctx)
	}
	return d, err
}

// runMigrate brings the database up to date.
func runMigrate(ctx context.Context, c config.Config) (bool, error) {
	if !c.Postgres() {
		if _, err := os.Stat(c.DatabaseAddress()); errors.Is(err, fs.ErrNotExist) {
			return false, errNoInstallation
		}
	}
	return server.Migrate(ctx, c.DatabaseAddress())
}

// withKeys opens the keys of an installation, or of development mode where the
// database is marked so.
func withKeys(ctx context.Context, s *shared, c config.Config, f func(*signingkey.Keyring) error) error {
	if !c.Postgres() {
		if _, err := os.Stat(c.DatabaseAddress()); errors.Is(err, fs.ErrNotExist) {
			return errNoInstallation
		}
	}
	wrapper, err := s.keyWrapper(c, false)
	if err != nil {
		return err
	}
	cfg := server.Config{Hosts: c.Hosts, Database: c.DatabaseAddress(), Wrapper: wrapper, Log: s.logger(c.Log)}
	err = server.Keys(ctx, cfg, f)
	if errors.Is(err, server.ErrDevDatabase) {
		cfg.Dev = true
		err = server.Keys(ctx, cfg, f)
	}
	return err
}
