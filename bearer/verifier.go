package bearer

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A Verifier checks access tokens. Make it with [New]; one serves the whole program,
// from any number of goroutines.
type Verifier struct {
	cfg        Config
	authority  authority
	algorithms []jose.SignatureAlgorithm
	rings      [versions]*keyring
	cache      *cache
	challenge  string // what every challenge begins with
}

// New makes a Verifier. The error names every fault of the configuration at once.
// Nothing is fetched yet; see [Verifier.Preload].
func New(cfg Config) (*Verifier, error) {
	auth, err := cfg.settle()
	if err != nil {
		return nil, err
	}
	v := &Verifier{cfg: cfg, authority: auth, cache: newCache(cfg.CacheSize)}
	for _, alg := range cfg.Algorithms {
		v.algorithms = append(v.algorithms, jose.SignatureAlgorithm(alg))
	}
	f := newFetcher(&cfg, auth)
	for i := range v.rings {
		v.rings[i] = &keyring{
			fetch: func(ctx context.Context) (*document, error) { return f.document(ctx, version(i)) },
			now:   cfg.Now, log: cfg.Logger,
			refresh: cfg.KeyRefresh, unknown: cfg.UnknownKeyInterval, maxAge: cfg.KeyMaxAge,
		}
	}
	v.challenge = challengePrefix(&cfg, auth)
	return v, nil
}

// Preload fetches the metadata and keys for version 2.0 tokens unless they are there
// already. A program that calls it before it serves sees a wrong Authority at its
// start, and its first request does not wait. It fetches none for version 1.0 tokens:
// most APIs never see one.
func (v *Verifier) Preload(ctx context.Context) error {
	_, err := v.rings[v2].document(ctx)
	return err
}

// Verify checks a token, as it stands in the Authorization header after "Bearer ".
// The error is an [*Error]. The claims belong to the caller.
//
// Verify does not check what the token permits, except that it permits something;
// see [Check].
func (v *Verifier) Verify(ctx context.Context, raw string) (*Claims, error) {
	claims, err := v.verify(ctx, raw)
	if err != nil {
		return nil, asError(err)
	}
	return claims, nil
}

func (v *Verifier) verify(ctx context.Context, raw string) (*Claims, error) {
	if _, _, _, err := split(raw); err != nil { // before hashing what cannot be a token
		return nil, err
	}
	d := digestOf(raw)
	r := v.cache.get(d)
	if r != nil {
		good, err := v.stillGood(ctx, r)
		if err != nil {
			return nil, err
		}
		if !good {
			v.cache.drop(d)
			r = nil
		}
	}
	if r == nil {
		t, err := parse(raw, v.cfg.Algorithms)
		if err != nil {
			return nil, err
		}
		if r, err = v.authenticate(ctx, t); err != nil {
			return nil, err
		}
		if err := v.addressed(t); err != nil {
			return nil, err
		}
		if err := v.admit(r.claims); err != nil {
			return nil, err
		}
		v.cache.put(d, r)
	} else if err := v.admit(r.claims); err != nil {
		return nil, err
	}
	claims := r.claims.clone()
	if v.cfg.Revoked != nil && v.cfg.Revoked(claims) {
		return nil, refusal(Revoked, "tid %s oid %.40q uti %.40q", claims.TenantID, claims.ObjectID, claims.UTI)
	}
	return claims, nil
}

// authenticate finds out whether the issuer that t names has signed it.
func (v *Verifier) authenticate(ctx context.Context, t *token) (*remembered, error) {
	doc, key, err := v.rings[t.issuer.version].find(ctx, t)
	if err != nil {
		return nil, err
	}
	switch {
	case !key.mayIssue(t.issuer, v.authority.base):
		return nil, refusal(KeyIssuer, "kid is %.80q, iss %.120q", t.kid, t.claims.Issuer)
	case key.alg != t.alg:
		// RFC 8725 §3.1: the key, not the token, says which algorithm it is for.
		return nil, refusal(Algorithm, "alg is %.20q, but kid %.80q is for %s", t.alg, t.kid, key.alg)
	}
	jws, err := jose.ParseSignedCompact(t.raw, v.algorithms)
	if err != nil {
		return nil, refusal(Malformed, "%w", err)
	}
	if _, err := jws.Verify(key.public); err != nil {
		return nil, refusal(Signature, "kid is %.80q: %w", t.kid, err)
	}
	return &remembered{claims: t.claims, kid: t.kid, print: key.print, issuer: t.issuer, expected: doc.issuer}, nil
}

// stillGood says whether what [Verifier.authenticate] found still holds: the key is
// published, and it and the document mean what they meant. It also sets off the
// fetches that are due.
func (v *Verifier) stillGood(ctx context.Context, r *remembered) (bool, error) {
	doc, err := v.rings[r.issuer.version].document(ctx)
	if err != nil {
		return false, err
	}
	key := doc.keys[r.kid]
	return key != nil && key.print == r.print && doc.issuer == r.expected, nil
}

// addressed judges what about a token never changes: that it is an access token, and
// for this API.
func (v *Verifier) addressed(t *token) error {
	c := t.claims
	switch {
	case c.ClientID == "":
		return refusal(Kind, "no azp or appid: an ID token?")
	case t.alien != "":
		return refusal(Kind, "access tokens have no claim %s", t.alien)
	case !v.audience(c.Audience, t.issuer.version):
		return refusal(Audience, "aud is %.120q", c.Audience)
	}
	return nil
}

// audience says whether aud names this API. Version 2.0 tokens carry the client id
// only. Version 1.0 tokens may carry an App ID URI as the client wrote it, with or
// without a slash at the end.
func (v *Verifier) audience(aud string, ver version) bool {
	return slices.ContainsFunc(v.cfg.Audiences, func(own string) bool {
		switch {
		case isGUID(own):
			return aud == own
		case ver == v1:
			return strings.TrimSuffix(aud, "/") == strings.TrimSuffix(own, "/")
		}
		return false
	})
}

// admit judges what changes with time and with the configuration's rules, for new
// and remembered tokens alike.
func (v *Verifier) admit(c *Claims) error {
	now := v.cfg.Now()
	switch {
	case !now.Before(c.Expires.Add(v.cfg.Skew)):
		return refusal(Expired, "exp was %s", c.Expires.UTC().Format(time.RFC3339))
	case now.Add(v.cfg.Skew).Before(c.NotBefore):
		return refusal(NotYetValid, "nbf is %s", c.NotBefore.UTC().Format(time.RFC3339))
	case !v.tenantAllowed(c.TenantID):
		return refusal(Tenant, "tid is %s", c.TenantID)
	case len(c.Scopes) == 0 && len(c.Roles) == 0 && !v.cfg.InsecureAcceptWithoutPermission:
		return refusal(Permission, "neither scp nor roles")
	}
	return nil
}

// tenantAllowed applies the rule for tenants. In an authority of one tenant the
// issuer has decided already.
func (v *Verifier) tenantAllowed(tenantID string) bool {
	if !v.authority.manyTenants() {
		return true
	}
	if v.authority.tenant == tenantOrganizations && tenantID == consumersTenantID {
		return false // organizations means: no personal accounts
	}
	return slices.Contains(v.cfg.Tenants, tenantID) ||
		v.cfg.TenantAllowed != nil && v.cfg.TenantAllowed(tenantID)
}
