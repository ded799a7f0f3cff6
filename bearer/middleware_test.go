package bearer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/bearer"
)

const challenge = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/` + tenant1 +
	`/oauth2/v2.0/authorize", client_id="` + apiID + `"`

// served makes a request with these Authorization headers.
func served(h http.Handler, method, target string, authorization ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Header["Authorization"] = authorization
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// whoami answers with the client id in the token.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	c, ok := bearer.FromContext(r.Context())
	if !ok {
		panic("no claims in the context")
	}
	_, _ = w.Write([]byte(c.ClientID))
})

func TestHandler(t *testing.T) {
	k := key(t, "rsa1")
	h := verifier(t, newAuthority(k), nil).Handler(whoami, bearer.ScopeOrRole([]string{"Orders.Read"}, []string{"Orders.Read.All"}))
	good := k.token(delegatedV2())
	bad := func(code, text string) string {
		return challenge + `, error="` + code + `", error_description="` + text + `"`
	}
	const scope = `, scope="Orders.Read"`
	oneHeader := bad("invalid_request", "Send exactly one Authorization header with one bearer token.")
	tests := []struct {
		name      string
		header    []string
		status    int
		challenge string
	}{
		{"a good token", []string{"Bearer " + good}, 200, ""},
		{"scheme in lower case", []string{"bearer " + good}, 200, ""},
		{"several spaces", []string{"Bearer   " + good}, 200, ""},
		{"an application's token", []string{"Bearer " + k.token(appOnlyV2())}, 200, ""},
		{"no header", nil, 401, challenge + scope},
		{"an empty header", []string{""}, 401, challenge + scope},
		{"another scheme", []string{"Basic dTpw"}, 401, challenge + scope},
		{"a scheme that begins alike", []string{"BearerToken " + good}, 401, challenge + scope},
		{"two headers", []string{"Bearer " + good, "Bearer " + good}, 400, oneHeader},
		{"two headers of two schemes", []string{"Bearer " + good, "Basic dTpw"}, 400, oneHeader},
		{"two tokens in a header", []string{"Bearer " + good + ", Bearer " + good}, 400, oneHeader},
		{"no token", []string{"Bearer"}, 400, oneHeader},
		{"no token but a space", []string{"Bearer "}, 400, oneHeader},
		{"a tab", []string{"Bearer\t" + good}, 401, challenge + scope},
		{"a tab in the token", []string{"Bearer x\ty"}, 400, oneHeader},
		{"a space after the token", []string{"Bearer " + good + " "}, 400, oneHeader},
		{"a quoted token", []string{`Bearer "` + good + `"`}, 400, oneHeader},
		{"parameters", []string{`Bearer token=` + good}, 400, oneHeader},
		{"not ASCII", []string{"Bearer tokén"}, 400, oneHeader},
		{"only padding", []string{"Bearer ="}, 400, oneHeader},
		{"not a JWT", []string{"Bearer abc~+/="}, 401, bad("invalid_token", "The access token is malformed.")},
		{"expired", []string{"Bearer " + k.token(delegatedV2().with(object{"exp": 1}))}, 401, bad("invalid_token", "The access token has expired.")},
		{"another scope", []string{"Bearer " + k.token(delegatedV2().with(object{"scp": "Orders.Write"}))}, 403,
			bad("insufficient_scope", "The access token does not grant the required permission.") + scope},
		{"neither scope nor role", []string{"Bearer " + k.token(delegatedV2().with(object{"scp": nil, "roles": nil}))}, 403,
			bad("insufficient_scope", "The access token does not grant the required permission.") + scope},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := served(h, "GET", "/orders", tt.header...)
			if w.Code != tt.status || w.Header().Get("WWW-Authenticate") != tt.challenge {
				t.Errorf("got %d %s\nwant %d %s", w.Code, w.Header().Get("WWW-Authenticate"), tt.status, tt.challenge)
			}
			if tt.status == 200 {
				if w.Body.String() != clientID {
					t.Errorf("body %q", w.Body)
				}
				return
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control is %q", got)
			}
			var body map[string]string
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body["error_description"] == "" {
				t.Errorf("body %q: %v", w.Body, err)
			}
		})
	}
}

// RFC 6750 §2.2 and §2.3 are not supported: such a token is as good as none.
func TestTokenOnlyInTheHeader(t *testing.T) {
	k := key(t, "rsa1")
	h := verifier(t, newAuthority(k), nil).Handler(whoami)
	r := httptest.NewRequest("POST", "/?access_token="+k.token(delegatedV2()), strings.NewReader("access_token="+k.token(delegatedV2())))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 401 || w.Header().Get("WWW-Authenticate") != challenge {
		t.Errorf("got %d %s", w.Code, w.Header().Get("WWW-Authenticate"))
	}
}

func TestUnavailable(t *testing.T) {
	k := key(t, "rsa1")
	a := newAuthority(k)
	a.setDown(true)
	w := served(verifier(t, a, nil).HandlerFunc(whoami), "GET", "/", "Bearer "+k.token(delegatedV2()))
	if w.Code != 503 || w.Header().Get("WWW-Authenticate") != "" || w.Header().Get("Retry-After") == "" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}

// TestRequirements: each requirement against each kind of token.
func TestRequirements(t *testing.T) {
	k := key(t, "rsa1")
	v := verifier(t, newAuthority(k), nil)
	tokens := map[string]object{
		"user":      delegatedV2().with(object{"scp": "Orders.Read", "roles": nil}),
		"approver":  delegatedV2().with(object{"scp": "Orders.Read", "roles": []string{"Orders.Read.All"}}),
		"app":       appOnlyV2(),
		"app+idtyp": appOnlyV2().with(object{"idtyp": "app"}),
		// idtyp says user, so the lack of scp does not make it an application's token.
		"user without scp": delegatedV2().with(object{"scp": nil, "idtyp": "user", "roles": []string{"Orders.Read.All"}}),
		"user, version 1":  delegatedV1(),
	}
	tests := []struct {
		req  bearer.Requirement
		want string // the tokens that meet it
	}{
		{bearer.Scope("Orders.Read"), "user approver user,v1"},
		{bearer.Scope("Orders.Read", "Orders.Write"), ""},
		{bearer.Scope("orders.read"), ""},
		{bearer.Scope("Orders"), ""},
		{bearer.Scope("Orders.Read.All"), ""}, // a role is no scope
		{bearer.Scope(), ""},
		{bearer.AnyScope("Orders.Write", "Orders.Read"), "user approver user,v1"},
		{bearer.AnyScope(), ""},
		{bearer.Role("Orders.Read.All"), "app app+idtyp"},
		{bearer.Role("Orders.Read"), ""},
		{bearer.Role(), ""},
		{bearer.AnyRole("x", "Orders.Read.All"), "app app+idtyp"},
		{bearer.AnyRole(), ""},
		{bearer.UserRole("Orders.Read.All"), "approver user-without-scp"},
		{bearer.UserRole(), ""},
		{bearer.ScopeOrRole([]string{"Orders.Read"}, []string{"Orders.Read.All"}), "user approver user,v1 app app+idtyp"},
		{bearer.ScopeOrRole([]string{"Orders.Read.All"}, []string{"Orders.Read"}), ""},
		{bearer.ScopeOrRole(nil, nil), ""},
		{bearer.AppOnly(), "app app+idtyp"},
		{bearer.Delegated(), "user approver user-without-scp user,v1"},
		{bearer.Client(strings.ToUpper(clientID)), "user approver app app+idtyp user-without-scp user,v1"},
		{bearer.Client(apiID), ""},
		{bearer.Client(), ""},
		{bearer.CertificateClient(), "app app+idtyp"},
		{bearer.Requirement{}, ""},
	}
	short := strings.NewReplacer(", version 1", ",v1", " without ", "-without-")
	for _, tt := range tests {
		t.Run(tt.req.String(), func(t *testing.T) {
			for name, claims := range tokens {
				c, err := v.Verify(t.Context(), k.token(claims))
				if err != nil {
					t.Fatal(err)
				}
				err = bearer.Check(c, tt.req)
				want := false
				for _, w := range strings.Fields(tt.want) {
					want = want || w == short.Replace(name)
				}
				if (err == nil) != want {
					t.Errorf("%s: %v, want met %v", name, err, want)
				}
				if err != nil && !errors.Is(err, bearer.Permission) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

func TestAllRequirementsAreNeeded(t *testing.T) {
	k := key(t, "rsa1")
	v := verifier(t, newAuthority(k), nil)
	token := "Bearer " + k.token(delegatedV2())
	for _, tt := range []struct {
		reqs []bearer.Requirement
		want int
	}{
		{nil, 200},
		{[]bearer.Requirement{bearer.Scope("Orders.Read"), bearer.UserRole("Orders.Approver")}, 200},
		{[]bearer.Requirement{bearer.Scope("Orders.Read"), bearer.UserRole("Orders.Admin")}, 403},
		{[]bearer.Requirement{bearer.Scope("Orders.Delete"), bearer.UserRole("Orders.Approver")}, 403},
	} {
		if w := served(v.Handler(whoami, tt.reqs...), "GET", "/", token); w.Code != tt.want {
			t.Errorf("%v: %d, want %d", tt.reqs, w.Code, tt.want)
		}
	}
}

// Nothing that a stranger writes reaches the challenge, the body or, uncut, the log;
// tokens are in none of them.
func TestAnswersAndLogsHoldNoTokens(t *testing.T) {
	k := key(t, "rsa1")
	var log bytes.Buffer
	v := verifier(t, newAuthority(k), func(c *bearer.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		c.Realm = `the "orders" API`
	})
	h := v.Handler(whoami, bearer.Scope(`Orders"Read`+"\r\nSet-Cookie: a=b"))
	const canary = "canary\r\nInjected: yes\x1b[31m"
	long := strings.Repeat("y", 4000)
	for _, raw := range []string{
		k.token(delegatedV2().with(object{"iss": canary + long})),
		k.token(delegatedV2().with(object{"aud": canary + long})),
		k.token(delegatedV2().with(object{"ver": canary + long})),
		k.token(delegatedV2().with(object{"tid": canary + long})),
		k.token(delegatedV2().with(object{"scp": strings.ReplaceAll(canary, "\r\n", "")})),
		k.sign(k.header().with(object{"kid": canary + long}).json(), delegatedV2().json()),
		k.sign(k.header().with(object{"alg": canary + long}).json(), delegatedV2().json()),
		k.sign(k.header().with(object{"typ": canary + long}).json(), delegatedV2().json()),
		"Z" + k.token(delegatedV2()), canary,
	} {
		log.Reset()
		w := served(h, "GET", "/", "Bearer "+raw)
		if w.Code < 400 {
			t.Errorf("%q was accepted", raw)
		}
		answer := strings.Join(w.Header().Values("WWW-Authenticate"), "") + w.Body.String()
		if strings.Contains(answer, "canary") || strings.ContainsAny(w.Header().Get("WWW-Authenticate"), "\r\n\x1b") {
			t.Errorf("the answer shows the token: %q", answer)
		}
		if !strings.Contains(w.Header().Get("WWW-Authenticate"), `realm="the \"orders\" API"`) {
			t.Errorf("challenge %s", w.Header().Get("WWW-Authenticate"))
		}
		if n := strings.Count(log.String(), "\n"); n != 1 || log.Len() > 1000 || strings.Contains(log.String(), "\x1b") {
			t.Errorf("log of %d lines: %.1200q", n, &log)
		}
		if parts := strings.Split(raw, "."); len(parts) == 3 && strings.Contains(log.String(), parts[1][:20]) {
			t.Errorf("the log shows the token: %s", &log)
		}
	}
}

// Each Reason has an answer, and its sentence needs no escaping (RFC 6750 §3).
func TestReasons(t *testing.T) {
	all := []bearer.Reason{
		bearer.Missing, bearer.BadRequest, bearer.Malformed, bearer.Algorithm, bearer.Issuer, bearer.Tenant,
		bearer.UnknownKey, bearer.KeyIssuer, bearer.Signature, bearer.Kind, bearer.Audience, bearer.Expired,
		bearer.NotYetValid, bearer.Revoked, bearer.Permission, bearer.Unavailable,
	}
	seen := map[string]bearer.Reason{}
	for _, r := range all {
		e := &bearer.Error{Reason: r}
		if other, twice := seen[e.Description()]; twice {
			t.Errorf("%q and %q have one sentence", r, other)
		}
		seen[e.Description()] = r
		if e.Description() == "" || strings.ContainsAny(e.Description(), `"\`) {
			t.Errorf("%q: sentence %q", r, e.Description())
		}
		wantCode := map[int]string{400: "invalid_request", 401: "invalid_token", 403: "insufficient_scope", 503: ""}
		if want := wantCode[e.Status()]; e.Code() != want && r != bearer.Missing {
			t.Errorf("%q: %d %q", r, e.Status(), e.Code())
		}
		if !errors.Is(e, r) {
			t.Errorf("%q is not found by errors.Is", r)
		}
	}
}

func TestRefuseForeignError(t *testing.T) {
	w := httptest.NewRecorder()
	verifier(t, newAuthority(key(t, "rsa1")), nil).Refuse(w, httptest.NewRequest("GET", "/", nil), errors.New("secret cause"))
	if w.Code != 503 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
