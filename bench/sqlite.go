package main

import (
	"context"
	"database/sql"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// sqliteSize is the number of sign-in records in a database file and what they
// and their indexes take of it.
func sqliteSize(ctx context.Context, file string) (rows, bytes int64, err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sign_ins`).Scan(&rows); err != nil {
		return 0, 0, err
	}
	err = db.QueryRowContext(ctx, `SELECT sum(pgsize) FROM dbstat WHERE name IN
		(SELECT name FROM sqlite_schema WHERE tbl_name = 'sign_ins')`).Scan(&bytes)
	return rows, bytes, err
}
