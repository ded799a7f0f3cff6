package sqlstore

import (
	"context"
	"database/sql"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const grantColumns = `g.id, g.client_id, g.consent_type, g.principal_id, g.resource_id, g.scope`

// awakeGrant leaves out what refers to a deleted object.
const awakeGrant = ` AND NOT EXISTS (SELECT 1 FROM deleted_objects d
	WHERE d.tenant_id = g.tenant_id AND (d.id = g.client_id OR d.id = g.resource_id OR d.id = g.principal_id))`

const selectGrant = `SELECT ` + grantColumns + ` FROM grants g WHERE g.tenant_id = $1 AND g.id = $2` + awakeGrant

func scanGrant(r *sql.Rows) (*directory.OAuth2PermissionGrant, error) {
	g := &directory.OAuth2PermissionGrant{}
	return g, r.Scan(&g.ID, &g.ClientID, &g.ConsentType, &g.PrincipalID, &g.ResourceID, &g.Scope)
}

func (s *session) grant(ctx context.Context, t directory.TenantID, id string) (*directory.OAuth2PermissionGrant, error) {
	var g *directory.OAuth2PermissionGrant
	err := s.each(ctx, selectGrant, []any{t, id}, func(r *sql.Rows) error {
		var err error
		g, err = scanGrant(r)
		return err
	})
	if err == nil && g == nil {
		return nil, directory.ErrNotFound
	}
	return g, err
}

// Grant implements directory.GrantStore.
func (db *DB) Grant(ctx context.Context, t directory.TenantID, id string) (*directory.OAuth2PermissionGrant, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	g, err := db.read().grant(ctx, t, id)
	return g, db.fail("read grant", err)
}

// CreateGrant implements directory.GrantStore. A client, resource or user that is
// not alive in the tenant is ErrNotFound.
func (db *DB) CreateGrant(ctx context.Context, t directory.TenantID, g *directory.OAuth2PermissionGrant, ev *audit.Event) error {
	return db.write(ctx, "create grant", t, ev, func(tx *txn) error { return tx.createGrant(ctx, g) })
}

const insertGrant = `INSERT INTO grants (tenant_id, id, client_id, consent_type, principal_id, resource_id, scope)
	VALUES ($1, $2, $3, $4, $5, $6, $7)`

func (tx *txn) createGrant(ctx context.Context, g *directory.OAuth2PermissionGrant) error {
	for _, id := range []directory.ID{g.ClientID, g.ResourceID} {
		if err := tx.mustLive(ctx, directory.KindServicePrincipal, id); err != nil {
			return err
		}
	}
	if g.PrincipalID != "" {
		if err := tx.mustLive(ctx, directory.KindUser, g.PrincipalID); err != nil {
			return err
		}
	}
	tx.changed(directory.ChangedGrants, g.ClientID, "")
	_, err := tx.exec(ctx, insertGrant, tx.tenant, g.ID, g.ClientID, g.ConsentType, g.PrincipalID, g.ResourceID, g.Scope)
	return err
}

const (
	updateGrant = `UPDATE grants SET scope = $3 WHERE tenant_id = $1 AND id = $2`
	deleteGrant = `DELETE FROM grants WHERE tenant_id = $1 AND id = $2`
)

// SetGrantScope implements directory.GrantStore.
func (db *DB) SetGrantScope(ctx context.Context, t directory.TenantID, id, scope string, ev *audit.Event) error {
	return db.write(ctx, "change grant", t, ev, func(tx *txn) error {
		g, err := tx.grant(ctx, t, id)
		if err != nil || g.Scope == scope {
			return err
		}
		tx.properties = []string{"scope"}
		tx.changed(directory.ChangedGrants, g.ClientID, "")
		_, err = tx.exec(ctx, updateGrant, t, id, scope)
		return err
	})
}

// DeleteGrant implements directory.GrantStore.
func (db *DB) DeleteGrant(ctx context.Context, t directory.TenantID, id string, ev *audit.Event) error {
	return db.write(ctx, "delete grant", t, ev, func(tx *txn) error {
		g, err := tx.grant(ctx, t, id)
		if err != nil {
			return err
		}
		tx.changed(directory.ChangedGrants, g.ClientID, "")
		_, err = tx.exec(ctx, deleteGrant, t, id)
		return err
	})
}
