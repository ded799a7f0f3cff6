package consent

import (
	"context"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// holdings are the delegated permissions that a client was granted: values in lower
// case, by the object id of the resource.
type holdings struct {
	person, everyone map[directory.ID][]string
}

// holdings reads what a client holds for a user. It is the one read of the
// database that an answer needs.
func (c *Consents) holdings(ctx context.Context, t directory.TenantID, client *directory.ServicePrincipal, user directory.ID) (holdings, error) {
	h := holdings{map[directory.ID][]string{}, map[directory.ID][]string{}}
	if client == nil || client.ID == "" {
		return h, nil
	}
	grants, err := c.Store.GrantsFor(ctx, t, client.ID, user)
	if err != nil {
		return h, err
	}
	for _, g := range grants {
		into := h.everyone
		if g.ConsentType == directory.ConsentPrincipal {
			if g.PrincipalID != user {
				continue
			}
			into = h.person
		}
		into[g.ResourceID] = append(into[g.ResourceID], strings.Fields(strings.ToLower(g.Scope))...)
	}
	return h, nil
}

// has reports whether the client holds a scope of the resource, by a grant or
// because the resource trusts the client. For all people, a person's own grant
// does not count.
func (h holdings) has(client directory.ID, resource *directory.ServicePrincipal, s *directory.PermissionScope, forAll bool) bool {
	if !usable(s) {
		return false
	}
	value := strings.ToLower(*s.Value)
	return slices.Contains(h.everyone[resource.ID], value) ||
		!forAll && slices.Contains(h.person[resource.ID], value) ||
		preAuthorized(client, resource, s.ID)
}

// usable scopes are enabled and have a name to ask for.
func usable(s *directory.PermissionScope) bool {
	return s.IsEnabled && s.Value != nil && *s.Value != ""
}

// preAuthorized reports whether the resource lets the client have a scope without
// consent (Graph: preAuthorizedApplications). A resource that has to come into the
// tenant first comes by consent.
func preAuthorized(client directory.ID, resource *directory.ServicePrincipal, scope directory.ID) bool {
	if resource.ID == "" {
		return false
	}
	for _, p := range resource.App.API.PreAuthorizedApplications {
		if p.AppID == client && slices.Contains(p.DelegatedPermissionIDs, scope) {
			return true
		}
	}
	return false
}

// held lists the scopes that the client holds, in the order of their definition.
func (h holdings) held(client directory.ID, resource *directory.ServicePrincipal, forAll bool) []*directory.PermissionScope {
	var list []*directory.PermissionScope
	scopes := resource.App.API.OAuth2PermissionScopes
	for i := range scopes {
		if h.has(client, resource, &scopes[i], forAll) {
			list = append(list, &scopes[i])
		}
	}
	return list
}

// oidc are the scopes of OpenID Connect, permissions of Graph.
var oidc = []string{"openid", "profile", "email", "offline_access"}

// Held implements Service. offline_access is not among the values: it says how
// long access lasts, not to what.
func (c *Consents) Held(ctx context.Context, t directory.TenantID, client, resource *directory.ServicePrincipal, user directory.ID) ([]string, error) {
	h, err := c.holdings(ctx, t, client, user)
	if err != nil {
		return nil, err
	}
	return h.on(client, resource), nil
}

// HeldOIDC implements Service.
func (c *Consents) HeldOIDC(ctx context.Context, t directory.TenantID, client *directory.ServicePrincipal, user directory.ID) ([]string, error) {
	_, words, err := c.HeldAll(ctx, t, client, nil, user)
	return words, err
}

// HeldAll implements Service.
func (c *Consents) HeldAll(ctx context.Context, t directory.TenantID, client, resource *directory.ServicePrincipal, user directory.ID) (values, words []string, err error) {
	graph, err := c.Lookup.ServicePrincipalByAppID(ctx, t, directory.GraphAppID)
	if err != nil {
		return nil, nil, err
	}
	h, err := c.holdings(ctx, t, client, user)
	if err != nil || graph.App == nil {
		return nil, nil, err
	}
	for _, s := range h.held(client.AppID, graph, false) {
		if slices.Contains(oidc, *s.Value) {
			words = append(words, *s.Value)
		}
	}
	return h.on(client, resource), words, nil
}

// on lists the values of the scopes that the client holds on a resource.
func (h holdings) on(client, resource *directory.ServicePrincipal) []string {
	if resource == nil || resource.App == nil {
		return nil
	}
	var values []string
	for _, s := range h.held(client.AppID, resource, false) {
		if resource.AppID != directory.GraphAppID || *s.Value != "offline_access" {
			values = append(values, *s.Value)
		}
	}
	return values
}
