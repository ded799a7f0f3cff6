package directory_test

import (
	"fmt"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func withScopes(scopes ...directory.PermissionScope) func(*directory.Application) {
	return func(a *directory.Application) { a.API.OAuth2PermissionScopes = scopes }
}

func withRoles(roles ...directory.AppRole) func(*directory.Application) {
	return func(a *directory.Application) { a.AppRoles = roles }
}

// later is a row that changes an application which the first function made.
func later(section, name string, want refused, made, change func(*directory.Application)) ruleRow {
	return ruleRow{section, name, func(w *world) error { return w.change(w.app(made), change) }, want}
}

var enabled = refused{directory.EnabledEntitlement, "Permission (scope or role) cannot be deleted or updated unless disabled first."}

func permissionRows() []ruleRow {
	longest := strings.Repeat("a", 120)
	return append([]ruleRow{
		create("§3.3", "scope", fine, withScopes(scope(1, "Orders.Read"))),
		create("§3.3", "scope of 120 characters", fine, withScopes(scope(1, longest))),
		create("§3.3", "scope of 121 characters", invalid("longer than 120"), withScopes(scope(1, longest+"a"))),
		create("§3.3", "scope with every allowed sign", fine, withScopes(scope(1, "a!#$%&'()*+,-./:;=?@[]^_{}~Z9"))),
		create("§3.3", "scope with a blank", invalid("not allowed"), withScopes(scope(1, "Orders Read"))),
		create("§3.3", "scope beyond ASCII", invalid("not allowed"), withScopes(scope(1, "Lesen.Für"))),
		create("§3.3", "scope that starts with a dot", invalid("may not start with a dot"), withScopes(scope(1, ".default"))),
		create("§3.3", "scope whose id is no GUID", invalid("is not a GUID"), withScopes(directory.PermissionScope{ID: "1", Value: ptr("a")})),
		create("§3.3", "scope whose id is all zeros", invalid("GUID of zeros"), withScopes(directory.PermissionScope{ID: directory.ZeroID, Value: ptr("a")})),
		create("§3.3", "scope of an unknown type", invalid("none of: User, Admin"), withScopes(directory.PermissionScope{ID: guid(1), Type: "Guest"})),
		create("§3.3", "two scopes with one id", invalid("twice"), withScopes(scope(1, "a"), scope(1, "b"))),
		create("§3.3", "two scopes with one value", invalid("twice"), withScopes(scope(1, "Orders.Read"), scope(2, "orders.read"))),
		create("§3.3", "scope and role share a value", fine, func(a *directory.Application) {
			withScopes(scope(1, "Orders.Read"))(a)
			withRoles(role(2, "Orders.Read"))(a)
		}),
		create("§3.3", "scope and role share id and value", fine, func(a *directory.Application) {
			withScopes(scope(1, "Orders.Read"))(a)
			withRoles(role(1, "Orders.Read"))(a)
		}),
		create("§3.3", "scope and role share an id only", invalid("with different values"), func(a *directory.Application) {
			withScopes(scope(1, "Orders.Read"))(a)
			withRoles(role(1, "Orders.Write"))(a)
		}),
		create("§3.3", "scope of 41 characters with personal accounts", invalid("longer than 40"), func(a *directory.Application) {
			personal(a)
			withScopes(scope(1, longest[:41]))(a)
		}),
		create("§3.10", "101 scopes with personal accounts", invalid("at most 100"), func(a *directory.Application) {
			personal(a)
			withScopes(list(101, func(i int) directory.PermissionScope { return scope(i, fmt.Sprint("s", i)) })...)(a)
		}),
		later("§3.3", "enabled scope removed", enabled, withScopes(scope(1, "a")), withScopes()),
		later("§3.3", "enabled scope renamed", enabled, withScopes(scope(1, "a")), withScopes(scope(1, "b"))),
		later("§3.3", "enabled scope disabled and renamed at once", enabled, withScopes(scope(1, "a")), withScopes(off(scope(1, "b")))),
		later("§3.3", "enabled scope gets another description", fine, withScopes(scope(1, "a")), func(a *directory.Application) {
			a.API.OAuth2PermissionScopes[0].AdminConsentDescription = ptr("New")
		}),
		later("§3.3", "enabled scope disabled", fine, withScopes(scope(1, "a")), withScopes(off(scope(1, "a")))),
		later("§3.3", "disabled scope removed", fine, withScopes(off(scope(1, "a"))), withScopes()),
		later("§3.4", "enabled role removed", enabled, withRoles(role(1, "a")), withRoles()),
		later("§3.4", "enabled role renamed", enabled, withRoles(role(1, "a")), withRoles(role(1, "b"))),
		later("§3.4", "disabled role removed", fine, withRoles(offRole(role(1, "a"))), withRoles()),
	}, accessRows()...)
}

func off(s directory.PermissionScope) directory.PermissionScope { s.IsEnabled = false; return s }
func offRole(r directory.AppRole) directory.AppRole             { r.IsEnabled = false; return r }

func preAuthorized(n, ids int) func(*directory.Application) {
	return func(a *directory.Application) {
		withScopes(list(30, func(i int) directory.PermissionScope { return scope(i, fmt.Sprint("s", i)) })...)(a)
		a.API.PreAuthorizedApplications = list(n, func(i int) directory.PreAuthorizedApplication {
			return directory.PreAuthorizedApplication{AppID: guid(1000 + i), DelegatedPermissionIDs: list(ids, guid)}
		})
	}
}

func requires(resources, each int) func(*directory.Application) {
	return func(a *directory.Application) {
		a.RequiredResourceAccess = list(resources, func(i int) directory.RequiredResourceAccess {
			return directory.RequiredResourceAccess{ResourceAppID: guid(i), ResourceAccess: list(each, func(j int) directory.ResourceAccess {
				return directory.ResourceAccess{ID: guid(1000*i + j), Type: "Role"}
			})}
		})
	}
}

func both(first, second func(*directory.Application)) func(*directory.Application) {
	return func(a *directory.Application) { first(a); second(a) }
}

func accessRows() []ruleRow {
	return []ruleRow{
		create("§3.3", "preAuthorizedApplications", fine, preAuthorized(2, 1)),
		create("§3.3", "preAuthorizedApplications with a scope that is not there", invalid("does not have"), func(a *directory.Application) {
			a.API.PreAuthorizedApplications = []directory.PreAuthorizedApplication{{AppID: guid(1), DelegatedPermissionIDs: []directory.ID{guid(2)}}}
		}),
		create("§3.3", "preAuthorizedApplications with no GUID", invalid("is not a GUID"), func(a *directory.Application) {
			a.API.PreAuthorizedApplications = []directory.PreAuthorizedApplication{{AppID: "x"}}
		}),
		create("§3.10", "101 pre-authorized clients with personal accounts", invalid("at most 100"), both(personal, preAuthorized(101, 1))),
		create("§3.10", "31 scopes for a pre-authorized client with personal accounts", invalid("at most 30"), both(personal, func(a *directory.Application) {
			withScopes(list(31, func(i int) directory.PermissionScope { return scope(i, fmt.Sprint("s", i)) })...)(a)
			a.API.PreAuthorizedApplications = []directory.PreAuthorizedApplication{{AppID: guid(99), DelegatedPermissionIDs: list(31, guid)}}
		})),
		create("§3.10", "510 pre-authorized scopes with personal accounts", invalid("at most 500"), both(personal, preAuthorized(17, 30))),
		{"§3.3", "knownClientApplications of the tenant", func(w *world) error {
			client := w.app()
			return w.create(func(a *directory.Application) { a.API.KnownClientApplications = []directory.ID{client.AppID} })
		}, fine},
		create("§3.3", "knownClientApplications of nobody", invalid("not the appId of an application of this tenant"), func(a *directory.Application) {
			a.API.KnownClientApplications = []directory.ID{guid(1)}
		}),
		create("§3.3", "knownClientApplications of another tenant", invalid("not the appId of an application of this tenant"), func(a *directory.Application) {
			a.API.KnownClientApplications = []directory.ID{directory.GraphAppID}
		}),
		{"§3.3", "acceptMappedClaims by who may only touch what it owns", func(w *world) error {
			w.c.OwnedOnly = true
			return w.create(func(a *directory.Application) { a.API.AcceptMappedClaims = ptr(true) })
		}, refused{directory.Forbidden, "Insufficient privileges to complete the operation."}},
	}
}

func roleRows() []ruleRow {
	return []ruleRow{
		create("§3.4", "role for users and applications", fine, withRoles(role(1, "Orders.Read", "User", "Application"))),
		create("§3.4", "role without a value", fine, withRoles(directory.AppRole{ID: guid(1), IsEnabled: true, AllowedMemberTypes: []string{"User"}})),
		create("§3.4", "role for nobody", invalid("must hold User, Application or both"), withRoles(directory.AppRole{ID: guid(1)})),
		create("§3.4", "role for an unknown member type", invalid("none of: User, Application"), withRoles(role(1, "a", "Group"))),
		create("§3.4", "role for the same member type twice", invalid("twice"), withRoles(role(1, "a", "User", "User"))),
		create("§3.4", "role with a blank", invalid("not allowed"), withRoles(role(1, "a b"))),
		create("§3.4", "two roles with one id", invalid("twice"), withRoles(role(1, "a"), role(1, "b"))),
		create("§3.4", "two roles with one value", invalid("twice"), withRoles(role(1, "a"), role(2, "a"))),
		{"§3.4", "origin that a caller sends is dropped", func(w *world) error {
			r := role(1, "a")
			r.Origin = "ServicePrincipal"
			if got := w.app(withRoles(r)).AppRoles[0].Origin; got != "Application" {
				return fmt.Errorf("origin %s", got)
			}
			return nil
		}, fine},
		create("§3.4", "50 resources with 400 permissions", fine, requires(50, 8)),
		create("§3.4", "51 resources", invalid("at most 50"), requires(51, 1)),
		create("§3.4", "401 permissions", invalid("at most 400"), requires(1, 401)),
		create("§3.4", "31 permissions of a resource with personal accounts", invalid("at most 30"), both(personal, requires(1, 31))),
		create("§3.4", "210 permissions with personal accounts", invalid("at most 200"), both(personal, requires(7, 30))),
		create("§3.4", "permission neither scope nor role", invalid("none of: Scope, Role"), func(a *directory.Application) {
			a.RequiredResourceAccess = []directory.RequiredResourceAccess{{ResourceAppID: guid(1), ResourceAccess: []directory.ResourceAccess{{ID: guid(2), Type: "Both"}}}}
		}),
		create("§3.4", "a resource twice", invalid("twice"), func(a *directory.Application) {
			a.RequiredResourceAccess = []directory.RequiredResourceAccess{{ResourceAppID: guid(1)}, {ResourceAppID: guid(1)}}
		}),
		{"§3.4", "11 resources of other tenants", func(w *world) error {
			made, err := w.ops.CreateTenant(w.ctx, directory.Platform(directory.Installation), directory.TenantRequest{DisplayName: "Other", Domain: "other" + w.domain()})
			other := *w
			other.c = directory.Caller{Tenant: need(w, made, err).Tenant.ID}
			var ids []directory.ID
			for range 11 {
				ids = append(ids, other.app().AppID)
			}
			return w.create(func(a *directory.Application) {
				for _, id := range ids {
					a.RequiredResourceAccess = append(a.RequiredResourceAccess, directory.RequiredResourceAccess{ResourceAppID: id})
				}
			})
		}, invalid("at most 10")},
	}
}

func ownerRows() []ruleRow {
	forbidden := refused{directory.Forbidden, "Insufficient privileges to complete the operation."}
	return []ruleRow{
		{"§3.8", "user and service principal as owners", func(w *world) error {
			app, u := w.app(), w.user()
			w.must(w.ops.AddOwner(w.ctx, w.c, w.target(app), u.ID))
			return w.ops.AddOwner(w.ctx, w.c, w.target(app), w.new.AdminPrincipalID)
		}, fine},
		{"§3.8", "owner twice", func(w *world) error {
			app, u := w.app(), w.user()
			w.must(w.ops.AddOwner(w.ctx, w.c, w.target(app), u.ID))
			return w.ops.AddOwner(w.ctx, w.c, w.target(app), u.ID)
		}, refused{directory.BadReference, "One or more added object references already exist for the following modified properties: 'owners'."}},
		{"§3.8", "owner that does not exist", func(w *world) error {
			return w.ops.AddOwner(w.ctx, w.c, w.target(w.app()), guid(1))
		}, refused{directory.Missing, "does not exist or one of its queried reference-property objects are not present."}},
		{"§3.8", "owner removed that is none", func(w *world) error {
			return w.ops.RemoveOwner(w.ctx, w.c, w.target(w.app()), guid(1))
		}, refused{directory.BadReference, "One or more removed object references do not exist"}},
		{"§3.8", "21 owners at creation", func(w *world) error {
			return w.create(func(a *directory.Application) {
				a.Owners = list(21, func(i int) directory.Owner { return directory.Owner{ID: guid(i)} })
			})
		}, invalid("at most 20 owners")},
		{"§3.8", "the same owner twice at creation", func(w *world) error {
			return w.create(func(a *directory.Application) {
				a.Owners = []directory.Owner{{ID: w.new.AdminUserID}, {ID: w.new.AdminUserID}}
			})
		}, invalid("Request contains a property with duplicate values")},
		{"§3.8", "a person who creates becomes an owner", func(w *world) error {
			w.c.User = w.new.AdminUserID
			if got := w.app().Owners; len(got) != 1 || got[0] != (directory.Owner{ID: w.new.AdminUserID, Kind: directory.KindUser}) {
				return fmt.Errorf("owners %v", got)
			}
			return nil
		}, fine},
		{"§3.8", "who may only touch what it owns becomes the owner of both", func(w *world) error {
			w.c.OwnedOnly = true
			app := w.app()
			sp := w.sp(app)
			want := directory.Owner{ID: w.c.App, Kind: directory.KindServicePrincipal}
			if len(app.Owners) != 1 || app.Owners[0] != want || len(sp.Owners) != 1 || sp.Owners[0] != want {
				return fmt.Errorf("owners %v and %v", app.Owners, sp.Owners)
			}
			return w.change(app, func(a *directory.Application) { a.Notes = ptr("mine") })
		}, fine},
		{"§3.8", "who may only touch what it owns changes another's application", func(w *world) error {
			app := w.app()
			w.c.OwnedOnly = true
			return w.change(app, func(a *directory.Application) { a.Notes = ptr("mine") })
		}, forbidden},
		{"§3.8", "who may only touch what it owns deletes another's application", func(w *world) error {
			app := w.app()
			w.c.OwnedOnly = true
			return w.ops.DeleteApplication(w.ctx, w.c, app.ID)
		}, forbidden},
		{"§3.8", "who may only touch what it owns adds a secret to another's application", func(w *world) error {
			app := w.app()
			w.c.OwnedOnly = true
			_, err := w.ops.AddPassword(w.ctx, w.c, w.target(app), directory.PasswordRequest{})
			return err
		}, forbidden},
	}
}
