package graph

import (
	"errors"
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

type policy = directory.TokenLifetimePolicy

var policyEntity = newEntity("tokenLifetimePolicy", "policies/tokenLifetimePolicies", []property[policy]{
	identity("id", func(p *policy) directory.ID { return p.ID }).filtered(),
	shown("deletedDateTime", "Edm.DateTimeOffset", func(*policy) any { return nil }),
	texts("definition", func(p *policy) *[]string { return &p.Definition }),
	textOrNull("description", func(p *policy) **string { return &p.Description }),
	text("displayName", func(p *policy) *string { return &p.DisplayName }).sorted(),
	flag("isOrganizationDefault", func(p *policy) *bool { return &p.IsOrganizationDefault }).filtered(),
})

func (c *call) policyAt() (*policy, error) {
	k := c.keys[0].value
	id, err := directory.ParseID(k)
	if err != nil {
		return nil, notFound(k)
	}
	p, err := c.api.Policies.TokenLifetimePolicy(c.ctx, c.tenant(), id)
	return p, orMissing(err, k)
}

func listPolicies(c *call) (*reply, error) {
	return list(c, policyEntity, c.api.Policies.TokenLifetimePolicies)
}

func getPolicy(c *call) (*reply, error) {
	p, err := c.policyAt()
	if err != nil {
		return nil, err
	}
	return one(c, policyEntity, http.StatusOK, p)
}

func createPolicy(c *call) (*reply, error) {
	in, err := readBody(policyEntity.props, c.body)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"definition", "displayName"} {
		if !in.has(name) {
			return nil, missing(name)
		}
	}
	draft := &policy{}
	in.apply(draft)
	p, err := c.api.Ops.CreateTokenLifetimePolicy(c.ctx, c.caller, draft)
	if err != nil {
		return nil, err
	}
	rep, err := one(c, policyEntity, http.StatusCreated, p)
	if err == nil {
		rep.location = c.base() + "/policies/tokenLifetimePolicies/" + string(p.ID)
	}
	return rep, err
}

func patchPolicy(c *call) (*reply, error) {
	in, err := readBody(policyEntity.props, c.body)
	if err != nil {
		return nil, err
	}
	p, err := c.policyAt()
	if err != nil {
		return nil, err
	}
	if err := c.api.Ops.ChangeTokenLifetimePolicy(c.ctx, c.caller, p.ID, func(p *policy) error { in.apply(p); return nil }); err != nil {
		return nil, err
	}
	if p, err = c.policyAt(); err != nil {
		return nil, err
	}
	return patched(c, policyEntity, p)
}

func deletePolicy(c *call) (*reply, error) {
	p, err := c.policyAt()
	if err != nil {
		return nil, err
	}
	return noContent(), c.api.Ops.DeleteTokenLifetimePolicy(c.ctx, c.caller, p.ID)
}

// listAppliesTo lists the applications and service principals that a policy is
// linked to.
func listAppliesTo(c *call) (*reply, error) {
	p, err := c.policyAt()
	if err != nil {
		return nil, err
	}
	linked, err := c.api.Policies.AppliesTo(c.ctx, c.tenant(), p.ID)
	if err != nil {
		return nil, err
	}
	items := []object{}
	for _, o := range linked {
		shown, err := c.directoryObject(o.Kind, o.ID)
		if errors.Is(err, directory.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		items = append(items, shown)
	}
	return listObjects(c, items)
}
