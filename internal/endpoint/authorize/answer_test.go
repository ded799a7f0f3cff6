package authorize_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// answer is what an application got, and how.
type answer struct {
	mode, to string
	fields   url.Values
}

var (
	postForm  = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
	postField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// answerOf reads an answer in any of the modes, and checks what every answer has.
func answerOf(t *testing.T, rec *httptest.ResponseRecorder) answer {
	t.Helper()
	h := rec.Header()
	if !strings.HasPrefix(h.Get("Cache-Control"), "no-store") || h.Get("X-Ms-Request-Id") == "" {
		t.Errorf("an answer may be kept, or has no id: %v", h)
	}
	if rec.Code == http.StatusOK {
		body := rec.Body.String()
		m := postForm.FindStringSubmatch(body)
		if m == nil || h.Get("Location") != "" {
			t.Fatalf("neither a redirect nor a form:\n%s", body)
		}
		a := answer{"form_post", html.UnescapeString(m[1]), url.Values{}}
		for _, f := range postField.FindAllStringSubmatch(body, -1) {
			a.fields.Add(f[1], html.UnescapeString(f[2]))
		}
		return a
	}
	location := h.Get("Location")
	if rec.Code != http.StatusFound || location == "" {
		t.Fatalf("status %d: the application got no answer:\n%s", rec.Code, rec.Body)
	}
	if rec.Body.Len() != 0 || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Frame-Options") != "" || h.Get("Content-Security-Policy") != "" {
		// MSAL follows the redirect of a silent request inside a frame.
		t.Errorf("a redirect with a body, a referrer or a ban on frames: %v", h)
	}
	a := answer{mode: "fragment"}
	var text string
	if before, found := strings.CutSuffix(location, "#"); found {
		a.mode = "query"
		at := strings.LastIndexAny(before, "?&")
		for at > 0 && !strings.HasPrefix(before[at+1:], "code=") && !strings.HasPrefix(before[at+1:], "error=") {
			at = strings.LastIndexAny(before[:at], "?&")
		}
		a.to, text = before[:at], before[at+1:]
	} else {
		a.to, text, _ = strings.Cut(location, "#")
	}
	if strings.ContainsAny(text, "+#") {
		t.Errorf("%q is decoded differently by different decoders", text)
	}
	fields, err := url.ParseQuery(text)
	if err != nil {
		t.Fatal(err)
	}
	a.fields = fields
	return a
}

var layout = regexp.MustCompile(`^AADSTS(\d+): ([^\r\n]+)\r\nTrace ID: ([0-9a-f-]{36})\r\nCorrelation ID: ` + correlation + `\r\nTimestamp: 2026-11-21 03:04:05Z$`)

// wantsError checks a refusal to the letter.
func (a answer) wantsError(t *testing.T, code aadsts.Code, name, state, iss string) {
	t.Helper()
	m := layout.FindStringSubmatch(a.fields.Get("error_description"))
	if m == nil || m[1] != fmt.Sprint(code.Number()) {
		t.Errorf("description %q", a.fields.Get("error_description"))
		return
	}
	want := url.Values{
		"error": {name}, "error_description": {m[0]}, "error_uri": {fmt.Sprintf("%s/error?code=%d", hosts.Login, code.Number())},
	}
	for name, value := range map[string]string{"state": state, "iss": iss, "suberror": code.SubError()} {
		if value != "" {
			want.Set(name, value)
		}
	}
	if d := cmp.Diff(want, a.fields); d != "" {
		t.Errorf("the refusal (-want +got):\n%s", d)
	}
}

// A place is one form of the endpoint, with an application that may use it.
type place struct {
	name, tenant string
	version      int
	app, uri     string
	iss          string
}

func places() []place {
	v2, v1 := hosts.V2Issuer(hakone), hosts.V1Issuer(hakone)
	return []place{
		{"v2", hakone.String(), 2, webApp, callback, v2},
		{"v2 by domain", "Hakone.example", 2, webApp, callback, v2},
		{"v1", hakone.String(), 1, webApp, callback, v1},
		{"v2 with a query", hakone.String(), 2, webApp, "https://orders.hakone.example/other?x=1", v2},
		{"common", "common", 2, multiApp, shop, ""},
		{"organizations", "organizations", 2, multiApp, shop, ""},
		{"consumers", "consumers", 2, gameApp, "https://game.example/cb", ""},
		{"v1 common", "common", 1, multiApp, shop, ""},
	}
}

const state = "st&te=\"<é>+ %25#"

func (p place) request(changes ...string) url.Values {
	v := params("client_id", p.app, "redirect_uri", p.uri, "response_type", "code", "scope", "openid", "state", state)
	for i := 0; i+1 < len(changes); i += 2 {
		if v.Set(changes[i], changes[i+1]); changes[i+1] == "-" {
			v.Del(changes[i])
		}
	}
	return v
}

// Every refusal after the redirect URI was proven goes there, in the mode that was
// asked for.
func TestRefusalsThatTheApplicationHears(t *testing.T) {
	w := newWorld(t)
	deep := strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17)
	const s256 = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for _, tt := range []struct {
		name    string
		code    aadsts.Code
		error   string // where it is not the code's own
		v2      bool   // of version 2 alone
		changes []string
	}{
		{"no response type", aadsts.MissingParameter, "", false, []string{"response_type", "-"}},
		{"response type empty", aadsts.MissingParameter, "", false, []string{"response_type", ""}},
		{"response type unknown", aadsts.UnknownResponseType, "", false, []string{"response_type", "magic"}},
		{"response type none", aadsts.UnknownResponseType, "", false, []string{"response_type", "none"}},
		{"response type in capitals", aadsts.UnknownResponseType, "", false, []string{"response_type", "CODE"}},
		{"response type with one unknown", aadsts.UnknownResponseType, "", false, []string{"response_type", "code magic"}},

		{"request object", aadsts.UnsupportedValue, "request_not_supported", false, []string{"request", "e30.e30."}},
		{"request by reference", aadsts.UnsupportedValue, "request_uri_not_supported", false, []string{"request_uri", "https://app.example/r"}},
		{"registration", aadsts.UnsupportedValue, "registration_not_supported", false, []string{"registration", "{}"}},

		{"resource on v2", aadsts.ResourceOnV2, "", true, []string{"resource", "https://graph.microsoft.com"}},
		{"no scope", aadsts.MissingParameter, "", true, []string{"scope", "-"}},
		{"scope of spaces", aadsts.MissingParameter, "", true, []string{"scope", "  "}},
		{"scope malformed", aadsts.InvalidScope, "", false, []string{"scope", "openid \"x\""}},
		{"scope beyond ASCII", aadsts.InvalidScope, "", false, []string{"scope", "openid é"}},
		{"scope of a resource without a value", aadsts.InvalidScope, "", false, []string{"scope", "https://graph.microsoft.com/"}},
		{"scope .default beside others", aadsts.InvalidScope, "", false, []string{"scope", "https://graph.microsoft.com/.default User.Read"}},

		{"method without a challenge", aadsts.ChallengeInvalid, "", false, []string{"code_challenge_method", "S256"}},
		{"challenge too short", aadsts.ChallengeSize, "", false, []string{"code_challenge", s256[1:], "code_challenge_method", "S256"}},
		{"challenge too long", aadsts.ChallengeSize, "", false, []string{"code_challenge", strings.Repeat("x", 129)}},
		{"challenge malformed", aadsts.ChallengeInvalid, "", false, []string{"code_challenge", s256[1:] + "=", "code_challenge_method", "S256"}},
		{"challenge method unknown", aadsts.ChallengeMethod, "", false, []string{"code_challenge", s256, "code_challenge_method", "s256"}},

		{"prompt unknown", aadsts.UnsupportedValue, "", false, []string{"prompt", "please"}},
		{"prompt none beside another", aadsts.UnsupportedValue, "", false, []string{"prompt", "login none"}},
		{"prompt in capitals", aadsts.UnsupportedValue, "", false, []string{"prompt", "Login"}},
		{"prompt of v1", aadsts.UnsupportedValue, "", true, []string{"prompt", "admin_consent"}},

		{"max_age negative", aadsts.EmptyParameter, "", false, []string{"max_age", "-1"}},
		{"max_age negative nothing", aadsts.EmptyParameter, "", false, []string{"max_age", "-0"}},
		{"max_age with a sign", aadsts.EmptyParameter, "", false, []string{"max_age", "+1"}},
		{"max_age with a space", aadsts.EmptyParameter, "", false, []string{"max_age", " 1"}},
		{"max_age with a fraction", aadsts.EmptyParameter, "", false, []string{"max_age", "1.5"}},
		{"max_age hexadecimal", aadsts.EmptyParameter, "", false, []string{"max_age", "0x10"}},
		{"max_age beyond numbers", aadsts.EmptyParameter, "", false, []string{"max_age", "9223372036854775808"}},

		{"claims cut off", aadsts.MalformedJSON, "", false, []string{"claims", `{"id_token":`}},
		{"claims no object", aadsts.MalformedJSON, "", false, []string{"claims", `["id_token"]`}},
		{"claims with a name twice", aadsts.MalformedJSON, "", false, []string{"claims", `{"id_token":{},"id_token":{}}`}},
		{"claims too deep", aadsts.MalformedJSON, "", false, []string{"claims", deep}},

		{"select_account with sid", aadsts.ExclusiveParameters, "", false, []string{"prompt", "select_account", "sid", correlation}},
		{"sid no GUID", aadsts.InvalidSessionID, "", false, []string{"sid", "1"}},
		{"domain_hint unknown", aadsts.DomainUnknown, "", false, []string{"domain_hint", "nowhere.example"}},
		{"domain_hint malformed", aadsts.DomainUnknown, "", false, []string{"domain_hint", "nowhere"}},
		{"domain_hint closed", aadsts.DomainUnknown, "", false, []string{"domain_hint", "closed.example"}},
		{"domain_hint of the installation", aadsts.DomainUnknown, "", false, []string{"domain_hint", directory.Installation.String()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := tt.error
			if name == "" {
				name = tt.code.OAuth()
			}
			for _, p := range places() {
				if tt.v2 && p.version == 1 {
					continue
				}
				for _, mode := range []string{"", "query", "fragment", "form_post"} {
					for _, method := range []string{http.MethodGet, http.MethodPost} {
						w.version, w.begun, w.refused = p.version, nil, nil
						a := answerOf(t, w.ask(method, p.tenant, p.request(append(tt.changes, "response_mode", orNone(mode))...)))
						if want := (answer{mode: cmpOr(mode, "query"), to: p.uri}); a.mode != want.mode || a.to != want.to {
							t.Errorf("%s, mode %q: answered by %s to %s", p.name, mode, a.mode, a.to)
						}
						a.wantsError(t, tt.code, name, state, p.iss)
						if w.begun != nil || !slices.Equal(w.refused, []int{tt.code.Number()}) {
							t.Errorf("%s, mode %q: a sign-in began, or counted as %v", p.name, mode, w.refused)
						}
					}
				}
			}
		})
	}
}

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func cmpOr(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Where a response mode cannot be had, the refusal takes the default of the type;
// what asks for tokens never gets an answer in the query.
func TestModesOfARefusal(t *testing.T) {
	w := newWorld(t)
	off, on := places()[0], places()[4]
	for _, tt := range []struct {
		place          place
		responseType   string
		mode, answered string
		code           aadsts.Code
	}{
		{off, "code", "pigeon", "query", aadsts.ResponseModeRefused},
		{off, "code", "QUERY", "query", aadsts.ResponseModeRefused},
		{off, "code", "query.jwt", "query", aadsts.ResponseModeRefused},
		{off, "magic", "pigeon", "query", aadsts.UnknownResponseType},
		{off, "", "pigeon", "query", aadsts.MissingParameter},
		{off, "token", "", "fragment", aadsts.TokenNotEnabled},
		{off, "token", "query", "fragment", aadsts.TokenNotEnabled},
		{off, "token", "form_post", "form_post", aadsts.TokenNotEnabled},
		{off, "code token", "query", "fragment", aadsts.TokenNotEnabled},
		{off, "id_token", "", "fragment", aadsts.IDTokenNotEnabled},
		{off, "id_token", "query", "fragment", aadsts.IDTokenNotEnabled},
		{off, "id_token code", "form_post", "form_post", aadsts.IDTokenNotEnabled},
		{off, "id_token token", "pigeon", "fragment", aadsts.TokenNotEnabled},
		{on, "token", "query", "fragment", aadsts.UnknownResponseType},
		{on, "code id_token", "form_post", "form_post", aadsts.UnknownResponseType},
	} {
		w.version = tt.place.version
		a := answerOf(t, w.ask(http.MethodGet, tt.place.tenant, tt.place.request("response_type", tt.responseType, "response_mode", orNone(tt.mode))))
		if a.mode != tt.answered || a.to != tt.place.uri {
			t.Errorf("%q in mode %q: answered by %s to %s", tt.responseType, tt.mode, a.mode, a.to)
		}
		a.wantsError(t, tt.code, tt.code.OAuth(), state, tt.place.iss)
	}
}

// Public clients prove that the code is theirs, by S256.
func TestChallengeByPlatform(t *testing.T) {
	w := newWorld(t)
	const s256 = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	uris := map[string]string{webApp: callback, spaApp: "http://localhost:3000", nativeApp: "http://localhost:1234/cb"}
	for _, tt := range []struct {
		app, challenge, method string
		code                   aadsts.Code
	}{
		{app: webApp},
		{webApp, s256, "S256", aadsts.Code{}},
		{webApp, s256, "plain", aadsts.Code{}},
		{webApp, s256, "-", aadsts.Code{}},
		{spaApp, "-", "-", aadsts.ChallengeRequired},
		{spaApp, s256, "S256", aadsts.Code{}},
		{spaApp, s256, "plain", aadsts.ChallengeMethod},
		{spaApp, s256, "-", aadsts.ChallengeMethod},
		{spaApp, "-", "S256", aadsts.ChallengeInvalid},
		{nativeApp, "-", "-", aadsts.ChallengeInvalid},
		{nativeApp, "", "", aadsts.ChallengeInvalid},
		{nativeApp, s256, "S256", aadsts.Code{}},
		{nativeApp, s256, "-", aadsts.ChallengeMethod},
	} {
		p := place{tenant: "hakone.example", app: tt.app, uri: uris[tt.app]}
		rec := w.ask(http.MethodGet, p.tenant, p.request("code_challenge", orNone(tt.challenge), "code_challenge_method", orNone(tt.method)))
		if tt.code == (aadsts.Code{}) {
			if rec.Code != http.StatusNoContent {
				t.Errorf("%+v: status %d", tt, rec.Code)
			}
			continue
		}
		answerOf(t, rec).wantsError(t, tt.code, tt.code.OAuth(), state, hosts.V2Issuer(hakone))
	}
}

// hana is somebody who signed in at home.
func hana() *signin.Result {
	return &signin.Result{Subject: authorization.Subject{
		Tenant: hakone, User: "00000000-0000-4000-8000-00000000000a", HomeTenant: usui, HomeUser: "00000000-0000-4000-8000-00000000000b",
		Session: "00000000-0000-4000-8000-00000000000c", AuthTime: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC), Methods: []string{"pwd"},
	}}
}

// Where the code goes, for every kind of address, to the letter.
func TestAnswersOfASignIn(t *testing.T) {
	w := newWorld(t)
	w.result = hana()
	const fields = "code=the.code&state=s%20t&session_state=00000000-0000-4000-8000-00000000000c"
	iss := "&iss=" + url.QueryEscape(hosts.V2Issuer(hakone))
	msal := "msal" + nativeApp + "://auth"
	for _, tt := range []struct {
		tenant, app, uri string
		location         string // without answer
		separator        string // of a query
		target, iss      string
	}{
		{"hakone.example", webApp, callback, callback, "?", "https://orders.hakone.example", iss},
		{"hakone.example", webApp, "https://orders.hakone.example/other?x=1", "https://orders.hakone.example/other?x=1", "&", "https://orders.hakone.example", iss},
		{"common", multiApp, "https://shop.example", "https://shop.example/", "?", "https://shop.example", ""},
		{"common", multiApp, "https://shop.example?a=b", "https://shop.example/?a=b", "&", "https://shop.example", ""},
		{"hakone.example", spaApp, "http://localhost:3000", "http://localhost:3000/", "?", "http://localhost:3000", iss},
		{"hakone.example", spaApp, "http://localhost:49152", "http://localhost:49152/", "?", "http://localhost:49152", iss},
		{"organizations", nativeApp, "http://localhost:1/cb", "http://localhost:1/cb", "?", "http://localhost:1", ""},
		{"hakone.example", nativeApp, msal, msal, "?", "msal" + nativeApp + ":", iss},
		{"hakone.example", nativeApp, "urn:ietf:wg:oauth:2.0:oob", "urn:ietf:wg:oauth:2.0:oob", "?", "urn:", iss},
	} {
		p := place{tenant: tt.tenant, app: tt.app, uri: tt.uri}
		ask := func(mode string) *httptest.ResponseRecorder {
			rec := w.ask(http.MethodGet, tt.tenant, p.request("state", "s t", "response_mode", mode,
				"code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method", "S256"))
			if got := w.begun.Flow().Targets; !slices.Equal(got, []string{tt.target}) {
				t.Errorf("%s: pages allow %v", tt.uri, got)
			}
			return rec
		}
		for mode, want := range map[string]string{
			"-":        tt.location + tt.separator + fields + tt.iss + "#",
			"query":    tt.location + tt.separator + fields + tt.iss + "#",
			"fragment": tt.location + "#" + fields + tt.iss,
		} {
			rec := ask(mode)
			if got := rec.Header().Get("Location"); got != want || rec.Code != http.StatusFound {
				t.Errorf("%s by %s:\n%s\nwant\n%s", tt.uri, mode, got, want)
			}
		}
		rec := ask("form_post")
		a := answerOf(t, rec)
		if want, err := url.ParseQuery(fields + tt.iss); err != nil || a.to != tt.uri || cmp.Diff(want, a.fields) != "" {
			t.Errorf("%s by form_post: %+v", tt.uri, a)
		}
		if csp := rec.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action "+tt.target) && !strings.Contains(csp, " "+tt.target+";") {
			t.Errorf("%s: the form cannot be sent: %s", tt.uri, csp)
		}
	}
}

func TestWhatACodeIsFor(t *testing.T) {
	w := newWorld(t)
	w.result = hana()
	const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for _, tt := range []struct {
		name string
		at   place
		with []string
		want authorization.Code
	}{
		{"a web application", places()[0], []string{"nonce", "n <1>", "scope", "openid User.Read", "claims", `{"userinfo":{}}`}, authorization.Code{
			Asked:       authorization.Asked{Client: webApp, Platform: directory.PlatformWeb, Version: 2, Path: hakone.String(), Scope: "openid User.Read", Claims: `{"userinfo":{}}`},
			RedirectURI: callback, RedirectSent: true, Nonce: "n <1>",
		}},
		{"behind an alias, with a challenge", places()[4], []string{"code_challenge", challenge, "code_challenge_method", "S256"}, authorization.Code{
			Asked:       authorization.Asked{Client: multiApp, Platform: directory.PlatformWeb, Version: 2, Path: "common", Scope: "openid"},
			RedirectURI: shop, RedirectSent: true, Challenge: challenge, ChallengeMethod: "S256",
		}},
		{"a challenge without a method", places()[0], []string{"code_challenge", challenge}, authorization.Code{
			Asked:       authorization.Asked{Client: webApp, Platform: directory.PlatformWeb, Version: 2, Path: hakone.String(), Scope: "openid"},
			RedirectURI: callback, RedirectSent: true, Challenge: challenge, ChallengeMethod: "plain",
		}},
		{"v1", places()[2], []string{"resource", "https://graph.microsoft.com", "scope", "-"}, authorization.Code{
			Asked:       authorization.Asked{Client: webApp, Platform: directory.PlatformWeb, Version: 1, Path: hakone.String(), Resource: "https://graph.microsoft.com"},
			RedirectURI: callback, RedirectSent: true,
		}},
		{"an address that was left out", place{tenant: "hakone.example", version: 2, app: choiceApp}, []string{"redirect_uri", "-"}, authorization.Code{
			Asked:       authorization.Asked{Client: choiceApp, Platform: directory.PlatformWeb, Version: 2, Path: hakone.String(), Scope: "openid"},
			RedirectURI: callback + "/2",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.version = tt.at.version
			rec := w.ask(http.MethodGet, tt.at.tenant, tt.at.request(tt.with...))
			if rec.Code != http.StatusFound || w.code == nil {
				t.Fatalf("status %d: %s", rec.Code, rec.Header().Get("Location"))
			}
			tt.want.Subject = hana().Subject
			if d := cmp.Diff(&tt.want, w.code, cmp.AllowUnexported(directory.TenantID{})); d != "" {
				t.Errorf("the code (-want +got):\n%s", d)
			}
		})
	}
}

func TestWhatIsToldOnlyOnDemand(t *testing.T) {
	w := newWorld(t)
	w.result = hana()
	p := places()[0]
	for _, tt := range []struct {
		with []string
		want url.Values
	}{
		{nil, url.Values{}},
		{[]string{"client_info", "1"}, url.Values{"client_info": {
			base64.RawURLEncoding.EncodeToString([]byte(`{"uid":"00000000-0000-4000-8000-00000000000b","utid":"` + usui.String() + `"}`))}}},
		{[]string{"client_info", "true"}, url.Values{}},
		{[]string{"instance_aware", "true"}, url.Values{
			"cloud_instance_name": {"login.example"}, "cloud_instance_host_name": {"login.example"}, "cloud_graph_host_name": {"graph.example"}, "msgraph_host": {"graph.example"}}},
		{[]string{"state", "-"}, url.Values{"state": nil}},
		{[]string{"state", ""}, url.Values{"state": nil}},
	} {
		want := url.Values{"code": {"the.code"}, "state": {state}, "session_state": {"00000000-0000-4000-8000-00000000000c"}, "iss": {p.iss}}
		for name, values := range tt.want {
			if want[name] = values; values == nil {
				delete(want, name)
			}
		}
		if d := cmp.Diff(want, answerOf(t, w.ask(http.MethodGet, p.tenant, p.request(tt.with...))).fields); d != "" {
			t.Errorf("%v (-want +got):\n%s", tt.with, d)
		}
	}
}

// What breaks on our side is told to the application without its cause.
func TestFailuresThatTheApplicationHears(t *testing.T) {
	w := newWorld(t)
	p := places()[0]
	gone := fmt.Errorf("%w: disk I/O error on /var/lib/db", directory.ErrUnavailable)
	for _, tt := range []struct {
		name  string
		set   func()
		with  []string
		error string
	}{
		{"the code cannot be kept", func() { w.codeErr = gone }, nil, "temporarily_unavailable"},
		{"the code cannot be made", func() { w.codeErr = errors.New("nil map in /var/lib/db") }, nil, "server_error"},
		{"the hint cannot be looked up", func() { w.tokenErr = gone }, []string{"id_token_hint", "x"}, "temporarily_unavailable"},
	} {
		for _, mode := range []string{"query", "fragment", "form_post"} {
			w.result, w.codeErr, w.tokenErr = hana(), nil, nil
			tt.set()
			a := answerOf(t, w.ask(http.MethodGet, p.tenant, p.request(append(tt.with, "response_mode", mode)...)))
			if a.mode != mode || a.to != callback || a.fields.Get("error") != tt.error || a.fields.Get("state") != state ||
				a.fields.Get("iss") != p.iss || a.fields.Has("code") || strings.Contains(fmt.Sprint(a), "/var/lib") {
				t.Errorf("%s by %s: %+v", tt.name, mode, a)
			}
		}
	}
	if !strings.Contains(w.log.String(), "/var/lib/db") {
		t.Error("the cause is not in the log")
	}
}

// state comes back as it was sent, whatever is in it.
func TestStateComesBack(t *testing.T) {
	w := newWorld(t)
	w.result = hana()
	p := places()[0]
	random := rand.New(rand.NewPCG(8, 6))
	alphabet := []rune("aZ09-._~ +%&=?#/\\\"'<>`{}|^;:,@!$*()[]\t\r\n\u0001\u007f\u00a0\u00e9\u200b\u2028\u65e5\U0001f511\ufeff\ufffd")
	for range 400 {
		sent := make([]rune, 1+random.IntN(60))
		for i := range sent {
			sent[i] = alphabet[random.IntN(len(alphabet))]
			if random.IntN(4) == 0 {
				sent[i] = rune(1 + random.IntN(0xd7ff))
			}
		}
		for _, mode := range []string{"query", "fragment", "form_post"} {
			for _, more := range [][]string{nil, {"response_type", "magic"}} {
				a := answerOf(t, w.ask(http.MethodPost, p.tenant, p.request(append(more, "state", string(sent), "response_mode", mode)...)))
				if got := a.fields["state"]; len(got) != 1 || got[0] != string(sent) {
					t.Fatalf("%s: %q came back as %q", mode, string(sent), got)
				}
			}
		}
	}
}
