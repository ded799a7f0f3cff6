package odata

import "strings"

// String implements Expr.
func (e Logical) String() string { return printed(e) }

// String implements Expr.
func (e Not) String() string { return printed(e) }

// String implements Expr.
func (e Comparison) String() string { return printed(e) }

// String implements Expr.
func (e In) String() string { return printed(e) }

// String implements Expr.
func (e Call) String() string { return printed(e) }

// String implements Expr.
func (e Lambda) String() string { return printed(e) }

// String implements Expr.
func (p Path) String() string { return printed(p) }

// String implements Expr.
func (l Literal) String() string { return printed(l) }

func printed(e Expr) string {
	var b strings.Builder
	e.print(&b)
	return b.String()
}

func (e Logical) print(b *strings.Builder) {
	for i, t := range e.Terms {
		if i > 0 {
			b.WriteString(" " + string(e.Op) + " ")
		}
		// "and" binds tighter than "or" (OData 4.0 Part 2 §5.1.1.9), so only an
		// "or" below an "and" needs parentheses.
		if inner, ok := t.(Logical); ok && inner.Op == Or {
			printGroup(b, t)
		} else {
			t.print(b)
		}
	}
}

func (e Not) print(b *strings.Builder) {
	b.WriteString("not")
	switch e.X.(type) {
	case Logical, Comparison, In:
		printGroup(b, e.X)
	default:
		b.WriteByte(' ')
		e.X.print(b)
	}
}

func (e Comparison) print(b *strings.Builder) {
	e.Left.print(b)
	b.WriteString(" " + string(e.Op) + " ")
	e.Right.print(b)
}

func (e In) print(b *strings.Builder) {
	e.Left.print(b)
	b.WriteString(" in (")
	for i, l := range e.List {
		if i > 0 {
			b.WriteByte(',')
		}
		l.print(b)
	}
	b.WriteByte(')')
}

func (e Call) print(b *strings.Builder) {
	b.WriteString(string(e.Func) + "(")
	if !e.Path.IsZero() {
		e.Path.print(b)
		b.WriteByte(',')
	}
	printQuoted(b, e.Arg)
	b.WriteByte(')')
}

func (e Lambda) print(b *strings.Builder) {
	e.Path.print(b)
	b.WriteString("/" + string(e.Quantifier) + "(")
	if e.Body != nil {
		b.WriteString(e.Var + ":")
		e.Body.print(b)
	}
	b.WriteByte(')')
}

func (p Path) print(b *strings.Builder) {
	b.WriteString(p.Var)
	for i, s := range p.Segments {
		if i > 0 || p.Var != "" {
			b.WriteByte('/')
		}
		b.WriteString(s)
	}
	if p.Count {
		b.WriteString("/$count")
	}
}

func (l Literal) print(b *strings.Builder) {
	switch l.Kind {
	case Null:
		b.WriteString("null")
	case Bool:
		if l.Bool {
			b.WriteString("true")
		} else {
			b.WriteString("false")
		}
	case String:
		printQuoted(b, l.Text)
	case GUID, Number:
		b.WriteString(l.Text)
	case DateTime:
		b.WriteString(FormatTime(l.Time))
	case Date:
		b.WriteString(l.Time.Format(dateLayout))
	case Duration:
		b.WriteString("duration'" + FormatDuration(l.Duration) + "'")
	case Enum:
		b.WriteString(l.Type)
		printQuoted(b, l.Text)
	}
}

func printGroup(b *strings.Builder, e Expr) {
	b.WriteByte('(')
	e.print(b)
	b.WriteByte(')')
}

// printQuoted writes a string literal; a quote inside is doubled (OData ABNF,
// rule SQUOTE-in-string).
func printQuoted(b *strings.Builder, s string) {
	b.WriteByte('\'')
	b.WriteString(strings.ReplaceAll(s, "'", "''"))
	b.WriteByte('\'')
}
