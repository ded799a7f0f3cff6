package server_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"
)

// The listener takes TLS 1.2 with suites that authenticate what they encrypt,
// and TLS 1.3; nothing older.
func TestTLSVersionsAndSuites(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true})
	for _, tt := range []struct {
		name     string
		min, max uint16
		suite    uint16
		want     bool
	}{
		{"TLS 1.3", tls.VersionTLS13, tls.VersionTLS13, 0, true},
		{"TLS 1.2, GCM", tls.VersionTLS12, tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true},
		{"TLS 1.2, CBC", tls.VersionTLS12, tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, false},
		{"TLS 1.1", tls.VersionTLS10, tls.VersionTLS11, 0, false},
	} {
		config := &tls.Config{InsecureSkipVerify: true, MinVersion: tt.min, MaxVersion: tt.max} // only the handshake is looked at
		if tt.suite != 0 {
			config.CipherSuites = []uint16{tt.suite}
		}
		conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", strings.TrimPrefix(srv.URL, "https://"))
		if (err == nil) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
}
