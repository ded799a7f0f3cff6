package browser

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"

	"github.com/chromedp/chromedp"
)

// names are the commands that a Chromium goes by.
var names = []string{"chromium", "chromium-browser", "google-chrome"}

// Start runs a browser with an empty profile until the context ends or stop is
// called, and returns the context of its first tab. It takes the certificate of
// the server at host, once that has been verified against the authority in
// caFile, and no other certificate that the machine does not trust.
func Start(ctx context.Context, caFile, host string) (tab context.Context, stop func(), err error) {
	path, err := find()
	if err != nil {
		return nil, nil, err
	}
	pin, err := publicKey(ctx, caFile, host)
	if err != nil {
		return nil, nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("ignore-certificate-errors-spki-list", pin),
		chromedp.Flag("disable-dev-shm-usage", true),
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root otherwise
	}
	allocator, end := chromedp.NewExecAllocator(ctx, options...)
	// A window that closes amid its own events would be reported, and is no error.
	tab, closeTab := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	stop = func() { closeTab(); end() }
	if err := chromedp.Do(tab); err != nil {
		stop()
		return nil, nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return tab, stop, nil
}

func find() (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium is here: run `make deps`, which installs it")
}

// publicKey is the hash of the server's key, as Chromium's switch takes it.
func publicKey(ctx context.Context, caFile, host string) (string, error) {
	text, err := os.ReadFile(caFile)
	if err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return "", fmt.Errorf("%s holds no certificate", caFile)
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		return "", err
	}
	d := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: name}}
	conn, err := d.DialContext(ctx, "tcp", host)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	leaf := conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}
