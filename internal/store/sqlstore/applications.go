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

const applicationColumns = `tenant_id, id, app_id, lifetime_policy_id, created_at, deleted_at, doc`

const (
	selectApplication    = `SELECT ` + applicationColumns + ` FROM applications WHERE tenant_id = $1 AND id = $2 AND deleted_at = 0`
	selectByAppID        = `SELECT ` + applicationColumns + ` FROM applications WHERE app_id = $1 AND deleted_at = 0`
	selectByUniqueName   = `SELECT ` + applicationColumns + ` FROM applications WHERE tenant_id = $1 AND unique_name_fold = $2 AND deleted_at = 0`
	selectAnyApplication = `SELECT ` + applicationColumns + ` FROM applications WHERE tenant_id = $1 AND id = $2`
	selectAnyByAppID     = `SELECT ` + applicationColumns + ` FROM applications WHERE app_id = $1`
	selectByAppIDs       = `SELECT ` + applicationColumns + ` FROM applications WHERE app_id IN (
		$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
		$17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32,
		$33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48,
		$49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63, $64) AND deleted_at = 0`
)

func scanApplication(r *sql.Rows) (*directory.Application, error) {
	a := &directory.Application{}
	var created, deleted int64
	var doc string
	if err := r.Scan(&a.TenantID, &a.ID, &a.AppID, &a.LifetimePolicy, &created, &deleted, &doc); err != nil {
		return nil, err
	}
	a.CreatedAt, a.DeletedAt = fromMicros(created), fromMicros(deleted)
	return a, json.Unmarshal([]byte(doc), a)
}

// applications reads the applications of a query with their parts.
func (s *session) applications(ctx context.Context, query string, args ...any) ([]*directory.Application, error) {
	var apps []*directory.Application
	err := s.each(ctx, query, args, func(r *sql.Rows) error {
		a, err := scanApplication(r)
		apps = append(apps, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	return apps, s.fillApplications(ctx, apps)
}

// fillApplications reads the parts of applications, which may be of several
// tenants.
func (s *session) fillApplications(ctx context.Context, apps []*directory.Application) error {
	byTenant := map[directory.TenantID][]directory.ID{}
	for _, a := range apps {
		byTenant[a.TenantID] = append(byTenant[a.TenantID], a.ID)
	}
	for t, ids := range byTenant {
		got, err := s.readParts(ctx, t, ids)
		if err != nil {
			return err
		}
		for _, a := range apps {
			if a.TenantID == t {
				p := got[a.ID]
				a.Passwords, a.Keys, a.Federated, a.Owners = p.passwords, p.keys, p.federated, p.owners
			}
		}
	}
	return nil
}

func (s *session) application(ctx context.Context, query string, args ...any) (*directory.Application, error) {
	apps, err := s.applications(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	if len(apps) == 0 {
		return nil, directory.ErrNotFound
	}
	return apps[0], nil
}

func (db *DB) readApplication(ctx context.Context, query string, args ...any) (*directory.Application, error) {
	var a *directory.Application
	err := db.snapshot(ctx, "read application", func(s *session) error {
		var err error
		a, err = s.application(ctx, query, args...)
		return err
	})
	return a, err
}

// Application implements directory.ApplicationStore.
func (db *DB) Application(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.Application, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	return db.readApplication(ctx, selectApplication, t, id)
}

// ApplicationByAppID implements directory.ApplicationStore and directory.Lookup.
func (db *DB) ApplicationByAppID(ctx context.Context, appID directory.ID) (*directory.Application, error) {
	return db.readApplication(ctx, selectByAppID, appID)
}

// ApplicationByUniqueName implements directory.ApplicationStore.
func (db *DB) ApplicationByUniqueName(ctx context.Context, t directory.TenantID, name string) (*directory.Application, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	return db.readApplication(ctx, selectByUniqueName, t, fold(name))
}

func applicationParts(a *directory.Application) parts {
	return parts{a.Passwords, a.Keys, a.Federated, a.Owners}
}

func pictureApplication(a *directory.Application) (picture, error) {
	return take(a, map[string]any{
		propertyPasswords: a.Passwords, propertyKeys: a.Keys, propertyFederated: a.Federated, propertyOwners: a.Owners,
		"tokenLifetimePolicies": a.LifetimePolicy,
	})
}

// CreateApplication implements directory.ApplicationStore.
func (db *DB) CreateApplication(ctx context.Context, t directory.TenantID, app *directory.Application, ev *audit.Event) error {
	return db.write(ctx, "create application", t, ev, func(tx *txn) error {
		return tx.createApplication(ctx, app)
	})
}

const insertApplication = `INSERT INTO applications (tenant_id, id, app_id, display_name_fold, unique_name_fold,
	audience_fold, publisher_domain_fold, lifetime_policy_id, created_at, deleted_at, doc)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10)`

func (tx *txn) createApplication(ctx context.Context, a *directory.Application) error {
	if err := tx.useID(ctx, tx.tenant, a.ID, "id"); err != nil {
		return err
	}
	if err := tx.useID(ctx, directory.Installation, a.AppID, "appId"); err != nil {
		return err
	}
	doc, err := document(a)
	if err != nil {
		return err
	}
	if err := tx.checkPolicy(ctx, a.LifetimePolicy); err != nil {
		return err
	}
	_, err = tx.exec(ctx, insertApplication, tx.tenant, a.ID, a.AppID, fold(a.DisplayName), foldPtr(a.UniqueName),
		fold(a.SignInAudience), foldPtr(a.PublisherDomain), a.LifetimePolicy, micros(a.CreatedAt), doc)
	if err != nil {
		return err
	}
	if err := tx.writeURIs(ctx, a); err != nil {
		return err
	}
	if err := tx.writeValues(ctx, a.ID, valueApplicationTags, nil, a.Tags); err != nil {
		return err
	}
	tx.changed(directory.ChangedApplication, a.ID, string(a.AppID))
	p := applicationParts(a)
	return tx.writeParts(ctx, a.ID, p, p.present())
}

// ChangeApplication implements directory.ApplicationStore.
func (db *DB) ChangeApplication(ctx context.Context, t directory.TenantID, id directory.ID, change func(*directory.Application) error, ev *audit.Event) error {
	return db.write(ctx, "change application", t, ev, func(tx *txn) error {
		a, err := tx.application(ctx, selectApplication, t, id)
		if err != nil {
			return err
		}
		return tx.changeApplication(ctx, a, change)
	})
}

func (tx *txn) changeApplication(ctx context.Context, a *directory.Application, change func(*directory.Application) error) error {
	before := *a
	was, err := pictureApplication(a)
	if err != nil {
		return err
	}
	before.IdentifierURIs, before.Tags = slices.Clone(a.IdentifierURIs), slices.Clone(a.Tags)
	if err := change(a); err != nil {
		return &refusal{err}
	}
	a.TenantID, a.ID, a.AppID = before.TenantID, before.ID, before.AppID
	a.CreatedAt, a.DeletedAt = before.CreatedAt, before.DeletedAt
	is, err := pictureApplication(a)
	if err != nil {
		return err
	}
	tx.properties = was.differing(is)
	if len(tx.properties) == 0 {
		return nil
	}
	tx.changed(directory.ChangedApplication, a.ID, string(a.AppID))
	return tx.updateApplication(ctx, &before, a)
}

const (
	updateApplication = `UPDATE applications SET display_name_fold = $3, unique_name_fold = $4, audience_fold = $5,
		publisher_domain_fold = $6, lifetime_policy_id = $7, doc = $8 WHERE tenant_id = $1 AND id = $2`
	// renameMirrors follows a new name of the application wherever it is shown.
	renameMirrors = `UPDATE service_principals SET display_name_fold = $2 WHERE app_id = $1 AND NOT own_name`
)

func (tx *txn) updateApplication(ctx context.Context, before, a *directory.Application) error {
	doc, err := document(a)
	if err != nil {
		return err
	}
	if a.LifetimePolicy != before.LifetimePolicy {
		if err := tx.checkPolicy(ctx, a.LifetimePolicy); err != nil {
			return err
		}
	}
	_, err = tx.exec(ctx, updateApplication, tx.tenant, a.ID, fold(a.DisplayName), foldPtr(a.UniqueName),
		fold(a.SignInAudience), foldPtr(a.PublisherDomain), a.LifetimePolicy, doc)
	if err != nil {
		return err
	}
	if a.SignInAudience != before.SignInAudience || !slices.Equal(a.IdentifierURIs, before.IdentifierURIs) {
		if err := tx.writeURIs(ctx, a); err != nil {
			return err
		}
	}
	if a.DisplayName != before.DisplayName {
		if err := tx.lockNames(ctx); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, renameMirrors, a.AppID, fold(a.DisplayName)); err != nil {
			return err
		}
	}
	if err := tx.writeValues(ctx, a.ID, valueApplicationTags, before.Tags, a.Tags); err != nil {
		return err
	}
	return tx.writeParts(ctx, a.ID, applicationParts(a), tx.properties)
}

// DeleteApplication implements directory.ApplicationStore.
func (db *DB) DeleteApplication(ctx context.Context, t directory.TenantID, id directory.ID, at time.Time, ev *audit.Event) error {
	return db.write(ctx, "delete application", t, ev, func(tx *txn) error {
		a, err := tx.application(ctx, selectApplication, t, id)
		if err != nil {
			return err
		}
		if err := tx.markDeleted(ctx, deleteApplication, directory.KindApplication, id, "", at); err != nil {
			return err
		}
		tx.changed(directory.ChangedApplication, id, string(a.AppID))
		var home directory.ID
		err = tx.one(ctx, selectLivingPrincipal, []any{t, a.AppID}, &home)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.deletePrincipal(ctx, home, a.AppID, id, at)
	})
}

// EnsureBuiltin implements directory.ApplicationStore.
func (db *DB) EnsureBuiltin(ctx context.Context, app *directory.Application, ev *audit.Event) error {
	return db.write(ctx, "ensure builtin application", directory.Installation, ev, func(tx *txn) error {
		have, err := tx.applications(ctx, selectAnyByAppID, app.AppID)
		if err != nil {
			return err
		}
		if len(have) == 0 {
			return tx.createApplication(ctx, app)
		}
		if have[0].TenantID != directory.Installation || !have[0].DeletedAt.IsZero() {
			return conflict("appId")
		}
		return tx.changeApplication(ctx, have[0], func(a *directory.Application) error {
			*a = *app
			return nil
		})
	})
}
