package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const (
	selectPrincipalID = `SELECT id FROM service_principals WHERE tenant_id = $1 AND app_id = $2 AND deleted_at = 0`
	// What sleeps is passed over: writing it anew says that its object is gone.
	selectSameGrant = `SELECT g.id, g.scope FROM grants g WHERE g.tenant_id = $1 AND g.client_id = $2
		AND g.resource_id = $3 AND g.consent_type = $4 AND g.principal_id = $5` + awakeGrant
	hasAssignment = `SELECT 1 FROM app_role_assignments a WHERE a.tenant_id = $1 AND a.principal_id = $2
		AND a.resource_id = $3 AND a.app_role_id = $4` + awakeAssignment
	selectGrantsFor = `SELECT ` + grantColumns + ` FROM grants g
		WHERE g.tenant_id = $1 AND g.client_id = $2 AND g.principal_id IN ('', $3)` + awakeGrant + ` ORDER BY g.resource_id, g.principal_id`
)

// RecordConsent implements directory.ConsentStore. A client, resource or person
// that is not alive in the tenant is ErrNotFound.
func (db *DB) RecordConsent(ctx context.Context, t directory.TenantID, r *directory.ConsentRecord, ev *audit.Event) error {
	return db.write(ctx, "record consent", t, ev, func(tx *txn) error {
		// The tenant's counter is held: what is missing now stays missing until
		// the commit.
		there := map[directory.ID]directory.ID{}
		for _, p := range r.Principals {
			var id directory.ID
			err := tx.one(ctx, selectPrincipalID, []any{t, p.AppID}, &id)
			if errors.Is(err, sql.ErrNoRows) {
				id, err = p.ID, tx.createPrincipal(ctx, p)
			}
			if err != nil {
				return err
			}
			there[p.ID] = id
		}
		means := func(id *directory.ID) {
			if other, ok := there[*id]; ok {
				*id = other
			}
		}
		for _, g := range r.Grants {
			means(&g.ClientID)
			means(&g.ResourceID)
			if err := tx.addGrant(ctx, g); err != nil {
				return err
			}
		}
		for _, a := range r.Assignments {
			means(&a.PrincipalID)
			means(&a.ResourceID)
			given, err := tx.exists(ctx, hasAssignment, t, a.PrincipalID, a.ResourceID, a.AppRoleID)
			if err == nil && !given {
				err = tx.createAssignment(ctx, &a)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// addGrant writes a grant, or adds its scopes to the one that there is.
func (tx *txn) addGrant(ctx context.Context, g directory.OAuth2PermissionGrant) error {
	var id, scope string
	err := tx.one(ctx, selectSameGrant, []any{tx.tenant, g.ClientID, g.ResourceID, g.ConsentType, g.PrincipalID}, &id, &scope)
	if errors.Is(err, sql.ErrNoRows) {
		g.ID, g.Scope = directory.GrantID(g), union("", g.Scope)
		return tx.createGrant(ctx, &g)
	}
	if err != nil {
		return err
	}
	both := union(scope, g.Scope)
	if both == scope {
		return nil
	}
	tx.changed(directory.ChangedGrants, g.ClientID, "")
	_, err = tx.exec(ctx, updateGrant, tx.tenant, id, both)
	return err
}

// union adds to scopes those of more that are not among them.
func union(scopes, more string) string {
	have := strings.Fields(scopes)
	n := len(have)
	for _, s := range strings.Fields(more) {
		if !slices.Contains(have, s) {
			have = append(have, s)
		}
	}
	if len(have) == n {
		return scopes
	}
	return strings.Join(have, " ")
}

// GrantsFor implements directory.ConsentStore.
func (db *DB) GrantsFor(ctx context.Context, t directory.TenantID, client, user directory.ID) ([]directory.OAuth2PermissionGrant, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	var grants []directory.OAuth2PermissionGrant
	err := db.read().each(ctx, selectGrantsFor, []any{t, client, user}, func(r *sql.Rows) error {
		g, err := scanGrant(r)
		grants = append(grants, *g)
		return err
	})
	return grants, db.fail("list grants", err)
}
