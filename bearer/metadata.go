package bearer

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // refuses a member that occurs twice
)

const (
	maxMetadata = 256 << 10 // bytes, of the document and of the key set
	maxKeys     = 200       // in one key set
	minRSABits  = 2048
	maxRSABits  = 8192 // a longer key makes each check slow
)

// A signingKey is one key of a key set.
type signingKey struct {
	public any    // *rsa.PublicKey or *ecdsa.PublicKey
	alg    string // the one algorithm that it may be used with
	// issuer restricts the key to tokens of that issuer, if bound is set.
	issuer issuer
	bound  bool
	// print identifies key and restriction: equal prints, equal meaning.
	print [sha256.Size]byte
}

// mayIssue says whether the key may sign tokens of iss. The issuer of a key is
// written in the version 2.0 form; for a version 1.0 token the form with the base of
// the same document and that of the authority are both taken, since a deployment may
// give version 1.0 tokens a host of their own (Entra: sts.windows.net).
func (k *signingKey) mayIssue(iss issuer, authorityBase string) bool {
	if !k.bound || k.issuer.covers(iss) {
		return true
	}
	if iss.version == v2 {
		return false
	}
	asV2 := issuer{base: iss.base, tenant: iss.tenant, version: v2}
	if k.issuer.covers(asV2) {
		return true
	}
	asV2.base = authorityBase
	return k.issuer.covers(asV2)
}

// A fetcher gets documents from the authority's host, and from no other.
type fetcher struct {
	client    *http.Client
	authority authority
	allowHTTP bool
}

func newFetcher(cfg *Config, auth authority) *fetcher {
	client := &http.Client{}
	if cfg.HTTPClient != nil {
		client.Transport, client.Timeout = cfg.HTTPClient.Transport, cfg.HTTPClient.Timeout
	}
	// A redirect could lead to another host, or inside the network.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &fetcher{client: client, authority: auth, allowHTTP: cfg.InsecureAllowHTTP}
}

// document fetches the metadata for tokens of version v and the keys it points to.
func (f *fetcher) document(ctx context.Context, v version) (*document, error) {
	at := f.authority.metadataURL(v)
	var meta struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := f.get(ctx, at, &meta); err != nil {
		return nil, err
	}
	iss, err := f.checkIssuer(meta.Issuer, v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	if err := f.checkKeysURL(meta.Keys); err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := f.get(ctx, meta.Keys, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%s: %d keys, more than %d", meta.Keys, len(set.Keys), maxKeys)
	}
	keys := usableKeys(set.Keys)
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: no usable key", meta.Keys)
	}
	return &document{issuer: iss, keys: keys}, nil
}

// checkIssuer holds the issuer of a document against the authority: it must be of
// the form of its version, and of the tenant that was asked for.
func (f *fetcher) checkIssuer(s string, v version) (issuer, error) {
	iss, ok := parseIssuer(s)
	if !ok || iss.version != v || !f.allowHTTP && !strings.HasPrefix(iss.base, "https://") {
		return issuer{}, fmt.Errorf("issuer %.120q is not of the form for version %s", s, v)
	}
	many := iss.tenant == tenantPlaceholder
	switch tenant := f.authority.tenant; {
	case many != f.authority.manyTenants(),
		isGUID(tenant) && iss.tenant != tenant,
		tenant == tenantConsumers && iss.tenant != consumersTenantID:
		return issuer{}, fmt.Errorf("issuer %.120q is not that of %q", s, tenant)
	}
	return iss, nil
}

func (f *fetcher) checkKeysURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.User != nil || u.Fragment != "":
		return fmt.Errorf("jwks_uri %.120q is not a plain URL", s)
	case strings.ToLower(u.Scheme+"://"+u.Host) != f.authority.base:
		return fmt.Errorf("jwks_uri %.120q is not on %s", s, f.authority.base)
	}
	return nil
}

// get fetches a JSON document into v.
func (f *fetcher) get(ctx context.Context, at string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := f.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxMetadata+1))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", at, err)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: HTTP status %d", at, resp.StatusCode)
	case len(body) > maxMetadata:
		return fmt.Errorf("%s: more than %d bytes", at, maxMetadata)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}

// usableKeys gives the keys of a set by their identifiers. Keys that cannot be used
// are left out, so that a new kind of key does not take the others away. So are two
// different keys with one identifier: which is meant cannot be known.
func usableKeys(raws []json.RawMessage) map[string]*signingKey {
	keys := make(map[string]*signingKey, len(raws))
	var ambiguous []string
	for _, raw := range raws {
		kid, key, err := parseKey(raw)
		if err != nil {
			continue
		}
		if other := keys[kid]; other != nil && other.print != key.print {
			ambiguous = append(ambiguous, kid)
		}
		keys[kid] = key
	}
	for _, kid := range ambiguous {
		delete(keys, kid)
	}
	return keys
}

// jwk holds the members of a JWK that matter here (RFC 7517 §4, RFC 7518 §6). The
// certificate in x5c does not: the key came by TLS from the authority itself.
type jwk struct {
	Type   string `json:"kty"`
	ID     string `json:"kid"`
	Use    string `json:"use,omitempty"`
	Alg    string `json:"alg,omitempty"`
	N      string `json:"n,omitempty"`
	E      string `json:"e,omitempty"`
	Curve  string `json:"crv,omitempty"`
	X      string `json:"x,omitempty"`
	Y      string `json:"y,omitempty"`
	D      string `json:"d,omitempty"`
	Issuer string `json:"issuer,omitempty"`
}

func parseKey(raw json.RawMessage) (kid string, key *signingKey, err error) {
	var in jwk
	if err := json.Unmarshal(raw, &in); err != nil {
		return "", nil, err
	}
	if in.ID == "" || in.Use != "" && in.Use != "sig" {
		return "", nil, errors.New("not a named signing key")
	}
	if in.D != "" {
		return "", nil, errors.New("its private part is public")
	}
	key = &signingKey{}
	if in.Issuer != "" {
		if key.issuer, key.bound = parseIssuer(in.Issuer); !key.bound {
			return "", nil, errors.New("restricted to an issuer of unknown form")
		}
	}
	text, err := json.Marshal(in)
	if err != nil {
		return "", nil, err
	}
	var out jose.JSONWebKey
	if err := json.Unmarshal(text, &out); err != nil {
		return "", nil, err
	}
	switch public := out.Key.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits || public.E < 3 || public.E%2 == 0 {
			return "", nil, errors.New("an RSA key of bad size")
		}
		key.alg = rs256
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return "", nil, errors.New("not on the curve P-256")
		}
		key.alg = es256
	default:
		return "", nil, errors.New("not a public RSA or EC key")
	}
	if in.Alg != "" && in.Alg != key.alg {
		return "", nil, errors.New("a key for another algorithm")
	}
	key.public, key.print = out.Key, sha256.Sum256(text)
	return in.ID, key, nil
}
