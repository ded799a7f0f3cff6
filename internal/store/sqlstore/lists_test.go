package sqlstore

import (
	"context"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// TestStatementsOfLists: a page costs a few statements, not some per object.
func TestStatementsOfLists(t *testing.T) {
	both(t, func(t *testing.T, kind Kind) {
		ctx := context.Background()
		db := fresh(t, kind)
		seed := &directory.TenantSeed{Tenant: &directory.Tenant{ID: directory.MustTenantID("10000000-0000-4000-8000-000000000001")}}
		for i := range 100 {
			a := &directory.Application{ID: directory.IDFromBytes(scatter(3 * i)), AppID: directory.IDFromBytes(scatter(3*i + 1)), DisplayName: "A"}
			p := &directory.ServicePrincipal{ID: directory.IDFromBytes(scatter(3*i + 2)), AppID: a.AppID, Type: directory.TypeApplication}
			seed.Applications, seed.ServicePrincipals = append(seed.Applications, a), append(seed.ServicePrincipals, p)
		}
		if err := db.CreateTenant(ctx, seed, &audit.Event{Activity: "Add tenant"}); err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]struct {
			most int64
			read func() (int, error)
		}{
			"100 service principals": {15, func() (int, error) {
				page, err := db.ServicePrincipals(ctx, seed.Tenant.ID, directory.ListOptions{OrderBy: "displayName"})
				return len(page.Items), err
			}},
			"100 applications": {7, func() (int, error) {
				page, err := db.Applications(ctx, seed.Tenant.ID, directory.ListOptions{})
				return len(page.Items), err
			}},
			"a service principal": {8, func() (int, error) {
				p, err := db.ServicePrincipalByAppID(ctx, seed.Tenant.ID, seed.Applications[7].AppID)
				if err == nil && p.App == nil {
					return 0, err
				}
				return 100, err
			}},
		} {
			before := db.Stats().Statements
			n, err := c.read()
			if err != nil || n != 100 {
				t.Errorf("%s: %d, %v", what, n, err)
			}
			if sent := db.Stats().Statements - before; sent > c.most {
				t.Errorf("%s took %d statements, want at most %d", what, sent, c.most)
			}
		}
	})
}
