package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const (
	insertFamily = `INSERT INTO families (tenant_id, id, expires_at, expires_hour, rotated_at, generation, revoked_at, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	selectFamily = `SELECT expires_at, rotated_at, generation, revoked_at, data FROM families WHERE tenant_id = $1 AND id = $2`
	hasFamily    = `SELECT 1 FROM families WHERE tenant_id = $1 AND id = $2`
	rotateFamily = `UPDATE families SET generation = generation + 1, rotated_at = $4, expires_at = $5, expires_hour = $6
		WHERE tenant_id = $1 AND id = $2 AND generation = $3 AND revoked_at IS NULL`
	extendFamily = `UPDATE families SET rotated_at = $3, expires_at = $4, expires_hour = $5
		WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL`
	revokeFamily = `UPDATE families SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL`
	// One that is renewed meanwhile has moved to another hour and stays.
	sweepFamilies = `DELETE FROM families WHERE expires_hour < $1 AND (tenant_id, id) IN
		(SELECT tenant_id, id FROM families WHERE expires_hour < $1 ORDER BY expires_hour LIMIT $2)`
)

// familyKey is the key of a family's row. No family has an id that is no GUID,
// and none is found by one.
func familyKey(home directory.TenantID, id directory.ID) []any {
	tenant, family := home.Bytes(), id.Bytes()
	return []any{tenant[:], family[:]}
}

// familyValues are the arguments of insertFamily.
func familyValues(f *authorization.Family) ([]any, error) {
	if id, err := directory.ParseID(string(f.ID)); err != nil || id != f.ID || id == directory.ZeroID {
		return nil, fmt.Errorf("sqlstore: a family cannot have the id %q", f.ID)
	}
	data, err := encodeFamily(f)
	if err != nil {
		return nil, err
	}
	revoked := sql.NullInt64{Int64: micros(f.RevokedAt), Valid: !f.RevokedAt.IsZero()}
	return append(familyKey(f.HomeTenant, f.ID), micros(f.ExpiresAt), hour(f.ExpiresAt), micros(f.RotatedAt), f.Generation, revoked, data), nil
}

// Family implements authorization.Store.
func (db *DB) Family(ctx context.Context, home directory.TenantID, id directory.ID) (*authorization.Family, error) {
	if home.IsZero() {
		return nil, directory.ErrNoTenant
	}
	f := &authorization.Family{ID: id}
	f.HomeTenant = home
	var expires, rotated int64
	var revoked sql.NullInt64
	var data []byte
	err := db.read().one(ctx, selectFamily, familyKey(home, id), &expires, &rotated, &f.Generation, &revoked, &data)
	if err != nil {
		return nil, db.fail("read family", err)
	}
	f.ExpiresAt, f.RotatedAt, f.RevokedAt = fromMicros(expires), fromMicros(rotated), fromMicros(revoked.Int64)
	if err := decodeFamily(f, data); err != nil {
		return nil, unavailable("read family", err)
	}
	return f, nil
}

// moveFamily runs a statement that changes a family in a certain state.
func (db *DB) moveFamily(ctx context.Context, act string, home directory.TenantID, id directory.ID, query string, args ...any) error {
	if home.IsZero() {
		return directory.ErrNoTenant
	}
	key := familyKey(home, id)
	return db.run(ctx, act, func(s *session) error {
		n, err := s.exec(ctx, query, append(key[:2:2], args...)...)
		if err != nil || n > 0 {
			return err
		}
		return s.notMoved(ctx, hasFamily, key, authorization.ErrStale)
	})
}

// RotateFamily implements authorization.Store.
func (db *DB) RotateFamily(ctx context.Context, home directory.TenantID, id directory.ID, from int64, at, expires time.Time) error {
	return db.moveFamily(ctx, "rotate family", home, id, rotateFamily, from, micros(at), micros(expires), hour(expires))
}

// ExtendFamily implements authorization.Store. RotatedAt becomes the time, for a
// refresh token was issued then.
func (db *DB) ExtendFamily(ctx context.Context, home directory.TenantID, id directory.ID, at, expires time.Time) error {
	return db.moveFamily(ctx, "extend family", home, id, extendFamily, micros(at), micros(expires), hour(expires))
}

// RevokeFamily implements authorization.Store. The first revocation's time stays.
func (db *DB) RevokeFamily(ctx context.Context, home directory.TenantID, id directory.ID, at time.Time) error {
	err := db.moveFamily(ctx, "revoke family", home, id, revokeFamily, micros(at))
	if errors.Is(err, authorization.ErrStale) {
		return nil
	}
	return err
}

// SweepFamilies implements authorization.Store. It goes by whole hours: a family
// stays for up to an hour longer than it was good.
func (db *DB) SweepFamilies(ctx context.Context, before time.Time, limit int) (int, error) {
	return db.sweep(ctx, "sweep families", sweepFamilies, hour(before), limit)
}
