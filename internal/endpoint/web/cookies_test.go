package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/opaque"
	"github.com/sekisho-id/sekisho/internal/domain/session"
)

var hakone = directory.MustTenantID("4a6b0e00-0000-4000-8000-000000000001")

// box is a Sealer that shows what it was given.
type box struct{ err error }

func (b box) Seal(_ context.Context, owner, table, row string, plaintext []byte) ([]byte, error) {
	return append([]byte(owner+table+row+"|"), plaintext...), b.err
}

func (b box) Open(_ context.Context, owner, table, row string, sealed []byte) ([]byte, error) {
	if b.err != nil {
		return nil, b.err
	}
	plain, ok := bytes.CutPrefix(sealed, []byte(owner+table+row+"|"))
	if !ok {
		return nil, envelope.ErrDamaged
	}
	return plain, nil
}

// back is the request that a browser sends after an answer.
func back(w *httptest.ResponseRecorder) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://login.example/", nil)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	return r
}

// memory is a session store that takes everything.
type memory struct{ session.Store }

func (memory) CreateSession(context.Context, directory.TenantID, *session.Session, []byte) error {
	return nil
}

func (memory) RenewSession(context.Context, directory.TenantID, *session.Session, []byte, []byte) error {
	return nil
}

func lives(t *testing.T, n int) []session.Live {
	t.Helper()
	m, err := opaque.NewMinter(bytes.Repeat([]byte{7}, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := now
	s := &session.Sessions{Store: memory{}, Minter: m, Rand: rand.Reader, Now: func() time.Time { return at }}
	var out []session.Live
	for i := range n {
		at = now.Add(time.Duration(i) * time.Minute)
		l, err := s.Start(context.Background(), &directory.User{TenantID: hakone, ID: directory.ID(fmt.Sprintf("00000000-0000-4000-8000-%012d", i))}, []string{"pwd"}, session.Place{})
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 {
			if err := s.Stay(context.Background(), &l); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, l)
	}
	return out
}

// Every cookie has the attributes that keep it ours, when set and when cleared.
func TestCookieAttributes(t *testing.T) {
	w := httptest.NewRecorder()
	SetSessions(w, lives(t, 2))
	SetSessions(w, nil)
	b, err := NewBrowser(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b.Write(w)
	for _, k := range []Remembered{{}, {NeverAskToStay: true}} {
		if err := k.Write(context.Background(), w, box{}); err != nil {
			t.Fatal(err)
		}
	}
	lines := w.Result().Header.Values("Set-Cookie")
	if len(lines) != 7 {
		t.Errorf("%d cookies", len(lines))
	}
	for _, line := range lines {
		for _, want := range []string{"__Host-sekisho", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=None"} {
			if !strings.Contains(line, want) {
				t.Errorf("%q lacks %q", line, want)
			}
		}
		if strings.Contains(line, "Domain") {
			t.Errorf("%q has a domain", line)
		}
	}
	for _, c := range w.Result().Cookies()[:2] {
		if want := map[string]int{"__Host-sekisho": 0, "__Host-sekisho-stay": 365 * 24 * 3600}[c.Name]; c.MaxAge != want {
			t.Errorf("%s lives for %d seconds, want %d", c.Name, c.MaxAge, want)
		}
	}
}

func TestSessionCookies(t *testing.T) {
	live := lives(t, 3)
	w := httptest.NewRecorder()
	SetSessions(w, live)
	want := []string{live[0].Secret(), live[2].Secret(), live[1].Secret()} // the persistent one is in the second cookie
	if got := SessionSecrets(back(w)); !cmp.Equal(got, want) {
		t.Errorf("came back as %v", got)
	}
	w = httptest.NewRecorder()
	SetSessions(w, nil)
	if got := SessionSecrets(back(w)); got != nil {
		t.Errorf("after clearing: %v", got)
	}
	live = lives(t, 13)
	w = httptest.NewRecorder()
	SetSessions(w, live)
	got := SessionSecrets(back(w))
	if len(got) != session.MaxAccounts {
		t.Errorf("%d sessions kept", len(got))
	}
	for _, l := range live[:3] {
		if strings.Contains(strings.Join(got, " "), l.Secret()) {
			t.Error("a session that was used longest ago was kept")
		}
	}
	for _, c := range w.Result().Cookies() {
		if len(c.Value) > maxCookie {
			t.Errorf("%s has %d bytes", c.Name, len(c.Value))
		}
	}
}

// A cookie that we cannot have written is as none.
func TestMalformedCookies(t *testing.T) {
	secret := "1." + strings.Repeat("A", 64)
	for name, header := range map[string]string{
		"none":             "",
		"empty":            "__Host-sekisho=",
		"twice":            "__Host-sekisho=" + secret + "; __Host-sekisho=" + secret,
		"empty entry":      "__Host-sekisho=" + secret + "~",
		"eleven entries":   "__Host-sekisho=" + strings.Repeat(secret+"~", 10) + secret,
		"very many":        "__Host-sekisho=" + strings.Repeat("~", 3999),
		"long entry":       "__Host-sekisho=" + strings.Repeat("A", 129),
		"long":             "__Host-sekisho=" + strings.Repeat(secret+"~", 100),
		"quoted":           `__Host-sekisho="` + secret + `~a,b"`,
		"percent":          "__Host-sekisho=" + secret + "%20",
		"without prefix":   "sekisho=" + secret,
		"another's prefix": "__Secure-sekisho=" + secret,
		"letter case":      "__host-sekisho=" + secret,
	} {
		r := httptest.NewRequest(http.MethodGet, "https://login.example/", nil)
		r.Header.Set("Cookie", header)
		if got := SessionSecrets(r); got != nil {
			t.Errorf("%s: %v", name, got)
		}
		r.Header.Set("Cookie", strings.ReplaceAll(header, "sekisho=", "sekisho-browser="))
		if b, ok := BrowserOf(r); ok {
			t.Errorf("%s: a browser %v", name, b)
		}
		r.Header.Set("Cookie", strings.ReplaceAll(header, "sekisho=", "sekisho-known="))
		if k, err := ReadRemembered(context.Background(), r, box{}); err != nil || len(k.Accounts) != 0 {
			t.Errorf("%s: remembered %v, %v", name, k, err)
		}
	}
}

func TestRemembered(t *testing.T) {
	ctx := context.Background()
	account := func(n int) KnownAccount {
		return KnownAccount{Tenant: hakone, User: directory.ID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n)), Name: "箱根 葵", Address: fmt.Sprintf("aoi%d@hakone.example", n)}
	}
	k := Remembered{NeverAskToStay: true}
	for n := range 12 {
		k.Remember(account(n))
	}
	k.Remember(account(5))
	if len(k.Accounts) != session.MaxAccounts || k.Accounts[0] != account(5) || !k.Knows(hakone, account(11).User) || k.Knows(hakone, account(0).User) || k.Knows(directory.Consumers, account(5).User) {
		t.Errorf("remembered %v", k.Accounts)
	}
	w := httptest.NewRecorder()
	if err := k.Write(ctx, w, box{}); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRemembered(ctx, back(w), box{})
	if err != nil || !cmp.Equal(got, k, cmp.Comparer(func(a, b directory.TenantID) bool { return a == b })) {
		t.Errorf("came back as %v, %v", got, err)
	}
	before := len(got.Accounts)
	copied := got
	got.Forget(hakone, account(5).User)
	if got.Knows(hakone, account(5).User) || len(got.Accounts) != before-1 || !copied.Knows(hakone, account(5).User) {
		t.Errorf("after forgetting: %v", got.Accounts)
	}
	if _, err := ReadRemembered(ctx, back(w), box{directory.ErrUnavailable}); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("a failure of ours: %v", err)
	}
}

// Names as long as they like fit into what a browser keeps.
func TestRememberedLongNames(t *testing.T) {
	var k Remembered
	for n := range session.MaxAccounts {
		k.Accounts = append(k.Accounts, KnownAccount{
			Tenant: hakone, User: directory.ID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n)),
			Name: strings.Repeat("関", 256), Address: strings.Repeat("関", 256) + "@hakone.example",
		})
	}
	plain := k.encode()
	got, ok := decodeKnown(plain)
	if !ok || len(got.Accounts) != session.MaxAccounts || !strings.HasPrefix(k.Accounts[0].Name, got.Accounts[0].Name) {
		t.Errorf("%v of %d bytes: %v", ok, len(plain), got.Accounts)
	}
}

func TestBrowser(t *testing.T) {
	b, err := NewBrowser(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	b.Write(w)
	got, ok := BrowserOf(back(w))
	if !ok || got != b || !bytes.Equal(got.Binding(), b.Binding()) || bytes.Contains(b.Binding(), b[:4]) {
		t.Errorf("came back as %v, %v", got, ok)
	}
	if _, err := NewBrowser(bytes.NewReader(nil)); err == nil {
		t.Error("a browser's name without randomness")
	}
}

func TestSameOrigin(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   bool
	}{
		{"a page of ours", http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {"null"}}, true},
		{"the person alone", http.Header{"Sec-Fetch-Site": {"none"}}, true},
		{"another site", http.Header{"Sec-Fetch-Site": {"cross-site"}}, false},
		{"another site with our origin", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://login.example"}}, false},
		{"a neighbour", http.Header{"Sec-Fetch-Site": {"same-site"}}, false},
		{"letter case", http.Header{"Sec-Fetch-Site": {"Same-Origin"}}, false},
		{"two headers", http.Header{"Sec-Fetch-Site": {"same-origin", "cross-site"}}, false},
		{"empty header", http.Header{"Sec-Fetch-Site": {""}, "Origin": {"https://login.example"}}, false},
		{"old browser, a page of ours", http.Header{"Origin": {"https://login.example"}}, true},
		{"old browser, another site", http.Header{"Origin": {"https://evil.example"}}, false},
		{"old browser, our name with a port", http.Header{"Origin": {"https://login.example:444"}}, false},
		{"old browser, our name over http", http.Header{"Origin": {"http://login.example"}}, false},
		{"old browser, our name as a beginning", http.Header{"Origin": {"https://login.example.evil.example"}}, false},
		{"old browser, nobody's origin", http.Header{"Origin": {"null"}}, false},
		{"two origins", http.Header{"Origin": {"https://login.example", "https://login.example"}}, false},
		{"neither", http.Header{}, false},
	} {
		r := httptest.NewRequest(http.MethodPost, "https://login.example/common/login", nil)
		r.Header = tt.header
		r = r.WithContext(WithRequest(r.Context(), &Request{Hosts: issue.Hosts{Login: "https://login.example"}}))
		if got := SameOrigin(r); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	// Without a shell there is no address to compare with.
	r := httptest.NewRequest(http.MethodPost, "https://login.example/", nil)
	r.Header.Set("Origin", "")
	if SameOrigin(r) {
		t.Error("an empty origin equals an unknown address")
	}
}

func FuzzCookies(f *testing.F) {
	f.Add("__Host-sekisho=1.AAAA~1.BBBB; __Host-sekisho-stay=x")
	f.Add("__Host-sekisho-known=AAAA; __Host-sekisho-browser=AAAAAAAAAAAAAAAAAAAAAA")
	f.Add(`__Host-sekisho="~~~"; __Host-sekisho=`)
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "https://login.example/", nil)
		r.Header.Set("Cookie", header)
		secrets := SessionSecrets(r)
		if len(secrets) > 2*session.MaxAccounts {
			t.Errorf("%d entries", len(secrets))
		}
		for _, s := range secrets {
			if s == "" || len(s) > maxSecret {
				t.Errorf("entry %q", s)
			}
		}
		BrowserOf(r)
		if _, err := ReadRemembered(context.Background(), r, box{}); err != nil {
			t.Error(err)
		}
	})
}

func FuzzRemembered(f *testing.F) {
	k := Remembered{Accounts: []KnownAccount{{Tenant: hakone, User: "00000000-0000-4000-8000-000000000001", Name: "Aoi", Address: "aoi@hakone.example"}}}
	f.Add(k.encode())
	f.Add([]byte{1, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		k, ok := decodeKnown(b)
		if !ok {
			return
		}
		if again := k.encode(); !bytes.Equal(again, b) {
			t.Errorf("%x was read and is written as %x", b, again)
		}
	})
}
