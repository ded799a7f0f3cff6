package bearer

import (
	"fmt"
	"slices"
	"strings"
)

// A Requirement is something that a token must have beyond being good. Several
// together must all be met. One that is made of an empty list is never met, so a
// list that was lost on the way opens nothing.
type Requirement struct {
	met  func(*Claims) bool
	want string // for the log
	// scope is what the client should ask for, in the challenge (RFC 6750 §3).
	scope string
}

// String describes the requirement.
func (r Requirement) String() string { return r.want }

// Scope is met by a delegated token that has all the scopes. Scopes are the short
// values of the claim scp, such as "Orders.Read", without the App ID URI.
func Scope(scopes ...string) Requirement {
	return Requirement{
		met:   func(c *Claims) bool { return hasAll(scopes, c.HasScope) },
		want:  "delegated, scope " + strings.Join(scopes, " and "),
		scope: strings.Join(scopes, " "),
	}
}

// AnyScope is met by a delegated token that has at least one of the scopes. The
// challenge names the first: put the one that permits least there.
func AnyScope(scopes ...string) Requirement {
	return Requirement{
		met:   func(c *Claims) bool { return slices.ContainsFunc(scopes, c.HasScope) },
		want:  "delegated, scope " + strings.Join(scopes, " or "),
		scope: first(scopes),
	}
}

// Role is met by an app-only token that has all the roles: what an administrator
// granted to an application that acts for itself.
func Role(roles ...string) Requirement {
	return Requirement{
		met:  func(c *Claims) bool { return c.AppOnly() && hasAll(roles, c.HasRole) },
		want: "app-only, role " + strings.Join(roles, " and "),
	}
}

// AnyRole is met by an app-only token that has at least one of the roles.
func AnyRole(roles ...string) Requirement {
	return Requirement{
		met:  func(c *Claims) bool { return c.AppOnly() && slices.ContainsFunc(roles, c.HasRole) },
		want: "app-only, role " + strings.Join(roles, " or "),
	}
}

// UserRole is met by a delegated token of a person who has at least one of the roles
// in this API. It says nothing of what the application may do: use it with [Scope].
func UserRole(roles ...string) Requirement {
	return Requirement{
		met:  func(c *Claims) bool { return c.Delegated() && slices.ContainsFunc(roles, c.HasRole) },
		want: "delegated, person with role " + strings.Join(roles, " or "),
	}
}

// ScopeOrRole is met by a delegated token that has at least one of the scopes, and by
// an app-only token that has at least one of the roles. Scopes do not help an
// app-only token, nor roles a delegated one.
func ScopeOrRole(scopes, roles []string) Requirement {
	scope, role := AnyScope(scopes...), AnyRole(roles...)
	return Requirement{
		met:   func(c *Claims) bool { return scope.met(c) || role.met(c) },
		want:  scope.want + "; or " + role.want,
		scope: scope.scope,
	}
}

// AppOnly is met by a token with no person behind it.
func AppOnly() Requirement { return Requirement{met: (*Claims).AppOnly, want: "app-only"} }

// Delegated is met by a token for a person who is signed in.
func Delegated() Requirement { return Requirement{met: (*Claims).Delegated, want: "delegated"} }

// Client is met by tokens that one of these applications got (ClientID).
func Client(ids ...string) Requirement {
	return Requirement{
		met: func(c *Claims) bool {
			return slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, c.ClientID) })
		},
		want: "client " + strings.Join(ids, " or "),
	}
}

// CertificateClient is met by tokens whose client proved itself with a certificate or
// a federated credential, not with a secret and not at all.
func CertificateClient() Requirement {
	return Requirement{
		met:  func(c *Claims) bool { return c.ClientAuthMethod == Certificate },
		want: "client with certificate",
	}
}

// Check holds claims against requirements, inside a handler that decides by the
// request what is needed. The error, if any, is an [*Error] with reason Permission:
// hand it to [Verifier.Refuse].
func Check(claims *Claims, requirements ...Requirement) error {
	for _, r := range requirements {
		if r.met == nil || !r.met(claims) {
			kind := "delegated"
			if claims.AppOnly() {
				kind = "app-only"
			}
			return &Error{
				Reason: Permission,
				scope:  r.scope,
				cause: fmt.Errorf("required: %s; the token is %s, scp %.200q, roles %.200q",
					r.want, kind, claims.Scopes, claims.Roles),
			}
		}
	}
	return nil
}

// hasAll says whether has is true of each item, and that there are items at all.
func hasAll(items []string, has func(string) bool) bool {
	for _, item := range items {
		if !has(item) {
			return false
		}
	}
	return len(items) > 0
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
