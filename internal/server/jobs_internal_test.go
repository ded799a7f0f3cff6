package server

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
)

// What people's sign-ins leave behind goes when it has expired, and no earlier.
func TestHousekeepingSweepsSignIns(t *testing.T) {
	d, err := NewDev(t.Context(), DevOptions{Data: t.TempDir(), Addr: "localhost:0", Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, now := t.Context(), d.clock.Now()
	tenant := directory.MustTenantID("10000000-0000-4000-8000-000000000001")
	old := directory.ID("20000000-0000-4000-8000-000000000001")
	young := directory.ID("20000000-0000-4000-8000-000000000002")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for id, expires := range map[directory.ID]time.Time{old: now.Add(-25 * time.Hour), young: now.Add(time.Hour)} {
		must(d.stores.Sessions.CreateSession(ctx, tenant, &session.Session{ID: id, ExpiresAt: expires}, []byte(id)))
		c := &authorization.Code{Subject: authorization.Subject{Tenant: tenant, HomeTenant: tenant}, ExpiresAt: expires}
		must(d.stores.Authorizations.CreateCode(ctx, tenant, []byte(id), c))
		must(d.stores.Authorizations.CreateCode(ctx, tenant, []byte("redeemed "+id), c))
		f := &authorization.Family{Subject: c.Subject, ID: id, ExpiresAt: expires}
		must(d.stores.Authorizations.RedeemCode(ctx, tenant, []byte("redeemed "+id), expires, f))
		_, err := d.stores.Lockouts.CountFailure(ctx, tenant, id, false, []byte("x"), expires, 9, nil)
		must(err)
	}
	d.housekeeping(ctx)
	for id, want := range map[directory.ID]bool{old: false, young: true} {
		_, errSession := d.stores.Sessions.Session(ctx, tenant, id)
		_, _, errCode := d.stores.Authorizations.Code(ctx, tenant, []byte(id))
		_, _, errRedeemed := d.stores.Authorizations.Code(ctx, tenant, []byte("redeemed "+id))
		_, errFamily := d.stores.Authorizations.Family(ctx, tenant, id)
		for what, err := range map[string]error{"session": errSession, "code": errCode, "redeemed code": errRedeemed, "family": errFamily} {
			if errors.Is(err, directory.ErrNotFound) == want || want && err != nil {
				t.Errorf("%s of %s: %v, want it there: %v", what, id, err, want)
			}
		}
		if f, err := d.stores.Lockouts.Failures(ctx, tenant, id, false); err != nil || (f.Count == 1) != want {
			t.Errorf("failures of %s: %+v, %v", id, f, err)
		}
	}
}

// A node that stops leaves its housekeeping to the others at once.
func TestStoppedNodeHandsHousekeepingOver(t *testing.T) {
	d, err := NewDev(t.Context(), DevOptions{Data: t.TempDir(), Addr: "localhost:0", Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	free := func() bool {
		t.Helper()
		now := time.Now().UTC()
		got, err := d.stores.Leases.TakeLease(t.Context(), keeperLease, "another", now, now)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	d.housekeeping(t.Context())
	if free() {
		t.Fatal("a running node does not hold the lease")
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	<-d.runJobs(stopped)
	if !free() {
		t.Error("the lease of a stopped node is held on to")
	}
}
