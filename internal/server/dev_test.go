package server_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/sekishotest"
)

func post(t *testing.T, srv *sekishotest.Server, path, body string) int {
	t.Helper()
	resp, err := srv.Client().Post(srv.URL+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func header(t *testing.T, token string) (kid string) {
	t.Helper()
	return decode(t, strings.Split(token, ".")[0])["kid"].(string)
}

func TestDevClock(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true})
	_, before := adminToken(t, srv)
	if status := post(t, srv, "/dev/clock", `{"advanceSeconds":86400}`); status != http.StatusNoContent {
		t.Fatalf("status %d", status)
	}
	_, after := adminToken(t, srv)
	first, second := payload(t, before["access_token"].(string))["nbf"].(float64), payload(t, after["access_token"].(string))["nbf"].(float64)
	if second-first < 86399 {
		t.Errorf("nbf moved by %v s", second-first)
	}
	// A token of yesterday no longer opens Graph.
	req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/v1.0/organization", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+before["access_token"].(string))
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("yesterday's token: %d", resp.StatusCode)
	}
	if status := post(t, srv, "/dev/clock", `{"reset":true}`); status != http.StatusNoContent {
		t.Errorf("reset: %d", status)
	}
	if d := time.Until(srv.Now()).Abs(); d > time.Minute {
		t.Errorf("the clock is %v off after the reset", d)
	}
	for _, bad := range []string{``, `{}`, `{"advanceSeconds":1,"reset":true}`, `{"advanceSeconds":"1"}`, `{"advanceSeconds":99999999999}`, `{"x":1}`, `[`, `{"advanceSeconds":1}{"reset":true}`} {
		if status := post(t, srv, "/dev/clock", bad); status != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, status)
		}
	}
}

// A page that a developer visits cannot move the clock or roll keys behind the
// developer's back.
func TestDevEndpointsRefuseOtherOrigins(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true})
	for _, tt := range []struct {
		name, header, value string
		want                int
	}{
		{"another site", "Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		{"another port of this host", "Sec-Fetch-Site", "same-site", http.StatusForbidden},
		{"a browser that says only the origin", "Origin", "https://evil.example", http.StatusForbidden},
		{"a sandboxed frame", "Origin", "null", http.StatusForbidden},
		{"a page of ours", "Origin", srv.URL, http.StatusNoContent},
		{"a program", "X-None", "", http.StatusNoContent},
	} {
		for path, body := range map[string]string{"/dev/clock": `{"advanceSeconds":1}`, "/dev/keys/roll": ""} {
			req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "text/plain") // what a form can send
			req.Header.Set(tt.header, tt.value)
			resp, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != tt.want {
				t.Errorf("%s, %s: %d, want %d", tt.name, path, resp.StatusCode, tt.want)
			}
		}
	}
}

// Months later keys have rotated, and tokens are signed by a published key.
func TestKeysRotateWithTheClock(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true})
	_, before := adminToken(t, srv)
	if status := post(t, srv, "/dev/clock", `{"advanceSeconds":31536000}`); status != http.StatusNoContent {
		t.Fatalf("status %d", status)
	}
	status, after := adminToken(t, srv)
	if status != http.StatusOK {
		t.Fatal(after)
	}
	if header(t, before["access_token"].(string)) == header(t, after["access_token"].(string)) {
		t.Error("the same key after a year")
	}
	if kids := published(t, srv); !kids[header(t, after["access_token"].(string))] {
		t.Error("signed by a key that is not published")
	}
}

func TestDevRollKeys(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true})
	_, before := adminToken(t, srv)
	if status := post(t, srv, "/dev/keys/roll", ``); status != http.StatusNoContent {
		t.Fatalf("status %d", status)
	}
	_, after := adminToken(t, srv)
	old, fresh := header(t, before["access_token"].(string)), header(t, after["access_token"].(string))
	kids := published(t, srv)
	if old == fresh || !kids[old] || !kids[fresh] {
		t.Errorf("old %s, new %s, published %v", old, fresh, kids)
	}
}

func published(t *testing.T, srv *sekishotest.Server) map[string]bool {
	t.Helper()
	resp, err := srv.Client().Get(srv.URL + "/common/discovery/v2.0/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var set struct {
		Keys []struct {
			KID string `json:"kid"`
		} `json:"keys"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	kids := map[string]bool{}
	for _, k := range set.Keys {
		kids[k.KID] = true
	}
	return kids
}

// A production server has no endpoints of development mode, keeps metrics and
// profiles to its operations listener, and stops gracefully.
func TestServeKeepsToItself(t *testing.T) {
	dir, port, ops := t.TempDir(), freePort(t), freePort(t)
	config := serveConfig(t, dir, port, filepath.Join(dir, "sekisho.db"), "operations: {listen: \"localhost:"+ops+"\"}\n")
	run(t, "bootstrap", "--config", config)
	n := start(t, port, filepath.Join(dir, "ca.pem"), filepath.Join(dir, "bootstrap.json"), "serve", "--config", config)
	for path, want := range map[string]int{
		"/dev/clock": http.StatusBadRequest, "/dev/keys/roll": http.StatusBadRequest,
		"/metrics": http.StatusBadRequest, "/debug/pprof/": http.StatusBadRequest, "/healthz": http.StatusOK,
	} {
		method := "POST"
		if want == http.StatusOK {
			method = "GET"
		}
		req, err := http.NewRequestWithContext(t.Context(), method, n.url+path, strings.NewReader(`{"reset":true}`))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := n.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	if _, uti, code := n.token(n.bootstrap.ClientID, n.bootstrap.ClientSecret); uti == nil {
		t.Errorf("no token: %d", code)
	}
	if _, _, code := n.token(n.bootstrap.ClientID, "wrong"); code != 7000215 {
		t.Errorf("code %d", code)
	}
	text := fetch(t, "http://"+net.JoinHostPort("localhost", ops)+"/metrics")
	for _, want := range []string{
		`sekisho_request_seconds_count{area="token",status="200"} 1`, `sekisho_request_seconds_bucket{area="token",status="200",le="+Inf"} 1`, `sekisho_token_refusals_total{code="7000215"} 1`,
		"sekisho_signatures_total 1", "sekisho_view_hits_total", "go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if !strings.Contains(fetch(t, "http://"+net.JoinHostPort("localhost", ops)+"/debug/pprof/"), "goroutine") {
		t.Error("no profiles")
	}
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-n.exited
	if code := n.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("a graceful stop ended with %d", code)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
