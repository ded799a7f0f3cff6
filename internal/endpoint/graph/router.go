package graph

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// A row is what the tables in routes.go say of a route.
type row struct {
	method string
	// path is a pattern below the version: names, and {…} where a key stands,
	// written either as a segment of its own or in parentheses behind the name.
	path string
	// delegated and app are the permissions of the two kinds of tokens, in the
	// notation of allow, or noPermission.
	delegated, app string
	right          right // of the person of a delegated call; noRight where none is served
	handle         func(*call) (*reply, error)
	flags          routeFlag
}

// A route is a row whose permissions were read.
type route struct {
	row
	delegatedNeeds, appNeeds permission
}

type routeFlag uint8

const (
	me       routeFlag = 1 << iota // the signed-in user's own resources
	open                           // served without a token
	noBody                         // a write whose body may be missing
	ownKeys                        // an application may do it to itself without a permission
	operator                       // for applications of the operator's tenant alone
)

func (r row) has(f routeFlag) bool { return r.flags&f != 0 }

func (r row) reads() bool { return r.method == http.MethodGet }

// declare reads the permissions of a row.
func (r *route) declare() (err error) {
	if r.has(open) {
		return nil
	}
	if r.delegated == "" || r.app == "" || r.delegated == noPermission && r.app == noPermission {
		return fmt.Errorf("%w: %s %s", errNoPermission, r.method, r.path)
	}
	if r.delegated != noPermission {
		if r.delegatedNeeds, err = allow(r.delegated); err != nil {
			return err
		}
		if err := r.declareRight(); err != nil {
			return err
		}
	}
	if r.app != noPermission {
		r.appNeeds, err = allow(r.app)
	}
	return err
}

// declareRight refuses a row whose right nobody declared, or whose path does not
// tell what the right asks for.
func (r *route) declareRight() error {
	h, ok := rights[r.right]
	owned := strings.HasPrefix(r.path, "/applications/{id}") || strings.HasPrefix(r.path, "/servicePrincipals/{id}")
	own := r.has(me) || strings.HasPrefix(r.path, "/users/{id}") || strings.HasPrefix(r.path, "/oauth2PermissionGrants/{id}")
	if !ok || h.owners && !owned || h.self && !own {
		return fmt.Errorf("%w: %s %s for people", errNoPermission, r.method, r.path)
	}
	return nil
}

// A key is what a path says in the place of a {…}.
type key struct {
	name  string // "appId" in applications(appId='…'), else ""
	value string
}

// node is a place in the tree of routes.
type node struct {
	names   map[string]*node // by lower-case segment
	key     *node
	methods map[string]*route
}

// newRouter builds the tree, and the routes by method and pattern.
func newRouter(rows []row) (*node, map[string]*route, error) {
	root, routes := &node{}, map[string]*route{}
	for _, declared := range rows {
		r := &route{row: declared}
		if err := r.declare(); err != nil {
			return nil, nil, err
		}
		n := root
		for _, part := range strings.Split(strings.TrimPrefix(r.path, "/"), "/") {
			n = n.child(part)
		}
		if n.methods == nil {
			n.methods = map[string]*route{}
		}
		if n.methods[r.method] != nil {
			return nil, nil, fmt.Errorf("graph: two routes for %s %s", r.method, r.path)
		}
		n.methods[r.method] = r
		routes[r.method+" "+r.path] = r
	}
	return root, routes, nil
}

func (n *node) child(part string) *node {
	if strings.HasPrefix(part, "{") {
		if n.key == nil {
			n.key = &node{}
		}
		return n.key
	}
	part = strings.ToLower(part)
	if n.names == nil {
		n.names = map[string]*node{}
	}
	if n.names[part] == nil {
		n.names[part] = &node{}
	}
	return n.names[part]
}

// match finds the place that a path names. Where a name and a key are both
// possible, the name wins: no object is called "$count" or "getByIds". Without
// a match, unknown is the first segment that leads nowhere.
func (n *node) match(segments []odata.Segment) (at *node, keys []key, unknown string) {
	for i, s := range segments {
		next := n.names[strings.ToLower(s.Text)]
		if next == nil {
			next = n.names[strings.ToLower(s.Name)]
		}
		if next != nil && s.Kind != odata.CallSegment {
			n = next
			continue
		}
		if s.Kind == odata.CallSegment {
			name, value, ok := s.Key()
			if next == nil || next.key == nil || !ok {
				return nil, nil, s.Text
			}
			n = next.key
			keys = append(keys, key{name, value})
			continue
		}
		if n.key == nil || s.Kind == odata.SystemSegment || i == 0 {
			return nil, nil, s.Text
		}
		n = n.key
		keys = append(keys, key{"", s.Text})
	}
	if len(n.methods) == 0 {
		return nil, nil, segments[len(segments)-1].Text
	}
	return n, keys, ""
}

// allowed lists the methods of a place, for the Allow header.
func (n *node) allowed() string {
	var list []string
	for m := range n.methods {
		list = append(list, m)
	}
	slices.Sort(list)
	return strings.Join(append(list, http.MethodOptions), ", ")
}
