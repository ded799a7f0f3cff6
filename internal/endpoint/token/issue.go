package token

import (
	"context"
	"errors"
	"strconv"

	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// issue makes the tokens that the grant entitles to. When it returns, the
// sign-in record is durable.
func (e *Endpoint) issue(ctx context.Context, x *exchange, g *grant, at *target) (*response, error) {
	wish, err := issue.ParseWish(x.form.Get("claims"))
	if err != nil {
		return nil, aadsts.New(aadsts.MalformedJSON, "claims").Because(err)
	}
	token, err := e.Tokens.AppOnly(ctx, &issue.Facts{
		Hosts: x.web.Hosts, Tenant: x.tenant, Client: x.sp, Resource: at.resource,
		Audience: at.audience, Roles: at.roles,
		Method: x.proven.Method, CredentialID: x.proven.CredentialID,
		Capabilities: wish.Capabilities, NotBefore: wish.NotBefore,
		RequestID: x.web.Trace, UTI: x.web.UTI(), CorrelationID: x.web.CorrelationID,
		Grant: g.kind, IPAddress: x.web.ClientIP, UserAgent: x.userAgent,
	})
	switch {
	case errors.Is(err, issue.ErrBusy):
		return nil, aadsts.New(aadsts.Busy).Because(err)
	case errors.Is(err, issue.ErrNoKey):
		return nil, aadsts.New(aadsts.NoSigningKey).Because(err)
	case err != nil:
		return nil, err
	}
	return newResponse(x, token, g.resource), nil
}

// response is the token response (RFC 6749 §5.1). The v1 endpoint writes its
// numbers as strings.
type response struct {
	TokenType    string `json:"token_type"`
	ExpiresIn    any    `json:"expires_in"`
	ExtExpiresIn any    `json:"ext_expires_in"`
	ExpiresOn    string `json:"expires_on,omitempty"`
	NotBefore    string `json:"not_before,omitempty"`
	Resource     string `json:"resource,omitempty"`
	AccessToken  string `json:"access_token"`
}

func newResponse(x *exchange, t *issue.Token, resource string) *response {
	r := &response{TokenType: "Bearer", AccessToken: t.Compact, ExpiresIn: t.ExpiresIn, ExtExpiresIn: t.ExpiresIn}
	if x.version == V1 {
		in := strconv.FormatInt(t.ExpiresIn, 10)
		r.ExpiresIn, r.ExtExpiresIn = in, in
		r.ExpiresOn, r.NotBefore = strconv.FormatInt(t.ExpiresOn, 10), strconv.FormatInt(t.NotBefore, 10)
		r.Resource = resource
	}
	return r
}
