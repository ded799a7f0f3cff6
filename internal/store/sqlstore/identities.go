package sqlstore

import (
	"context"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const (
	selectUserByIdentity = `SELECT u.tenant_id, u.id, u.sessions_valid_from, u.password_changed_at, u.password_hash,
		u.created_at, u.deleted_at, u.doc
		FROM user_identities i CROSS JOIN users u
		WHERE i.tenant_id = $1 AND i.issuer = $2 AND i.assigned_id = $3
		AND u.tenant_id = i.tenant_id AND u.id = i.user_id AND u.deleted_at = 0`
	insertIdentity   = `INSERT INTO user_identities (tenant_id, issuer, assigned_id, user_id) VALUES ($1, $2, $3, $4)`
	deleteIdentities = `DELETE FROM user_identities WHERE tenant_id = $1 AND user_id = $2`
)

// UserByIdentity implements directory.IdentityStore.
func (db *DB) UserByIdentity(ctx context.Context, t directory.TenantID, issuer, assignedID string) (*directory.User, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	u, err := db.read().user(ctx, selectUserByIdentity, t, issuer, assignedID)
	return u, db.fail("read user", err)
}

// writeIdentities replaces what a living user is found by. Only whole federated
// identities are; a pair that another user has is a violated key.
func (tx *txn) writeIdentities(ctx context.Context, id directory.ID, was, is []directory.ObjectIdentity) error {
	if slices.Equal(was, is) {
		return nil
	}
	if _, err := tx.exec(ctx, deleteIdentities, tx.tenant, id); err != nil {
		return err
	}
	for i, o := range is {
		if o.SignInType != directory.SignInFederated || o.Issuer == "" || o.IssuerAssignedID == "" || slices.Contains(is[:i], o) {
			continue
		}
		if _, err := tx.exec(ctx, insertIdentity, tx.tenant, o.Issuer, o.IssuerAssignedID, id); err != nil {
			return err
		}
	}
	return nil
}
