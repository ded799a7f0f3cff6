package directory

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// Bounds of a proof of possession.
const (
	maxProofBytes = 8 << 10
	proofLife     = 10 * time.Minute
	proofSkew     = 5 * time.Minute
	// proofAudience is the appId of Windows Azure Active Directory, the aud of
	// a proof (learn.microsoft.com/graph/application-rollkey-prooftoken).
	proofAudience = "00000002-0000-0000-c000-000000000000"
)

// badProof never says which check failed: the proof may be guesswork.
func badProof() error {
	return invalid("proof", "The proof is not a valid token signed with a valid certificate that the object already has; its aud is %s, its iss the object id, and it lives 10 minutes at most.", proofAudience)
}

// checkProof verifies the JWT with which a caller shows that it holds the
// private key of a certificate among keys: RS256 or PS256, issued by the object
// itself, short-lived.
func checkProof(proof string, object ID, keys []KeyCredential, now time.Time) error {
	// Measured before splitting: a body of nothing but dots must not become
	// millions of strings.
	if len(proof) > maxProofBytes {
		return badProof()
	}
	segments := strings.Split(proof, ".")
	if len(segments) != 3 {
		return badProof()
	}
	var header struct {
		Alg  string          `json:"alg"`
		Crit json.RawMessage `json:"crit"`
	}
	var claims struct {
		Audience  string  `json:"aud"`
		Issuer    string  `json:"iss"`
		NotBefore float64 `json:"nbf"`
		Expires   float64 `json:"exp"`
	}
	signature, err := base64.RawURLEncoding.DecodeString(segments[2])
	if err != nil || !decodeSegment(segments[0], &header) || !decodeSegment(segments[1], &claims) || header.Crit != nil {
		return badProof()
	}
	digest := sha256.Sum256([]byte(segments[0] + "." + segments[1]))
	if !signedByOne(header.Alg, digest[:], signature, keys, now) {
		return badProof()
	}
	nbf, exp := time.UnixMilli(int64(claims.NotBefore*1000)), time.UnixMilli(int64(claims.Expires*1000))
	issuer, err := ParseID(claims.Issuer)
	if err != nil || issuer != object || claims.Audience != proofAudience || claims.NotBefore <= 0 ||
		!exp.After(nbf) || exp.Sub(nbf) > proofLife || now.Before(nbf.Add(-proofSkew)) || now.After(exp.Add(proofSkew)) {
		return badProof()
	}
	return nil
}

// signedByOne reports whether a certificate that may verify now made the
// signature.
func signedByOne(alg string, digest, signature []byte, keys []KeyCredential, now time.Time) bool {
	for _, k := range keys {
		if k.Usage != UsageVerify || now.Before(k.StartAt) || now.After(k.EndAt) {
			continue
		}
		cert, err := x509.ParseCertificate(k.DER)
		if err != nil {
			continue
		}
		pub, ok := cert.PublicKey.(*rsa.PublicKey)
		if !ok {
			continue
		}
		switch alg {
		case "RS256":
			err = rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest, signature)
		case "PS256":
			err = rsa.VerifyPSS(pub, crypto.SHA256, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		default:
			return false
		}
		if err == nil {
			return true
		}
	}
	return false
}

func decodeSegment(s string, v any) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && json.Unmarshal(b, v) == nil
}
