package page_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
)

const (
	ordersID  = "3f0a7c11-52be-4c1d-9f3e-8d24b6a07e51"
	traceSeed = 0x5e
)

var noon = time.Date(2026, 11, 21, 3, 4, 5, 0, time.UTC)

func newPages(t *testing.T) *page.Pages {
	t.Helper()
	p, err := page.New(page.Config{Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// routes serves the pages as development mode does, and the examples.
func routes(p *page.Pages) http.Handler { return serve(p, examples) }

func serve(p *page.Pages, shown map[string]func(p *page.Pages, w http.ResponseWriter, r *http.Request)) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", p.Home())
	mux.Handle("/error", p.ErrorLookup())
	mux.Handle("/assets/", p.Assets())
	mux.Handle("/dev/components", p.Components())
	for name, show := range shown {
		mux.HandleFunc("/show/"+name, func(w http.ResponseWriter, r *http.Request) { show(p, w, r) })
	}
	return under(mux)
}

// under gives requests what the shell gives them.
func under(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := "https://localhost:8443"
		if r.Host != "example.com" { // a browser looks at them
			base = "http://" + r.Host
		}
		req := &web.Request{CorrelationID: "7d2e0c4b-5a19-4e63-8f70-21c4b9d6a835", Hosts: issue.Hosts{Login: base, STS: base, Graph: base}}
		for i := range req.Trace {
			req.Trace[i] = byte(i*17 + traceSeed)
		}
		h.ServeHTTP(w, r.WithContext(web.WithRequest(r.Context(), req)))
	})
}
