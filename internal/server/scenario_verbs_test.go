package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/sekishotest"
)

// world is what a scenario works on: a tenant of its own with an API and a
// daemon, made through Graph.
type world struct {
	t      *testing.T
	srv    *sekishotest.Server
	vars   map[string]string
	admin  string // token for Graph in the scenario's tenant
	status int
	header http.Header
	body   []byte
	json   map[string]any

	// The application of the tenant's administrator, for a new token.
	adminID, adminSecret string
	adminUntil           time.Time
	// People: the browser in use, the cookies of each, and a page kept for later.
	browser string
	jars    map[string]http.CookieJar
	kept    []byte
}

// verbs are what a step can say.
var verbs = map[string]func(*world, step){
	"token":    (*world).stepToken,
	"get":      (*world).stepGet,
	"raw":      (*world).stepRaw,
	"graph":    (*world).stepGraph,
	"save":     (*world).stepSave,
	"clock":    (*world).stepClock,
	"expect":   (*world).stepExpect,
	"claim":    (*world).stepClaim,
	"body":     (*world).stepBody,
	"header":   (*world).stepHeader,
	"issuer":   (*world).stepIssuer,
	"revoke":   (*world).stepRevokeKeys,
	"fail":     (*world).stepFail,
	"flood":    (*world).stepFlood,
	"verified": (*world).stepVerified,

	// People; see scenario_signin_test.go.
	"app":       (*world).stepApp,
	"use":       (*world).stepUse,
	"person":    (*world).stepPerson,
	"foreigner": (*world).stepForeigner,
	"guest":     (*world).stepGuest,
	"browser":   (*world).stepBrowser,
	"authorize": (*world).stepAuthorize,
	"page":      (*world).stepPage,
	"post":      (*world).stepPost,
	"keep":      (*world).stepKeep,
	"walk":      (*world).stepWalk,
	"signin":    (*world).stepSignIn,
	"redirect":  (*world).stepRedirect,
	"redeem":    (*world).stepRedeem,
	"refresh":   (*world).stepRefresh,
	"idclaim":   (*world).stepIDClaim,
	"recorded":  (*world).stepRecorded,
	"logout":    (*world).stepLogout,
	"left":      (*world).stepLeft,
}

func play(t *testing.T, srv *sekishotest.Server, sc scenario) {
	w := &world{t: t, srv: srv, browser: "first", jars: map[string]http.CookieJar{}, vars: map[string]string{"url": srv.URL, "operator": srv.Bootstrap.ClientID, "operator.secret": srv.Bootstrap.ClientSecret}}
	w.found()
	for _, st := range sc.steps {
		do, ok := verbs[st.verb]
		if !ok {
			t.Fatalf("line %d: unknown verb %q", st.line, st.verb)
		}
		do(w, st)
		if t.Failed() {
			t.Fatalf("line %d failed (%s %s); last answer %d %s", st.line, st.verb, strings.Join(st.args, " "), w.status, w.body)
		}
	}
	for _, name := range []string{"secret", "second", "short", "sp", "client.secret", "code", "refresh", "access", "id"} {
		if secret := w.vars[name]; len(secret) > 40 && srv.Log.Contains(secret) {
			t.Errorf("the log holds the secret %s", name)
		}
	}
	for name, value := range w.vars {
		if strings.HasSuffix(name, ".password") && srv.Log.Contains(value) {
			t.Errorf("the log holds the password %s", name)
		}
	}
}

// found makes the scenario's tenant, its API with two application roles, and a
// daemon with a secret that holds one of them.
func (w *world) found() {
	b := w.srv.Bootstrap
	operator := w.graphToken(b.TenantID, b.ClientID, b.ClientSecret)
	n := nextTenant()
	w.graph(operator, "POST", "/beta/sekisho/tenants", fmt.Sprintf(`{"displayName":"Scenario %d","domain":"s%d.example"}`, n, n), 201)
	w.vars["tenant"], w.vars["domain"] = w.at("tenantId"), fmt.Sprintf("s%d.example", n)
	w.adminID, w.adminSecret = w.at("clientId"), w.at("clientSecret")
	w.admin = w.graphToken(w.vars["tenant"], w.adminID, w.adminSecret)
	w.adminUntil = w.srv.Now().Add(50 * time.Minute)

	w.graph(w.admin, "POST", "/v1.0/applications", `{"displayName":"Orders API","api":{"requestedAccessTokenVersion":2},
		"appRoles":[{"id":"00000000-0000-4000-8000-0000000000a1","value":"Orders.Read.All","displayName":"r","description":"r","isEnabled":true,"allowedMemberTypes":["Application"]},
		{"id":"00000000-0000-4000-8000-0000000000a2","value":"Orders.Write.All","displayName":"w","description":"w","isEnabled":true,"allowedMemberTypes":["Application"]}]}`, 201)
	w.vars["api.id"], w.vars["api.appId"] = w.at("id"), w.at("appId")
	w.vars["api"] = "api://" + w.at("appId")
	w.graph(w.admin, "PATCH", "/v1.0/applications/"+w.vars["api.id"], `{"identifierUris":["`+w.vars["api"]+`"]}`, 204)
	w.graph(w.admin, "POST", "/v1.0/servicePrincipals", `{"appId":"`+w.vars["api.appId"]+`"}`, 201)
	w.vars["api.sp"] = w.at("id")

	w.graph(w.admin, "POST", "/v1.0/applications", `{"displayName":"Daemon"}`, 201)
	w.vars["daemon.id"], w.vars["daemon"] = w.at("id"), w.at("appId")
	w.graph(w.admin, "POST", "/v1.0/servicePrincipals", `{"appId":"`+w.vars["daemon"]+`"}`, 201)
	w.vars["daemon.sp"] = w.at("id")
	w.graph(w.admin, "POST", "/v1.0/applications/"+w.vars["daemon.id"]+"/addPassword", `{"passwordCredential":{"displayName":"s"}}`, 200)
	w.vars["secret"], w.vars["secret.id"] = w.at("secretText"), w.at("keyId")
	w.graph(w.admin, "POST", "/v1.0/servicePrincipals/"+w.vars["api.sp"]+"/appRoleAssignedTo",
		`{"principalId":"`+w.vars["daemon.sp"]+`","resourceId":"`+w.vars["api.sp"]+`","appRoleId":"00000000-0000-4000-8000-0000000000a1"}`, 201)
	w.vars["assignment"] = w.at("id")
}

func (w *world) graphToken(tenant, clientID, secret string) string {
	w.t.Helper()
	status, body := w.srv.Token(w.t, tenant, clientID, secret, "https://graph.microsoft.com/.default")
	token, _ := body["access_token"].(string)
	if status != 200 || token == "" {
		w.t.Fatalf("no token for Graph: %d %v", status, body)
	}
	return token
}

func (w *world) graph(token, method, path, body string, want int) {
	w.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req := w.request(method, w.srv.URL+path, r)
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	w.send(req)
	if w.status != want {
		w.t.Fatalf("%s %s: %d %s", method, path, w.status, w.body)
	}
}

func (w *world) request(method, target string, body io.Reader) *http.Request {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, target, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return req
}

func (w *world) send(req *http.Request) {
	w.t.Helper()
	resp, err := w.srv.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	w.status, w.header = resp.StatusCode, resp.Header
	if w.body, err = io.ReadAll(resp.Body); err != nil {
		w.t.Fatal(err)
	}
	w.json = nil
	_ = json.Unmarshal(w.body, &w.json)
	checkEnvelope(w.t, resp, w.json)
}

// checkEnvelope holds for every answer: ids, nosniff, no store on OAuth
// failures, and a whole error body.
func checkEnvelope(t *testing.T, resp *http.Response, body map[string]any) {
	t.Helper()
	h := resp.Header
	if h.Get("X-Ms-Request-Id") == "" && h.Get("Request-Id") == "" {
		t.Error("no request id")
	}
	if h.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("no nosniff")
	}
	if _, oauth := body["error_description"]; !oauth {
		return
	}
	if !strings.Contains(h.Get("Cache-Control"), "no-store") {
		t.Error("an error may be kept")
	}
	codes, _ := body["error_codes"].([]any)
	for _, member := range []string{"error", "error_description", "timestamp", "trace_id", "correlation_id"} {
		if s, _ := body[member].(string); s == "" {
			t.Errorf("error body without %s: %v", member, body)
		}
	}
	if len(codes) == 1 {
		prefix := fmt.Sprintf("AADSTS%.0f: ", codes[0])
		if d, _ := body["error_description"].(string); !strings.HasPrefix(d, prefix) || !strings.Contains(d, "\r\nTrace ID: ") {
			t.Errorf("description %q does not fit code %v", d, codes[0])
		}
	}
	if body["trace_id"] != h.Get("X-Ms-Request-Id") {
		t.Error("trace id and header differ")
	}
}

// at reads a member of the last JSON answer, by dots.
func (w *world) at(path string) string {
	w.t.Helper()
	var v any = w.json
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(x) {
				w.t.Fatalf("no %s in %s", path, w.body)
			}
			v = x[i]
		}
	}
	s, ok := v.(string)
	if !ok {
		w.t.Fatalf("no text at %s in %s", path, w.body)
	}
	return s
}

// expand replaces {name} by variables and {assertion …} by a signed JWT.
func (w *world) expand(s string) string {
	w.t.Helper()
	var b strings.Builder
	for {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			return b.String() + s
		}
		end := strings.IndexByte(s[open:], '}')
		name := ""
		if end > 0 {
			name = s[open+1 : open+end]
		}
		value, ok := w.vars[name]
		if first, _, _ := strings.Cut(name, " "); first == "assertion" {
			value, ok = w.assertion(strings.Fields(name)[1:]), true
		}
		if kind, n, found := strings.Cut(name, "*"); found {
			count, err := strconv.Atoi(n)
			if err == nil {
				value, ok = strings.Repeat(kind, count), true
			}
		}
		b.WriteString(s[:open])
		if !ok {
			b.WriteByte('{')
			s = s[open+1:]
			continue
		}
		b.WriteString(value)
		s = s[open+end+1:]
	}
}

// stepToken posts to the token endpoint: the daemon's own good request, changed
// by the parameters. "name = -" leaves a parameter out; "@…" names change the
// request itself.
func (w *world) stepToken(st step) {
	form := [][2]string{
		{"grant_type", "client_credentials"}, {"client_id", w.vars["daemon"]},
		{"client_secret", w.vars["secret"]}, {"scope", w.vars["api"] + "/.default"},
	}
	w.postToken(st, form)
}

// postToken posts the form to the token endpoint, changed by the parameters of the
// step.
func (w *world) postToken(st step, form [][2]string) {
	path, method, query := "/"+w.vars["tenant"]+"/oauth2/v2.0/token", "POST", ""
	headers := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	raw, hasRaw := "", false
	for _, p := range st.params {
		name, value := p[0], w.expand(p[1])
		switch {
		case name == "@tenant":
			path = "/" + value + "/oauth2/v2.0/token"
		case name == "@path":
			path = value
		case name == "@v1":
			path = "/" + w.vars["tenant"] + "/oauth2/token"
		case name == "@method":
			method = value
		case name == "@query":
			query = "?" + value
		case name == "@body":
			raw, hasRaw = value, true
		case strings.HasPrefix(name, "@header."):
			headers[strings.TrimPrefix(name, "@header.")] = value
		case name == "@basic":
			id, secret, _ := strings.Cut(value, ":")
			headers["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
		case strings.HasPrefix(name, "+"):
			form = append(form, [2]string{name[1:], value})
		default:
			form = set(form, name, value)
		}
	}
	var parts []string
	for _, p := range form {
		parts = append(parts, url.QueryEscape(p[0])+"="+url.QueryEscape(p[1]))
	}
	body := strings.Join(parts, "&")
	if hasRaw {
		body = raw
	}
	req := w.request(method, w.srv.URL+path+query, strings.NewReader(body))
	for k, v := range headers {
		if v != "-" {
			req.Header.Set(k, v)
		}
	}
	w.send(req)
}

func set(form [][2]string, name, value string) [][2]string {
	var out [][2]string
	found := false
	for _, p := range form {
		if p[0] == name {
			found = true
			if value == "-" {
				continue
			}
			p[1] = value
		}
		out = append(out, p)
	}
	if !found && value != "-" {
		out = append(out, [2]string{name, value})
	}
	return out
}

func (w *world) stepGet(st step) {
	req := w.request("GET", w.srv.URL+w.expand(st.args[0]), nil)
	for _, p := range st.params {
		if p[0] == "@method" {
			req.Method = p[1]
			continue
		}
		req.Header.Set(strings.TrimPrefix(p[0], "@header."), w.expand(p[1]))
		if strings.EqualFold(p[0], "@header.Host") {
			req.Host = w.expand(p[1])
		}
	}
	w.send(req)
}

// stepRaw sends a method to a path with the body as it stands.
func (w *world) stepRaw(st step) {
	w.send(w.request(st.args[0], w.srv.URL+w.expand(st.args[1]), strings.NewReader(w.expand(st.body))))
}

// stepGraph calls Graph as the tenant's administrator application: graph METHOD
// PATH [status], the body in the lines below.
func (w *world) stepGraph(st step) { w.callGraph(w.token(), st) }

func (w *world) callGraph(token string, st step) {
	want := map[string]int{"GET": 200, "POST": 201, "PATCH": 204, "DELETE": 204}[st.args[0]]
	if len(st.args) > 2 {
		n, err := strconv.Atoi(st.args[2])
		if err != nil {
			w.t.Fatal(err)
		}
		want = n
	}
	w.graph(token, st.args[0], w.expand(st.args[1]), w.expand(st.body), want)
}

// stepSave keeps a member of the last answer: save name = member
func (w *world) stepSave(st step) { w.vars[st.args[0]] = w.at(st.args[2]) }

func (w *world) stepClock(st step) {
	d, err := time.ParseDuration(st.args[0])
	if err != nil {
		w.t.Fatal(err)
	}
	w.srv.Advance(d)
	w.t.Cleanup(func() { w.srv.Advance(-d) })
}

func (w *world) stepExpect(st step) {
	if want := st.args[0]; strconv.Itoa(w.status) != want {
		w.t.Errorf("status %d, want %s", w.status, want)
	}
	if len(st.args) > 1 && w.json != nil && w.json["error"] != st.args[1] {
		w.t.Errorf("error %v, want %s", w.json["error"], st.args[1])
	}
	if len(st.args) < 3 {
		return
	}
	if w.json == nil { // a page
		if !bytes.Contains(w.body, []byte("AADSTS"+st.args[2])) {
			w.t.Errorf("the page does not show AADSTS%s", st.args[2])
		}
		if w.header.Get("Location") != "" {
			w.t.Errorf("redirected to %s", w.header.Get("Location"))
		}
		return
	}
	codes, _ := w.json["error_codes"].([]any)
	if len(codes) != 1 || fmt.Sprintf("%.0f", codes[0]) != st.args[2] {
		w.t.Errorf("codes %v, want %s", codes, st.args[2])
	}
}

// stepClaim compares a claim of the access token of the last answer; see
// compareClaim.
func (w *world) stepClaim(st step) {
	w.compareClaim(st, payload(w.t, w.at("access_token")))
}

func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	return decode(t, parts[1])
}

// decode reads one part of a JWT.
func decode(t *testing.T, part string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

// stepBody: body contains text | body lacks text | body member = JSON
func (w *world) stepBody(st step) {
	rest := w.expand(strings.Join(st.args[1:], " "))
	switch st.args[0] {
	case "contains":
		if !bytes.Contains(w.body, []byte(rest)) {
			w.t.Errorf("the body lacks %q", rest)
		}
	case "lacks":
		if bytes.Contains(w.body, []byte(rest)) {
			w.t.Errorf("the body has %q", rest)
		}
	default:
		text, err := json.Marshal(w.json[st.args[0]])
		if err != nil {
			w.t.Fatal(err)
		}
		if want := strings.TrimPrefix(rest, "= "); string(text) != want {
			w.t.Errorf("%s is %s, want %s", st.args[0], text, want)
		}
	}
}

func (w *world) stepHeader(st step) {
	got := w.header.Get(st.args[0])
	if st.args[1] == "absent" {
		if got != "" {
			w.t.Errorf("%s: %s", st.args[0], got)
		}
		return
	}
	if want := w.expand(strings.Join(st.args[2:], " ")); got != want {
		w.t.Errorf("%s: %q, want %q", st.args[0], got, want)
	}
}
