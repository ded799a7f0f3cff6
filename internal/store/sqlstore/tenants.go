package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const tenantColumns = `id, display_name, created_at, disabled, demo, settings`

const (
	selectTenant         = `SELECT ` + tenantColumns + ` FROM tenants WHERE id = $1`
	selectTenantByDomain = `SELECT t.id, t.display_name, t.created_at, t.disabled, t.demo, t.settings
		FROM domains d JOIN tenants t ON t.id = d.tenant_id WHERE d.name = $1 AND d.verified`
	selectTenants        = `SELECT ` + tenantColumns + ` FROM tenants WHERE id > $1 ORDER BY id LIMIT $2`
	selectTenantsWithout = `SELECT ` + tenantColumns + ` FROM tenants WHERE id > $1 AND NOT EXISTS
		(SELECT 1 FROM service_principals s WHERE s.tenant_id = tenants.id AND s.app_id = $2 AND s.deleted_at = 0) ORDER BY id LIMIT $3`
	selectDomains = `SELECT name, verified, is_default, is_initial, created_at FROM domains WHERE tenant_id = $1 ORDER BY position, name`
)

// tenants reads the tenants of a query with their domains.
func (s *session) tenants(ctx context.Context, query string, args ...any) ([]*directory.Tenant, error) {
	var list []*directory.Tenant
	err := s.each(ctx, query, args, func(r *sql.Rows) error {
		t := &directory.Tenant{}
		var created int64
		var settings string
		if err := r.Scan(&t.ID, &t.DisplayName, &created, &t.Disabled, &t.Demo, &settings); err != nil {
			return err
		}
		t.CreatedAt = fromMicros(created)
		list = append(list, t)
		return json.Unmarshal([]byte(settings), &t.Settings)
	})
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		err := s.each(ctx, selectDomains, []any{t.ID}, func(r *sql.Rows) error {
			var d directory.Domain
			var created int64
			err := r.Scan(&d.Name, &d.Verified, &d.Default, &d.Initial, &created)
			d.CreatedAt = fromMicros(created)
			t.Domains = append(t.Domains, d)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// TenantByName implements directory.TenantStore and directory.Lookup.
func (db *DB) TenantByName(ctx context.Context, name string) (*directory.Tenant, error) {
	query, arg := selectTenantByDomain, any(fold(name))
	if id, err := directory.ParseTenantID(name); err == nil {
		query, arg = selectTenant, id
	}
	list, err := db.readTenants(ctx, query, arg)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, directory.ErrNotFound
	}
	return list[0], nil
}

// Tenants implements directory.TenantStore.
func (db *DB) Tenants(ctx context.Context, after directory.TenantID, limit int) ([]*directory.Tenant, error) {
	return db.readTenants(ctx, selectTenants, after.String(), limit)
}

// TenantsWithout implements directory.TenantStore.
func (db *DB) TenantsWithout(ctx context.Context, appID directory.ID, after directory.TenantID, limit int) ([]*directory.Tenant, error) {
	return db.readTenants(ctx, selectTenantsWithout, after.String(), appID, limit)
}

func (db *DB) readTenants(ctx context.Context, query string, args ...any) ([]*directory.Tenant, error) {
	var list []*directory.Tenant
	err := db.snapshot(ctx, "read tenants", func(s *session) error {
		var err error
		list, err = s.tenants(ctx, query, args...)
		return err
	})
	return list, err
}

const insertTenant = `INSERT INTO tenants (` + tenantColumns + `) VALUES ($1, $2, $3, $4, $5, $6)`

// CreateTenant implements directory.TenantStore.
func (db *DB) CreateTenant(ctx context.Context, seed *directory.TenantSeed, ev *audit.Event) error {
	t := seed.Tenant
	return db.write(ctx, "create tenant", t.ID, ev, func(tx *txn) error {
		if err := tx.useID(ctx, directory.Installation, directory.ID(t.ID.String()), "id"); err != nil {
			return err
		}
		settings, err := json.Marshal(t.Settings)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, insertTenant, t.ID, t.DisplayName, micros(t.CreatedAt), t.Disabled, t.Demo, string(settings))
		if err != nil {
			return err
		}
		tx.changed(directory.ChangedTenant, directory.ID(t.ID.String()), "")
		if err := tx.writeDomains(ctx, t.Domains); err != nil {
			return err
		}
		return tx.seed(ctx, seed)
	})
}

// seed writes the first objects of a tenant: what is referred to before what
// refers to it.
func (tx *txn) seed(ctx context.Context, seed *directory.TenantSeed) error {
	for _, a := range seed.Applications {
		if err := tx.createApplication(ctx, a); err != nil {
			return err
		}
	}
	for _, p := range seed.ServicePrincipals {
		if err := tx.createPrincipal(ctx, p); err != nil {
			return err
		}
	}
	for _, u := range seed.Users {
		if err := tx.createUser(ctx, u); err != nil {
			return err
		}
	}
	for i := range seed.Assignments {
		if err := tx.createAssignment(ctx, &seed.Assignments[i]); err != nil {
			return err
		}
	}
	for i := range seed.Grants {
		if err := tx.createGrant(ctx, &seed.Grants[i]); err != nil {
			return err
		}
	}
	for i := range seed.Roles {
		if err := tx.createRole(ctx, &seed.Roles[i]); err != nil {
			return err
		}
	}
	return nil
}

const (
	deleteDomains = `DELETE FROM domains WHERE tenant_id = $1`
	insertDomain  = `INSERT INTO domains (tenant_id, name, position, verified, is_default, is_initial, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`
)

func (tx *txn) writeDomains(ctx context.Context, domains []directory.Domain) error {
	if _, err := tx.exec(ctx, deleteDomains, tx.tenant); err != nil {
		return err
	}
	for i, d := range domains {
		_, err := tx.exec(ctx, insertDomain, tx.tenant, d.Name, i, d.Verified, d.Default, d.Initial, micros(d.CreatedAt))
		if err != nil {
			return err
		}
	}
	return nil
}

const updateTenant = `UPDATE tenants SET display_name = $2, disabled = $3, demo = $4, settings = $5 WHERE id = $1`

// ChangeTenant implements directory.TenantStore.
func (db *DB) ChangeTenant(ctx context.Context, t directory.TenantID, change func(*directory.Tenant) error, ev *audit.Event) error {
	return db.write(ctx, "change tenant", t, ev, func(tx *txn) error {
		list, err := tx.tenants(ctx, selectTenant, t)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return directory.ErrNotFound
		}
		tenant := list[0]
		created, domains := tenant.CreatedAt, slices.Clone(tenant.Domains)
		was, err := take(tenant, nil)
		if err != nil {
			return err
		}
		if err := change(tenant); err != nil {
			return &refusal{err}
		}
		tenant.ID, tenant.CreatedAt = t, created
		is, err := take(tenant, nil)
		if err != nil {
			return err
		}
		if tx.properties = was.differing(is); len(tx.properties) == 0 {
			return nil
		}
		tx.changed(directory.ChangedTenant, directory.ID(t.String()), "")
		settings, err := json.Marshal(tenant.Settings)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, updateTenant, t, tenant.DisplayName, tenant.Disabled, tenant.Demo, string(settings))
		if err != nil || slices.Equal(domains, tenant.Domains) {
			return err
		}
		return tx.writeDomains(ctx, tenant.Domains)
	})
}
