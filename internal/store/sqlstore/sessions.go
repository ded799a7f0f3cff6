package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	browser "github.com/sekisho-id/sekisho/internal/domain/session"
)

const sessionColumns = `id, user_id, created_at, auth_time, seen_at, expires_at, persistent, doc`

const (
	selectSession         = `SELECT ` + sessionColumns + ` FROM sessions WHERE tenant_id = $1 AND id = $2`
	selectSessionBySecret = `SELECT ` + sessionColumns + ` FROM sessions WHERE tenant_id = $1 AND secret = $2`
	insertSession         = `INSERT INTO sessions (tenant_id, secret, ` + sessionColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	renewSession = `UPDATE sessions SET secret = $4, auth_time = $5, seen_at = $6, expires_at = $7, persistent = $8, doc = $9
		WHERE tenant_id = $1 AND id = $2 AND secret = $3`
	touchSession  = `UPDATE sessions SET seen_at = $3, expires_at = $4 WHERE tenant_id = $1 AND id = $2`
	deleteSession = `DELETE FROM sessions WHERE tenant_id = $1 AND id = $2`
	// What expires is asked for again outside, where a row that another
	// transaction moves meanwhile is judged anew.
	sweepSessions = `DELETE FROM sessions WHERE expires_at < $1 AND (tenant_id, id) IN
		(SELECT tenant_id, id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) RETURNING tenant_id, id`

	lockSession = `UPDATE sessions SET seen_at = seen_at WHERE tenant_id = $1 AND id = $2`
	hasClient   = `SELECT 1 FROM session_clients WHERE tenant_id = $1 AND session_id = $2 AND client_tenant_id = $3 AND app_id = $4`
	joinSession = `INSERT INTO session_clients (tenant_id, session_id, client_tenant_id, app_id)
		SELECT tenant_id, id, CAST($3 AS TEXT), CAST($4 AS TEXT) FROM sessions WHERE tenant_id = $1 AND id = $2
		AND (SELECT count(*) FROM session_clients WHERE tenant_id = $1 AND session_id = $2) < $5
		ON CONFLICT (tenant_id, session_id, client_tenant_id, app_id) DO NOTHING`
	deleteClients = `DELETE FROM session_clients WHERE tenant_id = $1 AND session_id = $2 RETURNING client_tenant_id, app_id`
)

// sessionDoc is what no statement asks for.
type sessionDoc struct {
	Methods   []string `json:"methods,omitempty"`
	IPAddress string   `json:"ipAddress,omitempty"`
	UserAgent string   `json:"userAgent,omitempty"`
}

func documentOfSession(s *browser.Session) (string, error) {
	return document(sessionDoc{s.Methods, s.IPAddress, s.UserAgent})
}

// CreateSession implements session.Store.
func (db *DB) CreateSession(ctx context.Context, t directory.TenantID, s *browser.Session, secret []byte) error {
	if t.IsZero() {
		return directory.ErrNoTenant
	}
	doc, err := documentOfSession(s)
	if err != nil {
		return err
	}
	return db.run(ctx, "create session", func(on *session) error {
		_, err := on.exec(ctx, insertSession, t, secret, s.ID, s.User, micros(s.CreatedAt), micros(s.AuthTime),
			micros(s.SeenAt), micros(s.ExpiresAt), s.Persistent, doc)
		return err
	})
}

// SessionBySecret implements session.Store.
func (db *DB) SessionBySecret(ctx context.Context, t directory.TenantID, secret []byte) (*browser.Session, error) {
	return db.readSession(ctx, t, selectSessionBySecret, secret)
}

// Session implements session.Store.
func (db *DB) Session(ctx context.Context, t directory.TenantID, id directory.ID) (*browser.Session, error) {
	return db.readSession(ctx, t, selectSession, id)
}

func (db *DB) readSession(ctx context.Context, t directory.TenantID, query string, key any) (*browser.Session, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	s := &browser.Session{Tenant: t}
	var created, proved, seen, expires int64
	var doc string
	err := db.read().one(ctx, query, []any{t, key}, &s.ID, &s.User, &created, &proved, &seen, &expires, &s.Persistent, &doc)
	if err != nil {
		return nil, db.fail("read session", err)
	}
	s.CreatedAt, s.AuthTime, s.SeenAt, s.ExpiresAt = fromMicros(created), fromMicros(proved), fromMicros(seen), fromMicros(expires)
	var rest sessionDoc
	if err := json.Unmarshal([]byte(doc), &rest); err != nil {
		return nil, unavailable("read session", err)
	}
	s.Methods, s.IPAddress, s.UserAgent = rest.Methods, rest.IPAddress, rest.UserAgent
	return s, nil
}

// RenewSession implements session.Store.
func (db *DB) RenewSession(ctx context.Context, t directory.TenantID, s *browser.Session, old, secret []byte) error {
	doc, err := documentOfSession(s)
	if err != nil {
		return err
	}
	return db.oneRow(ctx, "renew session", t, renewSession, t, s.ID, old, secret, micros(s.AuthTime), micros(s.SeenAt),
		micros(s.ExpiresAt), s.Persistent, doc)
}

// TouchSession implements session.Store.
func (db *DB) TouchSession(ctx context.Context, t directory.TenantID, id directory.ID, seen, expires time.Time) error {
	return db.oneRow(ctx, "touch session", t, touchSession, t, id, micros(seen), micros(expires))
}

// oneRow runs a statement that changes one row of a tenant; ErrNotFound if it
// changed none.
func (db *DB) oneRow(ctx context.Context, act string, t directory.TenantID, query string, args ...any) error {
	if t.IsZero() {
		return directory.ErrNoTenant
	}
	return db.run(ctx, act, func(s *session) error {
		n, err := s.exec(ctx, query, args...)
		if err == nil && n == 0 {
			return directory.ErrNotFound
		}
		return err
	})
}

// EndSession implements session.Store. A client that joins at the same moment is
// either given or finds no session.
func (db *DB) EndSession(ctx context.Context, t directory.TenantID, id directory.ID) ([]browser.Client, error) {
	if t.IsZero() {
		return nil, directory.ErrNoTenant
	}
	var clients []browser.Client
	err := db.transact(ctx, "end session", func(s *session) error {
		clients = nil
		n, err := s.exec(ctx, deleteSession, t, id)
		if err != nil || n == 0 {
			return err
		}
		return s.each(ctx, deleteClients, []any{t, id}, func(r *sql.Rows) error {
			var c browser.Client
			err := r.Scan(&c.Tenant, &c.AppID)
			clients = append(clients, c)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return clients, nil
}

// JoinSession implements session.Store. Most clients joined before, which takes
// no write.
func (db *DB) JoinSession(ctx context.Context, t directory.TenantID, id directory.ID, c browser.Client) error {
	if t.IsZero() || c.Tenant.IsZero() {
		return directory.ErrNoTenant
	}
	joined, err := db.read().exists(ctx, hasClient, t, id, c.Tenant, c.AppID)
	if err != nil {
		return db.fail("join session", err)
	}
	if joined {
		return nil
	}
	return db.transact(ctx, "join session", func(s *session) error {
		// Those who join one session follow one another: the count stays true.
		n, err := s.exec(ctx, lockSession, t, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return directory.ErrNotFound
		}
		_, err = s.exec(ctx, joinSession, t, id, c.Tenant, c.AppID, browser.MaxClients)
		return err
	})
}

// SweepSessions implements session.Store.
func (db *DB) SweepSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	type name struct {
		tenant directory.TenantID
		id     directory.ID
	}
	var swept []name
	err := db.transact(ctx, "sweep sessions", func(s *session) error {
		swept = nil
		err := s.each(ctx, sweepSessions, []any{micros(before), limit}, func(r *sql.Rows) error {
			var n name
			err := r.Scan(&n.tenant, &n.id)
			swept = append(swept, n)
			return err
		})
		for _, n := range swept {
			if err != nil {
				return err
			}
			_, err = s.exec(ctx, deleteClients, n.tenant, n.id)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(swept), nil
}

// notMoved says why a statement that asks for a state changed nothing: the row is
// in another one, or is not there.
func (s *session) notMoved(ctx context.Context, exists string, args []any, otherwise error) error {
	there, err := s.exists(ctx, exists, args...)
	switch {
	case err != nil:
		return err
	case there:
		return &refusal{otherwise}
	default:
		return directory.ErrNotFound
	}
}
