package oauth2_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

func TestMatchRedirect(t *testing.T) {
	const cb = "https://app.example/cb"
	for _, tt := range []struct {
		name                  string
		registered, requested string
		want                  bool
	}{
		{"the same", cb, cb, true},
		{"the same with a registered query", cb + "?tenant=a", cb + "?tenant=a", true},
		{"the same with a custom scheme", "msal9c5b2e40://auth", "msal9c5b2e40://auth", true},
		{"out of band", oauth2.OutOfBand, oauth2.OutOfBand, true},
		{"the same, with a path beyond ASCII", "https://app.example/戻る", "https://app.example/戻る", true},

		{"nothing registered", "", "", false},
		{"nothing requested", cb, "", false},
		{"scheme differs", cb, "http://app.example/cb", false},
		{"scheme in capitals", cb, "HTTPS://app.example/cb", false},
		{"host in capitals", cb, "https://APP.example/cb", false},
		{"path in capitals", cb, "https://app.example/CB", false},
		{"prefix of the path", cb, "https://app.example/c", false},
		{"suffix added to the path", cb, cb + "x", false},
		{"segment added", cb, cb + "/x", false},
		{"slash added", cb, cb + "/", false},
		{"slash taken away", cb + "/", cb, false},
		{"slash added to a bare host", "https://app.example", "https://app.example/", false},
		{"default port written out", cb, "https://app.example:443/cb", false},
		{"another port", cb, "https://app.example:444/cb", false},
		{"suffix added to the host", cb, "https://app.example.evil.example/cb", false},
		{"prefix added to the host", cb, "https://evil-app.example/cb", false},
		{"dot after the host", cb, "https://app.example./cb", false},
		{"user information", cb, "https://app.example@evil.example/cb", false},
		{"user information before the host", cb, "https://evil@app.example/cb", false},
		{"several @", cb, "https://app.example@app.example@evil.example/cb", false},
		{"password with the host in it", cb, "https://x:app.example@evil.example/cb", false},
		{"backslash for a slash", cb, `https:\\app.example\cb`, false},
		{"backslash before @", cb, `https://evil.example\@app.example/cb`, false},
		{"dot segments", cb, "https://app.example/x/../cb", false},
		{"dot segments after a semicolon", cb, "https://app.example/x/..;/cb", false},
		{"dot segments behind", cb, cb + "/../evil", false},
		{"encoded dot segments", cb, cb + "/%2e%2e/evil", false},
		{"encoded slash", cb, "https://app.example%2fcb", false},
		{"encoded letter", cb, "https://app.example/%63b", false},
		{"encoded twice", cb, "https%3A%2F%2Fapp.example%2Fcb", false},
		{"encoding in another letter case", "https://app.example/%C3%A9", "https://app.example/%c3%a9", false},
		{"query added", cb, cb + "?x=y", false},
		{"empty query added", cb, cb + "?", false},
		{"query taken away", cb + "?a=b", cb, false},
		{"query extended", cb + "?a=b", cb + "?a=b&c=d", false},
		{"fragment added", cb, cb + "#x", false},
		{"empty fragment added", cb, cb + "#", false},
		{"space before", cb, " " + cb, false},
		{"space behind", cb, cb + " ", false},
		{"line break behind", cb, cb + "\r\nX: y", false},
		{"tab inside", cb, "https://app.exa\tmple/cb", false},
		{"zero byte behind", cb, cb + "\x00", false},
		{"full-width letters", cb, "https://ａpp.example/cb", false},
		{"ideographic full stop", cb, "https://app。example/cb", false},
		{"relative to the scheme", cb, "//app.example/cb", false},
		{"wildcard is no pattern", "https://*.app.example/cb", "https://a.app.example/cb", false},
		{"script", cb, "javascript:alert(1)//https://app.example/cb", false},

		{"localhost, port where none is registered", "http://localhost/cb", "http://localhost:53124/cb", true},
		{"localhost, another port", "http://localhost:3000/cb", "http://localhost:53124/cb", true},
		{"localhost, port left out", "http://localhost:3000/cb", "http://localhost/cb", true},
		{"localhost by https", "https://localhost:7001/signin-oidc", "https://localhost:7099/signin-oidc", true},
		{"localhost without a path", "http://localhost", "http://localhost:65535", true},
		{"localhost with the registered query", "http://localhost/cb?a=b", "http://localhost:81/cb?a=b", true},
		{"localhost with a query and no path", "http://localhost?a=b", "http://localhost:81?a=b", true},
		{"127.0.0.1", "http://127.0.0.1/cb", "http://127.0.0.1:8080/cb", true},

		{"localhost is not 127.0.0.1", "http://localhost/cb", "http://127.0.0.1/cb", false},
		{"127.0.0.1 is not localhost", "http://127.0.0.1:1/cb", "http://localhost:1/cb", false},
		{"another loopback address", "http://127.0.0.1/cb", "http://127.0.0.2/cb", false},
		{"short loopback address", "http://127.0.0.1/cb", "http://127.1/cb", false},
		{"IPv6", "http://localhost/cb", "http://[::1]/cb", false},
		{"IPv6 ports count", "http://[::1]/cb", "http://[::1]:80/cb", false},
		{"localhost, scheme differs", "https://localhost/cb", "http://localhost:80/cb", false},
		{"localhost, path differs", "http://localhost/cb", "http://localhost:80/other", false},
		{"localhost, slash added", "http://localhost", "http://localhost:80/", false},
		{"localhost, query added", "http://localhost/cb", "http://localhost:80/cb?x=y", false},
		{"localhost, fragment added", "http://localhost/cb", "http://localhost:80/cb#x", false},
		{"localhost, host in capitals", "http://localhost/cb", "http://LOCALHOST:80/cb", false},
		{"localhost, scheme in capitals", "http://localhost/cb", "HTTP://localhost:80/cb", false},
		{"localhost as user information", "http://localhost", "http://localhost@evil.example", false},
		{"localhost and port as user information", "http://localhost", "http://localhost:80@evil.example", false},
		{"localhost and empty port as user information", "http://localhost/cb", "http://localhost:@evil.example/cb", false},
		{"user information before localhost", "http://localhost/cb", "http://evil@localhost/cb", false},
		{"localhost as a prefix", "http://localhost", "http://localhost.evil.example", false},
		{"127.0.0.1 as a prefix", "http://127.0.0.1", "http://127.0.0.1.evil.example", false},
		{"127.0.0.1 with a digit more", "http://127.0.0.1", "http://127.0.0.10", false},
		{"subdomain of localhost", "http://localhost/cb", "http://x.localhost/cb", false},
		{"localhost with a dot", "http://localhost/cb", "http://localhost./cb", false},
		{"localhost and a backslash", "http://localhost/cb", `http://localhost\@evil.example/cb`, false},
		{"localhost, port and a backslash", "http://localhost/cb", `http://localhost:80\@evil.example/cb`, false},
		{"localhost, port and an encoded slash", "http://localhost/cb", "http://localhost:80%2fcb", false},
		{"localhost, empty port", "http://localhost/cb", "http://localhost:/cb", false},
		{"localhost, port zero", "http://localhost/cb", "http://localhost:0/cb", false},
		{"localhost, port too large", "http://localhost/cb", "http://localhost:65536/cb", false},
		{"localhost, port of six digits", "http://localhost/cb", "http://localhost:100000/cb", false},
		{"localhost, leading zero", "http://localhost/cb", "http://localhost:080/cb", false},
		{"localhost, sign", "http://localhost/cb", "http://localhost:+80/cb", false},
		{"localhost, letters for a port", "http://localhost/cb", "http://localhost:http/cb", false},
		{"localhost, digits beyond ASCII", "http://localhost/cb", "http://localhost:８０/cb", false},
		{"localhost, dot segments", "http://localhost/cb", "http://localhost:80/x/../cb", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := oauth2.MatchRedirect(tt.registered, tt.requested); got != tt.want {
				t.Errorf("MatchRedirect(%q, %q) = %v", tt.registered, tt.requested, got)
			}
		})
	}
}

func TestRedirectSchemeAllowed(t *testing.T) {
	for uri, want := range map[string]bool{
		"https://app.example/cb":              true,
		"https://app.example/戻る":              true,
		"http://localhost":                    true,
		"http://localhost:3000/cb":            true,
		"http://127.0.0.1/cb":                 true,
		"msal9c5b2e40://auth":                 true,
		"com.acme.app://auth":                 true,
		oauth2.OutOfBand:                      true,
		"":                                    false,
		"app.example/cb":                      false,
		"//app.example/cb":                    false,
		"/cb":                                 false,
		"http://app.example/cb":               false,
		"HTTP://app.example/cb":               false,
		"http://localhost.evil.example":       false,
		"http://localhost@evil.example":       false,
		"javascript:alert(1)":                 false,
		"JavaScript:alert(1)":                 false,
		"javascript://app.example/%0aalert()": false,
		" javascript:alert(1)":                false,
		"java\tscript:alert(1)":               false,
		"java\nscript:alert(1)":               false,
		"\x01javascript:alert(1)":             false,
		"data:text/html,<script>":             false,
		"DATA:text/html;base64,PHNjcmlwdD4=":  false,
		"vbscript:msgbox":                     false,
		"file:///etc/passwd":                  false,
		"blob:https://app.example/1":          false,
		"filesystem:https://app.example/":     false,
		"view-source:https://app.example":     false,
		"about:blank":                         false,
		"mailto:a@app.example":                false,
		"urn:other":                           false,
		"ftp://app.example":                   false,
		"1https://app.example":                false,
		"ｈttps://app.example":                 false,
		"https://app.example/cb\r\nX: y":      false,
		"https://app.example/cb x":            false,
		"https://app.example\\cb":             false,
		"https://app.example/\u202ecb":        false,
		"https://app.example/\"><script>":     false,
		"https://app.example/\xff":            false,
	} {
		if got := oauth2.RedirectSchemeAllowed(uri); got != want {
			t.Errorf("RedirectSchemeAllowed(%q) = %v", uri, got)
		}
	}
}

func TestLinkAllowed(t *testing.T) {
	for uri, want := range map[string]bool{
		"https://app.example":           true,
		"https://app.example/home?x#y":  true,
		"http://app.example/":           true,
		"HTTPS://app.example/":          true,
		"":                              false,
		"https:":                        false,
		"https://":                      false,
		"https:///path":                 false,
		"https:app.example":             false,
		"//app.example":                 false,
		"javascript:alert(1)":           false,
		"data:text/html,x":              false,
		"msal1://auth":                  false,
		"https://app.example@evil.test": false,
		"https://app.example/\t":        false,
		"https:\\\\app.example":         false,
	} {
		if got := oauth2.LinkAllowed(uri); got != want {
			t.Errorf("LinkAllowed(%q) = %v", uri, got)
		}
	}
}

func TestAbsoluteURI(t *testing.T) {
	for uri, want := range map[string]bool{
		"https://app.example/cb": true,
		"urn:x":                  true,
		"a+b-c.1:x":              true,
		"":                       false,
		"https:":                 false,
		":x":                     false,
		"/cb":                    false,
		"//app.example/cb":       false,
		"app.example/cb":         false,
		"app.example:443/cb":     true, // the scheme "app.example"
		"1a:x":                   false,
		"<script>:x":             false,
		" https://app.example":   false,
	} {
		if got := oauth2.AbsoluteURI(uri); got != want {
			t.Errorf("AbsoluteURI(%q) = %v", uri, got)
		}
	}
}

func TestFormTooLong(t *testing.T) {
	f, err := oauth2.ParseForm("b=" + strings.Repeat("x", 9) + "&a=" + strings.Repeat("x", 9) + "&c=xx")
	if err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int]string{1: "a", 8: "a", 9: ""} {
		if got := f.TooLong(func(string) int { return limit }); got != want {
			t.Errorf("TooLong at %d = %q, want %q", limit, got, want)
		}
	}
}

// What matches must lead a browser or net/url to the same place: scheme, host,
// path and query, and the port too unless the host is a loopback one.
func FuzzMatchRedirect(f *testing.F) {
	for _, s := range [][2]string{
		{"https://app.example/cb", "https://app.example/cb"},
		{"https://app.example/cb", "https://app.example@evil.example/cb"},
		{"http://localhost/cb", "http://localhost:8080/cb"},
		{"http://localhost", "http://localhost:80@evil.example"},
		{"http://localhost/cb?a=b", "http://localhost:1/cb?a=b"},
		{"http://127.0.0.1", "http://127.0.0.1:65535"},
		{"http://localhost/cb", `http://localhost:80\@evil.example/cb`},
		{"https://localhost", "https://localhost.evil.example"},
		{"msal1://auth", "msal1://auth"},
		{"javascript:alert(1)", "javascript:alert(1)"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, registered, requested string) {
		if !oauth2.MatchRedirect(registered, requested) {
			if registered == requested && registered != "" {
				t.Fatalf("%q does not match itself", registered)
			}
			return
		}
		if !oauth2.MatchRedirect(requested, registered) {
			t.Fatalf("%q matches %q but not the other way", registered, requested)
		}
		if registered == requested {
			return
		}
		a, errA := url.Parse(registered)
		b, errB := url.Parse(requested)
		if (errA == nil) != (errB == nil) {
			t.Fatalf("%q and %q match, but only one is a URL: %v, %v", registered, requested, errA, errB)
		}
		if errA != nil {
			return // both hold the same unreadable path
		}
		if host := a.Hostname(); host != "localhost" && host != "127.0.0.1" {
			t.Fatalf("%q and %q match though they differ and are not loopback", registered, requested)
		}
		if a.Scheme != b.Scheme || a.Hostname() != b.Hostname() || a.EscapedPath() != b.EscapedPath() ||
			a.RawQuery != b.RawQuery || a.ForceQuery != b.ForceQuery || a.Fragment != b.Fragment || a.User != nil || b.User != nil {
			t.Fatalf("%q and %q match but are different places", registered, requested)
		}
		if oauth2.RedirectSchemeAllowed(registered) != oauth2.RedirectSchemeAllowed(requested) {
			t.Fatalf("%q and %q match, but only one may be followed", registered, requested)
		}
	})
}

func TestRedirectKey(t *testing.T) {
	for uri, want := range map[string]string{
		"http://localhost:3000/cb?a=b":     "http://localhost/cb?a=b",
		"https://127.0.0.1:443":            "https://127.0.0.1",
		"http://localhost/cb":              "http://localhost/cb",
		"http://localhost:0/cb":            "http://localhost:0/cb",
		"http://localhost:80@evil.example": "http://localhost:80@evil.example",
		"https://app.example:8443/cb":      "https://app.example:8443/cb",
		"msal1://localhost:80/cb":          "msal1://localhost:80/cb",
		"":                                 "",
	} {
		if got := oauth2.RedirectKey(uri); got != want {
			t.Errorf("RedirectKey(%q) = %q, want %q", uri, got, want)
		}
	}
}
