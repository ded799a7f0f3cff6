package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// newCode is a code with every field set, of a guest of the tenant.
func newCode(t directory.TenantID) *authorization.Code {
	return &authorization.Code{
		Subject: authorization.Subject{
			Tenant: t, User: newID(), HomeTenant: t, HomeUser: newID(), Session: newID(), AuthTime: at(1),
			Methods: []string{"pwd", "mfa"}, AskedAge: true, IPAddress: "2001:db8::7",
		},
		Asked: authorization.Asked{
			Client: newID(), Platform: directory.PlatformSPA, Version: 2, Path: "organizations",
			Scope: "openid offline_access https://graph.microsoft.com/User.Read", Resource: "r", Claims: `{"id_token":{}}`,
		},
		RedirectURI: "https://app.example/å", RedirectSent: true, Challenge: "c", ChallengeMethod: "S256", Nonce: "n",
		IssuedAt: at(2), ExpiresAt: at(12),
	}
}

// newFamily is what a code becomes.
func newFamily(c *authorization.Code) *authorization.Family {
	return &authorization.Family{
		Subject: c.Subject, Asked: c.Asked, ID: newID(), Refreshable: true,
		CreatedAt: at(2), ExpiresAt: at(0).AddDate(0, 0, 90), Generation: 1, RotatedAt: at(3), Secret: newHash(),
	}
}

// family writes a family by way of a code.
func (b *suite) family(t *testing.T, tenant directory.TenantID, adjust func(*authorization.Family)) *authorization.Family {
	t.Helper()
	c, code := newCode(tenant), newHash()
	must(t, b.Authorizations.CreateCode(t.Context(), tenant, code, c))
	f := newFamily(c)
	adjust(f)
	must(t, b.Authorizations.RedeemCode(t.Context(), tenant, code, at(3), f))
	return f
}

func (b *suite) codes(t *testing.T) {
	ctx, tenant, other := t.Context(), b.tenant(t), b.tenant(t)
	c, code := newCode(tenant), newHash()
	must(t, b.Authorizations.CreateCode(ctx, tenant, code, c))
	read := func(what string, wantCode *authorization.Code, want authorization.Redemption) {
		t.Helper()
		have, of, err := b.Authorizations.Code(ctx, tenant, code)
		must(t, err)
		same(t, "code "+what, have, wantCode)
		same(t, "redemption "+what, of, want)
	}
	read("that waits", c, authorization.Redemption{})
	f := newFamily(c)
	f.HomeTenant = other
	for what, err := range map[string]error{
		"another tenant's code": b.Authorizations.RedeemCode(ctx, other, code, at(3), f),
		"a code of no name":     b.Authorizations.RedeemCode(ctx, tenant, newHash(), at(3), f),
	} {
		is(t, "redeeming "+what, err, directory.ErrNotFound)
	}
	_, _, err := b.Authorizations.Code(ctx, other, code)
	is(t, "reading another tenant's code", err, directory.ErrNotFound)
	homeless := *f
	homeless.HomeTenant = directory.TenantID{}
	is(t, "a family without a home", b.Authorizations.RedeemCode(ctx, tenant, code, at(3), &homeless), directory.ErrNoTenant)
	for _, op := range []string{"begin", "write", "commit"} {
		b.FailNext(op, errDisk)
		is(t, "redemption that fails at "+op, b.Authorizations.RedeemCode(ctx, tenant, code, at(3), f), directory.ErrUnavailable)
		read("whose redemption failed at "+op, c, authorization.Redemption{})
		_, err := b.Authorizations.Family(ctx, other, f.ID)
		is(t, "its family", err, directory.ErrNotFound)
	}
	// An outcome that nobody learned of is one all the same.
	b.FailNext("committed", errDisk)
	is(t, "redemption of unknown outcome", b.Authorizations.RedeemCode(ctx, tenant, code, at(3), f), directory.ErrUnavailable)
	c.ExpiresAt = at(3).Add(24 * time.Hour)
	read("redeemed", c, authorization.Redemption{At: at(3), HomeTenant: other, Family: f.ID})
	same(t, "family", got[*authorization.Family](t)(b.Authorizations.Family(ctx, other, f.ID)), f)
	_, err = b.Authorizations.Family(ctx, tenant, f.ID)
	is(t, "the family where the person is a guest", err, directory.ErrNotFound)
	again := *f
	again.ID = newID()
	is(t, "redeeming twice", b.Authorizations.RedeemCode(ctx, tenant, code, at(4), &again), authorization.ErrRedeemed)
	_, err = b.Authorizations.Family(ctx, other, again.ID)
	is(t, "the second family", err, directory.ErrNotFound)

	// A family that cannot be written leaves the code as it was.
	code = newHash()
	must(t, b.Authorizations.CreateCode(ctx, tenant, code, newCode(tenant)))
	if err := b.Authorizations.RedeemCode(ctx, tenant, code, at(3), f); err == nil {
		t.Error("two families of one id")
	}
	if _, of, err := b.Authorizations.Code(ctx, tenant, code); err != nil || of != (authorization.Redemption{}) {
		t.Errorf("the code whose family could not be written: %+v, %v", of, err)
	}
}

func (b *suite) families(t *testing.T) {
	ctx, tenant, other := t.Context(), b.tenant(t), b.tenant(t)
	read := func(what string, want *authorization.Family) {
		t.Helper()
		same(t, "family "+what, got[*authorization.Family](t)(b.Authorizations.Family(ctx, want.HomeTenant, want.ID)), want)
	}
	f := b.family(t, tenant, func(*authorization.Family) {})
	read("of a member under another name", f)
	read("of a plain sign-in", b.family(t, tenant, func(f *authorization.Family) {
		f.User, f.Methods, f.Path, f.Refreshable, f.AskedAge = f.HomeUser, []string{"pwd"}, tenant.String(), false, false
		f.Resource, f.Claims, f.IPAddress, f.Platform, f.Version = "", "", "192.0.2.1", directory.PlatformWeb, 1
	}))
	read("with little in it", b.family(t, tenant, func(f *authorization.Family) {
		*f = authorization.Family{ID: f.ID, Subject: authorization.Subject{Tenant: tenant, HomeTenant: tenant}, Secret: f.Secret, ExpiresAt: at(0)}
	}))
	must(t, b.Authorizations.ExtendFamily(ctx, tenant, f.ID, at(5), at(40)))
	f.RotatedAt, f.ExpiresAt = at(5), at(40)
	read("extended", f)
	must(t, b.Authorizations.RotateFamily(ctx, tenant, f.ID, 1, at(6), at(50)))
	f.Generation, f.RotatedAt, f.ExpiresAt = 2, at(6), at(50)
	read("rotated", f)
	is(t, "rotating from a generation before", b.Authorizations.RotateFamily(ctx, tenant, f.ID, 1, at(7), at(51)), authorization.ErrStale)
	read("that was not rotated", f)
	b.FailNext("write", errDisk)
	is(t, "failed rotation", b.Authorizations.RotateFamily(ctx, tenant, f.ID, 2, at(7), at(51)), directory.ErrUnavailable)
	read("whose rotation failed", f)
	for what, id := range map[string]struct {
		home directory.TenantID
		id   directory.ID
	}{"another tenant": {other, f.ID}, "another id": {tenant, newID()}, "no GUID": {tenant, "x"}, "nothing": {tenant, ""}} {
		_, err := b.Authorizations.Family(ctx, id.home, id.id)
		is(t, "family of "+what, err, directory.ErrNotFound)
		is(t, "rotating "+what, b.Authorizations.RotateFamily(ctx, id.home, id.id, 2, at(7), at(51)), directory.ErrNotFound)
		is(t, "extending "+what, b.Authorizations.ExtendFamily(ctx, id.home, id.id, at(7), at(51)), directory.ErrNotFound)
		is(t, "revoking "+what, b.Authorizations.RevokeFamily(ctx, id.home, id.id, at(7)), directory.ErrNotFound)
	}
	must(t, b.Authorizations.RevokeFamily(ctx, tenant, f.ID, at(8)))
	must(t, b.Authorizations.RevokeFamily(ctx, tenant, f.ID, at(9)))
	f.RevokedAt = at(8)
	read("revoked", f)
	is(t, "rotating what is revoked", b.Authorizations.RotateFamily(ctx, tenant, f.ID, 2, at(9), at(52)), authorization.ErrStale)
	is(t, "extending what is revoked", b.Authorizations.ExtendFamily(ctx, tenant, f.ID, at(9), at(52)), authorization.ErrStale)
	read("that stayed revoked", f)
}

func (b *suite) codeRaces(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	c, code := newCode(tenant), newHash()
	must(t, b.Authorizations.CreateCode(ctx, tenant, code, c))
	families := make([]*authorization.Family, 50)
	for i := range families {
		families[i] = newFamily(c)
	}
	lost := func(err, want error) (bool, error) {
		if errors.Is(err, want) {
			return false, nil
		}
		return err == nil, err
	}
	winners := b.race(t, func(i int) (bool, error) {
		return lost(b.Authorizations.RedeemCode(ctx, tenant, code, at(3), families[i]), authorization.ErrRedeemed)
	})
	there := 0
	_, of, err := b.Authorizations.Code(ctx, tenant, code)
	must(t, err)
	for _, f := range families {
		if _, err := b.Authorizations.Family(ctx, tenant, f.ID); err == nil {
			there++
			same(t, "the family that the code names", of.Family, f.ID)
		}
	}
	if winners != 1 || there != 1 {
		t.Errorf("%d of 50 redeemed one code and %d families are there, want 1", winners, there)
	}
	winners = b.race(t, func(int) (bool, error) {
		return lost(b.Authorizations.RotateFamily(ctx, tenant, of.Family, 1, at(4), at(50)), authorization.ErrStale)
	})
	if f := got[*authorization.Family](t)(b.Authorizations.Family(ctx, tenant, of.Family)); winners != 1 || f.Generation != 2 {
		t.Errorf("%d of 50 rotated one generation, and it is %d now", winners, f.Generation)
	}
	// Whoever rotates after the revocation must lose.
	b.race(t, func(i int) (bool, error) {
		if i == 25 {
			return true, b.Authorizations.RevokeFamily(ctx, tenant, of.Family, at(5))
		}
		return lost(b.Authorizations.RotateFamily(ctx, tenant, of.Family, 2, at(5), at(50)), authorization.ErrStale)
	})
	f := got[*authorization.Family](t)(b.Authorizations.Family(ctx, tenant, of.Family))
	if f.RevokedAt.IsZero() || f.Generation > 3 {
		t.Errorf("after rotations beside a revocation: %+v", f)
	}
}

// withRecords: what is written together with sign-in records has the outcome that
// it has alone, whoever else is in the commit.
func (b *suite) withRecords(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	redeem := func(hash []byte, f *authorization.Family) audit.Act {
		return func(ctx context.Context) error { return b.Authorizations.RedeemCode(ctx, tenant, hash, at(3), f) }
	}
	issued := func() ([]byte, *authorization.Family) {
		c, hash := newCode(tenant), newHash()
		must(t, b.Authorizations.CreateCode(ctx, tenant, hash, c))
		return hash, newFamily(c)
	}
	family := func(f *authorization.Family) error {
		_, err := b.Authorizations.Family(ctx, f.HomeTenant, f.ID)
		return err
	}
	records := func(batch []*audit.SignIn, want error) {
		t.Helper()
		for _, r := range batch {
			_, err := b.SignIns.SignIn(ctx, r.Tenant, r.RequestID)
			is(t, "record", err, want)
		}
	}
	old := b.family(t, tenant, func(*authorization.Family) {})
	first, one := issued()
	second, two := issued()
	_, late := issued()
	clash, spoilt := issued()
	spoilt.ID = old.ID // cannot be written
	rotate := func(from int64) audit.Act {
		return func(ctx context.Context) error {
			return b.Authorizations.RotateFamily(ctx, old.HomeTenant, old.ID, from, at(6), at(50))
		}
	}

	batch := fullSignIns(3)
	said, err := b.SignIns.AppendWith(ctx, batch, []audit.Act{redeem(first, one), redeem(clash, spoilt), rotate(1), redeem(second, two)})
	must(t, err)
	records(batch, nil)
	for i, f := range map[int]*authorization.Family{0: one, 3: two} {
		must(t, said[i])
		must(t, family(f))
	}
	must(t, said[2])
	if said[1] == nil {
		t.Error("two families of one id")
	}
	_, of, err := b.Authorizations.Code(ctx, tenant, clash)
	must(t, err)
	same(t, "the code whose family could not be written", of, authorization.Redemption{})
	same(t, "generation", got[*authorization.Family](t)(b.Authorizations.Family(ctx, old.HomeTenant, old.ID)).Generation, int64(2))

	batch = fullSignIns(2)
	said, err = b.SignIns.AppendWith(ctx, batch, []audit.Act{redeem(first, late), rotate(1), redeem(newHash(), late)})
	must(t, err)
	records(batch, nil)
	is(t, "redeeming twice", said[0], authorization.ErrRedeemed)
	is(t, "rotating from a generation before", said[1], authorization.ErrStale)
	is(t, "redeeming what is not there", said[2], directory.ErrNotFound)
	is(t, "the family of those", family(late), directory.ErrNotFound)

	// Without its record nothing is done where both are one commit, and the caller
	// hears of a failure either way.
	third, three := issued()
	batch = fullSignIns(1)
	b.FailNext("append", errDisk)
	_, err = b.SignIns.AppendWith(ctx, batch, []audit.Act{redeem(third, three)})
	is(t, "a commit that fails", err, directory.ErrUnavailable)
	records(batch, audit.ErrNoRecord)
	batch = fullSignIns(1)
	fourth, four := issued()
	said, err = b.SignIns.AppendWith(ctx, batch, []audit.Act{redeem(fourth, four)})
	must(t, err)
	must(t, said[0])
	must(t, family(four))
	records(batch, nil)
}
