package server

import (
	"context"
	"errors"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/clientauth/issuer"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

// ownIssuer gives the keys of an issuer that is this server itself: a workload
// may present an app-only token of ours as a federated assertion. Only the keys
// of that tenant's ring may have signed it.
func (s *Server) ownIssuer(ctx context.Context, iss string) ([]issuer.Key, bool, error) {
	tenant, ok := ownTenant(s.bases, iss)
	if !ok {
		return nil, false, nil
	}
	if _, err := s.view.TenantByName(ctx, tenant.String()); err != nil {
		return nil, true, err
	}
	var keys []issuer.Key
	for _, k := range s.keys.Set().Published(signingkey.RingOf(tenant), s.clock.Now()) {
		keys = append(keys, issuer.Key{ID: k.KID(), Public: k.Public()})
	}
	return keys, true, nil
}

// ownAlive says whether a token of this server still counts: a workload that was
// disabled or deleted cannot go on under another application's name.
func (s *Server) ownAlive(ctx context.Context, iss string, object directory.ID) (bool, error) {
	tenant, ok := ownTenant(s.bases, iss)
	if !ok {
		return false, nil
	}
	principal, err := s.view.ServicePrincipal(ctx, tenant, object)
	if err == nil {
		err = issue.Alive(ctx, s.view, principal)
	}
	if errors.Is(err, directory.ErrNotFound) || errors.Is(err, issue.ErrTokenRevoked) {
		return false, nil
	}
	return err == nil, err
}

// ownTenant reads the tenant out of an issuer of ours, v1 or v2.
func ownTenant(bases []issue.Hosts, iss string) (directory.TenantID, bool) {
	for _, h := range bases {
		for _, part := range []string{strings.TrimPrefix(iss, h.Login+"/"), strings.TrimPrefix(iss, h.STS+"/")} {
			name, _, _ := strings.Cut(part, "/")
			t, err := directory.ParseTenantID(name)
			if err == nil && (iss == h.V2Issuer(t) || iss == h.V1Issuer(t)) {
				return t, true
			}
		}
	}
	return directory.TenantID{}, false
}
