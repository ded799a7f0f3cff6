package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 11, 21, 1, 45, 0, 0, time.UTC)

// terminal is one whose output the test reads.
func terminal(lang string) (*shared, *bytes.Buffer) {
	var out bytes.Buffer
	return &shared{
		Terminal: Terminal{
			Out: &out, Err: &out, Rand: strings.NewReader(strings.Repeat("random", 100)),
			LookupEnv: func(string) (string, bool) { return "", false },
			Now:       func() time.Time { return now },
		},
		output: "text", lang: lang,
	}, &out
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (- want, + got):\n%s", path, diff)
	}
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestShowToken(t *testing.T) {
	token := encode(`{"typ":"JWT","alg":"RS256","kid":"k1"}`) + "." + encode(`{
"aud":"57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8","iss":"https://localhost:8443/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/v2.0",
"iat":1795225200,"nbf":1795225200,"exp":1795229400,"azp":"0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36","azpacr":"1",
"oid":"c41d7e88-5a60-4b9f-8e23-f7a09b15d6c4","roles":["Orders.Read.All","Orders.Export.All"],"sub":"c41d7e88-5a60-4b9f-8e23-f7a09b15d6c4",
"tid":"6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13","ver":"2.0","extra":{"a":[1,2]}}`) + ".c2ln"
	d, err := decodeToken(token)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "ja"} {
		s, out := terminal(lang)
		s.showToken(&tokenAnswer{TokenType: "Bearer", ExpiresIn: 4199}, d, signatureCheck{Valid: true, KeyID: "k1"})
		golden(t, "token."+lang+".txt", out.String())
	}
}

func TestDecodeTokenRefuses(t *testing.T) {
	for _, token := range []string{"", "opaque", "a.b", "a.b.c.d", "!.!.!", encode("{") + "." + encode("{}") + ".x"} {
		if _, err := decodeToken(token); err == nil {
			t.Errorf("%q was decoded", token)
		}
	}
}

// Each scenario's answer, for a person, in both languages.
func TestShowRegistration(t *testing.T) {
	for _, sc := range scenarios {
		r := &registration{
			DisplayName: "Orders", TenantID: "TENANT", AppID: "CLIENT", ApplicationID: "OBJECT", ServicePrincipalID: "PRINCIPAL",
			Authority: "https://localhost:8443/TENANT",
		}
		if sc.redirect != "" {
			r.RedirectURIs = []string{sc.redirect}
		}
		if sc.exposes {
			r.IdentifierURI, r.Scope, r.AppRole = "api://CLIENT", "access_as_user", "Access.All"
		}
		if sc.asItself {
			r.API, r.Permissions, r.Consented = "api://API", []string{"Access.All"}, sc.name == "daemon"
		}
		for _, lang := range []string{"en", "ja"} {
			s, out := terminal(lang)
			c := &r.Credential
			c.Needed, c.Side, c.Why, c.Kind = sc.need, s.say(sc.side), s.say(sc.why), sc.usual
			c.KeyID, c.SecretText, c.Ends, c.Issuer, c.Subject = "KEY", "SECRET", "2027-05-20T01:45:00Z", "https://issuer.example", "subject"
			s.showRegistration(sc, r)
			golden(t, "app."+sc.name+"."+lang+".txt", out.String())
		}
	}
}

func TestScenariosAreComplete(t *testing.T) {
	for _, sc := range scenarios {
		for _, w := range []words{sc.title, sc.side, sc.why} {
			if w.en == "" || w.ja == "" {
				t.Errorf("%s: a text is missing in one language", sc.name)
			}
		}
		if (sc.platform == "") != (sc.redirect == "") {
			t.Errorf("%s: platform and redirect URI go together", sc.name)
		}
		if sc.need == never && sc.usual != noCredential {
			t.Errorf("%s: cannot keep a credential, but would get one", sc.name)
		}
	}
	for name, w := range claimMeanings {
		if w.en == "" || w.ja == "" {
			t.Errorf("claim %s: a text is missing in one language", name)
		}
	}
}

// What the server refuses reaches the person as one clear error.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"an OAuth error", 401, `{"error":"invalid_client","error_description":"AADSTS7000215: Wrong secret.\r\nTrace ID: t"}`, "the token was refused: invalid_client\n  AADSTS7000215: Wrong secret.\n  Trace ID: t"},
		{"with a suberror", 400, `{"error":"invalid_grant","suberror":"bad_token","error_description":"d"}`, "the token was refused: invalid_grant (bad_token)\n  d"},
		{"no JSON", 502, `<html>`, "answered 502, which is no answer of a token endpoint"},
		{"success without a token", 200, `{}`, "answered 200 without a token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer srv.Close()
			c := &client{http: srv.Client()}
			_, err := c.token(context.Background(), srv.URL, url.Values{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A next link to another host would carry the token there.
func TestPagesStayOnOneHost(t *testing.T) {
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		next := "https://elsewhere.example/v1.0/x"
		if len(asked) == 1 {
			next = "http://" + r.Host + "/v1.0/second"
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"value": []string{"a"}, "@odata.nextLink": next})
	}))
	defer srv.Close()
	g := &graph{client: &client{http: srv.Client()}, base: srv.URL, token: "t"}
	_, err := all[string](context.Background(), g, "/first")
	if err == nil || !strings.Contains(err.Error(), "another host") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]string{"/v1.0/first", "/v1.0/second"}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestBootstrapFilePaths(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "bootstrap.json")
	text := `{"baseUrl":"https://h:1","tenantId":"t","caFile":"data/ca.pem"}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := terminal("en")
	flag := bootstrapFlag{path: path}
	b, err := flag.read(s)
	if err != nil {
		t.Fatal(err)
	}
	if b.CAFile != filepath.Join(dir, "ca.pem") || b.GraphURL != b.BaseURL || b.host() != "h:1" {
		t.Errorf("got %+v", b)
	}
}

// The usual port is often taken by another project's server.
func TestTakenPortFallsBack(t *testing.T) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s, _ := terminal("en")
	taken := l.Addr().(*net.TCPAddr).Port
	wanted := net.JoinHostPort("localhost", strconv.Itoa(taken))
	addr, note, err := s.freeAddr(t.TempDir(), wanted)
	if err != nil {
		t.Fatal(err)
	}
	if addr == wanted || !strings.HasPrefix(note, fmt.Sprintf("Port %d is taken, so this server listens on ", taken)) {
		t.Errorf("got %s, %q", addr, note)
	}
	if addr, note, err = s.freeAddr(t.TempDir(), addr); err != nil || note != "" {
		t.Errorf("a free port: %s, %q, %v", addr, note, err)
	}
}

func TestCertificateRoundTrip(t *testing.T) {
	out := filepath.Join(t.TempDir(), "daemon.pem")
	pair, err := newKeyPair("Nightly export", out, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := pair.write(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := pair.write(); err == nil {
		t.Error("an existing file was overwritten")
	}
	cert, _, err := readCertificate(out, "")
	if err != nil || cert.Subject.CommonName != "Nightly export" {
		t.Errorf("got %v, %v", cert, err)
	}
	s, _ := terminal("en")
	assertion, err := certificateAssertion(s, out, "", "client", "https://h/t/oauth2/v2.0/token")
	if err != nil {
		t.Fatal(err)
	}
	d, err := decodeToken(assertion)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Iss, Sub, Aud, Jti string }
	if err := json.Unmarshal(d.Claims, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Iss != "client" || claims.Sub != "client" || claims.Aud != "https://h/t/oauth2/v2.0/token" || claims.Jti == "" {
		t.Errorf("got %+v", claims)
	}
}

func TestReloadCertificate(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write := func(name string, modified time.Time) {
		t.Helper()
		pair, err := newKeyPair(name, "", now)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []string{certFile, keyFile} {
			if err := os.WriteFile(f, pair.text, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(f, modified, modified); err != nil {
				t.Fatal(err)
			}
		}
	}
	serves := func(r *certReloader) string {
		t.Helper()
		cert, err := r.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return cert.Leaf.Subject.CommonName
	}
	write("first", now)
	r, err := newCertReloader(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	if got := serves(r); got != "first" {
		t.Errorf("serves %s", got)
	}
	write("second", now.Add(time.Minute))
	if got := serves(r); got != "second" {
		t.Errorf("after renewal it serves %s", got)
	}
	if err := os.WriteFile(keyFile, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serves(r); got != "second" {
		t.Errorf("with a broken key it serves %s", got)
	}
	if _, err := newCertReloader(certFile, keyFile); err == nil {
		t.Error("a broken pair was accepted at the start")
	}
}
