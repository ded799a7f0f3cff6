package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/endpoint/graph"
)

// graphTokens verifies bearer tokens for Graph and says what is wrong with them
// in Graph's words.
type graphTokens struct{ verifier *issue.Verifier }

func (g graphTokens) Verify(ctx context.Context, bearer string) (*graph.Actor, error) {
	v, err := g.verifier.Verify(ctx, bearer)
	if err != nil {
		for refusal, answer := range map[error]*graph.TokenError{
			issue.ErrTokenMalformed: graph.ErrTokenInvalid,
			issue.ErrTokenSignature: graph.ErrTokenInvalid,
			issue.ErrTokenIssuer:    graph.ErrTokenInvalid,
			issue.ErrTokenExpired:   graph.ErrTokenExpired,
			issue.ErrTokenAudience:  graph.ErrTokenAudience,
			issue.ErrTokenRevoked:   graph.ErrTokenRevoked,
		} {
			if errors.Is(err, refusal) {
				return nil, fmt.Errorf("%w: %w", answer, err)
			}
		}
		return nil, err
	}
	return &graph.Actor{Tenant: v.Tenant, App: v.App, AppID: v.AppID, User: v.User, Scopes: v.Scopes, Roles: v.Roles}, nil
}
