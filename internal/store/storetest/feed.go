package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// follower reads the feed of some tenants as a node does: it remembers a
// position and asks for what comes after it.
type follower struct {
	b    *suite
	seen map[directory.TenantID][]directory.Change
}

func (f *follower) read(t *testing.T, tenants ...directory.TenantID) {
	t.Helper()
	for _, tenant := range tenants {
		after := int64(0)
		if n := len(f.seen[tenant]); n > 0 {
			after = f.seen[tenant][n-1].Seq
		}
		f.seen[tenant] = append(f.seen[tenant], got[[]directory.Change](t)(f.b.Changes.ChangesAfter(context.Background(), tenant, after, 100))...)
	}
}

// whole checks that the numbers seen have no gap.
func (f *follower) whole(t *testing.T, tenant directory.TenantID) {
	t.Helper()
	for i, c := range f.seen[tenant] {
		if c.Seq != int64(i)+1 || c.Tenant != tenant {
			t.Fatalf("entry %d of the feed is %+v", i, c)
		}
	}
}

func (b *suite) feed(t *testing.T) {
	ctx, tenant, other := t.Context(), b.tenant(t), b.tenant(t)
	var mu sync.Mutex
	var hooked []directory.Change
	b.OnCommit(func(changes []directory.Change) {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range changes {
			if c.Tenant == tenant {
				hooked = append(hooked, c)
			}
		}
	})
	f := &follower{b: b, seen: map[directory.TenantID][]directory.Change{}}
	f.read(t, tenant)
	start := len(f.seen[tenant])
	a := b.application(t, tenant, "A")
	p := b.principal(t, tenant, a)
	role := b.assign(t, tenant, p, p, newID())
	g := b.grant(t, tenant, p, p, "x")
	u := b.user(t, tenant, "u@x.example")
	b.application(t, other, "elsewhere")
	must(t, b.Applications.ChangeApplication(ctx, tenant, a.ID, func(*directory.Application) error { return nil }, event("Update application")))
	must(t, b.ServicePrincipals.DeleteServicePrincipal(ctx, tenant, p.ID, deletedAt(9), event("Delete service principal")))
	f.read(t, tenant)
	f.whole(t, tenant)
	var have []string
	for _, c := range f.seen[tenant][start:] {
		have = append(have, fmt.Sprintf("%s %s %s", c.Kind, c.ID, c.Key))
	}
	slices.Sort(have[len(have)-2:]) // what one act changes has no order
	same(t, "feed", have, []string{
		fmt.Sprintf("application %s %s", a.ID, a.AppID),
		fmt.Sprintf("servicePrincipal %s %s", p.ID, p.AppID),
		fmt.Sprintf("assignments %s ", role.PrincipalID),
		fmt.Sprintf("grants %s ", g.ClientID),
		fmt.Sprintf("user %s ", u.ID),
		fmt.Sprintf("servicePrincipal %s %s", p.ID, p.AppID),
		fmt.Sprintf("assignments %s ", p.ID),
		fmt.Sprintf("grants %s ", p.ID),
	})
	same(t, "hooks", hooked, f.seen[tenant][start:])
	positions := got[map[directory.TenantID]int64](t)(b.Changes.Positions(ctx))
	if last := f.seen[tenant][len(f.seen[tenant])-1].Seq; positions[tenant] != last {
		t.Errorf("position %d, want %d", positions[tenant], last)
	}

	// Swept entries show as a gap, at the beginning only.
	n := 1
	for n > 0 {
		n = got[int](t)(b.Logs.SweepChanges(ctx, b.Clock().AddDate(0, 0, 1), 100))
	}
	b.application(t, tenant, "after the sweep")
	rest := got[[]directory.Change](t)(b.Changes.ChangesAfter(ctx, tenant, 1, 100))
	if len(rest) != 1 || rest[0].Seq != positions[tenant]+1 {
		t.Errorf("after the sweep the feed gives %+v", rest)
	}
}

// concurrentWriters holds one writer open inside its transaction while others
// commit, and follows the feed all the time: no entry may be skipped.
func (b *suite) concurrentWriters(t *testing.T) {
	ctx, tenant, other := t.Context(), b.tenant(t), b.tenant(t)
	a := b.application(t, tenant, "held")
	const writers = 8
	inside, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1+2*writers)
	var once sync.Once
	go func() {
		done <- b.Applications.ChangeApplication(ctx, tenant, a.ID, func(x *directory.Application) error {
			once.Do(func() { close(inside) })
			<-release
			x.DisplayName = "released"
			return nil
		}, event("Update application"))
	}()
	<-inside
	for i := range writers {
		for _, in := range []directory.TenantID{tenant, other} {
			x := newApplication(in, fmt.Sprint("writer ", i))
			go func() { done <- b.Applications.CreateApplication(ctx, in, x, event("Add application")) }()
		}
	}
	f := &follower{b: b, seen: map[directory.TenantID][]directory.Change{}}
	finished := 0
	wait := func(n int) {
		t.Helper()
		for ; finished < n; finished++ {
			must(t, <-done)
			f.read(t, tenant, other)
		}
	}
	f.read(t, tenant, other)
	if b.TenantsIndependent {
		// The other tenant's writers do not wait for the one that is held.
		wait(writers)
	}
	close(release)
	wait(1 + 2*writers)
	for in, want := range map[directory.TenantID]int{tenant: 1 + 1 + 1 + writers, other: 1 + writers} {
		f.whole(t, in)
		if len(f.seen[in]) != want {
			t.Errorf("the follower saw %d entries, want %d", len(f.seen[in]), want)
		}
	}
}

func (b *suite) events(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	a := b.application(t, tenant, "A")
	ev := event("Update application")
	ev.Actor, ev.TargetID, ev.RequestID = auditActor{Kind: "app", ObjectID: "o", AppID: "a", IPAddress: "::1"}, string(a.ID), "r"
	must(t, b.Applications.ChangeApplication(ctx, tenant, a.ID, func(x *directory.Application) error {
		x.DisplayName, x.Tags = "B", []string{"t"}
		x.Passwords = []directory.PasswordCredential{{KeyID: newID(), Hash: []byte("planted")}}
		return nil
	}, ev))
	events := got[[]auditEvent](t)(b.Events(ctx, tenant, 10))
	want := *ev
	want.Changes = []string{"displayName", "passwordCredentials", "tags"}
	same(t, "event", events[0], want)
	if len(events) != 3 {
		t.Errorf("%d events, want 3: tenant, application, change", len(events))
	}
	must(t, b.Applications.ChangeApplication(ctx, tenant, a.ID, func(*directory.Application) error { return nil }, ev))
	if n := len(got[[]auditEvent](t)(b.Events(ctx, tenant, 10))); n != 3 {
		t.Errorf("a change of nothing left %d events, want 3", n)
	}
	if err := b.Applications.CreateApplication(ctx, tenant, newApplication(tenant, "C"), nil); err == nil {
		t.Error("a change without an audit event was accepted")
	}
}

func (b *suite) sweepEvents(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	for i := range 3 {
		u := &directory.User{ID: newID(), CreatedAt: at(3), UserPrincipalName: fmt.Sprint(i, "@x.example")}
		ev := event("Add user")
		ev.At = at(0).AddDate(-3, 0, i)
		must(t, b.Users.CreateUser(ctx, tenant, u, ev))
	}
	var counts []int
	for range 3 {
		counts = append(counts, got[int](t)(b.Logs.SweepDirectoryEvents(ctx, at(0).AddDate(-3, 0, 2), 1)))
	}
	same(t, "swept one at a time", counts, []int{1, 1, 0})
	left := got[[]auditEvent](t)(b.Events(ctx, tenant, 10))
	if len(left) != 2 || !left[0].At.Equal(at(0).AddDate(-3, 0, 2)) {
		t.Errorf("left: %+v", left)
	}
}

// faults: an act that fails at any moment leaves nothing, and one whose commit
// cannot be confirmed says so.
func (b *suite) faults(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	gone := errors.New("the disk went away")
	for _, op := range []string{"begin", "write", "commit"} {
		a := newApplication(tenant, "never")
		b.FailNext(op, gone)
		err := b.Applications.CreateApplication(ctx, tenant, a, event("Add application"))
		is(t, "failure at "+op, err, directory.ErrUnavailable)
		is(t, "failure at "+op, err, gone)
		_, err = b.Applications.ApplicationByAppID(ctx, a.AppID)
		is(t, "after failure at "+op, err, directory.ErrNotFound)
	}
	a := newApplication(tenant, "perhaps")
	b.FailNext("committed", gone)
	is(t, "unknown outcome", b.Applications.CreateApplication(ctx, tenant, a, event("Add application")), directory.ErrUnavailable)
	if _, err := b.Applications.ApplicationByAppID(ctx, a.AppID); err != nil {
		t.Errorf("after the unknown outcome: %v", err)
	}
	b.FailNext("read", gone)
	_, err := b.Applications.ApplicationByAppID(ctx, a.AppID)
	is(t, "failure of a read", err, directory.ErrUnavailable)
	b.FailNext("append", gone)
	is(t, "failure of an append", b.SignIns.AppendSignIns(ctx, fullSignIns(1)), directory.ErrUnavailable)

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = b.Users.User(cancelled, tenant, newID())
	is(t, "cancelled read", err, context.Canceled)
	is(t, "cancelled write", b.Applications.CreateApplication(cancelled, tenant, newApplication(tenant, "x"), event("x")), context.Canceled)
}
