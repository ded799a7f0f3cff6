package directory

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
)

// A Consent collects what one consent writes, under the rules that hold for each
// object when it is made alone.
type Consent struct {
	o      *Operations
	c      Caller
	record ConsentRecord
	made   map[ID]*ServicePrincipal // by appId
}

// NewConsent starts a consent in the caller's tenant.
func (o *Operations) NewConsent(c Caller) *Consent {
	return &Consent{o: o, c: c, made: map[ID]*ServicePrincipal{}}
}

// Principal is the service principal of an application: the one that is there, or
// one that the consent makes.
func (n *Consent) Principal(ctx context.Context, appID ID) (*ServicePrincipal, error) {
	if sp := n.made[appID]; sp != nil {
		return sp, nil
	}
	there := func() (*ServicePrincipal, error) {
		return n.o.ServicePrincipals.ServicePrincipalByAppID(ctx, n.c.Tenant, appID)
	}
	sp, err := there()
	if errors.Is(err, ErrNotFound) {
		sp, err = n.o.PrepareServicePrincipal(ctx, n.c, &ServicePrincipal{AppID: appID, AccountEnabled: true})
		if err == nil {
			sp.Owners = nil // whoever consents first does not own the application here
			n.record.Principals = append(n.record.Principals, sp)
		} else if now, lookErr := there(); lookErr == nil {
			sp, err = now, nil // another consent was faster
		}
	}
	if err != nil {
		return nil, err
	}
	n.made[appID] = sp
	return sp, nil
}

// Grant adds scopes of a resource for a client: for one person, or with an empty
// person for all.
func (n *Consent) Grant(client, resource *ServicePrincipal, person ID, scope string) error {
	g := OAuth2PermissionGrant{ClientID: client.ID, ResourceID: resource.ID, ConsentType: ConsentAllPrincipals, Scope: scope}
	if person != "" {
		g.ConsentType, g.PrincipalID = ConsentPrincipal, person
	}
	if err := grantForm(&g); err != nil {
		return err
	}
	g.ID = grantID(g)
	n.record.Grants = append(n.record.Grants, g)
	return nil
}

// GrantRole adds an application permission of a resource for a client.
func (n *Consent) GrantRole(client, resource *ServicePrincipal, role ID) error {
	if err := assignable(resource, role, KindServicePrincipal); err != nil {
		return err
	}
	a, err := n.o.newAssignment(client, resource, role, n.o.now())
	if err != nil {
		return err
	}
	n.record.Assignments = append(n.record.Assignments, a)
	return nil
}

// AssignPerson gives a person the application without a role of it: the trace that
// a consent leaves, which shows the application among the person's own.
func (n *Consent) AssignPerson(client *ServicePrincipal, u *User) error {
	id, err := n.o.newID("")
	if err != nil {
		return err
	}
	n.record.Assignments = append(n.record.Assignments, AppRoleAssignment{
		ID: id, AppRoleID: ZeroID, PrincipalID: u.ID, PrincipalKind: KindUser, PrincipalDisplayName: u.DisplayName,
		ResourceID: client.ID, ResourceDisplayName: client.Name(), CreatedAt: n.o.now(),
	})
	return nil
}

// Record is what the consent writes.
func (n *Consent) Record() *ConsentRecord { return &n.record }

// Event starts the audit event of the consent.
func (n *Consent) Event(activity string, client *ServicePrincipal) *audit.Event {
	return n.o.event(n.c, activity, KindServicePrincipal, client.ID, client.Name())
}
