package graph

import (
	"errors"
	"net/http"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// maxBound is how many references a creation may bind.
const maxBound = 20

// boundOwners reads owners@odata.bind.
func (c *call) boundOwners() ([]directory.Owner, error) {
	raw, ok := c.take("owners@odata.bind")
	if !ok {
		return nil, nil
	}
	refs, err := stringList("owners@odata.bind", raw)
	if err != nil {
		return nil, err
	}
	if len(refs) > maxBound {
		return nil, badRequest("One or more property values specified are invalid. At most %d owners can be bound at once.", maxBound)
	}
	var owners []directory.Owner
	for _, ref := range refs {
		id, err := referenced(ref)
		if err != nil {
			return nil, err
		}
		owner := directory.Owner{ID: id}
		if owner.Kind, err = c.kindOfOwner(id); err != nil {
			return nil, err
		}
		owners = append(owners, owner)
	}
	return owners, nil
}

func (c *call) kindOfOwner(id directory.ID) (directory.Kind, error) {
	_, err := c.api.ServicePrincipals.ServicePrincipal(c.ctx, c.tenant(), id)
	if err == nil {
		return directory.KindServicePrincipal, nil
	}
	if !errors.Is(err, directory.ErrNotFound) {
		return "", err
	}
	_, err = c.api.Users.User(c.ctx, c.tenant(), id)
	if errors.Is(err, directory.ErrNotFound) {
		return "", notFound(string(id)).withStatus(http.StatusBadRequest)
	}
	return directory.KindUser, err
}

// owners shows owners as directory objects. One that was deleted meanwhile is
// left out.
func (c *call) owners(list []directory.Owner) ([]object, error) {
	out := []object{}
	for _, o := range list {
		shown, err := c.directoryObject(o.Kind, o.ID)
		if errors.Is(err, directory.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, shown)
	}
	return out, nil
}

// directoryObject shows one object with its type. Without a permission to read
// users, a user is no more than its id.
func (c *call) directoryObject(kind directory.Kind, id directory.ID) (object, error) {
	switch kind {
	case directory.KindUser:
		u, err := c.api.Users.User(c.ctx, c.tenant(), id)
		if err != nil {
			return nil, err
		}
		if !c.mayRead("/users") {
			return c.typed("user", object{{"id", string(u.ID)}}), nil
		}
		p, err := userEntity.project(c.plain(), false)
		if err != nil {
			return nil, err
		}
		o, err := p.render(c, u)
		return c.typed("user", o), err
	case directory.KindServicePrincipal:
		sp, err := c.api.ServicePrincipals.ServicePrincipal(c.ctx, c.tenant(), id)
		if err != nil {
			return nil, err
		}
		return c.typed("servicePrincipal", servicePrincipalEntity.whole(sp)), nil
	case directory.KindApplication:
		app, err := c.api.Applications.Application(c.ctx, c.tenant(), id)
		if err != nil {
			return nil, err
		}
		return c.typed("application", applicationEntity.whole(app)), nil
	}
	return nil, directory.ErrNotFound
}

// plain is the call without its query, for showing related objects.
func (c *call) plain() *call {
	p := *c
	p.query = noQuery
	p.basicOnly, p.publicOnly = c.onlyBasicUsers(), c.actor.User != ""
	return &p
}

func listOwners(c *call, t target) (*reply, error) {
	items, err := c.owners(t.owners)
	if err != nil {
		return nil, err
	}
	return listObjects(c, items)
}

// listOwnerRefs replies with addresses alone.
func listOwnerRefs(c *call, t target) (*reply, error) {
	var rows []listed
	for _, o := range t.owners {
		rows = append(rows, listed{string(o.ID), object{{"@odata.id", c.base() + "/directoryObjects/" + string(o.ID)}}})
	}
	return c.pageRows("Collection($ref)", rows)
}

func addOwner(c *call, t target) (*reply, error) {
	id, err := c.reference()
	if err != nil {
		return nil, err
	}
	return noContent(), c.api.Ops.AddOwner(c.ctx, c.caller, t.Target, id)
}

// removeOwner takes the owner from the path, or from $id in the other form that
// OData has (OData 4.0 Protocol §11.4.6.2).
func removeOwner(c *call, t target) (*reply, error) {
	var id directory.ID
	var err error
	if len(c.keys) > 1 {
		id, err = directory.ParseID(c.keys[1].value)
	} else {
		id, err = referenced(c.query.ID)
	}
	if err != nil || !slices.ContainsFunc(t.owners, func(o directory.Owner) bool { return o.ID == id }) {
		return nil, notFound(c.lastKey()).saying("One or more removed object references do not exist for the following modified properties: 'owners'.")
	}
	return noContent(), c.api.Ops.RemoveOwner(c.ctx, c.caller, t.Target, id)
}

// Policies of a target.

func listLinkedPolicies(c *call, t target) (*reply, error) {
	if err := c.ownTarget(t); err != nil {
		return nil, err
	}
	var linked []directory.TokenLifetimePolicy
	if t.policy != "" {
		p, err := c.api.Policies.TokenLifetimePolicy(c.ctx, c.tenant(), t.policy)
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			linked = append(linked, *p)
		}
	}
	return listOf(c, policyEntity, linked)
}

// ownTarget refuses a caller who may only see what it owns.
func (c *call) ownTarget(t target) error {
	if !c.caller.OwnedOnly || c.caller.Owns(t.owners) {
		return nil
	}
	return denied(textDenied)
}

func linkPolicy(c *call, t target) (*reply, error) {
	id, err := c.reference()
	if err != nil {
		return nil, err
	}
	return noContent(), c.api.Ops.LinkPolicy(c.ctx, c.caller, t.Target, id)
}

func unlinkPolicy(c *call, t target) (*reply, error) {
	id, err := directory.ParseID(c.keys[1].value)
	if err != nil || id != t.policy {
		return nil, notFound(c.lastKey())
	}
	return noContent(), c.api.Ops.UnlinkPolicy(c.ctx, c.caller, t.Target, id)
}
