package cli

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"strings"
	"time"
)

// keyPair is the certificate of a new application. Only the certificate is
// uploaded; a key that is made here is written to a file here.
type keyPair struct {
	name        string
	file        string // where certificate and key are
	certificate *x509.Certificate
	text        []byte // to be written; nil where the file was there before
}

// certificate reads the certificate that was named, or makes one.
func (f *appFlags) certificate(s *shared) (*keyPair, error) {
	if f.credential != certificate {
		return nil, nil
	}
	if f.certFile != "" {
		text, err := os.ReadFile(f.certFile)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate: %w", err)
		}
		certs, _ := pemParts(text)
		if len(certs) == 0 {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", f.certFile)
		}
		cert, err := x509.ParseCertificate(certs[0])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.certFile, err)
		}
		return &keyPair{name: cert.Subject.CommonName, file: f.certFile, certificate: cert}, nil
	}
	out := f.certOut
	if out == "" {
		out = fileName(f.name) + ".pem"
	}
	if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s exists already: name another file with --certificate-out", out)
	}
	return newKeyPair(f.name, out, s.Now())
}

// newKeyPair makes an RSA key and a self-signed certificate of one year.
func newKeyPair(name, out string, now time.Time) (*keyPair, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), // for clocks that differ
		NotAfter:     now.AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...)
	return &keyPair{name: name, file: out, certificate: cert, text: text}, nil
}

// write stores a new pair, readable by its owner alone; it never overwrites.
func (p *keyPair) write() error {
	if p == nil || p.text == nil {
		return nil
	}
	f, err := os.OpenFile(p.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing the certificate: %w", err)
	}
	_, err = f.Write(p.text)
	if err := errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(p.file) // half a pair helps nobody
		return fmt.Errorf("writing the certificate: %w", err)
	}
	return nil
}

// fileName makes a file's name of a display name.
func fileName(name string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + ('a' - 'A')
		default:
			return '-'
		}
	}, name)
	if s = strings.Trim(s, "-"); s == "" {
		return "application"
	}
	return s
}
