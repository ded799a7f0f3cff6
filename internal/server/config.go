package server

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/envelope"
)

// Config is what a server needs to run. The commands make it from a
// configuration file or, in development mode, by themselves.
type Config struct {
	// Listen is the address of the main listener, HOST:PORT.
	Listen string
	// Hosts are the public base URLs under which clients reach the server, the
	// primary one first, each without a slash at its end.
	Hosts []string
	// GraphURL and STSURL are base URLs of their own for Graph and for v1
	// issuers; empty, they follow the host that the client used.
	GraphURL, STSURL string
	// TLS serves the certificate; nil speaks plain HTTP to a trusted proxy.
	TLS            *tls.Config
	TrustedProxies []netip.Prefix

	// Database is an SQLite path or a postgres:// URL.
	Database string
	// Wrapper wraps the data keys of the database.
	Wrapper envelope.KeyWrapper

	// OperationsListen is the address for metrics and profiles; empty for none.
	OperationsListen string
	// RequestsPerMinute bounds the requests of one client address to the OAuth
	// endpoints; 0 for no bound.
	RequestsPerMinute int
	// SignInsPerMinute bounds what one client address may post to the pages of
	// people; 0 for no bound.
	SignInsPerMinute int
	// OutboundAllow are private ranges, OutboundHosts names, that requests of ours
	// may reach; OutboundCAs, if not nil, replaces the system's roots.
	OutboundAllow []netip.Prefix
	OutboundHosts []string
	OutboundCAs   *x509.CertPool

	SignInsKept, AuditsKept, DeletedKept time.Duration
	ShutdownGrace                        time.Duration

	// Dev is development mode: a movable clock, keys that roll at once,
	// requests of ours to this machine. The database must carry its mark, and
	// every other server refuses such a database.
	Dev bool

	Log *slog.Logger
	// Clock and Rand may be given by tests.
	Clock *Clock
	Rand  io.Reader
	// Signers and QueueLimit size the signing queue; 0 for cores+1 and 1024.
	Signers, QueueLimit int
	// RecordsWaiting bounds the sign-in records that wait for a commit; 0 for 4096.
	RecordsWaiting int
}

// The retention of a Config that says nothing.
const (
	defaultSignInsKept = 30 * 24 * time.Hour
	defaultAuditsKept  = 90 * 24 * time.Hour
	defaultDeletedKept = 30 * 24 * time.Hour
	defaultGrace       = 10 * time.Second
)
