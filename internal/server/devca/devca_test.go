package devca

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 3, 2, 4, 11, 9, 0, time.UTC)

const day = 24 * time.Hour

func load(t *testing.T, dir string, hosts []string, now time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	cert, caPath, err := LoadOrCreate(dir, hosts, now)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(caPath)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatal("the CA file cannot be trusted as it is")
	}
	return cert, roots
}

func verify(cert *x509.Certificate, roots *x509.CertPool, host string, now time.Time) error {
	_, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: now})
	return err
}

func TestServerCertificate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	cert, roots := load(t, dir, []string{"login.hakone.example", "192.0.2.7", "[2001:db8::1]", "LOCALHOST"}, start)
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "login.hakone.example", "192.0.2.7", "2001:db8::1"} {
		if err := verify(cert.Leaf, roots, host, start); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if life := cert.Leaf.NotAfter.Sub(cert.Leaf.NotBefore); life > 90*day {
		t.Errorf("lives %v, want at most 90 days", life)
	}
	for _, key := range []string{caKeyFile, serverKeyFile} {
		info, err := os.Stat(filepath.Join(dir, key))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", key, info.Mode().Perm())
		}
	}

	// A handshake, not only the checks.
	client, server := net.Pipe()
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	go func() {
		_ = tls.Server(server, &tls.Config{Certificates: []tls.Certificate{cert}, Time: func() time.Time { return start }}).Handshake()
	}()
	if err := tls.Client(client, &tls.Config{ServerName: "localhost", RootCAs: roots, Time: func() time.Time { return start }}).Handshake(); err != nil {
		t.Errorf("handshake: %v", err)
	}
}

// The authority's key lies on a developer's disk: stolen, it must be of no use
// against other sites.
func TestAuthorityIsGoodForItsOwnNamesOnly(t *testing.T) {
	dir := t.TempDir()
	_, roots := load(t, dir, nil, start)
	ca, err := loadCA(dir, start)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(dns string, ip net.IP) *x509.Certificate {
		key, serial, err := newKey()
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: serial, NotBefore: start, NotAfter: start.Add(day)}
		if dns != "" {
			template.DNSNames = []string{dns}
		}
		if ip != nil {
			template.IPAddresses = []net.IP{ip}
		}
		cert, err := sign(template, ca.cert, key, ca.key)
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	refused := []*x509.Certificate{
		issue("example.com", nil), issue("localhost.example.com", nil), issue("notlocalhost", nil),
		issue("", net.IPv4(192, 0, 2, 1)), issue("", net.IPv4(127, 0, 0, 2)),
	}
	for _, cert := range refused {
		host := append(cert.DNSNames, "")[0]
		if host == "" {
			host = cert.IPAddresses[0].String()
		}
		if err := verify(cert, roots, host, start); err == nil {
			t.Errorf("a certificate for %s is accepted", host)
		}
	}
	if err := verify(issue("tokyo.localhost", nil), roots, "tokyo.localhost", start); err != nil {
		t.Errorf("tokyo.localhost: %v", err)
	}
	// Nor for an authority below it.
	key, serial, _ := newKey()
	sub, err := sign(&x509.Certificate{
		SerialNumber: serial, NotBefore: start, NotAfter: start.Add(day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, ca.cert, key, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	leafKey, serial, _ := newKey()
	leaf, err := sign(&x509.Certificate{SerialNumber: serial, NotBefore: start, NotAfter: start.Add(day), DNSNames: []string{"localhost"}}, sub, leafKey, key)
	if err != nil {
		t.Fatal(err)
	}
	below := x509.NewCertPool()
	below.AddCert(sub)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: below, CurrentTime: start}); err == nil {
		t.Error("an authority below this one is accepted")
	}

	critical := false
	for _, e := range ca.cert.Extensions {
		if e.Id.String() == "2.5.29.30" {
			critical = e.Critical
		}
	}
	if !critical {
		t.Error("the name constraints are not critical")
	}
}

func TestWhenTheServerCertificateIsKept(t *testing.T) {
	tests := []struct {
		name  string
		hosts []string
		after time.Duration
		spoil func(dir string) error
		kept  bool
	}{
		{name: "the next day", after: day, kept: true},
		{name: "59 days later", after: 59 * day, kept: true},
		{name: "61 days later", after: 61 * day},
		{name: "a year later", after: 365 * day},
		{name: "clock set back", after: -10 * time.Minute, kept: true},
		{name: "other host below a permitted one", hosts: []string{"tokyo.localhost"}},
		{name: "key is garbage", spoil: func(dir string) error {
			return os.WriteFile(filepath.Join(dir, serverKeyFile), []byte("x"), 0o600)
		}},
		{name: "certificate is garbage", spoil: func(dir string) error {
			return os.WriteFile(filepath.Join(dir, serverFile), []byte("x"), 0o600)
		}},
		{name: "certificate is gone", spoil: func(dir string) error { return os.Remove(filepath.Join(dir, serverFile)) }},
		{name: "key can be read by others", spoil: func(dir string) error { return os.Chmod(filepath.Join(dir, serverKeyFile), 0o644) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			first, _ := load(t, dir, nil, start)
			if tt.spoil != nil {
				if err := tt.spoil(dir); err != nil {
					t.Fatal(err)
				}
			}
			second, roots := load(t, dir, tt.hosts, start.Add(tt.after))
			if kept := bytes.Equal(first.Certificate[0], second.Certificate[0]); kept != tt.kept {
				t.Errorf("kept: %v, want %v", kept, tt.kept)
			}
			for _, host := range append(tt.hosts, "localhost") {
				if err := verify(second.Leaf, roots, host, start.Add(tt.after)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestAuthorityThatCannotBeUsed(t *testing.T) {
	other := t.TempDir()
	load(t, other, nil, start)
	read := func(dir, name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	write := func(dir, name string, b []byte) error { return os.WriteFile(filepath.Join(dir, name), b, 0o600) }
	tests := []struct {
		name  string
		hosts []string
		after time.Duration
		spoil func(dir string) error
		says  string
	}{
		{name: "certificate is garbage", spoil: func(dir string) error { return write(dir, CAFile, []byte("x")) }, says: "is damaged"},
		{name: "certificate is empty", spoil: func(dir string) error { return write(dir, CAFile, nil) }, says: "is damaged"},
		{name: "certificate holds nonsense", spoil: func(dir string) error {
			return writePEM(filepath.Join(dir, CAFile), "CERTIFICATE", []byte("x"), 0o600)
		}, says: "is not a certificate"},
		{name: "certificate of something else", spoil: func(dir string) error { return write(dir, CAFile, read(dir, serverFile)) }, says: "not an authority made for development"},
		{name: "key is gone", spoil: func(dir string) error { return os.Remove(filepath.Join(dir, caKeyFile)) }, says: "is missing"},
		{name: "key is garbage", spoil: func(dir string) error { return write(dir, caKeyFile, []byte("x")) }, says: "is damaged"},
		{name: "key of another authority", spoil: func(dir string) error { return write(dir, caKeyFile, read(other, caKeyFile)) }, says: "do not belong together"},
		{name: "key can be read by others", spoil: func(dir string) error { return os.Chmod(filepath.Join(dir, caKeyFile), 0o644) }, says: "chmod 600"},
		{name: "expired", after: 11 * 365 * day, says: "is valid from"},
		{name: "host it was not made for", hosts: []string{"login.hakone.example"}, says: "may only sign for localhost"},
		{name: "address it was not made for", hosts: []string{"192.0.2.7"}, says: "may only sign for localhost"},
		{name: "not a host", hosts: []string{"https://login.hakone.example"}, says: "is not a host name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			load(t, dir, nil, start)
			if tt.spoil != nil {
				if err := tt.spoil(dir); err != nil {
					t.Fatal(err)
				}
			}
			_, _, err := LoadOrCreate(dir, tt.hosts, start.Add(tt.after))
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one sentence with %q", err, tt.says)
			}
		})
	}
}

func TestCutShortAtTheFirstStart(t *testing.T) {
	dir := t.TempDir()
	load(t, dir, nil, start)
	for _, gone := range []string{CAFile, serverFile, serverKeyFile} { // only the authority's key was written
		if err := os.Remove(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
	}
	cert, roots := load(t, dir, nil, start)
	if err := verify(cert.Leaf, roots, "localhost", start); err != nil {
		t.Error(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".pem-*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, _, err := LoadOrCreate(filepath.Join(dir, CAFile, "sub"), nil, start); err == nil {
		t.Error("a directory below a file was made")
	}
}
