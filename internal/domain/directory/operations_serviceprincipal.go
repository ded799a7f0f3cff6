package directory

import (
	"context"
	"errors"
	"slices"
)

// CreateServicePrincipal gives the application draft.AppID an identity in the
// caller's tenant. The draft's other properties are taken as they stand, so
// AccountEnabled has to be said; the draft must not be used afterwards.
func (o *Operations) CreateServicePrincipal(ctx context.Context, c Caller, draft *ServicePrincipal) (*ServicePrincipal, error) {
	sp, err := o.PrepareServicePrincipal(ctx, c, draft)
	if err != nil {
		return nil, err
	}
	ev := o.event(c, "Add service principal", KindServicePrincipal, sp.ID, sp.Name())
	if err := o.ServicePrincipals.CreateServicePrincipal(ctx, c.Tenant, sp, ev); err != nil {
		if clash, ok := errors.AsType[*RuleError](err); ok && clash.Kind == Conflict && clash.Property == "appId" {
			return nil, refusal(Conflict, "appId", textNameInUse, sp.AppID)
		}
		return nil, err
	}
	return sp, nil
}

// PrepareServicePrincipal is CreateServicePrincipal without the writing: it judges
// the draft and fills in what the platform sets.
func (o *Operations) PrepareServicePrincipal(ctx context.Context, c Caller, draft *ServicePrincipal) (*ServicePrincipal, error) {
	if c.Tenant.IsZero() {
		return nil, ErrNoTenant
	}
	app, err := o.backing(ctx, c, draft.AppID)
	if err != nil {
		return nil, err
	}
	sp := new(*draft)
	if sp.ID, err = o.newID(sp.ID); err != nil {
		return nil, err
	}
	if sp.Type != "" && sp.Type != TypeApplication {
		return nil, refusal(ReadOnly, "servicePrincipalType", "Property servicePrincipalType is read-only.")
	}
	sp.TenantID, sp.AppID, sp.CreatedAt, sp.Type, sp.App = c.Tenant, app.AppID, o.now(), TypeApplication, app
	sp.Passwords, sp.Keys, sp.Federated, sp.LifetimePolicy = nil, nil, nil, ""
	if sp.Owners, err = o.ownersAtCreation(ctx, c, draft.Owners); err != nil {
		return nil, err
	}
	before := &ServicePrincipal{ID: sp.ID, AppID: sp.AppID, TenantID: sp.TenantID, CreatedAt: sp.CreatedAt, Type: sp.Type}
	if err := normalizePrincipal(sp); err != nil {
		return nil, err
	}
	if err := (principalChange{before, sp}).judge(); err != nil {
		return nil, err
	}
	if err := o.principalNamesFree(ctx, sp, sp.ServicePrincipalNames()); err != nil {
		return nil, err
	}
	return sp, nil
}

// backing finds the application of a new service principal: one of this tenant,
// one that other organisations may use, or one of the platform.
func (o *Operations) backing(ctx context.Context, c Caller, appID ID) (*Application, error) {
	id, err := ParseID(string(appID))
	if err != nil {
		return nil, invalid("appId", textNoApplication, clip(string(appID)))
	}
	app, err := o.Applications.ApplicationByAppID(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, invalid("appId", textNoApplication, id)
	}
	if err != nil {
		return nil, err
	}
	local := app.TenantID == c.Tenant
	switch {
	case c.OwnedOnly && !local:
		return nil, refusal(Forbidden, "appId", textForeignApplication)
	case c.OwnedOnly && !c.mayTouch(app.Owners):
		return nil, forbidden()
	case !local && app.TenantID != Installation && !app.MultiTenant():
		return nil, invalid("appId", textNoApplication, id)
	}
	return app, nil
}

// principalNamesFree refuses names that another resource of the tenant answers
// to.
func (o *Operations) principalNamesFree(ctx context.Context, sp *ServicePrincipal, names []string) error {
	var except ID
	if sp.App != nil && sp.App.TenantID == sp.TenantID {
		except = sp.App.ID
	}
	for _, name := range names {
		if slices.Contains(sp.Names, name) {
			if err := o.notAfterAnother(ctx, "servicePrincipalNames", name, sp.AppID); err != nil {
				return err
			}
		}
		forms := []string{name, toggleSlash(name)}
		if _, err := ParseID(name); err == nil {
			forms = forms[:1]
		}
		for _, form := range forms {
			other, err := o.ServicePrincipals.ServicePrincipalByName(ctx, sp.TenantID, form)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			taken := err == nil && other.ID != sp.ID
			// The application's own URIs were judged when it got them.
			if !taken && slices.Contains(sp.Names, name) {
				if taken, err = o.Applications.IdentifierURITaken(ctx, sp.TenantID, form, false, except); err != nil {
					return err
				}
			}
			if taken {
				return refusal(Conflict, "servicePrincipalNames", textNameInUse, clip(name))
			}
		}
	}
	return nil
}

// ChangeServicePrincipal changes the properties of a service principal; see
// ChangeApplication for what the change may do.
func (o *Operations) ChangeServicePrincipal(ctx context.Context, c Caller, id ID, change func(*ServicePrincipal) error) error {
	return o.PatchServicePrincipal(ctx, c, id, ServicePrincipalPatch{Change: change})
}

// PatchServicePrincipal changes properties and credentials as one act.
func (o *Operations) PatchServicePrincipal(ctx context.Context, c Caller, id ID, p ServicePrincipalPatch) error {
	creds, err := o.credentialPatch(p.Keys, p.KeepPasswords)
	if err != nil {
		return err
	}
	return o.editPrincipal(ctx, c, id, "Update service principal", func(sp *ServicePrincipal) error {
		if p.Change != nil {
			held := partsOfPrincipal(sp).copy()
			if err := p.Change(sp); err != nil {
				return err
			}
			if !held.equal(partsOfPrincipal(sp)) {
				return errParts
			}
		}
		return creds(partsOfPrincipal(sp))
	})
}

// editPrincipal is to service principals what editApplication is to
// applications.
func (o *Operations) editPrincipal(ctx context.Context, c Caller, id ID, activity string, edit func(*ServicePrincipal) error) error {
	var err error
	for range lookAgain {
		err = o.editPrincipalOnce(ctx, c, id, activity, edit)
		if !errors.Is(err, errMoved) {
			return asClash(err)
		}
	}
	return refusal(Conflict, "", "The object was changed by another request at the same time; try again.")
}

func (o *Operations) editPrincipalOnce(ctx context.Context, c Caller, id ID, activity string, edit func(*ServicePrincipal) error) error {
	apply := func(sp *ServicePrincipal) (before *ServicePrincipal, err error) {
		if !c.mayTouch(sp.Owners) {
			return nil, forbidden()
		}
		if before, err = copyPrincipal(sp); err != nil {
			return nil, err
		}
		if err := edit(sp); err != nil {
			return nil, err
		}
		if err := normalizePrincipal(sp); err != nil {
			return nil, err
		}
		return before, (principalChange{before, sp}).judge()
	}
	current, err := o.ServicePrincipals.ServicePrincipal(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	trial, err := copyPrincipal(current)
	if err != nil {
		return err
	}
	before, err := apply(trial)
	if err != nil {
		return err
	}
	asked := newNames(before, trial)
	if err := o.principalNamesFree(ctx, trial, asked); err != nil {
		return err
	}
	ev := o.event(c, activity, KindServicePrincipal, id, trial.Name())
	return o.ServicePrincipals.ChangeServicePrincipal(ctx, c.Tenant, id, func(sp *ServicePrincipal) error {
		before, err := apply(sp)
		if err != nil {
			return err
		}
		for _, name := range newNames(before, sp) {
			if !slices.Contains(asked, name) {
				return errMoved
			}
		}
		return nil
	}, ev)
}

// newNames are the local names that a change adds.
func newNames(before, after *ServicePrincipal) []string {
	var names []string
	for _, n := range after.Names {
		if !slices.Contains(before.Names, n) {
			names = append(names, n)
		}
	}
	return names
}

// DeleteServicePrincipal deletes a service principal softly; its grants and
// assignments sleep with it.
func (o *Operations) DeleteServicePrincipal(ctx context.Context, c Caller, id ID) error {
	sp, err := o.ServicePrincipals.ServicePrincipal(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	if !c.mayTouch(sp.Owners) {
		return forbidden()
	}
	if seededEverywhere(sp.AppID) {
		return refusal(ReadOnly, "", textBuiltin)
	}
	if err := o.dropRoles(ctx, c, sp); err != nil {
		return err
	}
	ev := o.event(c, "Remove service principal", KindServicePrincipal, id, sp.Name())
	return o.ServicePrincipals.DeleteServicePrincipal(ctx, c.Tenant, id, ev.At, ev)
}

// copyPrincipal copies deeply but for App, which no change may touch.
func copyPrincipal(sp *ServicePrincipal) (*ServicePrincipal, error) {
	p, err := clone(sp)
	if err != nil {
		return nil, err
	}
	p.TenantID, p.ID, p.AppID, p.CreatedAt, p.DeletedAt, p.App = sp.TenantID, sp.ID, sp.AppID, sp.CreatedAt, sp.DeletedAt, sp.App
	p.Passwords, p.Keys = slices.Clone(sp.Passwords), slices.Clone(sp.Keys)
	p.Federated, p.Owners, p.LifetimePolicy = slices.Clone(sp.Federated), slices.Clone(sp.Owners), sp.LifetimePolicy
	return p, nil
}
