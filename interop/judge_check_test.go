package interop

import (
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
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
		err := judge(t.Context(), p, tc.got)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}
