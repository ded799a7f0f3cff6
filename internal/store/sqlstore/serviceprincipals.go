package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const principalColumns = `tenant_id, id, app_id, lifetime_policy_id, created_at, deleted_at, doc`

const (
	selectPrincipal        = `SELECT ` + principalColumns + ` FROM service_principals WHERE tenant_id = $1 AND id = $2 AND deleted_at = 0`
	selectPrincipalByAppID = `SELECT ` + principalColumns + ` FROM service_principals WHERE tenant_id = $1 AND app_id = $2 AND deleted_at = 0`
	selectAnyPrincipal     = `SELECT ` + principalColumns + ` FROM service_principals WHERE tenant_id = $1 AND id = $2`
	selectLivingPrincipal  = `SELECT id FROM service_principals WHERE tenant_id = $1 AND app_id = $2 AND deleted_at = 0`
	selectOtherPrincipal   = `SELECT 1 FROM service_principals WHERE tenant_id = $1 AND app_id = $2 AND id <> $3 AND deleted_at = 0`
	// selectPrincipalByName goes from the name to its holder: CROSS JOIN keeps
	// SQLite, which counts no rows, from beginning at the other end. A name of the tenant's own application comes before
	// one of an application that was opened to others and is no longer.
	selectPrincipalByName = `SELECT id FROM (
		SELECT id, 1 AS place FROM service_principals WHERE tenant_id = $1 AND app_id = $2 AND deleted_at = 0
		UNION ALL
		SELECT s.id, 2 FROM object_values v CROSS JOIN service_principals s
		WHERE v.tenant_id = $1 AND v.property = 'servicePrincipal.names' AND v.value = $2
		AND s.tenant_id = v.tenant_id AND s.id = v.object_id AND s.deleted_at = 0
		UNION ALL
		SELECT s.id, CASE WHEN u.tenant_id = $1 THEN 3 ELSE 4 END
		FROM application_uris u CROSS JOIN applications a CROSS JOIN service_principals s
		WHERE u.uri = $2 AND a.tenant_id = u.tenant_id AND a.id = u.application_id AND a.deleted_at = 0
		AND s.tenant_id = $1 AND s.app_id = a.app_id AND s.deleted_at = 0
		) named ORDER BY place LIMIT 1`
)

func scanPrincipal(r *sql.Rows) (*directory.ServicePrincipal, error) {
	p := &directory.ServicePrincipal{}
	var created, deleted int64
	var doc string
	if err := r.Scan(&p.TenantID, &p.ID, &p.AppID, &p.LifetimePolicy, &created, &deleted, &doc); err != nil {
		return nil, err
	}
	p.CreatedAt, p.DeletedAt = fromMicros(created), fromMicros(deleted)
	return p, json.Unmarshal([]byte(doc), p)
}

// principals reads the service principals of a query, all of tenant t, with
// their parts and applications.
func (s *session) principals(ctx context.Context, t directory.TenantID, query string, args ...any) ([]*directory.ServicePrincipal, error) {
	var list []*directory.ServicePrincipal
	err := s.each(ctx, query, args, func(r *sql.Rows) error {
		p, err := scanPrincipal(r)
		list = append(list, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, s.fillPrincipals(ctx, t, list)
}

func (s *session) fillPrincipals(ctx context.Context, t directory.TenantID, list []*directory.ServicePrincipal) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]directory.ID, 0, len(list))
	appIDs := make([]directory.ID, 0, len(list))
	for _, p := range list {
		ids, appIDs = append(ids, p.ID), append(appIDs, p.AppID)
	}
	got, err := s.readParts(ctx, t, ids)
	if err != nil {
		return err
	}
	apps, err := s.applicationsByAppID(ctx, appIDs)
	if err != nil {
		return err
	}
	for _, p := range list {
		of := got[p.ID]
		p.Passwords, p.Keys, p.Federated, p.Owners = of.passwords, of.keys, of.federated, of.owners
		p.App = apps[p.AppID]
	}
	return nil
}

// applicationsByAppID reads the living ones among the applications.
func (s *session) applicationsByAppID(ctx context.Context, appIDs []directory.ID) (map[directory.ID]*directory.Application, error) {
	if len(appIDs) == 1 {
		return byAppID(s.applications(ctx, selectByAppID, appIDs[0]))
	}
	slices.Sort(appIDs)
	var all []*directory.Application
	for chunk := range slices.Chunk(slices.Compact(appIDs), batchSize) {
		err := s.each(ctx, selectByAppIDs, repeat(nil, chunk), func(r *sql.Rows) error {
			a, err := scanApplication(r)
			all = append(all, a)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return byAppID(all, s.fillApplications(ctx, all))
}

func byAppID(list []*directory.Application, err error) (map[directory.ID]*directory.Application, error) {
	apps := make(map[directory.ID]*directory.Application, len(list))
	for _, a := range list {
		apps[a.AppID] = a
	}
	return apps, err
}

func (s *session) principal(ctx context.Context, t directory.TenantID, query string, args ...any) (*directory.ServicePrincipal, error) {
	list, err := s.principals(ctx, t, query, args...)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, directory.ErrNotFound
	}
	return list[0], nil
}

// ServicePrincipal implements directory.ServicePrincipalStore and directory.Lookup.
func (db *DB) ServicePrincipal(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.ServicePrincipal, error) {
	return db.readPrincipal(ctx, t, func(s *session) (*directory.ServicePrincipal, error) {
		return s.principal(ctx, t, selectPrincipal, t, id)
	})
}

// ServicePrincipalByAppID implements directory.ServicePrincipalStore and directory.Lookup.
func (db *DB) ServicePrincipalByAppID(ctx context.Context, t directory.TenantID, appID directory.ID) (*directory.ServicePrincipal, error) {
	return db.readPrincipal(ctx, t, func(s *session) (*directory.ServicePrincipal, error) {
		return s.principal(ctx, t, selectPrincipalByAppID, t, appID)
	})
}

// ServicePrincipalByName implements directory.ServicePrincipalStore and
// directory.Lookup. No two names of a tenant differ by letter case alone, but
// one that differs so from what was asked for is another name.
func (db *DB) ServicePrincipalByName(ctx context.Context, t directory.TenantID, name string) (*directory.ServicePrincipal, error) {
	return db.readPrincipal(ctx, t, func(s *session) (*directory.ServicePrincipal, error) {
		var id directory.ID
		if err := s.one(ctx, selectPrincipalByName, []any{t, fold(name)}, &id); err != nil {
			return nil, err
		}
		p, err := s.principal(ctx, t, selectPrincipal, t, id)
		if err != nil {
			return nil, err
		}
		want := directory.NormalizeName(name)
		for _, n := range p.ServicePrincipalNames() {
			if directory.NormalizeName(n) == want {
				return p, nil
			}
		}
		return nil, directory.ErrNotFound
	})
}

func (db *DB) readPrincipal(ctx context.Context, t directory.TenantID, find func(*session) (*directory.ServicePrincipal, error)) (*directory.ServicePrincipal, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	var p *directory.ServicePrincipal
	err := db.snapshot(ctx, "read service principal", func(s *session) error {
		var err error
		p, err = find(s)
		return err
	})
	return p, err
}

func principalParts(p *directory.ServicePrincipal) parts {
	return parts{p.Passwords, p.Keys, p.Federated, p.Owners}
}

func picturePrincipal(p *directory.ServicePrincipal) (picture, error) {
	return take(p, map[string]any{
		propertyPasswords: p.Passwords, propertyKeys: p.Keys, propertyFederated: p.Federated, propertyOwners: p.Owners,
		"tokenLifetimePolicies": p.LifetimePolicy,
	})
}

// CreateServicePrincipal implements directory.ServicePrincipalStore. The
// application must exist, except for a managed identity.
func (db *DB) CreateServicePrincipal(ctx context.Context, t directory.TenantID, sp *directory.ServicePrincipal, ev *audit.Event) error {
	return db.write(ctx, "create service principal", t, ev, func(tx *txn) error {
		return tx.createPrincipal(ctx, sp)
	})
}

const insertPrincipal = `INSERT INTO service_principals (tenant_id, id, app_id, owner_tenant_id, own_name,
	display_name_fold, type_fold, account_enabled, lifetime_policy_id, created_at, deleted_at, doc)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11)`

func (tx *txn) createPrincipal(ctx context.Context, p *directory.ServicePrincipal) error {
	if err := tx.useID(ctx, tx.tenant, p.ID, "id"); err != nil {
		return err
	}
	if err := tx.lockNames(ctx); err != nil {
		return err
	}
	if err := tx.checkPresence(ctx, p); err != nil {
		return err
	}
	if err := tx.checkPolicy(ctx, p.LifetimePolicy); err != nil {
		return err
	}
	name := p.DisplayName
	var home *string
	apps, err := tx.applicationsByAppID(ctx, []directory.ID{p.AppID})
	if err != nil {
		return err
	}
	if a := apps[p.AppID]; a != nil {
		owner := a.TenantID.String()
		home = &owner
		if name == "" {
			name = a.DisplayName
		}
	} else if p.Type != directory.TypeManagedIdentity {
		return &directory.RuleError{
			Kind: directory.Missing, Property: "appId",
			Message: "The appId '" + string(p.AppID) + "' of the service principal does not reference a valid application object.",
		}
	}
	doc, err := document(p)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, insertPrincipal, tx.tenant, p.ID, p.AppID, home, p.DisplayName != "", fold(name), fold(p.Type),
		p.AccountEnabled, p.LifetimePolicy, micros(p.CreatedAt), doc)
	if err != nil {
		return err
	}
	if err := tx.writePrincipalValues(ctx, &directory.ServicePrincipal{}, p); err != nil {
		return err
	}
	tx.changed(directory.ChangedServicePrincipal, p.ID, string(p.AppID))
	of := principalParts(p)
	return tx.writeParts(ctx, p.ID, of, of.present())
}

func (tx *txn) writePrincipalValues(ctx context.Context, before, p *directory.ServicePrincipal) error {
	if err := tx.writeValues(ctx, p.ID, valueServiceTags, before.Tags, p.Tags); err != nil {
		return err
	}
	if err := tx.writeValues(ctx, p.ID, valueServiceNames, before.Names, p.Names); err != nil {
		return err
	}
	return tx.writeValues(ctx, p.ID, valueAlternativeNames, before.AlternativeNames, p.AlternativeNames)
}

// ChangeServicePrincipal implements directory.ServicePrincipalStore. The change
// function sees App; what it does to App is not kept.
func (db *DB) ChangeServicePrincipal(ctx context.Context, t directory.TenantID, id directory.ID, change func(*directory.ServicePrincipal) error, ev *audit.Event) error {
	return db.write(ctx, "change service principal", t, ev, func(tx *txn) error {
		p, err := tx.principal(ctx, t, selectPrincipal, t, id)
		if err != nil {
			return err
		}
		was, err := picturePrincipal(p)
		if err != nil {
			return err
		}
		before := *p
		before.Tags, before.Names, before.AlternativeNames = slices.Clone(p.Tags), slices.Clone(p.Names), slices.Clone(p.AlternativeNames)
		if err := change(p); err != nil {
			return &refusal{err}
		}
		p.TenantID, p.ID, p.AppID = before.TenantID, before.ID, before.AppID
		p.CreatedAt, p.DeletedAt = before.CreatedAt, before.DeletedAt
		is, err := picturePrincipal(p)
		if err != nil {
			return err
		}
		tx.properties = was.differing(is)
		if len(tx.properties) == 0 {
			return nil
		}
		tx.changed(directory.ChangedServicePrincipal, p.ID, string(p.AppID))
		return tx.updatePrincipal(ctx, &before, p)
	})
}

const (
	updatePrincipal = `UPDATE service_principals SET type_fold = $3, account_enabled = $4, lifetime_policy_id = $5, doc = $6
		WHERE tenant_id = $1 AND id = $2`
	renamePrincipal = `UPDATE service_principals SET own_name = $3, display_name_fold = $4 WHERE tenant_id = $1 AND id = $2`
	selectAppName   = `SELECT display_name_fold FROM applications WHERE app_id = $1`
)

func (tx *txn) updatePrincipal(ctx context.Context, before, p *directory.ServicePrincipal) error {
	doc, err := document(p)
	if err != nil {
		return err
	}
	if p.LifetimePolicy != before.LifetimePolicy {
		if err := tx.checkPolicy(ctx, p.LifetimePolicy); err != nil {
			return err
		}
	}
	_, err = tx.exec(ctx, updatePrincipal, tx.tenant, p.ID, fold(p.Type), p.AccountEnabled, p.LifetimePolicy, doc)
	if err != nil {
		return err
	}
	if p.DisplayName != before.DisplayName {
		// An application's new name is written to its service principals under the
		// same lock, so the name read here is not about to change.
		if err := tx.lockNames(ctx); err != nil {
			return err
		}
		name := fold(p.DisplayName)
		if name == "" {
			err := tx.one(ctx, selectAppName, []any{p.AppID}, &name)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		if _, err := tx.exec(ctx, renamePrincipal, tx.tenant, p.ID, p.DisplayName != "", name); err != nil {
			return err
		}
	}
	if !slices.Equal(p.Names, before.Names) {
		if err := tx.lockNames(ctx); err != nil {
			return err
		}
		if err := tx.checkLocalNames(ctx, p.ID, p.Names); err != nil {
			return err
		}
	}
	if err := tx.writePrincipalValues(ctx, before, p); err != nil {
		return err
	}
	return tx.writeParts(ctx, p.ID, principalParts(p), tx.properties)
}

// DeleteServicePrincipal implements directory.ServicePrincipalStore.
func (db *DB) DeleteServicePrincipal(ctx context.Context, t directory.TenantID, id directory.ID, at time.Time, ev *audit.Event) error {
	return db.write(ctx, "delete service principal", t, ev, func(tx *txn) error {
		p, err := tx.principal(ctx, t, selectPrincipal, t, id)
		if err != nil {
			return err
		}
		return tx.deletePrincipal(ctx, id, p.AppID, "", at)
	})
}
