package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func TestServesAndStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, setting.Map{
			"LISTEN": "localhost:0", "ORDERS_FILE": "../demo/orders.json",
			"AUTHORITY": "https://login.microsoftonline.com/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13",
			"AUDIENCES": "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8, api://orders",
		}.Lookup, writer, slog.New(slog.NewTextHandler(t.Output(), nil)))
		_ = writer.Close()
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %v", err, <-done)
	}
	base, ok := strings.CutPrefix(strings.TrimSpace(line), "orders API at ")
	if !ok || !strings.HasPrefix(base, "http://localhost:") {
		t.Fatalf("the API said %q", line)
	}
	for path, want := range map[string]int{"/healthz": 200, "/orders": 401, "/": 404} {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, resp.StatusCode, want)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("the API stopped with %v", err)
	}
}

func TestBadSettings(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  map[string]string
		want []string
	}{
		{"nothing set", nil, []string{"AUTHORITY is not set", "AUDIENCES is not set"}},
		{"origin with a path", map[string]string{"ALLOWED_ORIGINS": "https://orders.example/"}, []string{"ALLOWED_ORIGINS has"}},
		{"files missing", map[string]string{"ORDERS_FILE": "none.json", "TLS_CERT_FILE": "none.pem", "CA_FILE": "none.pem"},
			[]string{"ORDERS_FILE is of no use", "TLS_CERT_FILE and TLS_KEY_FILE are of no use", "CA_FILE cannot be read"}},
		{"several tenants, none allowed", map[string]string{"AUTHORITY": "https://login.microsoftonline.com/organizations", "AUDIENCES": "api://orders"},
			[]string{"Tenants"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := run(t.Context(), setting.Map(tt.env).Lookup, io.Discard, slog.New(slog.DiscardHandler))
			if err == nil {
				t.Fatal("the API started")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
}
