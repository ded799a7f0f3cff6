package cli

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// authority is a token endpoint that answers with a token and remembers what it
// was asked.
func authority(t *testing.T) (bootstrap string, asked *url.Values) {
	t.Helper()
	asked = &url.Values{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token") {
			http.NotFound(w, r)
			return
		}
		_ = r.ParseForm()
		*asked = r.PostForm
		_ = json.NewEncoder(w).Encode(map[string]any{
			"token_type": "Bearer", "expires_in": 3600, "scope": "openid", "refresh_token": "1.next", "id_token": "i",
			"access_token": encode(`{"alg":"RS256"}`) + "." + encode(`{"scp":"openid"}`) + ".c2ln",
		})
	}))
	t.Cleanup(srv.Close)
	bootstrap = filepath.Join(t.TempDir(), "bootstrap.json")
	text := fmt.Sprintf(`{"baseUrl":%q,"tenantId":"6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13","clientId":"admin","clientSecret":"s"}`, srv.URL)
	if err := os.WriteFile(bootstrap, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return bootstrap, asked
}

// get fetches an address as a browser does.
func get(t *testing.T, address string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}

// The browser is this test: it reads the address, as the person does, and answers
// in place of the authorization endpoint.
func TestInteractive(t *testing.T) {
	for _, tt := range []struct {
		name, redirect, want string
		answer               func(state string) string
	}{
		{"signed in", "http://localhost", "", func(state string) string { return "?code=c1&state=" + state }},
		{"another path", "http://127.0.0.1/done", "", func(state string) string { return "?code=c1&state=" + state }},
		{"declined", "http://localhost", "the token was refused: access_denied\n  AADSTS65004", func(state string) string {
			return "?error=access_denied&error_description=AADSTS65004&state=" + state
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bootstrap, asked := authority(t)
			s, out := terminal("en")
			s.output = "json"
			reader, writer := io.Pipe()
			s.Err = writer
			f := &tokenFlags{
				bootstrap: bootstrapFlag{path: bootstrap}, grant: "client_credentials", interactive: true, redirect: tt.redirect,
				clientID: "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8", scope: "openid User.Read",
			}
			done := make(chan error, 1)
			go func() { done <- runToken(t.Context(), s, f) }()
			var address *url.URL
			for lines := bufio.NewScanner(reader); address == nil && lines.Scan(); {
				if text := strings.TrimSpace(lines.Text()); strings.HasPrefix(text, "http") {
					u, err := url.Parse(text)
					if err != nil {
						t.Fatal(err)
					}
					address = u
				}
			}
			go func() { _, _ = io.Copy(io.Discard, reader) }()
			q := address.Query()
			if !strings.HasSuffix(address.Path, "/oauth2/v2.0/authorize") || q.Get("scope") != "openid User.Read" || q.Get("response_type") != "code" ||
				q.Get("code_challenge_method") != "S256" || len(q.Get("state")) < 20 || !strings.HasPrefix(q.Get("redirect_uri"), "http://"+hostOf(tt.redirect)+":") {
				t.Errorf("address %v", address)
			}
			back := q.Get("redirect_uri")
			for _, wrong := range []string{"?code=evil", "?code=evil&state=wrong", "/elsewhere?code=evil&state=" + q.Get("state")} {
				if status := get(t, back+wrong); status != http.StatusNotFound {
					t.Errorf("%s: %d", wrong, status)
				}
			}
			if status := get(t, back+tt.answer(q.Get("state"))); status != http.StatusOK {
				t.Errorf("the browser sees %d", status)
			}
			err := <-done
			if tt.want != "" {
				if err == nil || err.Error() != tt.want {
					t.Errorf("%v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte(asked.Get("code_verifier")))
			if asked.Get("code") != "c1" || asked.Get("redirect_uri") != back || asked.Has("client_secret") ||
				base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") {
				t.Errorf("asked with %v", asked)
			}
			if !strings.Contains(out.String(), `"refreshToken": "1.next"`) || !strings.Contains(out.String(), `"idToken": "i"`) {
				t.Errorf("%s", out)
			}
		})
	}
}

// hostOf is the host of a redirect URI.
func hostOf(redirect string) string {
	u, err := url.Parse(redirect)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func TestRefreshTokenGrant(t *testing.T) {
	bootstrap, asked := authority(t)
	file := filepath.Join(t.TempDir(), "refresh.txt")
	if err := os.WriteFile(file, []byte("1.first\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, out := terminal("en")
	f := &tokenFlags{bootstrap: bootstrapFlag{path: bootstrap}, grant: "client_credentials", refreshFile: file, clientID: "c", secret: "s3cret"}
	if err := runToken(t.Context(), s, f); err != nil {
		t.Fatal(err)
	}
	if asked.Get("grant_type") != "refresh_token" || asked.Get("refresh_token") != "1.first" || asked.Get("client_secret") != "s3cret" || asked.Has("scope") {
		t.Errorf("asked with %v", asked)
	}
	if !strings.Contains(out.String(), "A refresh token came along") || strings.Contains(out.String(), "1.next") {
		t.Errorf("%s", out)
	}
}

func TestGrantFlags(t *testing.T) {
	for name, f := range map[string]*tokenFlags{
		"two grants":         {grant: "client_credentials", interactive: true, refresh: "r", clientID: "c"},
		"another grant":      {grant: "refresh_token", interactive: true, clientID: "c"},
		"unknown":            {grant: "magic"},
		"no application":     {grant: "client_credentials", interactive: true},
		"no refresh token":   {grant: "refresh_token", clientID: "c"},
		"two refresh tokens": {grant: "refresh_token", refresh: "r", refreshFile: "f", clientID: "c"},
		"a far redirect URI": {grant: "authorization_code", clientID: "c", redirect: "https://app.example/cb"},
	} {
		bootstrap, _ := authority(t)
		f.bootstrap.path = bootstrap
		s, _ := terminal("en")
		var usage usageError
		if err := runToken(t.Context(), s, f); !errors.As(err, &usage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
