package interop

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// certificate is a self-signed certificate with its key, in memory and in files.
type certificate struct {
	key *rsa.PrivateKey
	der []byte
	// certificate is der, parsed.
	certificate *x509.Certificate
	pem         []byte // certificate and key
	file        string // the same
	// keyFile holds the key alone.
	keyFile string
}

func newCertificate(name, dir string) (*certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	c := &certificate{
		key: key, der: der, certificate: parsed, file: filepath.Join(dir, "certificate.pem"), keyFile: filepath.Join(dir, "key.pem"),
		pem: append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), keyPEM...),
	}
	if err := os.WriteFile(c.keyFile, keyPEM, 0o600); err != nil {
		return nil, err
	}
	return c, os.WriteFile(c.file, c.pem, 0o600)
}

// sha1 and sha256 are the thumbprints as settings of clients spell them.
func (c *certificate) sha1() string {
	sum := sha1.Sum(c.der)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func (c *certificate) sha256() string {
	sum := sha256.Sum256(c.der)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
