package sqlstore

import (
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func TestSweepDirectoryEvents(t *testing.T) {
	both(t, func(t *testing.T, kind Kind) {
		db, ctx := fresh(t, kind), t.Context()
		tenant := directory.MustTenantID("10000000-0000-4000-8000-000000000001")
		at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		event := func(days int) *audit.Event {
			return &audit.Event{At: at.AddDate(0, 0, days), Activity: "Add user", TargetKind: "user"}
		}
		if err := db.CreateTenant(ctx, &directory.TenantSeed{Tenant: &directory.Tenant{ID: tenant}}, event(0)); err != nil {
			t.Fatal(err)
		}
		for i, id := range []directory.ID{"20000000-0000-4000-8000-000000000001", "20000000-0000-4000-8000-000000000002"} {
			u := &directory.User{ID: id, UserPrincipalName: string(id) + "@x.example"}
			if err := db.CreateUser(ctx, tenant, u, event(i+1)); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := db.SweepDirectoryEvents(ctx, at.AddDate(0, 0, 2), 1); n != 1 || err != nil {
			t.Fatalf("first batch: %d %v", n, err)
		}
		if n, err := db.SweepDirectoryEvents(ctx, at.AddDate(0, 0, 2), 10); n != 1 || err != nil {
			t.Fatalf("the rest: %d %v", n, err)
		}
		left, err := db.DirectoryEvents(ctx, tenant, 10)
		if err != nil || len(left) != 1 || !left[0].At.Equal(at.AddDate(0, 0, 2)) {
			t.Errorf("left: %+v %v", left, err)
		}
	})
}
