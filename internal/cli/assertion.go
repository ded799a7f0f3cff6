package cli

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// certificateAssertion makes the signed assertion of a client with a certificate
// (RFC 7523 §2.2): PS256, found by x5t#S256, addressed to the token endpoint.
func certificateAssertion(s *shared, certFile, keyFile, clientID, endpoint string) (string, error) {
	cert, key, err := readCertificate(certFile, keyFile)
	if err != nil {
		return "", err
	}
	thumbprint := sha256.Sum256(cert.Raw)
	options := (&jose.SignerOptions{}).WithType("JWT").
		WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(thumbprint[:]))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: key}, options)
	if err != nil {
		return "", fmt.Errorf("signing the assertion: %w", err)
	}
	id := make([]byte, 16)
	if _, err := io.ReadFull(s.Rand, id); err != nil {
		return "", fmt.Errorf("drawing the assertion's id: %w", err)
	}
	now := s.Now()
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer:    clientID,
		Subject:   clientID,
		Audience:  jwt.Audience{endpoint},
		ID:        base64.RawURLEncoding.EncodeToString(id),
		IssuedAt:  jwt.NewNumericDate(now),
		NotBefore: jwt.NewNumericDate(now),
		Expiry:    jwt.NewNumericDate(now.Add(10 * time.Minute)),
	}).Serialize()
}

// readCertificate reads a certificate and its RSA key; keyFile may be empty when
// both stand in one file.
func readCertificate(certFile, keyFile string) (*x509.Certificate, *rsa.PrivateKey, error) {
	text, err := os.ReadFile(certFile)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the certificate: %w", err)
	}
	certs, keys := pemParts(text)
	if len(certs) == 0 {
		return nil, nil, fmt.Errorf("%s holds no certificate in PEM form", certFile)
	}
	if keyFile != "" {
		if text, err = os.ReadFile(keyFile); err != nil {
			return nil, nil, fmt.Errorf("reading the private key: %w", err)
		}
		_, keys = pemParts(text)
	} else {
		keyFile = certFile
	}
	if len(keys) == 0 {
		return nil, nil, fmt.Errorf("%s holds no private key in PEM form; give it with --key", keyFile)
	}
	key, err := parseKey(keys[0])
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	cert, err := x509.ParseCertificate(certs[0])
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", certFile, err)
	}
	if public, ok := cert.PublicKey.(*rsa.PublicKey); !ok || !public.Equal(&key.PublicKey) {
		return nil, nil, errors.New("the private key does not belong to the certificate")
	}
	return cert, key, nil
}

// pemParts splits a PEM file into certificates and private keys, in DER.
func pemParts(text []byte) (certs, keys [][]byte) {
	for {
		var block *pem.Block
		block, text = pem.Decode(text)
		switch {
		case block == nil:
			return certs, keys
		case block.Type == "CERTIFICATE":
			certs = append(certs, block.Bytes)
		case block.Type == "PRIVATE KEY" || block.Type == "RSA PRIVATE KEY" || block.Type == "EC PRIVATE KEY" || block.Type == "ENCRYPTED PRIVATE KEY":
			keys = append(keys, block.Bytes)
		}
	}
}

func parseKey(der []byte) (*rsa.PrivateKey, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("the private key is encrypted or of an unknown form; PKCS #8 and PKCS #1 without a password are read")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey, ed25519.PrivateKey:
		return nil, errors.New("client assertions are signed with RSA keys")
	default:
		return nil, fmt.Errorf("client assertions are signed with RSA keys, not %T", key)
	}
}
