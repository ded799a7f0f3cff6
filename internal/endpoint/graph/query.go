package graph

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

const (
	defaultTop = 100
	maxTop     = 999
)

var noQuery = &odata.Query{}

// checkOptions holds the options against what no resource here supports.
func (c *call) checkOptions() error {
	q := c.query
	switch {
	case q.Has("$skip"):
		return parseError("'$skip' is not supported by the service.")
	case q.Has("$apply"):
		return parseError("'$apply' is not supported by the service.")
	case q.Has("$deltatoken"):
		return parseError("'$deltatoken' is not supported by the service.")
	case q.Count && !c.eventual():
		return unsupported("$count is not currently supported without the header ConsistencyLevel: eventual.")
	case q.Search != nil && !c.eventual():
		return unsupported("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	case q.Top != nil && (*q.Top < 1 || *q.Top > maxTop):
		return parseError("Invalid page size specified: '%d'. Must be between 1 and %d inclusive.", *q.Top, maxTop)
	}
	return nil
}

// listOptions turns the query of a collection into what a store understands.
func (e *entity[T]) listOptions(c *call) (directory.ListOptions, error) {
	o := directory.ListOptions{Limit: defaultTop, Count: c.query.Count}
	if c.query.Top != nil {
		o.Limit = *c.query.Top
	}
	if len(c.query.Expand) > 0 {
		// Each object of the page costs reads of its own.
		o.Limit = min(o.Limit, defaultTop)
	}
	var err error
	if o.Filter, err = e.filterExpr(c); err != nil {
		return o, err
	}
	if len(c.query.OrderBy) > 1 {
		return o, unsupported("Sorting by more than one property is not supported.")
	}
	for _, term := range c.query.OrderBy {
		prop := e.at(term.Path)
		if prop == nil {
			return o, e.noProperty(pathText(term.Path))
		}
		if hidden(c, prop) {
			return o, denied(textDenied)
		}
		if !prop.sort {
			return o, unsupported("Sorting is not supported for property '%s'.", prop.name)
		}
		o.OrderBy, o.Desc = prop.name, term.Desc
	}
	o.After, err = c.readPageToken()
	return o, err
}

// filterExpr holds $filter and $search against the properties and writes their
// names as the tables do.
func (e *entity[T]) filterExpr(c *call) (odata.Expr, error) {
	var terms []odata.Expr
	if c.query.Filter != nil {
		f, err := e.checked(c, c.query.Filter, nil)
		if err != nil {
			return nil, err
		}
		terms = append(terms, f)
	}
	if c.query.Search != nil {
		f, err := e.searched(c, c.query.Search)
		if err != nil {
			return nil, err
		}
		terms = append(terms, f)
	}
	switch len(terms) {
	case 0:
		return nil, nil
	case 1:
		return terms[0], nil
	}
	return odata.Logical{Op: odata.And, Terms: terms}, nil
}

// at finds the property that a path names, nil if it names no filterable or
// sortable one. Members of complex values have rows of their own ("web/…").
func (e *entity[T]) at(p odata.Path) *property[T] {
	if p.Var != "" || len(p.Segments) == 0 {
		return nil
	}
	return e.find(strings.Join(p.Segments, "/"))
}

func pathText(p odata.Path) string { return strings.Join(p.Segments, "/") }

// checkedPath allows a path only if the table lets it be filtered by. inner is
// the range variable of a surrounding any or all, whose members are checked by
// the store.
func (e *entity[T]) checkedPath(c *call, p odata.Path, inner map[string]bool) (odata.Path, error) {
	if inner[p.Var] && p.Var != "" {
		return p, nil
	}
	prop := e.at(p)
	if prop == nil {
		return p, e.noProperty(pathText(p))
	}
	if hidden(c, prop) {
		return p, denied(textDenied)
	}
	if !prop.filter {
		return p, &directory.UnsupportedQuery{Property: prop.name}
	}
	p.Segments = strings.Split(prop.name, "/")
	return p, nil
}

func (e *entity[T]) checked(c *call, x odata.Expr, inner map[string]bool) (odata.Expr, error) {
	switch x := x.(type) {
	case odata.Logical:
		terms := make([]odata.Expr, len(x.Terms))
		for i, t := range x.Terms {
			var err error
			if terms[i], err = e.checked(c, t, inner); err != nil {
				return nil, err
			}
		}
		return odata.Logical{Op: x.Op, Terms: terms}, nil
	case odata.Not:
		y, err := e.checked(c, x.X, inner)
		return odata.Not{X: y}, err
	case odata.Comparison:
		l, err := e.checked(c, x.Left, inner)
		if err != nil {
			return nil, err
		}
		r, err := e.checked(c, x.Right, inner)
		return odata.Comparison{Op: x.Op, Left: l, Right: r}, err
	case odata.In:
		p, err := e.checkedPath(c, x.Left, inner)
		return odata.In{Left: p, List: x.List}, err
	case odata.Call:
		if x.Func == odata.IsOf {
			return nil, unsupported("The function isof is not supported.")
		}
		p, err := e.checkedPath(c, x.Path, inner)
		return odata.Call{Func: x.Func, Path: p, Arg: x.Arg}, err
	case odata.Lambda:
		return e.checkedLambda(c, x, inner)
	case odata.Path:
		return e.checkedPath(c, x, inner)
	case odata.Literal:
		return x, nil
	}
	return nil, unsupported("The filter is not supported.")
}

func (e *entity[T]) checkedLambda(c *call, x odata.Lambda, inner map[string]bool) (odata.Expr, error) {
	p, err := e.checkedPath(c, x.Path, inner)
	if err != nil || x.Body == nil {
		return odata.Lambda{Path: p, Quantifier: x.Quantifier, Var: x.Var}, err
	}
	within := map[string]bool{x.Var: true}
	for v := range inner {
		within[v] = true
	}
	body, err := e.checked(c, x.Body, within)
	return odata.Lambda{Path: p, Quantifier: x.Quantifier, Var: x.Var, Body: body}, err
}

// searched turns a search into a filter: a clause matches what begins with its
// text.
func (e *entity[T]) searched(c *call, x odata.SearchExpr) (odata.Expr, error) {
	switch x := x.(type) {
	case odata.SearchTerm:
		if x.Property == "" {
			return nil, parseError("Unrecognized clause in $search: name a property, as in \"displayName:text\".")
		}
		p, err := e.checkedPath(c, odata.Path{Segments: []string{x.Property}}, nil)
		return odata.Call{Func: odata.StartsWith, Path: p, Arg: x.Value}, err
	case odata.SearchLogical:
		terms := make([]odata.Expr, len(x.Terms))
		for i, t := range x.Terms {
			var err error
			if terms[i], err = e.searched(c, t); err != nil {
				return nil, err
			}
		}
		return odata.Logical{Op: x.Op, Terms: terms}, nil
	}
	return nil, unsupported("The search is not supported.")
}

// list replies with a page of a collection.
func list[T any](c *call, e *entity[T], fetch func(context.Context, directory.TenantID, directory.ListOptions) (directory.Page[*T], error)) (*reply, error) {
	p, err := e.project(c, false)
	if err != nil {
		return nil, err
	}
	o, err := e.listOptions(c)
	if err != nil {
		return nil, err
	}
	page, err := fetch(c.ctx, c.tenant(), o)
	if err != nil {
		return nil, err
	}
	items := make([]object, len(page.Items))
	for i, t := range page.Items {
		if items[i], err = p.render(c, t); err != nil {
			return nil, err
		}
		if c.level == fullMetadata {
			items[i] = c.typed(e.kind, items[i])
		}
	}
	var count *int
	if c.query.Count {
		count = &page.Total
	}
	next := ""
	if page.Next != (directory.Cursor{}) {
		next = c.nextLink(page.Next)
	}
	return c.pageReply(p.context, items, count, next), nil
}

// values adapts a store that lists values.
func values[T any](fetch func(context.Context, directory.TenantID, directory.ListOptions) (directory.Page[T], error)) func(context.Context, directory.TenantID, directory.ListOptions) (directory.Page[*T], error) {
	return func(ctx context.Context, t directory.TenantID, o directory.ListOptions) (directory.Page[*T], error) {
		page, err := fetch(ctx, t, o)
		out := directory.Page[*T]{Next: page.Next, Total: page.Total}
		for i := range page.Items {
			out.Items = append(out.Items, &page.Items[i])
		}
		return out, err
	}
}

// total replies to GET …/$count.
func total[T any](c *call, e *entity[T], fetch func(context.Context, directory.TenantID, directory.ListOptions) (directory.Page[*T], error)) (*reply, error) {
	if !c.eventual() {
		return nil, unsupported("$count is not currently supported without the header ConsistencyLevel: eventual.")
	}
	filter, err := e.filterExpr(c)
	if err != nil {
		return nil, err
	}
	page, err := fetch(c.ctx, c.tenant(), directory.ListOptions{Filter: filter, Limit: 1, Count: true})
	if err != nil {
		return nil, err
	}
	return &reply{status: 200, plain: strconv.Itoa(page.Total)}, nil
}

// pageToken is what a $skiptoken holds. It names a position, not a number of
// objects, so that writes between two pages shift nothing.
type pageToken struct {
	Value string `json:"v"`
	ID    string `json:"i"`
}

const pageMAC = 16 // bytes

// nextLink repeats the options of the request and adds the position.
func (c *call) nextLink(after directory.Cursor) string {
	body, err := json.Marshal(pageToken{after.Value, after.ID})
	if err != nil { // cannot happen: two strings
		return ""
	}
	token := base64.RawURLEncoding.EncodeToString(append(c.pageSum(body), body...))
	var b strings.Builder
	b.WriteString(c.base() + strings.TrimPrefix(c.r.URL.EscapedPath(), versionPrefix(c.r.URL.EscapedPath())))
	sep := "?"
	for _, o := range c.query.Options {
		if o.Name == "$skiptoken" {
			continue
		}
		b.WriteString(sep + o.Name + "=" + url.QueryEscape(o.Value))
		sep = "&"
	}
	b.WriteString(sep + "$skiptoken=" + token)
	return b.String()
}

// versionPrefix is the first segment of a path, with its slash.
func versionPrefix(path string) string {
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return path[:i+1]
	}
	return path
}

// pageSum authenticates a token and binds it to the tenant, the collection and
// the options: a token of another query would begin in the middle of an order
// that it does not belong to, and one of another tenant must not even be
// looked at.
func (c *call) pageSum(body []byte) []byte {
	mac := hmac.New(sha256.New, c.api.PageKey)
	part := func(s string) {
		mac.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
	}
	part(c.tenant().String())
	part(c.path)
	for _, name := range []string{"$filter", "$orderby", "$search"} {
		value, _ := c.query.Raw(name)
		part(value)
	}
	part(string(body))
	return mac.Sum(nil)[:pageMAC]
}

func (c *call) readPageToken() (directory.Cursor, error) {
	if !c.query.Has("$skiptoken") {
		return directory.Cursor{}, nil
	}
	bad := parseError("The skip token is not valid for this request.")
	raw, err := base64.RawURLEncoding.DecodeString(c.query.SkipToken)
	if err != nil || len(raw) < pageMAC {
		return directory.Cursor{}, bad
	}
	sum, body := raw[:pageMAC], raw[pageMAC:]
	if !hmac.Equal(sum, c.pageSum(body)) {
		return directory.Cursor{}, bad
	}
	var token pageToken
	if err := json.Unmarshal(body, &token); err != nil {
		return directory.Cursor{}, bad
	}
	return directory.Cursor{Value: token.Value, ID: token.ID}, nil
}
