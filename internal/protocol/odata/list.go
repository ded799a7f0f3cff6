package odata

import (
	"slices"
	"strings"
)

// item is a part of a list, without the space around it.
type item struct {
	text string
	pos  int // offset in the list
}

// split cuts s at each sep that stands outside of quotes and parentheses.
func split(s string, sep byte) ([]item, error) {
	var items []item
	var open []int // offsets of the parentheses not yet closed
	start := 0
	cut := func(end int) {
		text := strings.TrimLeft(s[start:end], " \t\r\n")
		items = append(items, item{strings.TrimRight(text, " \t\r\n"), end - len(text)})
		start = end + 1
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'' || c == '"':
			end := closingQuote(s, i)
			if end < 0 {
				return nil, fail(Syntax, i, "the quote that begins here is never closed")
			}
			i = end
		case c == '(':
			open = append(open, i)
		case c == ')':
			if len(open) == 0 {
				return nil, fail(Syntax, i, "this parenthesis closes nothing")
			}
			open = open[:len(open)-1]
		case c == sep && len(open) == 0:
			cut(i)
		}
	}
	if len(open) > 0 {
		return nil, fail(Syntax, open[0], "the parenthesis is never closed")
	}
	cut(len(s))
	return items, nil
}

// closingQuote returns the offset of the quote that closes the one at i, or -1.
// Only the clauses of $search, in double quotes, escape with a backslash; a
// doubled single quote is two strings side by side here, which is as good.
func closingQuote(s string, i int) int {
	for j := i + 1; j < len(s); j++ {
		switch {
		case s[j] == '\\' && s[i] == '"':
			j++
		case s[j] == s[i]:
			return j
		}
	}
	return -1
}

// isPropertyPath reports whether s is names with slashes between.
func isPropertyPath(s string) bool {
	n := 0
	for name := range strings.SplitSeq(s, "/") {
		if n++; n > maxPathSegments || !isQualified(name) {
			return false
		}
	}
	return true
}

func parseSelect(s string) ([]string, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	items, err := split(s, ',')
	if err != nil {
		return nil, err
	}
	var selected []string
	for _, it := range items {
		switch {
		case it.text == "":
			return nil, fail(Syntax, it.pos, "a property name is expected")
		case it.text != "*" && !isPropertyPath(it.text):
			return nil, fail(Syntax, it.pos, "%s is not a property name", excerpt(it.text))
		case len(selected) == maxListItems:
			return nil, fail(Limit, it.pos, "there are more than %d properties", maxListItems)
		}
		if !slices.Contains(selected, it.text) {
			selected = append(selected, it.text)
		}
	}
	return selected, nil
}

func parseOrderBy(s string) ([]OrderTerm, error) {
	items, err := split(s, ',')
	if err != nil {
		return nil, err
	}
	if len(items) > maxOrderTerms {
		return nil, fail(Limit, -1, "there are more than %d terms", maxOrderTerms)
	}
	terms := make([]OrderTerm, 0, len(items))
	for _, it := range items {
		term, err := parseOrderTerm(it.text)
		if err != nil {
			return nil, within(err, "", it.pos)
		}
		terms = append(terms, term)
	}
	return terms, nil
}

// parseOrderTerm reads "property", "property asc" or "property desc".
func parseOrderTerm(s string) (OrderTerm, error) {
	words := strings.Fields(s)
	if len(words) == 0 {
		return OrderTerm{}, fail(Syntax, 0, "a property name is expected")
	}
	var term OrderTerm
	property := words[0]
	if before, ok := strings.CutSuffix(property, "/$count"); ok {
		property, term.Path.Count = before, true
	}
	if !isPropertyPath(property) {
		return OrderTerm{}, fail(Syntax, 0, "%s is not a property name", excerpt(property))
	}
	term.Path.Segments = strings.Split(property, "/")
	if len(words) == 1 {
		return term, nil
	}
	term.Desc = strings.EqualFold(words[1], "desc")
	if len(words) > 2 || (!term.Desc && !strings.EqualFold(words[1], "asc")) {
		return OrderTerm{}, fail(Syntax, 0, "a property name can be followed by asc or desc")
	}
	return term, nil
}

func parseExpand(s string, level int) ([]Expand, error) {
	if level > maxExpandDepth {
		return nil, fail(Limit, 0, "$expand nests deeper than %d levels", maxExpandDepth)
	}
	items, err := split(s, ',')
	if err != nil {
		return nil, err
	}
	var expands []Expand
	for _, it := range items {
		e, err := parseExpandItem(it.text, level)
		if err != nil {
			return nil, within(err, "", it.pos)
		}
		if len(expands) == maxListItems {
			return nil, fail(Limit, it.pos, "there are more than %d properties", maxListItems)
		}
		expands = append(expands, e)
	}
	return expands, nil
}

// parseExpandItem reads "owners", "owners/$ref" or "owners($select=id;$top=5)".
func parseExpandItem(s string, level int) (Expand, error) {
	property, options, nested := strings.Cut(s, "(")
	e := Expand{Property: strings.TrimRight(property, " \t\r\n")}
	e.Property, e.Ref = strings.CutSuffix(e.Property, "/$ref")
	if e.Property == "" {
		return Expand{}, fail(Syntax, 0, "a property name is expected")
	}
	if e.Property != "*" && !isPropertyPath(e.Property) {
		return Expand{}, fail(Syntax, 0, "%s is not a property name", excerpt(e.Property))
	}
	if !nested {
		return e, nil
	}
	options, closed := strings.CutSuffix(options, ")")
	if !closed {
		return Expand{}, fail(Syntax, len(property), "nothing can follow the options in parentheses")
	}
	offset := len(property) + 1
	items, err := split(options, ';')
	if err != nil {
		return Expand{}, within(err, "", offset)
	}
	e.Query = new(Query)
	for _, it := range items {
		if err := e.Query.setNested(it.text, level); err != nil {
			return Expand{}, within(err, "", offset+it.pos)
		}
	}
	return e, nil
}

// setNested reads "$select=id" inside the parentheses of $expand.
func (q *Query) setNested(s string, level int) error {
	name, value, ok := strings.Cut(s, "=")
	option, system := optionName(strings.TrimSpace(name))
	if !ok || !system {
		return fail(UnknownOption, 0, "%s is not an option with a value, such as $select=id", excerpt(s))
	}
	return within(q.set(option, value, level), "", len(name)+1)
}
