package interop

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/bearer"

	"github.com/sekisho-id/sekisho/interop/internal/administrator"
	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

// answer is what a client got for a case. A program of another language prints it
// as one line of JSON.
type answer struct {
	Case outcome.Case `json:"case"`
	// Token is the access token, Again that of a second call, where there is one.
	Token string `json:"token,omitempty"`
	Again string `json:"again,omitempty"`
	// Error is the client's own error, where one is expected.
	Error string `json:"error,omitempty"`
	// Applications is how many applications Graph listed, where it was asked.
	Applications int `json:"applications,omitempty"`
	// Done says that the client has seen to the case by itself.
	Done bool `json:"done,omitempty"`
	// IDToken names the person who signed in, Account the client's own name for the
	// account (uid.utid).
	IDToken string `json:"idToken,omitempty"`
	Account string `json:"account,omitempty"`
	// Public says that the client proved itself by PKCE alone.
	Public bool `json:"public,omitempty"`
	// Subject is what UserInfo answered, Me the id that Graph's /me did.
	Subject string `json:"subject,omitempty"`
	Me      string `json:"me,omitempty"`
	// Failed is the client's error, where none is expected.
	Failed string `json:"failed,omitempty"`
}

// How a client proved itself, as azpacr and appidacr say it.
const (
	byNothing   = "0"
	bySecret    = "1"
	byAssertion = "2"
)

var correlation = regexp.MustCompile(`(?i)correlation[ _]id:?"?:? ?"?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// judge says what is wrong with an answer.
func judge(ctx context.Context, p *party, a answer) error {
	if a.Failed != "" {
		return errors.New(a.Failed)
	}
	switch a.Case {
	case outcome.WrongSecret:
		return showsCode(a, "AADSTS7000215")
	case outcome.Unconsented:
		return showsCode(a, "AADSTS7000229")
	case outcome.Secret, outcome.SecretBasic, outcome.Domain:
		return fits(ctx, p, a.Token, stage.v2, bySecret)
	case outcome.V1API:
		return fits(ctx, p, a.Token, stage.v1, bySecret)
	case outcome.Certificate, outcome.CertificateChain, outcome.CertificateSHA1, outcome.Assertion, outcome.Workload:
		return fits(ctx, p, a.Token, stage.v2, byAssertion)
	case outcome.Cache:
		if a.Token != a.Again {
			return errors.New("the second call brought another token")
		}
		return fits(ctx, p, a.Token, stage.v2, bySecret)
	case outcome.Capability:
		return capable(ctx, p, a)
	case outcome.Graph:
		return fitsGraph(p, a)
	case outcome.SignIn, outcome.SignInCache, outcome.Refresh, outcome.Common, outcome.Popup, outcome.Iframe, outcome.IframeRefused,
		outcome.UserInfo, outcome.Me, outcome.Declined:
		return judgePerson(ctx, p, a)
	case outcome.Discovery, outcome.Verify, outcome.VerifyV1, outcome.Refuse, outcome.Metadata, outcome.Incremental, outcome.SignOut,
		outcome.Expired, outcome.Guest:
		if !a.Done {
			return errors.New("the client did not say that it had done this")
		}
		return nil
	}
	return fmt.Errorf("there is no case %q", a.Case)
}

func showsCode(a answer, code string) error {
	switch {
	case a.Error == "":
		return errors.New("the client reported no error")
	case !strings.Contains(a.Error, code):
		return fmt.Errorf("the client's error does not show %s: %s", code, a.Error)
	case !correlation.MatchString(a.Error):
		return fmt.Errorf("the client's error shows no correlation id: %s", a.Error)
	}
	return nil
}

// fits verifies a token as the API would, and compares what the API decides by.
func fits(ctx context.Context, p *party, token string, api *administrator.API, method string) error {
	verifier, err := bearer.New(bearer.Config{Authority: p.authority(p.Tenant), Audiences: []string{api.ClientID, api.URI}})
	if err != nil {
		return err
	}
	claims, err := verifier.Verify(ctx, token)
	if err != nil {
		return err
	}
	if !slices.Equal(claims.Roles, []string{administrator.Role}) {
		return fmt.Errorf("roles are %q", claims.Roles)
	}
	raw, err := payload(token)
	if err != nil {
		return err
	}
	wanted := map[string]any{
		"ver": "2.0", "iss": p.authority(p.Tenant) + "/v2.0", "aud": api.ClientID, "tid": p.Tenant, "azp": p.ClientID, "azpacr": method,
	}
	if api.Version == 1 {
		wanted = map[string]any{"ver": "1.0", "aud": api.URI, "tid": p.Tenant, "appid": p.ClientID, "appidacr": method}
	}
	return compare(raw, wanted)
}

func fitsGraph(p *party, a answer) error {
	raw, err := payload(a.Token)
	if err != nil {
		return err
	}
	wanted := map[string]any{"tid": p.Tenant, "appid": p.ClientID, "aud": strings.TrimSuffix(p.GraphScope, "/.default")}
	if raw["aud"] == p.GraphURL { // what /metadata/endpoints names is a name of Graph too
		wanted["aud"] = p.GraphURL
	}
	if err := compare(raw, wanted); err != nil {
		return err
	}
	if roles, _ := raw["roles"].([]any); !slices.Contains(roles, any(administrator.GraphRole)) {
		return fmt.Errorf("roles are %v", raw["roles"])
	}
	if a.Applications == 0 {
		return errors.New("Graph listed no application")
	}
	return nil
}

func capable(ctx context.Context, p *party, a answer) error {
	if err := fits(ctx, p, a.Token, stage.v2, bySecret); err != nil {
		return err
	}
	raw, err := payload(a.Token)
	if err != nil {
		return err
	}
	if got := fmt.Sprint(raw["xms_cc"]); got != "[cp1]" {
		return fmt.Errorf("xms_cc is %s", got)
	}
	return nil
}

func compare(raw, wanted map[string]any) error {
	var faults []error
	for name, want := range wanted {
		if raw[name] != want {
			faults = append(faults, fmt.Errorf("%s is %v, not %v", name, raw[name], want))
		}
	}
	return errors.Join(faults...)
}

// payload reads a token's claims without judging them.
func payload(token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("the client returned no token of three parts")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	var raw map[string]any
	return raw, json.Unmarshal(text, &raw)
}

// broken is the token with its signature changed.
func broken(token string) string {
	at := strings.LastIndexByte(token, '.') + 10
	other := byte('A')
	if token[at] == other {
		other = 'B'
	}
	return token[:at] + string(other) + token[at+1:]
}
