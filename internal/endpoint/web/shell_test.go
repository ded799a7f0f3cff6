package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

type zeros struct{ n byte }

func (z *zeros) Read(b []byte) (int, error) {
	for i := range b {
		z.n++
		b[i] = z.n
	}
	return len(b), nil
}

var now = time.Date(2026, 3, 2, 4, 11, 9, 0, time.UTC)

func testShell(log *bytes.Buffer) *Shell {
	return &Shell{
		Hosts: map[string]issue.Hosts{
			"login.example":  {Login: "https://login.example"},
			"localhost:8443": {Login: "https://localhost:8443", Loopback: true},
		},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Rand:           &zeros{},
		Now:            func() time.Time { return now },
		Log:            slog.New(slog.NewTextHandler(log, nil)),
	}
}

func request(peer, host string, headers ...string) *http.Request {
	r := httptest.NewRequest("GET", "/x", nil)
	r.RemoteAddr, r.Host = peer, host
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// A listener without TLS takes credentials from its proxies alone, and from
// those only what came to them over https.
func TestPlainHTTP(t *testing.T) {
	for _, tt := range []struct {
		name, method, peer, path, proto string
		status                          int
		location                        string
	}{
		{name: "from a proxy", method: "POST", peer: "10.1.2.3:1", status: 200},
		{name: "from a proxy, https before it", method: "POST", peer: "10.1.2.3:1", proto: "https", status: 200},
		{name: "not from a proxy", method: "POST", peer: "203.0.113.9:1", status: 403},
		{name: "not from a proxy, reading", method: "GET", peer: "203.0.113.9:1", status: 403},
		{name: "not from a proxy, whatever it says", method: "POST", peer: "203.0.113.9:1", proto: "https", status: 403},
		{name: "plain before the proxy", method: "POST", peer: "10.1.2.3:1", proto: "http", status: 400},
		{name: "plain before the proxy, reading", method: "GET", peer: "10.1.2.3:1", path: "/x?y=//evil.example", proto: "HTTP", status: 301, location: "https://login.example/x?y=//evil.example"},
		{name: "health", method: "GET", peer: "203.0.113.9:1", path: "/readyz", status: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shell := testShell(&bytes.Buffer{})
			shell.Plain = true
			if tt.path == "" {
				tt.path = "/x"
			}
			r := httptest.NewRequest(tt.method, tt.path, nil)
			r.RemoteAddr, r.Host = tt.peer, "login.example"
			if tt.proto != "" {
				r.Header.Set("X-Forwarded-Proto", tt.proto)
			}
			w := httptest.NewRecorder()
			shell.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })).ServeHTTP(w, r)
			if w.Code != tt.status || w.Header().Get("Location") != tt.location || w.Header().Get("X-Ms-Request-Id") == "" {
				t.Errorf("%d to %q, want %d to %q", w.Code, w.Header().Get("Location"), tt.status, tt.location)
			}
		})
	}
}

func TestClientAddressAndHost(t *testing.T) {
	tests := []struct {
		name    string
		req     *http.Request
		status  int
		ip      string
		login   string
		noHSTS  bool
		strange bool
	}{
		{name: "direct", req: request("203.0.113.9:1", "login.example"), status: 200, ip: "203.0.113.9", login: "https://login.example"},
		{name: "host in capitals", req: request("203.0.113.9:1", "LOGIN.example"), status: 200, ip: "203.0.113.9", login: "https://login.example"},
		{name: "loopback host", req: request("[::1]:1", "localhost:8443"), status: 200, ip: "::1", login: "https://localhost:8443", noHSTS: true},
		{name: "unknown host", req: request("203.0.113.9:1", "evil.example"), status: 421},
		{name: "known host, other port", req: request("203.0.113.9:1", "login.example:444"), status: 421},
		{name: "forwarded by nobody we know", req: request("203.0.113.9:1", "login.example", "X-Forwarded-For", "198.51.100.7", "X-Forwarded-Host", "evil.example"), status: 200, ip: "203.0.113.9", login: "https://login.example"},
		{name: "forwarded by a proxy", req: request("10.1.2.3:1", "login.example", "X-Forwarded-For", "198.51.100.7"), status: 200, ip: "198.51.100.7", login: "https://login.example"},
		{name: "through two proxies", req: request("10.1.2.3:1", "login.example", "X-Forwarded-For", "198.51.100.7, 10.9.9.9"), status: 200, ip: "198.51.100.7", login: "https://login.example"},
		{name: "the client lies to the proxy", req: request("10.1.2.3:1", "login.example", "X-Forwarded-For", "1.1.1.1, 198.51.100.7"), status: 200, ip: "198.51.100.7", login: "https://login.example"},
		{name: "on two lines", req: request("10.1.2.3:1", "login.example", "X-Forwarded-For", "1.1.1.1", "X-Forwarded-For", "198.51.100.7"), status: 200, ip: "198.51.100.7", login: "https://login.example"},
		{name: "with a port", req: request("10.1.2.3:1", "login.example", "X-Forwarded-For", "198.51.100.7:4711"), status: 200, ip: "198.51.100.7", login: "https://login.example"},
		{name: "mapped address of a proxy", req: request("[::ffff:10.1.2.3]:1", "login.example", "X-Forwarded-For", "198.51.100.7"), status: 200, ip: "198.51.100.7", login: "https://login.example"},
		{name: "unreadable hop", req: request("10.1.2.3:1", "login.example", "X-Forwarded-For", "garbage"), status: 400},
		{name: "unreadable hop beyond the client", req: request("10.1.2.3:1", "login.example", "X-Forwarded-For", "garbage, 198.51.100.7"), status: 200, ip: "198.51.100.7", login: "https://login.example"},
		{name: "host from the proxy", req: request("10.1.2.3:1", "internal", "X-Forwarded-Host", "login.example"), status: 200, ip: "10.1.2.3", login: "https://login.example"},
		{name: "unknown host from the proxy", req: request("10.1.2.3:1", "login.example", "X-Forwarded-Host", "evil.example"), status: 421},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got *Request
			h := testShell(&bytes.Buffer{}).Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = From(r.Context()) }))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, tt.req)
			if w.Code != tt.status {
				t.Fatalf("status %d", w.Code)
			}
			if w.Header().Get("X-Ms-Request-Id") == "" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", w.Header())
			}
			if tt.status != 200 {
				if got != nil {
					t.Error("the endpoint saw it")
				}
				return
			}
			if got.ClientIP != tt.ip || got.Hosts.Login != tt.login {
				t.Errorf("%s at %s", got.ClientIP, got.Hosts.Login)
			}
			if hsts := w.Header().Get("Strict-Transport-Security"); (hsts == "") != tt.noHSTS {
				t.Errorf("HSTS %q", hsts)
			}
		})
	}
}

func TestRequestIDs(t *testing.T) {
	const id = "11111111-2222-4333-8444-555555555555"
	var got *Request
	h := testShell(&bytes.Buffer{}).Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = From(r.Context())
		got.Correlate("99999999-2222-4333-8444-555555555555")
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request("203.0.113.9:1", "login.example", "Client-Request-Id", strings.ToUpper(id), "Return-Client-Request-Id", "True"))
	if got.CorrelationID != id || echoed(w) != id {
		t.Errorf("%s, echoed %s", got.CorrelationID, echoed(w))
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, request("203.0.113.9:1", "login.example", "Client-Request-Id", "x\r\ny"))
	if got.CorrelationID != "99999999-2222-4333-8444-555555555555" || echoed(w) != "" {
		t.Errorf("%s", got.CorrelationID)
	}
	if got.TraceID() == got.CorrelationID || len(got.UTI()) != 22 {
		t.Errorf("trace %s, uti %s", got.TraceID(), got.UTI())
	}
}

func echoed(w *httptest.ResponseRecorder) string {
	return strings.Join(w.Header()["client-request-id"], ",") //nolint:staticcheck // SA1008: written so for clients that look for it so
}

func TestErrorsShowWhatTheClientMayKnow(t *testing.T) {
	secret := errors.New("pq: password authentication failed for user sekisho")
	tests := []struct {
		name   string
		err    error
		status int
		oauth  string
		code   int
	}{
		{"of the catalogue", aadsts.New(aadsts.WrongSecret, "id").Because(secret), 401, "invalid_client", 7000215},
		{"renamed", aadsts.New(aadsts.TenantNotFound, "x").Named("invalid_tenant"), 400, "invalid_tenant", 90002},
		{"storage", errors.Join(directory.ErrUnavailable, secret), 503, "temporarily_unavailable", 90033},
		{"anything else", secret, 500, "server_error", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			s := testShell(&log)
			h := s.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { WriteError(w, r, s.Log, now, tt.err) }))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, request("203.0.113.9:1", "login.example"))
			var body errorBody
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if w.Code != tt.status || body.Error != tt.oauth {
				t.Errorf("%d %s", w.Code, body.Error)
			}
			if tt.code != 0 && (len(body.Codes) != 1 || body.Codes[0] != tt.code) || tt.code == 0 && len(body.Codes) != 0 {
				t.Errorf("codes %v", body.Codes)
			}
			if strings.Contains(w.Body.String(), "pq:") {
				t.Error("the cause is in the answer")
			}
			if !strings.Contains(log.String(), body.TraceID) || tt.err != nil && strings.Count(log.String(), "\n") != 1 {
				t.Errorf("log: %s", log.String())
			}
			if body.Timestamp != "2026-03-02 04:11:09Z" || !strings.HasSuffix(body.Description, "\r\nTimestamp: "+body.Timestamp) {
				t.Errorf("%q", body.Description)
			}
			if got := w.Header().Get("Retry-After"); (got != "") != (tt.status == 503) {
				t.Errorf("Retry-After %q", got)
			}
		})
	}
}

func TestPanicCostsOneRequest(t *testing.T) {
	var log bytes.Buffer
	statuses := []int{}
	s := testShell(&log)
	s.Done = func(_ *http.Request, status int, _ time.Duration) { statuses = append(statuses, status) }
	h := s.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("index out of range") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request("203.0.113.9:1", "login.example"))
	if w.Code != 500 || strings.Contains(w.Body.String(), "index") || !strings.Contains(log.String(), "index out of range") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if len(statuses) != 1 || statuses[0] != 500 {
		t.Errorf("metrics saw %v", statuses)
	}
}
