package storetest

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

type auditActor = audit.Actor

// fullSignIns makes records with every field set.
func fullSignIns(n int) []*audit.SignIn {
	var batch []*audit.SignIn
	for i := range n {
		batch = append(batch, &audit.SignIn{
			At: at(i % 60), Tenant: newID().Bytes(), RequestID: newID().Bytes(), CorrelationID: newID().Bytes(),
			Kind: audit.KindServicePrincipal, Grant: audit.GrantClientCredentials, Method: audit.MethodFederated,
			ClientAppID: newID().Bytes(), PrincipalID: newID().Bytes(), ResourceID: newID().Bytes(), CredentialID: newID().Bytes(),
			KeyID: "AAECAwQFBgcICQoLDA0ODxAREhM", Lifetime: 3721 * time.Second,
			IPAddress: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}).String(), UserAgent: "msal-go/1.10.1",
		})
	}
	return batch
}

func (b *suite) signIns(t *testing.T) {
	ctx := t.Context()
	var all []*audit.SignIn
	for _, n := range []int{1, 8, 8, 32, 64, 65, 300} {
		batch := fullSignIns(n)
		must(t, b.SignIns.AppendSignIns(ctx, batch))
		all = append(all, batch...)
	}
	must(t, b.SignIns.AppendSignIns(ctx, nil))
	for i := 0; i < len(all); i += 7 {
		same(t, "record", got[*audit.SignIn](t)(b.SignIns.SignIn(ctx, all[i].Tenant, all[i].RequestID)), all[i])
	}
	_, err := b.SignIns.SignIn(ctx, all[0].Tenant, all[1].RequestID)
	is(t, "record of another tenant", err, audit.ErrNoRecord)

	// Many writers at once: every record whose append returned is there.
	var wg sync.WaitGroup
	errs := make(chan error, 20)
	batches := make([][]*audit.SignIn, 20)
	for i := range batches {
		batches[i] = fullSignIns(1 + i%4)
		wg.Go(func() { errs <- b.SignIns.AppendSignIns(ctx, batches[i]) })
	}
	wg.Wait()
	for range batches {
		must(t, <-errs)
	}
	for _, batch := range batches {
		for _, s := range batch {
			if _, err := b.SignIns.SignIn(ctx, s.Tenant, s.RequestID); err != nil {
				t.Errorf("a record whose append returned: %v", err)
			}
		}
	}

	old := fullSignIns(3)
	for i, s := range old {
		s.At = at(0).AddDate(-3, 0, i)
	}
	must(t, b.SignIns.AppendSignIns(ctx, old))
	counts := []int{}
	for range 3 {
		counts = append(counts, got[int](t)(b.SignIns.SweepSignIns(ctx, at(0).AddDate(-3, 0, 2), 1)))
	}
	same(t, "swept one at a time", counts, []int{1, 1, 0})
	_, err = b.SignIns.SignIn(ctx, old[0].Tenant, old[0].RequestID)
	is(t, "swept record", err, audit.ErrNoRecord)
	if _, err = b.SignIns.SignIn(ctx, old[2].Tenant, old[2].RequestID); err != nil {
		t.Errorf("record that was not old enough: %v", err)
	}
}

func (b *suite) refusals(t *testing.T) {
	ctx := t.Context()
	sum := audit.RefusalSum{Tenant: newID().Bytes(), Minute: at(5).Truncate(time.Minute), ClientAppID: newID().Bytes(), Code: 7000215, Count: 3, Sample: newID().Bytes()}
	later := sum
	later.Minute, later.Count = sum.Minute.Add(time.Minute), 1
	must(t, b.Refusals.AddRefusals(ctx, []audit.RefusalSum{sum, later}))
	must(t, b.Refusals.AddRefusals(ctx, []audit.RefusalSum{sum}))
	must(t, b.Refusals.AddRefusals(ctx, nil))
	sum.Count = 6
	same(t, "sums", got[[]audit.RefusalSum](t)(b.RefusalsOf(ctx, sum.Tenant, 10)), []audit.RefusalSum{sum, later})
	if n := got[int](t)(b.Refusals.SweepRefusals(ctx, later.Minute, 10)); n != 1 {
		t.Errorf("swept %d sums, want 1", n)
	}
	same(t, "sums after the sweep", got[[]audit.RefusalSum](t)(b.RefusalsOf(ctx, sum.Tenant, 10)), []audit.RefusalSum{later})
}

func (b *suite) leases(t *testing.T) {
	ctx, name := t.Context(), "rotation-"+string(newID())
	take := func(holder string, now, until time.Time) bool {
		t.Helper()
		return got[bool](t)(b.Leases.TakeLease(ctx, name, holder, now, until))
	}
	for _, c := range []struct {
		what   string
		holder string
		now    int
		until  int
		want   bool
	}{
		{"free", "a", 0, 10, true},
		{"held by another", "b", 1, 20, false},
		{"extended by its holder", "a", 5, 15, true},
		{"held until just now", "b", 14, 30, false},
		{"run out", "b", 15, 30, true},
		{"taken over meanwhile", "a", 16, 40, false},
	} {
		if have := take(c.holder, at(c.now), at(c.until)); have != c.want {
			t.Errorf("a lease that is %s: taken %v, want %v", c.what, have, c.want)
		}
	}
	must(t, b.Leases.ReleaseLease(ctx, name, "a"))
	if take("a", at(17), at(20)) {
		t.Error("somebody released another's lease")
	}
	must(t, b.Leases.ReleaseLease(ctx, name, "b"))
	winners := b.race(t, func(i int) (bool, error) {
		return b.Leases.TakeLease(ctx, name, fmt.Sprint("node ", i), at(18), at(20))
	})
	if winners != 1 {
		t.Errorf("%d of 50 took the lease at once, want 1", winners)
	}
}

// race lets 50 try at once and counts those who succeed.
func (b *suite) race(t *testing.T, try func(int) (bool, error)) int {
	t.Helper()
	var wg sync.WaitGroup
	var won atomic.Int64
	for i := range 50 {
		wg.Go(func() {
			ok, err := try(i)
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	return int(won.Load())
}

func (b *suite) assertions(t *testing.T) {
	ctx, tenant, client := t.Context(), b.tenant(t), newID()
	jti := sha256.Sum256([]byte("jti"))
	use := func(t directory.TenantID, c directory.ID, j [32]byte, minutes int) (bool, error) {
		return b.Assertions.UseAssertion(ctx, t, c, j, at(0).AddDate(-3, 0, 0).Add(time.Duration(minutes)*time.Minute))
	}
	if winners := b.race(t, func(int) (bool, error) { return use(tenant, client, jti, 10) }); winners != 1 {
		t.Errorf("%d of 50 used one assertion at once, want 1", winners)
	}
	for what, c := range map[string]struct {
		tenant directory.TenantID
		client directory.ID
		jti    [32]byte
	}{
		"another tenant": {b.tenant(t), client, jti},
		"another client": {tenant, newID(), jti},
		"another jti":    {tenant, client, sha256.Sum256([]byte("other"))},
	} {
		if !got[bool](t)(use(c.tenant, c.client, c.jti, 20)) {
			t.Errorf("%s: the assertion counts as used", what)
		}
	}
	before := at(0).AddDate(-3, 0, 0).Add(15 * time.Minute)
	same(t, "swept", []int{
		got[int](t)(b.Assertions.SweepAssertions(ctx, before, 10)), got[int](t)(b.Assertions.SweepAssertions(ctx, before, 10)),
	}, []int{1, 0})
	if !got[bool](t)(use(tenant, client, jti, 10)) {
		t.Error("an expired assertion was not forgotten")
	}
}

func (b *suite) signingKeys(t *testing.T) {
	ctx := t.Context()
	k := signingkey.Stored{
		KID: "kid-" + string(newID()), Ring: "organizations", Algorithm: "RS256", Cert: []byte{1}, SealedKey: []byte{2},
		CreatedAt: at(1), PublishAt: at(1), ActivateAt: at(5),
	}
	newer := k
	newer.KID, newer.CreatedAt = "AAA-"+k.KID, at(2)
	must(t, b.SigningKeys.AddSigningKey(ctx, newer, event("Add signing key")))
	must(t, b.SigningKeys.AddSigningKey(ctx, k, event("Add signing key")))
	isRule(t, "a second key of the same id", b.SigningKeys.AddSigningKey(ctx, k, event("Add signing key")), directory.Conflict, "kid")
	same(t, "keys, newest last", got[[]signingkey.Stored](t)(b.SigningKeys.SigningKeys(ctx)), []signingkey.Stored{k, newer})
	k.RetireAt, k.ExpireAt, k.RevokedAt = at(10), at(20), at(15)
	must(t, b.SigningKeys.SetSigningKeyTimes(ctx, k, event("Revoke signing key")))
	same(t, "keys with times", got[[]signingkey.Stored](t)(b.SigningKeys.SigningKeys(ctx)), []signingkey.Stored{k, newer})
	must(t, b.SigningKeys.DeleteSigningKey(ctx, k.KID, event("Delete signing key")))
	is(t, "times of a key that is gone", b.SigningKeys.SetSigningKeyTimes(ctx, k, event("x")), directory.ErrNotFound)
	is(t, "deleting it twice", b.SigningKeys.DeleteSigningKey(ctx, k.KID, event("x")), directory.ErrNotFound)
	same(t, "keys left", got[[]signingkey.Stored](t)(b.SigningKeys.SigningKeys(ctx)), []signingkey.Stored{newer})
	must(t, b.SigningKeys.DeleteSigningKey(ctx, newer.KID, event("Delete signing key")))
	position := got[map[directory.TenantID]int64](t)(b.Changes.Positions(ctx))[directory.Installation]
	changes := got[[]directory.Change](t)(b.Changes.ChangesAfter(ctx, directory.Installation, position-1, 1))
	want := directory.Change{Tenant: directory.Installation, Seq: position, Kind: directory.ChangedSigningKeys, ID: newer.KID}
	same(t, "feed", changes, []directory.Change{want})
}

func (b *suite) dataKeys(t *testing.T) {
	ctx, owner := t.Context(), string(newID())
	_, err := b.DataKeys.DataKey(ctx, owner)
	is(t, "no key yet", err, envelope.ErrNoDataKey)
	stands := make([][]byte, 50)
	b.race(t, func(i int) (bool, error) {
		var err error
		stands[i], err = b.DataKeys.CreateDataKey(ctx, owner, []byte{byte(i)})
		return true, err
	})
	for _, s := range stands {
		same(t, "key that stands", s, stands[0])
	}
	same(t, "key as read", got[[]byte](t)(b.DataKeys.DataKey(ctx, owner)), stands[0])
}

func (b *suite) marks(t *testing.T) {
	ctx, name := t.Context(), "mark-"+string(newID())
	for _, want := range []string{"", "yes", "2", ""} {
		if want != "" {
			must(t, b.Installation.SetMark(ctx, name, want))
			same(t, "mark", got[string](t)(b.Installation.Mark(ctx, name)), want)
			continue
		}
		same(t, "unset mark", got[string](t)(b.Installation.Mark(ctx, name+"x")), "")
	}
}
