package sqlstore

import (
	"strings"
	"sync"
)

// rewritten holds the texts of constants after rewriting. Compiled lists do not
// go through it: their number has no bound.
var rewritten sync.Map

// text is the statement as the engine wants it.
func (db *DB) text(query string) string {
	if db.kind == Postgres {
		return query
	}
	if got, ok := rewritten.Load(query); ok {
		return got.(string)
	}
	got := sqliteText(query)
	rewritten.Store(query, got)
	return got
}

// sqliteText rewrites what differs: $1 becomes ?1, since some drivers number $N
// by first appearance; and the collation that PostgreSQL calls "C" is SQLite's
// own BINARY, so that any SQLite program can read our files.
func sqliteText(query string) string {
	query = strings.ReplaceAll(query, `COLLATE "C"`, "COLLATE BINARY")
	var b strings.Builder
	b.Grow(len(query))
	quoted := false
	for i := range len(query) {
		c := query[i]
		if c == '\'' {
			quoted = !quoted
		}
		if c == '$' && !quoted && i+1 < len(query) && '0' <= query[i+1] && query[i+1] <= '9' {
			c = '?'
		}
		b.WriteByte(c)
	}
	return b.String()
}
