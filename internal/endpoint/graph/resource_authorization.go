package graph

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// The authorization policy is a single object of each tenant. What of it can be
// changed here is what people may consent to for themselves; the rest says what
// is so, and a PATCH may repeat it.

type settings = directory.TenantSettings

var authorizationEntity = newEntity("authorizationPolicy", "policies/authorizationPolicy", []property[settings]{
	shown("id", "Edm.String", func(*settings) any { return "authorizationPolicy" }),
	shown("deletedDateTime", "Edm.DateTimeOffset", func(*settings) any { return nil }),
	fixed[settings]("displayName", "Edm.String", "Authorization Policy"),
	fixed[settings]("description", "Edm.String", "Used to manage authorization related settings across the company."),
	fixed[settings]("allowInvitesFrom", "Edm.String", "adminsAndGuestInviters"),
	fixed[settings]("allowedToSignUpEmailBasedSubscriptions", "Edm.Boolean", false),
	fixed[settings]("allowedToUseSSPR", "Edm.Boolean", false),
	fixed[settings]("allowEmailVerifiedUsersToJoinOrganization", "Edm.Boolean", false),
	flag("allowUserConsentForRiskyApps", func(s *settings) *bool { return &s.RiskyConsent }),
	fixed[settings]("blockMsolPowerShell", "Edm.Boolean", false),
	fixed[settings]("guestUserRoleId", "Edm.Guid", limitedGuest),
	memberRights(
		fixed[settings]("allowedToCreateApps", "Edm.Boolean", true),
		fixed[settings]("allowedToCreateSecurityGroups", "Edm.Boolean", false),
		fixed[settings]("allowedToCreateTenants", "Edm.Boolean", false),
		fixed[settings]("allowedToReadBitlockerKeysForOwnedDevice", "Edm.Boolean", false),
		fixed[settings]("allowedToReadOtherUsers", "Edm.Boolean", true),
		grantPolicies()),
})

// memberRights are what members may do by default. They are there always.
func memberRights(members ...property[settings]) property[settings] {
	const name = "defaultUserRolePermissions"
	p := group(name, name, nil, members...)
	parse := p.parse
	p.nullable, p.parse = false, func(raw json.RawMessage) (func(*settings), error) {
		if isNull(raw) {
			return nil, notNullable(name)
		}
		return parse(raw)
	}
	return p
}

// limitedGuest is the id of what guests may do by default
// (learn.microsoft.com/entra/identity/users/users-restrict-guest-permissions).
const limitedGuest = "10dae51f-b6af-4016-8d66-8c2a99b929b3"

// fixed shows a value that nothing here can change. A write may repeat it, as
// clients do that send back what they read.
func fixed[T any](name, typ string, value any) property[T] {
	p := shown(name, typ, func(*T) any { return value })
	p.parse = func(raw json.RawMessage) (func(*T), error) {
		have, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(string(raw)) != string(have) {
			return nil, badRequest("One or more property values specified are invalid. Property '%s' cannot be changed on this server.", name)
		}
		return func(*T) {}, nil
	}
	return p
}

// selfConsent are the policies that may be assigned to people. All consent to
// one's own data; consent by owners of resources is not offered.
var selfConsent = map[string]directory.UserConsent{
	"ManagePermissionGrantsForSelf.microsoft-user-default-recommended": directory.ConsentRecommended,
	"ManagePermissionGrantsForSelf.microsoft-user-default-low":         directory.ConsentLow,
	"ManagePermissionGrantsForSelf.microsoft-user-default-legacy":      directory.ConsentLegacy,
}

func grantPolicies() property[settings] {
	const name = "permissionGrantPoliciesAssigned"
	return property[settings]{
		name: name, typ: "Edm.String", many: true,
		get: func(s *settings) any {
			for policy, consent := range selfConsent {
				if consent == s.UserConsent {
					return []string{policy}
				}
			}
			return []string{}
		},
		parse: func(raw json.RawMessage) (func(*settings), error) {
			list, err := stringList(name, raw)
			if err != nil {
				return nil, err
			}
			if len(list) == 0 {
				return func(s *settings) { s.UserConsent = directory.ConsentNone }, nil
			}
			consent, ok := selfConsent[list[0]]
			if len(list) > 1 || !ok {
				return nil, badRequest("One or more property values specified are invalid. Property '%s' holds at most one of the policies microsoft-user-default-recommended, -low and -legacy, as ManagePermissionGrantsForSelf.{id}.", name)
			}
			return func(s *settings) { s.UserConsent = consent }, nil
		},
	}
}

func getAuthorizationPolicy(c *call) (*reply, error) {
	t, err := c.ownTenant()
	if err != nil {
		return nil, err
	}
	return one(c, authorizationEntity, http.StatusOK, &t.Settings)
}

func patchAuthorizationPolicy(c *call) (*reply, error) {
	in, err := readBody(authorizationEntity.props, c.body)
	if err != nil {
		return nil, err
	}
	change := func(s *settings) error { in.apply(s); return nil }
	if err := c.api.Ops.ChangeSettings(c.ctx, c.caller, "Update authorization policy", change); err != nil {
		return nil, err
	}
	t, err := c.ownTenant()
	if err != nil {
		return nil, err
	}
	return patched(c, authorizationEntity, &t.Settings)
}
