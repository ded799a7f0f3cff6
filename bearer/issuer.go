package bearer

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Words that stand for a tenant in an authority.
const (
	tenantCommon        = "common"
	tenantOrganizations = "organizations"
	tenantConsumers     = "consumers"

	// consumersTenantID is the tenant of personal accounts, the same everywhere.
	consumersTenantID = "9188040d-6c67-4c5b-b112-36a304b66dad"

	// tenantPlaceholder stands for the tenant in the issuer of a document for many
	// tenants, literally.
	tenantPlaceholder = "{tenantid}"
)

// A version is that of a token and of the metadata document that goes with it.
type version int

const (
	v1 version = iota
	v2
	versions // how many there are
)

// String is the value of the claim ver.
func (v version) String() string {
	if v == v1 {
		return "1.0"
	}
	return "2.0"
}

// An authority is a parsed Config.Authority.
type authority struct {
	base   string // scheme and host, lower case, no slash at the end
	host   string // host and port, lower case
	tenant string // lower case
}

func parseAuthority(s string, allowHTTP bool) (authority, error) {
	if s == "" {
		return authority{}, errors.New(`it is empty: give "https://host/tenant"`)
	}
	u, err := url.Parse(s)
	if err != nil {
		return authority{}, fmt.Errorf("%q is not a URL", s)
	}
	switch {
	case u.Scheme == "http" && !allowHTTP:
		return authority{}, fmt.Errorf("%q uses http: https is required", s)
	case u.Scheme != "https" && u.Scheme != "http":
		return authority{}, fmt.Errorf("%q does not begin with https://", s)
	case u.Host == "" || u.Hostname() == "":
		return authority{}, fmt.Errorf("%q has no host", s)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.RawPath != "":
		return authority{}, fmt.Errorf("%q may have only a host and a tenant", u.Redacted())
	}
	path := strings.TrimPrefix(strings.ToLower(u.Path), "/")
	path = strings.TrimSuffix(strings.TrimSuffix(path, "/"), "/v2.0")
	if path == "v2.0" || !isTenantWord(path) {
		return authority{}, fmt.Errorf(`%q has no tenant: give "https://host/tenant"`, s)
	}
	host := strings.ToLower(u.Host)
	return authority{base: u.Scheme + "://" + host, host: host, tenant: path}, nil
}

// isTenantWord says whether s can stand for a tenant in a path: a GUID, a domain
// name, or one of the three words.
func isTenantWord(s string) bool {
	switch s {
	case tenantCommon, tenantOrganizations, tenantConsumers:
		return true
	}
	if isGUID(s) {
		return true
	}
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-."
	if strings.Trim(s, allowed) != "" {
		return false
	}
	return strings.Contains(s, ".") && !strings.Contains(s, "..") && s[0] != '.' && s[len(s)-1] != '.'
}

// manyTenants says whether the metadata has an issuer with a placeholder.
func (a authority) manyTenants() bool {
	return a.tenant == tenantCommon || a.tenant == tenantOrganizations
}

// metadataURL is where the document for tokens of version v is. There is no version
// 1.0 document of its own for organizations: the one of common serves both.
func (a authority) metadataURL(v version) string {
	tenant, path := a.tenant, "/.well-known/openid-configuration"
	if v == v2 {
		path = "/v2.0" + path
	} else if tenant == tenantOrganizations {
		tenant = tenantCommon
	}
	return a.base + "/" + tenant + path
}

// authorizationURI is where a client can begin to get a token.
func (a authority) authorizationURI() string {
	return a.base + "/" + a.tenant + "/oauth2/v2.0/authorize"
}

// An issuer is an issuer identifier taken apart. Version 1.0 has the form
// "https://host/tenant/", version 2.0 "https://host/tenant/v2.0".
type issuer struct {
	base    string // scheme and host, as written
	tenant  string // a GUID in lower case, or the placeholder
	version version
}

// parseIssuer takes s apart. It is exact: no other letter case, slash or escape is
// accepted, so two issuers are equal if and only if their parts are.
func parseIssuer(s string) (issuer, bool) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || scheme != "https" && scheme != "http" {
		return issuer{}, false
	}
	host, rest, ok := strings.Cut(rest, "/")
	if !ok || host == "" {
		return issuer{}, false
	}
	tenant, rest, ok := strings.Cut(rest, "/")
	if !ok || tenant != tenantPlaceholder && !isGUID(tenant) {
		return issuer{}, false
	}
	iss := issuer{base: s[:len(scheme)+len("://")+len(host)], tenant: tenant}
	switch rest {
	case "":
		iss.version = v1
	case "v2.0":
		iss.version = v2
	default:
		return issuer{}, false
	}
	return iss, true
}

// covers says whether iss, which may hold the placeholder, is other after the
// placeholder has been replaced by other's tenant.
func (iss issuer) covers(other issuer) bool {
	return iss.version == other.version && iss.base == other.base &&
		(iss.tenant == other.tenant || iss.tenant == tenantPlaceholder)
}

// isGUID says whether s is a GUID in its usual form, in lower case.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !hex {
				return false
			}
		}
	}
	return true
}
