package consent

import (
	"context"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Config is what Consents needs.
type Config struct {
	Lookup directory.Lookup
	Store  directory.ConsentStore
	// Operations hold the rules for what a consent writes.
	Operations *directory.Operations
}

// Consents implements Service. It is safe for concurrent use.
type Consents struct{ Config }

// New makes the service.
func New(c Config) *Consents { return &Consents{c} }

// wanted is one resource of a request, with what is asked of it.
type wanted struct {
	resource *directory.ServicePrincipal
	name     string // as the client wrote it
	scopes   []*directory.PermissionScope
	// static: whatever is granted, or else everything that is registered.
	static bool
}

// Check looks only at the request: whether its resources exist and define what is
// asked for. It needs neither a User nor the database. Errors are those of Assess.
func (c *Consents) Check(ctx context.Context, r *Request) error {
	_, err := c.want(ctx, r)
	return err
}

// Assess implements Service.
func (c *Consents) Assess(ctx context.Context, r *Request) (*Assessment, error) {
	list, err := c.want(ctx, r)
	if err != nil {
		return nil, err
	}
	var user directory.ID
	if r.User != nil {
		user = r.User.ID
	}
	held, err := c.holdings(ctx, r.Tenant.ID, r.Principal, user)
	if err != nil {
		return nil, err
	}
	q := &question{Consents: c, r: r, held: held}
	if err := q.collect(ctx, list); err != nil {
		return nil, err
	}
	return Judge(Facts{
		Name: clientName(r), AppID: r.App.AppID,
		Own: r.App.TenantID == r.Tenant.ID, Verified: r.App.Builtin, Installed: r.Principal != nil,
		AssignmentRequired: r.Principal != nil && r.Principal.AppRoleAssignmentRequired,
		Policy:             r.Tenant.Settings.UserConsent, RiskyAllowed: r.Tenant.Settings.RiskyConsent,
		Roles: r.Roles, Again: r.Again, Organisation: r.Organisation,
		Asked: q.asked, Nothing: q.nothing,
	}), nil
}

func clientName(r *Request) string {
	if r.Principal != nil {
		return r.Principal.Name()
	}
	return r.App.DisplayName
}

// want finds the resources of a request and the scopes that it names.
func (c *Consents) want(ctx context.Context, r *Request) ([]wanted, error) {
	var list []wanted
	of := func(name string) (*wanted, error) {
		if i := slices.IndexFunc(list, func(w wanted) bool { return w.name == name }); i >= 0 {
			return &list[i], nil
		}
		sp, err := c.resource(ctx, r, name)
		if err != nil {
			return nil, err
		}
		list = append(list, wanted{resource: sp, name: name})
		return &list[len(list)-1], nil
	}
	asked := r.Scopes.List
	if r.Version == 1 {
		// Only openid of the scopes means anything here; the resource stands for
		// what is registered.
		asked = nil
		if r.Resource != "" {
			asked = []oauth2.Scope{{Resource: r.Resource, Value: oauth2.DefaultScope}}
		}
	}
	for _, word := range r.Scopes.OIDC {
		asked = append(asked, oauth2.Scope{Resource: string(directory.GraphAppID), Value: word})
	}
	for _, s := range asked {
		w, err := of(s.Resource)
		if err != nil {
			return nil, err
		}
		if s.Value == oauth2.DefaultScope {
			w.static = true
			continue
		}
		scope := find(w.resource, s.Value)
		if scope == nil {
			return nil, aadsts.New(aadsts.ScopeNotDefined, string(r.App.AppID), s.Value, w.name)
		}
		w.scopes = append(w.scopes, scope)
	}
	return list, nil
}

// find looks up a scope by its value, without regard to case.
func find(resource *directory.ServicePrincipal, value string) *directory.PermissionScope {
	scopes := resource.App.API.OAuth2PermissionScopes
	for i := range scopes {
		if usable(&scopes[i]) && strings.EqualFold(*scopes[i].Value, value) {
			return &scopes[i]
		}
	}
	return nil
}

// question collects what a request is about.
type question struct {
	*Consents
	r       *Request
	held    holdings // of the client that asks
	asked   []Permission
	nothing bool
}

// collect turns what a request wants into permissions.
func (q *question) collect(ctx context.Context, list []wanted) error {
	static := q.r.Organisation && q.r.Version == 1 && q.r.Resource == ""
	nothing := static && len(q.r.App.RequiredResourceAccess) == 0
	for _, w := range list {
		for _, s := range w.scopes {
			q.add(q.r.App, w.resource, s, q.held)
		}
		if !w.static {
			continue
		}
		// Consent to anything of the resource stands for all that was granted,
		// whatever is registered by now
		// (learn.microsoft.com/entra/identity-platform/scopes-oidc#the-default-scope).
		got := q.held.held(q.r.App.AppID, w.resource, q.r.Organisation)
		lists := registers(q.r.App, w.resource.AppID)
		switch {
		case q.r.Version == 1 && !q.r.Organisation && !lists && len(got) == 0 && w.resource.AppID != q.r.App.AppID:
			return aadsts.New(aadsts.ResourceNotRegistered, w.name, string(q.r.App.AppID))
		case len(got) > 0 && !q.r.Again && !q.r.Organisation:
			for _, s := range got {
				q.add(q.r.App, w.resource, s, q.held)
			}
		default:
			static = true
			// An application that is its own resource needs no entry for itself.
			nothing = nothing || len(got) == 0 && !lists && (w.resource.AppID != q.r.App.AppID || len(q.r.App.RequiredResourceAccess) == 0)
		}
	}
	q.nothing = nothing
	if !static || nothing {
		return nil
	}
	return q.collectRegistered(ctx, list)
}

// registers reports whether an application is registered for a resource.
func registers(app *directory.Application, resource directory.ID) bool {
	return slices.ContainsFunc(app.RequiredResourceAccess, func(n directory.RequiredResourceAccess) bool {
		return n.ResourceAppID == resource && len(n.ResourceAccess) > 0
	})
}

// collectRegistered adds everything that the client is registered for, and what
// those resources need in turn that name the client as theirs
// (Graph: knownClientApplications).
func (q *question) collectRegistered(ctx context.Context, list []wanted) error {
	resources, err := q.addRegistered(ctx, q.r.App, q.held, true)
	if err != nil {
		return err
	}
	for _, w := range list {
		resources = append(resources, w.resource)
	}
	done := []directory.ID{q.r.App.AppID}
	for _, middle := range resources {
		if slices.Contains(done, middle.AppID) || !knows(middle.App, q.r.App) {
			continue
		}
		done = append(done, middle.AppID)
		var user directory.ID
		if q.r.User != nil {
			user = q.r.User.ID
		}
		held, err := q.holdings(ctx, q.r.Tenant.ID, middle, user)
		if err != nil {
			return err
		}
		if _, err := q.addRegistered(ctx, middle.App, held, false); err != nil {
			return err
		}
	}
	return nil
}

// knows reports whether an API names the client as one of its own. Both have to
// belong to one organisation.
func knows(api, client *directory.Application) bool {
	return api.TenantID == client.TenantID && slices.Contains(api.API.KnownClientApplications, client.AppID)
}

// addRegistered adds what one application is registered for, and returns the
// resources. Entries for what a resource no longer has are passed over.
func (q *question) addRegistered(ctx context.Context, app *directory.Application, held holdings, roles bool) ([]*directory.ServicePrincipal, error) {
	var resources []*directory.ServicePrincipal
	for _, need := range app.RequiredResourceAccess {
		sp, err := q.registered(ctx, q.r.Tenant, need.ResourceAppID)
		if err != nil {
			return nil, err
		}
		if sp == nil {
			continue
		}
		resources = append(resources, sp)
		for _, access := range need.ResourceAccess {
			if access.Type == "Role" {
				if roles {
					err = q.addRole(ctx, sp, access.ID)
				}
			} else {
				q.addByID(app, sp, access.ID, held)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return resources, nil
}

func (q *question) addByID(app *directory.Application, sp *directory.ServicePrincipal, id directory.ID, held holdings) {
	scopes := sp.App.API.OAuth2PermissionScopes
	if i := slices.IndexFunc(scopes, func(s directory.PermissionScope) bool { return s.ID == id && usable(&s) }); i >= 0 {
		q.add(app, sp, &scopes[i], held)
	}
}

// add adds a delegated permission once.
func (q *question) add(app *directory.Application, sp *directory.ServicePrincipal, s *directory.PermissionScope, held holdings) {
	p := Permission{
		Resource: sp, ID: s.ID, Value: *s.Value, AdminOnly: s.Type == "Admin", Client: app,
		Granted:    held.has(app.AppID, sp, s, q.r.Organisation),
		AdminTitle: text(s.AdminConsentDisplayName), AdminDescription: text(s.AdminConsentDescription),
		UserTitle: text(s.UserConsentDisplayName), UserDescription: text(s.UserConsentDescription),
	}
	if p.UserTitle == "" {
		p.UserTitle, p.UserDescription = p.AdminTitle, p.AdminDescription
	}
	q.put(p)
}

// addRole adds an application permission once.
func (q *question) addRole(ctx context.Context, sp *directory.ServicePrincipal, id directory.ID) error {
	roles := sp.Roles()
	i := slices.IndexFunc(roles, func(r directory.AppRole) bool {
		return r.ID == id && r.IsEnabled && slices.Contains(r.AllowedMemberTypes, "Application")
	})
	if i < 0 {
		return nil
	}
	p := Permission{
		Resource: sp, ID: id, Value: text(roles[i].Value), Application: true, AdminOnly: true, Client: q.r.App,
		AdminTitle: text(roles[i].DisplayName), AdminDescription: text(roles[i].Description),
	}
	p.UserTitle, p.UserDescription = p.AdminTitle, p.AdminDescription
	if q.r.Principal != nil && sp.ID != "" {
		assigned, err := q.Lookup.AppRoleAssignmentsOf(ctx, q.r.Tenant.ID, q.r.Principal.ID)
		if err != nil {
			return err
		}
		p.Granted = slices.ContainsFunc(assigned, func(a directory.AppRoleAssignment) bool { return a.AppRoleID == id && a.ResourceID == sp.ID })
	}
	q.put(p)
	return nil
}

func (q *question) put(p Permission) {
	same := func(o Permission) bool {
		return o.Client.AppID == p.Client.AppID && o.Resource.AppID == p.Resource.AppID && o.ID == p.ID && o.Application == p.Application
	}
	if !slices.ContainsFunc(q.asked, same) {
		q.asked = append(q.asked, p)
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
