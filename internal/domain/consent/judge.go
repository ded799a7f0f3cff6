package consent

import (
	"cmp"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// Facts are everything that a judgement rests on.
type Facts struct {
	// Name is the application's, for the texts of refusals; AppID is its id.
	Name  string
	AppID directory.ID

	// Own: the application belongs to the tenant. Verified: somebody verified its
	// publisher. Installed: it has a service principal in the tenant, which the
	// first consent makes. AssignmentRequired is a setting of that.
	Own, Verified, Installed, AssignmentRequired bool

	// Policy and RiskyAllowed are settings of the tenant.
	Policy       directory.UserConsent
	RiskyAllowed bool
	// Roles are the template ids of the person's directory roles.
	Roles []directory.ID

	// Again and Organisation are those of the Request.
	Again, Organisation bool

	// Asked is what the request is about, each with Granted.
	Asked []Permission
	// Nothing: the request asks for what is registered, and nothing is registered
	// or granted.
	Nothing bool
}

// Judge decides what has to be asked, and whether this person may grant it
// (learn.microsoft.com/entra/identity-platform/consent-types-developer).
func Judge(f Facts) *Assessment {
	able := powerOf(f.Roles)
	everyone := able == grantsEverything && !f.Organisation
	a := &Assessment{Own: f.Own, PublisherVerified: f.Verified, MayOrganisation: everyone}
	delegated := slices.ContainsFunc(f.Asked, func(p Permission) bool { return !p.Application && !p.Granted })
	for _, p := range f.Asked {
		switch {
		case !p.Application, f.Organisation:
		case !everyone || !delegated && !f.Again:
			// The application itself gets something only where an administrator
			// grants for all, and that alone is no reason to ask.
			continue
		}
		a.Asked = append(a.Asked, p)
		if !p.Granted && (delegated || f.Organisation) {
			a.Missing = append(a.Missing, p)
		}
	}
	arrange(a.Asked)
	arrange(a.Missing)
	a.Needed = delegated || f.Again || f.Organisation || f.Nothing || !f.Installed
	if !a.Needed {
		return a
	}
	a.Refusal = f.refusal(able, a.Missing)
	if f.Organisation {
		a.MayOrganisation = a.Refusal == nil
	}
	return a
}

// refusal is why a person of such power cannot grant what is missing, nil if they
// can.
func (f *Facts) refusal(able power, missing []Permission) error {
	if f.Nothing {
		return aadsts.New(aadsts.NoPermissions, string(f.AppID))
	}
	switch able {
	case grantsEverything:
		return nil
	case managesApplications:
		if slices.ContainsFunc(missing, func(p Permission) bool { return p.Application && p.Resource.AppID == directory.GraphAppID }) {
			return aadsts.New(aadsts.AdminConsentRequired, f.Name)
		}
		return nil
	}
	if f.Organisation {
		return aadsts.New(aadsts.AdminConsentRequired, f.Name)
	}
	return f.userRefusal(missing)
}

// userRefusal applies to people without an administrator's role what the tenant
// lets them consent to. What forbids more comes first.
func (f *Facts) userRefusal(missing []Permission) error {
	if len(missing) == 0 && f.Installed {
		return nil
	}
	every := func(ok func(*Permission) bool) bool {
		return !slices.ContainsFunc(missing, func(p Permission) bool { return !ok(&p) })
	}
	isBasic := every(func(p *Permission) bool { return p.among(basic) })
	switch {
	case f.Policy == directory.ConsentNone:
		return aadsts.New(aadsts.ConsentForbidden)
	case f.AssignmentRequired, !every(func(p *Permission) bool { return !p.AdminOnly && !p.Application }):
		return aadsts.New(aadsts.AdminConsentRequired, f.Name)
	case !f.Own && !f.Verified && !f.RiskyAllowed && !isBasic:
		return aadsts.New(aadsts.RiskyApplication, f.Name)
	case !f.policyAllows(missing, isBasic):
		return aadsts.New(aadsts.AdminConsentRequired, f.Name)
	}
	return nil
}

// policyAllows applies the tenant's policy of user consent. A policy that this
// program does not know allows nothing.
func (f *Facts) policyAllows(missing []Permission, isBasic bool) bool {
	switch f.Policy {
	case directory.ConsentLegacy:
		return true
	case directory.ConsentLow:
		return isBasic && (f.Own || f.Verified)
	case directory.ConsentRecommended:
		return !slices.ContainsFunc(missing, func(p Permission) bool { return p.among(highImpact) })
	}
	return false
}

// arrange puts the most sensitive first, and what belongs to one resource
// together.
func arrange(list []Permission) {
	type owner struct{ client, resource directory.ID }
	of := func(p *Permission) owner {
		o := owner{resource: p.Resource.AppID}
		if p.Client != nil {
			o.client = p.Client.AppID
		}
		return o
	}
	rank, order := map[owner]int{}, map[owner]int{}
	for i := range list {
		o := of(&list[i])
		if _, seen := order[o]; !seen {
			order[o] = i
		}
		rank[o] = max(rank[o], list[i].sensitivity())
	}
	slices.SortStableFunc(list, func(a, b Permission) int {
		x, y := of(&a), of(&b)
		return cmp.Or(cmp.Compare(rank[y], rank[x]), cmp.Compare(order[x], order[y]), cmp.Compare(b.sensitivity(), a.sensitivity()))
	})
}
