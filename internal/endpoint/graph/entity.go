package graph

import (
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// An entity is a type of Graph: its properties, and what can be expanded.
type entity[T any] struct {
	kind  string // type name without the namespace: "application"
	set   string // name of the collection, for @odata.context
	props []property[T]
	// expands names the relations that $expand may show (see call.related). Each
	// is also a route below path, whose permissions the caller needs as well.
	expands []string
	path    string         // "/applications/{id}"
	byName  map[string]int // lower-case property name
}

func newEntity[T any](kind, set string, props []property[T]) *entity[T] {
	e := &entity[T]{kind: kind, set: set, props: props, byName: map[string]int{}}
	for i, p := range props {
		e.byName[strings.ToLower(p.name)] = i
	}
	return e
}

func (e *entity[T]) expanding(path string, names ...string) *entity[T] {
	e.path, e.expands = path, names
	return e
}

func (e *entity[T]) find(name string) *property[T] {
	if i, ok := e.byName[strings.ToLower(name)]; ok {
		return &e.props[i]
	}
	return nil
}

func (e *entity[T]) noProperty(name string) *Error {
	return badRequest("Could not find a property named '%s' on type 'microsoft.graph.%s'.", quotable(name), e.kind)
}

// projection is what a reply shows of an entity.
type projection[T any] struct {
	entity  *entity[T]
	props   []*property[T]
	named   bool // by $select, as opposed to the default set
	alone   bool // for a single object
	context string
	expand  []expansion
}

type expansion struct {
	name  string
	limit int
	props map[string]bool // of a nested $select; nil: all
}

// maxExpanded is how many members of a relation $expand shows.
const maxExpanded = 20

// project reads $select and $expand. Only declared properties can be named; a
// caller with basic rights sees only basic ones.
func (e *entity[T]) project(c *call, alone bool) (*projection[T], error) {
	p := &projection[T]{entity: e, alone: alone, context: e.set}
	if err := p.selectProperties(c); err != nil {
		return nil, err
	}
	for _, x := range c.query.Expand {
		name, ok := e.expandable(x.Property)
		if !ok {
			return nil, parseError("Could not find a navigation property named '%s' on type 'microsoft.graph.%s' that can be expanded.", quotable(x.Property), e.kind)
		}
		if len(p.expand) > 0 || x.Ref {
			return nil, parseError("Only one property can be expanded in a request.")
		}
		if !c.mayRead(e.path + "/" + name) {
			return nil, denied(textDenied)
		}
		ex := expansion{name: name, limit: maxExpanded}
		if x.Query != nil {
			if err := ex.nested(x.Query); err != nil {
				return nil, err
			}
		}
		p.expand = append(p.expand, ex)
		p.context += "(" + name + "())"
	}
	return p, nil
}

func (e *entity[T]) expandable(name string) (string, bool) {
	for _, known := range e.expands {
		if strings.EqualFold(known, name) {
			return known, true
		}
	}
	return "", false
}

func (x *expansion) nested(q *odata.Query) error {
	for _, o := range q.Options {
		if o.Name != "$select" && o.Name != "$top" {
			return parseError("The query option %s is not supported inside $expand.", o.Name)
		}
	}
	if q.Top != nil {
		if *q.Top < 1 || *q.Top > maxExpanded {
			return parseError("Inside $expand, $top must be between 1 and %d.", maxExpanded)
		}
		x.limit = *q.Top
	}
	if q.Select != nil {
		x.props = map[string]bool{}
		for _, s := range q.Select {
			x.props[strings.ToLower(s)] = true
		}
	}
	return nil
}

func (p *projection[T]) selectProperties(c *call) error {
	e := p.entity
	var names []string
	star := len(c.query.Select) == 0
	seen := map[string]bool{}
	for _, item := range c.query.Select {
		if item == "*" {
			star = true
			continue
		}
		if _, ok := e.expandable(item); ok {
			continue // $select may name what $expand shows
		}
		// A path selects the property it begins with: members of complex values
		// are not shown one by one.
		head, _, _ := strings.Cut(item, "/")
		prop := e.find(head)
		if prop == nil {
			return e.noProperty(item)
		}
		if hidden(c, prop) {
			return denied(textDenied)
		}
		if !seen[prop.name] {
			seen[prop.name] = true
			names = append(names, prop.name)
			p.props = append(p.props, prop)
		}
	}
	if !star {
		p.named = true
		p.context += "(" + strings.Join(names, ",") + ")"
		return nil
	}
	for i := range e.props {
		if prop := &e.props[i]; !prop.explicit && !seen[prop.name] && !hidden(c, prop) {
			p.props = append(p.props, prop)
		}
	}
	return nil
}

// hidden reports whether the caller must not learn the property, neither by
// selecting it nor by a filter.
func hidden[T any](c *call, p *property[T]) bool {
	return c.basicOnly && !p.basic || c.publicOnly && p.sensitive
}

// render shows one object.
func (p *projection[T]) render(c *call, t *T) (object, error) {
	out := make(object, 0, len(p.props)+len(p.expand))
	for _, prop := range p.props {
		get := prop.get
		if p.alone && p.named && prop.alone != nil {
			get = prop.alone
		}
		out = append(out, member{prop.name, get(t)})
	}
	for _, x := range p.expand {
		items, err := c.related(t, x.name)
		if err != nil {
			return nil, err
		}
		if len(items) > x.limit {
			items = items[:x.limit]
		}
		out = append(out, member{x.name, narrowed(items, x.props)})
	}
	return out, nil
}

// narrowed keeps the selected members of expanded objects, and annotations.
func narrowed(items []object, props map[string]bool) []object {
	out := make([]object, len(items))
	for i, o := range items {
		if props == nil {
			out[i] = o
			continue
		}
		out[i] = object{}
		for _, m := range o {
			if props[strings.ToLower(m.name)] || strings.HasPrefix(m.name, "@") {
				out[i] = append(out[i], m)
			}
		}
	}
	return out
}

// whole shows an object's default set without regard to the request: for
// relations and for replies to creations.
func (e *entity[T]) whole(t *T) object {
	out := make(object, 0, len(e.props))
	for i := range e.props {
		if p := &e.props[i]; !p.explicit {
			out = append(out, member{p.name, p.get(t)})
		}
	}
	return out
}

func wholeList[T any](e *entity[T], list []T) []object {
	out := []object{}
	for i := range list {
		out = append(out, e.whole(&list[i]))
	}
	return out
}

// related shows a relation of an object, for $expand.
func (c *call) related(of any, name string) ([]object, error) {
	switch o := of.(type) {
	case *application:
		if name == "owners" {
			return c.owners(o.Owners[:min(len(o.Owners), maxExpanded)])
		}
		return wholeList(federatedEntity, o.Federated), nil
	case *servicePrincipal:
		switch name {
		case "owners":
			return c.owners(o.Owners[:min(len(o.Owners), maxExpanded)])
		case "appRoleAssignments":
			list, err := c.api.Assignments.AppRoleAssignmentsOf(c.ctx, c.tenant(), o.ID)
			return wholeList(assignmentEntity, list), err
		}
		page, err := c.api.Assignments.AppRoleAssignedTo(c.ctx, c.tenant(), o.ID, directory.ListOptions{Limit: maxExpanded})
		return wholeList(assignmentEntity, page.Items), err
	}
	return nil, parseError("'%s' cannot be expanded.", name)
}

// one replies with a single object.
func one[T any](c *call, e *entity[T], status int, t *T) (*reply, error) {
	p, err := e.project(c, true)
	if err != nil {
		return nil, err
	}
	o, err := p.render(c, t)
	if err != nil {
		return nil, err
	}
	if c.level == fullMetadata {
		o = c.typed(e.kind, o)
	}
	return c.entityReply(status, p.context, o), nil
}

// patched replies to a change: nothing, or the object if it was asked for.
func patched[T any](c *call, e *entity[T], t *T) (*reply, error) {
	if !c.prefers("return=representation") {
		return noContent(), nil
	}
	return one(c, e, 200, t)
}
