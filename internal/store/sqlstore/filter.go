package sqlstore

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// columnOf maps Graph's property names to columns.
type columnOf map[string]column

// column says how a property is compared.
type column struct {
	expr     string
	kind     columnKind
	nullable bool
	// exact: stored as written, so compared with regard to letter case.
	exact bool
	// emptyNull: '' stands for null.
	emptyNull bool
	// sources are where a collection's members come from.
	sources []source
}

// source is one place of members. in is "x IN (SELECT … WHERE …" without its
// closing parenthesis, "" where the member is a column of the row itself.
type source struct{ in, member string }

type columnKind int

const (
	textColumn columnKind = iota
	boolColumn
	timeColumn
	collection
)

// compiler writes the condition of a filter. Every condition it writes is true
// or false, never NULL, so that "not" means what OData says: a property without
// a value is unequal to every value (OData 4.0 Part 2 §5.1.1.1).
type compiler struct {
	q       *query
	columns columnOf
	member  *column // inside a lambda: what the range variable stands for
	varName string
}

func unsupported(e odata.Expr) error {
	name := "$filter"
	odata.Walk(e, func(e odata.Expr) bool {
		if p, ok := e.(odata.Path); ok && name == "$filter" && len(p.Segments) > 0 {
			name = p.String()
		}
		return true
	})
	return &directory.UnsupportedQuery{Property: name}
}

func (c *compiler) condition(e odata.Expr) error {
	switch e := e.(type) {
	case odata.Logical:
		return c.logical(e)
	case odata.Not:
		c.q.add("NOT (")
		if err := c.condition(e.X); err != nil {
			return err
		}
		c.q.add(")")
		return nil
	case odata.Comparison:
		return c.comparison(e)
	case odata.In:
		return c.in(e)
	case odata.Call:
		return c.call(e)
	case odata.Lambda:
		return c.lambda(e)
	case odata.Path:
		// A boolean property may stand alone.
		return c.comparison(odata.Comparison{Op: odata.Equal, Left: e, Right: odata.Literal{Kind: odata.Bool, Bool: true}})
	case odata.Literal:
		if e.Kind == odata.Bool {
			c.constant(e.Bool)
			return nil
		}
	}
	return unsupported(e)
}

func (c *compiler) constant(truth bool) {
	if truth {
		c.q.add("1 = 1")
	} else {
		c.q.add("1 = 0")
	}
}

func (c *compiler) logical(e odata.Logical) error {
	between := " AND "
	if e.Op == odata.Or {
		between = " OR "
	}
	c.q.add("(")
	for i, term := range e.Terms {
		if i > 0 {
			c.q.add(between)
		}
		if err := c.condition(term); err != nil {
			return err
		}
	}
	c.q.add(")")
	return nil
}

// column finds what a path names; collections only if asked for.
func (c *compiler) column(p odata.Path, want columnKind) (column, error) {
	if c.member != nil {
		if p.Var == c.varName && len(p.Segments) == 0 && !p.Count && want != collection {
			return *c.member, nil
		}
		return column{}, unsupported(p)
	}
	if p.Var != "" || len(p.Segments) != 1 || p.Count {
		return column{}, unsupported(p)
	}
	for name, col := range c.columns {
		if strings.EqualFold(name, p.Segments[0]) && (col.kind == collection) == (want == collection) {
			return col, nil
		}
	}
	return column{}, unsupported(p)
}

func (c *compiler) comparison(e odata.Comparison) error {
	right, ok := e.Right.(odata.Literal)
	if !ok {
		return unsupported(e)
	}
	if call, ok := e.Left.(odata.Call); ok {
		if right.Kind != odata.Bool || e.Op != odata.Equal && e.Op != odata.NotEqual {
			return unsupported(e)
		}
		if right.Bool == (e.Op == odata.Equal) {
			return c.call(call)
		}
		return c.condition(odata.Not{X: call})
	}
	path, ok := e.Left.(odata.Path)
	if !ok {
		return unsupported(e)
	}
	col, err := c.column(path, textColumn)
	if err != nil {
		return err
	}
	return c.compare(col, e.Op, right, e)
}

func (c *compiler) compare(col column, op odata.CompareOp, right odata.Literal, e odata.Expr) error {
	if right.Kind == odata.Null {
		return c.compareNull(col, op, e)
	}
	value, err := literal(col, right, e)
	if err != nil {
		return err
	}
	if col.kind == boolColumn && op != odata.Equal && op != odata.NotEqual {
		return unsupported(e)
	}
	if op == odata.NotEqual {
		// A property without a value differs from every value.
		c.q.add("NOT (")
		c.equal(col, " = ", value)
		c.q.add(")")
		return nil
	}
	sign, ok := map[odata.CompareOp]string{
		odata.Equal: " = ", odata.Greater: " > ", odata.GreaterOrEqual: " >= ", odata.Less: " < ", odata.LessOrEqual: " <= ",
	}[op]
	if !ok {
		return unsupported(e)
	}
	c.equal(col, sign, value)
	return nil
}

// equal writes a comparison that is false, not NULL, without a value.
func (c *compiler) equal(col column, sign string, value any) {
	c.q.add("(")
	c.present(col)
	c.q.add(col.expr, sign, c.q.arg(value), ")")
}

// present writes the guard of a column that may be without a value.
func (c *compiler) present(col column) {
	switch {
	case col.nullable && col.kind == timeColumn:
		c.q.add(col.expr, " <> 0 AND ")
	case col.nullable:
		c.q.add(col.expr, " IS NOT NULL AND ")
	case col.emptyNull:
		c.q.add(col.expr, " <> '' AND ")
	}
}

func (c *compiler) compareNull(col column, op odata.CompareOp, e odata.Expr) error {
	if op != odata.Equal && op != odata.NotEqual {
		return unsupported(e)
	}
	is := op == odata.Equal
	switch {
	case col.nullable && col.kind == timeColumn:
		c.q.add("(", col.expr, map[bool]string{true: " = 0)", false: " <> 0)"}[is])
	case col.nullable:
		c.q.add("(", col.expr, map[bool]string{true: " IS NULL)", false: " IS NOT NULL)"}[is])
	case col.emptyNull:
		c.q.add("(", col.expr, map[bool]string{true: " = '')", false: " <> '')"}[is])
	default:
		c.constant(!is)
	}
	return nil
}

// literal turns a constant into what the column holds.
func literal(col column, l odata.Literal, e odata.Expr) (any, error) {
	switch col.kind {
	case boolColumn:
		if l.Kind == odata.Bool {
			return l.Bool, nil
		}
	case timeColumn:
		switch l.Kind {
		case odata.DateTime, odata.Date:
			return l.Time.UnixMicro(), nil
		case odata.String:
			// Some clients quote it.
			if at, err := time.Parse(time.RFC3339Nano, l.Text); err == nil {
				return at.UnixMicro(), nil
			}
		}
	case textColumn:
		switch l.Kind {
		case odata.String, odata.GUID, odata.Number, odata.Enum:
			if col.exact {
				return l.Text, nil
			}
			return fold(l.Text), nil
		}
	}
	return nil, unsupported(e)
}

func (c *compiler) in(e odata.In) error {
	col, err := c.column(e.Left, textColumn)
	if err != nil {
		return err
	}
	c.q.add("(")
	for i, l := range e.List {
		if i > 0 {
			c.q.add(" OR ")
		}
		if err := c.compare(col, odata.Equal, l, e); err != nil {
			return err
		}
	}
	c.q.add(")")
	return nil
}

// lastRune is behind every text that begins like another: no name holds it,
// since it is no character.
const lastRune = "\U0010FFFF"

// call writes a text function without LIKE, whose letter case differs between
// engines and whose wildcards would need escaping.
func (c *compiler) call(e odata.Call) error {
	if e.Func == odata.IsOf || e.Path.IsZero() {
		return unsupported(e)
	}
	col, err := c.column(e.Path, textColumn)
	if err != nil {
		return err
	}
	if col.kind != textColumn {
		return unsupported(e)
	}
	arg := e.Arg
	if !col.exact {
		arg = fold(arg)
	}
	c.q.add("(")
	c.present(col)
	switch {
	case arg == "":
		c.constant(true)
	case e.Func == odata.StartsWith:
		c.q.add(col.expr, " >= ", c.q.arg(arg), " AND ", col.expr, " < ", c.q.arg(arg+lastRune))
	case e.Func == odata.EndsWith:
		n := c.q.arg(utf8.RuneCountInString(arg))
		c.q.add("length(", col.expr, ") >= ", n, " AND substr(", col.expr, ", length(", col.expr, ") - ", n, " + 1) = ", c.q.arg(arg))
	case e.Func == odata.Contains:
		c.q.add("replace(", col.expr, ", ", c.q.arg(arg), ", '') <> ", col.expr)
	default:
		return unsupported(e)
	}
	c.q.add(")")
	return nil
}

// lambda writes a condition on members of a collection. "all" is "none does
// not".
func (c *compiler) lambda(e odata.Lambda) error {
	if c.member != nil {
		return unsupported(e)
	}
	col, err := c.column(e.Path, collection)
	if err != nil {
		return err
	}
	body := e.Body
	if e.Quantifier == odata.All {
		if body == nil {
			return unsupported(e)
		}
		c.q.add("NOT ")
		body = odata.Not{X: body}
	}
	c.q.add("(")
	for i, from := range col.sources {
		if i > 0 {
			c.q.add(" OR ")
		}
		if err := c.members(from, e.Var, body); err != nil {
			return unsupported(e)
		}
	}
	c.q.add(")")
	return nil
}

// members writes that a source has a member which fulfils the body.
func (c *compiler) members(from source, varName string, body odata.Expr) error {
	if from.in != "" {
		c.q.add(from.in, " AND ")
	}
	if body == nil {
		c.constant(true)
	} else {
		inner := &compiler{q: c.q, member: &column{expr: from.member}, varName: varName}
		if err := inner.condition(body); err != nil {
			return err
		}
	}
	if from.in != "" {
		c.q.add(")")
	}
	return nil
}
