package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

const (
	selectMark = `SELECT value FROM installation_marks WHERE name = $1`
	setMark    = `INSERT INTO installation_marks (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`
)

// Mark implements store.Installation.
func (db *DB) Mark(ctx context.Context, name string) (string, error) {
	var value string
	err := db.read().one(ctx, selectMark, []any{name}, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, db.fail("read mark", err)
}

// SetMark implements store.Installation.
func (db *DB) SetMark(ctx context.Context, name, value string) error {
	return db.run(ctx, "set mark", func(s *session) error {
		_, err := s.exec(ctx, setMark, name, value)
		return err
	})
}

const (
	takeLease = `INSERT INTO leases (name, holder, until_at) VALUES ($1, $2, $4)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at
		WHERE leases.holder = excluded.holder OR leases.until_at <= $3 RETURNING 1`
	releaseLease = `DELETE FROM leases WHERE name = $1 AND holder = $2`
)

// TakeLease implements store.Leases. It is one statement, so that of two who
// come at once one has the lease.
func (db *DB) TakeLease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	var taken bool
	err := db.run(ctx, "take lease", func(s *session) error {
		var err error
		taken, err = s.exists(ctx, takeLease, name, holder, micros(now), micros(until))
		return err
	})
	return taken, err
}

// ReleaseLease implements store.Leases. Someone else's lease stays.
func (db *DB) ReleaseLease(ctx context.Context, name, holder string) error {
	return db.run(ctx, "release lease", func(s *session) error {
		_, err := s.exec(ctx, releaseLease, name, holder)
		return err
	})
}

const (
	insertAssertion = `INSERT INTO assertions (tenant_id, client_id, jti, expires_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant_id, client_id, jti) DO NOTHING`
	sweepAssertions = `DELETE FROM assertions WHERE (tenant_id, client_id, jti) IN
		(SELECT tenant_id, client_id, jti FROM assertions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`
)

// UseAssertion implements store.Assertions.
func (db *DB) UseAssertion(ctx context.Context, t directory.TenantID, client directory.ID, jti [32]byte, expires time.Time) (bool, error) {
	if t.IsZero() {
		return false, directory.ErrNoTenant
	}
	var fresh bool
	err := db.run(ctx, "use assertion", func(s *session) error {
		n, err := s.exec(ctx, insertAssertion, t, client, jti[:], micros(expires))
		fresh = n == 1
		return err
	})
	return fresh, err
}

// SweepAssertions implements store.Assertions.
func (db *DB) SweepAssertions(ctx context.Context, before time.Time, limit int) (int, error) {
	return db.sweep(ctx, "sweep assertions", sweepAssertions, micros(before), limit)
}

const (
	selectDataKey = `SELECT wrapped FROM data_keys WHERE owner_id = $1`
	insertDataKey = `INSERT INTO data_keys (owner_id, wrapped) VALUES ($1, $2) ON CONFLICT (owner_id) DO NOTHING`
)

// DataKey implements envelope.Store.
func (db *DB) DataKey(ctx context.Context, owner string) ([]byte, error) {
	var wrapped []byte
	err := db.read().one(ctx, selectDataKey, []any{owner}, &wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, envelope.ErrNoDataKey
	}
	return wrapped, db.fail("read data key", err)
}

// CreateDataKey implements envelope.Store.
func (db *DB) CreateDataKey(ctx context.Context, owner string, wrapped []byte) ([]byte, error) {
	err := db.run(ctx, "create data key", func(s *session) error {
		_, err := s.exec(ctx, insertDataKey, owner, wrapped)
		return err
	})
	if err != nil {
		return nil, err
	}
	return db.DataKey(ctx, owner)
}

const (
	selectSigningKeys = `SELECT kid, ring, algorithm, cert, sealed_key, created_at, publish_at, activate_at, retire_at,
		expire_at, revoked_at FROM signing_keys ORDER BY created_at, kid`
	insertSigningKey = `INSERT INTO signing_keys (kid, ring, algorithm, cert, sealed_key, created_at, publish_at,
		activate_at, retire_at, expire_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	updateSigningKey = `UPDATE signing_keys SET publish_at = $2, activate_at = $3, retire_at = $4, expire_at = $5,
		revoked_at = $6 WHERE kid = $1`
	deleteSigningKey = `DELETE FROM signing_keys WHERE kid = $1`
)

// SigningKeys implements signingkey.Store.
func (db *DB) SigningKeys(ctx context.Context) ([]signingkey.Stored, error) {
	var keys []signingkey.Stored
	err := db.read().each(ctx, selectSigningKeys, nil, func(r *sql.Rows) error {
		var k signingkey.Stored
		var created, publish, activate, retire, expire, revoked int64
		err := r.Scan(&k.KID, &k.Ring, &k.Algorithm, &k.Cert, &k.SealedKey, &created, &publish, &activate, &retire, &expire, &revoked)
		k.CreatedAt, k.PublishAt, k.ActivateAt = fromMicros(created), fromMicros(publish), fromMicros(activate)
		k.RetireAt, k.ExpireAt, k.RevokedAt = fromMicros(retire), fromMicros(expire), fromMicros(revoked)
		keys = append(keys, k)
		return err
	})
	return keys, db.fail("read signing keys", err)
}

// AddSigningKey implements signingkey.Store.
func (db *DB) AddSigningKey(ctx context.Context, k signingkey.Stored, ev *audit.Event) error {
	return db.writeKey(ctx, "add signing key", k.KID, ev, insertSigningKey, k.KID, k.Ring, k.Algorithm, k.Cert, k.SealedKey,
		micros(k.CreatedAt), micros(k.PublishAt), micros(k.ActivateAt), micros(k.RetireAt), micros(k.ExpireAt), micros(k.RevokedAt))
}

// SetSigningKeyTimes implements signingkey.Store. An unknown key is ErrNotFound.
func (db *DB) SetSigningKeyTimes(ctx context.Context, k signingkey.Stored, ev *audit.Event) error {
	return db.writeKey(ctx, "set signing key times", k.KID, ev, updateSigningKey, k.KID,
		micros(k.PublishAt), micros(k.ActivateAt), micros(k.RetireAt), micros(k.ExpireAt), micros(k.RevokedAt))
}

// DeleteSigningKey implements signingkey.Store. An unknown key is ErrNotFound.
func (db *DB) DeleteSigningKey(ctx context.Context, kid string, ev *audit.Event) error {
	return db.writeKey(ctx, "delete signing key", kid, ev, deleteSigningKey, kid)
}

func (db *DB) writeKey(ctx context.Context, act, kid string, ev *audit.Event, query string, args ...any) error {
	return db.write(ctx, act, directory.Installation, ev, func(tx *txn) error {
		n, err := tx.exec(ctx, query, args...)
		if err != nil {
			return err
		}
		if n == 0 {
			return directory.ErrNotFound
		}
		tx.changed(directory.ChangedSigningKeys, directory.ID(kid), "")
		return nil
	})
}
