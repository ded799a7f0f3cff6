package odata

import "strings"

// Bounds of a filter. They keep the tree, and the SQL made of it, small
// whatever a caller sends.
const (
	MaxFilterLength = 8 << 10 // bytes of the decoded text, and of its canonical form
	MaxFilterDepth  = 16      // parentheses, not, lambdas and calls inside each other
	MaxFilterNodes  = 200     // nodes of the tree
	MaxInList       = 100     // constants of one "in"
	maxPathSegments = 10
)

// ParseFilter reads the value of $filter. The result is a condition: a Logical,
// Not, Comparison, In, Call or Lambda, a Path (a boolean property standing
// alone) or a boolean Literal. The error is an *Error with Option "$filter".
func ParseFilter(text string) (Expr, error) {
	e, err := parseFilter(text)
	if err != nil {
		return nil, within(err, "$filter", 0)
	}
	return e, nil
}

func parseFilter(text string) (Expr, error) {
	if len(text) > MaxFilterLength {
		return nil, fail(Limit, -1, "the filter is longer than %d bytes", MaxFilterLength)
	}
	if err := checkText(text); err != nil {
		return nil, err
	}
	p := parser{lex: lexer{src: text}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokEnd {
		return nil, fail(Syntax, 0, "the filter is empty")
	}
	e, err := p.condition()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.misplaced()
	}
	// What String prints must be readable again, and can have a few more spaces
	// than the caller typed.
	if len(text) > MaxFilterLength/2 && len(e.String()) > MaxFilterLength {
		return nil, fail(Limit, -1, "the filter is longer than %d bytes", MaxFilterLength)
	}
	return e, nil
}

// parser is a precedence-climbing (Pratt) parser: prefix reads what can begin
// an expression, and expression goes on with infix operators as long as they
// bind tightly enough.
type parser struct {
	lex   lexer
	tok   token // the next token
	end   int   // where the token before it ended
	depth int
	nodes int
	vars  []string // range variables in scope, innermost last
}

func (p *parser) advance() error {
	end := p.tok.end
	t, err := p.lex.next()
	if err != nil {
		return err
	}
	p.end, p.tok = end, t
	return nil
}

// expect consumes the given punctuation.
func (p *parser) expect(punct, where string) error {
	if !p.tok.is(punct) {
		return fail(Syntax, p.tok.pos, "%s expected %s, found %s", excerpt(punct), where, p.tok)
	}
	return p.advance()
}

func (p *parser) enter() error {
	p.depth++
	if p.depth > MaxFilterDepth {
		return fail(Limit, p.tok.pos, "the filter nests deeper than %d levels", MaxFilterDepth)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// node counts a node of the tree.
func (p *parser) node() error {
	p.nodes++
	if p.nodes > MaxFilterNodes {
		return fail(Limit, p.tok.pos, "the filter has more than %d parts", MaxFilterNodes)
	}
	return nil
}

// misplaced is the error for a token where an operator or the end should be.
func (p *parser) misplaced() error {
	switch {
	case p.tok.is(")"):
		return fail(Syntax, p.tok.pos, "this parenthesis closes nothing")
	case p.tok.kind == tokWord:
		return fail(UnknownFunction, p.tok.pos, "%s is not an operator (eq, ne, gt, ge, lt, le, in, and, or)", p.tok)
	}
	return fail(Syntax, p.tok.pos, "an operator is expected, found %s", p.tok)
}

// binding is how tightly an infix operator binds (OData 4.0 Part 2 §5.1.1.9).
// The comparisons are one level here, because they do not chain.
type binding int

const (
	bindNone binding = iota
	bindOr
	bindAnd
	bindCompare
	bindTightest
)

// infix returns the operator that the next token is, in lower case, and how
// tightly it binds; bindNone if it is none.
func (p *parser) infix() (string, binding) {
	if p.tok.kind != tokWord {
		return "", bindNone
	}
	switch op := strings.ToLower(p.tok.text); op {
	case "or":
		return op, bindOr
	case "and":
		return op, bindAnd
	case "eq", "ne", "gt", "ge", "lt", "le", "in":
		return op, bindCompare
	}
	return "", bindNone
}

// condition reads an expression that is true or false.
func (p *parser) condition() (Expr, error) {
	start := p.tok.pos
	e, err := p.expression(bindOr)
	if err != nil {
		return nil, err
	}
	return e, needCondition(e, start)
}

// expression reads operands and the operators between them that bind at least
// as tightly as least.
func (p *parser) expression(least binding) (Expr, error) {
	start := p.tok.pos
	left, err := p.prefix()
	if err != nil {
		return nil, err
	}
	for {
		op, power := p.infix()
		if power == bindNone || power < least {
			return left, nil
		}
		opPos := p.tok.pos
		if err := p.advance(); err != nil {
			return nil, err
		}
		switch {
		case op == "in":
			left, err = p.in(left, start)
		case power == bindCompare:
			left, err = p.comparison(CompareOp(op), left, start, opPos)
		default:
			left, err = p.logical(LogicalOp(op), power, left, start)
		}
		if err != nil {
			return nil, err
		}
	}
}

// prefix reads what can stand at the beginning of an expression.
func (p *parser) prefix() (Expr, error) {
	switch t := p.tok; {
	case t.is("("):
		return p.group()
	case t.word("not"):
		return p.not()
	case t.word("true"), t.word("false"):
		return p.constant(Literal{Kind: Bool, Bool: t.word("true")})
	case t.word("null"):
		return p.constant(Literal{Kind: Null})
	case t.kind == tokLiteral:
		return p.constant(t.lit)
	case t.kind == tokWord:
		return p.name()
	case t.kind == tokEnd:
		return nil, fail(Syntax, t.pos, "the filter ends where a property or a value is expected")
	default:
		return nil, fail(Syntax, t.pos, "a property or a value is expected, found %s", t)
	}
}

func (p *parser) constant(l Literal) (Expr, error) {
	if err := p.node(); err != nil {
		return nil, err
	}
	return l, p.advance()
}

func (p *parser) group() (Expr, error) {
	open := p.tok.pos
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.expression(bindOr)
	if err != nil {
		return nil, err
	}
	if p.tok.kind == tokEnd {
		return nil, fail(Syntax, open, "the parenthesis is never closed")
	}
	if !p.tok.is(")") {
		return nil, p.misplaced()
	}
	return e, p.advance()
}

// not reads a negation. It binds tighter than any comparison, so "not a eq 1"
// is refused rather than read as "(not a) eq 1", which nobody means.
func (p *parser) not() (Expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.node(); err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	start := p.tok.pos
	x, err := p.expression(bindTightest)
	if err != nil {
		return nil, err
	}
	if _, power := p.infix(); power == bindCompare {
		return nil, fail(Syntax, start, "what not negates must stand in parentheses")
	}
	return Not{X: x}, needCondition(x, start)
}

func (p *parser) logical(op LogicalOp, power binding, left Expr, start int) (Expr, error) {
	if err := needCondition(left, start); err != nil {
		return nil, err
	}
	rightPos := p.tok.pos
	right, err := p.expression(power + 1)
	if err != nil {
		return nil, err
	}
	if err := needCondition(right, rightPos); err != nil {
		return nil, err
	}
	joined := Logical{Op: op}
	for _, e := range []Expr{left, right} {
		// "and" and "or" are associative: chains are kept flat, so that twenty
		// alternatives are one node of depth one.
		if inner, ok := e.(Logical); ok && inner.Op == op {
			joined.Terms = append(joined.Terms, inner.Terms...)
		} else {
			joined.Terms = append(joined.Terms, e)
		}
	}
	if inner, ok := left.(Logical); ok && inner.Op == op {
		return joined, nil
	}
	return joined, p.node()
}

func (p *parser) comparison(op CompareOp, left Expr, leftPos, opPos int) (Expr, error) {
	rightPos := p.tok.pos
	right, err := p.expression(bindTightest)
	if err != nil {
		return nil, err
	}
	if err := needOperand(left, leftPos); err != nil {
		return nil, err
	}
	if err := needOperand(right, rightPos); err != nil {
		return nil, err
	}
	if _, ok := left.(Literal); ok {
		left, right, op = right, left, op.flipped()
	}
	switch left.(type) {
	case Literal:
		return nil, fail(Syntax, opPos, "a comparison needs a property on one side")
	case Call:
		if l, ok := right.(Literal); !ok || l.Kind != Bool || (op != Equal && op != NotEqual) {
			return nil, fail(Syntax, opPos, "the function can only be compared with true or false, by eq or ne")
		}
	}
	if _, ok := right.(Call); ok {
		return nil, fail(Syntax, rightPos, "a function cannot be compared with a property")
	}
	return Comparison{Op: op, Left: left, Right: right}, p.node()
}

// in reads the list behind "in".
func (p *parser) in(left Expr, leftPos int) (Expr, error) {
	path, ok := left.(Path)
	if !ok {
		return nil, fail(Syntax, leftPos, "a property is expected before in")
	}
	if err := p.node(); err != nil {
		return nil, err
	}
	if err := p.expect("(", "after in"); err != nil {
		return nil, err
	}
	e := In{Left: path}
	for {
		if len(e.List) == MaxInList {
			return nil, fail(Limit, p.tok.pos, "the list of in has more than %d values", MaxInList)
		}
		pos := p.tok.pos
		x, err := p.prefix()
		if err != nil {
			return nil, err
		}
		l, ok := x.(Literal)
		if !ok {
			return nil, fail(Syntax, pos, "the list of in can only have constants")
		}
		e.List = append(e.List, l)
		if !p.tok.is(",") {
			return e, p.expect(")", "after the list of in")
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

func needCondition(e Expr, pos int) error {
	switch e := e.(type) {
	case Literal:
		if e.Kind != Bool {
			return fail(Syntax, pos, "a condition is expected, found a value")
		}
	case Path:
		if e.Count {
			return fail(Syntax, pos, "a condition is expected, found a number")
		}
	}
	return nil
}

func needOperand(e Expr, pos int) error {
	switch e.(type) {
	case Literal, Path, Call:
		return nil
	}
	return fail(Syntax, pos, "a property or a value is expected here, found a condition")
}
