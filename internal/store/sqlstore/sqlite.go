package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// sqliteMagic begins every SQLite file (sqlite.org/fileformat.html §1.3.1).
const sqliteMagic = "SQLite format 3\x00"

func openSQLite(ctx context.Context, c Config) (*DB, error) {
	path := strings.TrimPrefix(c.URL, "sqlite:")
	if path == "" || strings.Contains(path, "://") {
		return nil, fmt.Errorf("%q is no database: give a file path, sqlite:PATH or postgres://…", c.URL)
	}
	if err := prepareFile(path); err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	db := &DB{kind: SQLite, place: path, now: c.Now}
	busy := "busy_timeout(" + strconv.FormatInt(c.BusyTimeout.Milliseconds(), 10) + ")"
	writing := url.Values{
		// FULL: a commit under NORMAL can be lost with the power.
		"_pragma": {busy, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	reading := url.Values{"_pragma": {busy, "query_only(1)"}}
	pool := func(v url.Values, conns int) (*sql.DB, error) {
		file := url.URL{Scheme: "file", Path: absolute, RawQuery: v.Encode()}
		connector, err := sqlite.NewConnector(file.String())
		if err != nil {
			return nil, err
		}
		pool := sql.OpenDB(preparing{connector})
		pool.SetMaxOpenConns(conns)
		pool.SetMaxIdleConns(conns)
		return pool, nil
	}
	var errs [3]error
	db.writes, errs[0] = pool(writing, 1)
	db.signIns, errs[1] = pool(writing, 1)
	db.reads, errs[2] = pool(reading, c.MaxConns)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	// The writer goes first: it sets WAL, and reading the schema finds damage.
	var n int
	for _, pool := range []*sql.DB{db.writes, db.reads} {
		if err := pool.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&n); err != nil {
			_ = db.Close()
			return nil, explain(path, err)
		}
	}
	return db, nil
}

// prepareFile creates the file with mode 0600, which SQLite gives to the files
// beside it too, and refuses what is no database before SQLite touches it.
func prepareFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the directory of the database %s does not exist; create it first", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the database %s cannot be written; check its owner and mode", path)
	case err != nil:
		return fmt.Errorf("the database %s cannot be opened: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	if err := f.Chmod(0o600); err != nil && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the mode of %s cannot be set: %w", path, err)
	}
	head := make([]byte, len(sqliteMagic))
	n, err := io.ReadFull(f, head)
	if n == 0 && errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil || string(head) != sqliteMagic {
		return fmt.Errorf("%s is not a SQLite database; name another file or move this one away", path)
	}
	return nil
}
