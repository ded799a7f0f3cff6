package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const policyColumns = `id, is_default, created_at, doc`

const (
	selectPolicy        = `SELECT ` + policyColumns + ` FROM token_lifetime_policies WHERE tenant_id = $1 AND id = $2`
	selectDefaultPolicy = `SELECT ` + policyColumns + ` FROM token_lifetime_policies WHERE tenant_id = $1 AND is_default`
	selectOtherDefault  = `SELECT 1 FROM token_lifetime_policies WHERE tenant_id = $1 AND is_default AND id <> $2`
)

// policyDocument is the part of a policy that no statement asks for.
type policyDocument struct {
	DisplayName string   `json:"displayName"`
	Description *string  `json:"description,omitempty"`
	Definition  []string `json:"definition"`
	Lifetime    int64    `json:"accessTokenLifetime"` // nanoseconds
}

func scanPolicy(r *sql.Rows) (*directory.TokenLifetimePolicy, error) {
	p := &directory.TokenLifetimePolicy{}
	var created int64
	var doc string
	if err := r.Scan(&p.ID, &p.IsOrganizationDefault, &created, &doc); err != nil {
		return nil, err
	}
	var d policyDocument
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		return nil, err
	}
	p.CreatedAt = fromMicros(created)
	p.DisplayName, p.Description, p.Definition = d.DisplayName, d.Description, d.Definition
	p.AccessTokenLifetime = time.Duration(d.Lifetime)
	return p, nil
}

func policyDoc(p *directory.TokenLifetimePolicy) (string, error) {
	return document(policyDocument{p.DisplayName, p.Description, p.Definition, int64(p.AccessTokenLifetime)})
}

func (s *session) policy(ctx context.Context, query string, args ...any) (*directory.TokenLifetimePolicy, error) {
	var p *directory.TokenLifetimePolicy
	err := s.each(ctx, query, args, func(r *sql.Rows) error {
		var err error
		p, err = scanPolicy(r)
		return err
	})
	if err == nil && p == nil {
		return nil, directory.ErrNotFound
	}
	return p, err
}

// TokenLifetimePolicy implements directory.PolicyStore and directory.Lookup.
func (db *DB) TokenLifetimePolicy(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.TokenLifetimePolicy, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	p, err := db.read().policy(ctx, selectPolicy, t, id)
	return p, db.fail("read token lifetime policy", err)
}

// DefaultTokenLifetimePolicy implements directory.PolicyStore and directory.Lookup.
func (db *DB) DefaultTokenLifetimePolicy(ctx context.Context, t directory.TenantID) (*directory.TokenLifetimePolicy, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	p, err := db.read().policy(ctx, selectDefaultPolicy, t)
	return p, db.fail("read default token lifetime policy", err)
}

const (
	insertPolicy = `INSERT INTO token_lifetime_policies (tenant_id, id, display_name_fold, is_default, created_at, doc)
		VALUES ($1, $2, $3, $4, $5, $6)`
	updatePolicy = `UPDATE token_lifetime_policies SET display_name_fold = $3, is_default = $4, doc = $5
		WHERE tenant_id = $1 AND id = $2`
	deletePolicy = `DELETE FROM token_lifetime_policies WHERE tenant_id = $1 AND id = $2`
)

// CreateTokenLifetimePolicy implements directory.PolicyStore. A second default
// is a Conflict.
func (db *DB) CreateTokenLifetimePolicy(ctx context.Context, t directory.TenantID, p *directory.TokenLifetimePolicy, ev *audit.Event) error {
	return db.write(ctx, "create token lifetime policy", t, ev, func(tx *txn) error {
		if err := tx.useID(ctx, t, p.ID, "id"); err != nil {
			return err
		}
		if err := tx.checkDefault(ctx, p); err != nil {
			return err
		}
		doc, err := policyDoc(p)
		if err != nil {
			return err
		}
		tx.changed(directory.ChangedPolicy, p.ID, "")
		_, err = tx.exec(ctx, insertPolicy, t, p.ID, fold(p.DisplayName), p.IsOrganizationDefault, micros(p.CreatedAt), doc)
		return err
	})
}

func (tx *txn) checkDefault(ctx context.Context, p *directory.TokenLifetimePolicy) error {
	if !p.IsOrganizationDefault {
		return nil
	}
	taken, err := tx.exists(ctx, selectOtherDefault, tx.tenant, p.ID)
	if err == nil && taken {
		return conflict("isOrganizationDefault")
	}
	return err
}

// ChangeTokenLifetimePolicy implements directory.PolicyStore.
func (db *DB) ChangeTokenLifetimePolicy(ctx context.Context, t directory.TenantID, id directory.ID, change func(*directory.TokenLifetimePolicy) error, ev *audit.Event) error {
	return db.write(ctx, "change token lifetime policy", t, ev, func(tx *txn) error {
		p, err := tx.policy(ctx, selectPolicy, t, id)
		if err != nil {
			return err
		}
		created := p.CreatedAt
		was, err := take(p, nil)
		if err != nil {
			return err
		}
		if err := change(p); err != nil {
			return &refusal{err}
		}
		p.ID, p.CreatedAt = id, created
		is, err := take(p, nil)
		if err != nil {
			return err
		}
		if tx.properties = was.differing(is); len(tx.properties) == 0 {
			return nil
		}
		if err := tx.checkDefault(ctx, p); err != nil {
			return err
		}
		doc, err := policyDoc(p)
		if err != nil {
			return err
		}
		tx.changed(directory.ChangedPolicy, id, "")
		_, err = tx.exec(ctx, updatePolicy, t, id, fold(p.DisplayName), p.IsOrganizationDefault, doc)
		return err
	})
}

const (
	selectLinkedApplications = `SELECT id, app_id FROM applications WHERE tenant_id = $1 AND lifetime_policy_id = $2 ORDER BY id`
	selectLinkedPrincipals   = `SELECT id, app_id FROM service_principals WHERE tenant_id = $1 AND lifetime_policy_id = $2 ORDER BY id`
	unlinkApplications       = `UPDATE applications SET lifetime_policy_id = '' WHERE tenant_id = $1 AND lifetime_policy_id = $2`
	unlinkPrincipals         = `UPDATE service_principals SET lifetime_policy_id = '' WHERE tenant_id = $1 AND lifetime_policy_id = $2`
	policyExists             = `SELECT 1 FROM token_lifetime_policies WHERE tenant_id = $1 AND id = $2`
	selectAppliesTo          = `SELECT id, 'application' FROM applications WHERE tenant_id = $1 AND lifetime_policy_id = $2 AND deleted_at = 0
		UNION ALL
		SELECT id, 'servicePrincipal' FROM service_principals WHERE tenant_id = $1 AND lifetime_policy_id = $2 AND deleted_at = 0
		ORDER BY 2, 1`
)

// DeleteTokenLifetimePolicy implements directory.PolicyStore. What it was linked
// to goes back to the default.
func (db *DB) DeleteTokenLifetimePolicy(ctx context.Context, t directory.TenantID, id directory.ID, ev *audit.Event) error {
	return db.write(ctx, "delete token lifetime policy", t, ev, func(tx *txn) error {
		n, err := tx.exec(ctx, deletePolicy, t, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return directory.ErrNotFound
		}
		tx.changed(directory.ChangedPolicy, id, "")
		for _, link := range []struct {
			linked, unlink string
			kind           directory.ChangeKind
		}{
			{selectLinkedApplications, unlinkApplications, directory.ChangedApplication},
			{selectLinkedPrincipals, unlinkPrincipals, directory.ChangedServicePrincipal},
		} {
			err := tx.each(ctx, link.linked, []any{t, id}, func(r *sql.Rows) error {
				var object directory.ID
				var appID string
				err := r.Scan(&object, &appID)
				tx.changed(link.kind, object, appID)
				return err
			})
			if err != nil {
				return err
			}
			if _, err := tx.exec(ctx, link.unlink, t, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkPolicy refuses a link to a policy that the tenant does not have.
func (tx *txn) checkPolicy(ctx context.Context, id directory.ID) error {
	if id == "" {
		return nil
	}
	there, err := tx.exists(ctx, policyExists, tx.tenant, id)
	if err == nil && !there {
		return &directory.RuleError{
			Kind: directory.Missing, Property: "tokenLifetimePolicies",
			Message: "The token lifetime policy '" + string(id) + "' does not exist.",
		}
	}
	return err
}

// AppliesTo implements directory.PolicyStore. Deleted objects are left out.
func (db *DB) AppliesTo(ctx context.Context, t directory.TenantID, id directory.ID) ([]directory.Owner, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	list := []directory.Owner{}
	err := db.read().each(ctx, selectAppliesTo, []any{t, id}, func(r *sql.Rows) error {
		var o directory.Owner
		err := r.Scan(&o.ID, &o.Kind)
		list = append(list, o)
		return err
	})
	return list, db.fail("read what a policy applies to", err)
}
