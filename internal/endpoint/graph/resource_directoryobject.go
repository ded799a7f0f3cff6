package graph

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// kinds are the types of objects that can be found by id alone, in the order in
// which they are looked for.
var kinds = []directory.Kind{directory.KindServicePrincipal, directory.KindUser, directory.KindApplication}

// anyObject finds an object of one of the kinds.
func (c *call) anyObject(id directory.ID, of []directory.Kind) (object, error) {
	for _, kind := range of {
		o, err := c.directoryObject(kind, id)
		if errors.Is(err, directory.ErrNotFound) {
			continue
		}
		return o, err
	}
	return nil, directory.ErrNotFound
}

func getDirectoryObject(c *call) (*reply, error) {
	k := c.keys[0].value
	id, err := directory.ParseID(k)
	if err != nil {
		return nil, notFound(k)
	}
	o, err := c.anyObject(id, kinds)
	if err != nil {
		return nil, orMissing(err, k)
	}
	return c.objectReply(http.StatusOK, o)
}

// objectReply replies with one object of whatever type, narrowed by $select.
func (c *call) objectReply(status int, o object) (*reply, error) {
	return c.entityReply(status, "directoryObjects", narrowed([]object{o}, c.selected())[0]), nil
}

const maxIDs = 1000

// getByIDs finds many objects at once. Ids that name nothing are left out.
func getByIDs(c *call) (*reply, error) {
	rawIDs, ok := c.take("ids")
	if !ok {
		return nil, missing("ids")
	}
	list, err := stringList("ids", rawIDs)
	if err != nil {
		return nil, err
	}
	if len(list) > maxIDs {
		return nil, badRequest("One or more property values specified are invalid. At most %d ids can be asked for at once.", maxIDs)
	}
	of := kinds
	if rawTypes, ok := c.take("types"); ok && !isNull(rawTypes) {
		if of, err = readKinds(rawTypes); err != nil {
			return nil, err
		}
	}
	if _, err := readBody([]property[struct{}]{}, c.body); err != nil {
		return nil, err
	}
	items, seen := []object{}, map[directory.ID]bool{}
	for _, s := range list {
		id, err := directory.ParseID(s)
		if err != nil {
			return nil, badRequest("Invalid GUID: '%s'.", quotable(s))
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		o, err := c.anyObject(id, of)
		if errors.Is(err, directory.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		items = append(items, o)
	}
	return c.collection("directoryObjects", narrowed(items, c.selected())), nil
}

// readKinds reads the types asked for. Types that nothing here has match
// nothing.
func readKinds(raw rawMessage) ([]directory.Kind, error) {
	names, err := stringList("types", raw)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return kinds, nil
	}
	of := []directory.Kind{}
	for _, k := range kinds {
		for _, name := range names {
			if strings.EqualFold(name, string(k)) || strings.EqualFold(name, "directoryObject") {
				of = append(of, k)
				break
			}
		}
	}
	return of, nil
}

// Deleted objects. What may be done to one depends on its type: the permission
// of the route is the weakest of those, and each handler asks for the right one.

// deletedPermissions name, by type, who may read and who may restore or purge.
var deletedPermissions = map[directory.Kind]struct {
	read, write           []string
	readRight, writeRight right
}{
	directory.KindApplication: {
		[]string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		[]string{"Application.ReadWrite.All", ownedBy}, toReadDeletedApps, toRegister,
	},
	directory.KindServicePrincipal: {
		[]string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		[]string{"Application.ReadWrite.All", ownedBy}, toReadDeletedApps, toRegister,
	},
	directory.KindUser: {
		[]string{"User.Read.All", "User.ReadWrite.All", "User.DeleteRestore.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		[]string{"User.DeleteRestore.All", "User.ReadWrite.All"}, toReadDeletedUsers, toManageUsers,
	},
}

// deletedAt finds the deleted object in the path and holds its type against the
// caller's permissions.
func (c *call) deletedAt(write bool) (directory.Kind, directory.ID, error) {
	k := c.keys[0].value
	id, err := directory.ParseID(k)
	if err != nil {
		return "", "", notFound(k)
	}
	kind, err := c.api.Deleted.Deleted(c.ctx, c.tenant(), id)
	if err != nil {
		return "", "", orMissing(err, k)
	}
	need, right := deletedPermissions[kind].read, deletedPermissions[kind].readRight
	if write {
		need, right = deletedPermissions[kind].write, deletedPermissions[kind].writeRight
	}
	var met []string
	for _, p := range need {
		if c.given(p) {
			met = append(met, p)
		}
	}
	if len(met) == 0 || (c.byRole || c.actor.User != "") && !rights[right].byRole(c.principal.roles) {
		return "", "", denied(textDenied)
	}
	c.caller.OwnedOnly = write && len(met) == 1 && met[0] == ownedBy
	return kind, id, nil
}

// given reports whether the token holds a permission; who acts by a directory
// role holds all.
func (c *call) given(permission string) bool {
	switch {
	case c.actor.User != "":
		return slices.Contains(c.actor.Scopes, asPerson) || holds(c.actor.Scopes, permission)
	case c.byRole:
		return true
	}
	return holds(c.actor.Roles, permission)
}

func getDeleted(c *call) (*reply, error) {
	kind, id, err := c.deletedAt(false)
	if err != nil {
		return nil, err
	}
	o, err := c.deletedObject(kind, id)
	if err != nil {
		return nil, orMissing(err, c.lastKey())
	}
	return c.objectReply(http.StatusOK, o)
}

// deletedObject reads a deleted object through the list of its type.
func (c *call) deletedObject(kind directory.Kind, id directory.ID) (object, error) {
	only := directory.ListOptions{Deleted: true, Limit: 1, Filter: odata.Comparison{
		Op: odata.Equal, Left: odata.Path{Segments: []string{"id"}},
		Right: odata.Literal{Kind: odata.String, Text: string(id)},
	}}
	switch kind {
	case directory.KindApplication:
		page, err := c.api.Applications.Applications(c.ctx, c.tenant(), only)
		return firstOf(c, applicationEntity, page, err)
	case directory.KindServicePrincipal:
		page, err := c.api.ServicePrincipals.ServicePrincipals(c.ctx, c.tenant(), only)
		return firstOf(c, servicePrincipalEntity, page, err)
	case directory.KindUser:
		page, err := c.api.Users.Users(c.ctx, c.tenant(), only)
		return firstOf(c, userEntity, page, err)
	}
	return nil, directory.ErrNotFound
}

func firstOf[T any](c *call, e *entity[T], page directory.Page[*T], err error) (object, error) {
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 0 {
		return nil, directory.ErrNotFound
	}
	o := e.whole(page.Items[0])
	if o.get("deletedDateTime") == nil {
		if p := e.find("deletedDateTime"); p != nil {
			o = append(o, member{p.name, p.get(page.Items[0])})
		}
	}
	return c.typed(e.kind, o), nil
}

func restoreDeleted(c *call) (*reply, error) {
	_, id, err := c.deletedAt(true)
	if err != nil {
		return nil, err
	}
	kind, err := c.api.Ops.Restore(c.ctx, c.caller, id)
	if err != nil {
		return nil, orMissing(err, string(id))
	}
	o, err := c.directoryObject(kind, id)
	if err != nil {
		return nil, err
	}
	return c.objectReply(http.StatusOK, o)
}

func purgeDeleted(c *call) (*reply, error) {
	_, id, err := c.deletedAt(true)
	if err != nil {
		return nil, err
	}
	return noContent(), c.api.Ops.Purge(c.ctx, c.caller, id)
}
