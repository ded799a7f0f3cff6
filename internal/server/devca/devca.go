package devca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// File names in the data directory.
const (
	CAFile        = "ca.pem"
	caKeyFile     = "ca-key.pem"
	serverFile    = "server.pem"
	serverKeyFile = "server-key.pem"
)

const (
	caLife     = 10 * 365 * 24 * time.Hour
	serverLife = 90 * 24 * time.Hour
	// A certificate is renewed at start when less than this is left of it.
	renewWithin = 30 * 24 * time.Hour
	// Clocks of clients may be late.
	backdated = time.Hour
)

// LoadOrCreate gives the server's certificate, for localhost, the loopback
// addresses and the hosts (names or IP addresses, without port), and the path
// of the authority's certificate for clients to trust. It makes in dir what is
// missing there. What it can neither use nor safely replace is an error in one
// sentence that says what to do.
func LoadOrCreate(dir string, hosts []string, now time.Time) (tls.Certificate, string, error) {
	fail := func(err error) (tls.Certificate, string, error) {
		return tls.Certificate{}, "", fmt.Errorf("development certificates: %w", err)
	}
	names, err := allHosts(hosts)
	if err != nil {
		return fail(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail(err)
	}
	ca, err := loadCA(dir, now)
	if errors.Is(err, errNone) {
		ca, err = createCA(dir, names, now)
	}
	if err != nil {
		return fail(err)
	}
	path, err := filepath.Abs(filepath.Join(dir, CAFile))
	if err != nil {
		return fail(err)
	}
	if cert, ok := loadServer(dir, ca, names, now); ok {
		return cert, path, nil
	}
	cert, err := createServer(dir, ca, names, now)
	if err != nil {
		return fail(err)
	}
	return cert, path, nil
}

// hostSet is what a certificate is for.
type hostSet struct {
	dns []string
	ips []net.IP
}

// allHosts adds the hosts to those that every development server has.
func allHosts(hosts []string) (hostSet, error) {
	set := hostSet{
		dns: []string{"localhost"},
		ips: []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback},
	}
	for _, h := range hosts {
		h = strings.ToLower(strings.Trim(h, "[]"))
		if ip := net.ParseIP(h); ip != nil {
			if v4 := ip.To4(); v4 != nil {
				ip = v4
			}
			if !slices.ContainsFunc(set.ips, ip.Equal) {
				set.ips = append(set.ips, ip)
			}
			continue
		}
		if h == "" || strings.ContainsAny(h, ":/ *") {
			return hostSet{}, fmt.Errorf("%q is not a host name", h)
		}
		if !slices.Contains(set.dns, h) {
			set.dns = append(set.dns, h)
		}
	}
	return set, nil
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// errNone is returned where there is no authority yet.
var errNone = errors.New("no authority yet")

func loadCA(dir string, now time.Time) (*authority, error) {
	certPath, keyPath := filepath.Join(dir, CAFile), filepath.Join(dir, caKeyFile)
	again := fmt.Sprintf("remove %s and %s to make a new authority, which clients must then trust anew", certPath, keyPath)
	der, err := readPEM(certPath, "CERTIFICATE")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNone // a key alone was never trusted by anyone
	}
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, again)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%s is not a certificate; %s", certPath, again)
	}
	if !cert.IsCA || !cert.PermittedDNSDomainsCritical || len(cert.PermittedDNSDomains) == 0 {
		return nil, fmt.Errorf("%s is not an authority made for development; %s", certPath, again)
	}
	if now.After(cert.NotAfter) || now.Before(cert.NotBefore) {
		return nil, fmt.Errorf("%s is valid from %s to %s only; %s", certPath, cert.NotBefore.Format(time.DateOnly), cert.NotAfter.Format(time.DateOnly), again)
	}
	key, err := readKey(keyPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing; %s", keyPath, again)
	}
	if errors.Is(err, errOpenToOthers) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, again)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%s and %s do not belong together; %s", certPath, keyPath, again)
	}
	return &authority{cert, key}, nil
}

func createCA(dir string, hosts hostSet, now time.Time) (*authority, error) {
	key, serial, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		// Of two authorities that one machine trusts, chains must find the right
		// one: their names differ.
		Subject:               pkix.Name{CommonName: "Sekisho development CA " + hex.EncodeToString(serial.Bytes()[:4])},
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.Add(caLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		// In an authority's certificate this too is a constraint.
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		// A name permits the names below it as well: *.localhost.
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         hosts.dns,
	}
	for _, ip := range hosts.ips {
		bits := 8 * len(ip)
		template.PermittedIPRanges = append(template.PermittedIPRanges, &net.IPNet{IP: ip, Mask: net.CIDRMask(bits, bits)})
	}
	cert, err := sign(template, template, key, key)
	if err != nil {
		return nil, err
	}
	// The key first: ca.pem is what says that there is an authority.
	if err := writeKey(filepath.Join(dir, caKeyFile), key); err != nil {
		return nil, err
	}
	if err := writePEM(filepath.Join(dir, CAFile), "CERTIFICATE", cert.Raw, 0o644); err != nil {
		return nil, err
	}
	return &authority{cert, key}, nil
}

// loadServer gives the certificate of the last start if it can still serve.
// Anything wrong with it only means that a new one is made.
func loadServer(dir string, ca *authority, hosts hostSet, now time.Time) (tls.Certificate, bool) {
	none := tls.Certificate{}
	der, err := readPEM(filepath.Join(dir, serverFile), "CERTIFICATE")
	if err != nil {
		return none, false
	}
	key, err := readKey(filepath.Join(dir, serverKeyFile))
	if err != nil {
		return none, false
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil || !key.PublicKey.Equal(cert.PublicKey) || cert.CheckSignatureFrom(ca.cert) != nil {
		return none, false
	}
	if now.Before(cert.NotBefore) || now.Add(renewWithin).After(cert.NotAfter) {
		return none, false
	}
	for _, name := range hosts.dns {
		if !slices.Contains(cert.DNSNames, name) {
			return none, false
		}
	}
	for _, ip := range hosts.ips {
		if !slices.ContainsFunc(cert.IPAddresses, ip.Equal) {
			return none, false
		}
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}, true
}

func createServer(dir string, ca *authority, hosts hostSet, now time.Time) (tls.Certificate, error) {
	key, serial, err := newKey()
	if err != nil {
		return tls.Certificate{}, err
	}
	notBefore := now.Add(-backdated)
	notAfter := notBefore.Add(serverLife)
	if notAfter.After(ca.cert.NotAfter) {
		notAfter = ca.cert.NotAfter
	}
	cert, err := sign(&x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: hosts.dns[len(hosts.dns)-1]},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              hosts.dns,
		IPAddresses:           hosts.ips,
	}, ca.cert, key, ca.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := checkAllowed(ca.cert, cert, now); err != nil {
		return tls.Certificate{}, fmt.Errorf("%w; remove %s and %s to make an authority for these hosts, which clients must then trust anew",
			err, filepath.Join(dir, CAFile), filepath.Join(dir, caKeyFile))
	}
	if err := writeKey(filepath.Join(dir, serverKeyFile), key); err != nil {
		return tls.Certificate{}, err
	}
	if err := writePEM(filepath.Join(dir, serverFile), "CERTIFICATE", cert.Raw, 0o644); err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}

// checkAllowed tells whether clients that trust the authority will accept the
// certificate: an authority made before a host was configured may not sign for
// it.
func checkAllowed(ca, cert *x509.Certificate, now time.Time) error {
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	_, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now})
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.CANotAuthorizedForThisName {
		return fmt.Errorf("the development authority may only sign for %s and addresses it was made for", strings.Join(ca.PermittedDNSDomains, ", "))
	}
	return err
}

func newKey() (*ecdsa.PrivateKey, *big.Int, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial := make([]byte, 16)
	if _, err := rand.Read(serial); err != nil {
		return nil, nil, err
	}
	serial[0] = serial[0]&0x7f | 0x40 // positive, and never shorter
	return key, new(big.Int).SetBytes(serial), nil
}

func sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey, signer crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
