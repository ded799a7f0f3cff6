package token

import (
	"context"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// The refresh token grant (RFC 6749 §6). A refresh token belongs to a client and
// an account, not to a resource or a tenant: it gives tokens for whatever the
// client holds consent to, in every tenant that the person is a user of.

func completeRefresh(x *exchange) error {
	if x.form.Get("refresh_token") == "" {
		return aadsts.New(aadsts.MissingParameter, "refresh_token")
	}
	return resourceParameter(x)
}

func (e *Endpoint) findRefresh(ctx context.Context, x *exchange) error {
	found, err := e.Authorizations.FindRefreshToken(ctx, x.form.Get("refresh_token"))
	switch {
	case noGrant(err):
		x.refused = err
	case err != nil:
		return err
	case found.Client != x.app.AppID:
		x.refused = aadsts.New(aadsts.InvalidGrant)
	default:
		x.token, x.platform = found, found.Platform
	}
	return nil
}

func (e *Endpoint) redeemRefresh(ctx context.Context, x *exchange) (*grant, error) {
	use, err := e.Authorizations.Refresh(ctx, x.token)
	if err != nil {
		return nil, err
	}
	if err := e.enter(ctx, x, use.Family.Tenant); err != nil {
		return nil, err
	}
	p, err := e.person(ctx, x, use)
	if err != nil {
		return nil, err
	}
	p.refresh = true
	if err := e.chooseResource(ctx, x, p, &use.Family.Asked); err != nil {
		return nil, err
	}
	return &grant{kind: audit.GrantRefreshToken, resource: p.resource, person: p}, nil
}
