package interop

import (
	"strings"
	"testing"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	"golang.org/x/oauth2"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
	"github.com/sekisho-id/sekisho/interop/internal/person"
)

// The judge itself must not wave things through.
func TestGoJudge(t *testing.T) {
	p := register(t, "judge")
	token := func(scope string) string {
		got, err := oauth2Config(p, p.Secret, scope, oauth2.AuthStyleInParams).Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got.AccessToken
	}
	v2, v1, graph := token(p.Scope), token(p.ScopeV1), token(p.GraphScope)
	const id = "Correlation ID: 789031ca-010b-46e9-aae3-3e0f4d22af9e"
	for _, tc := range []struct {
		name string
		got  answer
		want string // part of the objection, "" for none
	}{
		{"a good token", answer{Case: outcome.Secret, Token: v2}, ""},
		{"no token", answer{Case: outcome.Secret}, "malformed"},
		{"a spoilt signature", answer{Case: outcome.Secret, Token: broken(v2)}, "signature"},
		{"a token for another API", answer{Case: outcome.Secret, Token: v1}, "audience"},
		{"a secret where an assertion was due", answer{Case: outcome.Assertion, Token: v2}, "azpacr is 1, not 2"},
		{"a version 2.0 token from a version 1.0 API", answer{Case: outcome.V1API, Token: v2}, "audience"},
		{"a second token", answer{Case: outcome.Cache, Token: v2, Again: v1}, "another token"},
		{"no capability", answer{Case: outcome.Capability, Token: v2}, "xms_cc"},
		{"Graph was not called", answer{Case: outcome.Graph, Token: graph}, "listed no application"},
		{"a token for something else than Graph", answer{Case: outcome.Graph, Token: v1, Applications: 5}, "aud is"},
		{"the client's failure", answer{Case: outcome.Secret, Token: v2, Failed: "no network"}, "no network"},
		{"no error", answer{Case: outcome.WrongSecret}, "no error"},
		{"another error", answer{Case: outcome.WrongSecret, Error: "AADSTS50034 " + id}, "AADSTS7000215"},
		{"an error without a correlation id", answer{Case: outcome.WrongSecret, Error: "AADSTS7000215"}, "correlation id"},
		{"the right error", answer{Case: outcome.WrongSecret, Error: "AADSTS7000215 " + id}, ""},
		{"not done", answer{Case: outcome.Verify}, "did not say"},
		{"an unknown case", answer{Case: "tea"}, "no case"},
	} {
		objects(t, p, tc.name, tc.got, tc.want)
	}
}

// objects checks that the judge has a certain objection to an answer, or none.
func objects(t *testing.T, p *party, name string, got answer, want string) {
	t.Helper()
	err := judge(t.Context(), p, got)
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%s: got %v, want %q", name, err, want)
	}
}

func TestGoJudgeOfPeople(t *testing.T) {
	p := register(t, "judge-people")
	client, err := public.New(p.ClientID, public.WithAuthority(p.authority(p.Tenant)), public.WithInstanceDiscovery(false))
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.AcquireTokenInteractive(t.Context(), []string{p.Permission}, withPerson(t, person.Way{Person: p.person}))
	if err != nil {
		t.Fatal(err)
	}
	app, err := oauth2Config(p, p.Secret, p.Scope, oauth2.AuthStyleInParams).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	good := answer{Case: outcome.SignIn, Token: got.AccessToken, IDToken: got.IDToken.RawToken, Account: got.Account.HomeAccountID, Public: true}
	other := *p
	other.personID, other.Address = "0c9f7d52-8a3e-4c7b-9b3a-6f1f6f3d2a99", "somebody-else@"+p.Domain
	objects(t, p, "a good sign-in", good, "")
	objects(t, &other, "another person", good, "oid is")
	for _, tc := range []struct {
		name   string
		change func(*answer)
		want   string
	}{
		{"an application's token", func(a *answer) { a.Token = app.AccessToken }, "scp is"},
		{"no ID token", func(a *answer) { a.IDToken = "" }, "no ID token"},
		{"a spoilt ID token", func(a *answer) { a.IDToken = broken(a.IDToken) }, "signature"},
		{"another account", func(a *answer) { a.Account = "x.y" }, "the account is"},
		{"a secret where there was none", func(a *answer) { a.Public = false }, "azpacr"},
		{"nothing from the cache", func(a *answer) { a.Case = outcome.SignInCache }, "another token"},
		{"nothing fresh", func(a *answer) { a.Case, a.Again = outcome.Refresh, a.Token }, "no other token"},
		{"a fresh token of the application", func(a *answer) { a.Case, a.Again = outcome.Popup, app.AccessToken }, "second token"},
		{"another person in Graph", func(a *answer) { a.Case, a.Me = outcome.Me, "x" }, "not the person"},
		{"another subject", func(a *answer) { a.Case, a.Subject = outcome.UserInfo, "x" }, "UserInfo names"},
		{"nobody declined", func(a *answer) { a.Case = outcome.Declined }, "no error"},
		{"not signed out", func(a *answer) { a.Case = outcome.SignOut }, "did not say"},
	} {
		a := good
		tc.change(&a)
		objects(t, p, tc.name, a, tc.want)
	}
}
