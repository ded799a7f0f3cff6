package issuer

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// ErrUnreachable says that an issuer's documents could not be had: no
// connection, no certificate that we trust, another status than 200, too much,
// or no JSON.
var ErrUnreachable = errors.New("issuer: documents cannot be fetched")

// ErrMismatch says that the discovery document at an issuer's address names
// another issuer (OpenID Connect Discovery 1.0 §4.3).
var ErrMismatch = errors.New("issuer: discovery document names another issuer")

const (
	maxDocument = 256 << 10
	maxKeys     = 100 // of a key set only the first hundred count
)

// Key is a public key of an issuer.
type Key struct {
	ID        string           // `kid`, may be empty
	Algorithm string           // JWS name, "" where the issuer does not say
	Public    crypto.PublicKey // *rsa.PublicKey or *ecdsa.PublicKey on P-256
}

// fetch reads an issuer's keys over HTTP.
func (r *Resolver) fetch(ctx context.Context, iss string) ([]Key, error) {
	u, err := r.guard.checkURL(iss)
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return nil, fmt.Errorf("%w: an issuer has no query", ErrForbidden)
	}
	// OpenID Connect Discovery 1.0 §4.1: a slash that ends the issuer goes away
	// before the path is added.
	body, err := r.get(ctx, strings.TrimSuffix(iss, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	var doc struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	// This decoder, unlike the standard one, refuses repeated members and heeds
	// the case of names.
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, fmt.Errorf("%w: the discovery document is not JSON", ErrUnreachable)
	}
	if doc.Issuer != iss {
		return nil, ErrMismatch
	}
	if doc.JWKSURI == "" {
		return nil, fmt.Errorf("%w: no jwks_uri", ErrUnreachable)
	}
	body, err = r.get(ctx, doc.JWKSURI)
	if err != nil {
		return nil, err
	}
	return parseKeys(body)
}

// get reads one document. Its errors do not repeat what the server sent.
func (r *Resolver) get(ctx context.Context, address string) ([]byte, error) {
	u, err := r.guard.checkURL(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "sekisho")
	resp, err := r.http.Do(req)
	if err != nil {
		if errors.Is(err, ErrForbidden) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", ErrUnreachable, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	case len(body) > maxDocument:
		return nil, fmt.Errorf("%w: more than %d bytes", ErrUnreachable, maxDocument)
	}
	return body, nil
}

// parseKeys takes from a key set what can verify a token here. RFC 7517 §5:
// keys of unknown kinds are passed over, they do not spoil the set.
func parseKeys(body []byte) ([]Key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("%w: the key set is not JSON", ErrUnreachable)
	}
	keys := make([]Key, 0, min(len(set.Keys), maxKeys))
	for _, raw := range set.Keys[:min(len(set.Keys), maxKeys)] {
		var k jose.JSONWebKey
		if err := json.Unmarshal(raw, &k); err != nil {
			continue
		}
		if k.Use != "" && k.Use != "sig" || !Usable(k.Key) {
			continue
		}
		keys = append(keys, Key{ID: k.KeyID, Algorithm: k.Algorithm, Public: k.Key})
	}
	return keys, nil
}

// Usable reports whether a public key can verify assertions: RSA of at least
// 2048 bits or ECDSA on P-256. Symmetric and private keys cannot.
func Usable(key crypto.PublicKey) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return k.N != nil && k.N.BitLen() >= 2048
	case *ecdsa.PublicKey:
		return k.Curve == elliptic.P256()
	}
	return false
}
