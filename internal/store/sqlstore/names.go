package sqlstore

import (
	"context"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// A resource is asked for by name, and in each tenant a name means one resource
// or none. Names are App ID URIs of applications that have a service principal
// in the tenant, local names of service principals, and appIds. Whoever adds a
// name takes the lock of names first, since the other holder of a name may be
// in another tenant. CROSS JOIN fixes the order of tables for SQLite, from the
// name to its holder; PostgreSQL reads it as any other join.

const (
	deleteURIs = `DELETE FROM application_uris WHERE tenant_id = $1 AND application_id = $2`
	insertURI  = `INSERT INTO application_uris (tenant_id, uri, application_id, everywhere) VALUES ($1, $2, $3, $4)`
	// uriTaken finds another application that holds the URI within reach: in the
	// same tenant, or anywhere if one of the two is unique over the installation.
	uriTaken = `SELECT 1 FROM application_uris WHERE uri = $1 AND NOT (tenant_id = $2 AND application_id = $3)
		AND (tenant_id = $2 OR everywhere OR $4) LIMIT 1`
	// uriIsLocalName finds a service principal of another application that has
	// the URI as a local name in a tenant where this application is present.
	uriIsLocalName = `SELECT 1 FROM object_values v CROSS JOIN service_principals s CROSS JOIN service_principals own
		WHERE v.value = $1 AND v.property = 'servicePrincipal.names'
		AND s.tenant_id = v.tenant_id AND s.id = v.object_id AND s.deleted_at = 0 AND s.app_id <> $2
		AND own.tenant_id = v.tenant_id AND own.app_id = $2 AND own.deleted_at = 0 LIMIT 1`
)

// writeURIs replaces the App ID URIs of an application and checks that each is
// free.
func (tx *txn) writeURIs(ctx context.Context, a *directory.Application) error {
	if _, err := tx.exec(ctx, deleteURIs, tx.tenant, a.ID); err != nil {
		return err
	}
	if len(a.IdentifierURIs) == 0 {
		return nil
	}
	if err := tx.lockNames(ctx); err != nil {
		return err
	}
	everywhere := a.SignInAudience != directory.AudienceMyOrg
	for _, uri := range a.IdentifierURIs {
		taken, err := tx.exists(ctx, uriTaken, fold(uri), tx.tenant, a.ID, everywhere)
		if err == nil && !taken {
			taken, err = tx.exists(ctx, uriIsLocalName, fold(uri), a.AppID)
		}
		if err != nil {
			return err
		}
		if taken {
			return conflict("identifierUris")
		}
		if _, err := tx.exec(ctx, insertURI, tx.tenant, fold(uri), a.ID, everywhere); err != nil {
			return err
		}
	}
	return nil
}

// IdentifierURITaken implements directory.ApplicationStore. A URI that is held
// by an application of several organisations is taken everywhere.
func (db *DB) IdentifierURITaken(ctx context.Context, t directory.TenantID, uri string, everywhere bool, except directory.ID) (bool, error) {
	if t.IsZero() {
		return false, directory.ErrNoTenant
	}
	taken, err := db.read().exists(ctx, uriTaken, fold(uri), t, except, everywhere)
	return taken, db.fail("look for identifier URI", err)
}

const (
	// localNameTaken finds another living service principal of the tenant that
	// has the name: as a local name, as its appId, or through its application.
	localNameTaken = `SELECT 1 FROM object_values v CROSS JOIN service_principals s
		WHERE v.tenant_id = $1 AND v.property = 'servicePrincipal.names' AND v.value = $2 AND v.object_id <> $3
		AND s.tenant_id = v.tenant_id AND s.id = v.object_id AND s.deleted_at = 0 LIMIT 1`
	localNameIsAppID = `SELECT 1 FROM service_principals WHERE tenant_id = $1 AND app_id = $2 AND id <> $3 AND deleted_at = 0`
	localNameIsURI   = `SELECT 1 FROM application_uris u CROSS JOIN applications a CROSS JOIN service_principals s
		WHERE u.uri = $2 AND a.tenant_id = u.tenant_id AND a.id = u.application_id
		AND s.tenant_id = $1 AND s.app_id = a.app_id AND s.id <> $3 AND s.deleted_at = 0 LIMIT 1`
	// mirroredNameTaken finds a service principal of the tenant with a local name
	// that is an App ID URI of the application.
	mirroredNameTaken = `SELECT 1 FROM applications a CROSS JOIN application_uris u CROSS JOIN object_values v
		CROSS JOIN service_principals s
		WHERE a.app_id = $2 AND u.tenant_id = a.tenant_id AND u.application_id = a.id
		AND v.tenant_id = $1 AND v.property = 'servicePrincipal.names' AND v.value = u.uri
		AND s.tenant_id = v.tenant_id AND s.id = v.object_id AND s.id <> $3 AND s.deleted_at = 0 LIMIT 1`
)

// checkLocalNames refuses names that mean another resource of the tenant.
func (tx *txn) checkLocalNames(ctx context.Context, id directory.ID, names []string) error {
	for _, name := range names {
		for _, query := range []string{localNameTaken, localNameIsAppID, localNameIsURI} {
			taken, err := tx.exists(ctx, query, tx.tenant, fold(name), id)
			if err != nil {
				return err
			}
			if taken {
				return conflict("servicePrincipalNames")
			}
		}
	}
	return nil
}

// checkPresence refuses a service principal, new or restored, whose application
// brings a name that another one has in the tenant.
func (tx *txn) checkPresence(ctx context.Context, p *directory.ServicePrincipal) error {
	taken, err := tx.exists(ctx, selectOtherPrincipal, tx.tenant, p.AppID, p.ID)
	if err != nil {
		return err
	}
	if taken {
		return &directory.RuleError{
			Kind: directory.Conflict, Property: "appId",
			Message: "The service principal cannot be created, updated, or restored because the service principal name " +
				string(p.AppID) + " is already in use.",
		}
	}
	taken, err = tx.exists(ctx, mirroredNameTaken, tx.tenant, p.AppID, p.ID)
	if err != nil {
		return err
	}
	if taken {
		return conflict("servicePrincipalNames")
	}
	return tx.checkLocalNames(ctx, p.ID, p.Names)
}
