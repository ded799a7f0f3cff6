package page_test

import (
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

const (
	ordersID  = "3f0a7c11-52be-4c1d-9f3e-8d24b6a07e51"
	longName  = "Hakone Machi Ordering, Inventory and Reconciliation Workbench for Regional Distributors (Pre-Production, Second Attempt) 箱根町受発注在庫管理照合業務支援システム地域販売店用検証環境"
	unbroken  = "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"
	hostile   = `"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}` + "\u202e" + `javascript:alert(1)//'`
	longURI   = "https://orders.hakone.example/a/very/long/path/that/somebody/registered/without/thinking/about/small/screens/signin-oidc?tenant=hakone&environment=preproduction"
	traceSeed = 0x5e
)

var noon = time.Date(2026, 11, 21, 3, 4, 5, 0, time.UTC)

// examples are states of the pages that are worth looking at.
var examples = map[string]func(p *page.Pages, w http.ResponseWriter, r *http.Request){
	"redirect": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.RedirectNotRegistered, "https://orders.hakone.example/callback", ordersID), page.Details{Application: "Orders", ClientID: ordersID})
	},
	"long": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.RedirectNotRegistered, longURI, ordersID), page.Details{Application: longName, ClientID: ordersID})
	},
	"hostile": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.RedirectNotRegistered, hostile, hostile), page.Details{Application: unbroken + hostile, ClientID: hostile})
	},
	"tenant": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.TenantNotFound, "hakonne.example"), page.Details{})
	},
	"busy": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.DirectoryUnavailable), page.Details{})
	},
	"unknown": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, errors.New("the cause, which nobody sees"), page.Details{})
	},
	"notyet": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteNotYet(w, r, page.NotYet{Application: "Orders", Home: "https://orders.hakone.example/"})
	},
	"notyet-long": func(p *page.Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteNotYet(w, r, page.NotYet{Application: longName + unbroken})
	},
}

func newPages(t *testing.T) *page.Pages {
	t.Helper()
	p, err := page.New(page.Config{Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// routes serves the pages as the server does, and the examples under /show/.
func routes(p *page.Pages) http.Handler { return serve(p, examples) }

func serve(p *page.Pages, shown map[string]func(p *page.Pages, w http.ResponseWriter, r *http.Request)) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", p.Home())
	mux.Handle("/error", p.ErrorLookup())
	mux.Handle("/assets/", p.Assets())
	for name, show := range shown {
		mux.HandleFunc("/show/"+name, func(w http.ResponseWriter, r *http.Request) { show(p, w, r) })
	}
	return under(mux)
}

// under gives requests what the shell gives them.
func under(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const base = "https://localhost:8443"
		req := &web.Request{CorrelationID: "7d2e0c4b-5a19-4e63-8f70-21c4b9d6a835", Hosts: issue.Hosts{Login: base, STS: base, Graph: base}}
		for i := range req.Trace {
			req.Trace[i] = byte(i*17 + traceSeed)
		}
		h.ServeHTTP(w, r.WithContext(web.WithRequest(r.Context(), req)))
	})
}
