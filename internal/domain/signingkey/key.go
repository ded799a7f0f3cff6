package signingkey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"
)

// The signature algorithms (RFC 7518 §3.1).
const (
	RS256 = "RS256"
	ES256 = "ES256"
)

// A Signer signs tokens with one key.
type Signer interface {
	KID() string
	// X5T is the certificate's SHA-1 thumbprint (RFC 7515 §4.1.7), which is
	// what the key id is made of.
	X5T() string
	Algorithm() string
	// Sign returns the JWS signature (RFC 7518 §3) over the SHA-256 digest of
	// the signing input.
	Sign(digest []byte) ([]byte, error)
}

// Key is a signing key, parsed once and ready for use. It does not change;
// a changed key is a new Key in a new Set.
type Key struct {
	stored  Stored
	private crypto.Signer
}

// NewKey joins what is stored of a key with its private part, which must fit
// the certificate and the algorithm.
func NewKey(s Stored, private crypto.Signer) (*Key, error) {
	cert, err := x509.ParseCertificate(s.Cert)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", s.KID, err)
	}
	if s.KID != Thumbprint(s.Cert) {
		return nil, fmt.Errorf("signing key %s: the key id is not that of the certificate", s.KID)
	}
	public, ok := private.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("signing key %s: private key and certificate differ", s.KID)
	}
	switch p := private.(type) {
	case *rsa.PrivateKey:
		ok = s.Algorithm == RS256 && p.N.BitLen() >= 2048
	case *ecdsa.PrivateKey:
		ok = s.Algorithm == ES256 && p.Curve == elliptic.P256()
	default:
		ok = false
	}
	if !ok {
		return nil, fmt.Errorf("signing key %s: not a key for %s", s.KID, s.Algorithm)
	}
	s.SealedKey = nil // no longer needed
	return &Key{stored: s, private: private}, nil
}

// Thumbprint is the base64url of a certificate's SHA-1 (RFC 7515 §4.1.7). It
// names the certificate and protects nothing.
func Thumbprint(der []byte) string {
	sum := sha1.Sum(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// KID is the key id, which equals the certificate's thumbprint.
func (k *Key) KID() string { return k.stored.KID }

// X5T is the certificate's SHA-1 thumbprint.
func (k *Key) X5T() string { return k.stored.KID }

// Algorithm is the JWS name of the key's only algorithm.
func (k *Key) Algorithm() string { return k.stored.Algorithm }

// Ring is the class of issuers that the key signs for.
func (k *Key) Ring() string { return k.stored.Ring }

// Public is the public key, *rsa.PublicKey or *ecdsa.PublicKey.
func (k *Key) Public() crypto.PublicKey { return k.private.Public() }

// Certificate is the self-signed certificate in DER. The caller must not change
// it.
func (k *Key) Certificate() []byte { return k.stored.Cert }

// Times are when the key is shown, signs and leaves; other members of the
// result are those of the stored key, without the sealed private part.
func (k *Key) Times() Stored { return k.stored }

// Sign implements Signer.
func (k *Key) Sign(digest []byte) ([]byte, error) {
	switch p := k.private.(type) {
	case *rsa.PrivateKey:
		// PKCS #1 v1.5 draws nothing; the reader is a remnant of the interface.
		return rsa.SignPKCS1v15(nil, p, crypto.SHA256, digest)
	case *ecdsa.PrivateKey:
		// Without a reader the nonce follows from key and digest (RFC 6979).
		der, err := p.Sign(nil, digest, crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return joseSignature(der)
	}
	return nil, fmt.Errorf("signing key %s: cannot sign", k.stored.KID) // NewKey lets no other in
}

// Verify checks a JWS signature over the SHA-256 digest of the signing input.
func (k *Key) Verify(digest, signature []byte) error {
	switch p := k.Public().(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(p, crypto.SHA256, digest, signature)
	case *ecdsa.PublicKey:
		if len(signature) == 64 &&
			ecdsa.Verify(p, digest, new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
			return nil
		}
	}
	return errors.New("signingkey: signature does not fit")
}

// joseSignature turns the ASN.1 form of a P-256 signature into R and S of 32
// bytes each (RFC 7518 §3.4).
func joseSignature(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &sig); err != nil || len(rest) != 0 {
		return nil, errors.New("signingkey: unreadable signature")
	}
	out := make([]byte, 64)
	sig.R.FillBytes(out[:32])
	sig.S.FillBytes(out[32:])
	return out, nil
}

// A state tells what a key does at a time.
const (
	StateWaiting = "waiting" // not yet shown
	StateNext    = "next"    // shown, does not sign yet
	StateActive  = "active"  // may sign
	StateRetired = "retired" // only verifies
	StateExpired = "expired" // gone from the key set
	StateRevoked = "revoked" // withdrawn
)

// State tells what the key does at the time.
func (k *Key) State(now time.Time) string {
	s := &k.stored
	switch {
	case !s.RevokedAt.IsZero():
		return StateRevoked
	case reached(s.ExpireAt, now):
		return StateExpired
	case !reached(s.PublishAt, now):
		return StateWaiting
	case !reached(s.ActivateAt, now):
		return StateNext
	case reached(s.RetireAt, now):
		return StateRetired
	}
	return StateActive
}

// published reports whether the key set shows the key, and so whether tokens
// signed by it are valid.
func (k *Key) published(now time.Time) bool {
	switch k.State(now) {
	case StateNext, StateActive, StateRetired:
		return true
	}
	return false
}

// reached reports whether a time that was decided has come.
func reached(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// Generate draws a private key for the algorithm. The standard library takes
// the randomness from the operating system, whatever reader it is given.
func Generate(algorithm string, rand io.Reader) (crypto.Signer, error) {
	switch algorithm {
	case RS256:
		return rsa.GenerateKey(rand, 2048)
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand)
	}
	return nil, fmt.Errorf("signingkey: no keys for algorithm %q", algorithm)
}

// certify makes the self-signed certificate that clients find in the key set.
// Nobody builds a chain to it: it carries the public key, and its thumbprint
// names the key.
func certify(private crypto.Signer, now time.Time, rand io.Reader) ([]byte, error) {
	serial := make([]byte, 16)
	if _, err := io.ReadFull(rand, serial); err != nil {
		return nil, err
	}
	serial[0] = serial[0]&0x7f | 0x40 // positive, and always of the same length
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject:      pkix.Name{CommonName: "Sekisho token signing"},
		NotBefore:    now.UTC().Truncate(time.Second).Add(-time.Hour),
		NotAfter:     now.UTC().Truncate(time.Second).AddDate(5, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	// The reader is for the signature only; without one it follows from the key.
	return x509.CreateCertificate(nil, template, template, private.Public(), private)
}
