package authorization

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Subject is who signed in, how, and where to.
type Subject struct {
	// Tenant is where the person signed in to: the `tid` of the tokens. User is
	// their object there.
	Tenant directory.TenantID `json:"tenant"`
	User   directory.ID       `json:"user"`
	// HomeTenant and HomeUser are the account that proved who it is; for members
	// they are the same.
	HomeTenant directory.TenantID `json:"homeTenant"`
	HomeUser   directory.ID       `json:"homeUser"`

	Session  directory.ID `json:"session"`
	AuthTime time.Time    `json:"authTime"`
	Methods  []string     `json:"methods"`
	// AskedAge: the request had max_age, so ID tokens carry auth_time.
	AskedAge  bool   `json:"askedAge,omitempty"`
	IPAddress string `json:"ipAddress,omitempty"` // of the proof
}

// ClientInfo names the account to the application in the client_info of MSAL: by
// its home, so that it is the same one in every tenant.
func (s *Subject) ClientInfo() string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"uid":"` + string(s.HomeUser) + `","utid":"` + s.HomeTenant.String() + `"}`))
}

// Asked is what the application asked for at /authorize.
type Asked struct {
	Client   directory.ID               `json:"client"` // appId
	Platform directory.RedirectPlatform `json:"platform"`
	Version  int                        `json:"version"` // of the endpoint, 1 or 2
	// Path is the tenant of the request's path: an alias or a tenant's id.
	Path     string `json:"path"`
	Scope    string `json:"scope,omitempty"`
	Resource string `json:"resource,omitempty"` // v1
	Claims   string `json:"claims,omitempty"`
}

// Code is an authorization code without its value.
type Code struct {
	Subject
	Asked
	RedirectURI string `json:"redirectUri"`
	// RedirectSent: the request named the URI, so the redemption must too.
	RedirectSent    bool   `json:"redirectSent"`
	Challenge       string `json:"challenge,omitempty"` // RFC 7636 §4.3
	ChallengeMethod string `json:"challengeMethod,omitempty"`
	Nonce           string `json:"nonce,omitempty"`

	IssuedAt  time.Time `json:"-"`
	ExpiresAt time.Time `json:"-"`
}

// Redemption is what became of a code; zero while it waits.
type Redemption struct {
	At         time.Time
	HomeTenant directory.TenantID
	Family     directory.ID
}

// Family is all that grew out of one redeemed code: its access tokens and, where
// offline access was granted, its refresh tokens. It belongs to the home tenant
// of the account.
type Family struct {
	Subject
	Asked
	ID directory.ID `json:"-"`
	// Refreshable families have refresh tokens.
	Refreshable bool `json:"refreshable"`

	CreatedAt  time.Time `json:"-"` // of the sign-in that the code came from
	ExpiresAt  time.Time `json:"-"` // sliding, or fixed for SPA; of the last access token where not refreshable
	RevokedAt  time.Time `json:"-"` // zero while good
	Generation int64     `json:"-"` // of the newest refresh token, from 1
	RotatedAt  time.Time `json:"-"` // when that one was issued
	// Secret is the hash of the family's secret.
	Secret []byte `json:"-"`
}

// Errors of the store.
var (
	// ErrRedeemed: the code was redeemed before.
	ErrRedeemed = errors.New("authorization: the code was redeemed before")
	// ErrStale: the family is revoked, or has moved on from the generation.
	ErrStale = errors.New("authorization: the family has moved on")
)

// Store keeps codes and families. The tenant comes first and the zero tenant is
// directory.ErrNoTenant; what is not there is directory.ErrNotFound; a failure of
// the storage wraps directory.ErrUnavailable.
type Store interface {
	// CreateCode writes a code of tenant t under the hash of its value.
	CreateCode(ctx context.Context, t directory.TenantID, hash []byte, c *Code) error
	// Code reads a code and what became of it.
	Code(ctx context.Context, t directory.TenantID, hash []byte) (*Code, Redemption, error)
	// RedeemCode marks the code redeemed and writes the family, both or neither.
	// Of any number of redemptions one succeeds; the others get ErrRedeemed and
	// write nothing. The family's tenant is f.HomeTenant.
	RedeemCode(ctx context.Context, t directory.TenantID, hash []byte, at time.Time, f *Family) error
	// Family reads a family, revoked or not.
	Family(ctx context.Context, home directory.TenantID, id directory.ID) (*Family, error)
	// RotateFamily moves a living family from the generation to the next one; it
	// gives ErrStale if another did so first or the family is revoked.
	RotateFamily(ctx context.Context, home directory.TenantID, id directory.ID, from int64, at, expires time.Time) error
	// ExtendFamily moves the end of a living family's life without a rotation;
	// ErrStale if it is revoked.
	ExtendFamily(ctx context.Context, home directory.TenantID, id directory.ID, at, expires time.Time) error
	// RevokeFamily revokes a family; doing it again changes nothing.
	RevokeFamily(ctx context.Context, home directory.TenantID, id directory.ID, at time.Time) error
	// SweepCodes and SweepFamilies remove what expired before the time, a few at a
	// time, and say how many. A redeemed code is kept for a day more, so that a
	// replay is still known while what it gave lives.
	SweepCodes(ctx context.Context, before time.Time, limit int) (int, error)
	SweepFamilies(ctx context.Context, before time.Time, limit int) (int, error)
}
