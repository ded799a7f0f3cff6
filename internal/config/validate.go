package config

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Validate reports all faults of a Config that came from no file.
func (c Config) Validate() error {
	if list := c.faults(); len(list) > 0 {
		return &Faults{File: "configuration", List: list}
	}
	return nil
}

// faults looks at every value; each fault carries the key only.
func (c Config) faults() []Fault {
	var list []Fault
	add := func(key, format string, args ...any) {
		list = append(list, Fault{Key: key, Message: fmt.Sprintf(format, args...)})
	}
	checkAddress(add, "listen", c.Listen)
	if c.Operations.Listen != "" {
		checkAddress(add, "operations.listen", c.Operations.Listen)
		if c.Operations.Listen == c.Listen {
			add("operations.listen", "must differ from listen: clients must not reach it")
		}
	}
	c.checkHosts(add)
	c.checkTLS(add)
	c.checkDatabase(add)
	for i, p := range c.TrustedProxies {
		if _, err := ParseRange(p); err != nil {
			add(fmt.Sprintf("trustedProxies[%d]", i), "%q is neither an address nor a CIDR range such as 10.0.0.0/8", p)
		}
	}
	for i, p := range c.Outbound.Allow {
		if _, err := ParseRange(p); err != nil && !hostName(p) {
			add(fmt.Sprintf("outbound.allow[%d]", i), "%q is neither an address, a CIDR range such as 10.0.0.0/8, nor a host name", p)
		}
	}
	if c.Outbound.CAFile != "" {
		checkFile(add, "outbound.caFile", c.Outbound.CAFile)
	}
	switch c.Log.Level {
	case "debug", "info", "warn", "error":
	default:
		add("log.level", "%q is no level; write debug, info, warn or error", c.Log.Level)
	}
	switch c.Log.Format {
	case "text", "json":
	default:
		add("log.format", "%q is no format; write text or json", c.Log.Format)
	}
	c.checkRetention(add)
	if c.DataDir == "" {
		add("dataDir", "must not be empty")
	}
	return list
}

type adder func(key, format string, args ...any)

func checkAddress(add adder, key, address string) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		add(key, "%q is not HOST:PORT", address)
		return
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		add(key, "%q is no port number", port)
	}
}

func (c Config) checkHosts(add adder) {
	if len(c.Hosts) == 0 {
		add("hosts", "at least one public base URL is needed, such as https://login.example.com")
	}
	seen := map[string]bool{}
	for i, h := range c.Hosts {
		key := fmt.Sprintf("hosts[%d]", i)
		if message := baseURLFault(h); message != "" {
			add(key, "%s", message)
			continue
		}
		if seen[strings.ToLower(h)] {
			add(key, "%s is listed twice", h)
		}
		seen[strings.ToLower(h)] = true
	}
	for _, u := range []struct{ key, value string }{{"graphUrl", c.GraphURL}, {"stsUrl", c.STSURL}} {
		if u.value == "" {
			continue
		}
		if message := baseURLFault(u.value); message != "" {
			add(u.key, "%s", message)
		}
	}
}

// baseURLFault says what is wrong with a base URL. Clients refuse http
// authorities, and derive addresses by replacing the word "token".
func baseURLFault(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return fmt.Sprintf("%q is no base URL such as https://login.example.com", s)
	case u.Scheme != "https":
		return fmt.Sprintf("%q must begin with https://: clients refuse anything else", s)
	case strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return fmt.Sprintf("%q must be a scheme and a host only: the first path segment belongs to the tenant", s)
	case strings.HasSuffix(s, "/"):
		return fmt.Sprintf("%q must not end with a slash", s)
	case strings.Contains(strings.ToLower(u.Hostname()), "token"):
		return fmt.Sprintf("%q must not contain the word \"token\": some clients derive addresses by replacing it", s)
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r > 0x7f }):
		return fmt.Sprintf("%q must be written in its ASCII form (xn--…)", s)
	}
	return ""
}

func (c Config) checkTLS(add adder) {
	t := c.TLS
	switch {
	case t.Off && (t.CertFile != "" || t.KeyFile != ""):
		add("tls.off", "cannot stand beside certFile and keyFile")
	case t.Off && len(c.TrustedProxies) == 0:
		add("tls.off", "needs trustedProxies: without TLS the server must stand behind a proxy that it knows")
	case t.CertFile != "" && t.KeyFile == "":
		add("tls.certFile", "needs tls.keyFile beside it")
	case t.KeyFile != "" && t.CertFile == "":
		add("tls.keyFile", "needs tls.certFile beside it")
	case t.CertFile == "" && !t.Off && !c.localOnly():
		add("tls", "certFile and keyFile are needed, since hosts names more than this machine (or off: true behind a proxy)")
	}
	if t.CertFile != "" {
		checkFile(add, "tls.certFile", t.CertFile)
	}
	if t.KeyFile != "" {
		checkFile(add, "tls.keyFile", t.KeyFile)
	}
}

// localOnly reports whether every host is this machine, for which a generated
// certificate will do.
func (c Config) localOnly() bool {
	for _, h := range c.Hosts {
		u, err := url.Parse(h)
		if err != nil {
			continue // reported by checkHosts
		}
		if name := u.Hostname(); name != "localhost" && name != "127.0.0.1" && name != "::1" {
			return false
		}
	}
	return true
}

func (c Config) checkDatabase(add adder) {
	switch {
	case c.Database == "":
		add("database", "must not be empty")
	case c.Postgres():
		if u, err := url.Parse(c.Database); err != nil || u.Host == "" && u.Query().Get("host") == "" {
			add("database", "is no postgres URL such as postgres://user@host/name")
		}
		if c.KeyEncryptionKey == "" {
			add("keyEncryptionKey", "must be given with PostgreSQL, the same on every node; make one with: openssl rand -base64 32")
		}
	case strings.Contains(c.Database, "://"):
		add("database", "must be the path of an SQLite file or begin with postgres://")
	}
	if c.KeyEncryptionKey != "" {
		// Whether it is random enough is judged where it is used.
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(c.KeyEncryptionKey))
		if err != nil || len(key) != 32 {
			add("keyEncryptionKey", "must be 32 bytes in base64; make one with: openssl rand -base64 32")
		}
	}
}

// Postgres reports whether the database is PostgreSQL.
func (c Config) Postgres() bool {
	return strings.HasPrefix(c.Database, "postgres://") || strings.HasPrefix(c.Database, "postgresql://")
}

// DatabaseAddress is the postgres URL, or the path of the SQLite file.
func (c Config) DatabaseAddress() string {
	if c.Postgres() || filepath.IsAbs(c.Database) {
		return c.Database
	}
	return filepath.Join(c.DataDir, c.Database)
}

func (c Config) checkRetention(add adder) {
	for _, r := range []struct {
		key  string
		days int
	}{
		{"retention.signIns", int(c.Retention.SignIns / day)},
		{"retention.directoryAudits", int(c.Retention.DirectoryAudits / day)},
		{"retention.deletedObjects", int(c.Retention.DeletedObjects / day)},
	} {
		if r.days < 1 {
			add(r.key, "must be at least one day")
		}
	}
	if c.RequestsPerMinute < 0 {
		add("requestsPerMinute", "must not be negative")
	}
	if c.SignInsPerMinute < 0 {
		add("signInsPerMinute", "must not be negative")
	}
	if c.ShutdownGrace <= 0 {
		add("shutdownGrace", "must be longer than nothing, such as 10s")
	}
}

func checkFile(add adder, key, path string) {
	f, err := os.Open(path)
	if err != nil {
		add(key, "the file cannot be read: %s", unwrapPath(err))
		return
	}
	_ = f.Close() // it was only looked at
}

// hostName reports whether s is a DNS name. One that ends in a number was meant
// as an address.
func hostName(s string) bool {
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return false
		}
	}
	_, err := strconv.Atoi(labels[len(labels)-1])
	return err != nil
}

// OutboundAllow splits the list of what outgoing requests may reach into ranges
// and host names.
func (c Config) OutboundAllow() (ranges []netip.Prefix, hosts []string) {
	for _, entry := range c.Outbound.Allow {
		if p, err := ParseRange(entry); err == nil {
			ranges = append(ranges, p)
		} else {
			hosts = append(hosts, strings.ToLower(entry))
		}
	}
	return ranges, hosts
}

// ParseRange reads an address or a CIDR range.
func ParseRange(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return p.Masked(), nil
}
