package discovery

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// instance is the answer of instance discovery.
type instance struct {
	TenantDiscovery string          `json:"tenant_discovery_endpoint"`
	APIVersion      string          `json:"api-version"`
	Metadata        []instanceAlias `json:"metadata,omitempty"`
}

type instanceAlias struct {
	PreferredNetwork string   `json:"preferred_network"`
	PreferredCache   string   `json:"preferred_cache"`
	Aliases          []string `json:"aliases"`
}

// Instance serves /common/discovery/instance: whether a host is an authority of
// this cloud, and under which other names. A client asks before it sends
// credentials to a host it does not know.
func (e *Endpoint) Instance() http.Handler {
	return e.endpoint(func(w http.ResponseWriter, r *http.Request) error {
		q := r.URL.Query()
		version := q.Get("api-version")
		if version == "" {
			version = "1.0"
		}
		if version != "1.0" && version != "1.1" {
			return aadsts.New(aadsts.DiscoveryMalformed, "api-version must be 1.0 or 1.1")
		}
		host, segment, err := readAuthority(q.Get("authorization_endpoint"))
		if err != nil {
			return aadsts.New(aadsts.DiscoveryMalformed, "authorization_endpoint "+err.Error())
		}
		base, preferred, ok := e.known(host)
		if !ok {
			return aadsts.New(aadsts.InvalidInstance).Because(errors.New("asked about " + host))
		}
		out := instance{APIVersion: version, TenantDiscovery: base + "/" + segment + "/v2.0/.well-known/openid-configuration"}
		if version == "1.0" {
			out.TenantDiscovery = base + "/" + segment + "/.well-known/openid-configuration"
		} else {
			// What is preferred is where clients send everything from now on:
			// always the host that they asked about.
			out.Metadata = []instanceAlias{{PreferredNetwork: preferred, PreferredCache: preferred, Aliases: e.aliases(preferred)}}
		}
		return writeFresh(w, r, out, forADay)
	})
}

// readAuthority takes host and tenant out of an authorization endpoint. The
// errors continue a sentence that began with the parameter's name.
func readAuthority(endpoint string) (host, segment string, err error) {
	if endpoint == "" {
		return "", "", errors.New("is missing")
	}
	u, err := url.Parse(endpoint)
	if err != nil || !strings.EqualFold(u.Scheme, "https") || u.Host == "" || u.User != nil {
		return "", "", errors.New("is not an https URL")
	}
	segment, _, _ = strings.Cut(strings.TrimPrefix(strings.ToLower(u.EscapedPath()), "/"), "/")
	if _, err := directory.ParseTenantName(segment); err != nil {
		return "", "", errors.New("names no tenant")
	}
	return strings.ToLower(u.Host), segment, nil
}

// known finds the configured host that the name stands for: its base URL, and
// its name as clients that compare the port expect it.
func (e *Endpoint) known(host string) (base, name string, ok bool) {
	// With the port first: several hosts may differ by it alone.
	for _, exact := range []bool{true, false} {
		for _, h := range e.cfg.Hosts {
			u, err := url.Parse(h.Login)
			if err != nil {
				continue
			}
			full := strings.ToLower(u.Host)
			if host == full || u.Port() == "" && host == full+":443" || !exact && host == strings.ToLower(u.Hostname()) {
				return h.Login, full, true
			}
		}
	}
	return "", "", false
}

// aliases are all names of the cloud, each with and without its port (some
// clients compare the one, some the other), beginning with the preferred one.
func (e *Endpoint) aliases(preferred string) []string {
	out := []string{preferred}
	add := func(name string) {
		for _, have := range out {
			if have == name {
				return
			}
		}
		out = append(out, name)
	}
	addBase := func(base string) {
		if u, err := url.Parse(base); err == nil {
			add(strings.ToLower(u.Host))
			add(strings.ToLower(u.Hostname()))
		}
	}
	addBase("https://" + preferred)
	for _, h := range e.cfg.Hosts {
		addBase(h.Login)
		addBase(h.STS)
	}
	return out
}
