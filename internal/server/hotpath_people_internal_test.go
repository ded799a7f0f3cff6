package server

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
)

// refreshing is a server whose jobs do not run, and a person's session and refresh
// token of the demonstration tenant's desktop application.
type refreshing struct {
	*Dev
	client, token string
	cookie        string // of the session
}

func newRefreshing(t testing.TB) *refreshing {
	t.Helper()
	dev, err := NewDev(t.Context(), DevOptions{Data: t.TempDir(), Addr: "localhost:8443"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &refreshing{Dev: dev}
	tenant, person := hakone.request.ID, hakone.people[1].id
	for _, a := range hakone.apps {
		if a.key == "ordersDesktop" {
			r.client = string(a.appID)
		}
	}
	sp := func(id directory.ID) directory.ID {
		p, err := dev.stores.ServicePrincipals.ServicePrincipalByAppID(t.Context(), tenant, id)
		if err != nil {
			t.Fatal(err)
		}
		return p.ID
	}
	grant := &directory.OAuth2PermissionGrant{
		ID: "hot", ClientID: sp(directory.ID(r.client)), ConsentType: directory.ConsentPrincipal, PrincipalID: person,
		ResourceID: sp(directory.GraphAppID), Scope: "openid profile offline_access User.Read",
	}
	ev := directory.Platform(tenant).Event(dev.clock.Now(), "Consent", "test", "", "")
	if err := dev.stores.Grants.CreateGrant(t.Context(), tenant, grant, ev); err != nil {
		t.Fatal(err)
	}
	user, err := dev.stores.Users.User(t.Context(), tenant, person)
	if err != nil {
		t.Fatal(err)
	}
	live, err := dev.people.sessions.Start(t.Context(), user, []string{"pwd"}, session.Place{})
	if err != nil {
		t.Fatal(err)
	}
	r.cookie = "__Host-sekisho=" + live.Secret()
	if err := dev.follower.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.redeem(t, r.authorize(t))
	return r
}

// authorize asks for a code without a page, and gives it.
func (r *refreshing) authorize(t testing.TB) string {
	t.Helper()
	challenge := sha256.Sum256([]byte(hotVerifier))
	q := url.Values{
		"client_id": {r.client}, "response_type": {"code"}, "redirect_uri": {"http://localhost"}, "prompt": {"none"},
		"scope":          {"openid profile offline_access User.Read"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	req := httptest.NewRequest(http.MethodGet, "/"+hakone.request.ID.String()+"/oauth2/v2.0/authorize?"+q.Encode(), nil)
	req.Host = "localhost:8443"
	req.Header.Set("Cookie", r.cookie)
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, req)
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || to.Query().Get("code") == "" {
		t.Fatalf("%d %s %s", w.Code, w.Header().Get("Location"), w.Body)
	}
	return to.Query().Get("code")
}

func (r *refreshing) redeem(t testing.TB, code string) {
	r.ask(t, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"http://localhost"}, "code_verifier": {hotVerifier}})
}

const hotVerifier = "a-verifier-of-forty-three-letters-at-least-0123"

// ask takes a grant to the token endpoint and keeps the next refresh token.
func (r *refreshing) ask(t testing.TB, form url.Values) {
	form.Set("client_id", r.client)
	req := httptest.NewRequest(http.MethodPost, "/"+hakone.request.ID.String()+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	req.Host = "localhost:8443"
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, req)
	var answer struct {
		RefreshToken string `json:"refresh_token"`
		IDToken      string `json:"id_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK || answer.RefreshToken == "" || answer.IDToken == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	r.token = answer.RefreshToken
	// Fewer than fifteen in five minutes, or it would be a loop.
	r.clock.Advance(25 * time.Second)
}

func (r *refreshing) refresh(t testing.TB) {
	r.ask(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.token}})
}

// On a warm view a person's flows read what no view keeps, each thing once, and
// write what they must; not counted are begin and commit.
func TestStatementsOfPeople(t *testing.T) {
	r := newRefreshing(t)
	r.refresh(t)
	const times = 10
	var codes []string
	for _, tt := range []struct {
		name string
		each int64
		act  func()
	}{
		// session, person, what was consented to; the code
		{"silent authorize", 4, func() { codes = append(codes, r.authorize(t)) }},
		// code, person, what was consented to; code, family, record
		{"code exchange", 6, func() { r.redeem(t, codes[0]); codes = codes[1:] }},
		// family, person, what was consented to; family, record
		{"refresh", 5, func() { r.refresh(t) }},
	} {
		before := r.db.Stats().Statements
		for range times {
			tt.act()
		}
		if sent := r.db.Stats().Statements - before; sent > times*tt.each {
			t.Errorf("%d statements for %d times %s, want at most %d each", sent, times, tt.name, tt.each)
		}
	}
}

func BenchmarkRefresh(b *testing.B) {
	r := newRefreshing(b)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%256 == 0 {
			if err := r.follower.Follow(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		r.refresh(b)
	}
}
