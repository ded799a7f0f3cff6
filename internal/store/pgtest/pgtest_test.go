package pgtest_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sekisho-id/sekisho/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestServer checks what the tests of the store rely on: text sorts as in a
// dictionary unless a column says otherwise, and commits are durable.
func TestServer(t *testing.T) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var linguistic bool
	if err := conn.QueryRow(ctx, "SELECT 'alice' < 'Zed'").Scan(&linguistic); err != nil {
		t.Fatal(err)
	}
	if !linguistic && os.Getenv(pgtest.EnvURL) == "" {
		t.Error("the server compares text as bytes: a forgotten COLLATE would not show")
	}
	var fsync string
	if err := conn.QueryRow(ctx, "SHOW fsync").Scan(&fsync); err != nil || fsync != "on" {
		t.Errorf("fsync is %q (%v), want on", fsync, err)
	}
}

// TestStop: nothing is left of a server that was stopped.
func TestStop(t *testing.T) {
	t.Setenv(pgtest.EnvURL, "")
	ctx := context.Background()
	server, err := pgtest.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	dsn, err := server.Create(ctx, "x")
	if err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if conn, err := pgx.Connect(ctx, dsn); err == nil {
		_ = conn.Close(ctx)
		t.Error("the server still answers")
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(config.Host); !os.IsNotExist(err) {
		t.Errorf("the directory is still there (%v)", err)
	}
}
