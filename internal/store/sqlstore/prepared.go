package sqlstore

import (
	"context"
	"database/sql/driver"
	"io"
)

// often are the statements of people's sign-ins and tokens. Each reads or writes
// a few rows by an index. SQLite parses them once for each connection, which
// costs as much as running them; pgx does the same for whatever it is given.
var often = []string{
	selectUser, selectUserByUPN, selectUserByIdentity, selectGrantsFor, selectAssignmentOf, selectRolesOf,
	insertCode, selectCode, redeemCode, insertFamily, selectFamily, rotateFamily, extendFamily,
	selectSession, selectSessionBySecret, insertSession, renewSession, touchSession, hasClient, lockSession, joinSession,
	selectFailures, touchFailures, updateFailures, deleteFailures, insertAssertion,
	beginJoint, commitJoint,
}

// oftenText has them as SQLite gets them.
var oftenText = func() map[string]bool {
	set := map[string]bool{}
	for _, query := range often {
		set[sqliteText(query)] = true
	}
	return set
}()

// preparing makes connections to SQLite that keep prepared what is in often.
type preparing struct{ driver.Connector }

// sqliteConn is what a connection of the driver is, as far as it is used.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &preparedConn{sqliteConn: conn.(sqliteConn), statements: map[string]*preparedStatement{}}, nil
}

// preparedConn is a connection with its prepared statements; like any of
// database/sql it serves one goroutine at a time.
type preparedConn struct {
	sqliteConn
	statements map[string]*preparedStatement
}

// preparedStatement is taken while rows of it are open.
type preparedStatement struct {
	sqliteStatement
	taken bool
}

type sqliteStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// take gives the statement for a text; nil where it is to be run as it is.
func (c *preparedConn) take(ctx context.Context, query string) (*preparedStatement, error) {
	s := c.statements[query]
	if s == nil {
		if !oftenText[query] {
			return nil, nil
		}
		got, err := c.PrepareContext(ctx, query)
		if err != nil {
			return nil, err
		}
		s = &preparedStatement{sqliteStatement: got.(sqliteStatement)}
		c.statements[query] = s
	}
	if s.taken {
		return nil, nil
	}
	return s, nil
}

// ExecContext implements driver.ExecerContext. A statement that has begun runs to
// its end, which is near: the driver would keep a goroutine for every statement
// that can be interrupted, and of a write nobody would know whether it happened.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.ExecContext(context.WithoutCancel(ctx), args)
}

// QueryContext implements driver.QueryerContext; see ExecContext.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(context.WithoutCancel(ctx), args)
	if err != nil {
		return nil, err
	}
	s.taken = true
	return &preparedRows{Rows: rows, of: s}, nil
}

// Close implements driver.Conn.
func (c *preparedConn) Close() error {
	for _, s := range c.statements {
		_ = s.Close()
	}
	clear(c.statements)
	return c.sqliteConn.Close()
}

// preparedRows give their statement back.
type preparedRows struct {
	driver.Rows
	of *preparedStatement
}

// Next implements driver.Rows.
func (r *preparedRows) Next(dest []driver.Value) error {
	if r.of == nil {
		return io.EOF
	}
	return r.Rows.Next(dest)
}

// Close implements driver.Rows.
func (r *preparedRows) Close() error {
	if r.of == nil {
		return nil
	}
	r.of.taken, r.of = false, nil
	return r.Rows.Close()
}
