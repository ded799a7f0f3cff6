package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
)

// recorder owns the connection over which sign-in records are written. It goes
// past database/sql to the driver: on SQLite one INSERT of many rows without
// BEGIN, which is a durable transaction by itself; on PostgreSQL one prepared
// INSERT from arrays.
type recorder struct {
	mu     sync.Mutex
	conn   *sql.Conn
	insert map[int]driver.Stmt // SQLite: by number of rows
	low    uint32              // tells apart records of one microsecond
	seeded bool
	rows   []signInRow
	blobs  []byte
	values []driver.NamedValue
}

// signInRow is a row as it is written; the slices lie in the batch and in the
// recorder's buffer.
type signInRow struct {
	id      int64
	tenant  []byte
	request []byte
	data    []byte
}

const (
	cachedRows = 64   // sizes up to it keep their prepared statement
	maxRows    = 4096 // of one statement: four variables each, of SQLite's 32766
)

// AppendSignIns implements audit.SignIns.
func (db *DB) AppendSignIns(ctx context.Context, batch []*audit.SignIn) error {
	return db.append(ctx, batch, nil)
}

// append writes a batch, with what j brings in the same transaction. When the
// outcome of a write is unknown it asks the database before it writes again, so no
// record is doubled.
func (db *DB) append(ctx context.Context, batch []*audit.SignIn, j *joint) error {
	for len(batch) > maxRows {
		if err := db.AppendSignIns(ctx, batch[maxRows:]); err != nil {
			return err
		}
		batch = batch[:maxRows]
	}
	if len(batch) == 0 {
		return nil
	}
	if err := db.fault(ctx, OpAppend); err != nil {
		return unavailable("append sign-ins", err)
	}
	r := &db.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	r.encode(db, batch)
	for try := 1; ; try++ {
		err := r.send(ctx, db, j)
		if _, broken := errors.AsType[*brokenBy](err); err == nil || broken {
			return err
		}
		_, taken := duplicate(err)
		lost := errors.Is(err, driver.ErrBadConn)
		if try == 3 || ctx.Err() != nil || !taken && !lost && !transient(err) {
			return unavailable("append sign-ins", explain(db.place, err))
		}
		db.retries.Add(1)
		if taken || lost {
			there, asked := db.read().exists(ctx, selectSignInID, r.rows[0].id, r.rows[0].request)
			if asked != nil {
				return unavailable("append sign-ins", errors.Join(err, asked))
			}
			if there {
				return nil
			}
		}
		if taken {
			// Another node drew the same id in the same microsecond.
			r.number(db, batch)
		}
	}
}

// encode makes the rows of a batch in the recorder's buffers.
func (r *recorder) encode(db *DB, batch []*audit.SignIn) {
	r.rows, r.blobs = r.rows[:0], r.blobs[:0]
	for _, s := range batch {
		r.blobs = appendSignIn(r.blobs, s)
		r.rows = append(r.rows, signInRow{tenant: s.Tenant[:], request: s.RequestID[:], data: nil})
		r.rows[len(r.rows)-1].id = int64(len(r.blobs))
	}
	// The buffer stands still only now.
	start := int64(0)
	for i := range r.rows {
		end := r.rows[i].id
		r.rows[i].data = r.blobs[start:end:end]
		start = end
	}
	r.number(db, batch)
}

func (r *recorder) number(db *DB, batch []*audit.SignIn) {
	if !r.seeded {
		// Nodes that start counting at different places rarely draw the same id.
		r.low, r.seeded = uint32(db.now().UnixNano()), true
	}
	for i, s := range batch {
		r.low++
		r.rows[i].id = signInID(s.At, r.low)
	}
}

func (r *recorder) send(ctx context.Context, db *DB, j *joint) error {
	if db.kind == SQLite {
		db.writing.Lock()
		defer db.writing.Unlock()
	}
	if r.conn == nil {
		conn, err := db.signIns.Conn(ctx)
		if err != nil {
			return err
		}
		r.conn = conn
	}
	var err error
	if j != nil {
		err = r.sendJoint(ctx, db, j)
	} else {
		db.statements.Add(1)
		err = r.conn.Raw(func(c any) error {
			if db.kind == SQLite {
				return r.sendSQLite(ctx, c)
			}
			return r.sendPostgres(ctx, c)
		})
	}
	if errors.Is(err, driver.ErrBadConn) {
		r.drop()
	}
	return err
}

// drop closes the connection, and not only gives it back to its pool.
func (r *recorder) drop() {
	if r.conn == nil {
		return
	}
	for _, stmt := range r.insert {
		_ = stmt.Close()
	}
	r.insert = nil
	_ = r.conn.Raw(func(any) error { return driver.ErrBadConn })
	r.conn = nil
}

func (r *recorder) sendSQLite(ctx context.Context, c any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// From here on the statement runs to its end: interrupted, nobody would know
	// whether the records are there.
	ctx = context.WithoutCancel(ctx)
	n := len(r.rows)
	stmt := r.insert[n]
	if stmt == nil {
		var err error
		if stmt, err = c.(driver.ConnPrepareContext).PrepareContext(ctx, insertSignIns(n)); err != nil {
			return err
		}
		if n <= cachedRows {
			if r.insert == nil {
				r.insert = map[int]driver.Stmt{}
			}
			r.insert[n] = stmt
		} else {
			defer func() { _ = stmt.Close() }()
		}
	}
	r.values = r.values[:0]
	for i := range r.rows {
		row := &r.rows[i]
		for _, v := range [...]driver.Value{row.id, row.tenant, row.request, row.data} {
			r.values = append(r.values, driver.NamedValue{Ordinal: len(r.values) + 1, Value: v})
		}
	}
	_, err := stmt.(driver.StmtExecContext).ExecContext(ctx, r.values)
	return err
}

// insertSignIns is the INSERT of n rows.
func insertSignIns(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO sign_ins (id, tenant_id, request_id, data) VALUES ")
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("(?" + strconv.Itoa(4*i+1) + ",?" + strconv.Itoa(4*i+2) + ",?" + strconv.Itoa(4*i+3) + ",?" + strconv.Itoa(4*i+4) + ")")
	}
	return b.String()
}

const pgInsertSignIns = `INSERT INTO sign_ins (id, tenant_id, request_id, data)
	SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[])`

func (r *recorder) sendPostgres(ctx context.Context, c any) error {
	conn := c.(*stdlib.Conn).Conn()
	n := len(r.rows)
	ids, tenants, requests, data := make([]int64, n), make([][]byte, n), make([][]byte, n), make([][]byte, n)
	for i := range r.rows {
		row := &r.rows[i]
		ids[i], tenants[i], requests[i], data[i] = row.id, row.tenant, row.request, row.data
	}
	_, err := conn.Exec(ctx, pgInsertSignIns, ids, tenants, requests, data) // pgx prepares it once
	if err != nil && conn.IsClosed() {
		return fmt.Errorf("%w: %w", driver.ErrBadConn, err)
	}
	return err
}

func (r *recorder) durability(ctx context.Context, db *DB) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil {
		conn, err := db.signIns.Conn(ctx)
		if err != nil {
			return "", err
		}
		r.conn = conn
	}
	query := "PRAGMA synchronous"
	if db.kind == Postgres {
		query = "SHOW synchronous_commit"
	}
	var value string
	err := r.conn.QueryRowContext(ctx, query).Scan(&value)
	return value, err
}

func (r *recorder) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop()
}

const (
	selectSignIn   = `SELECT id, data FROM sign_ins WHERE request_id = $1 AND tenant_id = $2 ORDER BY id LIMIT 1`
	selectSignInID = `SELECT 1 FROM sign_ins WHERE id = $1 AND request_id = $2`
	sweepSignIns   = `DELETE FROM sign_ins WHERE id IN (SELECT id FROM sign_ins WHERE id < $1 ORDER BY id LIMIT $2)`
)

// SignIn implements audit.SignIns.
func (db *DB) SignIn(ctx context.Context, tenant, requestID [16]byte) (*audit.SignIn, error) {
	var id int64
	var data []byte
	err := db.read().one(ctx, selectSignIn, []any{requestID[:], tenant[:]}, &id, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, audit.ErrNoRecord
	}
	if err != nil {
		return nil, db.fail("read sign-in", err)
	}
	s := &audit.SignIn{At: signInTime(id), Tenant: tenant, RequestID: requestID}
	return s, db.fail("read sign-in", readSignIn(s, data))
}

// SweepSignIns implements audit.SignIns.
func (db *DB) SweepSignIns(ctx context.Context, before time.Time, limit int) (int, error) {
	return db.sweep(ctx, "sweep sign-ins", sweepSignIns, signInID(before, 0), limit)
}

const (
	addRefusal = `INSERT INTO refusals (tenant_id, minute, client_app_id, code, count, sample) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant_id, minute, client_app_id, code) DO UPDATE SET count = refusals.count + excluded.count`
	sweepRefusals = `DELETE FROM refusals WHERE (tenant_id, minute, client_app_id, code) IN
		(SELECT tenant_id, minute, client_app_id, code FROM refusals WHERE minute < $1 ORDER BY minute LIMIT $2)`
	selectRefusals = `SELECT minute, client_app_id, code, count, sample FROM refusals
		WHERE tenant_id = $1 ORDER BY minute, client_app_id, code LIMIT $2`
)

// AddRefusals implements audit.Refusals.
func (db *DB) AddRefusals(ctx context.Context, sums []audit.RefusalSum) error {
	return db.transact(ctx, "add refusals", func(s *session) error {
		for _, sum := range sums {
			_, err := s.exec(ctx, addRefusal, guidText(sum.Tenant), micros(sum.Minute.Truncate(time.Minute)),
				guidText(sum.ClientAppID), sum.Code, sum.Count, guidText(sum.Sample))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// SweepRefusals implements audit.Refusals.
func (db *DB) SweepRefusals(ctx context.Context, before time.Time, limit int) (int, error) {
	return db.sweep(ctx, "sweep refusals", sweepRefusals, micros(before), limit)
}

// RefusalsOf lists the sums of a tenant, oldest first.
func (db *DB) RefusalsOf(ctx context.Context, tenant [16]byte, limit int) ([]audit.RefusalSum, error) {
	var sums []audit.RefusalSum
	err := db.read().each(ctx, selectRefusals, []any{guidText(tenant), limit}, func(r *sql.Rows) error {
		sum := audit.RefusalSum{Tenant: tenant}
		var minute int64
		var client, sample string
		if err := r.Scan(&minute, &client, &sum.Code, &sum.Count, &sample); err != nil {
			return err
		}
		sum.Minute, sum.ClientAppID, sum.Sample = fromMicros(minute), idBytes(client), idBytes(sample)
		sums = append(sums, sum)
		return nil
	})
	return sums, db.fail("list refusals", err)
}
