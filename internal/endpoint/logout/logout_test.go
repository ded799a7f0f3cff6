package logout_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// An ID token of ours vouches for the person, however old it is, and picks the
// account and the application.
func TestIDTokenHint(t *testing.T) {
	for name, hint := range map[string]func(w *world, sid directory.ID) string{
		"as issued": func(w *world, _ directory.ID) string { return w.idToken(orders, hakone, aoi, nil) },
		"with sid": func(w *world, sid directory.ID) string {
			return w.idToken(orders, hakone, aoi, map[string]any{"sid": sid})
		},
		"with the sid of an older session": func(w *world, _ directory.ID) string {
			return w.idToken(orders, hakone, aoi, map[string]any{"sid": "00000000-0000-4000-8000-00000000dead"})
		},
		"without oid": func(w *world, _ directory.ID) string {
			return w.idToken(orders, hakone, aoi, map[string]any{"oid": nil})
		},
		"without oid, with sid": func(w *world, sid directory.ID) string {
			return w.idToken(orders, hakone, aoi, map[string]any{"oid": nil, "sid": sid})
		},
		"with login_hint alone": func(w *world, _ directory.ID) string {
			return w.idToken(orders, hakone, aoi, map[string]any{"oid": nil, "login_hint": must[string](w.t)(w.hints.Hint(context.Background(), hakone, aoi))})
		},
		"expired": func(w *world, _ directory.ID) string {
			return w.idToken(orders, hakone, aoi, map[string]any{"exp": w.now.AddDate(-1, 0, 0).Unix()})
		},
		"of v1": func(w *world, _ directory.ID) string {
			return w.idToken(orders, hakone, aoi, map[string]any{"iss": host + "/" + hakone.String() + "/", "ver": "1.0"})
		},
		"by a key that expired": func(w *world, _ directory.ID) string {
			old := newKey(w.t, signingkey.Organizations, func(s *signingkey.Stored) { s.RetireAt, s.ExpireAt = begin, begin })
			w.set = signingkey.NewSet(w.key, old)
			return w.signed(old, orders, hakone, aoi, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := w.signIn(hakone, aoi)
			w.signIn(hakone, ren)
			a := w.get("id_token_hint", hint(w, l.ID), "post_logout_redirect_uri", ordersC, "state", "s")
			if a.Code != http.StatusSeeOther || a.next() != ordersC+"?state=s" {
				t.Errorf("answered %d to %q: %s", a.Code, a.next(), a.body)
			}
			if got := w.signedIn(); got != "Ren" {
				t.Errorf("signed in: %q", got)
			}
		})
	}
}

// What is no ID token of ours vouches for nobody: the person is asked.
func TestUnusableHints(t *testing.T) {
	w := newWorld(t)
	w.signIn(hakone, aoi)
	stranger := newKey(t, signingkey.Organizations, nil)
	revoked := newKey(t, signingkey.Organizations, func(s *signingkey.Stored) { s.RevokedAt = begin })
	personal := newKey(t, signingkey.ConsumersRing, nil)
	w.set = signingkey.NewSet(w.key, revoked, personal)
	good := w.idToken(orders, hakone, aoi, nil)
	parts := strings.Split(good, ".")
	other := strings.Split(w.idToken(orders, hakone, ren, nil), ".")
	claim := func(name string, v any) string { return w.idToken(orders, hakone, aoi, map[string]any{name: v}) }
	upn := must[*directory.User](t)(w.db.User(context.Background(), hakone, aoi)).UserPrincipalName
	for name, params := range map[string][]string{
		"none":                      {},
		"garbage":                   {"id_token_hint", "x"},
		"two dots":                  {"id_token_hint", "a.b.c"},
		"another's signature":       {"id_token_hint", parts[0] + "." + other[1] + "." + parts[2]},
		"no signature":              {"id_token_hint", parts[0] + "." + parts[1] + "."},
		"alg none":                  {"id_token_hint", "eyJhbGciOiJub25lIn0." + parts[1] + "."},
		"unknown key":               {"id_token_hint", w.signed(stranger, orders, hakone, aoi, nil)},
		"withdrawn key":             {"id_token_hint", w.signed(revoked, orders, hakone, aoi, nil)},
		"key of personal accounts":  {"id_token_hint", w.signed(personal, orders, hakone, aoi, nil)},
		"issuer of another tenant":  {"id_token_hint", claim("iss", host+"/"+usui.String()+"/v2.0")},
		"issuer elsewhere":          {"id_token_hint", claim("iss", "https://evil.example/"+hakone.String()+"/v2.0")},
		"access token, v2":          {"id_token_hint", claim("azp", string(orders))},
		"access token, v1":          {"id_token_hint", claim("appid", string(orders))},
		"access token, by scopes":   {"id_token_hint", claim("scp", "User.Read")},
		"no tenant":                 {"id_token_hint", claim("tid", nil)},
		"no audience":               {"id_token_hint", claim("aud", nil)},
		"audience is a name":        {"id_token_hint", claim("aud", "https://graph.microsoft.com")},
		"no subject":                {"id_token_hint", claim("sub", nil)},
		"subject of nobody":         {"id_token_hint", w.idToken(orders, hakone, aoi, map[string]any{"oid": nil, "sub": "x"})},
		"a user name as hint":       {"logout_hint", upn},
		"garbage as hint":           {"logout_hint", "O.AAAA"},
		"hint of another account":   {"logout_hint", must[string](t)(w.hints.Hint(context.Background(), hakone, ren))},
		"hint in the wrong tenant":  {"logout_hint", must[string](t)(w.hints.Hint(context.Background(), usui, aoi))},
		"a known client is no hint": {"client_id", string(orders), "post_logout_redirect_uri", ordersC},
	} {
		if a := w.get(params...); !a.asks() || w.signedIn() != "Aoi" {
			t.Errorf("%s: answered %d, signed in %q: %s", name, a.Code, w.signedIn(), a.body)
		}
		// A POST of an application is no will of the person either.
		if a := w.ask(http.MethodPost, 2, "common", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}, params...); !a.asks() || w.signedIn() != "Aoi" {
			t.Errorf("%s by POST: answered %d, signed in %q", name, a.Code, w.signedIn())
		}
	}
}

func TestLogoutHint(t *testing.T) {
	w := newWorld(t)
	w.signIn(hakone, aoi)
	w.signIn(usui, yui)
	a := w.get("logout_hint", must[string](t)(w.hints.Hint(context.Background(), usui, yui)))
	if !a.stays() || w.signedIn() != "Aoi" || !strings.Contains(a.body, "yui@") {
		t.Errorf("signed in %q: %s", w.signedIn(), a.body)
	}
}

// A guest's token names the object in the tenant signed in to; the session is the
// home account's.
func TestGuest(t *testing.T) {
	w := newWorld(t)
	w.signIn(hakone, aoi)
	l := w.signIn(usui, yui, session.Client{Tenant: hakone, AppID: orders})
	a := w.get("id_token_hint", w.idToken(orders, hakone, yuiGuest, nil))
	want := "https://orders.example/frontchannel?x=1&iss=https%3A%2F%2Flogin.example%2F" + hakone.String() + "%2Fv2.0&sid=" + string(l.ID)
	if w.signedIn() != "Aoi" || !slices.Equal(a.frames(), []string{want}) {
		t.Errorf("signed in %q, frames %q, want %q", w.signedIn(), a.frames(), want)
	}
}

// One account: a yes; several: which one.
func TestQuestion(t *testing.T) {
	for _, version := range []int{1, 2} {
		w := newWorld(t)
		w.signIn(hakone, aoi)
		ours := http.Header{"Sec-Fetch-Site": {"same-origin"}}
		a := w.ask(http.MethodGet, version, "hakone.example", nil, "post_logout_redirect_uri", ordersC, "client_id", string(orders), "state", "x y")
		action := map[int]string{1: `action="/hakone.example/oauth2/logout"`, 2: `action="/hakone.example/oauth2/v2.0/logout"`}[version]
		if !a.asks() || !strings.Contains(a.body, action) || !strings.Contains(a.body, "aoi@") {
			t.Fatalf("%d: %s", a.Code, a.body)
		}
		a = w.ask(http.MethodPost, version, "hakone.example", ours, "flowToken", a.field("flowToken"))
		if a.next() != ordersC+"?state=x%20y" || w.signedIn() != "" || len(w.cookies) != 1 {
			t.Errorf("leads to %q, signed in %q, cookies %v", a.next(), w.signedIn(), w.cookies)
		}
	}
}

func TestPicker(t *testing.T) {
	w := newWorld(t)
	w.signIn(hakone, aoi)
	r := w.signIn(hakone, ren)
	w.signIn(usui, yui)
	a := w.get("ui_locales", "ja")
	if !a.asks() || strings.Count(a.body, `class="tile"`) != 3 || !strings.Contains(a.body, `lang="ja"`) {
		t.Fatalf("%d: %s", a.Code, a.body)
	}
	state := a.field("flowToken")
	if a := w.post("flowToken", state); !a.asks() || w.signedIn() != "Aoi Ren Yui" {
		t.Errorf("no account picked: %d, signed in %q", a.Code, w.signedIn())
	}
	if a := w.post("flowToken", state, "account", "00000000-0000-4000-8000-00000000dead"); !a.asks() || w.signedIn() != "Aoi Ren Yui" {
		t.Errorf("an account that is not here: %d, signed in %q", a.Code, w.signedIn())
	}
	if a := w.post("flowToken", state, "lang", "en"); !a.asks() || !strings.Contains(a.body, `lang="en"`) || w.signedIn() != "Aoi Ren Yui" {
		t.Errorf("another language: %d, signed in %q", a.Code, w.signedIn())
	}
	if a := w.post("flowToken", state, "account", string(r.ID)); !a.stays() || w.signedIn() != "Aoi Yui" {
		t.Errorf("%d, signed in %q", a.Code, w.signedIn())
	}
	// The same page sent again signs nobody else out.
	if a := w.post("flowToken", state, "account", string(r.ID)); !a.asks() || w.signedIn() != "Aoi Yui" {
		t.Errorf("sent again: %d, signed in %q", a.Code, w.signedIn())
	}
}

// Nothing but a page of ours, in the browser it was drawn for, signs out without
// a hint.
func TestForgedAnswers(t *testing.T) {
	w := newWorld(t)
	w.signIn(hakone, aoi)
	state := w.get().field("flowToken")
	attacker := w.newBrowser()
	attacker.signIn(hakone, ren)
	theirs := attacker.get().field("flowToken")
	for name, try := range map[string]func() answer{
		"from another site": func() answer {
			return w.ask(http.MethodPost, 2, "common", http.Header{"Sec-Fetch-Site": {"cross-site"}}, "flowToken", state)
		},
		"from a neighbour": func() answer {
			return w.ask(http.MethodPost, 2, "common", http.Header{"Sec-Fetch-Site": {"same-site"}}, "flowToken", state)
		},
		"without any header": func() answer { return w.ask(http.MethodPost, 2, "common", nil, "flowToken", state) },
		"another origin": func() answer {
			return w.ask(http.MethodPost, 2, "common", http.Header{"Origin": {"https://evil.example"}}, "flowToken", state)
		},
		"state of another browser": func() answer { return w.post("flowToken", theirs) },
		"damaged state":            func() answer { return w.post("flowToken", state[:len(state)-4]+"AAAA") },
		"no base64":                func() answer { return w.post("flowToken", "!") },
		"state of another path": func() answer {
			return w.ask(http.MethodPost, 2, "organizations", http.Header{"Sec-Fetch-Site": {"same-origin"}}, "flowToken", state)
		},
	} {
		if a := try(); a.Code != http.StatusBadRequest || !strings.Contains(a.body, "50061") || w.signedIn() != "Aoi" {
			t.Errorf("%s: answered %d, signed in %q: %s", name, a.Code, w.signedIn(), a.body)
		}
	}
	// By GET the state is nothing.
	if a := w.get("flowToken", state); !a.asks() || w.signedIn() != "Aoi" {
		t.Errorf("state in a link: %d, signed in %q", a.Code, w.signedIn())
	}
	delete(w.cookies, "__Host-sekisho-browser")
	if a := w.post("flowToken", state); a.Code != http.StatusBadRequest || w.signedIn() != "Aoi" {
		t.Errorf("without the browser's cookie: %d, signed in %q", a.Code, w.signedIn())
	}
}

func TestOldQuestionIsPutAgain(t *testing.T) {
	w := newWorld(t)
	w.signIn(hakone, aoi)
	state := w.get("post_logout_redirect_uri", ordersC, "client_id", string(orders)).field("flowToken")
	w.now = w.now.Add(61 * time.Minute)
	a := w.post("flowToken", state)
	if !a.asks() || w.signedIn() != "Aoi" {
		t.Fatalf("%d, signed in %q", a.Code, w.signedIn())
	}
	if a = w.post("flowToken", a.field("flowToken")); a.next() != ordersC || w.signedIn() != "" {
		t.Errorf("leads to %q, signed in %q", a.next(), w.signedIn())
	}
}

// An ID token ends its session on the server even where the cookies are lost, and
// that one alone.
func TestSessionEndsWithoutCookies(t *testing.T) {
	w := newWorld(t)
	l := w.signIn(hakone, aoi, session.Client{Tenant: hakone, AppID: orders})
	elsewhere := w.newBrowser()
	elsewhere.signIn(hakone, aoi)
	empty := w.newBrowser()
	for name, token := range map[string]string{
		"without sid":                  w.idToken(orders, hakone, aoi, nil),
		"sid of another account":       w.idToken(orders, hakone, ren, map[string]any{"sid": l.ID}),
		"sid of another, by subject":   w.idToken(orders, hakone, ren, map[string]any{"sid": l.ID, "oid": nil}),
		"sid of a session of a tenant": w.idToken(orders, usui, yui, map[string]any{"sid": l.ID}),
	} {
		if a := empty.get("id_token_hint", token); !a.stays() || w.signedIn() != "Aoi" {
			t.Errorf("%s: %d, signed in %q", name, a.Code, w.signedIn())
		}
	}
	a := empty.get("id_token_hint", w.idToken(orders, hakone, aoi, map[string]any{"sid": l.ID}), "post_logout_redirect_uri", ordersC)
	if w.signedIn() != "" || elsewhere.signedIn() != "Aoi" {
		t.Errorf("signed in %q and elsewhere %q", w.signedIn(), elsewhere.signedIn())
	}
	if len(a.frames()) != 1 || !strings.HasSuffix(a.frames()[0], "&sid="+string(l.ID)) || a.next() != ordersC {
		t.Errorf("frames %q, leads to %q", a.frames(), a.next())
	}
}

// Two people at one browser: whoever comes next has a session of their own, and
// what the one before had is worth nothing.
func TestTwoPeopleOneBrowser(t *testing.T) {
	w := newWorld(t)
	first := w.signIn(hakone, aoi)
	kept := w.newBrowser()
	kept.cookies = map[string]string{"__Host-sekisho": w.cookies["__Host-sekisho"]}
	w.get("id_token_hint", w.idToken(orders, hakone, aoi, nil))
	if kept.signedIn() != "" {
		t.Error("a copy of the cookie outlives the sign-out")
	}
	w.live = nil
	second := w.signIn(hakone, ren)
	if second.ID == first.ID || second.Secret() == first.Secret() || w.signedIn() != "Ren" {
		t.Errorf("the second session is %v", second)
	}
	// The first person's token, left in the application, does not reach the second.
	if a := w.get("id_token_hint", w.idToken(orders, hakone, aoi, map[string]any{"sid": first.ID})); !a.stays() || w.signedIn() != "Ren" {
		t.Errorf("%d, signed in %q", a.Code, w.signedIn())
	}
}

// Every application of the session hears of its end, with iss and sid; those
// without a usable address do not.
func TestFrontChannel(t *testing.T) {
	w := newWorld(t)
	var clients []session.Client
	for _, app := range []directory.ID{orders, stock, field, evil, nobody} {
		clients = append(clients, session.Client{Tenant: hakone, AppID: app})
	}
	l := w.signIn(hakone, aoi, clients...)
	w.signIn(hakone, ren, session.Client{Tenant: hakone, AppID: stock})
	a := w.get("id_token_hint", w.idToken(orders, hakone, aoi, nil), "post_logout_redirect_uri", ordersC, "state", "1")
	tail := "iss=https%3A%2F%2Flogin.example%2F" + hakone.String() + "%2Fv2.0&sid=" + string(l.ID)
	want := []string{"https://localhost:3000/out?" + tail, "https://orders.example/frontchannel?x=1&" + tail}
	got := a.frames()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("frames %q, want %q", got, want)
	}
	if a.Code != http.StatusOK || a.next() != ordersC+"?state=1" {
		t.Errorf("answered %d, leads to %q", a.Code, a.next())
	}
	if csp := a.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "frame-src https://") || strings.Contains(csp, "evil") {
		t.Errorf("policy %q", csp)
	}
}

// Among whose redirect URIs the address is looked for.
func TestWhoseAddress(t *testing.T) {
	for _, tt := range []struct {
		name   string
		joined []directory.ID
		token  directory.ID // "" for the page's answer
		params []string
		want   string
	}{
		{"the token's application", nil, orders, []string{"post_logout_redirect_uri", ordersC}, ordersC},
		{"not the one beside it", []directory.ID{stock}, stock, []string{"post_logout_redirect_uri", ordersC}, ""},
		{"token and client_id agree", nil, orders, []string{"post_logout_redirect_uri", ordersC, "client_id", strings.ToUpper(string(orders))}, ordersC},
		{"token and client_id differ", []directory.ID{orders}, stock, []string{"post_logout_redirect_uri", ordersC, "client_id", string(orders)}, ""},
		{"token and a malformed client_id", nil, orders, []string{"post_logout_redirect_uri", ordersC, "client_id", "orders"}, ""},
		{"client_id", nil, "", []string{"post_logout_redirect_uri", ordersC, "client_id", string(orders)}, ordersC},
		{"client_id of another", []directory.ID{orders}, "", []string{"post_logout_redirect_uri", ordersC, "client_id", string(stock)}, ""},
		{"unknown client_id", []directory.ID{orders}, "", []string{"post_logout_redirect_uri", ordersC, "client_id", string(nobody)}, ""},
		{"an application of the session", []directory.ID{field, orders}, "", []string{"post_logout_redirect_uri", ordersC}, ordersC},
		{"an application outside it", []directory.ID{field}, "", []string{"post_logout_redirect_uri", ordersC}, ""},
		{"no address", []directory.ID{orders}, orders, nil, ""},
		{"state alone", []directory.ID{orders}, orders, []string{"state", "x"}, ""},
		{"disabled application", nil, banned, []string{"post_logout_redirect_uri", "https://banned.example/"}, ""},
		{"scheme of a native application", nil, field, []string{"post_logout_redirect_uri", "msal" + string(field) + "://auth", "state", "a"}, "msal" + string(field) + "://auth?state=a"},
		{"single-page application, another port", nil, stock, []string{"post_logout_redirect_uri", "http://localhost:4711/"}, "http://localhost:4711/"},
		{"a query of its own", nil, orders, []string{"post_logout_redirect_uri", "https://orders.example/q?a=b", "state", "&=#?"}, "https://orders.example/q?a=b&state=%26%3D%23%3F"},
		{"letters beyond ASCII", nil, orders, []string{"post_logout_redirect_uri", "https://orders.example/戻る"}, "https://orders.example/%e6%88%bb%e3%82%8b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			var clients []session.Client
			for _, app := range tt.joined {
				clients = append(clients, session.Client{Tenant: hakone, AppID: app})
			}
			w.signIn(hakone, aoi, clients...)
			params := tt.params
			if tt.token != "" {
				params = append([]string{"id_token_hint", w.idToken(tt.token, hakone, aoi, nil)}, params...)
			}
			a := w.get(params...)
			if tt.token == "" {
				a = w.post("flowToken", a.field("flowToken"))
			}
			if got := a.next(); got != tt.want || w.signedIn() != "" {
				t.Errorf("leads to %q, want %q; signed in %q", got, tt.want, w.signedIn())
			}
		})
	}
}

// Addresses that are not the registered one lead nowhere, in whatever dress.
func TestRedirectTricks(t *testing.T) {
	w := newWorld(t)
	for _, uri := range []string{
		"https://evil.example/", "//evil.example", `/\evil.example`, "/", "signed-out", "https:orders.example/signed-out",
		"https://orders.example/signed-out/", "https://orders.example/signed-out?", "https://orders.example/signed-out?x=1",
		"https://orders.example/signed-out#x", "https://orders.example/signed-out#", "https://orders.example/SIGNED-OUT",
		"https://ORDERS.example/signed-out", "HTTPS://orders.example/signed-out", "http://orders.example/signed-out",
		"https://orders.example:443/signed-out", "https://orders.example.evil.example/signed-out", "https://evil-orders.example/signed-out",
		"https://orders.example@evil.example/signed-out", "https://evil@orders.example/signed-out", `https://orders.example\@evil.example/signed-out`,
		"https://orders.example/x/../signed-out", "https://orders.example/./signed-out", "https://orders.example//signed-out",
		"https://orders.example/%73igned-out", "https://orders.example/signed-out%00", "https://orders.example/signed-out\t",
		" https://orders.example/signed-out", "https://orders.example/signed-out ", "https://orders.example/signed-out\n",
		"https://orders.example/signed-out\r\nSet-Cookie: a=b", "https://orders.example./signed-out", "https://ｏrders.example/signed-out",
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "DATA:text/html,x", "vbscript:x",
		"blob:https://orders.example/signed-out", "file:///etc/passwd", "urn:ietf:wg:oauth:2.0:oob", "about:blank",
		"https://evil.example/#frag", "http://evil.example/plain", "https://*.example/", strings.Repeat("a", 3000),
	} {
		for _, client := range []directory.ID{orders, evil, field} {
			if client == orders {
				w.signIn(hakone, aoi, session.Client{Tenant: hakone, AppID: field}, session.Client{Tenant: hakone, AppID: evil})
			}
			a := w.get("id_token_hint", w.idToken(client, hakone, aoi, nil), "post_logout_redirect_uri", uri, "state", "x")
			if a.next() != "" || a.Header().Get("Location") != "" || a.Code != http.StatusOK {
				t.Errorf("%q of %s: answered %d, leads to %q", uri, client, a.Code, a.next())
			}
			for _, link := range a.links() {
				if strings.HasPrefix(link, "//") || link[0] != '/' && link[0] != '?' {
					t.Errorf("%q of %s: the page leads to %q", uri, client, link)
				}
			}
			if w.signedIn() != "" {
				t.Errorf("%q: still signed in", uri)
			}
			w.live = nil
		}
	}
}

// The state comes back byte for byte, through the sealed page as well.
func TestState(t *testing.T) {
	for name, state := range map[string]string{
		"script":  `"><script>alert(1)</script>`,
		"unicode": "関所\u202e\U0001F6A6",
		"control": "\x01\x1f\x7f\r\n\t",
		"percent": "%41%zz+ ",
		"large":   strings.Repeat("<", 8<<10),
	} {
		w := newWorld(t)
		w.signIn(hakone, aoi)
		a := w.post("flowToken", w.get("post_logout_redirect_uri", ordersC, "client_id", string(orders), "state", state).field("flowToken"))
		at := must[*url.URL](t)(url.Parse(a.next()))
		if got := must[url.Values](t)(url.ParseQuery(at.RawQuery)).Get("state"); got != state {
			t.Errorf("%s: came back as %q", name, got)
		}
	}
}

// Nobody is signed in: there is nothing to ask about.
func TestNobodySignedIn(t *testing.T) {
	w := newWorld(t)
	if a := w.get(); !a.stays() {
		t.Errorf("%d: %s", a.Code, a.body)
	}
	if a := w.get("post_logout_redirect_uri", ordersC, "client_id", string(orders), "state", "a"); a.Code != http.StatusSeeOther || a.next() != ordersC+"?state=a" {
		t.Errorf("answered %d to %q", a.Code, a.next())
	}
	w.cookies["__Host-sekisho"] = "1.garbage~~"
	if a := w.get(); !a.stays() || w.cookies["__Host-sekisho"] != "" {
		t.Errorf("a malformed cookie: %d, left %q", a.Code, w.cookies["__Host-sekisho"])
	}
}

func TestRefusedRequests(t *testing.T) {
	w := newWorld(t)
	w.signIn(hakone, aoi)
	for name, tt := range map[string]struct {
		method, tenant string
		params         []string
		status, code   int
	}{
		"method":             {http.MethodPut, "common", nil, 405, 900561},
		"malformed tenant":   {http.MethodGet, "a b", nil, 400, 900023},
		"unknown tenant":     {http.MethodGet, "nowhere.example", nil, 400, 90002},
		"parameter too long": {http.MethodGet, "common", []string{"state", strings.Repeat("x", 8<<10+1)}, 414, 90015},
		"hint too long":      {http.MethodPost, "common", []string{"id_token_hint", strings.Repeat("x", 16<<10+1)}, 400, 90004},
	} {
		a := w.ask(tt.method, 2, tt.tenant, nil, tt.params...)
		if a.Code != tt.status || !strings.Contains(a.body, "AADSTS"+strconv.Itoa(tt.code)) || w.signedIn() != "Aoi" {
			t.Errorf("%s: answered %d, signed in %q: %s", name, a.Code, w.signedIn(), a.body)
		}
	}
}

// If the storage fails, the person is still signed in and hears so.
func TestStorageFailure(t *testing.T) {
	w := newWorld(t)
	w.signIn(hakone, aoi)
	token := w.idToken(orders, hakone, aoi, nil)
	for _, op := range []sqlstore.Op{"read", "write", "commit"} {
		w.db.FailNext(op, context.DeadlineExceeded)
		a := w.get("id_token_hint", token, "post_logout_redirect_uri", ordersC)
		if a.Code != http.StatusServiceUnavailable || a.next() != "" || w.signedIn() != "Aoi" {
			t.Errorf("%s: answered %d, leads to %q, signed in %q", op, a.Code, a.next(), w.signedIn())
		}
	}
	if a := w.get("id_token_hint", token); !a.stays() || w.signedIn() != "" {
		t.Errorf("afterwards: %d, signed in %q", a.Code, w.signedIn())
	}
}
