package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// hooks are called with the changes of every committed transaction of this
// process.
type hooks struct {
	mu  sync.RWMutex
	all []func([]directory.Change)
}

func (h *hooks) call(changes []directory.Change) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, f := range h.all {
		f(changes)
	}
}

// OnCommit has f called after every commit of this process, before the act
// returns, with the numbered changes of one tenant in order. On SQLite the next
// act waits for it, so f must be quick and must not write.
func (db *DB) OnCommit(f func([]directory.Change)) {
	db.hooks.mu.Lock()
	defer db.hooks.mu.Unlock()
	db.hooks.all = append(db.hooks.all, f)
}

const (
	advanceCounter = `UPDATE change_counters SET seq = $2 WHERE tenant_id = $1`
	insertChange   = `INSERT INTO change_log (tenant_id, seq, kind, object_id, key, at) VALUES ($1, $2, $3, $4, $5, $6)`
	// pgNotifyNodes wakes the nodes that LISTEN; PostgreSQL sends it at commit.
	pgNotifyNodes = `SELECT pg_notify('sekisho_changes', $1)`
)

// log numbers the changes after seq and writes them.
func (tx *txn) log(ctx context.Context, seq int64) error {
	at := micros(tx.db.now())
	if _, err := tx.exec(ctx, advanceCounter, tx.tenant, seq+int64(len(tx.changes))); err != nil {
		return err
	}
	for i := range tx.changes {
		c := &tx.changes[i]
		c.Seq = seq + int64(i) + 1
		if _, err := tx.exec(ctx, insertChange, tx.tenant, c.Seq, c.Kind, c.ID, c.Key, at); err != nil {
			return err
		}
	}
	if tx.db.kind != Postgres {
		return nil
	}
	_, err := tx.exec(ctx, pgNotifyNodes, tx.tenant.String())
	return err
}

const insertEvent = `INSERT INTO directory_events (tenant_id, seq, at, activity, actor_kind, actor_id, actor_app_id,
	ip_address, target_kind, target_id, target_name, changes, request_id, correlation_id)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`

// event writes the audit event of the act. Its number is that of the act's last
// change, so events of a tenant are in the order of their commits.
func (tx *txn) event(ctx context.Context, ev *audit.Event) error {
	properties := ev.Changes
	if properties == nil {
		properties = tx.properties
	}
	changes, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, insertEvent, tx.tenant, tx.changes[len(tx.changes)-1].Seq, micros(ev.At), ev.Activity,
		ev.Actor.Kind, ev.Actor.ObjectID, ev.Actor.AppID, ev.Actor.IPAddress,
		ev.TargetKind, ev.TargetID, ev.TargetName, string(changes), ev.RequestID, ev.CorrelationID)
	return err
}

const selectEvents = `SELECT at, activity, actor_kind, actor_id, actor_app_id, ip_address, target_kind, target_id,
	target_name, changes, request_id, correlation_id
	FROM directory_events WHERE tenant_id = $1 ORDER BY seq DESC LIMIT $2`

// DirectoryEvents lists the newest audit events of a tenant, newest first.
func (db *DB) DirectoryEvents(ctx context.Context, t directory.TenantID, limit int) ([]audit.Event, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	var events []audit.Event
	err := db.read().each(ctx, selectEvents, []any{t, limit}, func(r *sql.Rows) error {
		var e audit.Event
		var at int64
		var changes string
		err := r.Scan(&at, &e.Activity, &e.Actor.Kind, &e.Actor.ObjectID, &e.Actor.AppID, &e.Actor.IPAddress,
			&e.TargetKind, &e.TargetID, &e.TargetName, &changes, &e.RequestID, &e.CorrelationID)
		if err != nil {
			return err
		}
		e.At = fromMicros(at)
		events = append(events, e)
		return json.Unmarshal([]byte(changes), &events[len(events)-1].Changes)
	})
	return events, db.fail("list directory events", err)
}

const selectPositions = `SELECT tenant_id, seq FROM change_counters WHERE seq > 0`

// Positions implements directory.ChangeFeed.
func (db *DB) Positions(ctx context.Context) (map[directory.TenantID]int64, error) {
	positions := map[directory.TenantID]int64{}
	err := db.read().each(ctx, selectPositions, nil, func(r *sql.Rows) error {
		var t directory.TenantID
		var seq int64
		if err := r.Scan(&t, &seq); err != nil {
			return err
		}
		positions[t] = seq
		return nil
	})
	if err != nil {
		return nil, db.fail("read change positions", err)
	}
	return positions, nil
}

const selectChanges = `SELECT seq, kind, object_id, key FROM change_log
	WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`

// ChangesAfter implements directory.ChangeFeed. What it returns has no gap
// inside: where entries in the middle were swept it ends before them.
func (db *DB) ChangesAfter(ctx context.Context, t directory.TenantID, seq int64, limit int) ([]directory.Change, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	var changes []directory.Change
	whole := true
	err := db.read().each(ctx, selectChanges, []any{t, seq, limit}, func(r *sql.Rows) error {
		c := directory.Change{Tenant: t}
		if err := r.Scan(&c.Seq, &c.Kind, &c.ID, &c.Key); err != nil {
			return err
		}
		if n := len(changes); n > 0 && changes[n-1].Seq+1 != c.Seq {
			whole = false
		}
		if whole {
			changes = append(changes, c)
		}
		return nil
	})
	if err != nil {
		return nil, db.fail("read changes", err)
	}
	return changes, nil
}

const sweepChanges = `DELETE FROM change_log WHERE (tenant_id, seq) IN
	(SELECT tenant_id, seq FROM change_log WHERE at < $1 ORDER BY at, tenant_id, seq LIMIT $2)`

// SweepChanges implements store.Logs.
func (db *DB) SweepChanges(ctx context.Context, before time.Time, limit int) (int, error) {
	return db.sweep(ctx, "sweep changes", sweepChanges, micros(before), limit)
}

const sweepEvents = `DELETE FROM directory_events WHERE (tenant_id, seq) IN
	(SELECT tenant_id, seq FROM directory_events WHERE at < $1 ORDER BY at, tenant_id, seq LIMIT $2)`

// SweepDirectoryEvents implements store.Logs.
func (db *DB) SweepDirectoryEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	return db.sweep(ctx, "sweep directory events", sweepEvents, micros(before), limit)
}

// sweep runs a statement that deletes at most limit rows of before.
func (db *DB) sweep(ctx context.Context, act, query string, before int64, limit int) (int, error) {
	var n int64
	err := db.run(ctx, act, func(s *session) error {
		var err error
		n, err = s.exec(ctx, query, before, limit)
		return err
	})
	return int(n), err
}
