package authorize_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/signin"
)

// registered are the addresses that answers may go to, of all applications of the
// tests, with what may follow.
var registered = regexp.MustCompile(`^(https://orders\.hakone\.example/callback(/2)?|https://orders\.hakone\.example/other\?x=1|` +
	`https?://localhost(:[0-9]{1,5})?/(cb)?|msal` + nativeApp + `://auth|urn:ietf:wg:oauth:2\.0:oob|https://diary\.example/cb|` +
	`https://game\.example/cb|https://shop\.example/(cb)?(\?a=b)?)([?#&](code|error)=|$)`)

// Whatever the parameters are, nothing panics or breaks, and an answer goes to a
// registered address or nowhere.
func FuzzAuthorize(f *testing.F) {
	for _, p := range places() {
		for _, more := range [][]string{
			nil, {"response_mode", "fragment"}, {"response_mode", "form_post", "prompt", "none"}, {"request", "x"}, {"claims", `{"id_token":{"sub":{"value":"x"}}}`},
			{"login_hint", "O.AAAA", "max_age", "0", "client_info", "1"}, {"redirect_uri", "http://localhost:1@evil.example/cb"},
			{"redirect_uri", "-"}, {"domain_hint", "usui.example", "id_token_hint", "e30.e30.x"},
		} {
			f.Add(p.tenant, p.request(more...).Encode(), p.version == 1, len(more) > 2)
		}
	}
	f.Add("hakone.example", "client_id="+evilApp+"&redirect_uri=javascript:alert(1)&response_type=code", false, false)
	f.Add("hakone.example", "client_id="+spaApp+"&redirect_uri=http://localhost&response_type=code;x&&=&%", false, true)
	w := newWorld(f)
	w.tokens = map[string]signin.Account{"e30.e30.x": {Tenant: usui, User: webApp}}
	f.Fuzz(func(t *testing.T, tenant, text string, v1, finishes bool) {
		w.log.Reset()
		if w.version, w.result = 2, nil; v1 {
			w.version = 1
		}
		if finishes {
			w.result = hana()
		}
		get := httptest.NewRequest(http.MethodGet, "/t/oauth2/v2.0/authorize", nil)
		get.URL.RawQuery = text
		post := httptest.NewRequest(http.MethodPost, "/t/oauth2/v2.0/authorize", strings.NewReader(text))
		post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, r := range []*http.Request{get, post} {
			rec := w.send(r, tenant)
			location := rec.Header().Get("Location")
			if m := postForm.FindStringSubmatch(rec.Body.String()); m != nil {
				location = html.UnescapeString(m[1])
				if location == "http://localhost:3000" { // a form's address stays as it is
					location += "/"
				}
			}
			switch {
			case location != "" && !registered.MatchString(location) && !registered.MatchString(location+"/"):
				t.Errorf("%q is answered at %q", text, location)
			case location == "" && (rec.Code == http.StatusOK || rec.Code == http.StatusFound):
				t.Errorf("%q: status %d without an address", text, rec.Code)
			case rec.Code >= 500:
				t.Errorf("%q: status %d", text, rec.Code)
			}
			if rec.Code == http.StatusNoContent {
				if _, err := w.Load(t.Context(), w.tx); err != nil {
					t.Errorf("%q is not proven again: %v", text, err)
				}
			}
		}
	})
}
