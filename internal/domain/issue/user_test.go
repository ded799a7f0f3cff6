package issue

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

var (
	acme  = directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")
	other = directory.MustTenantID("b1d4e8a7-3c26-4f90-9a15-7e0c2d5f8b64")
)

const (
	hana      directory.ID = "a8c3f5d0-71b2-4e69-95da-0c4e7b1f6d82"
	hanaHome  directory.ID = "77777777-71b2-4e69-95da-0c4e7b1f6d82"
	family    directory.ID = "fa000000-0000-4000-8000-000000000001"
	sessionID directory.ID = "5e551000-0000-4000-8000-000000000001"
)

// seal gives the key and the hint of a tenant by its name.
type seal struct{ err error }

func (s seal) Derive(_ context.Context, owner, purpose string, n int) ([]byte, error) {
	return bytes.Repeat([]byte(owner+purpose), n)[:n], s.err
}

func (s seal) Hint(_ context.Context, home directory.TenantID, user directory.ID) (string, error) {
	return "O." + home.String()[:8] + string(user)[:8], s.err
}

// tenants is a lookup of tenants, without policies.
type tenants struct {
	lookup
	known []*directory.Tenant
}

func (l tenants) TenantByName(_ context.Context, name string) (*directory.Tenant, error) {
	for _, t := range l.known {
		if t.ID.String() == name {
			return t, nil
		}
	}
	return nil, directory.ErrNotFound
}

func userFacts() *UserFacts {
	f := testFacts()
	f.Grant, f.Method, f.Roles = audit.GrantAuthorizationCode, audit.MethodNone, []string{"Orders.Approver"}
	f.Tenant.Domains = []directory.Domain{{Name: "acme.example", Verified: true, Default: true}, {Name: "new.example"}}
	return &UserFacts{
		Facts: *f,
		Subject: authorization.Subject{
			Tenant: acme, User: hana, HomeTenant: acme, HomeUser: hana, Session: sessionID,
			AuthTime: issuedAt.Add(-time.Hour), Methods: []string{"pwd"}, IPAddress: "203.0.113.24",
		},
		User: &directory.User{
			TenantID: acme, ID: hana, UserPrincipalName: "hana@acme.example", DisplayName: "Hana Mori",
			AccountEnabled: true, Mail: ptr("hana.mori@acme.example"), GivenName: ptr("Hana"), Surname: ptr("Mori"),
			UserType: ptr("Member"), Country: ptr("jp"), PreferredLanguage: ptr("ja-JP"),
			OtherMails:        []string{"hana@elsewhere.example", "mori@ACME.example"},
			SessionsValidFrom: issuedAt.AddDate(-1, 0, 0),
		},
		Family: family, Scopes: []string{"Orders.Read", "Orders.Write"}, OIDC: []string{"openid", "profile", "offline_access"},
		DirectoryRoles: []directory.ID{directory.RoleGlobalReader},
		Identity:       &IdentityFacts{Version: 2, Nonce: "018e7f3c", Roles: []string{"Portal.User"}},
	}
}

// asGuest makes the person one whose account is in the other tenant.
func asGuest(f *UserFacts) {
	f.Subject.HomeTenant, f.Subject.HomeUser = other, hanaHome
	f.User.UserType = ptr("Guest")
	f.User.UserPrincipalName = "hana_other.example#EXT#@acme.example"
	f.User.Mail = ptr("hana@other.example")
	f.User.Identities = []directory.ObjectIdentity{{SignInType: directory.SignInFederated, Issuer: other.String(), IssuerAssignedID: string(hanaHome)}}
}

func asV2(f *UserFacts) { f.Resource.App.API.RequestedAccessTokenVersion = ptr(2) }

// wanting makes both the resource and the client ask for optional claims.
func wanting(claims ...directory.OptionalClaim) func(*UserFacts) {
	return func(f *UserFacts) {
		f.Resource.App.OptionalClaims = &directory.OptionalClaims{AccessToken: claims}
		f.Client.App.OptionalClaims = &directory.OptionalClaims{IDToken: claims}
	}
}

func names(list ...string) []directory.OptionalClaim {
	var claims []directory.OptionalClaim
	for _, n := range list {
		claims = append(claims, directory.OptionalClaim{Name: n})
	}
	return claims
}

func userTokens(t *testing.T, l *ledger) (*Tokens, *ring) {
	t.Helper()
	tokens, r := testTokens(t, l)
	tokens.Subjects, tokens.Hints = Subjects{seal{}}, seal{}
	tokens.Lifetimes.Lookup = tenants{known: []*directory.Tenant{
		{ID: acme}, {ID: other, Domains: []directory.Domain{{Name: "other.example", Verified: true}}},
	}}
	return tokens, r
}

// parts decodes header and claims of a token.
func parts(t *testing.T, compact string) (header, claims map[string]any) {
	t.Helper()
	list := strings.Split(compact, ".")
	for i, into := range []*map[string]any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(list[i])
		if err == nil {
			err = json.Unmarshal(b, into)
		}
		if err != nil {
			t.Fatalf("%s: %v", compact, err)
		}
	}
	return header, claims
}

func issued(t *testing.T, f *UserFacts) (access, id map[string]any) {
	t.Helper()
	tokens, _ := userTokens(t, &ledger{})
	got, err := tokens.ForUser(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	_, access = parts(t, got.Access.Compact)
	if got.ID != "" {
		_, id = parts(t, got.ID)
	}
	return access, id
}

// everything are all optional claims that there is data for.
var everything = append(names("acct", "auth_time", "ctry", "email", "family_name", "given_name", "ipaddr", "login_hint",
	"preferred_username", "sid", "tenant_ctry", "tenant_region_scope", "verified_primary_email", "verified_secondary_email",
	"xms_cc", "xms_edov", "xms_pl", "xms_tpl"),
	directory.OptionalClaim{Name: "upn", AdditionalProperties: []string{"include_externally_authenticated_upn"}},
	directory.OptionalClaim{Name: "idtyp", AdditionalProperties: []string{"include_user_token"}})

// The tokens of fixed facts, to the byte; their claims lie beside them for
// people to read.
func TestGoldenUserTokens(t *testing.T) {
	v1 := func(f *UserFacts) { f.Identity.Version = 1 }
	all := func(f *UserFacts) {
		wanting(everything...)(f)
		f.Capabilities = []string{"cp1"}
		f.OIDC = append(f.OIDC, "email")
		f.Client.App.GroupMembershipClaims, f.Resource.App.GroupMembershipClaims = ptr("All"), ptr("DirectoryRole")
	}
	for name, changes := range map[string][]func(*UserFacts){
		"member-v1":     {v1},
		"member-v2":     {asV2},
		"guest-v1":      {v1, asGuest},
		"guest-v2":      {asV2, asGuest},
		"member-v1-all": {v1, all},
		"member-v2-all": {asV2, all},
		"guest-v1-all":  {v1, asGuest, all},
		"guest-v2-all":  {asV2, asGuest, all},
	} {
		t.Run(name, func(t *testing.T) {
			f := userFacts()
			for _, change := range changes {
				change(f)
			}
			tokens, _ := userTokens(t, &ledger{})
			got, err := tokens.ForUser(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "user-"+name+"-access", got.Access.Compact)
			golden(t, "user-"+name+"-id", got.ID)
		})
	}
}

func golden(t *testing.T, name, compact string) {
	t.Helper()
	header, claims := parts(t, compact)
	readable, err := json.MarshalIndent([]any{header, claims}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for ending, text := range map[string]string{".jwt": compact + "\n", ".json": string(readable) + "\n"} {
		path := filepath.Join("testdata", name+ending)
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), text); d != "" {
			t.Errorf("the token changed; look at it, then run with -update\n%s", d)
		}
	}
}

// Each row looks at one claim in one of the four kinds of tokens.
func TestUserClaims(t *testing.T) {
	const (
		i1 = "ID token v1"
		i2 = "ID token v2"
		a1 = "access token v1"
		a2 = "access token v2"
	)
	oidc := func(scopes ...string) func(*UserFacts) { return func(f *UserFacts) { f.OIDC = scopes } }
	multi := func(f *UserFacts) {
		f.Client.App.SignInAudience, f.Resource.App.SignInAudience = directory.AudienceMultiOrg, directory.AudienceMultiOrg
	}
	mail := func(m string) func(*UserFacts) { return func(f *UserFacts) { f.User.Mail = &m } }
	groups := func(kind string) func(*UserFacts) {
		return func(f *UserFacts) {
			f.Client.App.GroupMembershipClaims, f.Resource.App.GroupMembershipClaims = &kind, &kind
		}
	}
	property := func(claim, p string) func(*UserFacts) {
		return wanting(directory.OptionalClaim{Name: claim, AdditionalProperties: []string{p}})
	}
	reader := []any{string(directory.RoleGlobalReader)}
	tests := []struct {
		kind, claim string
		why         string
		changes     []func(*UserFacts)
		want        any // nil: absent
	}{
		{i2, "aud", "the client", nil, "0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36"},
		{a1, "aud", "as asked", nil, "api://57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"},
		{a1, "aud", "use_guid", []func(*UserFacts){property("aud", "use_guid")}, "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"},
		{a2, "aud", "always the appId", nil, "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"},
		{i1, "iss", "v1", nil, "https://sts.sekisho.example/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/"},
		{i2, "iss", "v2", nil, "https://login.sekisho.example/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/v2.0"},
		{a1, "iat", "backdated", nil, float64(issuedAt.Unix() - 300)},
		{a1, "nbf", "sessions count again from within a second", []func(*UserFacts){func(f *UserFacts) {
			f.User.SessionsValidFrom = issuedAt.Add(-1500 * time.Millisecond)
		}}, float64(issuedAt.Unix() - 1)},
		{i2, "iat", "likewise", []func(*UserFacts){func(f *UserFacts) { f.User.SessionsValidFrom = issuedAt.Add(-time.Second) }}, float64(issuedAt.Unix() - 1)},
		{i2, "exp", "an hour", nil, float64(issuedAt.Unix() + 3600)},
		{i2, "nonce", "as sent", nil, "018e7f3c"},
		{a2, "nonce", "not in access tokens", nil, nil},
		{a1, "acr", "v1", nil, "1"},
		{a2, "acr", "not in v2", nil, nil},
		{i1, "acr", "not in ID tokens", nil, nil},
		{i1, "amr", "v1", nil, []any{"pwd"}},
		{i2, "amr", "not in v2", nil, nil},
		{a2, "amr", "not in v2", nil, nil},
		{a1, "appid", "the client", nil, "0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36"},
		{a2, "appid", "v1 only", nil, nil},
		{a2, "azp", "the client", nil, "0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36"},
		{i1, "appid", "no ID token names a client beside aud", nil, nil},
		{i2, "azp", "no ID token names a client beside aud", nil, nil},
		{a1, "appidacr", "public client", nil, "0"},
		{a2, "azpacr", "secret", []func(*UserFacts){func(f *UserFacts) { f.Method = audit.MethodSecretPost }}, "1"},
		{a2, "scp", "all scopes", nil, "Orders.Read Orders.Write"},
		{i2, "scp", "none in ID tokens", nil, nil},
		{a1, "scp", "at Graph also those of OpenID Connect", []func(*UserFacts){func(f *UserFacts) {
			f.Resource.AppID, f.Scopes, f.OIDC = directory.GraphAppID, []string{"User.Read", "openid"}, []string{"profile", "openid", "offline_access", "email"}
		}}, "email openid profile User.Read"},
		{a1, "roles", "on the resource", nil, []any{"Orders.Approver"}},
		{i1, "roles", "on the client", nil, []any{"Portal.User"}},
		{a2, "acrs", "asked for", []func(*UserFacts){func(f *UserFacts) { f.Contexts = []string{"c1"} }}, []any{"c1"}},
		{a2, "acrs", "not asked for", nil, nil},

		{i1, "name", "v1", nil, "Hana Mori"},
		{i2, "name", "profile", nil, "Hana Mori"},
		{i2, "name", "without profile", []func(*UserFacts){oidc("openid")}, nil},
		{i2, "oid", "without profile", []func(*UserFacts){oidc("openid")}, nil},
		{i2, "tid", "without profile", []func(*UserFacts){oidc("openid")}, acme.String()},
		{a2, "oid", "access tokens always", []func(*UserFacts){oidc("openid")}, string(hana)},
		{i2, "preferred_username", "profile", nil, "hana@acme.example"},
		{i2, "preferred_username", "without profile", []func(*UserFacts){oidc("openid")}, nil},
		{i2, "preferred_username", "guest", []func(*UserFacts){asGuest}, "hana@other.example"},
		{i1, "preferred_username", "v1 by wish", []func(*UserFacts){wanting(names("preferred_username")...)}, "hana@acme.example"},
		{i1, "preferred_username", "v1 without", nil, nil},
		{a1, "unique_name", "v1", nil, "hana@acme.example"},
		{a1, "unique_name", "guest", []func(*UserFacts){asGuest}, "hana@other.example"},
		{a1, "unique_name", "guest without an address", []func(*UserFacts){asGuest, func(f *UserFacts) { f.User.Mail = nil }}, "hana_other.example#EXT#@acme.example"},
		{i2, "unique_name", "v1 only", nil, nil},
		{a1, "upn", "member", nil, "hana@acme.example"},
		{a1, "upn", "guest", []func(*UserFacts){asGuest}, nil},
		{i1, "upn", "guest by wish", []func(*UserFacts){asGuest, property("upn", "include_externally_authenticated_upn")}, "hana_other.example#EXT#@acme.example"},
		{i2, "upn", "guest by wish, spelt for file names", []func(*UserFacts){asGuest, property("upn", "include_externally_authenticated_upn_without_hash")}, "hana_other.example_EXT_@acme.example"},
		{i2, "upn", "v2 without a wish", nil, nil},
		{i2, "upn", "v2 by wish", []func(*UserFacts){wanting(names("upn")...)}, "hana@acme.example"},
		{i1, "given_name", "v1", nil, "Hana"},
		{i2, "family_name", "v2 without a wish", nil, nil},
		{i2, "family_name", "v2 by wish", []func(*UserFacts){wanting(names("family_name")...)}, "Mori"},
		{i2, "family_name", "v2 by wish without profile", []func(*UserFacts){wanting(names("family_name")...), oidc("openid")}, nil},

		{i2, "email", "member", nil, nil},
		{i2, "email", "member, scope", []func(*UserFacts){oidc("openid", "email")}, "hana.mori@acme.example"},
		{i1, "email", "member, scope at v1", []func(*UserFacts){oidc("openid", "email")}, nil},
		{a2, "email", "the scope is for ID tokens and UserInfo", []func(*UserFacts){oidc("openid", "email")}, nil},
		{a2, "email", "by wish", []func(*UserFacts){wanting(names("email")...)}, "hana.mori@acme.example"},
		{a1, "email", "guest", []func(*UserFacts){asGuest}, "hana@other.example"},
		{i2, "email", "no address", []func(*UserFacts){oidc("email"), func(f *UserFacts) { f.User.Mail = nil }}, nil},
		{i2, "email", "unverified, own application", []func(*UserFacts){oidc("email"), mail("hana@new.example")}, "hana@new.example"},
		{i2, "email", "unverified, application of many", []func(*UserFacts){oidc("email"), multi, mail("hana@new.example")}, nil},
		{i2, "email", "verified, application of many", []func(*UserFacts){oidc("email"), multi}, "hana.mori@acme.example"},
		{i2, "email", "guest, verified at home, application of many", []func(*UserFacts){asGuest, multi}, "hana@other.example"},
		{i2, "email", "guest, verified nowhere, application of many", []func(*UserFacts){asGuest, multi, mail("boss@bank.example")}, nil},
		{i2, "xms_edov", "verified", []func(*UserFacts){wanting(names("email", "xms_edov")...)}, true},
		{i2, "xms_edov", "unverified", []func(*UserFacts){wanting(names("email", "xms_edov")...), mail("hana@new.example")}, nil},
		{i2, "xms_edov", "without email", []func(*UserFacts){wanting(names("xms_edov")...)}, nil},
		{a2, "verified_primary_email", "verified", []func(*UserFacts){wanting(names("verified_primary_email")...)}, []any{"hana.mori@acme.example"}},
		{a2, "verified_primary_email", "unverified", []func(*UserFacts){wanting(names("verified_primary_email")...), mail("x@new.example")}, nil},
		{i1, "verified_secondary_email", "of verified domains", []func(*UserFacts){wanting(names("verified_secondary_email")...)}, []any{"mori@ACME.example"}},

		{i2, "auth_time", "nobody asked", nil, nil},
		{i2, "auth_time", "max_age", []func(*UserFacts){func(f *UserFacts) { f.Subject.AskedAge = true }}, float64(issuedAt.Unix() - 3600)},
		{a2, "auth_time", "max_age is for the ID token", []func(*UserFacts){func(f *UserFacts) { f.Subject.AskedAge = true }}, nil},
		{i2, "auth_time", "claims parameter", []func(*UserFacts){func(f *UserFacts) { f.Identity.Asked = []string{"auth_time"} }}, float64(issuedAt.Unix() - 3600)},
		{a1, "auth_time", "by wish", []func(*UserFacts){wanting(names("auth_time")...)}, float64(issuedAt.Unix() - 3600)},
		{i2, "sid", "by wish", []func(*UserFacts){wanting(names("sid")...)}, string(sessionID)},
		{i2, "sid", "without", nil, nil},
		{i2, "login_hint", "by wish", []func(*UserFacts){wanting(names("login_hint")...)}, "O.6a3f1c52a8c3f5d0"},
		{i2, "login_hint", "of a guest names the home account", []func(*UserFacts){asGuest, wanting(names("login_hint")...)}, "O.b1d4e8a777777777"},
		{i2, "acct", "member", []func(*UserFacts){wanting(names("acct")...)}, 0.0},
		{a1, "acct", "guest", []func(*UserFacts){asGuest, wanting(names("acct")...)}, 1.0},
		{a1, "ipaddr", "v1", nil, "203.0.113.24"},
		{i2, "ipaddr", "v2 without a wish", nil, nil},
		{i2, "ctry", "two letters", []func(*UserFacts){wanting(names("ctry")...)}, "JP"},
		{i2, "ctry", "a name", []func(*UserFacts){wanting(names("ctry")...), func(f *UserFacts) { f.User.Country = ptr("Japan") }}, nil},
		{i2, "xms_pl", "by wish", []func(*UserFacts){wanting(names("xms_pl")...)}, "ja-jp"},
		{a1, "idp", "member", nil, nil},
		{a1, "idp", "guest", []func(*UserFacts){asGuest}, "https://sts.sekisho.example/b1d4e8a7-3c26-4f90-9a15-7e0c2d5f8b64/"},
		{a1, "idtyp", "only by wish", nil, nil},
		{a1, "idtyp", "for applications only", []func(*UserFacts){wanting(names("idtyp")...)}, nil},
		{a1, "idtyp", "for people too", []func(*UserFacts){property("idtyp", "include_user_token")}, "user"},
		{a2, "xms_cc", "both sides", []func(*UserFacts){wanting(names("xms_cc")...), func(f *UserFacts) { f.Capabilities = []string{"cp1"} }}, []any{"cp1"}},

		{a1, "wids", "nobody asked", nil, nil},
		{a1, "wids", "None", []func(*UserFacts){groups("None")}, nil},
		{a1, "wids", "ApplicationGroup", []func(*UserFacts){groups("ApplicationGroup")}, nil},
		{a1, "wids", "DirectoryRole", []func(*UserFacts){groups("DirectoryRole")}, reader},
		{i2, "wids", "All", []func(*UserFacts){groups("All")}, reader},
		{i1, "wids", "SecurityGroup among others", []func(*UserFacts){groups("ApplicationGroup, SecurityGroup")}, reader},
		{i2, "wids", "named twice", []func(*UserFacts){groups("All"), func(f *UserFacts) {
			f.Identity.DirectoryRoles = []directory.ID{directory.RoleGlobalReader, directory.RoleUserAdministrator}
		}}, append(slices.Clone(reader), string(directory.RoleUserAdministrator))},

		// OpenID Connect Core A.3 and A.4 have these values.
		{i1, "at_hash", "beside an access token", []func(*UserFacts){func(f *UserFacts) { f.Identity.AccessToken = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y" }}, "77QmUPtjPfzWtF2AnpK9RQ"},
		{i2, "c_hash", "beside a code", []func(*UserFacts){func(f *UserFacts) { f.Identity.Code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk" }}, "LDktKdoQak3Pk0cnXxCltA"},
		{i2, "c_hash", "of the token endpoint", nil, nil},

		{i2, "sid", "an extension of the same name", []func(*UserFacts){wanting(directory.OptionalClaim{Name: "sid", Source: ptr("user")})}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.claim+"/"+tt.kind+"/"+tt.why, func(t *testing.T) {
			f := userFacts()
			for _, change := range tt.changes {
				change(f)
			}
			if tt.kind == a2 {
				asV2(f)
			}
			if tt.kind == i1 {
				f.Identity.Version = 1
			}
			access, id := issued(t, f)
			claims := access
			if tt.kind == i1 || tt.kind == i2 {
				claims = id
			}
			if d := cmp.Diff(tt.want, claims[tt.claim]); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPersonalAccountsGetFewClaims(t *testing.T) {
	f := userFacts()
	f.Tenant.ID, f.Subject.Tenant, f.Subject.HomeTenant = directory.Consumers, directory.Consumers, directory.Consumers
	wanting(names("sid", "acct", "ctry")...)(f)
	d := &draft{Facts: &f.Facts, user: f, id: f.Identity}
	for claim, want := range map[string]bool{"sid": true, "acct": false, "ctry": false} {
		if d.opted(claim) != want {
			t.Errorf("%s: %v", claim, !want)
		}
	}
}

func TestSubjects(t *testing.T) {
	s := Subjects{seal{}}
	seen := map[string]string{}
	for name, in := range map[string]struct {
		tenant          directory.TenantID
		recipient, user directory.ID
	}{
		"base": {acme, family, hana}, "tenant": {other, family, hana}, "recipient": {acme, sessionID, hana}, "user": {acme, family, hanaHome},
		"swapped": {acme, hana, family},
	} {
		got, err := s.Subject(t.Context(), in.tenant, in.recipient, in.user)
		if err != nil || len(got) != 43 || seen[got] != "" {
			t.Errorf("%s: %q (like %s), %v", name, got, seen[got], err)
		}
		if again, _ := s.Subject(t.Context(), in.tenant, in.recipient, in.user); again != got {
			t.Errorf("%s changed", name)
		}
		seen[got] = name
	}
	lost := errors.New("no key")
	if _, err := (Subjects{seal{lost}}).Subject(t.Context(), acme, family, hana); !errors.Is(err, lost) {
		t.Errorf("without a key: %v", err)
	}
}

func TestOneRecordForTwoTokens(t *testing.T) {
	l := &ledger{}
	tokens, _ := userTokens(t, l)
	f := userFacts()
	got, err := tokens.ForUser(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.records) != 1 {
		t.Fatalf("%d records", len(l.records))
	}
	r := l.records[0]
	if r.Kind != audit.KindUser || r.PrincipalID != hana.Bytes() || r.Grant != audit.GrantAuthorizationCode ||
		r.ClientAppID != f.Client.AppID.Bytes() || int64(r.Lifetime/time.Second) != got.Access.ExpiresIn {
		t.Errorf("%+v", r)
	}
	f.Identity = nil
	if got, err := tokens.ForUser(t.Context(), f); err != nil || got.ID != "" {
		t.Errorf("without openid: %q, %v", got.ID, err)
	}
}

func TestWhatStopsTokensOfPeople(t *testing.T) {
	full, away := errors.New("disk full"), errors.New("key lost")
	for name, tt := range map[string]struct {
		ledger ledger
		change func(*Tokens, *ring, *UserFacts)
		want   error
	}{
		"no record": {ledger{err: full}, func(*Tokens, *ring, *UserFacts) {}, full},
		"no key":    {ledger{}, func(_ *Tokens, r *ring, _ *UserFacts) { r.set = signingkey.NewSet() }, ErrNoKey},
		"no scope":  {ledger{}, func(_ *Tokens, _ *ring, f *UserFacts) { f.Scopes = nil }, ErrNoScope},
		"no name":   {ledger{}, func(t *Tokens, _ *ring, _ *UserFacts) { t.Subjects = Subjects{seal{away}} }, away},
		"no hint": {ledger{}, func(t *Tokens, _ *ring, f *UserFacts) {
			t.Hints = seal{away}
			wanting(names("login_hint")...)(f)
		}, away},
	} {
		t.Run(name, func(t *testing.T) {
			tokens, r := userTokens(t, &tt.ledger)
			f := userFacts()
			tt.change(tokens, r, f)
			if got, err := tokens.ForUser(t.Context(), f); !errors.Is(err, tt.want) || got != nil {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// The API may ask for ES256; what the client reads stays RS256.
func TestAlgorithmsOfPeoplesTokens(t *testing.T) {
	tokens, r := userTokens(t, &ledger{})
	private, err := signingkey.Generate(signingkey.ES256, nil)
	if err != nil {
		t.Fatal(err)
	}
	der := certificate(t, private)
	ec, err := signingkey.NewKey(signingkey.Stored{
		KID: signingkey.Thumbprint(der), Ring: signingkey.Organizations, Algorithm: signingkey.ES256, Cert: der,
		CreatedAt: issuedAt.Add(-time.Hour), PublishAt: issuedAt.Add(-time.Hour), ActivateAt: issuedAt.Add(-time.Hour),
	}, private)
	if err != nil {
		t.Fatal(err)
	}
	r.set = signingkey.NewSet(testKey(t), ec)
	f := userFacts()
	f.Resource.App.AccessTokenSigningAlg = signingkey.ES256
	got, err := tokens.ForUser(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	access, _ := parts(t, got.Access.Compact)
	id, _ := parts(t, got.ID)
	if access["alg"] != "ES256" || id["alg"] != "RS256" || id["x5t"] != nil || access["x5t"] != access["kid"] {
		t.Errorf("access token %v, ID token %v", access, id)
	}
}

func TestLifetimeOfIDTokens(t *testing.T) {
	tokens, _ := userTokens(t, &ledger{})
	tokens.Lifetimes.Lookup = lookup{policies: map[directory.ID]*directory.TokenLifetimePolicy{"short": {AccessTokenLifetime: 10 * time.Minute}}}
	f := userFacts()
	f.Client.LifetimePolicy = "short"
	got, err := tokens.ForUser(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	_, id := parts(t, got.ID)
	if id["exp"] != float64(issuedAt.Unix()+600) || got.Access.ExpiresIn < 3600 {
		t.Errorf("ID token ends at %v, access token lives %d s", id["exp"], got.Access.ExpiresIn)
	}
}

func TestIDClaims(t *testing.T) {
	v1, v2 := IDClaims(1), IDClaims(2)
	for _, must := range []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"} {
		if !slices.Contains(v1, must) || !slices.Contains(v2, must) {
			t.Errorf("%s is not listed", must)
		}
	}
	if slices.Contains(v1, "scp") || slices.Contains(v2, "azp") || slices.Contains(v2, "unique_name") || !slices.Contains(v1, "amr") {
		t.Errorf("v1 %v\nv2 %v", v1, v2)
	}
	all := slices.Clone(v2)
	slices.Sort(all)
	if len(slices.Compact(all)) != len(v2) {
		t.Errorf("twice in %v", v2)
	}
}
