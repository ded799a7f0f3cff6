package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const userColumns = `tenant_id, id, sessions_valid_from, password_changed_at, password_hash, created_at, deleted_at, doc`

const (
	selectUser      = `SELECT ` + userColumns + ` FROM users WHERE tenant_id = $1 AND id = $2 AND deleted_at = 0`
	selectAnyUser   = `SELECT ` + userColumns + ` FROM users WHERE tenant_id = $1 AND id = $2`
	selectUserByUPN = `SELECT ` + userColumns + ` FROM users WHERE tenant_id = $1 AND upn_fold = $2 AND deleted_at = 0`
)

func scanUser(r *sql.Rows) (*directory.User, error) {
	u := &directory.User{}
	var sessions, password, created, deleted int64
	var doc string
	err := r.Scan(&u.TenantID, &u.ID, &sessions, &password, &u.PasswordHash, &created, &deleted, &doc)
	if err != nil {
		return nil, err
	}
	u.SessionsValidFrom, u.PasswordChangedAt = fromMicros(sessions), fromMicros(password)
	u.CreatedAt, u.DeletedAt = fromMicros(created), fromMicros(deleted)
	return u, json.Unmarshal([]byte(doc), u)
}

func (s *session) user(ctx context.Context, query string, args ...any) (*directory.User, error) {
	var u *directory.User
	err := s.each(ctx, query, args, func(r *sql.Rows) error {
		var err error
		u, err = scanUser(r)
		return err
	})
	if err == nil && u == nil {
		return nil, directory.ErrNotFound
	}
	return u, err
}

// User implements directory.UserStore.
func (db *DB) User(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.User, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	u, err := db.read().user(ctx, selectUser, t, id)
	return u, db.fail("read user", err)
}

// UserByPrincipalName implements directory.UserStore. Letter case does not
// matter.
func (db *DB) UserByPrincipalName(ctx context.Context, t directory.TenantID, upn string) (*directory.User, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	u, err := db.read().user(ctx, selectUserByUPN, t, fold(upn))
	return u, db.fail("read user", err)
}

// CreateUser implements directory.UserStore.
func (db *DB) CreateUser(ctx context.Context, t directory.TenantID, u *directory.User, ev *audit.Event) error {
	return db.write(ctx, "create user", t, ev, func(tx *txn) error { return tx.createUser(ctx, u) })
}

const (
	insertUser = `INSERT INTO users (tenant_id, id, created_at, deleted_at, upn_fold, display_name_fold, mail_fold,
		mail_nickname_fold, user_type_fold, external_state_fold, employee_id_fold, given_name_fold, surname_fold,
		department_fold, job_title_fold, account_enabled, sessions_valid_from, password_changed_at, password_hash, doc)
		VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`
	updateUser = `UPDATE users SET upn_fold = $3, display_name_fold = $4, mail_fold = $5, mail_nickname_fold = $6,
		user_type_fold = $7, external_state_fold = $8, employee_id_fold = $9, given_name_fold = $10, surname_fold = $11,
		department_fold = $12, job_title_fold = $13, account_enabled = $14, sessions_valid_from = $15,
		password_changed_at = $16, password_hash = $17, doc = $18 WHERE tenant_id = $1 AND id = $2`
)

// userValues are the columns that both statements write, in their order.
func userValues(u *directory.User) ([]any, error) {
	doc, err := document(u)
	return []any{
		fold(u.UserPrincipalName), fold(u.DisplayName), foldPtr(u.Mail), foldPtr(u.MailNickname), foldPtr(u.UserType),
		foldPtr(u.ExternalUserState), foldPtr(u.EmployeeID), foldPtr(u.GivenName), foldPtr(u.Surname),
		foldPtr(u.Department), foldPtr(u.JobTitle), u.AccountEnabled, micros(u.SessionsValidFrom),
		micros(u.PasswordChangedAt), u.PasswordHash, doc,
	}, err
}

func (tx *txn) createUser(ctx context.Context, u *directory.User) error {
	if err := tx.useID(ctx, tx.tenant, u.ID, "id"); err != nil {
		return err
	}
	values, err := userValues(u)
	if err != nil {
		return err
	}
	args := append([]any{tx.tenant, u.ID, micros(u.CreatedAt)}, values...)
	tx.changed(directory.ChangedUser, u.ID, "")
	if _, err := tx.exec(ctx, insertUser, args...); err != nil {
		return err
	}
	return tx.writeIdentities(ctx, u.ID, nil, u.Identities)
}

func pictureUser(u *directory.User) (picture, error) {
	return take(u, map[string]any{
		"signInSessionsValidFromDateTime": micros(u.SessionsValidFrom),
		"passwordProfile":                 []any{micros(u.PasswordChangedAt), u.PasswordHash},
	})
}

// ChangeUser implements directory.UserStore.
func (db *DB) ChangeUser(ctx context.Context, t directory.TenantID, id directory.ID, change func(*directory.User) error, ev *audit.Event) error {
	return db.write(ctx, "change user", t, ev, func(tx *txn) error {
		u, err := tx.user(ctx, selectUser, t, id)
		if err != nil {
			return err
		}
		created, identities := u.CreatedAt, slices.Clone(u.Identities)
		was, err := pictureUser(u)
		if err != nil {
			return err
		}
		if err := change(u); err != nil {
			return &refusal{err}
		}
		u.TenantID, u.ID, u.CreatedAt, u.DeletedAt = t, id, created, time.Time{}
		is, err := pictureUser(u)
		if err != nil {
			return err
		}
		if tx.properties = was.differing(is); len(tx.properties) == 0 {
			return nil
		}
		values, err := userValues(u)
		if err != nil {
			return err
		}
		tx.changed(directory.ChangedUser, id, "")
		if _, err := tx.exec(ctx, updateUser, append([]any{t, id}, values...)...); err != nil {
			return err
		}
		return tx.writeIdentities(ctx, id, identities, u.Identities)
	})
}

// DeleteUser implements directory.UserStore. The user's assignments, roles and
// grants sleep with it; its identities are free.
func (db *DB) DeleteUser(ctx context.Context, t directory.TenantID, id directory.ID, at time.Time, ev *audit.Event) error {
	return db.write(ctx, "delete user", t, ev, func(tx *txn) error {
		if _, err := tx.user(ctx, selectUser, t, id); err != nil {
			return err
		}
		if err := tx.markDeleted(ctx, deleteUser, directory.KindUser, id, "", at); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, deleteIdentities, t, id); err != nil {
			return err
		}
		tx.changed(directory.ChangedUser, id, "")
		return tx.changedReferences(ctx, id)
	})
}
