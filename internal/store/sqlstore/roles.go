package sqlstore

import (
	"context"
	"database/sql"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const roleColumns = `r.id, r.role_definition_id, r.principal_id, r.principal_kind, r.directory_scope_id, r.created_at`

// awakeRole leaves out what a deleted principal was given.
const awakeRole = ` AND NOT EXISTS (SELECT 1 FROM deleted_objects d WHERE d.tenant_id = r.tenant_id AND d.id = r.principal_id)`

const (
	selectRole    = `SELECT ` + roleColumns + ` FROM role_assignments r WHERE r.tenant_id = $1 AND r.id = $2` + awakeRole
	selectRolesOf = `SELECT ` + roleColumns + ` FROM role_assignments r
		WHERE r.tenant_id = $1 AND r.principal_id = $2` + awakeRole + ` ORDER BY r.created_at, r.id`
	insertRole = `INSERT INTO role_assignments
		(tenant_id, id, role_definition_id, principal_id, principal_kind, directory_scope_id, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`
	deleteRole         = `DELETE FROM role_assignments WHERE tenant_id = $1 AND id = $2`
	purgeRolesOf       = `DELETE FROM role_assignments WHERE tenant_id = $1 AND principal_id = $2`
	selectRolesTouched = `SELECT principal_id FROM role_assignments WHERE tenant_id = $1 AND principal_id = $2`
)

func scanRole(r *sql.Rows) (*directory.RoleAssignment, error) {
	a := &directory.RoleAssignment{}
	var created int64
	err := r.Scan(&a.ID, &a.RoleDefinitionID, &a.PrincipalID, &a.PrincipalKind, &a.DirectoryScopeID, &created)
	a.CreatedAt = fromMicros(created)
	return a, err
}

func (s *session) roles(ctx context.Context, query string, args ...any) ([]directory.RoleAssignment, error) {
	var list []directory.RoleAssignment
	err := s.each(ctx, query, args, func(r *sql.Rows) error {
		a, err := scanRole(r)
		list = append(list, *a)
		return err
	})
	return list, err
}

// CreateRoleAssignment implements directory.RoleStore. A principal that is not
// alive in the tenant is ErrNotFound.
func (db *DB) CreateRoleAssignment(ctx context.Context, t directory.TenantID, a *directory.RoleAssignment, ev *audit.Event) error {
	return db.write(ctx, "create role assignment", t, ev, func(tx *txn) error { return tx.createRole(ctx, a) })
}

func (tx *txn) createRole(ctx context.Context, a *directory.RoleAssignment) error {
	if err := tx.mustLive(ctx, a.PrincipalKind, a.PrincipalID); err != nil {
		return err
	}
	tx.changed(directory.ChangedRoles, a.PrincipalID, "")
	_, err := tx.exec(ctx, insertRole, tx.tenant, a.ID, a.RoleDefinitionID, a.PrincipalID, a.PrincipalKind,
		a.DirectoryScopeID, micros(a.CreatedAt))
	return err
}

// RoleAssignment implements directory.RoleStore.
func (db *DB) RoleAssignment(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.RoleAssignment, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	list, err := db.read().roles(ctx, selectRole, t, id)
	if err != nil {
		return nil, db.fail("read role assignment", err)
	}
	if len(list) == 0 {
		return nil, directory.ErrNotFound
	}
	return &list[0], nil
}

// RoleAssignmentsOf implements directory.RoleStore.
func (db *DB) RoleAssignmentsOf(ctx context.Context, t directory.TenantID, principal directory.ID) ([]directory.RoleAssignment, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	list, err := db.read().roles(ctx, selectRolesOf, t, principal)
	return list, db.fail("read role assignments", err)
}

var roleList = &listing{
	columns: roleColumns, table: "role_assignments r", alias: "r", where: awakeRole,
	columnOf: columnOf{
		"id":               {expr: "r.id"},
		"principalId":      {expr: "r.principal_id"},
		"roleDefinitionId": {expr: "r.role_definition_id"},
		"directoryScopeId": {expr: "r.directory_scope_id", exact: true},
	},
}

// RoleAssignments implements directory.RoleStore.
func (db *DB) RoleAssignments(ctx context.Context, t directory.TenantID, o directory.ListOptions) (directory.Page[*directory.RoleAssignment], error) {
	return listIn(ctx, db, roleList, t, nil, o, scanRole,
		func(a *directory.RoleAssignment) string { return string(a.ID) }, nil)
}

// DeleteRoleAssignment implements directory.RoleStore.
func (db *DB) DeleteRoleAssignment(ctx context.Context, t directory.TenantID, id directory.ID, ev *audit.Event) error {
	return db.write(ctx, "delete role assignment", t, ev, func(tx *txn) error {
		list, err := tx.roles(ctx, selectRole, t, id)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return directory.ErrNotFound
		}
		tx.changed(directory.ChangedRoles, list[0].PrincipalID, "")
		_, err = tx.exec(ctx, deleteRole, t, id)
		return err
	})
}
