package server

import (
	"github.com/sekisho-id/sekisho/internal/domain/clientauth"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/endpoint/authorize"
	"github.com/sekisho-id/sekisho/internal/endpoint/discovery"
	"github.com/sekisho-id/sekisho/internal/endpoint/token"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
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

			ResponseTypes: authorize.ResponseTypes(), ResponseTypesV1: authorize.ResponseTypes(),
			ResponseModes: authorize.ResponseModes(), CodeChallengeMethods: []string{oauth2.ChallengeS256, oauth2.ChallengePlain},
			Prompts: oauth2.PromptValues(), Scopes: oauth2.OIDCScopes(),
			Claims: issue.IDClaims(2), ClaimsV1: issue.IDClaims(1),
			ClaimsParameter: true, IssuerInResponse: true, UserInfoEndpoint: true,
			EndSessionEndpoint: true, FrontChannelLogout: true,
		},
	})
}
