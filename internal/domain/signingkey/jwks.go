package signingkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"time"
)

// KeySet says what a key set document (RFC 7517 §5) shows.
type KeySet struct {
	Rings []RingIssuer
	// CloudName is the `cloud_instance_name` of the discovery document that
	// refers to the key set; "" leaves it out.
	CloudName string
}

// RingIssuer names a ring to show, and the issuer that validators may accept
// its keys for: concrete, or with `{tenantid}` for the tenant of the token. ""
// leaves the member out, as key sets of v1 do; such a document must not mix
// rings, since nothing in it tells them apart.
type RingIssuer struct{ Ring, Issuer string }

// jwk is one entry. There is no `alg` member, as in Entra's key sets.
type jwk struct {
	KeyType   string   `json:"kty"`
	Use       string   `json:"use"`
	KeyID     string   `json:"kid"`
	X5T       string   `json:"x5t"`
	N         string   `json:"n,omitempty"`
	E         string   `json:"e,omitempty"`
	Curve     string   `json:"crv,omitempty"`
	X         string   `json:"x,omitempty"`
	Y         string   `json:"y,omitempty"`
	X5C       []string `json:"x5c"`
	CloudName string   `json:"cloud_instance_name,omitempty"`
	Issuer    string   `json:"issuer,omitempty"`
}

// JWKS builds the key set document of the keys shown at the time.
func (s *Set) JWKS(now time.Time, ks KeySet) ([]byte, error) {
	doc := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, r := range ks.Rings {
		for _, k := range s.Published(r.Ring, now) {
			entry, err := k.jwk()
			if err != nil {
				return nil, err
			}
			entry.CloudName, entry.Issuer = ks.CloudName, r.Issuer
			doc.Keys = append(doc.Keys, entry)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func (k *Key) jwk() (jwk, error) {
	entry := jwk{
		Use: "sig", KeyID: k.KID(), X5T: k.X5T(),
		// RFC 7517 §4.7: standard base64, not base64url.
		X5C: []string{base64.StdEncoding.EncodeToString(k.stored.Cert)},
	}
	switch p := k.Public().(type) {
	case *rsa.PublicKey:
		entry.KeyType = "RSA"
		entry.N = base64.RawURLEncoding.EncodeToString(p.N.Bytes())
		entry.E = base64.RawURLEncoding.EncodeToString(big.NewInt(int64(p.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := p.Bytes() // 4, X, Y: coordinates of full length (RFC 7518 §6.2.1.2)
		if err != nil {
			return jwk{}, fmt.Errorf("signing key %s: %w", k.KID(), err)
		}
		half := (len(point) - 1) / 2
		entry.KeyType, entry.Curve = "EC", "P-256"
		entry.X = base64.RawURLEncoding.EncodeToString(point[1 : 1+half])
		entry.Y = base64.RawURLEncoding.EncodeToString(point[1+half:])
	}
	return entry, nil
}
