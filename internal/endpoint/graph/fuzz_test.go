package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// FuzzPatch reads bodies of a PATCH as every type of object. Whatever it takes
// must touch declared properties alone, do the same when it is done twice (a
// store may repeat a change), and leave an object that can be shown.
func FuzzPatch(f *testing.F) {
	for _, s := range scenarios {
		for _, st := range s.steps {
			if st.body != "" {
				f.Add([]byte(st.body))
			}
		}
	}
	for _, samples := range []map[string]sample{applicationSamples, servicePrincipalSamples, userSamples, policySamples} {
		for name, s := range samples {
			f.Add([]byte(`{"` + name + `":` + s.write + `}`))
			f.Add([]byte(`{"` + name + `":null}`))
		}
	}
	f.Add([]byte(`{"keyCredentials":[{"key":null,"keyId":"8c1e9a60-0000-4000-8000-000000000001"}],"passwordCredentials":[]}`))
	f.Add([]byte(`{"id":"x","tenantId":"x","builtin":true,"Passwords":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		try(t, raw, applicationEntity, func() *application {
			return &application{ID: "id", AppID: "app", DisplayName: "x", CreatedAt: startOfTime, Builtin: true, Passwords: []directory.PasswordCredential{{KeyID: "p"}}}
		}, func(a *application) any {
			return []any{a.ID, a.AppID, a.CreatedAt, a.DeletedAt, a.Builtin, a.UniqueName, a.PublisherDomain, a.Passwords, a.Keys, a.Owners, a.Federated, a.LifetimePolicy}
		})
		try(t, raw, servicePrincipalEntity, func() *servicePrincipal {
			return &servicePrincipal{ID: "id", AppID: "app", Type: "Application", App: &application{DisplayName: "x"}}
		}, func(p *servicePrincipal) any {
			return []any{p.ID, p.AppID, p.Type, p.CreatedAt, p.Passwords, p.Keys, p.Owners, p.App.DisplayName}
		})
		try(t, raw, userEntity, func() *user { return &user{ID: "id", PasswordHash: "hash"} }, func(u *user) any {
			return []any{u.ID, u.PasswordHash, u.SessionsValidFrom, u.PasswordChangedAt, u.CreatedAt, u.DeletedAt}
		})
		try(t, raw, policyEntity, func() *policy { return &policy{ID: "id"} }, func(p *policy) any {
			return []any{p.ID, p.CreatedAt, p.AccessTokenLifetime}
		})
	})
}

// try reads raw as a change of an entity; fixed are the fields that no body may
// set.
func try[T any](t *testing.T, raw []byte, e *entity[T], fresh func() *T, fixed func(*T) any) {
	t.Helper()
	body, err := parseBody(raw)
	if err != nil {
		return
	}
	c := &call{body: body, ctx: context.Background(), r: httptest.NewRequest("PATCH", "/", nil)}
	if _, err := c.takePassword(); err != nil {
		mustBeOurs(t, err)
		return
	}
	in, err := readPatch(c, e)
	if err != nil {
		mustBeOurs(t, err)
		return
	}
	once, twice := fresh(), fresh()
	in.change.apply(once)
	in.change.apply(twice)
	in.change.apply(twice)
	for _, o := range []*T{once, twice} {
		if diff := cmp.Diff(fixed(fresh()), fixed(o)); diff != "" {
			t.Errorf("%s: %q sets what cannot be set:\n%s", e.kind, raw, diff)
		}
	}
	a, err := json.Marshal(e.whole(once))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(e.whole(twice))
	if err != nil {
		t.Fatal(err)
	}
	if string(a) != string(b) {
		t.Errorf("%s: %q differs when it is done twice:\n%s\n%s", e.kind, raw, a, b)
	}
}

// mustBeOurs: a body that cannot be read is the client's fault, never a 500.
func mustBeOurs(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Status != 400 {
		t.Errorf("refused with %v", err)
	}
}
