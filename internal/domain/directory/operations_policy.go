package directory

import (
	"context"
	"errors"
	"slices"
)

// kindLifetimePolicy is Graph's name of the type, for audit events.
const kindLifetimePolicy Kind = "tokenLifetimePolicy"

// CreateTokenLifetimePolicy creates a policy. A tenant has at most one that is
// its default.
func (o *Operations) CreateTokenLifetimePolicy(ctx context.Context, c Caller, draft *TokenLifetimePolicy) (*TokenLifetimePolicy, error) {
	p := copyPolicy(draft)
	var err error
	if p.ID, err = o.newID(p.ID); err != nil {
		return nil, err
	}
	p.CreatedAt = o.now()
	if err := lifetimePolicy(p); err != nil {
		return nil, err
	}
	if err := o.oneDefault(ctx, c.Tenant, p); err != nil {
		return nil, err
	}
	ev := o.event(c, "Add policy", kindLifetimePolicy, p.ID, p.DisplayName)
	if err := o.Policies.CreateTokenLifetimePolicy(ctx, c.Tenant, p, ev); err != nil {
		return nil, asClash(err)
	}
	return p, nil
}

// oneDefault refuses a second default policy.
func (o *Operations) oneDefault(ctx context.Context, t TenantID, p *TokenLifetimePolicy) error {
	if !p.IsOrganizationDefault {
		return nil
	}
	other, err := o.Policies.DefaultTokenLifetimePolicy(ctx, t)
	if errors.Is(err, ErrNotFound) || err == nil && other.ID == p.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return refusal(ObjectConflict, "isOrganizationDefault", textConflicting)
}

// ChangeTokenLifetimePolicy changes a policy; see ChangeApplication for what
// the change may do.
func (o *Operations) ChangeTokenLifetimePolicy(ctx context.Context, c Caller, id ID, change func(*TokenLifetimePolicy) error) error {
	apply := func(p *TokenLifetimePolicy) error {
		at := p.CreatedAt
		if err := change(p); err != nil {
			return err
		}
		if p.ID != id || !p.CreatedAt.Equal(at) {
			return refusal(ReadOnly, "id", "Property id is read-only.")
		}
		return lifetimePolicy(p)
	}
	current, err := o.Policies.TokenLifetimePolicy(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	trial := copyPolicy(current)
	if err := apply(trial); err != nil {
		return err
	}
	if err := o.oneDefault(ctx, c.Tenant, trial); err != nil {
		return err
	}
	ev := o.event(c, "Update policy", kindLifetimePolicy, id, trial.DisplayName)
	return asClash(o.Policies.ChangeTokenLifetimePolicy(ctx, c.Tenant, id, apply, ev))
}

// DeleteTokenLifetimePolicy deletes a policy for good. What it was linked to
// goes back to the default.
func (o *Operations) DeleteTokenLifetimePolicy(ctx context.Context, c Caller, id ID) error {
	p, err := o.Policies.TokenLifetimePolicy(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	ev := o.event(c, "Delete policy", kindLifetimePolicy, id, p.DisplayName)
	return o.Policies.DeleteTokenLifetimePolicy(ctx, c.Tenant, id, ev)
}

// LinkPolicy applies a token-lifetime policy to an application or service
// principal, which has at most one.
func (o *Operations) LinkPolicy(ctx context.Context, c Caller, t Target, policy ID) error {
	if _, err := o.Policies.TokenLifetimePolicy(ctx, c.Tenant, policy); err != nil {
		return missing("tokenLifetimePolicies", policy, err)
	}
	if t.Kind == KindServicePrincipal {
		sp, err := o.ServicePrincipals.ServicePrincipal(ctx, c.Tenant, t.ID)
		if err != nil {
			return err
		}
		if sp.Type == TypeManagedIdentity {
			return invalid("tokenLifetimePolicies", "Token-lifetime policies do not apply to managed identities.")
		}
	}
	return o.editTarget(ctx, c, t, "Add policy to "+activityNoun(t.Kind), func(has parts) error {
		switch *has.policy {
		case "":
			*has.policy = policy
			return nil
		case policy:
			return refusal(BadReference, "tokenLifetimePolicies", textAddedReference, "tokenLifetimePolicies")
		}
		return refusal(ObjectConflict, "tokenLifetimePolicies", textConflicting)
	})
}

// UnlinkPolicy takes a policy off its target.
func (o *Operations) UnlinkPolicy(ctx context.Context, c Caller, t Target, policy ID) error {
	return o.editTarget(ctx, c, t, "Remove policy from "+activityNoun(t.Kind), func(has parts) error {
		if *has.policy != policy || policy == "" {
			return refusal(BadReference, "tokenLifetimePolicies", textRemovedReference, "tokenLifetimePolicies")
		}
		*has.policy = ""
		return nil
	})
}

func copyPolicy(p *TokenLifetimePolicy) *TokenLifetimePolicy {
	n := *p
	n.Definition = slices.Clone(p.Definition)
	return &n
}
