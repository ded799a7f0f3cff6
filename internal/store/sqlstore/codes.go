package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// redeemedKept is how long a redeemed code is remembered, so that a replay is
// still known while what it gave lives.
const redeemedKept = 24 * time.Hour

const (
	insertCode = `INSERT INTO codes (tenant_id, hash, issued_at, expires_at, redeemed_at, home_tenant_id, family_id, doc)
		VALUES ($1, $2, $3, $4, 0, '', '', $5)`
	selectCode = `SELECT issued_at, expires_at, redeemed_at, home_tenant_id, family_id, doc FROM codes WHERE tenant_id = $1 AND hash = $2`
	hasCode    = `SELECT 1 FROM codes WHERE tenant_id = $1 AND hash = $2`
	redeemCode = `UPDATE codes SET redeemed_at = $3, expires_at = $4, home_tenant_id = $5, family_id = $6
		WHERE tenant_id = $1 AND hash = $2 AND redeemed_at = 0`
	// The same and insertFamily in one: PostgreSQL works on each statement for as long
	// as on what it says.
	pgRedeemCode = `WITH won AS (` + redeemCode + ` RETURNING 1)
		INSERT INTO families (tenant_id, id, expires_at, expires_hour, rotated_at, generation, revoked_at, data)
		SELECT $7::bytea, $8::bytea, $9::bigint, $10::integer, $11::bigint, $12::integer, $13::bigint, $14::bytea FROM won`
	// A code that is redeemed meanwhile has got another expiry and stays.
	sweepCodes = `DELETE FROM codes WHERE expires_at < $1 AND (tenant_id, hash) IN
		(SELECT tenant_id, hash FROM codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`
)

// CreateCode implements authorization.Store.
func (db *DB) CreateCode(ctx context.Context, t directory.TenantID, hash []byte, c *authorization.Code) error {
	if t.IsZero() {
		return directory.ErrNoTenant
	}
	doc, err := document(c)
	if err != nil {
		return err
	}
	return db.run(ctx, "create code", func(s *session) error {
		_, err := s.exec(ctx, insertCode, t, hash, micros(c.IssuedAt), micros(c.ExpiresAt), doc)
		return err
	})
}

// Code implements authorization.Store. ExpiresAt of a redeemed code is when it is
// forgotten.
func (db *DB) Code(ctx context.Context, t directory.TenantID, hash []byte) (*authorization.Code, authorization.Redemption, error) {
	var of authorization.Redemption
	if t.IsZero() {
		return nil, of, directory.ErrNoTenant
	}
	var issued, expires, redeemed int64
	var home, doc string
	err := db.read().one(ctx, selectCode, []any{t, hash}, &issued, &expires, &redeemed, &home, &of.Family, &doc)
	if err != nil {
		return nil, authorization.Redemption{}, db.fail("read code", err)
	}
	c := &authorization.Code{}
	if err := json.Unmarshal([]byte(doc), c); err != nil {
		return nil, authorization.Redemption{}, unavailable("read code", err)
	}
	if err := of.HomeTenant.UnmarshalText([]byte(home)); err != nil {
		return nil, authorization.Redemption{}, unavailable("read code", err)
	}
	c.IssuedAt, c.ExpiresAt, of.At = fromMicros(issued), fromMicros(expires), fromMicros(redeemed)
	return c, of, nil
}

// RedeemCode implements authorization.Store. The code's row decides: whoever
// changes it from waiting to redeemed has won.
func (db *DB) RedeemCode(ctx context.Context, t directory.TenantID, hash []byte, at time.Time, f *authorization.Family) error {
	if t.IsZero() || f.HomeTenant.IsZero() {
		return directory.ErrNoTenant
	}
	family, err := familyValues(f)
	if err != nil {
		return err
	}
	key, values := []any{t, hash}, []any{micros(at), micros(at.Add(redeemedKept)), f.HomeTenant, f.ID}
	redeem := append(key[:2:2], values...)
	if db.kind == Postgres {
		return db.alone(ctx, "redeem code", func(s *session) error {
			n, err := s.exec(ctx, pgRedeemCode, append(redeem, family...)...)
			if err != nil || n > 0 {
				return err
			}
			return s.notMoved(ctx, hasCode, key, authorization.ErrRedeemed)
		})
	}
	return db.transact(ctx, "redeem code", func(s *session) error {
		n, err := s.exec(ctx, redeemCode, redeem...)
		if err != nil {
			return err
		}
		if n == 0 {
			return s.notMoved(ctx, hasCode, key, authorization.ErrRedeemed)
		}
		_, err = s.exec(ctx, insertFamily, family...)
		return err
	})
}

// SweepCodes implements authorization.Store.
func (db *DB) SweepCodes(ctx context.Context, before time.Time, limit int) (int, error) {
	return db.sweep(ctx, "sweep codes", sweepCodes, micros(before), limit)
}
