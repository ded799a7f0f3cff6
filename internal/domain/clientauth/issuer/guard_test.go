package issuer

import (
	"errors"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// Addresses that a server must not be made to call, in every spelling.
func TestHostileAddresses(t *testing.T) {
	s := newSite(t, (*httptest.Server).StartTLS, "a")
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, iss string }{
		{"loopback", "https://127.0.0.1:" + port},
		{"loopback, another", "https://127.8.8.8:" + port},
		{"loopback by a name", "https://localhost:" + port},
		{"loopback, IPv6", "https://[::1]:" + port},
		{"loopback, mapped", "https://[::ffff:127.0.0.1]:" + port},
		{"loopback, mapped in hex", "https://[::ffff:7f00:1]:" + port},
		{"loopback, NAT64", "https://[64:ff9b::7f00:1]:" + port},
		{"loopback, local NAT64", "https://[64:ff9b:1::7f00:1]:" + port},
		{"loopback, 6to4", "https://[2002:7f00:1::]:" + port},
		{"unspecified", "https://0.0.0.0:" + port},
		{"unspecified, IPv6", "https://[::]:" + port},
		{"private 10", "https://10.0.0.1"},
		{"private 172.16", "https://172.16.0.1"},
		{"private 192.168", "https://192.168.1.1"},
		{"shared", "https://100.64.0.1"},
		{"unique local", "https://[fd12:3456::1]"},
		{"site local", "https://[fec0::1]"},
		{"link-local", "https://169.254.1.1"},
		{"link-local, IPv6", "https://[fe80::1]"},
		{"multicast", "https://224.0.0.1"},
		{"multicast, IPv6", "https://[ff02::1]"},
		{"broadcast", "https://255.255.255.255"},
		{"metadata", "https://169.254.169.254"},
		{"metadata, mapped", "https://[::ffff:169.254.169.254]"},
		{"metadata, NAT64", "https://[64:ff9b::a9fe:a9fe]"},
		{"metadata of AWS, IPv6", "https://[fd00:ec2::254]"},
		{"metadata of Alibaba", "https://100.100.100.200"},
		{"host of Azure", "https://168.63.129.16"},
		{"documentation", "https://192.0.2.1"},
		{"benchmark", "https://198.18.0.1"},
		{"plain HTTP", "http://issuer.example"},
		{"plain HTTP on loopback", "http://127.0.0.1:" + port},
		{"file", "file:///etc/passwd"},
		{"gopher", "gopher://127.0.0.1/"},
		{"no scheme", "issuer.example"},
		{"no host", "https:///x"},
		{"opaque", "https:issuer.example"},
		{"user information", "https://user:pass@issuer.example"},
		{"user information that looks like a host", "https://issuer.example@127.0.0.1:" + port},
		{"fragment", "https://issuer.example/#x"},
		{"empty fragment", "https://issuer.example/#"},
		{"query", "https://issuer.example/?x=y"},
		{"empty query", "https://issuer.example/?"},
		{"control character", "https://issuer.example/\x00"},
		{"line break in the host", "https://issuer.example\r\nX: y"},
		{"backslash", `https://issuer.example\@127.0.0.1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := resolver(s, func(c *Config) { c.AllowLoopback = false })
			_, _, err := r.Keys(t.Context(), c.iss, "a")
			if !errors.Is(err, ErrForbidden) {
				t.Fatalf("got %v", err)
			}
		})
	}
	if s.documents.Load() != 0 {
		t.Error("the server was reached")
	}
}

func TestDevelopmentReachesLoopbackOnly(t *testing.T) {
	plain := newSite(t, (*httptest.Server).Start, "a")
	r, _ := resolver(plain)
	if !ask(t, r, plain.URL, "a") {
		t.Error("plain HTTP on loopback must work in development")
	}
	for _, iss := range []string{
		"http://issuer.example", "http://10.0.0.1", "http://localhost.evil.example", "https://10.0.0.1", "https://169.254.169.254",
	} {
		if _, _, err := r.Keys(t.Context(), iss, "a"); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v", iss, err)
		}
	}
}

// Only these may be spoken to without TLS, and only in development. What looks
// like an address to others is a name to Go and no loopback.
func TestLoopbackHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "localhost.": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "127.1": false, "2130706433": false, "0177.0.0.1": false, "localhost.evil.example": false, "0.0.0.0": false, "128.0.0.1": false,
	} {
		if isLoopbackHost(host) != want {
			t.Errorf("%q", host)
		}
	}
}

func TestAllowLists(t *testing.T) {
	g := newGuard(Config{
		AllowedPrefixes: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd12::/16"), netip.MustParsePrefix("0.0.0.0/0")},
		AllowedHosts:    []string{"Issuer.Internal."},
	})
	narrow := newGuard(Config{AllowedPrefixes: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd12::/16")}})
	noIPv4 := newGuard(Config{AllowedPrefixes: []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96")}})
	for _, c := range []struct {
		name    string
		guard   *guard
		listed  bool
		address string
		open    bool
	}{
		{"public", narrow, false, "93.184.215.14:443", true},
		{"public, another port", narrow, false, "93.184.215.14:6443", true},
		{"public, IPv6", narrow, false, "[2606:2800:21f::1]:443", true},
		{"range of the list", narrow, false, "10.1.2.3:443", true},
		{"range of the list, IPv6", narrow, false, "[fd12::5]:443", true},
		{"beside the range", narrow, false, "10.2.0.1:443", false},
		{"loopback beside the range", narrow, false, "127.0.0.1:443", false},
		{"listed host at a private address", narrow, true, "192.168.0.9:443", true},
		{"listed host at a unique local address", narrow, true, "[fd99::1]:443", true},
		{"listed host at loopback", narrow, true, "127.0.0.1:443", false},
		{"listed host at metadata", narrow, true, "169.254.169.254:80", false},
		{"listed host at metadata, IPv6", narrow, true, "[fd00:ec2::254]:80", false},
		{"everything listed", g, false, "127.0.0.1:443", true},
		{"everything listed but metadata", g, false, "169.254.169.254:80", false},
		{"everything listed but metadata, mapped", g, false, "[::ffff:169.254.169.254]:80", false},
		{"public behind NAT64", noIPv4, false, "[64:ff9b::5db8:d70e]:443", true},
		{"private behind NAT64", noIPv4, false, "[64:ff9b::a00:1]:443", false},
		{"loopback behind NAT64", noIPv4, false, "[64:ff9b::7f00:1]:443", false},
		{"metadata behind NAT64", noIPv4, false, "[64:ff9b::a9fe:a9fe]:443", false},
		{"Azure's host behind NAT64", noIPv4, false, "[64:ff9b::a83f:8110]:443", false},
		{"public behind NAT64 that is not open", narrow, false, "[64:ff9b::5db8:d70e]:443", false},
		{"zone", narrow, false, "[fe80::1%eth0]:443", false},
		{"no address", narrow, false, "issuer.internal:443", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			network := "tcp4"
			if strings.HasPrefix(c.address, "[") {
				network = "tcp6"
			}
			err := c.guard.check(c.listed, network, c.address)
			if (err == nil) != c.open || err != nil && !errors.Is(err, ErrForbidden) {
				t.Errorf("got %v", err)
			}
		})
	}
	if g.check(false, "udp4", "93.184.215.14:443") == nil {
		t.Error("udp")
	}
	if len(g.hosts) != 1 || g.hosts[0] != "issuer.internal" {
		t.Error(g.hosts)
	}
}
