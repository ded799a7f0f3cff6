package page_test

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

func get(t *testing.T, h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return do(h, httptest.NewRequest(http.MethodGet, target, nil), header...)
}

func do(h http.Handler, r *http.Request, header ...string) *httptest.ResponseRecorder {
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// examples are error pages under /show/.
var examples = map[string]func(p *page.Pages, w http.ResponseWriter, r *http.Request){
	"redirect": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.RedirectNotRegistered, "https://orders.hakone.example/callback", ordersID), page.Details{Application: "Orders", ClientID: ordersID})
	},
	"tenant": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.TenantNotFound, "hakonne.example"), page.Details{})
	},
	"busy": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.DirectoryUnavailable), page.Details{})
	},
}

// holdsAlways checks what is true of every page, whatever it says.
func holdsAlways(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	h := w.Header()
	for name, want := range map[string]string{
		"Content-Type":           "text/html; charset=utf-8",
		"X-Frame-Options":        "DENY",
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "no-referrer",
		"Cache-Control":          "no-store, no-cache",
		"X-Ms-Request-Id":        "5e6f8091-a2b3-c4d5-e6f7-08192a3b4c5d",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"Location", "Refresh", "Set-Cookie"} {
		if got := h.Get(name); got != "" {
			t.Errorf("%s is set: %q", name, got)
		}
	}
	body := w.Body.String()
	if n := fmt.Sprint(len(body)); h.Get("Content-Length") != n {
		t.Errorf("Content-Length %s for %s bytes", h.Get("Content-Length"), n)
	}
	isInert(t, h.Get("Content-Security-Policy"), body)
	if strings.Contains(body, "ZgotmplZ") {
		t.Error("the template refused a value")
	}
	if !strings.HasPrefix(body, "<!DOCTYPE html>") || !strings.Contains(body, "</html>") {
		t.Errorf("not a whole page:\n%s", body)
	}
}

// mainOf is the page without its footer, which names the other language.
func mainOf(body string) string {
	main, _, _ := strings.Cut(body, "<footer")
	return main
}

func TestErrorPage(t *testing.T) {
	h := routes(newPages(t))
	w := get(t, h, "/show/redirect")
	if w.Code != http.StatusBadRequest {
		t.Errorf("status %d", w.Code)
	}
	body := html.UnescapeString(w.Body.String())
	for _, want := range []string{
		"Error code: AADSTS50011\n",
		"Message: Redirect URI 'https://orders.hakone.example/callback' does not match one configured for application '" + ordersID + "'.\n",
		"Application: Orders\n",
		"Application ID: " + ordersID + "\n",
		"Trace ID: 5e6f8091-a2b3-c4d5-e6f7-08192a3b4c5d\n",
		"Correlation ID: 7d2e0c4b-5a19-4e63-8f70-21c4b9d6a835\n",
		"Time: 2026-11-21 03:04:05Z</textarea>",
		"On the way to <bdi>Orders</bdi>",
		`<a href="/error?code=50011">`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if w := get(t, h, "/show/busy"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("busy: status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
}

// An error that is not of the catalogue shows nothing of itself; the log has it
// once, under the trace id.
func TestUnknownErrorStaysInTheLog(t *testing.T) {
	var log bytes.Buffer
	p, err := page.New(page.Config{Now: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("dial tcp 10.0.0.7:5432: password authentication failed for user sekisho")
	for name, tt := range map[string]struct {
		err    error
		status int
		code   bool
	}{
		"unknown":     {fmt.Errorf("finding the application: %w", cause), http.StatusInternalServerError, false},
		"unavailable": {fmt.Errorf("%w: %w", directory.ErrUnavailable, cause), http.StatusServiceUnavailable, true},
		"known":       {aadsts.New(aadsts.ApplicationNotFound, ordersID, "hakone.example").Because(cause), http.StatusBadRequest, true},
	} {
		t.Run(name, func(t *testing.T) {
			log.Reset()
			show := map[string]func(p *page.Pages, w http.ResponseWriter, r *http.Request){
				"only": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
					p.WriteError(w, r, tt.err, page.Details{})
				},
			}
			w := get(t, serve(p, show), "/show/only")
			holdsAlways(t, w)
			body := w.Body.String()
			if w.Code != tt.status || strings.Contains(body, "AADSTS") != tt.code {
				t.Errorf("status %d:\n%s", w.Code, body)
			}
			if strings.Contains(body, "10.0.0.7") || strings.Contains(body, "password") {
				t.Error("the cause is shown")
			}
			if !strings.Contains(body, "5e6f8091-a2b3-c4d5-e6f7-08192a3b4c5d") {
				t.Error("the trace id is missing")
			}
			if n := strings.Count(log.String(), "password authentication failed"); n != 1 {
				t.Errorf("the cause is logged %d times:\n%s", n, &log)
			}
			if !strings.Contains(log.String(), "5e6f8091-a2b3-c4d5-e6f7-08192a3b4c5d") {
				t.Errorf("the log lacks the trace id: %s", &log)
			}
		})
	}
}

// A value must not pass for a line of its own.
func TestFactsKeepToTheirLines(t *testing.T) {
	show := map[string]func(p *page.Pages, w http.ResponseWriter, r *http.Request){
		"only": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
			p.WriteError(w, r, aadsts.New(aadsts.InvalidClientID, "x\r\nTrace ID: 0"), page.Details{
				Application: "Orders\nTrace ID: 1\u2028Trace ID: 2\u202e", ClientID: ordersID})
		},
	}
	body := get(t, serve(newPages(t), show), "/show/only").Body.String()
	facts := body[strings.Index(body, "<textarea"):]
	if n := strings.Count(facts, "\nTrace ID: "); n != 1 || strings.ContainsAny(facts, "\u2028\u202e") {
		t.Errorf("%d lines with a trace id:\n%q", n, facts)
	}
}

func TestChoosingALanguage(t *testing.T) {
	h := routes(newPages(t))
	for _, tt := range []struct{ name, query, accept, want string }{
		{"nothing asked", "", "", "en"},
		{"browser", "", "ja", "ja"},
		{"browser with region", "", "ja-JP,ja;q=0.9,en;q=0.8", "ja"},
		{"browser prefers English", "", "en-GB,en;q=0.9,ja;q=0.8", "en"},
		{"browser wants others first", "", "fr-FR,fr;q=0.9,ja;q=0.8,en;q=0.7", "ja"},
		{"browser knows neither", "", "fr", "en"},
		{"browser knows Korean", "", "ko-KR", "en"},
		{"browser knows Chinese", "", "zh-TW,zh", "en"},
		{"browser sends nonsense", "", "%%%;q=x", "en"},
		{"browser sends too much", "", strings.Repeat("ja,", 400), "en"},
		{"ui_locales beats the browser", "ui_locales=ja", "en", "ja"},
		{"ui_locales in order", "ui_locales=fr+ja+en", "en", "ja"},
		{"ui_locales with region", "ui_locales=ja-JP-u-ca-japanese", "en", "ja"},
		{"ui_locales unknown", "ui_locales=fr", "ja", "ja"},
		{"ui_locales nonsense", "ui_locales=%3Cscript%3E", "ja", "ja"},
		{"ui_locales too long", "ui_locales=" + strings.Repeat("ja+", 200), "en", "en"},
		{"mkt", "mkt=ja-JP", "en", "ja"},
		{"ui_locales beats mkt", "ui_locales=en&mkt=ja-JP", "ja", "en"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := get(t, h, "/?"+tt.query, "Accept-Language", tt.accept)
			if got := w.Header().Get("Content-Language"); got != tt.want {
				t.Errorf("language %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSwitchingTheLanguage(t *testing.T) {
	h := routes(newPages(t))
	for _, tt := range []struct{ name, target, want string }{
		{"plain", "/", `<a href="?ui_locales=ja" lang="ja" hreflang="ja">日本語</a>`},
		{"back", "/?ui_locales=ja", `<a href="?ui_locales=en" lang="en" hreflang="en">English</a>`},
		{"keeps the question", "/error?code=50011&mkt=ja-JP", `<a href="?code=50011&amp;ui_locales=en" lang="en"`},
		{"named twice", "/show/tenant?ui_locales=en&ui_locales=en&a=1&a=2", `<a href="?a=1&amp;a=2&amp;ui_locales=ja"`},
		{"hostile", "/show/tenant?x=%22%3E%3Cscript%3E&%22%3E%3Cb%3E=1", `<a href="?%22%3E%3Cb%3E=1&amp;ui_locales=ja&amp;x=%22%3E%3Cscript%3E"`},
		{"our links keep it", "/?ui_locales=en", `<a href="/error?ui_locales=en">`},
		{"our forms keep it", "/error?ui_locales=ja", `<input type="hidden" name="ui_locales" value="ja">`},
		{"the error's link keeps it", "/show/redirect?ui_locales=ja", `<a href="/error?code=50011&amp;ui_locales=ja">`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := get(t, h, tt.target)
			holdsAlways(t, w)
			if !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("the page lacks %s:\n%s", tt.want, w.Body)
			}
		})
	}
	for name, r := range map[string]*http.Request{
		"posted form":      httptest.NewRequest(http.MethodPost, "/show/tenant", strings.NewReader("a=b")),
		"unreadable query": httptest.NewRequest(http.MethodGet, "/show/tenant?a;b", nil),
		"long query":       httptest.NewRequest(http.MethodGet, "/show/tenant?a="+strings.Repeat("x", 5000), nil),
	} {
		if w := do(h, r); strings.Contains(w.Body.String(), "hreflang") {
			t.Errorf("%s: a link cannot repeat that", name)
		}
	}
}

func TestErrorLookup(t *testing.T) {
	h := routes(newPages(t))
	for _, tt := range []struct {
		name, query string
		status      int
		want        []string
	}{
		{"nothing asked", "", 200, []string{"Look up an error code"}},
		{"empty", "?code=", 200, []string{"Look up an error code"}},
		{"number", "?code=7000215", 200, []string{"<h1>AADSTS7000215</h1>", "Invalid client secret", "invalid_client", "<code>401</code>"}},
		{"with prefix", "?code=AADSTS50011", 200, []string{"<h1>AADSTS50011</h1>", "Redirect URI &#39;{uri}&#39; does not match"}},
		{"prefix in small letters", "?code=+aadsts50011+", 200, []string{"<h1>AADSTS50011</h1>"}},
		{"in Japanese", "?code=50011&ui_locales=ja", 200, []string{"<h1>AADSTS50011</h1>", "リダイレクト URI"}},
		{"unknown number", "?code=12345", 404, []string{`role="alert"`, `value="12345"`, "autofocus"}},
		{"zero", "?code=0", 404, []string{`role="alert"`}},
		{"negative", "?code=-1", 400, []string{`role="alert"`}},
		{"words", "?code=abc", 400, []string{`role="alert"`, `value="abc"`, `aria-invalid="true"`}},
		{"prefix alone", "?code=AADSTS", 400, []string{`role="alert"`}},
		{"full-width digits", "?code=５００１１", 400, []string{`role="alert"`}},
		{"too many digits", "?code=50011000000", 400, []string{`role="alert"`}},
		{"hostile", "?code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", 400, []string{`value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"`}},
		{"twice", "?code=1&code=2", 400, []string{"AADSTS9000411"}},
		{"not UTF-8", "?code=%ff", 400, []string{"AADSTS90004"}},
		{"too long", "?code=" + strings.Repeat("1", 40<<10), 414, []string{"AADSTS90015"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := get(t, h, "/error"+tt.query)
			holdsAlways(t, w)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			for _, want := range tt.want {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("the page lacks %s:\n%s", want, w.Body)
				}
			}
		})
	}
	for _, row := range aadsts.Catalogue() {
		if w := get(t, h, fmt.Sprintf("/error?code=%d", row.Number())); w.Code != http.StatusOK {
			t.Errorf("%v: status %d", row, w.Code)
		}
	}
}

func TestHome(t *testing.T) {
	body := get(t, routes(newPages(t)), "/").Body.String()
	for _, want := range []string{`href="https://localhost:8443/common/v2.0/.well-known/openid-configuration"`, "https://localhost:8443/v1.0", "sekisho token", `href="/error"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestOtherMethodsAndPaths(t *testing.T) {
	p := newPages(t)
	pages := map[string]http.Handler{"/": p.Home(), "/error": p.ErrorLookup(), "/Error": p.ErrorLookup()}
	for path, h := range pages {
		h = under(h)
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
			w := do(h, httptest.NewRequest(method, path, nil))
			holdsAlways(t, w)
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" || !strings.Contains(w.Body.String(), "AADSTS900561") {
				t.Errorf("%s %s: status %d, Allow %q", method, path, w.Code, w.Header().Get("Allow"))
			}
		}
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if w := do(h, httptest.NewRequest(method, path, nil)); w.Code != http.StatusOK {
				t.Errorf("%s %s: status %d", method, path, w.Code)
			}
		}
	}
	for _, path := range []string{"/error/", "/error/x", "/error/../x"} {
		w := get(t, under(p.ErrorLookup()), path)
		holdsAlways(t, w)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "AADSTS90004") {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

var assetURL = regexp.MustCompile(`/assets/[a-z]+-[0-9a-f]{16}\.[a-z]+`)

func TestAssets(t *testing.T) {
	h := routes(newPages(t))
	found := assetURL.FindAllString(get(t, h, "/").Body.String(), -1)
	if len(found) != 2 {
		t.Fatalf("the page names %q", found)
	}
	css := get(t, h, found[0])
	found = append(found, assetURL.FindAllString(css.Body.String(), -1)...)
	if len(found) != 3 {
		t.Fatalf("page and style sheet name %q", found)
	}
	if strings.Contains(css.Body.String(), "http") {
		t.Error("the style sheet refers to another host")
	}
	for _, url := range found {
		w := get(t, h, url)
		if w.Code != http.StatusOK || w.Body.Len() == 0 || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: status %d, %v", url, w.Code, w.Header())
		}
		if ct := w.Header().Get("Content-Type"); ct != "image/svg+xml" && ct != "text/css; charset=utf-8" {
			t.Errorf("%s: %s", url, ct)
		}
	}
	for _, url := range []string{"/assets/", "/assets/app.css", "/assets/app-0000000000000000.css", "/assets/../page.go", "/assets/..%2fpage.go", "/assets//app.css"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = url
		w := do(newPages(t).Assets(), r)
		if w.Code != http.StatusNotFound || strings.Contains(w.Header().Get("Cache-Control"), "max-age") {
			t.Errorf("%s: status %d", url, w.Code)
		}
	}
	if w := do(newPages(t).Assets(), httptest.NewRequest(http.MethodPost, found[0], nil)); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", w.Code)
	}
}
