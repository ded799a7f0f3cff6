package page

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// draw runs a writer on a request as handlers have it.
func draw(t *testing.T, log *bytes.Buffer, write func(p *Pages, w http.ResponseWriter, r *http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	p, err := New(Config{Now: func() time.Time { return time.Unix(0, 0) }, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/common/login", nil)
	r = r.WithContext(web.WithRequest(context.Background(), &web.Request{}))
	w := httptest.NewRecorder()
	write(p, w, r)
	return w
}

// A refusal inside a flow has the status of its error, and its cause is in the log
// once and nowhere else.
func TestRefused(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.7:5432: refused")
	for _, tt := range []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"of the catalogue", aadsts.New(aadsts.NotAssigned, "hana@hakone.example", "Orders").Because(cause), http.StatusForbidden, "AADSTS50105"},
		{"busy", aadsts.New(aadsts.ConsentNotRecorded).Because(cause), http.StatusServiceUnavailable, "AADSTS90090"},
		{"unknown", cause, http.StatusInternalServerError, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			w := draw(t, &log, func(p *Pages, w http.ResponseWriter, r *http.Request) {
				p.WriteRefused(w, r, Refused{Flow: Flow{Action: "/common/login", State: "x"}, Err: tt.err})
			})
			body := w.Body.String()
			if w.Code != tt.status || tt.code == "" && strings.Contains(body, "AADSTS") || !strings.Contains(body, tt.code) {
				t.Errorf("status %d:\n%s", w.Code, body)
			}
			if waits := w.Header().Get("Retry-After") != ""; waits != (tt.status == http.StatusServiceUnavailable) {
				t.Errorf("Retry-After: %v", waits)
			}
			if strings.Contains(body, "10.0.0.7") || strings.Count(log.String(), "10.0.0.7") != 1 {
				t.Errorf("the cause is on the page, or not in the log once: %s", &log)
			}
			if strings.Contains(body, `value="cancel"`) {
				t.Error("offers a way back that is not there")
			}
		})
	}
}

// A key that no sentence has must not leave a person without one.
func TestUnknownKeySaysSomething(t *testing.T) {
	w := draw(t, new(bytes.Buffer), func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskPassword(w, r, AskPassword{Flow: Flow{Action: "/common/login", State: "x"}, Fault: "fault.that.nobody.wrote"})
	})
	if !strings.Contains(w.Body.String(), sentences["fault.other"].en) {
		t.Errorf("no fault:\n%s", w.Body)
	}
}

func TestSourcesOfAPolicy(t *testing.T) {
	for address, want := range map[string]string{
		"https://Orders.Hakone.example/callback?a=b": "https://orders.hakone.example",
		"http://localhost:3000/callback":             "http://localhost:3000",
		"http://[::1]:3000/callback":                 "http:",
		"https://注文.example/":                        "https:",
		"com.hakone.orders://callback":               "com.hakone.orders:",
		"com.hakone.orders:":                         "com.hakone.orders:",
		"https://a.example;script-src":               "https:",
		"https://a.example *":                        "",
		"https://a.example,b.example":                "https:",
		"javascript:alert(1)":                        "",
		"JavaScript:alert(1)":                        "",
		"data:text/html,x":                           "",
		"//a.example/":                               "",
		"":                                           "",
	} {
		if got := source(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

// What could run in the page is never an address to go to.
func TestAddressesOnPages(t *testing.T) {
	w := draw(t, new(bytes.Buffer), func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteSignedOut(w, r, SignedOut{Next: "javascript:alert(1)", Frames: []string{"javascript:alert(1)", "com.hakone.orders:/out", "/relative"}})
	})
	if body := w.Body.String(); strings.Contains(body, "javascript") || strings.Contains(body, "<iframe") || strings.Contains(body, "refresh") {
		t.Errorf("leads on:\n%s", body)
	}
	w = draw(t, new(bytes.Buffer), func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteSignedOut(w, r, SignedOut{Next: "com.hakone.orders://out?state=a'b"})
	})
	if body := w.Body.String(); !strings.Contains(body, `content="0; url=com.hakone.orders://out?state=a&#39;b"`) {
		t.Errorf("does not lead to the native application:\n%s", body)
	}
}
