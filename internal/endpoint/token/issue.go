package token

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// issue makes the tokens that the grant entitles to. When it returns, the
// sign-in record is durable, and the code or refresh token is used up.
func (e *Endpoint) issue(ctx context.Context, x *exchange, g *grant, at *target) (*response, error) {
	wish, err := issue.ParseWish(x.form.Get("claims"))
	if err != nil {
		return nil, aadsts.New(aadsts.MalformedJSON, "claims").Because(err)
	}
	facts := issue.Facts{
		Hosts: x.web.Hosts, Tenant: x.tenant, Client: x.sp, Resource: at.resource,
		Audience: at.audience, Roles: at.roles,
		Method: x.proven.Method, CredentialID: x.proven.CredentialID,
		Capabilities: wish.Capabilities, NotBefore: wish.NotBefore,
		RequestID: x.web.Trace, UTI: x.web.UTI(), CorrelationID: x.web.CorrelationID,
		Grant: g.kind, IPAddress: x.web.ClientIP, UserAgent: x.userAgent,
	}
	if g.person != nil {
		return e.issueForUser(ctx, x, g.person, at, facts, wish)
	}
	token, err := e.Tokens.AppOnly(ctx, &facts)
	if err != nil {
		return nil, unissued(err)
	}
	return newResponse(x, token, g.resource), nil
}

// unissued gives an error of issuance its number.
func unissued(err error) error {
	switch {
	case errors.Is(err, issue.ErrBusy):
		return aadsts.New(aadsts.Busy).Because(err)
	case errors.Is(err, issue.ErrNoKey):
		return aadsts.New(aadsts.NoSigningKey).Because(err)
	}
	return err
}

// issueForUser issues a person's tokens and uses up what the request brought, in
// the commit of the sign-in record and beside the signatures. A node that is too
// busy to sign has not redeemed the code, nor rotated a refresh token under its
// client; and what was signed in a race that another request won never leaves.
func (e *Endpoint) issueForUser(ctx context.Context, x *exchange, p *person, at *target, facts issue.Facts, wish issue.Wish) (*response, error) {
	if began, err := issue.ParseWish(p.claims); err == nil {
		wish.IDToken = append(wish.IDToken, began.IDToken...)
		if x.form.Get("claims") == "" {
			facts.Capabilities = began.Capabilities
		}
	}
	f := &issue.UserFacts{Facts: facts, Subject: p.subject, User: p.user, Family: p.use.Family.ID, Scopes: at.scopes, OIDC: at.oidc}
	if slices.Contains(p.oidc, "openid") && slices.Contains(at.oidc, "openid") {
		f.Identity = &issue.IdentityFacts{Version: int(x.version), Nonce: p.nonce, Roles: at.clientRoles, Asked: wish.IDToken}
	}
	var err error
	if f.DirectoryRoles, err = e.directoryRoles(ctx, x, p, at.resource); err != nil {
		return nil, err
	}
	stays := x.version == V1 || slices.Contains(p.oidc, "offline_access") && slices.Contains(at.oidc, "offline_access")
	f.Use = func(ctx context.Context, end time.Time) error { return e.Authorizations.Write(ctx, p.use, stays, end) }
	tokens, err := e.Tokens.ForUser(ctx, f)
	if err != nil {
		return nil, unissued(err)
	}
	refresh, err := e.Authorizations.Finish(ctx, p.use, tokens.Used)
	if err != nil {
		return nil, err
	}
	resp := newResponse(x, tokens.Access, p.resource)
	resp.Scope, resp.IDToken, resp.RefreshToken = p.scopeText(x.version, at), tokens.ID, refresh
	if family := p.use.Family; refresh != "" && family.Platform == directory.PlatformSPA {
		resp.RefreshExpiresIn = int64(family.RefreshTokenLife(e.Now()) / time.Second)
	}
	if x.form.Get("client_info") == "1" {
		resp.ClientInfo = p.subject.ClientInfo()
	}
	return resp, nil
}

// directoryRoles are the person's directory roles, read where a token may name
// them.
func (e *Endpoint) directoryRoles(ctx context.Context, x *exchange, p *person, resource *directory.ServicePrincipal) ([]directory.ID, error) {
	if !groupClaims(x.sp) && !groupClaims(resource) {
		return nil, nil
	}
	list, err := e.Directory.RoleAssignmentsOf(ctx, x.tenant.ID, p.user.ID)
	if err != nil {
		return nil, err
	}
	ids := make([]directory.ID, len(list))
	for i := range list {
		ids[i] = list[i].RoleDefinitionID
	}
	return ids, nil
}

// groupClaims reports whether an application asks for claims of groups or roles.
func groupClaims(sp *directory.ServicePrincipal) bool {
	return sp.App != nil && sp.App.GroupMembershipClaims != nil
}

// response is the token response (RFC 6749 §5.1). The v1 endpoint writes its
// numbers as strings.
type response struct {
	TokenType    string `json:"token_type"`
	Scope        string `json:"scope,omitempty"`
	ExpiresIn    any    `json:"expires_in"`
	ExtExpiresIn any    `json:"ext_expires_in"`
	ExpiresOn    string `json:"expires_on,omitempty"`
	NotBefore    string `json:"not_before,omitempty"`
	Resource     string `json:"resource,omitempty"`
	AccessToken  string `json:"access_token"`

	RefreshToken     string `json:"refresh_token,omitempty"`
	RefreshExpiresIn int64  `json:"refresh_token_expires_in,omitempty"`
	IDToken          string `json:"id_token,omitempty"`
	ClientInfo       string `json:"client_info,omitempty"`
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
