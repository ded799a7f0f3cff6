package bearer

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Config says which tokens a [Verifier] accepts. Authority and Audiences are
// required, and one of Tenants and TenantAllowed if Authority names no single
// tenant; everything else has a default.
type Config struct {
	// Authority is where tokens come from: "https://host/tenant", with or without
	// "/v2.0" at its end, which makes no difference. The tenant is a GUID, a domain
	// name, or one of the words common, organizations and consumers.
	Authority string

	// Audiences are the names of this API: its client id (a GUID) and, if it gets
	// version 1.0 tokens, its App ID URIs. At least one.
	Audiences []string

	// Tenants are the ids of the tenants that may call, if Authority ends in common
	// or organizations.
	Tenants []string

	// TenantAllowed decides which tenants may call, if Authority ends in common or
	// organizations. With Tenants set too, a tenant needs either. It is called for
	// each request, remembered token or not, from many goroutines: keep it quick. It
	// gets the tenant's GUID in lower case, after the signature was checked.
	// [AnyTenant] lets in every tenant that exists.
	TenantAllowed func(tenantID string) bool

	// Algorithms are the signing algorithms to accept: RS256 and ES256. Default:
	// RS256 only, which is all that Entra uses.
	Algorithms []string

	// Skew is how far clocks may differ. 0 means 5 minutes; negative means none; at
	// most 15 minutes.
	Skew time.Duration

	// Revoked, if set, is asked about each good token, remembered or not; true
	// refuses it. It is called from many goroutines: keep it quick.
	Revoked func(*Claims) bool

	// Realm is the realm of challenges (RFC 9110 §11.5). Default: empty, as Entra's
	// own APIs send it.
	Realm string

	// Logger gets each refusal (level Info, with reason and cause) and each failed
	// fetch of keys (level Warn). Tokens are never logged. Default: no log.
	Logger *slog.Logger

	// HTTPClient fetches metadata and keys. Its transport and timeout are used;
	// redirects are refused and cookies are not kept, whatever it says. Each fetch
	// ends after 10 seconds. Default: a client with Go's default transport.
	HTTPClient *http.Client

	// Now tells the time. Default: time.Now.
	Now func() time.Time

	// CacheSize is how many good tokens are remembered, of usually 2 KiB each. 0 means
	// 4096; negative means none.
	CacheSize int

	// KeyRefresh is the age at which keys are fetched again in the background. 0
	// means 1 hour.
	KeyRefresh time.Duration

	// UnknownKeyInterval is the least time between two fetches that are caused by
	// tokens with unknown keys; the first is made at once. 0 means 5 minutes.
	UnknownKeyInterval time.Duration

	// KeyMaxAge is how long keys are used while they cannot be fetched again. 0
	// means 24 hours. Not below KeyRefresh.
	KeyMaxAge time.Duration

	// InsecureAllowHTTP permits an Authority with http. Anybody on the network path
	// can then hand over keys of their own and sign any token, so it may be used
	// only in tests and in development, where authority and API share one machine.
	InsecureAllowHTTP bool

	// InsecureAcceptWithoutPermission lets tokens pass that have neither scp nor
	// roles. Every application of every allowed tenant can obtain such a token, with
	// nobody's consent. It may be used only by an API that decides by a list of its
	// own about ClientID, TenantID and ObjectID in each handler.
	InsecureAcceptWithoutPermission bool
}

// AnyTenant is a rule for [Config.TenantAllowed]: every tenant of the authority may
// call. Whoever can open a tenant there can then obtain tokens that pass, so the API
// must keep tenants apart by TenantID and know its customers itself.
func AnyTenant(string) bool { return true }

const (
	defaultSkew               = 5 * time.Minute
	maxSkew                   = 15 * time.Minute
	defaultCacheSize          = 4096
	defaultKeyRefresh         = time.Hour
	defaultUnknownKeyInterval = 5 * time.Minute
	defaultKeyMaxAge          = 24 * time.Hour
)

// settle checks the configuration and fills in defaults. It reports all faults at
// once, each with the name of its field.
func (c *Config) settle() (authority, error) {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf("bearer: Config."+field+": "+format, args...))
	}

	auth, err := parseAuthority(c.Authority, c.InsecureAllowHTTP)
	if err != nil {
		fault("Authority", "%w", err)
	}
	c.settleAudiences(fault)
	c.settleTenants(auth, err == nil, fault)

	c.Algorithms = slices.Clone(c.Algorithms)
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{rs256}
	}
	for _, alg := range c.Algorithms {
		if alg != rs256 && alg != es256 {
			fault("Algorithms", "%q is not supported: use RS256 or ES256", alg)
		}
	}
	switch {
	case c.Skew == 0:
		c.Skew = defaultSkew
	case c.Skew < 0:
		c.Skew = 0
	case c.Skew > maxSkew:
		fault("Skew", "%v is more than %v", c.Skew, maxSkew)
	}
	if c.CacheSize == 0 {
		c.CacheSize = defaultCacheSize
	}
	duration := func(field string, d *time.Duration, preset time.Duration) {
		if *d < 0 {
			fault(field, "%v is negative", *d)
		}
		if *d == 0 {
			*d = preset
		}
	}
	duration("KeyRefresh", &c.KeyRefresh, defaultKeyRefresh)
	duration("UnknownKeyInterval", &c.UnknownKeyInterval, defaultUnknownKeyInterval)
	duration("KeyMaxAge", &c.KeyMaxAge, max(defaultKeyMaxAge, c.KeyRefresh))
	if c.KeyMaxAge < c.KeyRefresh {
		fault("KeyMaxAge", "%v is less than KeyRefresh, %v", c.KeyMaxAge, c.KeyRefresh)
	}
	if strings.IndexFunc(c.Realm, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
		fault("Realm", "%q has characters outside printable ASCII", c.Realm)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return auth, errors.Join(faults...)
}

func (c *Config) settleAudiences(fault func(field, format string, args ...any)) {
	c.Audiences = slices.Clone(c.Audiences)
	if len(c.Audiences) == 0 {
		fault("Audiences", "at least the client id of this API is needed")
	}
	for i, a := range c.Audiences {
		switch lower := strings.ToLower(a); {
		case isGUID(lower):
			c.Audiences[i] = lower
		case strings.TrimSpace(a) == "" || strings.TrimSpace(a) != a:
			fault("Audiences", "%q is empty or has spaces around it", a)
		case !strings.Contains(a, ":"):
			fault("Audiences", "%q is neither a client id (a GUID) nor an App ID URI", a)
		}
	}
}

func (c *Config) settleTenants(auth authority, known bool, fault func(field, format string, args ...any)) {
	c.Tenants = slices.Clone(c.Tenants)
	for i, t := range c.Tenants {
		c.Tenants[i] = strings.ToLower(t)
		if !isGUID(c.Tenants[i]) {
			fault("Tenants", "%q is not a tenant id (a GUID)", t)
		}
	}
	if !known {
		return
	}
	rule := len(c.Tenants) > 0 || c.TenantAllowed != nil
	switch {
	case auth.manyTenants() && !rule:
		fault("Tenants", "the authority %q is of many tenants: list those that may call in Tenants, or set TenantAllowed", auth.tenant)
	case !auth.manyTenants() && rule:
		fault("Tenants", "the authority names one tenant, %q: use common or organizations to accept several", auth.tenant)
	}
}
