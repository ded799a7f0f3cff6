package graph

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// Relations that are short by their nature (owners, federated credentials, what
// one principal was assigned) come from the store whole. Filter and paging of
// them are done here.

// listOf replies with a page of a list that is at hand.
func listOf[T any](c *call, e *entity[T], items []T) (*reply, error) {
	p, err := e.project(c, false)
	if err != nil {
		return nil, err
	}
	filter, err := e.filterExpr(c)
	if err != nil {
		return nil, err
	}
	var rows []listed
	for i := range items {
		full := make(object, 0, len(e.props))
		for _, prop := range e.props {
			full = append(full, member{prop.name, prop.get(&items[i])})
		}
		ok, err := matches(filter, full, nil)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		shown, err := p.render(c, &items[i])
		if err != nil {
			return nil, err
		}
		id, _ := full.get("id").(string)
		rows = append(rows, listed{id, shown})
	}
	return c.pageRows(p.context, rows)
}

// listObjects replies with a page of directory objects of several types.
// $select shows what a type has of the properties named.
func listObjects(c *call, items []object) (*reply, error) {
	props := c.selected()
	what := "directoryObjects"
	if props != nil {
		what += "(" + strings.Join(c.query.Select, ",") + ")"
	}
	var rows []listed
	for i, shown := range narrowed(items, props) {
		ok, err := matches(c.query.Filter, items[i], nil)
		if err != nil {
			return nil, err
		}
		if ok {
			id, _ := items[i].get("id").(string)
			rows = append(rows, listed{id, shown})
		}
	}
	return c.pageRows(what, rows)
}

// selected are the lower-case names in $select, nil for all.
func (c *call) selected() map[string]bool {
	if len(c.query.Select) == 0 || slices.Contains(c.query.Select, "*") {
		return nil
	}
	props := map[string]bool{}
	for _, s := range c.query.Select {
		props[strings.ToLower(s)] = true
	}
	return props
}

type listed struct {
	id    string
	shown object
}

// pageRows cuts a page. The order is that of the ids, so that a page token means
// the same after a write.
func (c *call) pageRows(what string, rows []listed) (*reply, error) {
	if len(c.query.OrderBy) > 0 {
		return nil, unsupported("Sorting is not supported for this relation.")
	}
	slices.SortStableFunc(rows, func(a, b listed) int { return strings.Compare(a.id, b.id) })
	after, err := c.readPageToken()
	if err != nil {
		return nil, err
	}
	var count *int
	if c.query.Count {
		n := len(rows)
		count = &n
	}
	for after.ID != "" && len(rows) > 0 && rows[0].id <= after.ID {
		rows = rows[1:]
	}
	limit, next := defaultTop, ""
	if c.query.Top != nil {
		limit = *c.query.Top
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = c.nextLink(directory.Cursor{ID: rows[limit-1].id})
	}
	items := make([]object, len(rows))
	for i, r := range rows {
		items[i] = r.shown
	}
	return c.pageReply(what, items, count, next), nil
}

// matches evaluates a filter on a rendered object. bound holds the values of
// range variables.
func matches(x odata.Expr, o object, bound map[string]any) (bool, error) {
	switch x := x.(type) {
	case nil:
		return true, nil
	case odata.Logical:
		for _, t := range x.Terms {
			ok, err := matches(t, o, bound)
			if err != nil || ok == (x.Op == odata.Or) {
				return ok, err
			}
		}
		return x.Op == odata.And, nil
	case odata.Not:
		ok, err := matches(x.X, o, bound)
		return !ok, err
	case odata.Comparison:
		return compares(x, o, bound)
	case odata.In:
		v := valueOf(x.Left, o, bound)
		return slices.ContainsFunc(x.List, func(l odata.Literal) bool { return equalLiteral(v, l) }), nil
	case odata.Call:
		return calls(x, o, bound)
	case odata.Lambda:
		return quantifies(x, o, bound)
	case odata.Path:
		b, _ := valueOf(x, o, bound).(bool)
		return b, nil
	}
	return false, unsupported("The filter is not supported for this relation.")
}

func compares(x odata.Comparison, o object, bound map[string]any) (bool, error) {
	path, isPath := x.Left.(odata.Path)
	lit, isLit := x.Right.(odata.Literal)
	if !isLit {
		return false, unsupported("Two properties cannot be compared with each other.")
	}
	if !isPath {
		ok, err := matches(x.Left, o, bound)
		return (ok == lit.Bool) == (x.Op == odata.Equal), err
	}
	v := valueOf(path, o, bound)
	switch x.Op {
	case odata.Equal:
		return equalLiteral(v, lit), nil
	case odata.NotEqual:
		return !equalLiteral(v, lit), nil
	}
	s, ok := scalar(v)
	if !ok || lit.Kind == odata.Null {
		return false, nil
	}
	c := strings.Compare(strings.ToLower(s), strings.ToLower(literalText(lit)))
	switch x.Op {
	case odata.Greater:
		return c > 0, nil
	case odata.GreaterOrEqual:
		return c >= 0, nil
	case odata.Less:
		return c < 0, nil
	}
	return c <= 0, nil
}

func calls(x odata.Call, o object, bound map[string]any) (bool, error) {
	s, ok := scalar(valueOf(x.Path, o, bound))
	if !ok {
		return false, nil
	}
	s, arg := strings.ToLower(s), strings.ToLower(x.Arg)
	switch x.Func {
	case odata.StartsWith:
		return strings.HasPrefix(s, arg), nil
	case odata.EndsWith:
		return strings.HasSuffix(s, arg), nil
	case odata.Contains:
		return strings.Contains(s, arg), nil
	}
	return false, unsupported("The function %s is not supported.", x.Func)
}

func quantifies(x odata.Lambda, o object, bound map[string]any) (bool, error) {
	list, _ := valueOf(x.Path, o, bound).([]string)
	if x.Body == nil {
		return len(list) > 0, nil
	}
	for _, v := range list {
		ok, err := matches(x.Body, o, map[string]any{x.Var: v})
		if err != nil || ok == (x.Quantifier == odata.Any) {
			return ok, err
		}
	}
	return x.Quantifier == odata.All, nil
}

func valueOf(p odata.Path, o object, bound map[string]any) any {
	if p.Var != "" {
		return bound[p.Var]
	}
	if len(p.Segments) != 1 {
		return nil
	}
	for _, m := range o {
		if strings.EqualFold(m.name, p.Segments[0]) {
			return m.value
		}
	}
	return nil
}

// scalar writes a value as the literals of filters are written.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case *string:
		if v != nil {
			return *v, true
		}
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// equalLiteral compares without regard to letter case, as directory objects do.
func equalLiteral(v any, l odata.Literal) bool {
	s, ok := scalar(v)
	if l.Kind == odata.Null {
		return !ok
	}
	return ok && strings.EqualFold(s, literalText(l))
}

func literalText(l odata.Literal) string {
	switch l.Kind {
	case odata.Bool:
		return strconv.FormatBool(l.Bool)
	case odata.DateTime, odata.Date:
		return odata.FormatTime(l.Time)
	}
	return l.Text
}
