package token

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/clientauth"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// resolveTenant reads the path's tenant. It is nil for the aliases, which name
// none.
func (e *Endpoint) resolveTenant(ctx context.Context, segment string) (*directory.Tenant, error) {
	name, err := directory.ParseTenantName(segment)
	if err != nil {
		return nil, aadsts.New(aadsts.InvalidTenantName, segment)
	}
	t, err := directory.FindTenant(ctx, e.Lookup, name)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, aadsts.New(aadsts.TenantNotFound, segment)
	}
	return t, err
}

// audiences are the values of `aud` by which a client assertion may name this
// authority (RFC 7523 §3), with the tenant as its GUID and as the path wrote it.
func audiences(h issue.Hosts, t *directory.Tenant, path string) []string {
	names := []string{path}
	if t != nil && t.ID.String() != path {
		names = append(names, t.ID.String())
	}
	list := clientauth.Audiences(h.Login, names...)
	if h.STS != h.Login {
		for _, n := range names {
			list = append(list, h.STS+"/"+n+"/")
		}
	}
	return list
}
