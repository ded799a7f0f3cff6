package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func openPostgres(ctx context.Context, c Config) (*DB, error) {
	config, err := pgx.ParseConfig(c.URL)
	if err != nil {
		// The driver's message may quote the URL, and with it a password.
		return nil, errors.New("the database URL cannot be read; it should look like postgres://user@host:5432/database")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	place := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))) + "/" + config.Database
	db := &DB{kind: Postgres, place: place, now: c.Now, pg: config}
	durable := stdlib.OptionAfterConnect(ensureSynchronous)
	db.writes = stdlib.OpenDB(*config, durable)
	db.writes.SetMaxOpenConns(c.MaxConns)
	db.writes.SetMaxIdleConns(c.MaxConns)
	db.reads = db.writes
	db.signIns = stdlib.OpenDB(*config, durable)
	db.signIns.SetMaxOpenConns(1)
	db.signIns.SetMaxIdleConns(1)
	if err := db.writes.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, explain(place, err)
	}
	return db, nil
}

// ensureSynchronous has a commit return only when it is on disk, whatever the
// server's default: a token must not leave before its record is durable. What
// is stricter stays.
func ensureSynchronous(ctx context.Context, conn *pgx.Conn) error {
	var level string
	if err := conn.QueryRow(ctx, "SHOW synchronous_commit").Scan(&level); err != nil {
		return err
	}
	if level == "on" || level == "remote_apply" {
		return nil
	}
	if _, err := conn.Exec(ctx, "SET synchronous_commit = on"); err != nil {
		return fmt.Errorf("synchronous_commit is %q and cannot be set to on: %w", level, err)
	}
	return nil
}

// ErrListenUnsupported is returned by Listen on SQLite: other processes cannot
// be heard there, only polled.
var ErrListenUnsupported = errors.New("sqlstore: SQLite has no notifications")

// Listen calls heard with the tenant of every commit of any node, until ctx is
// done or the connection fails; either way it returns an error, and the caller
// tries again. It holds a connection of its own. As notifications are lost
// while no connection stands, heard is first called with "" once it does: what
// came before must be read from the feed.
func (db *DB) Listen(ctx context.Context, heard func(tenant string)) error {
	if db.kind != Postgres {
		return ErrListenUnsupported
	}
	conn, err := pgx.ConnectConfig(ctx, db.pg.Copy())
	if err != nil {
		return unavailable("listen", explain(db.place, err))
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "LISTEN sekisho_changes"); err != nil {
		return unavailable("listen", err)
	}
	heard("")
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return unavailable("listen", err)
		}
		if _, err := directory.ParseTenantID(n.Payload); err == nil {
			heard(n.Payload)
		}
	}
}
