package view

import (
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func isNotFound(err error) bool { return errors.Is(err, directory.ErrNotFound) }

// Apply drops what the changes made untrue. Changes of users, roles, grants and
// signing keys concern others; they are passed over.
func (v *View) Apply(changes []directory.Change) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.epoch++
	for _, c := range changes {
		switch c.Kind {
		case directory.ChangedTenant:
			v.cache.Invalidate(key{kind: tenantByID, tenant: c.Tenant})
		case directory.ChangedApplication:
			v.cache.Invalidate(key{kind: applicationByAppID, id: c.Key})
		case directory.ChangedServicePrincipal:
			v.cache.Invalidate(key{kind: principalByID, tenant: c.Tenant, id: c.ID})
			v.cache.Invalidate(key{kind: principalIDByAppID, tenant: c.Tenant, id: c.Key})
		case directory.ChangedAssignments:
			v.cache.Invalidate(key{kind: assignments, tenant: c.Tenant, id: c.ID})
		case directory.ChangedPolicy:
			v.cache.Invalidate(key{kind: policy, tenant: c.Tenant, id: c.ID})
			v.cache.Invalidate(key{kind: defaultPolicy, tenant: c.Tenant})
		case directory.ChangedGrants, directory.ChangedUser, directory.ChangedRoles, directory.ChangedSigningKeys:
		}
	}
}

// Forget drops everything: the feed has a gap.
func (v *View) Forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.epoch++
	v.cache.InvalidateAll()
}

// weigh is about how many bytes a value holds on to.
func weigh(v any) uint32 {
	n := 128
	switch v := v.(type) {
	case *directory.Tenant:
		n += 256 + 96*len(v.Domains)
	case *directory.Application:
		n += 2048 + 96*len(v.IdentifierURIs) + 256*(len(v.AppRoles)+len(v.API.OAuth2PermissionScopes)) +
			128*(len(v.Web.RedirectURIs)+len(v.SPA.RedirectURIs)+len(v.PublicClient.RedirectURIs)) + weighCredentials(v.Passwords, v.Keys, v.Federated)
		for _, r := range v.RequiredResourceAccess {
			n += 64 + 64*len(r.ResourceAccess)
		}
	case *directory.ServicePrincipal:
		n += 1024 + 96*(len(v.Names)+len(v.Tags)+len(v.AlternativeNames)) + 256*len(v.AppRoles) + weighCredentials(v.Passwords, v.Keys, v.Federated)
	case []directory.AppRoleAssignment:
		n += 320 * len(v)
	}
	return uint32(n)
}

func weighCredentials(p []directory.PasswordCredential, k []directory.KeyCredential, f []directory.FederatedIdentityCredential) int {
	n := 256*len(p) + 512*len(f)
	for i := range k {
		n += 384 + len(k[i].DER)
	}
	return n
}
