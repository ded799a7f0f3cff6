package sqlstore

import (
	"context"
	"database/sql"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const assignmentColumns = `a.id, a.app_role_id, a.principal_id, a.principal_kind, a.principal_display_name,
	a.resource_id, a.resource_display_name, a.created_at`

// awakeAssignment leaves out what refers to a deleted object.
const awakeAssignment = ` AND NOT EXISTS (SELECT 1 FROM deleted_objects d
	WHERE d.tenant_id = a.tenant_id AND (d.id = a.principal_id OR d.id = a.resource_id))`

const (
	selectAssignment   = `SELECT ` + assignmentColumns + ` FROM app_role_assignments a WHERE a.tenant_id = $1 AND a.id = $2` + awakeAssignment
	selectAssignmentOf = `SELECT ` + assignmentColumns + ` FROM app_role_assignments a
		WHERE a.tenant_id = $1 AND a.principal_id = $2` + awakeAssignment + ` ORDER BY a.created_at, a.id`
	selectAsleep = `SELECT ` + assignmentColumns + ` FROM service_principals s CROSS JOIN app_role_assignments a
		WHERE s.tenant_id = $1 AND s.app_id = $2 AND s.deleted_at <> 0
		AND a.tenant_id = s.tenant_id AND a.principal_id = s.id ORDER BY a.created_at, a.id`
)

func scanAssignment(r *sql.Rows) (directory.AppRoleAssignment, error) {
	var a directory.AppRoleAssignment
	var created int64
	err := r.Scan(&a.ID, &a.AppRoleID, &a.PrincipalID, &a.PrincipalKind, &a.PrincipalDisplayName,
		&a.ResourceID, &a.ResourceDisplayName, &created)
	a.CreatedAt = fromMicros(created)
	return a, err
}

func (s *session) assignments(ctx context.Context, query string, args ...any) ([]directory.AppRoleAssignment, error) {
	var list []directory.AppRoleAssignment
	err := s.each(ctx, query, args, func(r *sql.Rows) error {
		a, err := scanAssignment(r)
		list = append(list, a)
		return err
	})
	return list, err
}

// Assignment implements directory.AssignmentStore.
func (db *DB) Assignment(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.AppRoleAssignment, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	list, err := db.read().assignments(ctx, selectAssignment, t, id)
	if err != nil {
		return nil, db.fail("read assignment", err)
	}
	if len(list) == 0 {
		return nil, directory.ErrNotFound
	}
	return &list[0], nil
}

// AppRoleAssignmentsOf implements directory.AssignmentStore and directory.Lookup.
func (db *DB) AppRoleAssignmentsOf(ctx context.Context, t directory.TenantID, principal directory.ID) ([]directory.AppRoleAssignment, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	list, err := db.read().assignments(ctx, selectAssignmentOf, t, principal)
	return list, db.fail("read assignments", err)
}

// AssignmentsAsleep implements directory.AssignmentStore.
func (db *DB) AssignmentsAsleep(ctx context.Context, t directory.TenantID, appID directory.ID) ([]directory.AppRoleAssignment, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	list, err := db.read().assignments(ctx, selectAsleep, t, appID)
	return list, db.fail("read assignments", err)
}

// CreateAssignment implements directory.AssignmentStore. A resource, or a
// principal of a kind that is kept here, that is not alive in the tenant is
// ErrNotFound.
func (db *DB) CreateAssignment(ctx context.Context, t directory.TenantID, a *directory.AppRoleAssignment, ev *audit.Event) error {
	return db.write(ctx, "create assignment", t, ev, func(tx *txn) error { return tx.createAssignment(ctx, a) })
}

const (
	insertAssignment = `INSERT INTO app_role_assignments (tenant_id, id, app_role_id, principal_id, principal_kind,
		principal_display_name, principal_name_fold, resource_id, resource_display_name, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	principalLives = `SELECT 1 FROM service_principals WHERE tenant_id = $1 AND id = $2 AND deleted_at = 0`
	userLives      = `SELECT 1 FROM users WHERE tenant_id = $1 AND id = $2 AND deleted_at = 0`
)

func (tx *txn) createAssignment(ctx context.Context, a *directory.AppRoleAssignment) error {
	if err := tx.mustLive(ctx, directory.KindServicePrincipal, a.ResourceID); err != nil {
		return err
	}
	if err := tx.mustLive(ctx, a.PrincipalKind, a.PrincipalID); err != nil {
		return err
	}
	_, err := tx.exec(ctx, insertAssignment, tx.tenant, a.ID, a.AppRoleID, a.PrincipalID, a.PrincipalKind,
		a.PrincipalDisplayName, fold(a.PrincipalDisplayName), a.ResourceID, a.ResourceDisplayName, micros(a.CreatedAt))
	tx.changed(directory.ChangedAssignments, a.PrincipalID, "")
	return err
}

// mustLive is ErrNotFound unless the object is alive in the tenant. Objects of
// other kinds are not kept here and pass.
func (tx *txn) mustLive(ctx context.Context, kind directory.Kind, id directory.ID) error {
	query := principalLives
	switch kind {
	case directory.KindServicePrincipal:
	case directory.KindUser:
		query = userLives
	default:
		return nil
	}
	alive, err := tx.exists(ctx, query, tx.tenant, id)
	if err == nil && !alive {
		return directory.ErrNotFound
	}
	return err
}

const deleteAssignment = `DELETE FROM app_role_assignments WHERE tenant_id = $1 AND id = $2`

// DeleteAssignment implements directory.AssignmentStore.
func (db *DB) DeleteAssignment(ctx context.Context, t directory.TenantID, id directory.ID, ev *audit.Event) error {
	return db.write(ctx, "delete assignment", t, ev, func(tx *txn) error {
		list, err := tx.assignments(ctx, selectAssignment, t, id)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return directory.ErrNotFound
		}
		tx.changed(directory.ChangedAssignments, list[0].PrincipalID, "")
		_, err = tx.exec(ctx, deleteAssignment, t, id)
		return err
	})
}
