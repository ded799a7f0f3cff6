package sqlstore

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// The lists are the only statements put together at run time: a fixed beginning
// per table, the filter compiled by filter.go, the position and the order. Only
// texts written in this package and placeholders go into them.

// maxPage is the page size where none, or more, is asked for.
const maxPage = 1000

// listing is what can be listed from a table.
type listing struct {
	columns string // of the SELECT
	table   string // with its alias
	alias   string
	where   string // the tenant is $1
	deleted bool   // has deleted_at
	columnOf
	orders map[string]order
}

// order is a column that a list can be sorted by.
type order struct {
	column string
	time   bool // BIGINT microseconds; otherwise folded text
}

// query collects a statement and its arguments.
type query struct {
	text strings.Builder
	args []any
}

func (q *query) add(parts ...string) {
	for _, p := range parts {
		q.text.WriteString(p)
	}
}

// arg adds an argument and gives its placeholder.
func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

// conditions writes FROM and WHERE.
func (l *listing) conditions(q *query, t directory.TenantID, extra []extraCondition, o directory.ListOptions) error {
	q.add(" FROM ", l.table, " WHERE ", l.alias, ".tenant_id = ", q.arg(t))
	for _, e := range extra {
		q.add(" AND ", e.column, " = ", q.arg(e.value))
	}
	if l.deleted {
		if o.Deleted {
			q.add(" AND ", l.alias, ".deleted_at <> 0")
		} else {
			q.add(" AND ", l.alias, ".deleted_at = 0")
		}
	}
	q.add(l.where)
	if o.Filter == nil {
		return nil
	}
	q.add(" AND ")
	return (&compiler{q: q, columns: l.columnOf}).condition(o.Filter)
}

type extraCondition struct {
	column string
	value  any
}

// page writes position, order and limit, and gives the sort column.
func (l *listing) page(q *query, o directory.ListOptions) (order, error) {
	id := l.alias + ".id"
	by, known := l.orders[o.OrderBy]
	if !known && o.OrderBy != "" && o.OrderBy != "id" {
		return by, &directory.UnsupportedQuery{Property: o.OrderBy}
	}
	than, direction := " > ", ""
	if o.Desc {
		than, direction = " < ", " DESC"
	}
	if o.After != (directory.Cursor{}) {
		switch {
		case by.column == "":
			q.add(" AND ", id, than, q.arg(o.After.ID))
		case by.time:
			at, err := strconv.ParseInt(o.After.Value, 10, 64)
			if err != nil {
				return by, &directory.UnsupportedQuery{Property: o.OrderBy}
			}
			q.add(" AND (", by.column, ", ", id, ")", than, "(", q.arg(at), ", ", q.arg(o.After.ID), ")")
		default:
			q.add(" AND (", by.column, ", ", id, ")", than, "(", q.arg(o.After.Value), ", ", q.arg(o.After.ID), ")")
		}
	}
	q.add(" ORDER BY ")
	if by.column != "" {
		q.add(by.column, direction, ", ")
	}
	q.add(id, direction)
	return by, nil
}

// list reads a page. It selects the sort key besides the columns, so that the
// cursor holds what the database sorted by; scan reads the columns and appends.
func list[T any](ctx context.Context, s *session, l *listing, t directory.TenantID, extra []extraCondition,
	o directory.ListOptions, scan func(*sql.Rows) (T, error), id func(T) string,
) (directory.Page[T], error) {
	var page directory.Page[T]
	limit := o.Limit
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	q := &query{}
	q.add("SELECT ", l.columns)
	if err := l.conditions(q, t, extra, o); err != nil {
		return page, err
	}
	by, err := l.page(q, o)
	if err != nil {
		return page, err
	}
	q.add(" LIMIT ", q.arg(limit+1))
	err = s.eachText(ctx, s.dialect(q), q.args, func(r *sql.Rows) error {
		item, err := scan(r)
		page.Items = append(page.Items, item)
		return err
	})
	if err != nil {
		return page, err
	}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := id(page.Items[limit-1])
		page.Next = directory.Cursor{ID: last}
		if by.column != "" {
			if page.Next.Value, err = l.sortKey(ctx, s, t, by, last); err != nil {
				return page, err
			}
		}
	}
	if o.Count {
		page.Total, err = l.count(ctx, s, t, extra, o)
	}
	return page, err
}

// sortKey reads what the database sorted an object by; it runs in the snapshot
// of the page.
func (l *listing) sortKey(ctx context.Context, s *session, t directory.TenantID, by order, id string) (string, error) {
	q := &query{}
	q.add("SELECT ", by.column, " FROM ", l.table, " WHERE ", l.alias, ".tenant_id = ", q.arg(t))
	q.add(" AND ", l.alias, ".id = ", q.arg(id))
	key := ""
	err := s.eachText(ctx, s.dialect(q), q.args, func(r *sql.Rows) error { return r.Scan(&key) })
	return key, err
}

func (l *listing) count(ctx context.Context, s *session, t directory.TenantID, extra []extraCondition, o directory.ListOptions) (int, error) {
	q := &query{}
	q.add("SELECT count(*)")
	if err := l.conditions(q, t, extra, o); err != nil {
		return 0, err
	}
	n := 0
	err := s.eachText(ctx, s.dialect(q), q.args, func(r *sql.Rows) error { return r.Scan(&n) })
	return n, err
}

// dialect is the text for the engine, rewritten each time.
func (s *session) dialect(q *query) string {
	if s.db.kind == Postgres {
		return q.text.String()
	}
	return sqliteText(q.text.String())
}

// listIn runs list in a snapshot and completes the items.
func listIn[T any](ctx context.Context, db *DB, l *listing, t directory.TenantID, extra []extraCondition, o directory.ListOptions,
	scan func(*sql.Rows) (T, error), id func(T) string, fill func(*session, []T) error,
) (directory.Page[T], error) {
	var page directory.Page[T]
	if t.IsZero() {
		return page, directory.ErrNoTenant
	}
	err := db.snapshot(ctx, "list", func(s *session) error {
		var err error
		page, err = list(ctx, s, l, t, extra, o, scan, id)
		if err == nil && fill != nil {
			err = fill(s, page.Items)
		}
		return err
	})
	if err != nil {
		return directory.Page[T]{}, err
	}
	return page, nil
}
