package server_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/sekishotest"
)

// Requests as no client library writes them, each on a connection of its own.
func TestRawRequests(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true})
	host := strings.TrimPrefix(srv.URL, "https://")
	const discovery = "/common/v2.0/.well-known/openid-configuration"
	for _, tt := range []struct {
		name, target, headers string
		want                  int
	}{
		{"a plain one", discovery, "Host: {host}", http.StatusOK},
		{"two hosts", discovery, "Host: {host}\r\nHost: evil.example", http.StatusBadRequest},
		{"an empty host", discovery, "Host:", http.StatusMisdirectedRequest},
		{"another host", discovery, "Host: evil.example", http.StatusMisdirectedRequest},
		{"another host in the target", "https://evil.example" + discovery, "Host: {host}", http.StatusMisdirectedRequest},
		{"a host with user information", discovery, "Host: {host}@evil.example", http.StatusBadRequest},
		{"a forwarded host from nobody we know", discovery, "Host: {host}\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\nX-Original-URL: /dev/clock\r\nX-Rewrite-URL: /dev/clock", http.StatusOK},
		{"two lengths", discovery, "Host: {host}\r\nContent-Length: 4\r\nContent-Length: 5", http.StatusBadRequest},
		{"a blank before the colon", discovery, "Host: {host}\r\nTransfer-Encoding : chunked", http.StatusBadRequest},
		{"headers beyond the limit", discovery, "Host: {host}\r\nX-Long: " + strings.Repeat("a", 40<<10), http.StatusRequestHeaderFieldsTooLarge},
		{"dots that climb", "/common/../dev/clock", "Host: {host}", http.StatusBadRequest},
		{"escaped dots that climb", "/common/%2e%2e/dev/clock", "Host: {host}", http.StatusBadRequest},
		{"escaped dots that climb out of Graph", "/v1.0/%2e%2e/dev/clock", "Host: {host}", http.StatusUnauthorized},
		{"two slashes", "//evil.example/", "Host: {host}", http.StatusBadRequest},
		{"a backslash", `/common\dev\clock`, "Host: {host}", http.StatusBadRequest},
		{"a path parameter", "/dev;x/clock", "Host: {host}", http.StatusBadRequest},
		{"no path", "*", "Host: {host}", http.StatusBadRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", host) // certificates are not what is tested
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n", tt.target, strings.ReplaceAll(tt.headers, "{host}", host))
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.want || strings.Contains(string(body), "evil") || resp.Header.Get("Location") != "" {
				t.Errorf("%d, want %d: %s", resp.StatusCode, tt.want, body)
			}
		})
	}
}
