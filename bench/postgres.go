package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sekisho-id/sekisho/internal/store/pgtest"
)

// postgres is a PostgreSQL with one database, its own with fsync on unless the
// environment names another.
type postgres struct {
	server  *pgtest.Server
	url     string
	name    string
	pid     int // of its first process; 0 if that is on another machine
	version string
}

func startPostgres(ctx context.Context) (*postgres, error) {
	server, err := pgtest.Start(ctx)
	if err != nil {
		return nil, err
	}
	p := &postgres{server: server, name: fmt.Sprintf("sekisho_bench_%d", os.Getpid())}
	if p.url, err = server.Create(ctx, p.name); err == nil {
		err = p.look(ctx)
	}
	if err != nil {
		server.Stop()
		return nil, err
	}
	return p, nil
}

// look finds out which PostgreSQL it is and which process is its first.
func (p *postgres) look(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var backend int
	var fsync string
	if err := conn.QueryRow(ctx, `SELECT pg_backend_pid(), current_setting('server_version'), current_setting('fsync')`).Scan(&backend, &p.version, &fsync); err != nil {
		return err
	}
	if fsync != "on" {
		return fmt.Errorf("fsync is %s in this PostgreSQL: nothing it commits is durable", fsync)
	}
	p.version, _, _ = strings.Cut(p.version, " ")
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", backend))
	if err != nil || !strings.HasPrefix(string(name), "postgres") {
		return nil // elsewhere
	}
	s, err := readStat(backend)
	p.pid = s.parent
	return err
}

// size is the number of sign-in records and what they take on disk.
func (p *postgres) size(ctx context.Context) (rows, bytes int64, err error) {
	conn, err := pgx.Connect(ctx, p.url)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, `SELECT count(*), pg_total_relation_size('sign_ins') FROM sign_ins`).Scan(&rows, &bytes)
	return rows, bytes, err
}

func (p *postgres) stop(ctx context.Context) {
	_ = p.server.Drop(ctx, p.name)
	p.server.Stop()
}
