package storetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
)

// hash is what a secret of the name is kept under.
func hash(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return sum[:]
}

func newHash() []byte { return hash(string(newID())) }

func (b *suite) session(t *testing.T, tenant directory.TenantID, secret []byte) *session.Session {
	t.Helper()
	s := &session.Session{
		Tenant: tenant, ID: newID(), User: newID(), CreatedAt: at(1), AuthTime: at(2), Methods: []string{"pwd"},
		SeenAt: at(3), ExpiresAt: at(50), IPAddress: "192.0.2.7", UserAgent: "Firefox/140",
	}
	must(t, b.Sessions.CreateSession(t.Context(), tenant, s, secret))
	return s
}

func (b *suite) sessions(t *testing.T) {
	ctx, tenant, other := t.Context(), b.tenant(t), b.tenant(t)
	first, second := newHash(), newHash()
	s := b.session(t, tenant, first)
	same(t, "by secret", got[*session.Session](t)(b.Sessions.SessionBySecret(ctx, tenant, first)), s)
	same(t, "by id", got[*session.Session](t)(b.Sessions.Session(ctx, tenant, s.ID)), s)
	_, err := b.Sessions.SessionBySecret(ctx, other, first)
	is(t, "with another tenant", err, directory.ErrNotFound)
	_, err = b.Sessions.SessionBySecret(ctx, tenant, second)
	is(t, "with another secret", err, directory.ErrNotFound)
	same(t, "the same secret in another tenant", b.session(t, other, first).Tenant, other)

	must(t, b.Sessions.TouchSession(ctx, tenant, s.ID, at(5), at(55)))
	s.SeenAt, s.ExpiresAt = at(5), at(55)
	same(t, "touched", got[*session.Session](t)(b.Sessions.Session(ctx, tenant, s.ID)), s)

	renewed := *s
	renewed.AuthTime, renewed.Methods, renewed.Persistent = at(6), []string{"pwd", "mfa"}, true
	renewed.SeenAt, renewed.ExpiresAt, renewed.IPAddress, renewed.UserAgent = at(6), at(59), "2001:db8::1", ""
	must(t, b.Sessions.RenewSession(ctx, tenant, &renewed, first, second))
	same(t, "renewed", got[*session.Session](t)(b.Sessions.SessionBySecret(ctx, tenant, second)), &renewed)
	_, err = b.Sessions.SessionBySecret(ctx, tenant, first)
	is(t, "by the secret before", err, directory.ErrNotFound)
	is(t, "renewal by the secret before", b.Sessions.RenewSession(ctx, tenant, s, first, newHash()), directory.ErrNotFound)

	b.FailNext("write", errDisk)
	is(t, "failed renewal", b.Sessions.RenewSession(ctx, tenant, s, second, newHash()), directory.ErrUnavailable)
	winners := b.race(t, func(i int) (bool, error) {
		err := b.Sessions.RenewSession(ctx, tenant, &renewed, second, hash(fmt.Sprint(s.ID, i)))
		if errors.Is(err, directory.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	})
	if winners != 1 {
		t.Errorf("%d of 50 renewed a session by one secret, want 1", winners)
	}
}

var errDisk = errors.New("the disk went away")

func (b *suite) sessionClients(t *testing.T) {
	ctx, tenant, other := t.Context(), b.tenant(t), b.tenant(t)
	s := b.session(t, tenant, newHash())
	one, two := session.Client{Tenant: tenant, AppID: newID()}, session.Client{Tenant: other, AppID: newID()}
	for _, c := range []session.Client{one, two, one} {
		must(t, b.Sessions.JoinSession(ctx, tenant, s.ID, c))
	}
	is(t, "joining from another tenant", b.Sessions.JoinSession(ctx, other, s.ID, one), directory.ErrNotFound)
	b.FailNext("commit", errDisk)
	_, err := b.Sessions.EndSession(ctx, tenant, s.ID)
	is(t, "failed end", err, directory.ErrUnavailable)
	if _, err := b.Sessions.Session(ctx, tenant, s.ID); err != nil {
		t.Errorf("after a failed end: %v", err)
	}
	if list := got[[]session.Client](t)(b.Sessions.EndSession(ctx, other, s.ID)); len(list) != 0 {
		t.Errorf("another tenant ended the session of %+v", list)
	}
	list := got[[]session.Client](t)(b.Sessions.EndSession(ctx, tenant, s.ID))
	slices.SortFunc(list, func(x, y session.Client) int {
		return slices.Index([]session.Client{one, two}, x) - slices.Index([]session.Client{one, two}, y)
	})
	same(t, "clients", list, []session.Client{one, two})
	if list := got[[]session.Client](t)(b.Sessions.EndSession(ctx, tenant, s.ID)); len(list) != 0 {
		t.Errorf("a session that has ended has clients %+v", list)
	}
	is(t, "joining a session that has ended", b.Sessions.JoinSession(ctx, tenant, s.ID, one), directory.ErrNotFound)

	// Many join at once: the bound holds, and the end gives all who are in.
	s = b.session(t, tenant, newHash())
	for range session.MaxClients - 10 {
		must(t, b.Sessions.JoinSession(ctx, tenant, s.ID, session.Client{Tenant: tenant, AppID: newID()}))
	}
	b.race(t, func(int) (bool, error) {
		return true, b.Sessions.JoinSession(ctx, tenant, s.ID, session.Client{Tenant: tenant, AppID: newID()})
	})
	if n := len(got[[]session.Client](t)(b.Sessions.EndSession(ctx, tenant, s.ID))); n != session.MaxClients {
		t.Errorf("%d clients are remembered, want %d", n, session.MaxClients)
	}
}

// signInSweeps: what has expired goes in small batches, oldest first, and what
// has not stays.
func (b *suite) signInSweeps(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	past := func(days int) time.Time { return at(0).AddDate(-3, 0, days) }
	sessions, codes, families := make([]*session.Session, 3), make([][]byte, 3), make([]directory.ID, 3)
	for i := range 3 {
		sessions[i] = b.session(t, tenant, newHash())
		must(t, b.Sessions.JoinSession(ctx, tenant, sessions[i].ID, session.Client{Tenant: tenant, AppID: newID()}))
		must(t, b.Sessions.TouchSession(ctx, tenant, sessions[i].ID, past(i), past(i)))
		codes[i] = newHash()
		c := newCode(tenant)
		c.ExpiresAt = past(i)
		must(t, b.Authorizations.CreateCode(ctx, tenant, codes[i], c))
		must(t, b.Authorizations.CreateCode(ctx, tenant, newHash(), newCode(tenant)))
	}
	// A code that was redeemed when it had to be is known for a day more.
	for i, redeemed := range codes {
		f := newFamily(newCode(tenant))
		f.ExpiresAt = past(i)
		families[i] = f.ID
		if i == 1 {
			must(t, b.Authorizations.RedeemCode(ctx, tenant, redeemed, past(i), f))
			continue
		}
		spare := newHash()
		must(t, b.Authorizations.CreateCode(ctx, tenant, spare, newCode(tenant)))
		must(t, b.Authorizations.RedeemCode(ctx, tenant, spare, at(1), f))
	}
	before := past(2)
	for _, c := range []struct {
		what  string
		sweep func(limit int) (int, error)
		left  func(i int) error
		want  []int // swept one at a time
		gone  []bool
	}{
		{
			"sessions", func(n int) (int, error) { return b.Sessions.SweepSessions(ctx, before, n) },
			func(i int) error { _, err := b.Sessions.Session(ctx, tenant, sessions[i].ID); return err },
			[]int{1, 1, 0}, []bool{true, true, false},
		},
		{
			"codes", func(n int) (int, error) { return b.Authorizations.SweepCodes(ctx, before, n) },
			func(i int) error { _, _, err := b.Authorizations.Code(ctx, tenant, codes[i]); return err },
			[]int{1, 0, 0}, []bool{true, false, false},
		},
		{
			"families", func(n int) (int, error) { return b.Authorizations.SweepFamilies(ctx, before, n) },
			func(i int) error { _, err := b.Authorizations.Family(ctx, tenant, families[i]); return err },
			[]int{1, 1, 0}, []bool{true, true, false},
		},
	} {
		var counts []int
		for range 3 {
			counts = append(counts, got[int](t)(c.sweep(1)))
		}
		same(t, c.what+" swept one at a time", counts, c.want)
		for i, gone := range c.gone {
			if err := c.left(i); errors.Is(err, directory.ErrNotFound) != gone || !gone && err != nil {
				t.Errorf("%s, number %d after the sweep: %v", c.what, i, err)
			}
		}
	}
	if n := got[int](t)(b.Authorizations.SweepCodes(ctx, past(2).Add(time.Microsecond), 10)); n != 2 {
		t.Errorf("%d codes swept a day later, want 2", n)
	}
}
