package issuer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// ErrForbidden says that the guard does not let a request out: the scheme, the
// form of the address, or the network that its name resolves to.
var ErrForbidden = errors.New("issuer: address not allowed")

// neverPrefixes answer with credentials of the machine that asks. No allow-list
// opens them, however wide its ranges are.
var neverPrefixes = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),     // link-local, metadata of most clouds
	netip.MustParsePrefix("168.63.129.16/32"),   // Azure's host, a public address
	netip.MustParsePrefix("100.100.100.200/32"), // Alibaba's, in the shared address space
	netip.MustParsePrefix("192.0.0.192/32"),     // Oracle's
	netip.MustParsePrefix("fd00:ec2::/32"),      // AWS's, in the unique-local space
	netip.MustParsePrefix("fe80::/10"),
}

// Ranges that a host on the operator's list may resolve to, besides the public
// ones.
var (
	privateV4 = []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
	}
	privateV6 = []netip.Prefix{netip.MustParsePrefix("fc00::/7")}
)

var (
	loopbackV4 = netip.MustParsePrefix("127.0.0.0/8")
	loopbackV6 = netip.MustParsePrefix("::1/128")
)

// A guard decides where requests may go.
type guard struct {
	loopback bool
	hosts    []string
	public   *ssrf.Guardian // for every host but those listed
	listed   *ssrf.Guardian // for hosts on the operator's list
}

func newGuard(c Config) *guard {
	var v4, v6 []netip.Prefix
	for _, p := range c.AllowedPrefixes {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	if c.AllowLoopback {
		v4, v6 = append(v4, loopbackV4), append(v6, loopbackV6)
	}
	g := &guard{loopback: c.AllowLoopback}
	for _, h := range c.AllowedHosts {
		g.hosts = append(g.hosts, hostKey(h))
	}
	// Any port: issuers inside a cluster seldom have 443, and TLS is asked for
	// whatever the port.
	g.public = ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
	g.listed = ssrf.New(ssrf.WithAnyPort(),
		ssrf.WithAllowedV4Prefixes(slices.Concat(v4, privateV4)...),
		ssrf.WithAllowedV6Prefixes(slices.Concat(v6, privateV6)...))
	return g
}

// hostKey brings a host name into the form in which hosts are compared.
func hostKey(h string) string {
	return strings.ToLower(strings.TrimSuffix(h, "."))
}

// checkURL refuses addresses that must not even be resolved.
func (g *guard) checkURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		// The text of err would repeat the address.
		return nil, fmt.Errorf("%w: it is not a URL", ErrForbidden)
	case u.Opaque != "" || u.Hostname() == "":
		return nil, fmt.Errorf("%w: it has no host", ErrForbidden)
	case u.User != nil:
		return nil, fmt.Errorf("%w: it has user information", ErrForbidden)
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return nil, fmt.Errorf("%w: it has a fragment", ErrForbidden)
	case u.Scheme == "https", u.Scheme == "http" && g.loopback && isLoopbackHost(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("%w: it is not https", ErrForbidden)
}

func isLoopbackHost(h string) bool {
	if a, err := netip.ParseAddr(h); err == nil {
		return a.Unmap().IsLoopback()
	}
	return hostKey(h) == "localhost"
}

// check judges a resolved address just before the connection is made. By then
// the name cannot change its meaning any more (DNS rebinding).
func (g *guard) check(listed bool, network, address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: cannot read the address", ErrForbidden)
	}
	by := g.public
	if listed {
		by = g.listed
	}
	ip := ap.Addr().WithZone("").Unmap()
	if ssrf.IPv6NAT64Prefix.Contains(ip) {
		// Open only where an operator without IPv4 opened it; then what counts is
		// the address behind the translator (RFC 6052 §2.2).
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
		if err := by.SafeAddr(ip); err != nil {
			return fmt.Errorf("%w: %w", ErrForbidden, err)
		}
	}
	for _, p := range neverPrefixes {
		if p.Contains(ip) {
			return fmt.Errorf("%w: %s belongs to the machine or its cloud", ErrForbidden, ip)
		}
	}
	if err := by.Safe(network, address, nil); err != nil {
		return fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	return nil
}

// client is an HTTP client whose every connection passes the guard. It has no
// proxy, no cookies, no credentials, follows no redirect and unpacks nothing.
func (g *guard) client(tlsConfig *tls.Config) *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		listed := slices.Contains(g.hosts, hostKey(host))
		d := net.Dialer{
			Timeout: fetchTimeout,
			Control: func(network, address string, _ syscall.RawConn) error {
				return g.check(listed, network, address)
			},
		}
		return d.DialContext(ctx, network, address)
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil, // the environment must not lead around the guard
			DialContext:            dial,
			TLSClientConfig:        tlsConfig,
			TLSHandshakeTimeout:    fetchTimeout,
			ResponseHeaderTimeout:  fetchTimeout,
			MaxResponseHeaderBytes: 32 << 10,
			DisableCompression:     true,
			DisableKeepAlives:      true, // a fetch per issuer and hour gains nothing
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       fetchTimeout,
	}
}

const fetchTimeout = 5 * time.Second
