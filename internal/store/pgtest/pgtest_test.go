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
