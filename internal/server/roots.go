package server

import (
	"crypto/x509"
	"fmt"
	"os"
)

// RootsWith are the system's certificate authorities and those of PEM files, for
// Config.OutboundCAs.
func RootsWith(files ...string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a machine without any
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("cannot read the certificate authority: %w", err)
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", f)
		}
	}
	return pool, nil
}
