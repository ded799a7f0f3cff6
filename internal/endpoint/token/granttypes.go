package token

import (
	"context"

	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// A grantType serves one value of grant_type (RFC 6749 §1.3).
type grantType struct {
	// concreteTenant: the path must name one tenant, not an alias.
	concreteTenant bool
	// complete checks that the parameters of the grant are there, before the
	// client is authenticated.
	complete func(*exchange) error
	// redeem checks what the request brings and issues what it entitles to.
	redeem func(context.Context, *exchange) (*response, error)
}

// grantTypes is the table of what /token serves.
func grantTypes(c Config) map[string]grantType {
	cc := clientCredentials{lookup: c.Lookup, tokens: c.Tokens}
	return map[string]grantType{
		oauth2.GrantClientCredentials: {concreteTenant: true, complete: cc.complete, redeem: cc.redeem},
	}
}

// grantNames are the keys of the table, in the order in which discovery lists
// them.
var grantNames = []string{oauth2.GrantClientCredentials}
