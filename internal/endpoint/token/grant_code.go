package token

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// The authorization code grant turns a person's sign-in into tokens (RFC 6749
// §4.1.3, RFC 7636 §4.5). A code is good for one resource at a time, and for one
// answer.

func completeCode(x *exchange) error {
	if x.form.Get("code") == "" {
		return aadsts.New(aadsts.MissingParameter, "code")
	}
	return resourceParameter(x)
}

// resourceParameter refuses `resource` where scopes name it.
func resourceParameter(x *exchange) error {
	if x.version == V2 && x.form.Get("resource") != "" {
		return aadsts.New(aadsts.ResourceOnV2)
	}
	return nil
}

func (e *Endpoint) findCode(ctx context.Context, x *exchange) error {
	found, err := e.Authorizations.Find(ctx, x.form.Get("code"))
	switch {
	case noGrant(err):
		x.refused = err
	case err != nil:
		return err
	case found.Client != x.app.AppID:
		x.refused = aadsts.New(aadsts.InvalidGrant)
	default:
		x.code, x.platform = found, found.Platform
	}
	return nil
}

// noGrant reports whether an error says that there is no such code or token, as
// against one that says that it could not be looked for.
func noGrant(err error) bool {
	var known *aadsts.Error
	return errors.As(err, &known)
}

func (e *Endpoint) redeemCode(ctx context.Context, x *exchange) (*grant, error) {
	code := x.code
	if err := e.Authorizations.CheckFresh(ctx, code); err != nil {
		return nil, err
	}
	if err := checkCode(x, code); err != nil {
		return nil, err
	}
	if err := e.enter(ctx, x, code.Tenant); err != nil {
		return nil, err
	}
	use, err := e.Authorizations.Redeem(ctx, code)
	if err != nil {
		return nil, err
	}
	p, err := e.person(ctx, x, use)
	if err != nil {
		return nil, err
	}
	if p.user.ID != code.User {
		// The account was unlinked from the user who signed in, and linked to another.
		return nil, aadsts.New(aadsts.InvalidGrant)
	}
	p.nonce = code.Nonce
	if err := e.chooseResource(ctx, x, p, &code.Asked); err != nil {
		return nil, err
	}
	return &grant{kind: audit.GrantAuthorizationCode, resource: p.resource, person: p}, nil
}

// checkCode checks what a code is bound to. It has been found to be this
// client's.
func checkCode(x *exchange, code *authorization.Found) error {
	if !compatible(x, code) {
		return aadsts.New(aadsts.WrongTenantOfGrant)
	}
	sent, verifier := x.form.Get("redirect_uri"), x.form.Get("code_verifier")
	if (code.RedirectSent || sent != "") && sent != code.RedirectURI {
		return aadsts.New(aadsts.RedirectDiffers, sent, code.RedirectURI)
	}
	switch {
	case code.Challenge == "" && code.Platform == directory.PlatformSPA:
		return aadsts.New(aadsts.ChallengeRequired)
	case code.Challenge == "" && verifier == "":
		return nil
	case verifier == "":
		return aadsts.New(aadsts.VerifierMissing)
	case !oauth2.VerifyChallenge(code.ChallengeMethod, code.Challenge, verifier):
		// So is a verifier where there was no challenge: somebody took the challenge
		// out of the authorization request (RFC 9700 §4.8.2).
		return aadsts.New(aadsts.VerifierMismatch)
	}
	return nil
}

// compatible reports whether the path may redeem the code: the tenant that the
// person signed in to, or an alias where the sign-in went by one.
func compatible(x *exchange, code *authorization.Found) bool {
	if x.tenant != nil {
		return x.tenant.ID == code.Tenant
	}
	here, err := directory.ParseTenantName(x.tenantName)
	if err != nil {
		return false
	}
	there, err := directory.ParseTenantName(code.Path)
	if err != nil || there.Concrete() {
		return false
	}
	return here.Kind == there.Kind || here.Kind == directory.NameCommon || there.Kind == directory.NameCommon
}
