package issue

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// homes are users by their tenant, as Users gives them.
type homes struct {
	users []*directory.User
	err   error
}

func (h homes) User(_ context.Context, t directory.TenantID, id directory.ID) (*directory.User, error) {
	for _, u := range h.users {
		if u.TenantID == t && u.ID == id {
			return u, h.err
		}
	}
	return nil, errors.Join(directory.ErrNotFound, h.err)
}

func accountOf(_ context.Context, hint string) (directory.TenantID, directory.ID, bool) {
	return other, hanaHome, strings.HasPrefix(hint, "O.")
}

// What we issue can be read back: ID tokens of both versions, and nothing else.
func TestTokenHintOfIssuedTokens(t *testing.T) {
	for _, version := range []int{1, 2} {
		tokens, keys := userTokens(t, &ledger{})
		f := userFacts()
		wanting(names("sid", "login_hint")...)(f)
		f.Identity.Version = version
		got, err := tokens.ForUser(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		reader := &HintReader{Keys: keys, Hosts: []Hosts{f.Hosts}}
		hint, err := reader.Read(got.ID)
		if err != nil {
			t.Fatalf("v%d: %v", version, err)
		}
		subject, err := tokens.Subjects.Subject(t.Context(), acme, f.Client.AppID, hana)
		if err != nil {
			t.Fatal(err)
		}
		want := TokenHint{Tenant: acme, Client: f.Client.AppID, Subject: subject, User: hana, Session: sessionID, LoginHint: hint.LoginHint}
		if hint != want || !strings.HasPrefix(hint.LoginHint, "O.") {
			t.Errorf("v%d: %s", version, cmp.Diff(want, hint, cmp.Comparer(func(a, b directory.TenantID) bool { return a == b })))
		}
		if _, err := reader.Read(got.Access.Compact); !errors.Is(err, ErrNoHint) {
			t.Errorf("v%d: an access token as a hint: %v", version, err)
		}
		reader.Hosts = []Hosts{{Login: "https://elsewhere.example", STS: "https://elsewhere.example"}}
		if _, err := reader.Read(got.ID); !errors.Is(err, ErrNoHint) {
			t.Errorf("v%d: a token of another authority: %v", version, err)
		}
	}
}

func TestTokenHintAccount(t *testing.T) {
	federated := func(issuer, id string) *directory.User {
		return &directory.User{TenantID: acme, ID: hana, Identities: []directory.ObjectIdentity{{SignInType: directory.SignInFederated, Issuer: issuer, IssuerAssignedID: id}}}
	}
	for name, tt := range map[string]struct {
		hint  TokenHint
		users homes
		home  directory.TenantID
		user  directory.ID
		ok    bool
		err   error
	}{
		"a member":                          {TokenHint{Tenant: acme, User: hana}, homes{users: []*directory.User{{TenantID: acme, ID: hana}}}, acme, hana, true, nil},
		"a guest":                           {TokenHint{Tenant: acme, User: hana}, homes{users: []*directory.User{federated(other.String(), string(hanaHome))}}, other, hanaHome, true, nil},
		"an identity of another kind":       {TokenHint{Tenant: acme, User: hana}, homes{users: []*directory.User{federated("https://idp.example", "x")}}, acme, hana, true, nil},
		"somebody who is gone":              {TokenHint{Tenant: acme, User: hana}, homes{}, directory.TenantID{}, "", false, nil},
		"neither oid nor login_hint":        {TokenHint{Tenant: acme, Subject: "x"}, homes{}, directory.TenantID{}, "", false, nil},
		"login_hint":                        {TokenHint{Tenant: acme, LoginHint: "O.x"}, homes{}, other, hanaHome, true, nil},
		"login_hint that is none, with oid": {TokenHint{Tenant: acme, LoginHint: "x", User: hana}, homes{users: []*directory.User{{TenantID: acme, ID: hana}}}, acme, hana, true, nil},
		"storage gone":                      {TokenHint{Tenant: acme, User: hana}, homes{users: []*directory.User{{TenantID: acme, ID: hana}}, err: directory.ErrUnavailable}, directory.TenantID{}, "", false, directory.ErrUnavailable},
	} {
		reader := &HintReader{Users: tt.users, AccountOf: accountOf}
		home, user, ok, err := reader.Account(t.Context(), tt.hint)
		if home != tt.home || user != tt.user || ok != tt.ok || !errors.Is(err, tt.err) {
			t.Errorf("%s: %v %v %v %v", name, home, user, ok, err)
		}
	}
}
