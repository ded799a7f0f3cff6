package directory

import (
	"context"
	"errors"
	"slices"
)

// principal finds a user or service principal of the tenant and its name.
func (o *Operations) principal(ctx context.Context, t TenantID, id ID) (Owner, string, error) {
	sp, err := o.ServicePrincipals.ServicePrincipal(ctx, t, id)
	if err == nil {
		return Owner{ID: id, Kind: KindServicePrincipal}, sp.Name(), nil
	}
	if !errors.Is(err, ErrNotFound) {
		return Owner{}, "", err
	}
	u, err := o.Users.User(ctx, t, id)
	if err != nil {
		return Owner{}, "", err
	}
	return Owner{ID: id, Kind: KindUser}, u.DisplayName, nil
}

// owner finds whom a reference to an owner means.
func (o *Operations) owner(ctx context.Context, t TenantID, id ID) (Owner, error) {
	ow, _, err := o.principal(ctx, t, id)
	if errors.Is(err, ErrNotFound) {
		return Owner{}, refusal(Missing, "owners", textMissingResource, clip(string(id)))
	}
	return ow, err
}

// ownersAtCreation are the owners named in a draft, and the creator.
func (o *Operations) ownersAtCreation(ctx context.Context, c Caller, named []Owner) ([]Owner, error) {
	if len(named) > maxOwnersAtCreation {
		return nil, invalid("owners", "A new object takes at most %d owners; add more with $ref.", maxOwnersAtCreation)
	}
	var owners []Owner
	for _, n := range named {
		ow, err := o.owner(ctx, c.Tenant, n.ID)
		if err != nil {
			return nil, err
		}
		if slices.Contains(owners, ow) {
			return nil, invalid("owners", textDuplicateValues)
		}
		owners = append(owners, ow)
	}
	var creator Owner
	switch {
	case c.User != "":
		creator = Owner{ID: c.User, Kind: KindUser}
	case c.OwnedOnly && c.App != "":
		creator = Owner{ID: c.App, Kind: KindServicePrincipal}
	}
	if creator.ID != "" && !slices.Contains(owners, creator) {
		owners = append(owners, creator)
	}
	return owners, nil
}

// AddOwner makes a user or service principal an owner of the target: it may
// then edit it, credentials included.
func (o *Operations) AddOwner(ctx context.Context, c Caller, t Target, owner ID) error {
	ow, err := o.owner(ctx, c.Tenant, owner)
	if err != nil {
		return err
	}
	return o.editTarget(ctx, c, t, "Add owner to "+activityNoun(t.Kind), func(has parts) error {
		if slices.Contains(*has.owners, ow) {
			return refusal(BadReference, "owners", textAddedReference, "owners")
		}
		if len(*has.owners) >= maxOwners {
			return refusal(Quota, "owners", "An object has at most %d owners.", maxOwners)
		}
		*has.owners = append(*has.owners, ow)
		return nil
	})
}

// RemoveOwner takes ownership away.
func (o *Operations) RemoveOwner(ctx context.Context, c Caller, t Target, owner ID) error {
	return o.editTarget(ctx, c, t, "Remove owner from "+activityNoun(t.Kind), func(has parts) error {
		n := len(*has.owners)
		*has.owners = slices.DeleteFunc(*has.owners, func(ow Owner) bool { return ow.ID == owner })
		if len(*has.owners) == n {
			return refusal(BadReference, "owners", textRemovedReference, "owners")
		}
		return nil
	})
}

func activityNoun(k Kind) string {
	if k == KindServicePrincipal {
		return "service principal"
	}
	return "application"
}
