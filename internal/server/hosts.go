package server

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/issue"
)

// hostTable maps each public host name to the addresses that go with it.
func hostTable(c *Config) (map[string]issue.Hosts, []issue.Hosts, error) {
	table := make(map[string]issue.Hosts)
	var list []issue.Hosts
	for _, base := range c.Hosts {
		h := issue.Hosts{Login: base, STS: base, Graph: base}
		if c.STSURL != "" {
			h.STS = c.STSURL
		}
		if c.GraphURL != "" {
			h.Graph = c.GraphURL
		}
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.Path != "" {
			return nil, nil, fmt.Errorf("%q is not a base URL: give scheme and host alone, like https://login.example.com", base)
		}
		h.Loopback = loopback(u.Hostname())
		list = append(list, h)
		for _, name := range hostNames(u) {
			table[name] = h
		}
	}
	// Graph may be asked under its own name; what it answers there belongs to
	// the primary host.
	for _, own := range []string{c.GraphURL, c.STSURL} {
		if own == "" {
			continue
		}
		u, err := url.Parse(own)
		if err != nil || u.Host == "" {
			return nil, nil, fmt.Errorf("%q is not a base URL", own)
		}
		for _, name := range hostNames(u) {
			if _, ok := table[name]; !ok {
				table[name] = list[0]
			}
		}
	}
	return table, list, nil
}

// hostNames are the spellings of a URL's host in a Host header: without the
// scheme's own port, and with it.
func hostNames(u *url.URL) []string {
	host := strings.ToLower(u.Host)
	own := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	switch u.Port() {
	case "":
		return []string{host, net.JoinHostPort(strings.ToLower(u.Hostname()), own)}
	case own:
		return []string{host, strings.TrimSuffix(host, ":"+own)}
	}
	return []string{host}
}

func loopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}
