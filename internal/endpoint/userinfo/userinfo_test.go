package userinfo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
)

var (
	acme  = directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")
	other = directory.MustTenantID("b1d4e8a7-3c26-4f90-9a15-7e0c2d5f8b64")
)

const (
	hana   directory.ID = "a8c3f5d0-71b2-4e69-95da-0c4e7b1f6d82"
	client directory.ID = "0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36"
)

// known are tokens, and what each says or why it is refused.
type known map[string]any

func (k known) Verify(_ context.Context, token string) (*issue.Verified, error) {
	switch v := k[token].(type) {
	case *issue.Verified:
		return v, nil
	case error:
		return nil, v
	}
	return nil, issue.ErrTokenMalformed
}

// tenants are those that there are.
type tenants map[directory.TenantID]*directory.Tenant

func (l tenants) TenantByName(_ context.Context, name string) (*directory.Tenant, error) {
	for id, t := range l {
		if id.String() == name {
			return t, nil
		}
	}
	return nil, directory.ErrNotFound
}

// deriver gives every tenant a key of its own.
type deriver struct{}

func (deriver) Derive(_ context.Context, owner, purpose string, n int) ([]byte, error) {
	return []byte(strings.Repeat(owner+purpose, n))[:n], nil
}

var subjects = issue.Subjects{Keeper: deriver{}}

func ptr[T any](v T) *T { return &v }

func verified(change func(*issue.Verified), scopes ...string) *issue.Verified {
	v := &issue.Verified{
		Tenant: acme, AppID: client, User: hana, Scopes: scopes, HomeTenant: acme,
		Client: &directory.ServicePrincipal{AppID: client, App: &directory.Application{SignInAudience: directory.AudienceMultiOrg}},
		Person: &directory.User{
			ID: hana, DisplayName: "Hana Mori", GivenName: ptr("Hana"), Surname: ptr("Mori"), Mail: ptr("hana@acme.example"),
			UserPrincipalName: "hana@acme.example",
		},
	}
	if change != nil {
		change(v)
	}
	return v
}

func endpoint(t *testing.T) *Endpoint {
	t.Helper()
	gone := fmt.Errorf("reading the user: %w", directory.ErrUnavailable)
	e, err := New(Config{
		Graph: known{
			"openid":  verified(nil, "User.Read", "openid"),
			"profile": verified(nil, "openid", "profile"),
			"email":   verified(nil, "email", "openid"),
			"all":     verified(nil, "email", "openid", "profile", "User.Read"),
			"plain":   verified(func(v *issue.Verified) { v.Person = &directory.User{ID: hana, DisplayName: "Hana"} }, "email", "openid", "profile"),
			"none":    verified(nil, "User.Read", "profile"),
			"guest": verified(func(v *issue.Verified) {
				v.HomeTenant, v.Person.Mail = other, ptr("hana@other.example")
			}, "openid", "email"),
			"forged address": verified(func(v *issue.Verified) { v.Person.Mail = ptr("boss@bank.example") }, "openid", "email"),
			"personal":       verified(func(v *issue.Verified) { v.Tenant, v.HomeTenant = directory.Consumers, directory.Consumers }, "openid"),
			"lost tenant": verified(func(v *issue.Verified) {
				v.Tenant = directory.MustTenantID("11111111-1111-4111-8111-111111111111")
			}, "openid"),
			"app":       verified(func(v *issue.Verified) { v.User, v.Scopes, v.Person, v.Roles = "", nil, nil, []string{"User.Read.All"} }),
			"expired":   issue.ErrTokenExpired,
			"signature": fmt.Errorf("%w: no such key", issue.ErrTokenSignature),
			"issuer":    issue.ErrTokenIssuer,
			"revoked":   issue.ErrTokenRevoked,
			"vault":     issue.ErrTokenAudience,
			"legacy":    issue.ErrTokenAudience,
			"failure":   gone,
		},
		Legacy:   known{"legacy": verified(nil, "openid", "profile"), "vault": issue.ErrTokenAudience},
		Subjects: subjects,
		Tenants: tenants{
			acme:                {ID: acme, Domains: []directory.Domain{{Name: "acme.example", Verified: true}, {Name: "claimed.example"}}},
			other:               {ID: other, Domains: []directory.Domain{{Name: "other.example", Verified: true}}},
			directory.Consumers: {ID: directory.Consumers},
		},
		Log: slog.New(slog.DiscardHandler),
		WriteError: func(w http.ResponseWriter, _ *http.Request, err error) {
			if !errors.Is(err, directory.ErrUnavailable) {
				t.Errorf("the server failed: %v", err)
			}
			w.WriteHeader(http.StatusServiceUnavailable)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func routes(t *testing.T) http.Handler {
	e, mux := endpoint(t), http.NewServeMux()
	mux.Handle("/oidc/userinfo", e.V2())
	mux.Handle("/{tenant}/openid/userinfo", e.V1())
	return mux
}

func subject(t *testing.T, tenant directory.TenantID) string {
	t.Helper()
	s, err := subjects.Subject(t.Context(), tenant, client, hana)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestClaims(t *testing.T) {
	sub := subject(t, acme)
	for _, tt := range []struct {
		token string
		want  map[string]any
	}{
		{"openid", map[string]any{"sub": sub}},
		{"profile", map[string]any{"sub": sub, "name": "Hana Mori", "given_name": "Hana", "family_name": "Mori"}},
		{"email", map[string]any{"sub": sub, "email": "hana@acme.example"}},
		{"all", map[string]any{"sub": sub, "name": "Hana Mori", "given_name": "Hana", "family_name": "Mori", "email": "hana@acme.example"}},
		{"plain", map[string]any{"sub": sub, "name": "Hana"}},
		{"guest", map[string]any{"sub": sub, "email": "hana@other.example"}},
		{"forged address", map[string]any{"sub": sub}},
		{"personal", map[string]any{"sub": subject(t, directory.Consumers)}},
	} {
		t.Run(tt.token, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/oidc/userinfo", nil)
			r.Header.Set("Authorization", "Bearer "+tt.token)
			w := httptest.NewRecorder()
			routes(t).ServeHTTP(w, r)
			var got map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			h := w.Header()
			if h.Get("Content-Type") != "application/json; charset=utf-8" || !strings.Contains(h.Get("Cache-Control"), "no-store") ||
				h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("headers %v", h)
			}
		})
	}
}

func TestHowTheTokenComes(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	const invalid, scope = `Bearer realm="", error="invalid_token"`, `Bearer realm="", error="insufficient_scope", scope="openid"`
	const request = `Bearer realm="", error="invalid_request"`
	for _, tt := range []struct {
		name         string
		method, path string
		auth         []string
		ct, body     string
		status       int
		challenge    string
	}{
		{"header", "GET", "/oidc/userinfo", []string{"Bearer openid"}, "", "", 200, ""},
		{"scheme in another case", "GET", "/oidc/userinfo", []string{"bearer openid"}, "", "", 200, ""},
		{"POST with the header", "POST", "/oidc/userinfo", []string{"Bearer openid"}, "", "", 200, ""},
		{"POST with the header and JSON", "POST", "/oidc/userinfo", []string{"Bearer openid"}, "application/json", "{}", 200, ""},
		{"POST with the header and an empty form", "POST", "/oidc/userinfo", []string{"Bearer openid"}, form, "", 200, ""},
		{"form", "POST", "/oidc/userinfo", nil, form, "access_token=openid", 200, ""},
		{"form with charset", "POST", "/oidc/userinfo", nil, form + "; charset=UTF-8", "access_token=openid", 200, ""},
		{"parameters that nobody knows", "GET", "/oidc/userinfo?schema=openid", []string{"Bearer openid"}, "", "", 200, ""},
		{"nothing", "GET", "/oidc/userinfo", nil, "", "", 401, invalid},
		{"empty header", "GET", "/oidc/userinfo", []string{"Bearer "}, "", "", 401, invalid},
		{"another scheme", "GET", "/oidc/userinfo", []string{"Basic b3BlbmlkOg=="}, "", "", 401, invalid},
		{"form of GET", "GET", "/oidc/userinfo", nil, form, "access_token=openid", 401, invalid},
		{"form of another type", "POST", "/oidc/userinfo", nil, "text/plain", "access_token=openid", 401, invalid},
		{"empty form", "POST", "/oidc/userinfo", nil, form, "", 401, invalid},
		{"query", "GET", "/oidc/userinfo?access_token=openid", nil, "", "", 400, request},
		{"query beside the header", "GET", "/oidc/userinfo?access_token=openid", []string{"Bearer openid"}, "", "", 400, request},
		{"query twice", "GET", "/oidc/userinfo?access_token=openid&access_token=all", nil, "", "", 400, request},
		{"two headers", "GET", "/oidc/userinfo", []string{"Bearer openid", "Bearer all"}, "", "", 400, request},
		{"form beside the header", "POST", "/oidc/userinfo", []string{"Bearer openid"}, form, "access_token=openid", 400, request},
		{"form twice", "POST", "/oidc/userinfo", nil, form, "access_token=openid&access_token=all", 400, request},
		{"huge form", "POST", "/oidc/userinfo", nil, form, "access_token=" + strings.Repeat("x", 1<<17), 400, request},
		{"expired", "GET", "/oidc/userinfo", []string{"Bearer expired"}, "", "", 401, invalid},
		{"signature", "GET", "/oidc/userinfo", []string{"Bearer signature"}, "", "", 401, invalid},
		{"issuer", "GET", "/oidc/userinfo", []string{"Bearer issuer"}, "", "", 401, invalid},
		{"revoked", "GET", "/oidc/userinfo", []string{"Bearer revoked"}, "", "", 401, invalid},
		{"malformed", "GET", "/oidc/userinfo", []string{"Bearer x"}, "", "", 401, invalid},
		{"for another resource", "GET", "/oidc/userinfo", []string{"Bearer vault"}, "", "", 401, invalid},
		{"for another resource at v1", "GET", "/common/openid/userinfo", []string{"Bearer vault"}, "", "", 401, invalid},
		{"for the predecessor", "GET", "/oidc/userinfo", []string{"Bearer legacy"}, "", "", 401, invalid},
		{"tenant gone", "GET", "/oidc/userinfo", []string{"Bearer lost tenant"}, "", "", 401, invalid},
		{"without openid", "GET", "/oidc/userinfo", []string{"Bearer none"}, "", "", 403, scope},
		{"of an application", "GET", "/oidc/userinfo", []string{"Bearer app"}, "", "", 403, scope},
		{"storage away", "GET", "/oidc/userinfo", []string{"Bearer failure"}, "", "", 503, ""},
		{"PUT", "PUT", "/oidc/userinfo", []string{"Bearer openid"}, "", "", 405, ""},
		{"HEAD", "HEAD", "/oidc/userinfo", []string{"Bearer openid"}, "", "", 405, ""},

		{"v1, its tenant", "GET", "/" + acme.String() + "/openid/userinfo", []string{"Bearer openid"}, "", "", 200, ""},
		{"v1, predecessor", "GET", "/" + acme.String() + "/openid/userinfo", []string{"Bearer legacy"}, "", "", 200, ""},
		{"v1, its domain", "GET", "/Acme.example/openid/userinfo", []string{"Bearer openid"}, "", "", 200, ""},
		{"v1, a domain that it only claims", "GET", "/claimed.example/openid/userinfo", []string{"Bearer openid"}, "", "", 401, invalid},
		{"v1, common", "GET", "/common/openid/userinfo", []string{"Bearer openid"}, "", "", 200, ""},
		{"v1, organizations", "GET", "/organizations/openid/userinfo", []string{"Bearer openid"}, "", "", 200, ""},
		{"v1, another tenant", "GET", "/" + other.String() + "/openid/userinfo", []string{"Bearer openid"}, "", "", 401, invalid},
		{"v1, another domain", "GET", "/other.example/openid/userinfo", []string{"Bearer openid"}, "", "", 401, invalid},
		{"v1, consumers", "GET", "/consumers/openid/userinfo", []string{"Bearer openid"}, "", "", 401, invalid},
		{"v1, personal", "GET", "/consumers/openid/userinfo", []string{"Bearer personal"}, "", "", 200, ""},
		{"v1, personal at organizations", "GET", "/organizations/openid/userinfo", []string{"Bearer personal"}, "", "", 401, invalid},
		{"v1, no tenant name", "GET", "/x/openid/userinfo", []string{"Bearer openid"}, "", "", 401, invalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			r.Header["Authorization"] = tt.auth
			if tt.ct != "" {
				r.Header.Set("Content-Type", tt.ct)
			}
			r.Header.Set("Origin", "https://spa.example")
			w := httptest.NewRecorder()
			routes(t).ServeHTTP(w, r)
			h := w.Header()
			if w.Code != tt.status || h.Get("WWW-Authenticate") != tt.challenge {
				t.Errorf("%d %q %s; want %d %q", w.Code, h.Get("WWW-Authenticate"), w.Body, tt.status, tt.challenge)
			}
			if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("headers %v", h)
			}
			if tt.status == 405 && h.Get("Allow") != "GET, POST, OPTIONS" {
				t.Errorf("Allow %q", h.Get("Allow"))
			}
			if text := w.Body.String(); tt.status >= 400 && strings.Contains(text, "no such key") {
				t.Errorf("the cause is for the log: %s", text)
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	r := httptest.NewRequest(http.MethodOptions, "/oidc/userinfo", nil)
	r.Header.Set("Origin", "https://spa.example")
	r.Header.Set("Access-Control-Request-Method", "GET")
	r.Header.Set("Access-Control-Request-Headers", "authorization,client-request-id")
	w := httptest.NewRecorder()
	routes(t).ServeHTTP(w, r)
	h := w.Header()
	if w.Code != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Methods") != "GET, POST, OPTIONS" ||
		h.Get("Access-Control-Allow-Headers") != "authorization,client-request-id" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%d %v", w.Code, h)
	}
	if exposed := strings.Split(h.Get("Access-Control-Expose-Headers"), ", "); !slices.Contains(exposed, "WWW-Authenticate") {
		t.Errorf("exposed %v", exposed)
	}
}

func TestConfigIsComplete(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("made without anything")
	}
}
