package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Tokens verifies access tokens for this API.
type Tokens interface {
	// Verify checks a bearer token: ours, for the Graph audience, of the exact
	// issuer of its tenant, in time and not revoked. Its refusals are, or wrap, a
	// *TokenError; anything else is a failure of the server.
	Verify(ctx context.Context, bearer string) (*Actor, error)
}

// Actor is who calls, as the token says.
type Actor struct {
	Tenant directory.TenantID
	// App is the object id of the service principal that acts in Tenant, AppID
	// the application's id.
	App   directory.ID
	AppID directory.ID
	// User is the signed-in person, empty for an app-only token.
	User   directory.ID
	Scopes []string // delegated permissions (scp)
	Roles  []string // application permissions (roles)
}

// A TokenError says why a token is refused. Message is for the client.
type TokenError struct{ Message string }

func (e *TokenError) Error() string { return e.Message }

// The refusals of tokens, in the words that clients know.
var (
	ErrTokenEmpty    = &TokenError{"Access token is empty."}
	ErrTokenInvalid  = &TokenError{"Access token validation failure."}
	ErrTokenExpired  = &TokenError{"Access token has expired or is not yet valid."}
	ErrTokenAudience = &TokenError{"Access token validation failure. Invalid audience."}
	ErrTokenRevoked  = &TokenError{"Access token has been revoked."}
)

// A permission says which permissions a route needs: one of several
// alternatives, each a set that is needed together.
type permission [][]string

const ownedBy = "Application.ReadWrite.OwnedBy"

// allow reads the notation of Graph's permission reference: alternatives
// divided by ";", the members of a set by "+".
func allow(text string) (permission, error) {
	var p permission
	for alternative := range strings.SplitSeq(text, ";") {
		var set []string
		for name := range strings.SplitSeq(alternative, "+") {
			name = strings.TrimSpace(name)
			if name == "" || strings.ContainsAny(name, " *()") {
				return nil, fmt.Errorf("graph: %q is no permission", text)
			}
			set = append(set, name)
		}
		p = append(p, set)
	}
	return p, nil
}

var errNoPermission = errors.New("graph: a route declares no permission")

// granted lists the alternatives that the given permissions fulfil.
func (p permission) granted(have []string) [][]string {
	var out [][]string
	for _, set := range p {
		if !slices.ContainsFunc(set, func(need string) bool { return !holds(have, need) }) {
			out = append(out, set)
		}
	}
	return out
}

// holds reports whether a permission is among those given. A permission to
// write everything includes the one to read everything of the same kind, never
// the other way round.
func holds(have []string, need string) bool {
	if slices.Contains(have, need) {
		return true
	}
	prefix, reads := strings.CutSuffix(need, ".Read.All")
	return reads && slices.Contains(have, prefix+".ReadWrite.All")
}

// authorize decides whether the actor may use the route. It is the only place
// that grants anything; what it does not grant is refused.
func (c *call) authorize() error {
	a, rt := c.actor, c.route
	if rt.has(me) && a.User == "" {
		return badRequest(textMe)
	}
	if a.User != "" {
		return c.authorizeDelegated()
	}
	granted := rt.appNeeds.granted(a.Roles)
	if len(granted) == 0 {
		if c.selfOnly = rt.has(ownKeys); c.selfOnly {
			return nil
		}
		return c.authorizeByRole()
	}
	// What the strongest alternative allows counts: a limit holds only if every
	// alternative that was met carries it.
	c.caller.OwnedOnly = every(granted, func(set []string) bool { return slices.Contains(set, ownedBy) })
	c.basicOnly = every(granted, func(set []string) bool { return slices.Contains(set, readBasic) })
	c.granted = granted
	return nil
}

// authorizeByRole lets an application do what its directory roles open.
func (c *call) authorizeByRole() error {
	if len(c.route.appNeeds) == 0 || c.route.right == noRight {
		return denied(textDenied)
	}
	p, err := c.who()
	if err != nil {
		return err
	}
	if !rights[c.route.right].byRole(p.roles) {
		return denied(textDenied)
	}
	c.byRole, c.granted = true, c.route.appNeeds
	c.publicOnly = !rights[toReadSensitive].byRole(p.roles)
	return nil
}

const readBasic = "User.ReadBasic.All"

func every(sets [][]string, is func([]string) bool) bool {
	return !slices.ContainsFunc(sets, func(s []string) bool { return !is(s) })
}

// holdsAny reports whether one of the alternatives met names one of the
// permissions.
func (c *call) holdsAny(names ...string) bool {
	return slices.ContainsFunc(c.granted, func(set []string) bool {
		return slices.ContainsFunc(set, func(p string) bool { return slices.Contains(names, p) })
	})
}

// mayRead reports whether the caller could also GET another route, named by its
// pattern: for relations that $expand shows.
func (c *call) mayRead(pattern string) bool {
	rt := c.api.routes["GET "+pattern]
	if rt == nil {
		return false
	}
	if c.actor.User == "" && len(rt.appNeeds.granted(c.actor.Roles)) > 0 {
		return true
	}
	if c.actor.User != "" && len(c.delegated(rt)) == 0 || c.actor.User == "" && !c.byRole {
		return false
	}
	h := rights[rt.right]
	return h.byRole(c.principal.roles) || c.principal.person && h.byDefault(c.principal.guest)
}

// onlyBasicUsers reports whether the caller may see of users no more than the
// basic properties.
func (c *call) onlyBasicUsers() bool {
	rt := c.api.routes["GET /users"]
	granted := rt.appNeeds.granted(c.actor.Roles)
	if c.actor.User != "" {
		granted = c.delegated(rt)
	}
	return len(granted) > 0 && every(granted, func(set []string) bool { return slices.Contains(set, readBasic) })
}
