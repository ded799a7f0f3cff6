package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const (
	deleteApplication = `UPDATE applications SET deleted_at = $3 WHERE tenant_id = $1 AND id = $2`
	deletePrincipal   = `UPDATE service_principals SET deleted_at = $3 WHERE tenant_id = $1 AND id = $2`
	deleteUser        = `UPDATE users SET deleted_at = $3 WHERE tenant_id = $1 AND id = $2`
	insertDeleted     = `INSERT INTO deleted_objects (tenant_id, id, kind, with_id, deleted_at) VALUES ($1, $2, $3, $4, $5)`
	removeDeleted     = `DELETE FROM deleted_objects WHERE tenant_id = $1 AND id = $2`
	selectDeleted     = `SELECT kind FROM deleted_objects WHERE tenant_id = $1 AND id = $2`
	selectDeletedWith = `SELECT id FROM deleted_objects WHERE tenant_id = $1 AND with_id = $2`
	selectExpired     = `SELECT tenant_id, id, kind FROM deleted_objects WHERE deleted_at < $1 ORDER BY deleted_at, tenant_id, id LIMIT $2`
	// Each reference has an index of its own: UNION ALL, since OR would use none.
	selectAssignedHere = `SELECT principal_id FROM app_role_assignments WHERE tenant_id = $1 AND resource_id = $2
		UNION ALL SELECT principal_id FROM app_role_assignments WHERE tenant_id = $1 AND principal_id = $2`
	selectGrantsTouched = `SELECT client_id FROM grants WHERE tenant_id = $1 AND client_id = $2
		UNION ALL SELECT client_id FROM grants WHERE tenant_id = $1 AND resource_id = $2
		UNION ALL SELECT client_id FROM grants WHERE tenant_id = $1 AND principal_id = $2`
)

// markDeleted begins (or, with the zero time, ends) the sleep of an object.
func (tx *txn) markDeleted(ctx context.Context, query string, kind directory.Kind, id, with directory.ID, at time.Time) error {
	if _, err := tx.exec(ctx, query, tx.tenant, id, micros(at)); err != nil {
		return err
	}
	if at.IsZero() {
		_, err := tx.exec(ctx, removeDeleted, tx.tenant, id)
		return err
	}
	_, err := tx.exec(ctx, insertDeleted, tx.tenant, id, kind, with, micros(at))
	return err
}

func (tx *txn) deletePrincipal(ctx context.Context, id, appID, with directory.ID, at time.Time) error {
	err := tx.markDeleted(ctx, deletePrincipal, directory.KindServicePrincipal, id, with, at)
	if err != nil {
		return err
	}
	tx.changed(directory.ChangedServicePrincipal, id, string(appID))
	return tx.changedReferences(ctx, id)
}

// changedReferences notes that assignments, grants and roles of or on the object
// fell asleep, woke up or went away.
func (tx *txn) changedReferences(ctx context.Context, id directory.ID) error {
	for _, of := range []struct {
		query string
		kind  directory.ChangeKind
	}{
		{selectAssignedHere, directory.ChangedAssignments},
		{selectGrantsTouched, directory.ChangedGrants},
		{selectRolesTouched, directory.ChangedRoles},
	} {
		touched, err := tx.ids(ctx, of.query, tx.tenant, id)
		if err != nil {
			return err
		}
		for _, object := range touched {
			tx.changed(of.kind, object, "")
		}
	}
	return nil
}

// Deleted implements directory.DeletedStore.
func (db *DB) Deleted(ctx context.Context, t directory.TenantID, id directory.ID) (directory.Kind, error) {
	if t.IsZero() {
		return "", directory.ErrNoTenant
	}
	var kind directory.Kind
	err := db.read().one(ctx, selectDeleted, []any{t, id}, &kind)
	return kind, db.fail("look for deleted object", err)
}

// Restore implements directory.DeletedStore. An application brings back the home
// service principal that went with it.
func (db *DB) Restore(ctx context.Context, t directory.TenantID, id directory.ID, ev *audit.Event) error {
	return db.write(ctx, "restore", t, ev, func(tx *txn) error {
		var kind directory.Kind
		if err := tx.one(ctx, selectDeleted, []any{t, id}, &kind); err != nil {
			return err
		}
		switch kind {
		case directory.KindApplication:
			return tx.restoreApplication(ctx, id)
		case directory.KindServicePrincipal:
			return tx.restorePrincipal(ctx, id)
		default:
			return tx.restoreUser(ctx, id)
		}
	})
}

func (tx *txn) restoreApplication(ctx context.Context, id directory.ID) error {
	a, err := tx.application(ctx, selectAnyApplication, tx.tenant, id)
	if err != nil {
		return err
	}
	if err := tx.markDeleted(ctx, deleteApplication, directory.KindApplication, id, "", time.Time{}); err != nil {
		return err
	}
	tx.changed(directory.ChangedApplication, id, string(a.AppID))
	went, err := tx.ids(ctx, selectDeletedWith, tx.tenant, id)
	if err != nil {
		return err
	}
	for _, principal := range went {
		if err := tx.restorePrincipal(ctx, principal); err != nil {
			return err
		}
	}
	return nil
}

func (tx *txn) restorePrincipal(ctx context.Context, id directory.ID) error {
	p, err := tx.principal(ctx, tx.tenant, selectAnyPrincipal, tx.tenant, id)
	if err != nil {
		return err
	}
	if err := tx.lockNames(ctx); err != nil {
		return err
	}
	if err := tx.checkPresence(ctx, p); err != nil {
		return err
	}
	return tx.deletePrincipal(ctx, id, p.AppID, "", time.Time{})
}

func (tx *txn) restoreUser(ctx context.Context, id directory.ID) error {
	u, err := tx.user(ctx, selectAnyUser, tx.tenant, id)
	if err != nil {
		return err
	}
	// A user name that was given away meanwhile is a violated unique index; so is
	// an identity.
	if err := tx.markDeleted(ctx, deleteUser, directory.KindUser, id, "", time.Time{}); err != nil {
		return err
	}
	if err := tx.writeIdentities(ctx, id, nil, u.Identities); err != nil {
		return err
	}
	tx.changed(directory.ChangedUser, id, "")
	return tx.changedReferences(ctx, id)
}

func (s *session) ids(ctx context.Context, query string, args ...any) ([]directory.ID, error) {
	var ids []directory.ID
	err := s.each(ctx, query, args, func(r *sql.Rows) error {
		var id directory.ID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// Purge implements directory.DeletedStore.
func (db *DB) Purge(ctx context.Context, t directory.TenantID, id directory.ID, ev *audit.Event) error {
	return db.write(ctx, "purge", t, ev, func(tx *txn) error { return tx.purge(ctx, id) })
}

const (
	purgeApplication    = `DELETE FROM applications WHERE tenant_id = $1 AND id = $2`
	purgePrincipal      = `DELETE FROM service_principals WHERE tenant_id = $1 AND id = $2`
	purgeUser           = `DELETE FROM users WHERE tenant_id = $1 AND id = $2`
	purgeHeldRoles      = `DELETE FROM app_role_assignments WHERE tenant_id = $1 AND principal_id = $2`
	purgeGivenRoles     = `DELETE FROM app_role_assignments WHERE tenant_id = $1 AND resource_id = $2`
	purgeClientGrants   = `DELETE FROM grants WHERE tenant_id = $1 AND client_id = $2`
	purgeResourceGrants = `DELETE FROM grants WHERE tenant_id = $1 AND resource_id = $2`
	purgeUserGrants     = `DELETE FROM grants WHERE tenant_id = $1 AND principal_id = $2`
)

func (tx *txn) purge(ctx context.Context, id directory.ID) error {
	var kind directory.Kind
	if err := tx.one(ctx, selectDeleted, []any{tx.tenant, id}, &kind); err != nil {
		return err
	}
	if err := tx.changedReferences(ctx, id); err != nil {
		return err
	}
	remove := purgeUser
	switch kind {
	case directory.KindApplication:
		remove = purgeApplication
		if err := tx.purgeApplicationParts(ctx, id); err != nil {
			return err
		}
	case directory.KindServicePrincipal:
		remove = purgePrincipal
		p, err := tx.principal(ctx, tx.tenant, selectAnyPrincipal, tx.tenant, id)
		if err != nil {
			return err
		}
		tx.changed(directory.ChangedServicePrincipal, id, string(p.AppID))
	default:
		tx.changed(directory.ChangedUser, id, "")
	}
	for _, query := range []string{
		purgeHeldRoles, purgeGivenRoles, purgeClientGrants, purgeResourceGrants, purgeUserGrants, purgeRolesOf,
		deleteIdentities, remove, removeDeleted,
	} {
		if _, err := tx.exec(ctx, query, tx.tenant, id); err != nil {
			return err
		}
	}
	return tx.removeParts(ctx, id)
}

// purgeApplicationParts gives the App ID URIs free and purges the home service
// principal that was deleted with the application.
func (tx *txn) purgeApplicationParts(ctx context.Context, id directory.ID) error {
	a, err := tx.application(ctx, selectAnyApplication, tx.tenant, id)
	if err != nil {
		return err
	}
	tx.changed(directory.ChangedApplication, id, string(a.AppID))
	if _, err := tx.exec(ctx, deleteURIs, tx.tenant, id); err != nil {
		return err
	}
	went, err := tx.ids(ctx, selectDeletedWith, tx.tenant, id)
	if err != nil {
		return err
	}
	for _, principal := range went {
		if err := tx.purge(ctx, principal); err != nil {
			return err
		}
	}
	return nil
}

// PurgeExpired implements directory.DeletedStore. Each object is an act of its
// own, made by the platform; what went with another counts with it.
func (db *DB) PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error) {
	type victim struct {
		tenant directory.TenantID
		id     directory.ID
		kind   directory.Kind
	}
	var victims []victim
	err := db.read().each(ctx, selectExpired, []any{micros(before), limit}, func(r *sql.Rows) error {
		var v victim
		err := r.Scan(&v.tenant, &v.id, &v.kind)
		victims = append(victims, v)
		return err
	})
	if err != nil {
		return 0, db.fail("list expired objects", err)
	}
	purged := 0
	for _, v := range victims {
		ev := directory.Platform(v.tenant).Event(db.now(), "Hard delete "+string(v.kind), v.kind, v.id, "")
		err := db.Purge(ctx, v.tenant, v.id, ev)
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return purged, err
		}
		purged++
	}
	return purged, nil
}
