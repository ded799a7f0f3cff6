// Package testkey holds the RSA keys of the tests: making one takes longer than a test.
package testkey

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"embed"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

//go:embed testdata/*.pem
var keys embed.FS

// Load reads one of the test keys, rsa-1 or rsa-2.
func Load(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	text, err := keys.ReadFile("testdata/" + name + ".pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

// Pair is a certificate with its key, as a daemon has it in a file.
type Pair struct {
	DER []byte // the certificate
	PEM []byte // certificate and key
}

// NewPair makes a certificate for a test key, valid for a day.
func NewPair(t testing.TB, name string) Pair {
	t.Helper()
	key := Load(t, name)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...)
	return Pair{DER: der, PEM: text}
}
