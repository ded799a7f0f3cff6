package cli

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certReloader serves a certificate from files and reads them again when they
// change, so that a renewal needs no restart. A pair that cannot be read leaves
// the former one in use.
type certReloader struct {
	certFile, keyFile string

	mu   sync.Mutex
	cert *tls.Certificate
	seen [2]fileState
}

// fileState tells one version of a file from the next.
type fileState struct {
	modified time.Time
	size     int64
}

func newCertReloader(certFile, keyFile string) (*certReloader, error) {
	r := &certReloader{certFile: certFile, keyFile: keyFile}
	if err := r.load(r.states()); err != nil {
		return nil, fmt.Errorf("the certificate of tls.certFile and tls.keyFile cannot be used: %w", err)
	}
	return r, nil
}

// get is a tls.Config's GetCertificate.
func (r *certReloader) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.states(); now != r.seen {
		// Between the writing of one file and of the other the pair does not
		// fit: the next handshake tries again.
		if err := r.load(now); err != nil {
			return r.cert, nil //nolint:nilerr // the former certificate still serves
		}
	}
	return r.cert, nil
}

func (r *certReloader) states() (s [2]fileState) {
	for i, path := range []string{r.certFile, r.keyFile} {
		if info, err := os.Stat(path); err == nil {
			s[i] = fileState{info.ModTime(), info.Size()}
		}
	}
	return s
}

func (r *certReloader) load(states [2]fileState) error {
	cert, err := tls.LoadX509KeyPair(r.certFile, r.keyFile)
	if err != nil {
		return err
	}
	r.cert, r.seen = &cert, states
	return nil
}
