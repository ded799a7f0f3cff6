package issue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

// Refusals of a bearer token at our own resources.
var (
	ErrTokenMalformed = errors.New("the access token is malformed")
	ErrTokenSignature = errors.New("the access token's signature is not valid")
	ErrTokenExpired   = errors.New("the access token has expired or is not yet valid")
	ErrTokenAudience  = errors.New("the access token's audience is not this resource")
	ErrTokenIssuer    = errors.New("the access token's issuer is not this authority")
	ErrTokenRevoked   = errors.New("the access token's principal is gone or disabled")
)

// VerificationKeys finds a key that verifies a token of a ring.
type VerificationKeys interface {
	// Set is the keys as they are now. A key of one issuer class never
	// validates a token of another.
	Set() *signingkey.Set
}

// Users finds people. directory.UserStore is one.
type Users interface {
	User(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.User, error)
}

// Families finds what the tokens of people grew out of. authorization.Store is
// one.
type Families interface {
	Family(ctx context.Context, home directory.TenantID, id directory.ID) (*authorization.Family, error)
}

// Verifier checks access tokens of ours at our own resources.
type Verifier struct {
	Keys   VerificationKeys
	Lookup directory.Lookup
	Hosts  []Hosts
	// Users and Families judge tokens of people; without them only app-only tokens
	// are accepted.
	Users    Users
	Families Families
	// Resource is the appId of the resource that asks.
	Resource directory.ID
	Now      func() time.Time
}

// Verified is what a valid access token says.
type Verified struct {
	Tenant directory.TenantID
	App    directory.ID // service principal of the client
	AppID  directory.ID
	User   directory.ID // `oid` of a delegated token, "" in an app-only one
	Scopes []string     // nil for an app-only token
	Roles  []string

	// Client is App as it stands.
	Client *directory.ServicePrincipal
	// Person is User as it stands, and HomeTenant where the account belongs; nil
	// and zero for an app-only token.
	Person     *directory.User
	HomeTenant directory.TenantID
}

type ownClaims struct {
	Aud   string   `json:"aud"`
	Iss   string   `json:"iss"`
	Exp   int64    `json:"exp"`
	Nbf   int64    `json:"nbf"`
	OID   string   `json:"oid"`
	TID   string   `json:"tid"`
	AppID string   `json:"appid"`
	AZP   string   `json:"azp"`
	Scp   *string  `json:"scp"`
	AIO   string   `json:"aio"`
	Roles []string `json:"roles"`
}

// maxToken bounds a token that is looked at.
const maxToken = 16 << 10

// skew allowed between our own nodes.
const skew = 60 * time.Second

// Verify checks signature, issuer of the tenant that the token names, audience,
// lifetime, and that its principal is still there and enabled. A token of a
// person costs reads of the database, since a revocation of theirs must count at
// once; an app-only token costs none.
func (v *Verifier) Verify(ctx context.Context, token string) (*Verified, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return nil, ErrTokenMalformed
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTokenMalformed, err)
	}
	var c ownClaims
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTokenMalformed, err)
	}
	tenant, err := directory.ParseTenantID(c.TID)
	if err != nil {
		return nil, ErrTokenMalformed
	}
	now := v.Now()
	header := jws.Signatures[0].Protected
	key, err := v.Keys.Set().VerifyKey(header.KeyID, signingkey.RingOf(tenant), header.Algorithm, now)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTokenSignature, err)
	}
	if _, err := jws.Verify(key.Public()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTokenSignature, err)
	}
	if !v.issuer(c.Iss, tenant) {
		return nil, ErrTokenIssuer
	}
	if now.Add(skew).Before(time.Unix(c.Nbf, 0)) || !now.Before(time.Unix(c.Exp, 0)) {
		return nil, ErrTokenExpired
	}
	return v.accept(ctx, tenant, &c)
}

func (v *Verifier) issuer(iss string, t directory.TenantID) bool {
	for _, h := range v.Hosts {
		if iss == h.V2Issuer(t) || iss == h.V1Issuer(t) {
			return true
		}
	}
	return false
}

// accept checks what depends on the directory as it stands now.
func (v *Verifier) accept(ctx context.Context, t directory.TenantID, c *ownClaims) (*Verified, error) {
	resource, err := v.Lookup.ServicePrincipalByAppID(ctx, t, v.Resource)
	if err != nil {
		return nil, notFoundAs(err, ErrTokenAudience)
	}
	named := false
	for _, n := range resource.ServicePrincipalNames() {
		named = named || n == c.Aud
	}
	// An ID token has neither appid nor azp; it is no access token.
	client := c.AppID
	if client == "" {
		client = c.AZP
	}
	appID, err := directory.ParseID(client)
	if !named || err != nil {
		return nil, ErrTokenAudience
	}
	oid, err := directory.ParseID(c.OID)
	if err != nil {
		return nil, ErrTokenMalformed
	}
	app, err := v.Lookup.ServicePrincipalByAppID(ctx, t, appID)
	if err != nil {
		return nil, notFoundAs(err, ErrTokenRevoked)
	}
	if err := Alive(ctx, v.Lookup, app); err != nil {
		return nil, err
	}
	got := &Verified{Tenant: t, App: app.ID, AppID: appID, Client: app, Roles: c.Roles}
	if c.Scp == nil {
		if app.ID != oid {
			return nil, ErrTokenRevoked
		}
		return got, nil
	}
	got.User, got.Scopes = oid, strings.Fields(*c.Scp)
	from, err := parseOrigin(c.AIO)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTokenMalformed, err)
	}
	got.HomeTenant = from.home
	if got.Person, err = v.person(ctx, t, oid, from); err != nil {
		return nil, err
	}
	return got, nil
}

// person checks that the person whom a token is about may still be acted for:
// in the tenant, at home, and by what the token was issued from.
func (v *Verifier) person(ctx context.Context, t directory.TenantID, id directory.ID, from origin) (*directory.User, error) {
	if v.Users == nil || v.Families == nil {
		return nil, ErrTokenRevoked
	}
	user, err := v.account(ctx, t, id, from.issued)
	if err != nil {
		return nil, err
	}
	family, err := v.Families.Family(ctx, from.home, from.family)
	if err != nil {
		return nil, notFoundAs(err, ErrTokenRevoked)
	}
	if !family.RevokedAt.IsZero() {
		return nil, ErrTokenRevoked
	}
	if from.home == t {
		if family.HomeUser != id || outlived(user, family, from.issued) {
			return nil, ErrTokenRevoked
		}
		return user, nil
	}
	home, err := v.Lookup.TenantByName(ctx, from.home.String())
	if err != nil {
		return nil, notFoundAs(err, ErrTokenRevoked)
	}
	if home.Disabled {
		return nil, ErrTokenRevoked
	}
	account, err := v.account(ctx, from.home, family.HomeUser, from.issued)
	if err != nil {
		return nil, err
	}
	if outlived(account, family, from.issued) || !linked(user, from.home, family.HomeUser) {
		return nil, ErrTokenRevoked
	}
	return user, nil
}

// linked reports whether a guest is still the account of the other directory.
func linked(guest *directory.User, home directory.TenantID, account directory.ID) bool {
	return slices.ContainsFunc(guest.Identities, func(i directory.ObjectIdentity) bool {
		return i.SignInType == directory.SignInFederated && strings.EqualFold(i.Issuer, home.String()) && strings.EqualFold(i.IssuerAssignedID, string(account))
	})
}

// outlived reports whether something happened to the account, after a token was
// issued, that took away the refresh tokens of its family: access tokens go with
// them.
func outlived(account *directory.User, f *authorization.Family, issued time.Time) bool {
	return !authorization.Revoked(account, issued, f.Platform.Public(), f.Methods).IsZero()
}

// account finds an enabled user whose sessions of that time still count.
func (v *Verifier) account(ctx context.Context, t directory.TenantID, id directory.ID, issued time.Time) (*directory.User, error) {
	user, err := v.Users.User(ctx, t, id)
	if err != nil {
		return nil, notFoundAs(err, ErrTokenRevoked)
	}
	if !user.AccountEnabled || issued.Before(user.SessionsValidFrom) {
		return nil, ErrTokenRevoked
	}
	return user, nil
}

// Alive judges whether what was issued to a service principal still counts: its
// tenant and itself are enabled, and its application is there and still offered
// to the tenant. It returns ErrTokenRevoked where it does not.
func Alive(ctx context.Context, l directory.Lookup, p *directory.ServicePrincipal) error {
	tenant, err := l.TenantByName(ctx, p.TenantID.String())
	if err != nil {
		return notFoundAs(err, ErrTokenRevoked)
	}
	app := p.App
	switch {
	case tenant.Disabled, !p.AccountEnabled:
		return ErrTokenRevoked
	case app == nil && p.Type == directory.TypeManagedIdentity:
		return nil
	case app == nil, !app.OfferedTo(p.TenantID), app.Blocked():
		return ErrTokenRevoked
	}
	return nil
}

func notFoundAs(err, as error) error {
	if errors.Is(err, directory.ErrNotFound) {
		return as
	}
	return err
}
