package odata

import (
	"slices"
	"strings"
)

// name reads what begins with a word: a function call, a property path, or a
// path that ends in a lambda.
func (p *parser) name() (Expr, error) {
	first := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.is("(") {
		return p.call(first)
	}
	path, word, err := p.path(first)
	if err != nil || word.kind == tokEnd {
		return path, err
	}
	return p.lambda(path, word)
}

// path reads the rest of a path whose first word is consumed. When the path
// ends in a word with an opening parenthesis, that word is returned too, and
// is not part of the path; otherwise the returned token is of kind tokEnd.
func (p *parser) path(first token) (Path, token, error) {
	var path Path
	none := token{kind: tokEnd}
	if slices.Contains(p.vars, first.text) {
		path.Var = first.text
	} else {
		path.Segments = []string{first.text}
	}
	for p.tok.is("/") {
		slash := p.tok
		if slash.pos != p.end {
			return path, none, fail(Syntax, slash.pos, "no space is allowed in a property path")
		}
		if err := p.advance(); err != nil {
			return path, none, err
		}
		t := p.tok
		switch {
		case t.pos != slash.end && t.kind != tokEnd:
			return path, none, fail(Syntax, t.pos, "no space is allowed in a property path")
		case t.kind == tokCount:
			path.Count = true
			if err := p.advance(); err != nil {
				return path, none, err
			}
			return path, none, p.node()
		case t.kind != tokWord:
			return path, none, fail(Syntax, t.pos, "a property name is expected, found %s", t)
		}
		if err := p.advance(); err != nil {
			return path, none, err
		}
		if p.tok.is("(") {
			return path, t, p.node()
		}
		if len(path.Segments) == maxPathSegments {
			return path, none, fail(Limit, t.pos, "a property path has more than %d names", maxPathSegments)
		}
		path.Segments = append(path.Segments, t.text)
	}
	return path, none, p.node()
}

// lambda reads "(x:condition)" or "()" behind a collection and "any" or "all".
func (p *parser) lambda(path Path, word token) (Expr, error) {
	e := Lambda{Path: path, Quantifier: Quantifier(strings.ToLower(word.text))}
	if e.Quantifier != Any && e.Quantifier != All {
		return nil, fail(UnknownFunction, word.pos, "%s is not a function of a collection (any, all)", word)
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.node(); err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil { // the parenthesis
		return nil, err
	}
	if p.tok.is(")") && e.Quantifier == Any {
		return e, p.advance()
	}
	v := p.tok
	if v.kind != tokWord || !isRangeVariable(v.text) {
		return nil, fail(Syntax, v.pos, "a variable is expected, as in %s(x:x eq 'a'), found %s", e.Quantifier, v)
	}
	if slices.Contains(p.vars, v.text) {
		return nil, fail(Syntax, v.pos, "the variable %s is already in use", v)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect(":", "after the variable"); err != nil {
		return nil, err
	}
	p.vars = append(p.vars, v.text)
	body, err := p.condition()
	p.vars = p.vars[:len(p.vars)-1]
	if err != nil {
		return nil, err
	}
	e.Var, e.Body = v.text, body
	return e, p.expect(")", "after the condition of "+string(e.Quantifier))
}

// isRangeVariable keeps the words out that could not be told from constants and
// operators inside the lambda.
func isRangeVariable(s string) bool {
	switch strings.ToLower(s) {
	case "not", "true", "false", "null":
		return false
	}
	return isIdentifier(s)
}

// call reads the arguments of a function whose name is consumed.
func (p *parser) call(name token) (Expr, error) {
	i := slices.IndexFunc(functions, func(f Func) bool { return name.word(string(f)) })
	if i < 0 {
		return nil, fail(UnknownFunction, name.pos, "the function %s is not known (startsWith, endsWith, contains, isof)", name)
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.node(); err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil { // the parenthesis
		return nil, err
	}
	e := Call{Func: functions[i]}
	var err error
	if e.Func == IsOf {
		err = p.typeArguments(&e)
	} else {
		err = p.textArguments(&e)
	}
	if err != nil {
		return nil, err
	}
	return e, p.expect(")", "after the arguments of "+string(e.Func))
}

var functions = []Func{StartsWith, EndsWith, Contains, IsOf}

// textArguments reads "property,'text'".
func (p *parser) textArguments(e *Call) error {
	pos := p.tok.pos
	x, err := p.prefix()
	if err != nil {
		return err
	}
	path, ok := x.(Path)
	if !ok || path.Count {
		return fail(Syntax, pos, "the first argument of %s must be a property", e.Func)
	}
	e.Path = path
	if err := p.expect(",", "after the first argument of "+string(e.Func)); err != nil {
		return err
	}
	if p.tok.kind != tokLiteral || p.tok.lit.Kind != String {
		return fail(Syntax, p.tok.pos, "the second argument of %s must be text in single quotes, found %s", e.Func, p.tok)
	}
	e.Arg = p.tok.lit.Text
	return p.advance()
}

// typeArguments reads "type" or "property,type", where the type may be quoted.
func (p *parser) typeArguments(e *Call) error {
	if typ, ok := p.typeName(); ok {
		e.Arg = typ
		return p.advance()
	}
	pos := p.tok.pos
	x, err := p.prefix()
	if err != nil {
		return err
	}
	path, ok := x.(Path)
	if !ok || path.Count {
		return fail(Syntax, pos, "isof needs a type, such as 'microsoft.graph.user'")
	}
	e.Path = path
	if err := p.expect(",", "after the first argument of isof"); err != nil {
		return err
	}
	typ, ok := p.typeName()
	if !ok {
		return fail(Syntax, p.tok.pos, "isof needs a type, such as 'microsoft.graph.user', found %s", p.tok)
	}
	e.Arg = typ
	return p.advance()
}

// typeName returns the type that the next token names: a word with a dot or a
// quoted one.
func (p *parser) typeName() (string, bool) {
	name := p.tok.text
	if p.tok.kind == tokLiteral && p.tok.lit.Kind == String {
		name = p.tok.lit.Text
	}
	return name, strings.Contains(name, ".") && isQualified(name)
}
