package server

import (
	"github.com/sekisho-id/sekisho/internal/domain/clientauth"
	"github.com/sekisho-id/sekisho/internal/endpoint/discovery"
	"github.com/sekisho-id/sekisho/internal/endpoint/token"
)

// newDiscovery tells discovery what is served, from the tables that the handlers
// run on. What is absent here is absent from the documents.
func (s *Server) newDiscovery() (*discovery.Endpoint, error) {
	return discovery.New(discovery.Config{
		Tenants: s.view, Keys: s.keys, Now: s.clock.Now, Hosts: s.bases, WriteError: s.writeError,
		Served: discovery.Served{
			GrantTypes:    token.GrantTypes(),
			AuthMethods:   clientauth.MethodNames(),
			AssertionAlgs: clientauth.SigningAlgorithms(),
		},
	})
}
