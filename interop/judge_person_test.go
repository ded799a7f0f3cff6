package interop

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/sekisho-id/sekisho/bearer"

	"github.com/sekisho-id/sekisho/interop/internal/administrator"
	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

// judgePerson says what is wrong with what a client got for a person.
func judgePerson(ctx context.Context, p *party, a answer) error {
	switch a.Case {
	case outcome.Declined:
		return showsCode(a, "AADSTS65004")
	case outcome.Me:
		if a.Me != p.personID {
			return fmt.Errorf("Graph names %q, not the person %s", a.Me, p.personID)
		}
		return nil
	case outcome.UserInfo:
		subject, err := idToken(ctx, p, a.IDToken)
		if err == nil && a.Subject != subject {
			err = fmt.Errorf("UserInfo names %q, the ID token %q", a.Subject, subject)
		}
		return err
	case outcome.SignInCache:
		if a.Token != a.Again {
			return errors.New("the second call brought another token")
		}
	case outcome.Refresh, outcome.Common, outcome.Popup, outcome.Iframe, outcome.IframeRefused:
		if a.Again == "" || a.Token == a.Again {
			return errors.New("the second call brought no other token")
		}
		if err := fitsPerson(ctx, p, a, a.Again); err != nil {
			return fmt.Errorf("the second token: %w", err)
		}
	}
	if err := fitsPerson(ctx, p, a, a.Token); err != nil {
		return err
	}
	if want := p.personID + "." + p.Tenant; a.Account != "" && a.Account != want {
		return fmt.Errorf("the account is %s, not %s", a.Account, want)
	}
	_, err := idToken(ctx, p, a.IDToken)
	return err
}

// fitsPerson verifies a person's token as the API would.
func fitsPerson(ctx context.Context, p *party, a answer, token string) error {
	verifier, err := bearer.New(bearer.Config{Authority: p.authority(p.Tenant), Audiences: []string{stage.v2.ClientID}})
	if err != nil {
		return err
	}
	claims, err := verifier.Verify(ctx, token)
	if err != nil {
		return err
	}
	if !slices.Contains(claims.Scopes, administrator.Permission) || len(claims.Roles) != 0 {
		return fmt.Errorf("scp is %q and roles are %q", claims.Scopes, claims.Roles)
	}
	raw, err := payload(token)
	if err != nil {
		return err
	}
	method := bySecret
	if a.Public {
		method = byNothing
	}
	return compare(raw, map[string]any{
		"ver": "2.0", "iss": p.authority(p.Tenant) + "/v2.0", "aud": stage.v2.ClientID, "tid": p.Tenant, "azp": p.ClientID,
		"azpacr": method, "oid": p.personID,
	})
}

// idToken verifies an ID token as an application would, and returns its subject.
func idToken(ctx context.Context, p *party, raw string) (subject string, err error) {
	if raw == "" {
		return "", errors.New("the client returned no ID token")
	}
	issuer := p.authority(p.Tenant) + "/v2.0"
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return "", err
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err != nil {
		return "", err
	}
	claims, err := payload(raw)
	if err != nil {
		return "", err
	}
	return token.Subject, compare(claims, map[string]any{
		"ver": "2.0", "tid": p.Tenant, "oid": p.personID, "preferred_username": p.Address,
	})
}
