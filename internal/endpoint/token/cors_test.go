package token

import (
	"net/http/httptest"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func TestFromSPA(t *testing.T) {
	app := &directory.Application{
		SPA: directory.RedirectSet{RedirectURIs: []string{"https://App.example/cb", "https://port.example:444/", "https://own.example:443/cb", "http://localhost:3000"}},
		Web: directory.WebApplication{RedirectURIs: []string{"https://web.example/cb"}},
	}
	for origin, want := range map[string]bool{
		"https://app.example": true, "https://port.example:444": true, "https://own.example": true,
		"http://localhost:3000": true, "http://localhost:5173": true, "http://localhost": true,
		"": false, "null": false, "http://app.example": false, "https://app.example:444": false, "https://port.example": false,
		"https://evil.example": false, "https://app.example.evil.example": false, "https://sub.app.example": false,
		"http://127.0.0.1:3000": false, "https://localhost": false, "https://web.example": false, "https://app.example/": false,
	} {
		if got := fromSPA(app, origin); got != want {
			t.Errorf("%q: %v", origin, got)
		}
	}
}

func TestPreflight(t *testing.T) {
	r := httptest.NewRequest("OPTIONS", "/t/oauth2/v2.0/token", nil)
	r.Header.Set("Origin", "https://any.example")
	r.Header.Set("Access-Control-Request-Headers", "x-client-sku, client-request-id")
	w := httptest.NewRecorder()
	preflight(w, r)
	h := w.Header()
	if w.Code != 204 || h.Get("Access-Control-Allow-Origin") != "https://any.example" || h.Get("Access-Control-Allow-Methods") != "POST, OPTIONS" ||
		h.Get("Access-Control-Allow-Headers") != "x-client-sku, client-request-id" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%d %v", w.Code, h)
	}
}
