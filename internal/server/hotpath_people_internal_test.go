package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// refreshing is a server whose jobs do not run, and a person's refresh token of
// the demonstration tenant's desktop application.
type refreshing struct {
	*Dev
	client, token string
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
	code, err := dev.people.authorizations.IssueCode(t.Context(), &authorization.Code{
		Subject: authorization.Subject{Tenant: tenant, User: person, HomeTenant: tenant, HomeUser: person, AuthTime: dev.clock.Now(), Methods: []string{"pwd"}},
		Asked: authorization.Asked{Client: directory.ID(r.client), Platform: directory.PlatformPublicClient, Version: 2, Path: tenant.String(),
			Scope: "openid profile offline_access User.Read"},
		RedirectURI: "http://localhost", RedirectSent: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.follower.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.ask(t, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"http://localhost"}})
	return r
}

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

// A refresh on a warm view reads what no view keeps: the family, the person and
// what was consented to; and writes the rotation and the sign-in record.
func TestRefreshStatements(t *testing.T) {
	r := newRefreshing(t)
	r.refresh(t)
	const times, most = 10, 5
	before := r.db.Stats().Statements
	for range times {
		r.refresh(t)
	}
	if sent := r.db.Stats().Statements - before; sent > times*most {
		t.Errorf("%d statements for %d refreshes, want at most %d each", sent, times, most)
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
