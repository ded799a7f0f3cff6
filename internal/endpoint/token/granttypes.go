package token

import (
	"context"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// A grantType serves one value of grant_type (RFC 6749 §1.3).
type grantType struct {
	name string
	// concreteTenant: the path must name one tenant, not an alias.
	concreteTenant bool
	// complete checks that the parameters of the grant are there, before the
	// client is authenticated.
	complete func(*exchange) error
	// find finds what the request brings, without judging it: it says how the
	// client has to behave. What is not there is noted, for redeem to refuse; nil
	// where the request brings nothing.
	find func(*Endpoint, context.Context, *exchange) error
	// redeem checks what the request brings and says what it entitles to. It
	// issues nothing and uses nothing up.
	redeem func(*Endpoint, context.Context, *exchange) (*grant, error)
}

// grant is what a request entitles its client to.
type grant struct {
	kind     audit.Grant
	resource string // whom the token is for, as the client wrote it
	// person is who the tokens are about; nil where the client acts as itself.
	person *person
}

// grantTypes is the table of what /token serves, in the order in which discovery
// lists it.
var grantTypes = []grantType{
	{name: oauth2.GrantAuthorizationCode, complete: completeCode, find: (*Endpoint).findCode, redeem: (*Endpoint).redeemCode},
	{name: oauth2.GrantRefreshToken, complete: completeRefresh, find: (*Endpoint).findRefresh, redeem: (*Endpoint).redeemRefresh},
	{name: oauth2.GrantClientCredentials, concreteTenant: true, complete: completeClientCredentials, redeem: (*Endpoint).redeemClientCredentials},
}

// GrantTypes lists what is served, for discovery.
func GrantTypes() []string {
	names := make([]string, len(grantTypes))
	for i, g := range grantTypes {
		names[i] = g.name
	}
	return names
}
