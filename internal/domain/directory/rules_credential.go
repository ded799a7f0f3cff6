package directory

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha1" // thumbprints of certificates (x5t), no signatures
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of credentials.
const (
	maxKeyBytes         = 16 << 10
	maxKeyName          = 90 // longer ones are cut, as Graph does
	maxKeyIdentifier    = 256
	minRSABits          = 2048
	maxRSABits          = 8192
	defaultPasswordLife = 2 // years
)

// passwordDates fills and judges the validity of a secret.
func passwordDates(r PasswordRequest, now time.Time) (start, end time.Time, err error) {
	start, end = r.StartAt.UTC().Truncate(time.Microsecond), r.EndAt.UTC().Truncate(time.Microsecond)
	if r.StartAt.IsZero() {
		start = now
	}
	if r.EndAt.IsZero() {
		end = start.AddDate(defaultPasswordLife, 0, 0)
	}
	if !end.After(start) {
		return start, end, invalid("passwordCredentials", "The endDateTime of a password credential must be later than its startDateTime.")
	}
	if end.Year() > 9999 {
		return start, end, invalid("passwordCredentials", "The endDateTime of a password credential is out of range.")
	}
	return start, end, line("passwordCredentials.displayName", r.DisplayName, maxDisplayName)
}

// certificates makes the new key collection out of drafts, keeping keys that
// are only named. Every draft of a new key has its KeyID.
func certificates(drafts []KeyDraft, have []KeyCredential) ([]KeyCredential, error) {
	keys := make([]KeyCredential, 0, len(drafts))
	var ids []ID
	for _, d := range drafts {
		k, err := certificate(d, have)
		if err != nil {
			return nil, err
		}
		keys, ids = append(keys, k), append(ids, k.KeyID)
	}
	return keys, unique("keyCredentials.keyId", ids)
}

// certificate makes one key credential out of a draft.
func certificate(d KeyDraft, have []KeyCredential) (KeyCredential, error) {
	const property = "keyCredentials"
	i := slices.IndexFunc(have, func(k KeyCredential) bool { return k.KeyID == d.KeyID })
	if len(d.Key) == 0 {
		if i < 0 {
			return KeyCredential{}, invalid(property, "There is no key credential with keyId '%s' to keep; a new one needs its key.", clip(string(d.KeyID)))
		}
		kept := have[i]
		if d.DisplayName != nil {
			kept.DisplayName = cut(d.DisplayName)
		}
		return kept, line(property+".displayName", kept.DisplayName, maxKeyName)
	}
	if err := canonicalID(property+".keyId", &d.KeyID); err != nil {
		return KeyCredential{}, err
	}
	cert, err := readCertificate(d.Key)
	if err != nil {
		return KeyCredential{}, err
	}
	if i >= 0 && bytes.Equal(have[i].DER, cert.Raw) {
		return have[i], nil // read, and sent back as it was
	}
	return newKey(d, cert)
}

// newKey judges a draft against its certificate and fills it up.
func newKey(d KeyDraft, cert *x509.Certificate) (KeyCredential, error) {
	const property = "keyCredentials"
	if d.Type == "" {
		d.Type = KeyTypeX509
	}
	if d.Usage == "" {
		d.Usage = UsageVerify
	}
	if err := first(
		oneOf(property+".type", &d.Type, KeyTypeX509),
		oneOf(property+".usage", &d.Usage, UsageVerify, UsageEncrypt),
		line(property+".displayName", cut(d.DisplayName), maxKeyName),
		atMost(property+".customKeyIdentifier", len(d.CustomKeyIdentifier), maxKeyIdentifier),
		keyStrength(cert),
	); err != nil {
		return KeyCredential{}, err
	}
	start, end := d.StartAt.UTC(), d.EndAt.UTC()
	if d.StartAt.IsZero() {
		start = cert.NotBefore.UTC()
	}
	if d.EndAt.IsZero() {
		end = cert.NotAfter.UTC()
	}
	if start.Before(cert.NotBefore) || end.After(cert.NotAfter) || !end.After(start) {
		return KeyCredential{}, invalid(property, "startDateTime and endDateTime of a key credential must lie inside the validity of its certificate, %s to %s.",
			cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339))
	}
	k := KeyCredential{
		KeyID: d.KeyID, DisplayName: cut(d.DisplayName), Type: d.Type, Usage: d.Usage,
		StartAt: start.Truncate(time.Microsecond), EndAt: end.Truncate(time.Microsecond),
		CustomKeyIdentifier: d.CustomKeyIdentifier,
		DER:                 cert.Raw, SHA1: sha1.Sum(cert.Raw), SHA256: sha256.Sum256(cert.Raw),
	}
	if len(k.CustomKeyIdentifier) == 0 {
		k.CustomKeyIdentifier = k.SHA1[:]
	}
	return k, nil
}

// cut shortens a key's name to what Graph keeps of it.
func cut(s *string) *string {
	if s == nil || utf8.RuneCountInString(*s) <= maxKeyName {
		return s
	}
	short := string([]rune(*s)[:maxKeyName])
	return &short
}

// keyStrength refuses keys that no client assertion can be verified with.
func keyStrength(cert *x509.Certificate) error {
	const property = "keyCredentials.key"
	pub, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return invalid(property, "The certificate holds no RSA key; client assertions are signed with RS256 or PS256.")
	}
	if n := pub.N.BitLen(); n < minRSABits || n > maxRSABits {
		return invalid(property, "The certificate's RSA key has %d bits; it must have %d to %d.", n, minRSABits, maxRSABits)
	}
	return nil
}

// readCertificate reads a certificate out of what a caller sent: DER or PEM,
// with or without base64 around it. Whatever holds a private key is refused,
// and nothing of it goes into the error.
func readCertificate(b []byte) (*x509.Certificate, error) {
	const property = "keyCredentials.key"
	if len(b) > maxKeyBytes {
		return nil, invalid(property, "The key is larger than %d bytes.", maxKeyBytes)
	}
	for range 3 {
		if bytes.Contains(b, []byte("-----BEGIN")) {
			return certificateFromPEM(b)
		}
		if cert, err := x509.ParseCertificate(b); err == nil {
			return cert, nil
		}
		if holdsPrivateKey(b) {
			return nil, invalid(property, "The key holds a private key or is a PFX file. Upload the public certificate only, and treat the private key as disclosed.")
		}
		inner, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(b)), ""))
		if err != nil {
			break
		}
		b = inner
	}
	return nil, invalid(property, "The key is not an X.509 certificate.")
}

// certificateFromPEM reads the first certificate, provided that no block is a
// private key.
func certificateFromPEM(b []byte) (*x509.Certificate, error) {
	const property = "keyCredentials.key"
	var der []byte
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case strings.Contains(block.Type, "PRIVATE KEY") || holdsPrivateKey(block.Bytes):
			return nil, invalid(property, "The key holds a private key. Upload the public certificate only, and treat the private key as disclosed.")
		case block.Type == "CERTIFICATE" && der == nil:
			der = block.Bytes
		}
	}
	// A block that does not decode may still be a private key.
	if bytes.Contains(b, []byte("PRIVATE KEY")) {
		return nil, invalid(property, "The key holds a private key. Upload the public certificate only, and treat the private key as disclosed.")
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, invalid(property, "The key is not an X.509 certificate.")
	}
	return cert, nil
}

// holdsPrivateKey recognises DER of private keys (PKCS #1, PKCS #8, SEC 1),
// encrypted or not, and of PFX files.
func holdsPrivateKey(der []byte) bool {
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParseECPrivateKey(der); err == nil {
		return true
	}
	// RFC 7292 §4: PFX is version 3, then content info.
	var pfx struct {
		Version int
		Content asn1.RawValue
		MAC     asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(der, &pfx); err == nil && pfx.Version == 3 {
		return true
	}
	// RFC 5208 §6: EncryptedPrivateKeyInfo is an algorithm and an octet string.
	var encrypted struct {
		Algorithm struct {
			ID     asn1.ObjectIdentifier
			Params asn1.RawValue `asn1:"optional"`
		}
		Data []byte
	}
	_, err := asn1.Unmarshal(der, &encrypted)
	return err == nil
}
