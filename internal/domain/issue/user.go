package issue

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// UserFacts are everything that the tokens of a signed-in person are made of.
// Facts.Roles are the person's app roles on the resource.
type UserFacts struct {
	Facts
	Subject authorization.Subject
	// User is the person's object in Facts.Tenant.
	User *directory.User
	// Family is what the tokens were issued from; our own resources ask whether it
	// was revoked.
	Family directory.ID
	// Scopes are the delegated permissions on the resource (`scp`).
	Scopes []string
	// OIDC are the scopes of OpenID Connect that were granted; they decide which
	// claims an ID token may carry.
	OIDC []string
	// DirectoryRoles are the template ids of the person's directory roles (`wids`).
	DirectoryRoles []directory.ID
	// Contexts are the authentication contexts that the sign-in satisfies, out of
	// those that the client asked for (`acrs` of the access token).
	Contexts []string

	// Identity asks for an ID token too; nil without openid.
	Identity *IdentityFacts
	// Use, if not nil, uses up what the tokens are issued for: it is written with
	// the sign-in record (audit.Act) once the tokens are sure to be signed. It is
	// told when the access token ends.
	Use func(ctx context.Context, end time.Time) error
}

// IdentityFacts are what an ID token says beyond UserFacts. Its version is that
// of the endpoint, its optional claims are the client's.
type IdentityFacts struct {
	Version int
	Nonce   string
	// Roles are the person's app roles on the client.
	Roles []string
	// DirectoryRoles are the template ids of the person's directory roles (`wids`);
	// those of UserFacts count too.
	DirectoryRoles []directory.ID
	// Asked are the claims that the claims parameter asks for in the ID token, as
	// Wish.IDToken gives them.
	Asked []string
	// Code and AccessToken are what the ID token was issued beside in the front
	// channel (c_hash, at_hash); empty for tokens of /token.
	Code, AccessToken string
}

// UserTokens are the tokens of a person.
type UserTokens struct {
	Access *Token
	ID     string // empty where none was asked for
	// Used is what UserFacts.Use returned. Before it was judged the tokens must not
	// leave.
	Used error
}
