package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// fail turns an error of a driver into one of the contract: what the domain
// said stays, a taken unique value is a Conflict, no row is ErrNotFound, and
// anything else is a failure of the storage.
func (db *DB) fail(act string, err error) error {
	if err == nil {
		return nil
	}
	if domainError(err) {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return directory.ErrNotFound
	}
	if taken, ok := duplicate(err); ok {
		return conflictOf(taken)
	}
	return unavailable(act, explain(db.place, err))
}

func unavailable(act string, err error) error {
	return fmt.Errorf("sqlstore: %s: %w: %w", act, directory.ErrUnavailable, err)
}

// refusal marks an error that a change function returned: it goes back as it
// is, whatever it may look like.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }

func domainError(err error) bool {
	if errors.Is(err, directory.ErrNotFound) || errors.Is(err, directory.ErrNoTenant) || errors.Is(err, directory.ErrUnavailable) {
		return true
	}
	if _, ok := errors.AsType[*directory.RuleError](err); ok {
		return true
	}
	_, ok := errors.AsType[*directory.UnsupportedQuery](err)
	return ok
}

// explain says in front of the driver's words what an operator can do.
func explain(place string, err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return fmt.Errorf("the database %s is locked by another program; stop that program or wait for it: %w", place, err)
		case sqlite3.SQLITE_CORRUPT:
			return fmt.Errorf("the database %s is damaged; restore it from a backup: %w", place, err)
		case sqlite3.SQLITE_NOTADB:
			return fmt.Errorf("%s is not a SQLite database; name another file or move this one away: %w", place, err)
		case sqlite3.SQLITE_FULL:
			return fmt.Errorf("the disk that holds %s is full; make room on it: %w", place, err)
		case sqlite3.SQLITE_CANTOPEN:
			return fmt.Errorf("the database %s cannot be opened; check that its directory exists and is writable: %w", place, err)
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
			return fmt.Errorf("the database %s cannot be written; check its owner and mode: %w", place, err)
		case sqlite3.SQLITE_IOERR:
			return fmt.Errorf("reading or writing %s failed; check the disk: %w", place, err)
		}
	}
	if e, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return fmt.Errorf("PostgreSQL at %s cannot be reached; check that it runs and that the address, user and password in the database URL are right: %w", place, e)
	}
	return err
}

// duplicate reports a violated unique constraint: its name on PostgreSQL, its
// columns on SQLite.
func duplicate(err error) (string, bool) {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23505" {
		return e.ConstraintName, true
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		if e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
			return e.Error(), true
		}
	}
	return "", false
}

// uniques says which property a unique index is about.
var uniques = []struct{ constraint, column, property string }{
	{"applications_app_id", "applications.app_id", "appId"},
	{"applications_unique_name", "applications.unique_name_fold", "uniqueName"},
	{"application_uris_pkey", "application_uris.uri", "identifierUris"},
	{"service_principals_app_id", "service_principals.app_id", "appId"},
	{"users_upn", "users.upn_fold", "userPrincipalName"},
	{"domains_verified", "domains.name", "domains"},
	{"domains_pkey", "domains.tenant_id", "domains"},
	{"federated_credentials_name", "federated_credentials.name_fold", "name"},
	{"federated_credentials_subject", "federated_credentials.issuer", "subject"},
	{"app_role_assignments_once", "app_role_assignments.principal_id", "appRoleId"},
	{"role_assignments_once", "role_assignments.principal_id", "roleDefinitionId"},
	{"user_identities_pkey", "user_identities.issuer", "identities"},
	{"grants_once", "grants.client_id", "clientId"},
	{"token_lifetime_policies_default", "token_lifetime_policies.is_default", "isOrganizationDefault"},
	{"signing_keys_pkey", "signing_keys.kid", "kid"},
}

func conflictOf(taken string) error {
	for _, u := range uniques {
		if taken == u.constraint || strings.Contains(taken, u.column) {
			return conflict(u.property)
		}
	}
	return conflict("id")
}

func conflict(property string) error {
	message := "Another object with the same value for property " + property + " already exists."
	switch property {
	case "clientId":
		message = "Permission entry already exists."
	case "appRoleId":
		message = "Permission being assigned already exists on the object"
	case "roleDefinitionId":
		message = "The role is assigned to the principal already."
	}
	return &directory.RuleError{Kind: directory.Conflict, Property: property, Message: message}
}

// transient reports an error after which the whole transaction may be tried
// again: PostgreSQL rolled it back for the sake of another (40001, 40P01), or
// SQLite could not get its turn.
func transient(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "40001" || e.Code == "40P01"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	return false
}

// missingTable reports that a statement named a table that does not exist.
func missingTable(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "42P01"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == sqlite3.SQLITE_ERROR && strings.Contains(e.Error(), "no such table")
	}
	return false
}

// alreadyThere reports that a table was created by another session meanwhile:
// as a table, as its row type, or as an entry of the catalogue's index.
func alreadyThere(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "42P07" || e.Code == "42710" || e.Code == "23505")
}
