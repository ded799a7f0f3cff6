package directory

import (
	"slices"
	"strings"
)

// Limits of permissions.
const (
	maxPermissionValue         = 120
	maxPersonalPermissionValue = 40
	maxPersonalScopes          = 100
	maxPersonalClients         = 100
	maxPersonalPreAuthorized   = 500
	maxPersonalScopesPerClient = 30
	maxConsentName             = 256
	maxConsentText             = 1024
)

// permissionChars are what the value of a scope or role may hold.
const permissionChars = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&'()*+,-./:;=?@[]^_{}~"

// permissionValue judges the value of a scope or role. A leading dot is kept
// for .default.
func permissionValue(property string, v *string, limit int) error {
	switch {
	case v == nil:
		return nil
	case len(*v) > limit:
		return invalid(property, "Permission value '%s' is longer than %d characters.", clip(*v), limit)
	case strings.HasPrefix(*v, "."):
		return invalid(property, "Permission value '%s' may not start with a dot.", clip(*v))
	case strings.ContainsFunc(*v, func(r rune) bool { return !strings.ContainsRune(permissionChars, r) }):
		return invalid(property, "Permission value '%s' holds a character that is not allowed.", clip(*v))
	}
	return nil
}

// permissionScopes judges the delegated permissions of an application.
func permissionScopes(a *Application) error {
	const property = "api.oauth2PermissionScopes"
	limit := maxPermissionValue
	if a.Personal() {
		limit = maxPersonalPermissionValue
		if err := atMost(property, len(a.API.OAuth2PermissionScopes), maxPersonalScopes); err != nil {
			return err
		}
	}
	var ids []ID
	var values []string
	for _, s := range a.API.OAuth2PermissionScopes {
		ids = append(ids, s.ID)
		if s.Value != nil {
			values = append(values, strings.ToLower(*s.Value))
		}
		if err := first(
			permissionValue(property+".value", s.Value, limit),
			oneOf(property+".type", &s.Type, "User", "Admin"),
			line(property+".adminConsentDisplayName", s.AdminConsentDisplayName, maxConsentName),
			text(property+".adminConsentDescription", s.AdminConsentDescription, maxConsentText),
			line(property+".userConsentDisplayName", s.UserConsentDisplayName, maxConsentName),
			text(property+".userConsentDescription", s.UserConsentDescription, maxConsentText),
			notZero(property+".id", s.ID),
		); err != nil {
			return err
		}
	}
	// Values compare without regard to case, since clients write user.read.
	return first(unique(property+".id", ids), unique(property+".value", values))
}

// appRoles judges app roles.
func appRoles(roles []AppRole) error {
	const property = "appRoles"
	var ids []ID
	var values []string
	for _, r := range roles {
		ids = append(ids, r.ID)
		if r.Value != nil {
			values = append(values, strings.ToLower(*r.Value))
		}
		if len(r.AllowedMemberTypes) == 0 {
			return invalid(property+".allowedMemberTypes", "Property appRoles.allowedMemberTypes must hold User, Application or both.")
		}
		if err := first(
			permissionValue(property+".value", r.Value, maxPermissionValue),
			line(property+".displayName", r.DisplayName, maxConsentName),
			text(property+".description", r.Description, maxConsentText),
			each(r.AllowedMemberTypes, func(s string) error {
				return oneOf(property+".allowedMemberTypes", &s, "User", "Application")
			}),
			unique(property+".allowedMemberTypes", r.AllowedMemberTypes),
			notZero(property+".id", r.ID),
		); err != nil {
			return err
		}
	}
	return first(unique(property+".id", ids), unique(property+".value", values))
}

// notZero refuses the id that means "no specific role".
func notZero(property string, id ID) error {
	if id == ZeroID {
		return invalid(property, "Property %s cannot be the GUID of zeros.", property)
	}
	return nil
}

// permissionsTogether judges scopes and roles beside each other: an id may be
// that of a scope and of a role only if both have the same value.
func permissionsTogether(a *Application) error {
	for _, r := range a.AppRoles {
		for _, s := range a.API.OAuth2PermissionScopes {
			if r.ID == s.ID && value(r.Value) != value(s.Value) {
				return invalid("appRoles.id", "The id '%s' belongs to a scope and to an app role with different values.", r.ID)
			}
		}
	}
	return nil
}

// disabledFirst refuses to remove or rename a scope or role that was enabled
// before the change: tokens are being issued with it.
func disabledFirst(before, after *Application) error {
	for _, s := range before.API.OAuth2PermissionScopes {
		i := slices.IndexFunc(after.API.OAuth2PermissionScopes, func(o PermissionScope) bool { return o.ID == s.ID })
		if s.IsEnabled && (i < 0 || !same(after.API.OAuth2PermissionScopes[i].Value, s.Value)) {
			return refusal(EnabledEntitlement, "api.oauth2PermissionScopes", textEnabledEntitlement)
		}
	}
	return rolesDisabledFirst(before.AppRoles, after.AppRoles)
}

func rolesDisabledFirst(before, after []AppRole) error {
	for _, r := range before {
		i := slices.IndexFunc(after, func(o AppRole) bool { return o.ID == r.ID })
		if r.IsEnabled && (i < 0 || !same(after[i].Value, r.Value)) {
			return refusal(EnabledEntitlement, "appRoles", textEnabledEntitlement)
		}
	}
	return nil
}

// preAuthorized judges the clients that need no consent.
func preAuthorized(a *Application) error {
	const property = "api.preAuthorizedApplications"
	var clients []ID
	total := 0
	for _, p := range a.API.PreAuthorizedApplications {
		clients = append(clients, p.AppID)
		total += len(p.DelegatedPermissionIDs)
		if err := unique(property+".delegatedPermissionIds", p.DelegatedPermissionIDs); err != nil {
			return err
		}
		for _, id := range p.DelegatedPermissionIDs {
			if !slices.ContainsFunc(a.API.OAuth2PermissionScopes, func(s PermissionScope) bool { return s.ID == id }) {
				return invalid(property, "Property %s refers to the delegated permission '%s', which the application does not have.", property, id)
			}
		}
		if a.Personal() {
			if err := atMost(property+".delegatedPermissionIds", len(p.DelegatedPermissionIDs), maxPersonalScopesPerClient); err != nil {
				return err
			}
		}
	}
	if a.Personal() {
		if err := first(atMost(property, len(clients), maxPersonalClients), atMost(property, total, maxPersonalPreAuthorized)); err != nil {
			return err
		}
	}
	return first(unique(property, clients), unique("api.knownClientApplications", a.API.KnownClientApplications))
}
