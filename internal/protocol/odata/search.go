package odata

import "strings"

// Bounds of $search.
const (
	MaxSearchLength = 4 << 10 // bytes of the decoded text
	maxSearchTerms  = 50
)

// SearchExpr is a node of a search: SearchTerm or SearchLogical.
type SearchExpr interface {
	// String prints the search in canonical form; ParseSearch gives an equal
	// tree.
	String() string
	searchExpr()
}

// SearchTerm is one clause in double quotes: "displayName:foo".
type SearchTerm struct {
	// Property is what stands before the first colon; "" if there is no colon,
	// which directory objects do not accept.
	Property string
	// Value is the text searched for, not empty.
	Value string
}

// SearchLogical joins two or more clauses. Chains of one operator are flat.
type SearchLogical struct {
	Op    LogicalOp
	Terms []SearchExpr
}

func (SearchTerm) searchExpr()    {}
func (SearchLogical) searchExpr() {}

var searchEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// String implements SearchExpr.
func (t SearchTerm) String() string {
	text := t.Value
	if t.Property != "" {
		text = t.Property + ":" + t.Value
	}
	return `"` + searchEscaper.Replace(text) + `"`
}

// String implements SearchExpr.
func (l SearchLogical) String() string {
	var b strings.Builder
	for i, t := range l.Terms {
		if i > 0 {
			b.WriteString(" " + strings.ToUpper(string(l.Op)) + " ")
		}
		if inner, ok := t.(SearchLogical); ok && inner.Op == Or {
			b.WriteString("(" + t.String() + ")")
		} else {
			b.WriteString(t.String())
		}
	}
	return b.String()
}

// ParseSearch reads the value of $search: clauses in double quotes, joined by
// AND and OR in upper case, AND binding tighter, with parentheses. Inside a
// clause, a double quote and a backslash are escaped with a backslash. The
// error is an *Error with Option "$search".
//
// learn.microsoft.com/graph/search-query-parameter, "directory object
// collections".
func ParseSearch(text string) (SearchExpr, error) {
	e, err := parseSearch(text)
	if err != nil {
		return nil, within(err, "$search", 0)
	}
	return e, nil
}

func parseSearch(text string) (SearchExpr, error) {
	if len(text) > MaxSearchLength {
		return nil, fail(Limit, -1, "the search is longer than %d bytes", MaxSearchLength)
	}
	if err := checkText(text); err != nil {
		return nil, err
	}
	p := searchParser{src: text}
	e, err := p.joined(Or)
	if err != nil {
		return nil, err
	}
	if !p.atEnd() {
		return nil, fail(Syntax, p.pos, "AND or OR (in upper case) is expected, found %s", excerpt(text[p.pos:]))
	}
	// As for filters: what String prints must be readable again.
	if len(text) > MaxSearchLength/2 && len(e.String()) > MaxSearchLength {
		return nil, fail(Limit, -1, "the search is longer than %d bytes", MaxSearchLength)
	}
	return e, nil
}

type searchParser struct {
	src   string
	pos   int
	depth int
	terms int
}

// atEnd skips space and reports whether nothing is left.
func (p *searchParser) atEnd() bool {
	for p.pos < len(p.src) && isSpace(p.src[p.pos]) {
		p.pos++
	}
	return p.pos == len(p.src)
}

// operator consumes the operator if it is next.
func (p *searchParser) operator(op LogicalOp) bool {
	word := strings.ToUpper(string(op))
	if p.atEnd() || !strings.HasPrefix(p.src[p.pos:], word) {
		return false
	}
	if end := p.pos + len(word); end < len(p.src) && isWordByte(p.src[end]) {
		return false
	}
	p.pos += len(word)
	return true
}

// joined reads a chain of op; the members of an OR chain are AND chains.
func (p *searchParser) joined(op LogicalOp) (SearchExpr, error) {
	member := p.primary
	if op == Or {
		member = func() (SearchExpr, error) { return p.joined(And) }
	}
	chain := SearchLogical{Op: op}
	for {
		e, err := member()
		if err != nil {
			return nil, err
		}
		if inner, ok := e.(SearchLogical); ok && inner.Op == op {
			chain.Terms = append(chain.Terms, inner.Terms...)
		} else {
			chain.Terms = append(chain.Terms, e)
		}
		if !p.operator(op) {
			break
		}
	}
	if len(chain.Terms) == 1 {
		return chain.Terms[0], nil
	}
	return chain, nil
}

func (p *searchParser) primary() (SearchExpr, error) {
	if p.atEnd() {
		return nil, fail(Syntax, p.pos, "a clause in double quotes is expected, as in \"displayName:foo\"")
	}
	switch p.src[p.pos] {
	case '"':
		return p.clause()
	case '(':
		return p.group()
	}
	return nil, fail(Syntax, p.pos, "a clause must stand in double quotes, found %s", excerpt(p.src[p.pos:]))
}

func (p *searchParser) group() (SearchExpr, error) {
	open := p.pos
	p.depth++
	if p.depth > MaxFilterDepth {
		return nil, fail(Limit, open, "the search nests deeper than %d levels", MaxFilterDepth)
	}
	defer func() { p.depth-- }()
	p.pos++
	e, err := p.joined(Or)
	if err != nil {
		return nil, err
	}
	if p.atEnd() {
		return nil, fail(Syntax, open, "the parenthesis is never closed")
	}
	if p.src[p.pos] != ')' {
		return nil, fail(Syntax, p.pos, "AND or OR (in upper case) is expected, found %s", excerpt(p.src[p.pos:]))
	}
	p.pos++
	return e, nil
}

// clause reads one clause; the opening quote is at the position.
func (p *searchParser) clause() (SearchExpr, error) {
	start := p.pos
	end := closingQuote(p.src, start)
	if end < 0 {
		return nil, fail(Syntax, start, "the quote that begins here is never closed")
	}
	if p.terms++; p.terms > maxSearchTerms {
		return nil, fail(Limit, start, "the search has more than %d clauses", maxSearchTerms)
	}
	p.pos = end + 1
	text, err := unescapeClause(p.src[start+1 : end])
	if err != nil {
		return nil, within(err, "", start+1)
	}
	property, value, colon := strings.Cut(text, ":")
	if !colon {
		property, value = "", text
	} else if !isPropertyPath(property) {
		return nil, fail(Syntax, start+1, "%s before the colon is not a property name", excerpt(property))
	}
	value = strings.TrimSpace(value)
	if value == "" {
		return nil, fail(Syntax, start, "the clause has nothing to search for")
	}
	return SearchTerm{Property: property, Value: value}, nil
}

func unescapeClause(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i++; i == len(s) || (s[i] != '"' && s[i] != '\\') {
				return "", fail(Syntax, i-1, "a backslash escapes only a double quote or a backslash")
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), nil
}
