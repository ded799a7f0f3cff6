package sqlstore

import (
	"context"
	"errors"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// A statement that is open can be begun again on the same connection, and one
// that failed, was left half read or was not even begun is good for the next.
func TestPreparedStatements(t *testing.T) {
	db := fresh(t, SQLite)
	ctx := context.Background()
	tx, err := db.writes.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	insert := db.text(insertCode)
	for i := range 3 {
		if _, err := tx.ExecContext(ctx, insert, "t", []byte{byte(i)}, 1, 2, "{}"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tx.ExecContext(ctx, insert, "t", []byte{2}, 1, 2, "{}"); err == nil {
		t.Error("a key twice")
	}
	if _, err := tx.ExecContext(ctx, insert, "t", []byte{3}, 1, 2, "{}"); err != nil {
		t.Errorf("after a failure: %v", err)
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, err := tx.ExecContext(stopped, insert, "t", []byte{4}, 1, 2, "{}"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the caller had gone: %v", err)
	}

	assigned := db.text(insertAssignment)
	for i := range 3 {
		if _, err := tx.ExecContext(ctx, assigned, "t", i, i, "person", "User", "", "", "resource", i, ""); err != nil {
			t.Fatal(err)
		}
	}
	query := db.text(selectAssignmentOf)
	count := func(most int) int {
		rows, err := tx.QueryContext(ctx, query, "t", "person")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		n := 0
		for n < most && rows.Next() {
			n++
		}
		if err := rows.Err(); err != nil {
			t.Error(err)
		}
		return n
	}
	outer, err := tx.QueryContext(ctx, query, "t", "person")
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()
	n := 0
	for outer.Next() {
		n++
		if got := count(9); got != 3 {
			t.Errorf("%d rows within", got)
		}
	}
	if err := outer.Err(); err != nil || n != 3 {
		t.Errorf("%d rows outside, %v", n, err)
	}
	if half, whole := count(1), count(9); half != 1 || whole != 3 {
		t.Errorf("%d rows, then %d", half, whole)
	}
}

// What is often sent is parsed once for each connection, whatever it is about.
func TestOftenIsPrepared(t *testing.T) {
	db := fresh(t, SQLite)
	conn, err := db.reads.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}()
	for range 2 {
		var nothing any
		if err := conn.QueryRowContext(t.Context(), db.text(selectUser), "t", directory.ID("u")).Scan(&nothing); err == nil {
			t.Error("a user out of nowhere")
		}
	}
	err = conn.Raw(func(c any) error {
		if n := len(c.(*preparedConn).statements); n != 1 {
			t.Errorf("%d statements are kept", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
