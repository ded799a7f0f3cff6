package graph

import (
	"context"
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

type assignment = directory.AppRoleAssignment

var assignmentEntity = newEntity("appRoleAssignment", "appRoleAssignments", []property[assignment]{
	identity("id", func(a *assignment) directory.ID { return a.ID }).filtered(),
	shown("deletedDateTime", "Edm.DateTimeOffset", func(*assignment) any { return nil }),
	guid("appRoleId", func(a *assignment) *directory.ID { return &a.AppRoleID }).filtered(),
	moment("createdDateTime", func(a *assignment) *timeValue { return &a.CreatedAt }).readOnly(),
	shown("principalDisplayName", "Edm.String", func(a *assignment) any { return a.PrincipalDisplayName }).filtered(),
	guid("principalId", func(a *assignment) *directory.ID { return &a.PrincipalID }).filtered(),
	shown("principalType", "Edm.String", func(a *assignment) any { return principalTypes[a.PrincipalKind] }),
	shown("resourceDisplayName", "Edm.String", func(a *assignment) any { return a.ResourceDisplayName }),
	guid("resourceId", func(a *assignment) *directory.ID { return &a.ResourceID }).filtered(),
})

// principalTypes are spelt with a capital where a kind of object is a value.
var principalTypes = map[directory.Kind]string{
	directory.KindUser: "User", directory.KindGroup: "Group", directory.KindServicePrincipal: "ServicePrincipal",
}

// A side is one end of an assignment, found in the path: assignments are listed
// and made from the principal and from the resource alike.
type side struct {
	id       directory.ID
	resource bool // the path names the resource, not the principal
}

func (s side) of(a *assignment) directory.ID {
	if s.resource {
		return a.ResourceID
	}
	return a.PrincipalID
}

func principalServicePrincipal(c *call) (side, error) {
	sp, err := c.servicePrincipalAt()
	if err != nil {
		return side{}, err
	}
	return side{id: sp.ID}, nil
}

func resourceServicePrincipal(c *call) (side, error) {
	s, err := principalServicePrincipal(c)
	s.resource = true
	return s, err
}

func principalUser(c *call) (side, error) {
	u, err := c.userAt()
	if err != nil {
		return side{}, err
	}
	return side{id: u.ID}, nil
}

func fromSide(find func(*call) (side, error), do func(*call, side) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		s, err := find(c)
		if err != nil {
			return nil, err
		}
		return do(c, s)
	}
}

func listAssignments(c *call, s side) (*reply, error) {
	if s.resource {
		return list(c, assignmentEntity, values(func(ctx context.Context, t directory.TenantID, o directory.ListOptions) (directory.Page[assignment], error) {
			return c.api.Assignments.AppRoleAssignedTo(ctx, t, s.id, o)
		}))
	}
	all, err := c.api.Assignments.AppRoleAssignmentsOf(c.ctx, c.tenant(), s.id)
	if err != nil {
		return nil, err
	}
	return listOf(c, assignmentEntity, all)
}

func createAssignment(c *call, s side) (*reply, error) {
	in, err := readBody(assignmentEntity.props, c.body)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"principalId", "resourceId", "appRoleId"} {
		if !in.has(name) {
			return nil, missing(name)
		}
	}
	var draft assignment
	in.apply(&draft)
	// The body must name the object of the path: else one could write to another
	// object than the one whose path was allowed.
	if s.of(&draft) != s.id {
		return nil, badRequest("One or more property values specified are invalid. The object in the path and the one in the body differ.")
	}
	if err := c.mayConsent(draft.ResourceID); err != nil {
		return nil, err
	}
	a, err := c.api.Ops.AssignAppRole(c.ctx, c.caller, draft)
	if err != nil {
		return nil, err
	}
	rep, err := one(c, assignmentEntity, http.StatusCreated, a)
	if err == nil {
		rep.location = c.base() + "/servicePrincipals/" + string(a.ResourceID) + "/appRoleAssignedTo/" + string(a.ID)
	}
	return rep, err
}

// assignmentAt finds the assignment in the path, if it belongs to the object
// before it.
func (c *call) assignmentAt(s side) (*assignment, error) {
	k := c.keys[1].value
	id, err := directory.ParseID(k)
	if err != nil {
		return nil, notFound(k)
	}
	a, err := c.api.Assignments.Assignment(c.ctx, c.tenant(), id)
	if err != nil {
		return nil, orMissing(err, k)
	}
	if s.of(a) != s.id {
		return nil, notFound(k)
	}
	return a, nil
}

func getAssignment(c *call, s side) (*reply, error) {
	a, err := c.assignmentAt(s)
	if err != nil {
		return nil, err
	}
	return one(c, assignmentEntity, http.StatusOK, a)
}

func deleteAssignment(c *call, s side) (*reply, error) {
	a, err := c.assignmentAt(s)
	if err != nil {
		return nil, err
	}
	if err := c.mayConsent(a.ResourceID); err != nil {
		return nil, err
	}
	return noContent(), c.api.Ops.RemoveAssignment(c.ctx, c.caller, a.ID)
}
