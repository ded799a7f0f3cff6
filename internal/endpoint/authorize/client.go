package authorize

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// findTenant reads the path's tenant and looks it up, unless it is an alias.
func (e *Endpoint) findTenant(ctx context.Context, v *visit) error {
	name, err := directory.ParseTenantName(v.segment)
	if err != nil {
		return aadsts.New(aadsts.InvalidTenantName, v.segment)
	}
	v.authority = name
	v.tenant, err = directory.FindTenant(ctx, e.Lookup, name)
	if errors.Is(err, directory.ErrNotFound) {
		return aadsts.New(aadsts.TenantNotFound, name.Text)
	}
	return err
}

// findClient finds the application, as far as the path's tenant may see it: its
// own, and those that other organisations offer to all. A multi-tenant
// application without a service principal here is seen too: signing in is how it
// gets one.
func (e *Endpoint) findClient(ctx context.Context, v *visit) error {
	text := v.form.Get("client_id")
	if text == "" {
		return aadsts.New(aadsts.MissingParameter, "client_id")
	}
	id, err := directory.ParseID(text)
	if err != nil {
		return aadsts.New(aadsts.InvalidClientID, text)
	}
	v.clientID = id
	app, err := e.Lookup.ApplicationByAppID(ctx, id)
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return err
	}
	if err != nil || !visible(app, v) {
		return aadsts.New(aadsts.ApplicationNotFound, string(id), v.authority.Text)
	}
	if v.tenant != nil {
		sp, err := e.Lookup.ServicePrincipalByAppID(ctx, v.tenant.ID, id)
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return err
		}
		v.principal = sp
	}
	v.app = app
	return nil
}

// visible reports whether an application may be known behind the path.
func visible(a *directory.Application, v *visit) bool {
	switch v.authority.Kind {
	case directory.NameCommon, directory.NameConsumers:
		return true
	case directory.NameOrganizations:
		return a.SignInAudience != directory.AudiencePersonal
	}
	return a.OfferedTo(v.tenant.ID)
}

// checkEnabled refuses an application that was blocked altogether or in the
// tenant.
func (e *Endpoint) checkEnabled(_ context.Context, v *visit) error {
	if v.app.Blocked() || v.principal != nil && !v.principal.AccountEnabled {
		return aadsts.New(aadsts.ApplicationDisabled, string(v.clientID))
	}
	return nil
}

// checkAudience compares who may use the application with whom the path lets in.
func (e *Endpoint) checkAudience(_ context.Context, v *visit) error {
	switch v.authority.Kind {
	case directory.NameCommon, directory.NameOrganizations:
		if !v.app.MultiTenant() && !v.app.Personal() {
			return aadsts.New(aadsts.NotMultiTenant, string(v.clientID))
		}
	case directory.NameConsumers:
		if !v.app.Personal() {
			return aadsts.New(aadsts.WorkAccountsOnly, string(v.clientID))
		}
	}
	return nil
}
