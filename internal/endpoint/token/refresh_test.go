package token_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// begin is the refresh token of a new sign-in.
func (w *world) begin(client *directory.Application, changes ...func(*authorization.Code)) string {
	w.t.Helper()
	return w.ask(w.exchange(client, w.code(client, changes...))).good(w.t, "code").text("refresh_token")
}

func TestRefresh(t *testing.T) {
	w := newWorld(t)
	for name, client := range w.clients() {
		t.Run(name, func(t *testing.T) {
			first := w.ask(w.exchange(client, w.code(client))).good(t, "code")
			w.pass(time.Hour)
			a := w.ask(w.refreshing(client, first.text("refresh_token"))).good(t, "refresh")
			if got, want := a.text("scope"), first.text("scope"); got != want {
				t.Errorf("scope %q, want %q", got, want)
			}
			access, id := a.claims(t, "access_token"), a.claims(t, "id_token")
			if access["scp"] != "Orders.Read Orders.Write" || id["nonce"] != nil || id["sub"] != first.claims(t, "id_token")["sub"] {
				t.Errorf("%v\n%v", access, id)
			}
			if next := a.text("refresh_token"); next == "" || next == first.text("refresh_token") {
				t.Errorf("refresh token %q", next)
			}
			if a.text("client_info") != first.text("client_info") {
				t.Error("another account after a refresh")
			}
			left, ok := a.Body["refresh_token_expires_in"].(float64)
			if (client == w.spa) != ok || ok && left != 82800 {
				t.Errorf("refresh_token_expires_in %v", left)
			}
			w.ask(w.refreshing(client, a.text("refresh_token"))).good(t, "the next one")
		})
	}
}

// A refresh token is good for every resource that the client holds consent to.
func TestRefreshForAnotherResource(t *testing.T) {
	w := newWorld(t)
	v := w.refreshing(w.web, w.begin(w.web))
	for _, tt := range []struct{ send, scope string }{
		{"User.Read", "email openid profile User.Read"},
		{"openid profile offline_access", "email openid profile User.Read"},
		{w.api() + "/.default openid", "email openid profile " + w.api() + "/Orders.Read " + w.api() + "/Orders.Write " + w.api() + "/.default"},
		// Of several the first.
		{"User.Read " + w.api() + "/Orders.Read", "email openid profile User.Read"},
		{w.api() + "/Orders.Read User.Read", "email openid profile " + w.api() + "/Orders.Read " + w.api() + "/Orders.Write"},
	} {
		if got := w.ask(with(v, "scope", tt.send)).good(t, tt.send).text("scope"); got != tt.scope {
			t.Errorf("%q gave %q", tt.send, got)
		}
	}
	a := w.ask(with(v, "@version", "1", "resource", "https://graph.microsoft.com")).good(t, "v1")
	if a.text("resource") != "https://graph.microsoft.com" || a.text("refresh_token") == "" {
		t.Errorf("%v", a.Body)
	}
	a = w.ask(with(v, "@version", "1")).good(t, "v1 without a resource")
	if a.text("resource") != w.api() {
		t.Errorf("resource %q", a.text("resource"))
	}
}

func TestRefreshRefusals(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name    string
		client  *directory.Application
		changes []string
		status  int
		oauth   string
		number  int
	}{
		{"no token", w.web, []string{"refresh_token", ""}, 400, "invalid_request", 900144},
		{"garbled", w.web, []string{"refresh_token", "1.abc"}, 400, "invalid_request", 9002313},
		{"unknown", w.web, []string{"refresh_token", "1." + strings.Repeat("A", 151)}, 400, "invalid_grant", 70000},
		{"a code", w.web, []string{"refresh_token", w.code(w.web)}, 400, "invalid_request", 9002313},
		{"of another client", w.web, []string{"client_id", string(w.native.AppID), "client_secret", ""}, 400, "invalid_grant", 70000},
		{"of another client, to one with a secret", w.native, []string{"client_id", string(w.web.AppID), "client_secret", secret}, 400, "invalid_grant", 70000},
		{"of another client, to one without its secret", w.native, []string{"client_id", string(w.web.AppID), "client_secret", "no"}, 401, "invalid_client", 7000215},
		{"web without its secret", w.web, []string{"client_secret", ""}, 401, "invalid_client", 7000218},
		{"web from a browser", w.web, []string{"@origin", origin}, 400, "invalid_request", 9002326},
		{"single-page from no browser", w.spa, []string{"@origin", ""}, 400, "invalid_request", 9002327},
		{"native with a secret", w.native, []string{"client_secret", secret}, 401, "invalid_client", 700025},
		{"scope nobody consented to", w.spa, []string{"scope", w.api() + "/Orders.Admin"}, 400, "invalid_grant", 65001},
		{"unknown scope", w.spa, []string{"scope", w.api() + "/Orders.Burn"}, 400, "invalid_client", 650053},
		{"unknown resource", w.spa, []string{"scope", "api://nothing/.default"}, 400, "invalid_resource", 500011},
		{"empty scope", w.spa, []string{"scope", " "}, 400, "invalid_request", 28003},
		{"resource on v2", w.web, []string{"resource", "api://x"}, 400, "invalid_request", 901002},
		{"malformed claims", w.native, []string{"claims", "{"}, 400, "invalid_request", 9000410},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := w.refreshing(tt.client, w.begin(tt.client))
			a := w.ask(with(v, tt.changes...))
			a.refused(t, "the request", tt.status, tt.oauth, tt.number)
			if tt.client == w.spa && tt.status == 400 && tt.number != 9002327 && a.Header.Get("Access-Control-Allow-Origin") != origin {
				t.Error("a browser cannot read the error")
			}
			w.pass(time.Hour)
			w.ask(v).good(t, "the token was not used up")
		})
	}
}

func TestReuseRevokes(t *testing.T) {
	w := newWorld(t)
	for _, client := range []*directory.Application{w.spa, w.native} {
		first := w.begin(client)
		second := w.ask(w.refreshing(client, first)).good(t, "refresh").text("refresh_token")
		w.pass(time.Minute)
		w.ask(w.refreshing(client, first)).good(t, "the other tab")
		w.pass(time.Microsecond)
		a := w.ask(w.refreshing(client, first))
		a.refused(t, "reuse", 400, "invalid_grant", 50173)
		if a.text("suberror") != "bad_token" {
			t.Errorf("suberror %q", a.text("suberror"))
		}
		w.ask(w.refreshing(client, second)).refused(t, "the newest", 400, "invalid_grant", 50173)
	}
}

func TestRefreshTokenAges(t *testing.T) {
	w := newWorld(t)
	web, spa := w.begin(w.web), w.begin(w.spa)
	w.pass(authorization.SPALimit)
	a := w.ask(w.refreshing(w.spa, spa))
	a.refused(t, "single-page after a day", 400, "invalid_grant", 700084)
	if a.text("suberror") != "bad_token" {
		t.Errorf("suberror %q", a.text("suberror"))
	}
	w.pass(authorization.IdleLimit)
	a = w.ask(w.refreshing(w.web, web))
	a.refused(t, "idle", 400, "invalid_grant", 700082)
	if a.text("suberror") != "bad_token" {
		t.Errorf("suberror %q", a.text("suberror"))
	}
}

// A refresh token follows its account to every tenant that knows the person.
func TestRefreshInAnotherTenant(t *testing.T) {
	w := newWorld(t)
	v := with(w.refreshing(w.native, w.begin(w.native)), "@tenant", "usui.example")
	a := w.ask(v).good(t, "guest")
	access := a.claims(t, "access_token")
	if access["tid"] != w.usui.ID.String() || access["oid"] != string(w.guest.ID) {
		t.Errorf("%v", access)
	}
	home := w.ask(with(v, "refresh_token", a.text("refresh_token"), "@tenant", "")).good(t, "home again")
	if home.text("client_info") != a.text("client_info") || home.claims(t, "access_token")["oid"] != string(w.hanako.ID) {
		t.Errorf("%v", home.Body)
	}
	alias := w.ask(with(v, "refresh_token", home.text("refresh_token"), "@tenant", "common")).good(t, "alias")
	if alias.claims(t, "access_token")["tid"] != w.hakone.ID.String() {
		t.Error("an alias led to another tenant")
	}
	v.Set("refresh_token", alias.text("refresh_token"))
	w.ask(with(v, "@tenant", "consumers")).refused(t, "personal accounts only", 400, "invalid_grant", 500208)

	w.change(w.usui, w.guest, func(u *directory.User) { u.AccountEnabled = false })
	w.ask(v).refused(t, "disabled guest", 400, "invalid_grant", 50057)
	w.must(w.db.DeleteUser(t.Context(), w.usui.ID, w.guest.ID, w.clock(), w.event()))
	w.ask(v).refused(t, "no guest", 400, "invalid_grant", 50020)
	w.ask(with(v, "@tenant", "nowhere.example")).refused(t, "no tenant", 400, "invalid_request", 90002)
	w.ask(with(v, "@tenant", "")).good(t, "home after all that")

	w.must(w.db.ChangeApplication(t.Context(), w.hakone.ID, w.native.ID, func(a *directory.Application) error { a.SignInAudience = directory.AudienceMyOrg; return nil }, w.event()))
	w.ask(v).refused(t, "an application of one organisation", 400, "unauthorized_client", 700016)
}

// Every use is judged by the directory as it stands.
func TestPersonAndClientAtRefresh(t *testing.T) {
	w := newWorld(t)
	v := w.refreshing(w.native, w.begin(w.native))
	w.pass(time.Hour)
	w.change(w.hakone, w.hanako, func(u *directory.User) { u.AccountEnabled = false })
	w.ask(v).refused(t, "disabled", 400, "invalid_grant", 50057)
	w.change(w.hakone, w.hanako, func(u *directory.User) { u.AccountEnabled = true })
	w.ask(v).good(t, "enabled again")

	w.requireAssignment(w.hakone, w.native)
	w.ask(v).refused(t, "assignment", 400, "invalid_grant", 50105)
	w.assign(w.hakone, w.hanako, w.native, directory.ZeroID)
	w.ask(v).good(t, "assigned")

	sp := w.principal(w.hakone, w.native.AppID)
	enable := func(on bool) {
		w.must(w.db.ChangeServicePrincipal(t.Context(), w.hakone.ID, sp.ID, func(sp *directory.ServicePrincipal) error { sp.AccountEnabled = on; return nil }, w.event()))
	}
	enable(false)
	w.ask(v).refused(t, "client disabled", 400, "unauthorized_client", 7000112)
	enable(true)

	for _, g := range []directory.ID{directory.GraphAppID, w.orders.AppID} {
		grants, err := w.db.GrantsFor(t.Context(), w.hakone.ID, sp.ID, w.hanako.ID)
		w.must(err)
		for _, grant := range grants {
			if grant.ResourceID == w.principal(w.hakone, g).ID {
				w.must(w.db.DeleteGrant(t.Context(), w.hakone.ID, grant.ID, w.event()))
			}
		}
		if g == directory.GraphAppID {
			// Without openid and offline_access there is still a token for the API.
			a := w.ask(v).good(t, "consent to OpenID Connect withdrawn")
			if a.Body["id_token"] != nil || a.text("refresh_token") == "" {
				t.Errorf("%v", a.Body)
			}
		}
	}
	w.ask(v).refused(t, "consent withdrawn", 400, "invalid_grant", 65001)

	changed := w.refreshing(w.spa, w.begin(w.spa))
	confidential := w.refreshing(w.web, w.begin(w.web))
	w.pass(time.Second)
	w.change(w.hakone, w.hanako, func(u *directory.User) { u.PasswordChangedAt = w.clock() })
	w.ask(changed).refused(t, "password changed, single-page", 400, "invalid_grant", 50173)
	w.ask(confidential).good(t, "password changed, web")
	w.change(w.hakone, w.hanako, func(u *directory.User) { u.SessionsValidFrom = w.clock() })
	w.ask(confidential).refused(t, "sessions revoked, web", 400, "invalid_grant", 50173)
	w.must(w.db.DeleteUser(t.Context(), w.hakone.ID, w.hanako.ID, w.clock(), w.event()))
	w.ask(confidential).refused(t, "deleted", 400, "invalid_grant", 50034)
}

func TestRefreshInParallel(t *testing.T) {
	w := newWorld(t)
	v := w.refreshing(w.spa, w.begin(w.spa))
	const tabs = 8
	answers := make([]*answer, tabs)
	var wg sync.WaitGroup
	for i := range tabs {
		wg.Go(func() { answers[i] = w.ask(v) })
	}
	wg.Wait()
	w.pass(time.Hour)
	for _, a := range answers {
		a.good(t, "a tab")
	}
	w.ask(w.refreshing(w.spa, answers[0].text("refresh_token"))).good(t, "later")
}

func TestRefreshWithFailingStorage(t *testing.T) {
	w := newWorld(t)
	for _, op := range []sqlstore.Op{sqlstore.OpRead, sqlstore.OpWrite, sqlstore.OpAppend} {
		v := w.refreshing(w.native, w.begin(w.native))
		w.db.FailNext(op, errors.New("disk full"))
		if a := w.ask(v); a.Status != 503 || a.Body["access_token"] != nil || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", op, a.Status, a.Body)
		}
		w.pass(time.Hour)
		w.ask(v).good(t, "again after "+string(op))
	}
}

func TestLoop(t *testing.T) {
	w := newWorld(t)
	v := w.refreshing(w.web, w.begin(w.web))
	for range 14 {
		w.pass(time.Second)
		w.ask(v).good(t, "below the limit")
	}
	w.ask(v).refused(t, "the fifteenth", 400, "invalid_grant", 50196)
	w.ask(with(v, "scope", "User.Read")).good(t, "another resource")
	w.ask(w.refreshing(w.native, w.begin(w.native))).good(t, "another client")
	w.pass(5*time.Minute - 14*time.Second)
	w.ask(v).refused(t, "within five minutes of the first", 400, "invalid_grant", 50196)
	w.pass(time.Second)
	w.ask(v).good(t, "after them")
}
