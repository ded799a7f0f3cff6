package authorize_test

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func params(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// Everything up to the redirect URI, in the order of the checks.
func TestChecksBeforeARedirect(t *testing.T) {
	w := newWorld(t)
	of := func(app, redirect string) url.Values {
		return params("client_id", app, "redirect_uri", redirect, "response_type", "code", "scope", "openid", "state", "s")
	}
	native := of(nativeApp, "http://localhost:53124/cb")
	for _, tt := range []struct {
		name, tenant string
		params       url.Values
		status, code int
	}{
		{"tenant by id", hakone.String(), of(webApp, callback), proven, 0},
		{"tenant by id in capitals", strings.ToUpper(hakone.String()), of(webApp, callback), proven, 0},
		{"tenant by domain", "Hakone.Example", of(webApp, callback), proven, 0},
		{"tenant malformed", "hakone", of(webApp, callback), 400, 900023},
		{"tenant empty", "", of(webApp, callback), 400, 900023},
		{"tenant with markup", `"><script>alert(1)</script>`, of(webApp, callback), 400, 900023},
		{"tenant unknown", "nowhere.example", of(webApp, callback), 400, 90002},
		{"tenant unknown by id", "6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab14", of(webApp, callback), 400, 90002},
		{"tenant closed", "closed.example", of(webApp, callback), 400, 90002},
		{"tenant of the installation", directory.Installation.String(), of(webApp, callback), 400, 90002},
		{"tenant comes before the client", "nowhere.example", params(), 400, 90002},

		{"client id missing", hakone.String(), params("redirect_uri", callback), 400, 900144},
		{"client id empty", hakone.String(), params("client_id", "", "redirect_uri", callback), 400, 900144},
		{"client id no GUID", hakone.String(), of("YOUR-CLIENT-ID", callback), 400, 700038},
		{"client id with a space", hakone.String(), of(webApp+" ", callback), 400, 700038},
		{"client id an App ID URI", hakone.String(), of("api://"+webApp, callback), 400, 700038},
		{"client id in capitals", hakone.String(), of(strings.ToUpper(webApp), callback), proven, 0},
		{"client unknown", hakone.String(), of("99999999-9999-4999-8999-999999999999", callback), 400, 700016},
		{"client of another tenant", usui.String(), of(webApp, callback), 400, 700016},
		{"client of another tenant, the other way", hakone.String(), of(foreignApp, callback), 400, 700016},
		{"client of another tenant for any organisation", usui.String(), native, proven, 0},
		{"client unknown behind an alias", "common", of("99999999-9999-4999-8999-999999999999", callback), 400, 700016},
		{"client for personal accounts in an organisation", hakone.String(), of(gameApp, "https://game.example/cb"), 400, 700016},
		{"client for personal accounts on organizations", "organizations", of(gameApp, "https://game.example/cb"), 400, 700016},

		{"application disabled", hakone.String(), of(banApp, callback), 400, 7000112},
		{"application disabled comes before its redirect", hakone.String(), of(banApp, "https://evil.example"), 400, 7000112},
		{"service principal blocked", hakone.String(), of(blockedApp, callback), 400, 7000112},
		{"service principal blocked elsewhere", usui.String(), of(blockedApp, callback), proven, 0},

		{"single-tenant application on common", "common", of(webApp, callback), 400, 50194},
		{"single-tenant application on organizations", "organizations", of(webApp, callback), 400, 50194},
		{"single-tenant application on consumers", "consumers", of(webApp, callback), 400, 9002332},
		{"multi-tenant application on common", "common", native, proven, 0},
		{"multi-tenant application on organizations", "Organizations", native, proven, 0},
		{"multi-tenant application on consumers", "consumers", native, 400, 9002332},
		{"multi-tenant application on the consumers' id", directory.Consumers.String(), native, 400, 9002332},
		{"application for all on common", "common", of(socialApp, "https://diary.example/cb"), proven, 0},
		{"application for all on organizations", "organizations", of(socialApp, "https://diary.example/cb"), proven, 0},
		{"application for all on consumers", "consumers", of(socialApp, "https://diary.example/cb"), proven, 0},
		{"application for all in an organisation", usui.String(), of(socialApp, "https://diary.example/cb"), proven, 0},
		{"application for personal accounts on consumers", "consumers", of(gameApp, "https://game.example/cb"), proven, 0},
		{"application for personal accounts on common", "common", of(gameApp, "https://game.example/cb"), proven, 0},

		{"redirect with its registered query", hakone.String(), of(webApp, "https://orders.hakone.example/other?x=1"), proven, 0},
		{"redirect on loopback with another port", hakone.String(), of(spaApp, "http://localhost:49152"), proven, 0},
		{"redirect of a custom scheme", hakone.String(), of(nativeApp, "msal"+nativeApp+"://auth"), proven, 0},
		{"redirect out of band", hakone.String(), of(nativeApp, "urn:ietf:wg:oauth:2.0:oob"), proven, 0},
		{"redirect not registered", hakone.String(), of(webApp, "https://evil.example/callback"), 400, 50011},
		{"redirect of another application", hakone.String(), of(webApp, "https://diary.example/cb"), 400, 50011},
		{"redirect encoded twice", hakone.String(), of(webApp, url.QueryEscape(callback)), 400, 90102},
		{"redirect relative", hakone.String(), of(webApp, "/callback"), 400, 90102},
		{"redirect relative to the scheme", hakone.String(), of(webApp, "//evil.example/callback"), 400, 90102},
		{"redirect without a scheme", hakone.String(), of(webApp, "evil.example/callback"), 400, 90102},
		{"redirect is script", hakone.String(), of(webApp, "javascript:alert(1)"), 400, 50011},
		{"redirect is script and registered", hakone.String(), of(evilApp, "javascript:alert(1)"), 400, 50011},
		{"redirect is script, registered, and left out", hakone.String(), params("client_id", evilApp), 400, 900971},
		{"redirect left out, one registered", hakone.String(), params("client_id", spaApp), proven, 0},
		{"redirect empty, one registered", hakone.String(), params("client_id", spaApp, "redirect_uri", ""), proven, 0},
		{"redirect left out, two registered", hakone.String(), params("client_id", webApp), 400, 900971},
		{"redirect left out, one is the default", hakone.String(), params("client_id", choiceApp), proven, 0},
		{"no redirect registered", hakone.String(), of(bareApp, callback), 400, 500113},
		{"no redirect registered and none given", hakone.String(), params("client_id", bareApp), 400, 500113},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				wants(t, w.ask(method, tt.tenant, tt.params), tt.status, tt.code)
			}
			wants(t, w.ask(http.MethodGet, tt.tenant, tt.params, "Accept-Language", "ja"), tt.status, tt.code)
		})
	}
}

// Each way in which someone may try to have an answer sent elsewhere.
func TestRedirectTricks(t *testing.T) {
	w := newWorld(t)
	for _, uri := range []string{
		"https://orders.hakone.example@evil.example/callback",
		"https://orders.hakone.example:x@evil.example/callback",
		"https://evil@orders.hakone.example/callback",
		"https://orders.hakone.example@x@evil.example/callback",
		`https://evil.example\@orders.hakone.example/callback`,
		`https://orders.hakone.example\.evil.example/callback`,
		"https://orders.hakone.example.evil.example/callback",
		"https://evil.example/orders.hakone.example/callback",
		"https://evil.example?https://orders.hakone.example/callback",
		"https://evil.example#https://orders.hakone.example/callback",
		"https://orders.hakone.example/callback/../evil",
		"https://orders.hakone.example/..;/callback",
		"https://orders.hakone.example/callback/..;/evil",
		"https://orders.hakone.example/callback%2f..%2fevil",
		"https://orders.hakone.example/callbac",
		"https://orders.hakone.example/callback2",
		"https://orders.hakone.example/callback/",
		"https://orders.hakone.example/callback?next=https://evil.example",
		"https://orders.hakone.example/callback#",
		"https://orders.hakone.example/other?x=2",
		"https://orders.hakone.example/other?x=1&y=2",
		"https://orders.hakone.example/other",
		"https://ORDERS.hakone.example/callback",
		"https://orders.hakone.example/Callback",
		"https://orders.hakone.example:443/callback",
		"https://orders.hakone.example./callback",
		"HTTPS://orders.hakone.example/callback",
		"http://orders.hakone.example/callback",
		" https://orders.hakone.example/callback",
		"https://orders.hakone.example/callback ",
		"https://orders.hakone.example/callback\r\nLocation: https://evil.example",
		"https://orders.hakone.example/callback\t",
		"https://orders。hakone.example/callback",
		"data:text/html,<script>alert(1)</script>",
		"javascript://orders.hakone.example/callback%0aalert(1)",
		"view-source:https://orders.hakone.example/callback",
		"https:orders.hakone.example/callback",
		"https:/orders.hakone.example/callback",
		"https:///orders.hakone.example/callback",
	} {
		t.Run(uri, func(t *testing.T) {
			rec := w.ask(http.MethodGet, hakone.String(), params("client_id", webApp, "redirect_uri", uri, "prompt", "none", "response_type", "code"))
			code := 50011
			if strings.HasPrefix(uri, " ") {
				code = 90102
			}
			wants(t, rec, http.StatusBadRequest, code)
		})
	}
	for _, uri := range []string{
		"http://localhost@evil.example/cb", "http://localhost:80@evil.example/cb", "http://localhost.evil.example/cb",
		`http://localhost:80\@evil.example/cb`, "http://127.0.0.1/cb", "http://[::1]/cb", "https://localhost/cb",
		"http://localhost:/cb", "http://localhost:99999/cb", "http://localhost/cb?x", "http://localhost/CB", "MSAL" + nativeApp + "://auth",
	} {
		t.Run(uri, func(t *testing.T) {
			wants(t, w.ask(http.MethodGet, hakone.String(), params("client_id", nativeApp, "redirect_uri", uri)), http.StatusBadRequest, 50011)
		})
	}
}

// The form of the request comes before everything else.
func TestRequestShape(t *testing.T) {
	w := newWorld(t)
	ok := params("client_id", webApp, "redirect_uri", callback)
	const path = "/t/oauth2/v2.0/authorize"
	post := func(body, contentType string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		return r
	}
	const form = "application/x-www-form-urlencoded"
	gzip := post(ok.Encode(), form)
	gzip.Header.Set("Content-Encoding", "gzip")
	for _, tt := range []struct {
		name         string
		r            *http.Request
		status, code int
	}{
		{"posted with a charset", post(ok.Encode(), form+"; charset=UTF-8"), proven, 0},
		{"posted JSON", post(`{"client_id":"`+webApp+`"}`, "application/json"), 400, 90004},
		{"posted multipart", post("", "multipart/form-data; boundary=x"), 400, 90004},
		{"posted without a type", post(ok.Encode(), ""), 400, 90004},
		{"posted compressed", gzip, 400, 90004},
		{"posted too much", post(ok.Encode()+"&state="+strings.Repeat("x", 33<<10), form), 400, 90004},
		{"posted a long parameter", post(ok.Encode()+"&state="+strings.Repeat("x", 8<<10+1), form), 400, 90004},
		{"posted twice the same", post(ok.Encode()+"&state=1&state=2", form), 400, 9000411},
		{"parameters in the query of a POST are not read", httptest.NewRequest(http.MethodPost, path+"?"+ok.Encode(), nil), 400, 90004},
		{"same parameter twice", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+"&client_id="+webApp, nil), 400, 9000411},
		{"unknown parameter twice", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+"&x=1&x=2", nil), 400, 9000411},
		{"unknown parameter", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+"&x=1", nil), proven, 0},
		{"bad escape", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+"&x=%zz", nil), 400, 90004},
		{"not UTF-8", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+"&x=%ff", nil), 400, 90004},
		{"zero byte", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+"&x=%00", nil), 400, 90004},
		{"too many parameters", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+many(200), nil), 400, 90004},
		{"state of 8 KiB", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+"&state="+strings.Repeat("x", 8<<10), nil), proven, 0},
		{"state longer than that", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+"&state="+strings.Repeat("x", 8<<10+1), nil), 414, 90015},
		{"id_token_hint of 16 KiB", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+"&id_token_hint="+strings.Repeat("x", 16<<10), nil), proven, 0},
		{"id_token_hint longer than that", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+"&id_token_hint="+strings.Repeat("x", 16<<10+1), nil), 414, 90015},
		{"query too long", httptest.NewRequest(http.MethodGet, path+"?"+ok.Encode()+strings.Repeat("&", 32<<10), nil), 414, 90015},
	} {
		t.Run(tt.name, func(t *testing.T) { wants(t, w.send(tt.r, hakone.String()), tt.status, tt.code) })
	}
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, "BREW"} {
		rec := w.send(httptest.NewRequest(method, path+"?"+ok.Encode(), nil), hakone.String())
		wants(t, rec, http.StatusMethodNotAllowed, 900561)
		if got := rec.Header().Get("Allow"); got != "GET, POST" {
			t.Errorf("%s: Allow %q", method, got)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&p%d=1", i)
	}
	return b.String()
}

// What strangers send is shown as text or not at all.
func TestNothingIsReflectedUnescaped(t *testing.T) {
	w := newWorld(t)
	markup := regexp.MustCompile(`(?is)<(script|img|svg/|iframe|b>|x )|</title>.*</title>|<[^>]* on[a-z]+=|="\s*javascript:`)
	answered := regexp.MustCompile(`^[?#]([a-z_]+=[0-9A-Za-z%._~-]*&?)+#?$`)
	for _, attack := range []string{
		`<script>alert(1)</script>`,
		`"><script>alert(1)</script>`,
		`'><img src=x onerror=alert(1)>`,
		`</textarea><x onfocus=alert(1) autofocus>`,
		`</title><script>alert(1)</script>`,
		`" onmouseover="alert(1)`,
		`javascript:alert(1)`,
		`{{.}}<b>`,
		`<svg/onload=alert(1)>`,
		`<!--><script>alert(1)</script>`,
		"\u2028<script>\u2029",
		`＜script＞`,
		`%3Cscript%3E`,
	} {
		for _, tt := range []struct {
			where, tenant string
			params        url.Values
		}{
			{"tenant", attack, params("client_id", webApp)},
			{"client_id", hakone.String(), params("client_id", attack)},
			{"redirect_uri", hakone.String(), params("client_id", webApp, "redirect_uri", attack)},
			{"absolute redirect_uri", hakone.String(), params("client_id", webApp, "redirect_uri", "x:"+attack)},
			{"state", hakone.String(), params("client_id", webApp, "redirect_uri", callback, "state", attack)},
			{"state of a fragment", hakone.String(), params("client_id", webApp, "redirect_uri", callback, "state", attack, "response_mode", "fragment")},
			{"response_type", hakone.String(), params("client_id", webApp, "redirect_uri", callback, "response_type", attack, "scope", "openid")},
			{"response_mode", hakone.String(), params("client_id", webApp, "redirect_uri", callback, "response_type", "code", "response_mode", attack)},
			{"scope", hakone.String(), params("client_id", webApp, "redirect_uri", callback, "response_type", "code", "scope", attack)},
			{"domain_hint", hakone.String(), params("client_id", webApp, "redirect_uri", callback, "response_type", "code", "scope", "openid", "domain_hint", attack)},
			{"a parameter's name", hakone.String(), params("client_id", webApp, attack, "1", attack, "2")},
			{"ui_locales", hakone.String(), params("client_id", webApp, "ui_locales", attack)},
			{"client-request-id", hakone.String(), params("client_id", webApp, "client-request-id", attack)},
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				rec := w.ask(method, tt.tenant, tt.params)
				if m := markup.FindString(rec.Body.String()); m != "" {
					t.Errorf("%s in %s by %s: %q got into the page", attack, tt.where, method, m)
				}
				for name, values := range rec.Header() {
					if name == "Location" {
						// What is told to the application is told in a query or fragment.
						if to, ok := strings.CutPrefix(values[0], callback); !ok || !answered.MatchString(to) {
							t.Errorf("%s in %s: redirected to %s", attack, tt.where, values[0])
						}
						continue
					}
					if strings.Contains(strings.Join(values, ""), "alert") {
						t.Errorf("%s in %s: it got into the header %s", attack, tt.where, name)
					}
				}
			}
		}
	}
	rec := w.ask(http.MethodGet, hakone.String(), params("client_id", spaApp, "redirect_uri", "https://evil.example"))
	if body := rec.Body.String(); !strings.Contains(body, "<bdi>Stock &lt;b&gt;&#34;now&#34;&lt;/b&gt;</bdi>") {
		t.Errorf("the application's name is not shown as data:\n%s", body)
	}
}

// The pages name the application once it is known to belong to the tenant, and
// lead nowhere that an application or a stranger chose.
func TestWhatIsShownOfTheApplication(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name, tenant string
		params       url.Values
		has, hasNot  string
	}{
		{"the tenant's own name for it", "hakone.example", params("client_id", webApp), "<bdi>Orders of Hakone</bdi>", ""},
		{"its own name", "hakone.example", params("client_id", bareApp), "<bdi>Daemon</bdi>", ""},
		{"not that of another tenant", "usui.example", params("client_id", webApp), "Application ID: " + webApp, "Orders"},
		{"no way to its home page", "hakone.example", params("client_id", webApp, "redirect_uri", "https://evil.example/"), "<bdi>Orders of Hakone</bdi>", `href="https:`},
		{"no way to a home page that is no link", "hakone.example", params("client_id", nativeApp, "redirect_uri", "https://evil.example/"), "<bdi>Field</bdi>", "javascript"},
		{"no way to what was refused", "hakone.example", params("client_id", webApp, "redirect_uri", "https://evil.example/"), "https://evil.example/", `href="https:`},
		{"no page at all once the address is proven", "hakone.example", params("client_id", webApp, "redirect_uri", callback), "", "<"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := html.UnescapeString(w.ask(http.MethodGet, tt.tenant, tt.params).Body.String())
			if !strings.Contains(body, tt.has) || tt.hasNot != "" && strings.Contains(body, tt.hasNot) {
				t.Errorf("wants %q and not %q:\n%s", tt.has, tt.hasNot, body)
			}
		})
	}
}

func TestLanguageAndCorrelationOfAPostedForm(t *testing.T) {
	w := newWorld(t)
	const id = "0f1c2d3e-4a5b-4c6d-8e7f-0a1b2c3d4e5f"
	rec := w.ask(http.MethodPost, "hakone.example", params("client_id", webApp, "ui_locales", "ja", "client-request-id", strings.ToUpper(id)))
	wants(t, rec, http.StatusBadRequest, 900971)
	if body := rec.Body.String(); rec.Header().Get("Content-Language") != "ja" || !strings.Contains(body, id) {
		t.Errorf("not in Japanese, or without the caller's id:\n%s", body)
	}
}

func TestDirectoryGone(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		err    error
		status int
		code   string
	}{
		{fmt.Errorf("%w: disk I/O error on /var/lib/db", directory.ErrUnavailable), http.StatusServiceUnavailable, "AADSTS90033"},
		{errors.New("nil map of /var/lib/db"), http.StatusInternalServerError, ""},
	} {
		w.err = tt.err
		for _, tenant := range []string{"hakone.example", "common"} {
			rec := w.ask(http.MethodGet, tenant, params("client_id", webApp))
			body := rec.Body.String()
			if rec.Code != tt.status || !strings.Contains(body, tt.code) || tt.code == "" && strings.Contains(body, "AADSTS") || strings.Contains(body, "/var/lib") {
				t.Errorf("%v on %s: status %d\n%s", tt.err, tenant, rec.Code, body)
			}
		}
	}
	if !strings.Contains(w.log.String(), "/var/lib/db") {
		t.Error("the cause is not in the log")
	}
}
