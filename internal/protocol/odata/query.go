package odata

import (
	"net/url"
	"strconv"
	"strings"
)

// Bounds of a query.
const (
	MaxQueryLength = 32 << 10 // bytes of the raw query, page token included
	maxParameters  = 100
	maxListItems   = 200 // of $select; users have some 130 properties
	maxOrderTerms  = 10
	maxExpandDepth = 4
)

// Query is a URL's query, read. Which of the options a resource supports, and
// which properties exist, is the caller's business.
type Query struct {
	// Select holds the items of $select in order, without repetitions: property
	// paths as written ("displayName", "web/redirectUris") or "*". It is nil when
	// the option is missing or empty, which both mean the default set.
	Select []string
	Filter Expr // nil without $filter
	Expand []Expand
	// Top and Skip are nil when not given. They may be negative or too large:
	// the answer names the range, which depends on the resource.
	Top, Skip *int
	OrderBy   []OrderTerm
	Count     bool
	Search    SearchExpr // nil without $search
	SkipToken string
	// DeltaToken is the value of $deltatoken, "latest" included.
	DeltaToken string
	// Format, Apply and Levels are kept as written; Levels only occurs inside
	// $expand.
	Format, Apply, Levels string
	// ID is the value of $id, the reference in DELETE …/$ref?$id=….
	ID string

	// Options lists the system options in the order given, names in lower case
	// with "$", values decoded: what a next link repeats.
	Options []Option
	// Custom lists every other parameter as given, decoded.
	Custom []Option
}

// Option is a parameter of a query.
type Option struct {
	Name, Value string
}

// Expand is one item of $expand.
type Expand struct {
	// Property is the navigation property as written, possibly with a type cast
	// behind it ("members/microsoft.graph.user"), or "*".
	Property string
	// Ref says that only references are wanted (owners/$ref).
	Ref bool
	// Query has the options in parentheses behind the property; nil if there
	// are no parentheses.
	Query *Query
}

// OrderTerm is one item of $orderby.
type OrderTerm struct {
	Path Path
	Desc bool
}

// Has reports whether the system option was given, even with an empty value.
// The name is in lower case, with "$".
func (q *Query) Has(name string) bool {
	_, ok := q.Raw(name)
	return ok
}

// Raw returns the decoded text of a system option.
func (q *Query) Raw(name string) (string, bool) {
	for _, o := range q.Options {
		if o.Name == name {
			return o.Value, true
		}
	}
	return "", false
}

// Parse reads the raw query of a URL, without the question mark. Names of
// system options are taken in any letter case, with or without "$"; an unknown
// name with "$" and an option given twice are refused, other parameters are
// kept apart. A plus sign means a space. The error is an *Error.
//
// OData 4.0 Part 2 §5; learn.microsoft.com/graph/query-parameters.
func Parse(rawQuery string) (*Query, error) {
	if len(rawQuery) > MaxQueryLength {
		return nil, within(fail(Limit, -1, "the query is longer than %d bytes", MaxQueryLength), "query", 0)
	}
	q := new(Query)
	pos := 0
	for raw := range strings.SplitSeq(rawQuery, "&") {
		start := pos
		pos += len(raw) + 1
		if raw == "" {
			continue
		}
		name, value, err := decodeParameter(raw)
		if err != nil {
			return nil, within(err, "query", start)
		}
		if len(q.Options)+len(q.Custom) == maxParameters {
			return nil, within(fail(Limit, start, "there are more than %d parameters", maxParameters), "query", 0)
		}
		option, system := optionName(name)
		if !system {
			if strings.HasPrefix(name, "$") {
				return nil, within(fail(UnknownOption, start, "the query option %s is not known", excerpt(name)), "query", 0)
			}
			q.Custom = append(q.Custom, Option{name, value})
			continue
		}
		if err := q.set(option, value, 0); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// decodeParameter undoes the percent-encoding of name=value. net/url.ParseQuery
// is not used because it drops parameters with a semicolon, which $expand has.
func decodeParameter(raw string) (name, value string, err error) {
	rawName, rawValue, _ := strings.Cut(raw, "=")
	name, err = unescapeQuery(rawName)
	if err != nil {
		return "", "", err
	}
	value, err = unescapeQuery(rawValue)
	if err != nil {
		return "", "", within(err, "", len(rawName)+1)
	}
	return name, value, nil
}

func unescapeQuery(raw string) (string, error) {
	s, err := url.QueryUnescape(raw)
	if err != nil {
		return "", fail(Encoding, badEscape(raw), "a percent sign is not followed by two hexadecimal digits")
	}
	if err := checkText(s); err != nil {
		// The offset in s means little to who sees the escaped text.
		return "", placed(err, 0)
	}
	return s, nil
}

// badEscape returns the offset of the first malformed percent-encoding.
func badEscape(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return i
		}
		i += 2
	}
	return -1
}

// optionName returns the canonical name of a system option.
func optionName(name string) (string, bool) {
	switch bare := strings.ToLower(strings.TrimPrefix(name, "$")); bare {
	case "select", "filter", "expand", "top", "skip", "orderby", "count", "search",
		"skiptoken", "deltatoken", "format", "apply":
		return "$" + bare, true
	case "id", "levels":
		// These are plain words that a custom parameter may well be called.
		return "$" + bare, strings.HasPrefix(name, "$")
	}
	return "", false
}

// set reads one option. level is 0 for the query of a URL and grows with each
// $expand around it.
func (q *Query) set(option, value string, level int) error {
	if q.Has(option) {
		return within(fail(DuplicateOption, -1, "the query option %s is given twice", option), option, 0)
	}
	if !allowedAt(option, level) {
		return within(fail(UnknownOption, -1, "the query option %s cannot stand here", option), option, 0)
	}
	q.Options = append(q.Options, Option{option, value})
	return within(q.read(option, value, level), option, 0)
}

// allowedAt reports whether an option may stand in the query of a URL (level 0)
// or inside the parentheses of $expand (OData ABNF, rule expandOption).
func allowedAt(option string, level int) bool {
	switch option {
	case "$select", "$filter", "$expand", "$top", "$skip", "$orderby", "$count", "$search":
		return true
	case "$levels":
		return level > 0
	}
	return level == 0
}

func (q *Query) read(option, value string, level int) (err error) {
	switch option {
	case "$select":
		q.Select, err = parseSelect(value)
	case "$filter":
		q.Filter, err = parseFilter(value)
	case "$expand":
		q.Expand, err = parseExpand(value, level+1)
	case "$top":
		q.Top, err = parseInt(value)
	case "$skip":
		q.Skip, err = parseInt(value)
	case "$orderby":
		q.OrderBy, err = parseOrderBy(value)
	case "$count":
		q.Count, err = parseBool(value)
	case "$search":
		q.Search, err = parseSearch(value)
	case "$skiptoken":
		q.SkipToken = value
	case "$deltatoken":
		q.DeltaToken = value
	case "$format":
		q.Format = value
	case "$apply":
		q.Apply = value
	case "$levels":
		q.Levels = value
	case "$id":
		q.ID = value
	}
	return err
}

func parseInt(s string) (*int, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
	if err != nil {
		return nil, fail(Value, -1, "%s is not a whole number", excerpt(s))
	}
	i := int(n)
	return &i, nil
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fail(Value, -1, "%s is neither true nor false", excerpt(s))
}
