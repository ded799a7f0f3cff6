package token

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/clientauth"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// resolveTenant reads the path's tenant: a GUID or a verified domain. It is nil
// for the aliases, which name none.
func (e *Endpoint) resolveTenant(ctx context.Context, name string) (*directory.Tenant, error) {
	name = strings.ToLower(name)
	switch name {
	case "common", "organizations", "consumers", directory.Consumers.String():
		return nil, nil
	}
	if _, err := directory.ParseTenantID(name); err != nil && !domainName.MatchString(name) {
		return nil, aadsts.New(aadsts.InvalidTenantName, name)
	}
	t, err := e.Lookup.TenantByName(ctx, name)
	if errors.Is(err, directory.ErrNotFound) || err == nil && t.Disabled {
		return nil, aadsts.New(aadsts.TenantNotFound, name)
	}
	return t, err
}

var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

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
