package orders_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sekisho-id/sekisho/samples/api/orders"
)

func TestCORS(t *testing.T) {
	const page = "https://orders.example"
	api := newAPI(t)
	api.Handler = orders.CORS([]string{page}, api.Handler)
	for _, tt := range []struct {
		name, method, origin, asks string
		status                     int
		allowed                    string
	}{
		{"preflight of the page", "OPTIONS", page, "POST", 204, page},
		{"preflight of another page", "OPTIONS", "https://attacker.example", "POST", 405, ""},
		{"no preflight", "OPTIONS", page, "", 405, page},
		{"page is told why it is refused", "GET", page, "", 401, page},
		{"another page is told nothing", "GET", "https://attacker.example", "", 401, ""},
		{"almost the page", "GET", page + ".attacker.example", "", 401, ""},
		{"opaque origin", "GET", "null", "", 401, ""},
		{"no page", "GET", "", "", 401, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/orders", http.NoBody)
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			if tt.asks != "" {
				r.Header.Set("Access-Control-Request-Method", tt.asks)
			}
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			h := w.Header()
			if w.Code != tt.status || h.Get("Access-Control-Allow-Origin") != tt.allowed {
				t.Errorf("status %d, allowed origin %q; want %d, %q", w.Code, h.Get("Access-Control-Allow-Origin"), tt.status, tt.allowed)
			}
			if h.Get("Vary") != "Origin" {
				t.Error("a cache could give one origin's answer to another")
			}
			if h.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("cookies are allowed")
			}
		})
	}
}
