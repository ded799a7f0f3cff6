package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/samples/internal/provider"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func TestReturnsToThisApplicationOnly(t *testing.T) {
	for in, want := range map[string]string{
		"/orders": "/orders", "/orders?item=sencha&quantity=2": "/orders?item=sencha&quantity=2", "": "/", "orders": "/",
		"https://attacker.example/": "/", "//attacker.example/": "/", `/\attacker.example/`: "/", `\\attacker.example`: "/",
		"javascript:alert(1)": "/", "/%zz": "/",
	} {
		if got := local(in); got != want {
			t.Errorf("local(%q) is %q, want %q", in, got, want)
		}
	}
}

const (
	tenant   = "6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13"
	clientID = "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"
	issuer   = "https://platform.example/" + tenant + "/v2.0"
)

// The claims of raw are {"nonce":"n","sid":"s","login_hint":"h"}.
const raw = "e30.eyJub25jZSI6Im4iLCJzaWQiOiJzIiwibG9naW5faGludCI6ImgifQ.c2ln"

func TestChecksTheIDToken(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	a := &app{config: config{clientID: clientID}, provider: provider.Provider{Issuer: "https://platform.example/{tenantid}/v2.0"}, now: func() time.Time { return now }}
	for _, tt := range []struct {
		name   string
		change func(r *confidential.AuthResult, t *attempt)
		iss    string
		want   string
	}{
		{"good", nil, "", ""},
		{"good, and says who answers", nil, issuer, ""},
		{"another sign-in", func(_ *confidential.AuthResult, t *attempt) { t.Nonce = "other" }, "", "nonce"},
		{"another application", func(r *confidential.AuthResult, _ *attempt) { r.IDToken.Audience = tenant }, "", "another application"},
		{"another platform", func(r *confidential.AuthResult, _ *attempt) {
			r.IDToken.Issuer = "https://attacker.example/" + tenant + "/v2.0"
		}, "", "not from"},
		{"another tenant's issuer", func(r *confidential.AuthResult, _ *attempt) { r.IDToken.TenantID = clientID }, "", "not from"},
		{"another platform answers", nil, "https://attacker.example", "the answer says"},
		{"nobody", func(r *confidential.AuthResult, _ *attempt) { r.IDToken.Oid = "" }, "", "who it is of"},
		{"none", func(r *confidential.AuthResult, _ *attempt) { r.IDToken.RawToken = "" }, "", "no ID token"},
		{"long ago", func(r *confidential.AuthResult, _ *attempt) {
			r.IDToken.ExpirationTime = now.Add(-6 * time.Minute).Unix()
		}, "", "expired"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r confidential.AuthResult
			r.IDToken.RawToken, r.IDToken.Oid, r.IDToken.TenantID = raw, "o", tenant
			r.IDToken.Audience, r.IDToken.Issuer, r.IDToken.ExpirationTime = clientID, issuer, now.Add(time.Hour).Unix()
			begun := attempt{Nonce: "n"}
			if tt.change != nil {
				tt.change(&r, &begun)
			}
			err := a.check(r, begun, tt.iss)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the check says %v, want %q", err, tt.want)
			}
		})
	}
}

func TestClaimsThatMSALKeeps(t *testing.T) {
	if diff := cmp.Diff(moreClaims{"n", "s", "h"}, claimsOf(raw)); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{"", "a.b", "a.!.c", "a.e30.c.d"} {
		if got := claimsOf(text); got != (moreClaims{}) {
			t.Errorf("claims of %q are %v", text, got)
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	var list sessions
	add := func(sid string) string {
		t.Helper()
		key, err := list.add(&session{sid: sid, person: person{TenantID: tenant}, ends: now.Add(lifetime)}, now)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	one, two, three := add("s1"), add("s2"), add("")
	issuerOf := func(tenantID string) string { return "https://platform.example/" + tenantID + "/v2.0" }
	list.removeSID(issuerOf, "https://attacker.example", "s1")
	list.removeSID(issuerOf, issuer, "")
	if list.find(one, now) == nil || list.find(three, now) == nil {
		t.Error("a session ended that nobody named")
	}
	list.removeSID(issuerOf, issuer, "s1")
	if list.find(one, now) != nil || list.find(two, now) == nil {
		t.Error("the wrong session ended")
	}
	if list.find(two, now.Add(lifetime+time.Second)) != nil {
		t.Error("a session lives longer than it may")
	}
	if list.find("", now) != nil {
		t.Error("a session without a key")
	}
}

func TestSessionsAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	var list sessions
	for range maxSessions {
		if _, err := list.add(&session{ends: now.Add(time.Hour)}, now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := list.add(&session{}, now); !errors.Is(err, errFull) {
		t.Errorf("one session too many: %v", err)
	}
	if _, err := list.add(&session{}, now.Add(2*time.Hour)); err != nil {
		t.Errorf("after the others ended: %v", err)
	}
}

// A platform that asks and still gives no token must not send a browser in circles.
func TestAsksOnce(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	s := &session{}
	if !s.mayAsk("a", now) || !s.mayAsk("b", now) || s.mayAsk("a", now.Add(time.Second)) {
		t.Error("not once for each scope")
	}
	s.answered()
	if !s.mayAsk("a", now.Add(2*time.Second)) || !s.mayAsk("a", now.Add(time.Minute)) {
		t.Error("not again when the person refused, or later")
	}
}

func TestCookies(t *testing.T) {
	for secure, name := range map[bool]string{true: "__Host-session", false: "session"} {
		w := httptest.NewRecorder()
		cookies{secure}.set(w, sessionCookie, "key", time.Hour)
		c := w.Result().Cookies()[0]
		if c.Name != name || c.Secure != secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.MaxAge != 3600 {
			t.Errorf("the cookie is %v", c)
		}
	}
}

func TestForgetsWhatWasNeverFinished(t *testing.T) {
	a := &app{cookies: cookies{secure: true}}
	for begun, want := range map[int]int{0: 0, maxAttempts - 1: 0, maxAttempts: maxAttempts} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/signin", http.NoBody)
		r.AddCookie(&http.Cookie{Name: "__Host-session", Value: "key"})
		for i := range begun {
			r.AddCookie(&http.Cookie{Name: "__Host-" + attemptCookie(string(rune('A'+i))+"BCDEFGHIJK"), Value: "v"})
		}
		a.forgetAttempts(w, r)
		gone := w.Result().Cookies()
		if len(gone) != want {
			t.Errorf("of %d attempts %d are forgotten, want %d", begun, len(gone), want)
		}
		for _, c := range gone {
			if c.MaxAge >= 0 || !strings.HasPrefix(c.Name, "__Host-signin-") || len(c.Name) != len("__Host-signin-ABCDEFGH") {
				t.Errorf("forgotten is %v", c)
			}
		}
	}
}

func TestSettings(t *testing.T) {
	err := run(t.Context(), setting.Map{"API_URL": "http://orders.example"}.Lookup, io.Discard, slog.New(slog.DiscardHandler))
	for _, want := range []string{
		"AUTHORITY is not set", "CLIENT_ID is not set", "API is not set", "API_URL is \"http://orders.example\"",
		"CLIENT_CERTIFICATE_FILE, CLIENT_SECRET_FILE or CLIENT_SECRET must be set",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}
