package issue

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func ptr[T any](v T) *T { return &v }

var issuedAt = time.Date(2026, 3, 2, 4, 11, 9, 0, time.UTC)

func testFacts() *Facts {
	return &Facts{
		Hosts: Hosts{Login: "https://login.sekisho.example", STS: "https://sts.sekisho.example", Graph: "https://graph.sekisho.example"},
		Tenant: &directory.Tenant{
			ID:       directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13"),
			Settings: directory.TenantSettings{CountryLetterCode: "JP", PreferredLanguage: "ja"},
		},
		Client: &directory.ServicePrincipal{
			ID: "c41d7e88-5a60-4b9f-8e23-f7a09b15d6c4", AppID: "0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36",
			App: &directory.Application{DisplayName: "Exporter"},
		},
		Resource: &directory.ServicePrincipal{
			ID: "11111111-5a60-4b9f-8e23-f7a09b15d6c4", AppID: "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8",
			App: &directory.Application{DisplayName: "Orders API"},
		},
		Audience: "api://57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8",
		Roles:    []string{"Orders.Export.All"},
		Method:   audit.MethodCertificate,
		UTI:      "pZ0k3YbXq0yH1vN5cR2uAA",
	}
}

func claimsOf(t *testing.T, f *Facts) map[string]any {
	t.Helper()
	d := &draft{Facts: f, v: f.version(), now: issuedAt, expiry: issuedAt.Add(75 * time.Minute), aio: "aio"}
	var got map[string]any
	if err := json.Unmarshal(appendClaims(nil, d), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAppOnlyClaims(t *testing.T) {
	v1 := map[string]any{
		"aud": "api://57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8",
		"iss": "https://sts.sekisho.example/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/",
		"iat": 1772424369.0, "nbf": 1772424369.0, "exp": 1772429169.0, "aio": "aio",
		"appid": "0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36", "appidacr": "2",
		"idp":   "https://sts.sekisho.example/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/",
		"oid":   "c41d7e88-5a60-4b9f-8e23-f7a09b15d6c4",
		"sub":   "c41d7e88-5a60-4b9f-8e23-f7a09b15d6c4",
		"rh":    "1.AWo_HFKdDkt6jEEvXX6QqxNXuNDmL0FOmotzwGodlfLo.",
		"roles": []any{"Orders.Export.All"},
		"tid":   "6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13", "uti": "pZ0k3YbXq0yH1vN5cR2uAA", "ver": "1.0",
	}
	if d := cmp.Diff(v1, claimsOf(t, testFacts())); d != "" {
		t.Errorf("v1:\n%s", d)
	}

	f := testFacts()
	f.Resource.App.API.RequestedAccessTokenVersion = ptr(2)
	v2 := maps.Clone(v1)
	for _, k := range []string{"appid", "appidacr", "idp"} {
		delete(v2, k)
	}
	v2["aud"] = "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"
	v2["iss"] = "https://login.sekisho.example/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13/v2.0"
	v2["azp"], v2["azpacr"], v2["ver"] = "0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36", "2", "2.0"
	if d := cmp.Diff(v2, claimsOf(t, f)); d != "" {
		t.Errorf("v2:\n%s", d)
	}
}

func TestOptionalClaims(t *testing.T) {
	tests := []struct {
		name       string
		claim      string // asked for by the resource; also where to look unless at says otherwise
		at         string
		properties []string
		change     func(*Facts)
		want       any // nil: absent
	}{
		{name: "not asked for", at: "idtyp"},
		{name: "idtyp", claim: "idtyp", want: "app"},
		{name: "country of the tenant", claim: "tenant_ctry", want: "JP"},
		{name: "country that nobody set", claim: "tenant_ctry", change: func(f *Facts) { f.Tenant.Settings = directory.TenantSettings{} }},
		{name: "region", claim: "tenant_region_scope", want: "WW"},
		{name: "language of the tenant", claim: "xms_tpl", want: "ja"},
		{name: "capabilities that the client has", claim: "xms_cc", change: func(f *Facts) { f.Capabilities = []string{"cp1"} }, want: []any{"cp1"}},
		{name: "capabilities that it has not", claim: "xms_cc"},
		{name: "capabilities that nobody asked for", at: "xms_cc", change: func(f *Facts) { f.Capabilities = []string{"cp1"} }},
		{name: "audience as GUID", claim: "aud", properties: []string{"use_guid"}, want: "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"},
		{name: "a user's claim", claim: "upn"},
		{name: "groups of a workload", claim: "groups"},
		{name: "no roles", at: "roles", change: func(f *Facts) { f.Roles = nil }},
		{name: "scopes", at: "scp"},
		{name: "secret", at: "appidacr", change: func(f *Facts) { f.Method = audit.MethodSecretBasic }, want: "1"},
		{name: "federated", at: "appidacr", change: func(f *Facts) { f.Method = audit.MethodFederated }, want: "2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := testFacts()
			if tt.change != nil {
				tt.change(f)
			}
			at := tt.at
			if tt.claim != "" {
				at = tt.claim
				f.Resource.App.OptionalClaims = &directory.OptionalClaims{
					AccessToken: []directory.OptionalClaim{{Name: tt.claim, AdditionalProperties: tt.properties}},
				}
			}
			if d := cmp.Diff(tt.want, claimsOf(t, f)[at]); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestIssueTime(t *testing.T) {
	for _, tt := range []struct {
		name       string
		wish, want time.Time
	}{
		{"backdated", time.Time{}, issuedAt.Add(-5 * time.Minute)},
		{"newer than the client wants", issuedAt.Add(-10 * time.Second), issuedAt.Add(-10 * time.Second)},
		{"the client wants less", issuedAt.Add(-time.Hour), issuedAt.Add(-5 * time.Minute)},
		{"the client wants the future", issuedAt.Add(time.Hour), issuedAt.Add(-5 * time.Minute)},
	} {
		f := testFacts()
		f.NotBefore = tt.wish
		if got := claimsOf(t, f)["nbf"].(float64); int64(got) != tt.want.Unix() {
			t.Errorf("%s: nbf %v, want %v", tt.name, int64(got), tt.want.Unix())
		}
	}
}

func TestRoleValues(t *testing.T) {
	role := func(id directory.ID, value string, enabled bool) directory.AppRole {
		return directory.AppRole{ID: id, Value: &value, IsEnabled: enabled}
	}
	resource := &directory.ServicePrincipal{ID: "r", App: &directory.Application{AppRoles: []directory.AppRole{
		role("1", "Read", true), role("2", "Write", false), role("3", "", true), {ID: "4"}, role("5", "Read", true), role("6", "Never", true),
	}}, AppRoles: []directory.AppRole{role("7", "Local", true)}}
	held := []directory.AppRoleAssignment{
		{ResourceID: "r", AppRoleID: "7"}, {ResourceID: "r", AppRoleID: "1"}, {ResourceID: "r", AppRoleID: "2"},
		{ResourceID: "r", AppRoleID: "3"}, {ResourceID: "r", AppRoleID: "4"}, {ResourceID: "r", AppRoleID: "5"},
		{ResourceID: "other", AppRoleID: "6"}, {ResourceID: "r", AppRoleID: directory.ZeroID},
	}
	if d := cmp.Diff([]string{"Read", "Write", "Local"}, RoleValues(resource, held)); d != "" {
		t.Error(d)
	}
}

func TestAppendString(t *testing.T) {
	for _, s := range []string{"", "plain", `quote " and \`, "注文 API", "a\u2028b", "<script>", "\x01", strings.Repeat("x", 300)} {
		var got string
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil || got != s {
			t.Errorf("%q became %q, %v", s, got, err)
		}
	}
}
