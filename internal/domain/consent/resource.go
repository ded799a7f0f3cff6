package consent

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// resource finds the resource that a request names. One that has no service
// principal in the tenant is returned without an object id if consent may make
// it.
func (c *Consents) resource(ctx context.Context, r *Request, name string) (*directory.ServicePrincipal, error) {
	sp, err := directory.ResolveResource(ctx, c.Lookup, r.Tenant.ID, name)
	if errors.Is(err, directory.ErrNotFound) {
		sp, err = c.absent(ctx, r, name)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case sp.App == nil && sp.Type == directory.TypeManagedIdentity:
		return nil, aadsts.New(aadsts.ResourceNotFound, name, r.Tenant.ID.String())
	case sp.App == nil:
		return nil, aadsts.New(aadsts.ResourceRemoved, name)
	case disabled(sp):
		return nil, aadsts.New(aadsts.ResourceDisabled, name)
	}
	return sp, nil
}

func disabled(sp *directory.ServicePrincipal) bool { return !sp.AccountEnabled || sp.App.Blocked() }

// absent finds a resource that the tenant may use and has no service principal of.
// Names of other tenants' resources are not searched: the application is known
// from the id inside the name, or because the client is registered for it.
func (c *Consents) absent(ctx context.Context, r *Request, name string) (*directory.ServicePrincipal, error) {
	unknown := aadsts.New(aadsts.ResourceNotFound, name, r.Tenant.ID.String())
	var registered []directory.ID
	for _, need := range r.App.RequiredResourceAccess {
		registered = append(registered, need.ResourceAppID)
	}
	for _, id := range slices.Concat(registered, idsIn(name)) {
		app, err := c.Lookup.ApplicationByAppID(ctx, id)
		if errors.Is(err, directory.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !named(app, name) {
			continue
		}
		// A name that the tenant's own resources answer to would have been found:
		// what is left is missing here, or somebody else's.
		if sp := newcomer(r.Tenant, app); sp != nil {
			return sp, nil
		}
		if slices.Contains(registered, id) {
			return nil, aadsts.New(aadsts.ResourceUnavailable, name)
		}
	}
	return nil, unknown
}

// newcomer stands for the service principal that an application would get in the
// tenant; nil where it may not have one.
func newcomer(t *directory.Tenant, app *directory.Application) *directory.ServicePrincipal {
	if !app.OfferedTo(t.ID) {
		return nil
	}
	return &directory.ServicePrincipal{TenantID: t.ID, AppID: app.AppID, Type: directory.TypeApplication, AccountEnabled: true, App: app}
}

// named reports whether an application answers to the name.
func named(app *directory.Application, name string) bool {
	if id, err := directory.ParseID(name); err == nil {
		return id == app.AppID
	}
	bare := func(s string) string { return strings.TrimSuffix(directory.NormalizeName(s), "/") }
	return slices.ContainsFunc(app.IdentifierURIs, func(u string) bool { return bare(u) == bare(name) })
}

// idsIn are the GUIDs that a resource name holds: the appId itself, or a segment of
// api://appId and the like.
func idsIn(name string) []directory.ID {
	var ids []directory.ID
	for segment := range strings.SplitSeq(name, "/") {
		if id, err := directory.ParseID(segment); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// registered finds a resource that an application is registered for, by its
// appId. It is nil for one that is switched off: what cannot be used need not be
// consented to.
func (c *Consents) registered(ctx context.Context, t *directory.Tenant, appID directory.ID) (*directory.ServicePrincipal, error) {
	sp, err := c.Lookup.ServicePrincipalByAppID(ctx, t.ID, appID)
	if errors.Is(err, directory.ErrNotFound) {
		var app *directory.Application
		app, err = c.Lookup.ApplicationByAppID(ctx, appID)
		if errors.Is(err, directory.ErrNotFound) {
			return nil, aadsts.New(aadsts.ResourceRemoved, string(appID))
		}
		if err == nil {
			if sp = newcomer(t, app); sp == nil {
				return nil, aadsts.New(aadsts.ResourceUnavailable, string(appID))
			}
		}
	}
	if err != nil {
		return nil, err
	}
	if sp.App == nil {
		return nil, aadsts.New(aadsts.ResourceRemoved, string(appID))
	}
	if disabled(sp) {
		return nil, nil
	}
	return sp, nil
}
