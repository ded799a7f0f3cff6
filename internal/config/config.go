package config

import "time"

// Config is the content of sekisho.yaml. Every key may be left out. Any text
// may hold references: ${env:NAME} is the value of an environment variable,
// ${file:PATH} the content of a file without its last line break. Relative paths
// start at the working directory.
//
// The comments of the fields are the reference page: write them for an operator.
type Config struct {
	// Address that the server listens on, as HOST:PORT. An empty host listens on
	// all interfaces.
	Listen string `yaml:"listen"`

	// Public base URLs under which clients reach the server, each a scheme and a
	// host with an optional port, without a path. The first is the primary one.
	// The issuer of a token is the one that the client used; a request for any
	// other host is refused with 421. Host names must not contain the word
	// "token": some clients derive addresses by replacing it.
	Hosts []string `yaml:"hosts"`

	// Base URL of Graph, where it has a host name of its own. Empty: the first of
	// `hosts`.
	GraphURL string `yaml:"graphUrl"`

	// Base URL of the issuer of version 1 tokens, where it has a host name of its
	// own. Empty: the host that the client used.
	STSURL string `yaml:"stsUrl"`

	// How the listener speaks TLS.
	TLS TLS `yaml:"tls"`

	// Addresses or CIDR ranges of the proxies in front of the server. The
	// X-Forwarded headers count only in requests that come from them.
	TrustedProxies []string `yaml:"trustedProxies"`

	// Where the directory is kept: the path of an SQLite file, or a
	// postgres:// URL. A relative path starts at `dataDir`.
	Database string `yaml:"database" secret:"true"`

	// Folder for what the server keeps beside the database: its generated
	// certificate and key-encryption key, where none are configured.
	DataDir string `yaml:"dataDir"`

	// The key that wraps all stored private keys: 32 bytes in base64, usually as
	// ${file:PATH} or ${env:NAME}. Empty with SQLite: the file `kek` in `dataDir`,
	// made by `sekisho bootstrap`. With PostgreSQL it must be given, the same on
	// every node. Who loses it loses every signing key.
	KeyEncryptionKey string `yaml:"keyEncryptionKey" secret:"true"`

	// The listener for operators. Never expose it to clients.
	Operations Operations `yaml:"operations"`

	// What the server writes to standard error.
	Log Log `yaml:"log"`

	// How long records are kept.
	Retention Retention `yaml:"retention"`

	// Requests that the server itself makes, such as fetching the keys of a
	// federated issuer.
	Outbound Outbound `yaml:"outbound"`

	// How many requests per minute one client address may send to the token
	// endpoints; beyond that it is answered with 429. 0: no bound.
	RequestsPerMinute int `yaml:"requestsPerMinute"`

	// How many answers per minute one client address may give on the pages of
	// sign-in and sign-out; beyond that it is answered with 429. People behind one
	// proxy share it; a sign-in takes three. 0: no bound.
	SignInsPerMinute int `yaml:"signInsPerMinute"`

	// How long a stopping server waits for requests under way.
	ShutdownGrace time.Duration `yaml:"shutdownGrace"`
}

// TLS is the group `tls`.
type TLS struct {
	// Certificate chain in PEM, the server's own first. Read again when the file
	// changes.
	CertFile string `yaml:"certFile"`

	// Private key of the certificate, in PEM.
	KeyFile string `yaml:"keyFile"`

	// Speak plain HTTP, because a proxy in front ends TLS. Needs
	// `trustedProxies`: clients accept https addresses only.
	Off bool `yaml:"off"`
}

// Operations is the group `operations`.
type Operations struct {
	// Address for /metrics and /debug/pprof, as HOST:PORT. Empty: not served.
	Listen string `yaml:"listen"`
}

// Log is the group `log`.
type Log struct {
	// Least level that is written: debug, info, warn or error.
	Level string `yaml:"level"`

	// Form of a line: text or json.
	Format string `yaml:"format"`
}

// Retention is the group `retention`.
type Retention struct {
	// How long sign-in records are kept.
	SignIns time.Duration `yaml:"signIns"`

	// How long the records of changes to the directory are kept.
	DirectoryAudits time.Duration `yaml:"directoryAudits"`

	// How long a deleted application, service principal or user can be restored.
	DeletedObjects time.Duration `yaml:"deletedObjects"`
}

// Outbound is the group `outbound`.
type Outbound struct {
	// Private addresses, CIDR ranges or host names that outgoing requests may
	// reach, beside the public internet.
	Allow []string `yaml:"allow"`

	// PEM file of certificate authorities that outgoing requests trust beside
	// those of the system.
	CAFile string `yaml:"caFile"`
}

// Default is the configuration of a server without a file: one that answers on
// this machine alone, with everything it keeps under sekisho-data.
func Default() Config {
	return Config{
		Listen:   "localhost:8443",
		Hosts:    []string{"https://localhost:8443"},
		Database: "sekisho.db",
		DataDir:  "sekisho-data",
		Log:      Log{Level: "info", Format: "text"},
		Retention: Retention{
			SignIns:         30 * day,
			DirectoryAudits: 90 * day,
			DeletedObjects:  30 * day,
		},
		SignInsPerMinute: 300,
		ShutdownGrace:    10 * time.Second,
	}
}

const day = 24 * time.Hour
