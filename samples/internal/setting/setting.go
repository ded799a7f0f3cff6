// Package setting reads the settings of the samples from the environment, and
// reports everything that is wrong with them at once.
package setting

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// A Reader reads settings. A variable that is set to nothing counts as not set.
type Reader struct {
	lookup func(string) (string, bool)
	faults []error
}

// New makes a Reader; lookup is os.LookupEnv, or that of a Map.
func New(lookup func(string) (string, bool)) *Reader { return &Reader{lookup: lookup} }

// Map is settings that are not in the environment.
type Map map[string]string

// Lookup is os.LookupEnv for the map.
func (m Map) Lookup(name string) (string, bool) {
	value, ok := m[name]
	return value, ok
}

// Err is every fault that was met, nil if there is none.
func (r *Reader) Err() error { return errors.Join(r.faults...) }

// Fault reports that the setting name is wrong.
func (r *Reader) Fault(name, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s "+format, append([]any{name}, args...)...))
}

// Optional is the value of name, or preset.
func (r *Reader) Optional(name, preset string) string {
	if v, ok := r.lookup(name); ok && v != "" {
		return v
	}
	return preset
}

// Required is the value of name; meaning says in the fault what it is for.
func (r *Reader) Required(name, meaning string) string {
	v := r.Optional(name, "")
	if v == "" {
		r.Fault(name, "is not set: %s", meaning)
	}
	return v
}

// List is the value of name, divided at commas.
func (r *Reader) List(name string) []string {
	var list []string
	for part := range strings.SplitSeq(r.Optional(name, ""), ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// Bool is the value of name, true or false, or preset.
func (r *Reader) Bool(name string, preset bool) bool {
	text := r.Optional(name, strconv.FormatBool(preset))
	v, err := strconv.ParseBool(text)
	if err != nil {
		r.Fault(name, "is %q: give true or false", text)
	}
	return v
}

// Duration is the value of name, such as 30s or 5m, or preset.
func (r *Reader) Duration(name string, preset time.Duration) time.Duration {
	text := r.Optional(name, preset.String())
	v, err := time.ParseDuration(text)
	if err != nil || v <= 0 {
		r.Fault(name, "is %q: give a duration like 30s or 5m", text)
	}
	return v
}

// URL is the address in name, where a token or a credential will be sent. It is
// https; plain http is taken for this machine alone, where nobody listens on the
// way.
func (r *Reader) URL(name, meaning string) string {
	text := r.Required(name, meaning)
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		r.Fault(name, "is %q, which is no address", text)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		r.Fault(name, "is %q: what is sent there must travel by https", text)
	}
	return strings.TrimSuffix(text, "/")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// HTTPClient makes a client that trusts the authorities of the system and those
// of CA_FILE (PEM). On Linux SSL_CERT_FILE replaces the system's.
func (r *Reader) HTTPClient() *http.Client {
	const name = "CA_FILE"
	transport := http.DefaultTransport.(*http.Transport).Clone()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	file := r.Optional(name, "")
	if file == "" {
		return client
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	pem, err := os.ReadFile(file)
	switch {
	case err != nil:
		r.Fault(name, "cannot be read: %v", err)
	case !roots.AppendCertsFromPEM(pem):
		r.Fault(name, "is %s, which holds no certificate in PEM form", file)
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return client
}
