package authorization

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// A Use is a code or a refresh token that was judged good and is not used up
// yet: a request may still be refused for what it asks, and then a refresh token
// must not have rotated under its client. Write and Finish use it up.
type Use struct {
	// Family is the one that the code will make, or the token's.
	Family *Family
	// Home is the account, an object of Family.HomeTenant. It is shared: nobody
	// changes it.
	Home *directory.User

	code   *Found // nil for a refresh token
	secret [secretSize]byte
	issued time.Time // of the code or token
	// generation is the one presented; repeated says that the family has moved on
	// from it within the grace.
	generation int64
	repeated   bool
	now        time.Time // of Write
}

// Redeem judges a code that passed the checks of the token endpoint: that it is
// fresh and that the person may still use it.
func (a *Authorizations) Redeem(ctx context.Context, f *Found) (*Use, error) {
	if err := a.CheckFresh(ctx, f); err != nil {
		return nil, err
	}
	u := &Use{code: f, issued: f.IssuedAt, generation: 1}
	if _, err := io.ReadFull(a.Rand, u.secret[:]); err != nil {
		return nil, fmt.Errorf("drawing the secret of a family: %w", err)
	}
	id, err := directory.NewID(a.Rand)
	if err != nil {
		return nil, fmt.Errorf("drawing the id of a family: %w", err)
	}
	u.Family = &Family{Subject: f.Subject, Asked: f.Asked, ID: id, CreatedAt: f.IssuedAt, Generation: 1, Secret: a.secretHash(&u.secret)}
	if u.Home, err = a.person(ctx, u.Family, f.IssuedAt); err != nil {
		return nil, err
	}
	return u, nil
}

// Write uses up what was judged, in one write that may share a transaction with
// others: it redeems the code and makes its family, or moves the family of the
// refresh token on. tokens is when the newest access token ends. What it returns
// is for Finish.
func (a *Authorizations) Write(ctx context.Context, u *Use, refreshable bool, tokens time.Time) error {
	u.now = a.now()
	if u.code == nil {
		return a.advance(ctx, u, tokens)
	}
	f := u.Family
	f.Refreshable, f.RotatedAt = refreshable, u.now
	f.ExpiresAt = f.end(u.now, tokens)
	return a.Store.RedeemCode(ctx, u.code.Tenant, u.code.hash, u.now, f)
}

// Finish judges what Write returned, and gives the refresh token for the answer, ""
// where the family has none. Without an error all of it is durable; of several
// redemptions of one code one gets so far.
func (a *Authorizations) Finish(ctx context.Context, u *Use, err error) (string, error) {
	if err != nil {
		if u.code != nil {
			err = a.lost(ctx, u, err)
		} else {
			err = a.moved(ctx, u, err)
		}
	}
	if err != nil || !u.Family.Refreshable {
		return "", err
	}
	return a.seal(u.Family, u.secret, u.now), nil
}

// lost judges why a code could not be redeemed.
func (a *Authorizations) lost(ctx context.Context, u *Use, err error) error {
	if !errors.Is(err, ErrRedeemed) {
		return fmt.Errorf("redeeming a code: %w", err)
	}
	// Another redemption was faster; what it gave is revoked like any replay.
	_, r, err := a.Store.Code(ctx, u.code.Tenant, u.code.hash)
	if err != nil {
		return fmt.Errorf("finding who redeemed a code: %w", err)
	}
	return a.replayed(ctx, r)
}

// keep is how long a family stays beyond its tokens. A client that comes late is
// told what its token died of, and a family that is used often need not be written
// each time.
const keep = 24 * time.Hour

// end is when a family may be forgotten: some time after its newest refresh token,
// and not before the newest of its access tokens.
func (f *Family) end(now, tokens time.Time) time.Time {
	end := tokens
	if f.Refreshable {
		if last := now.Add(f.RefreshTokenLife(now) + keep); last.After(end) {
			end = last
		}
	}
	return end.UTC().Truncate(time.Microsecond)
}

// RefreshTokenLife is how long the refresh tokens of the family live from now on
// if nobody uses them.
func (f *Family) RefreshTokenLife(now time.Time) time.Duration {
	if f.Platform == directory.PlatformSPA {
		return f.CreatedAt.Add(SPALimit).Sub(now)
	}
	return IdleLimit
}

// person judges the account of a family as it stands now. issued is when the
// code or token was.
func (a *Authorizations) person(ctx context.Context, f *Family, issued time.Time) (*directory.User, error) {
	tenant, err := a.Tenants.TenantByName(ctx, f.HomeTenant.String())
	if errors.Is(err, directory.ErrNotFound) || err == nil && tenant.Disabled {
		return nil, aadsts.New(aadsts.TenantNotFound, f.HomeTenant.String())
	}
	if err != nil {
		return nil, err
	}
	user, err := a.Users.User(ctx, f.HomeTenant, f.HomeUser)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, aadsts.New(aadsts.AccountNotFound)
	}
	if err != nil {
		return nil, err
	}
	if !user.AccountEnabled {
		return nil, aadsts.New(aadsts.AccountDisabled)
	}
	if since := revokedSince(user, f); !since.IsZero() {
		return nil, revoked(issued, since)
	}
	return user, nil
}

// In finds the person of a use as a user of the tenant: the account itself at
// home, a guest elsewhere. directory.ErrNotFound means that the person is
// neither; a guest who was disabled is AADSTS50057.
func (a *Authorizations) In(ctx context.Context, u *Use, t directory.TenantID) (*directory.User, error) {
	f := u.Family
	if t == f.HomeTenant {
		return u.Home, nil
	}
	guest, err := a.Identities.UserByIdentity(ctx, t, f.HomeTenant.String(), string(f.HomeUser))
	if err != nil {
		return nil, err
	}
	if !guest.AccountEnabled {
		return nil, aadsts.New(aadsts.AccountDisabled)
	}
	return guest, nil
}

func revoked(issued, since time.Time) error {
	return aadsts.New(aadsts.GrantRevoked, ticks(issued), ticks(since))
}

// ticks writes a time as the platform's texts have it, in tenths of a
// microsecond.
func ticks(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }
