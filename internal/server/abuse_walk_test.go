package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"
)

func init() {
	attacks["steps in any order"] = abuseWalk
}

// walker sends the steps of sign-ins in any order: two people of two tenants, two
// applications, two browsers. It knows what must hold whatever the order.
type walker struct {
	*world
	random  *rand.Rand
	people  []walkerPerson
	apps    []walkerApp
	windows map[string]*window

	codes     []walkerCode
	families  []walkerFamily
	got, seen int
}

// signOutTile is how a page names one of several sessions.
var signOutTile = regexp.MustCompile(`name="account" value="([^"]*)"`)

type walkerPerson struct{ name, id, password, tenant string }

type walkerApp struct{ id, secret, redirect, tenant string }

// window is what a browser shows, and what the people in front of it have proven.
type window struct {
	pages  [][]byte        // forms that may be posted, old ones too
	proven map[string]bool // people by id whose password was right here, since the sign-out
}

type walkerCode struct {
	value string
	gave  string // the refresh token
	app   int
	used  bool
	may   map[string]bool // who was proven when it came
}

type walkerFamily struct {
	token string
	app   int
	oid   string
	dead  bool
}

func abuseWalk(t *testing.T, srv *sekishotest.Server) {
	got, seen := 0, 0
	for seed := range uint64(2) {
		w := attacked(t, srv, `
			person hana
			foreigner kai
			guest kai
			app web shop
			app web desk
			graph PATCH /v1.0/applications/{shop.id}
			  {"signInAudience":"AzureADMultipleOrgs"}
			graph PATCH /v1.0/applications/{desk.id}
			  {"web":{"redirectUris":["https://desk.example/cb"]}}
		`)
		v := w.vars
		k := &walker{world: w, random: rand.New(rand.NewPCG(seed, 7)), windows: map[string]*window{}, people: []walkerPerson{
			{v["hana"], v["hana.id"], v["hana.password"], v["tenant"]},
			{v["kai"], v["kai.id"], v["kai.password"], v["kai.tenant"]},
		}, apps: []walkerApp{
			{v["shop"], v["shop.secret"], "https://app.example/cb", v["tenant"]}, {v["desk"], v["desk.secret"], "https://desk.example/cb", v["tenant"]},
		}}
		for range 220 {
			k.step()
			if t.Failed() {
				t.Fatalf("seed %d: %d %s %s", seed, w.status, w.header.Get("Location"), w.body)
			}
		}
		got, seen = got+k.got, seen+k.seen
	}
	if got < 6 || seen < 3 {
		t.Errorf("only %d codes came and %d were redeemed: the walk tests nothing", got, seen)
	}
}

func (k *walker) step() {
	k.browser = []string{"first", "second"}[k.random.IntN(2)]
	if k.windows[k.browser] == nil {
		k.windows[k.browser] = &window{proven: map[string]bool{}}
	}
	switch k.random.IntN(14) {
	case 0, 1, 2:
		k.ask()
	case 3, 4, 5, 6, 7:
		k.post()
	case 8, 12, 13:
		k.redeemAny()
	case 9:
		k.refreshAny()
	case 10:
		k.leave()
	default:
		k.stranger()
	}
}

func (k *walker) window() *window { return k.windows[k.browser] }

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// ask begins a sign-in with one of the applications.
func (k *walker) ask() {
	i := k.random.IntN(len(k.apps))
	app := k.apps[i]
	q := url.Values{
		"client_id": {app.id}, "redirect_uri": {app.redirect}, "response_type": {"code"}, "state": {"st"}, "scope": {"openid profile offline_access"},
		"nonce": {fmt.Sprintf("%d %d", i, k.random.Uint64())},
	}
	for _, p := range []struct {
		name   string
		values []string
	}{
		{"prompt", []string{"", "", "", "none", "login", "select_account", "consent"}}, {"max_age", []string{"", "", "", "0", "60"}}, {"login_hint", []string{"", "", k.people[0].name, k.people[1].name}},
	} {
		if value := pick(k.random, p.values...); value != "" && (p.name != "login_hint" || q.Get("prompt") != "select_account") {
			q.Set(p.name, value)
		}
	}
	tenant := app.tenant
	if i == 0 {
		tenant = pick(k.random, app.tenant, "common", "organizations", k.people[1].tenant)
	}
	k.browse(k.request("GET", k.srv.URL+"/"+tenant+"/oauth2/v2.0/authorize?"+q.Encode(), nil))
	k.look()
}

// look takes in what came: a page that may be posted later, or a code.
func (k *walker) look() {
	k.canary()
	win := k.window()
	if k.status >= 500 {
		k.t.Errorf("the server failed")
	}
	if k.due() != "" {
		win.pages = append(win.pages, k.body)
	}
	at := k.header.Get("Location")
	if at == "" {
		return
	}
	for i, app := range k.apps {
		if u, err := url.Parse(at); err == nil && strings.HasPrefix(at, app.redirect+"?") {
			if code := u.Query().Get("code"); code != "" {
				k.got++
				may := map[string]bool{}
				for id, ok := range win.proven {
					may[id] = ok
				}
				if len(may) == 0 {
					k.t.Error("a code came to a browser in which nobody proved who they are")
				}
				k.codes = append(k.codes, walkerCode{value: code, app: i, may: may})
			}
			return
		}
	}
	k.t.Errorf("an answer left for %s", at)
}

// post answers one of the pages that this browser saw, the last one most often,
// as it should be or as another step.
func (k *walker) post() {
	win := k.window()
	if len(win.pages) == 0 {
		return
	}
	page := win.pages[len(win.pages)-1]
	if k.random.IntN(4) == 0 {
		page = pick(k.random, win.pages...)
	}
	address, form := signInForm(page)
	if k.random.IntN(5) == 0 {
		form.Set("step", pick(k.random, "username", "password", "newpassword", "pick", "stay", "consent", "refused"))
	}
	who := pick(k.random, k.people...)
	form.Set("loginfmt", who.name)
	form.Set("account", who.tenant+"/"+who.id)
	password := "wrong"
	// Where the page says whose password it wants, that person knows it most often.
	for _, p := range k.people {
		if strings.Contains(string(page), p.name) && k.random.IntN(6) > 0 {
			password = p.password
		}
	}
	form.Set("passwd", password)
	form.Set("newpasswd", "Momiji-Hayashi-42!")
	form.Set("confirmpasswd", "Momiji-Hayashi-42!")
	if action := pick(k.random, "", "", "", "", "", "no", "cancel", "other", "switch", "back"); action != "" {
		form.Set("action", action)
	}
	// Whoever types the right password of somebody is taken to have proven it.
	for _, p := range k.people {
		if password == p.password && form.Get("step") == "password" {
			win.proven[p.id] = true
		}
	}
	k.postForm(address, form.Encode(), map[string]string{"Sec-Fetch-Site": "same-origin"})
	k.look()
}

// redeemAny sends one of the codes, good or used, as its own client or another.
func (k *walker) redeemAny() {
	if len(k.codes) == 0 {
		return
	}
	c := &k.codes[k.random.IntN(len(k.codes))]
	if k.random.IntN(2) == 0 {
		c = &k.codes[len(k.codes)-1]
	}
	by := c.app
	if k.random.IntN(4) == 0 {
		by = 1 - by
	}
	app := k.apps[by]
	for _, tenant := range []string{app.tenant, "common", k.people[1].tenant} {
		k.token(tenant, app, url.Values{"grant_type": {"authorization_code"}, "code": {c.value}, "redirect_uri": {k.apps[c.app].redirect}})
		if k.status != http.StatusOK {
			if strings.Contains(string(k.body), "AADSTS54005") {
				k.revoked(c.gave)
			}
			continue
		}
		claims := payload(k.t, k.at("id_token"))
		oid, _ := claims["oid"].(string)
		if home := k.home(oid); c.used || by != c.app || !c.may[home] || claims["aud"] != app.id {
			k.t.Errorf("the code %+v gave %s to %s", *c, oid, app.id)
		}
		c.used = true
		k.seen++
		k.families = append(k.families, walkerFamily{token: k.at("refresh_token"), app: by, oid: oid})
		c.gave = k.at("refresh_token")
		return
	}
}

// home is the account behind an object of the tenant.
func (k *walker) home(oid string) string {
	if oid == k.vars["kai.guest"] {
		return k.people[1].id
	}
	return oid
}

// revoked notes that what a code gave is gone.
func (k *walker) revoked(token string) {
	for i := range k.families {
		if k.families[i].token == token {
			k.families[i].dead = true
		}
	}
}

func (k *walker) token(tenant string, app walkerApp, form url.Values) {
	form.Set("client_id", app.id)
	form.Set("client_secret", app.secret)
	req := k.request("POST", k.srv.URL+"/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	k.send(req)
}

// refreshAny sends a refresh token, living or dead, as its own client or another.
func (k *walker) refreshAny() {
	if len(k.families) == 0 {
		return
	}
	f := k.families[k.random.IntN(len(k.families))]
	by := f.app
	if k.random.IntN(3) == 0 {
		by = 1 - by
	}
	k.token(k.apps[by].tenant, k.apps[by], url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.token}, "scope": {"openid"}})
	switch {
	case k.status >= 500:
		k.t.Errorf("the server failed")
	case k.status == http.StatusOK && (f.dead || by != f.app):
		k.t.Errorf("a refresh token that is dead (%t) or another's (%t) is good", f.dead, by != f.app)
	case k.status == http.StatusOK:
		if oid := payload(k.t, k.at("id_token"))["oid"]; k.home(fmt.Sprint(oid)) != k.home(f.oid) {
			k.t.Errorf("a refresh token of %s gives %v", f.oid, oid)
		}
	}
}

// leave signs somebody out of this browser, by the page that asks.
func (k *walker) leave() {
	k.browse(k.request("GET", k.srv.URL+"/common/oauth2/v2.0/logout", nil))
	for {
		address, form := signInForm(k.body)
		if address == "" {
			break
		}
		if m := signOutTile.FindSubmatch(k.body); m != nil {
			form.Set("account", string(m[1]))
		}
		k.postForm(address, form.Encode(), map[string]string{"Sec-Fetch-Site": "same-origin"})
		k.canary()
		k.browse(k.request("GET", k.srv.URL+"/common/oauth2/v2.0/logout", nil))
	}
	if k.cookie(sessionCookie) != "" || k.cookie(stayCookie) != "" {
		k.t.Error("everybody signed out, and a session is left")
	}
	k.window().proven = map[string]bool{}
}

// stranger posts a page of this browser from another one.
func (k *walker) stranger() {
	win := k.window()
	if len(win.pages) == 0 {
		return
	}
	page, back := pick(k.random, win.pages...), k.browser
	jar, err := cookiejar.New(nil)
	if err != nil {
		k.t.Fatal(err)
	}
	k.browser, k.jars["stranger"] = "stranger", jar
	address, form := signInForm(page)
	form.Set("step", "stay")
	k.postForm(address, form.Encode(), map[string]string{"Sec-Fetch-Site": "same-origin"})
	if k.status != http.StatusBadRequest || k.header.Get("Location") != "" || len(k.cookies()) > 0 {
		k.t.Errorf("a stranger with somebody's page: %d", k.status)
	}
	k.browser = back
}
