package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

const (
	selectFailures = `SELECT count, locks, locked_until FROM sign_in_failures WHERE tenant_id = $1 AND user_id = $2 AND familiar = $3`
	// touchFailures makes or takes the counter's row, so that those who fail at
	// once count one after another.
	touchFailures = `INSERT INTO sign_in_failures (tenant_id, user_id, familiar, count, locks, locked_until, last_hash, touched_at)
		VALUES ($1, $2, $3, 0, 0, 0, NULL, $4)
		ON CONFLICT (tenant_id, user_id, familiar) DO UPDATE SET touched_at = excluded.touched_at
		RETURNING count, locks, locked_until, last_hash`
	updateFailures = `UPDATE sign_in_failures SET count = $4, locks = $5, locked_until = $6, last_hash = $7
		WHERE tenant_id = $1 AND user_id = $2 AND familiar = $3`
	deleteFailures = `DELETE FROM sign_in_failures WHERE tenant_id = $1 AND user_id = $2 AND familiar = $3`
	sweepFailures  = `DELETE FROM sign_in_failures WHERE touched_at < $1 AND (tenant_id, user_id, familiar) IN
		(SELECT tenant_id, user_id, familiar FROM sign_in_failures
			WHERE touched_at < $1 AND locked_until < $1 ORDER BY touched_at LIMIT $2)`
)

// Failures implements credential.LockoutStore. A lock that is over still shows
// its time.
func (db *DB) Failures(ctx context.Context, t directory.TenantID, user directory.ID, familiar bool) (credential.Failures, error) {
	var f credential.Failures
	if t.IsZero() {
		return f, directory.ErrNoTenant
	}
	var until int64
	err := db.read().one(ctx, selectFailures, []any{t, user, familiar}, &f.Count, &f.Locks, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return credential.Failures{}, nil
	}
	if err != nil {
		return credential.Failures{}, db.fail("read failures", err)
	}
	f.LockedUntil = fromMicros(until)
	return f, nil
}

// CountFailure implements credential.LockoutStore. lock is given the number of
// locks in a row with the one that it is asked about, from 1.
func (db *DB) CountFailure(ctx context.Context, t directory.TenantID, user directory.ID, familiar bool, hash []byte,
	now time.Time, limit int, lock func(locks int) time.Duration,
) (credential.Failures, error) {
	if t.IsZero() {
		return credential.Failures{}, directory.ErrNoTenant
	}
	var f credential.Failures
	err := db.transact(ctx, "count failure", func(s *session) error {
		f = credential.Failures{}
		var until int64
		var last []byte
		err := s.one(ctx, touchFailures, []any{t, user, familiar, micros(now)}, &f.Count, &f.Locks, &until, &last)
		if err != nil {
			return err
		}
		f.LockedUntil = fromMicros(until)
		if last != nil && bytes.Equal(last, hash) {
			return nil
		}
		if f.Count++; f.Count >= limit {
			f.Count = 0
			f.Locks++
			f.LockedUntil = now.Add(lock(f.Locks)).UTC().Truncate(time.Microsecond)
		}
		_, err = s.exec(ctx, updateFailures, t, user, familiar, f.Count, f.Locks, micros(f.LockedUntil), hash)
		return err
	})
	if err != nil {
		return credential.Failures{}, err
	}
	return f, nil
}

// ClearFailures implements credential.LockoutStore.
func (db *DB) ClearFailures(ctx context.Context, t directory.TenantID, user directory.ID, familiar bool) error {
	if t.IsZero() {
		return directory.ErrNoTenant
	}
	return db.run(ctx, "clear failures", func(s *session) error {
		_, err := s.exec(ctx, deleteFailures, t, user, familiar)
		return err
	})
}

// SweepFailures implements credential.LockoutStore. A counter whose lock lasts
// stays.
func (db *DB) SweepFailures(ctx context.Context, before time.Time, limit int) (int, error) {
	return db.sweep(ctx, "sweep failures", sweepFailures, micros(before), limit)
}
