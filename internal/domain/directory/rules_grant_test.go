package directory_test

import (
	"fmt"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// grant is a row that writes a grant between two new service principals.
func grant(name string, want refused, change func(*world, *directory.OAuth2PermissionGrant)) ruleRow {
	return ruleRow{"§6.1", name, func(w *world) error {
		g := directory.OAuth2PermissionGrant{ClientID: w.sp(w.app()).ID, ResourceID: w.sp(w.app()).ID, ConsentType: "AllPrincipals", Scope: "Orders.Read"}
		change(w, &g)
		_, err := w.ops.CreateGrant(w.ctx, w.c, g)
		return err
	}, want}
}

func grantRows() []ruleRow {
	absent := refused{directory.Missing, "does not exist or one of its queried reference-property objects are not present."}
	return []ruleRow{
		grant("for everybody", fine, func(*world, *directory.OAuth2PermissionGrant) {}),
		grant("for one person", fine, func(w *world, g *directory.OAuth2PermissionGrant) {
			g.ConsentType, g.PrincipalID = "Principal", w.new.AdminUserID
		}),
		grant("for one person who is not named", invalid("principalId is not a GUID"), func(_ *world, g *directory.OAuth2PermissionGrant) { g.ConsentType = "Principal" }),
		grant("for everybody with a person named", invalid("principalId must be null"), func(w *world, g *directory.OAuth2PermissionGrant) { g.PrincipalID = w.new.AdminUserID }),
		grant("consentType unknown", invalid("none of: AllPrincipals, Principal"), func(_ *world, g *directory.OAuth2PermissionGrant) { g.ConsentType = "Some" }),
		grant("client that does not exist", absent, func(_ *world, g *directory.OAuth2PermissionGrant) { g.ClientID = guid(1) }),
		grant("resource that does not exist", absent, func(_ *world, g *directory.OAuth2PermissionGrant) { g.ResourceID = guid(1) }),
		grant("person who does not exist", absent, func(_ *world, g *directory.OAuth2PermissionGrant) {
			g.ConsentType, g.PrincipalID = "Principal", guid(1)
		}),
		grant("application object id instead of the service principal's", absent, func(w *world, g *directory.OAuth2PermissionGrant) { g.ClientID = w.app().ID }),
		grant("3850 characters", fine, func(_ *world, g *directory.OAuth2PermissionGrant) { g.Scope = strings.Repeat("a", 3850) }),
		grant("3851 characters", invalid("longer than 3850"), func(_ *world, g *directory.OAuth2PermissionGrant) { g.Scope = strings.Repeat("a", 3851) }),
		grant("no scope at all", fine, func(_ *world, g *directory.OAuth2PermissionGrant) { g.Scope = "" }),
		{"§6.1", "second grant for the same client, resource and people", func(w *world) error {
			g := directory.OAuth2PermissionGrant{ClientID: w.sp(w.app()).ID, ResourceID: w.sp(w.app()).ID, ConsentType: "AllPrincipals", Scope: "a"}
			_, err := w.ops.CreateGrant(w.ctx, w.c, g)
			w.must(err)
			g.Scope = "b"
			_, err = w.ops.CreateGrant(w.ctx, w.c, g)
			return err
		}, refused{directory.Conflict, "Permission entry already exists."}},
		{"§6.1", "id is opaque and fit for URLs", func(w *world) error {
			g, err := w.ops.CreateGrant(w.ctx, w.c, directory.OAuth2PermissionGrant{ClientID: w.sp(w.app()).ID, ResourceID: w.sp(w.app()).ID, ConsentType: "AllPrincipals"})
			if id := need(w, g, err).ID; len(id) != 43 || strings.ContainsAny(id, "+/=") {
				return fmt.Errorf("id %q", id)
			}
			return w.ops.SetGrantScope(w.ctx, w.c, g.ID, strings.Repeat("a", 3851))
		}, invalid("longer than 3850")},
		{"§6.1", "grant that does not exist", func(w *world) error { return w.ops.DeleteGrant(w.ctx, w.c, "x") }, gone},
	}
}

// assign is a row that assigns a role of a resource with three roles: one for
// applications, one for users, one that is disabled.
func assign(name string, want refused, change func(*world, *directory.AppRoleAssignment)) ruleRow {
	return ruleRow{"§6.2", name, func(w *world) error {
		resource := w.sp(w.app(withRoles(role(1, "App"), role(2, "User", "User"), offRole(role(3, "Off", "User", "Application")))))
		a := directory.AppRoleAssignment{PrincipalID: w.new.AdminPrincipalID, ResourceID: resource.ID, AppRoleID: guid(1)}
		change(w, &a)
		_, err := w.ops.AssignAppRole(w.ctx, w.c, a)
		return err
	}, want}
}

func assignmentRows() []ruleRow {
	reference := refused{directory.BadReference, "Not a valid reference update."}
	toUser := func(role directory.ID) func(*world, *directory.AppRoleAssignment) {
		return func(w *world, a *directory.AppRoleAssignment) {
			a.PrincipalID, a.AppRoleID = w.new.AdminUserID, role
		}
	}
	return []ruleRow{
		assign("role for applications to an application", fine, func(*world, *directory.AppRoleAssignment) {}),
		assign("role for users to a user", fine, toUser(guid(2))),
		assign("role for users to an application", invalid("allowedMemberTypes do not hold Application"), func(_ *world, a *directory.AppRoleAssignment) { a.AppRoleID = guid(2) }),
		assign("role for applications to a user", invalid("allowedMemberTypes do not hold User"), toUser(guid(1))),
		assign("role that is disabled", invalid("is disabled"), func(_ *world, a *directory.AppRoleAssignment) { a.AppRoleID = guid(3) }),
		assign("role that does not exist", invalid("Permission being assigned was not found on application"), func(_ *world, a *directory.AppRoleAssignment) { a.AppRoleID = guid(9) }),
		assign("no role in particular to a user", fine, toUser(directory.ZeroID)),
		assign("no role in particular to an application where there are roles", invalid("declares app roles"), func(_ *world, a *directory.AppRoleAssignment) { a.AppRoleID = directory.ZeroID }),
		{"§6.2", "no role in particular to an application where there are none", func(w *world) error {
			_, err := w.ops.AssignAppRole(w.ctx, w.c, directory.AppRoleAssignment{PrincipalID: w.new.AdminPrincipalID, ResourceID: w.sp(w.app()).ID, AppRoleID: directory.ZeroID})
			return err
		}, fine},
		assign("principal that does not exist", reference, func(_ *world, a *directory.AppRoleAssignment) { a.PrincipalID = guid(1) }),
		assign("resource that does not exist", reference, func(_ *world, a *directory.AppRoleAssignment) { a.ResourceID = guid(1) }),
		assign("principal of another kind than said", reference, func(_ *world, a *directory.AppRoleAssignment) { a.PrincipalKind = directory.KindUser }),
		assign("principal that is no GUID", invalid("is not a GUID"), func(_ *world, a *directory.AppRoleAssignment) { a.PrincipalID = "x" }),
		{"§6.2", "the same role twice", func(w *world) error {
			a := directory.AppRoleAssignment{PrincipalID: w.new.AdminPrincipalID, ResourceID: w.sp(w.app(withRoles(role(1, "App")))).ID, AppRoleID: guid(1)}
			_, err := w.ops.AssignAppRole(w.ctx, w.c, a)
			w.must(err)
			_, err = w.ops.AssignAppRole(w.ctx, w.c, a)
			return err
		}, invalid("Permission being assigned already exists on the object")},
		{"§6.2", "assignment that does not exist", func(w *world) error { return w.ops.RemoveAssignment(w.ctx, w.c, guid(1)) }, gone},
	}
}

// federate is a row that adds a federated identity credential.
func federate(name string, want refused, change func(*directory.FederatedIdentityCredential)) ruleRow {
	return ruleRow{"§13", "federated: " + name, func(w *world) error {
		f := github("main")
		change(&f)
		_, err := w.ops.CreateFederated(w.ctx, w.c, w.app().ID, f)
		return err
	}, want}
}

func github(name string) directory.FederatedIdentityCredential {
	return directory.FederatedIdentityCredential{
		Name: name, Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:contoso/orders:ref:refs/heads/" + name,
		Audiences: []string{"api://AzureADTokenExchange"},
	}
}

func federatedRows() []ruleRow {
	return []ruleRow{
		federate("GitHub", fine, func(*directory.FederatedIdentityCredential) {}),
		federate("name of two characters", invalid("3 to 120 characters"), func(f *directory.FederatedIdentityCredential) { f.Name = "ab" }),
		federate("name of 121 characters", invalid("3 to 120 characters"), func(f *directory.FederatedIdentityCredential) { f.Name = strings.Repeat("a", 121) }),
		federate("name that begins with a dash", invalid("the first a letter or digit"), func(f *directory.FederatedIdentityCredential) { f.Name = "-abc" }),
		federate("no audience", invalid("exactly one value"), func(f *directory.FederatedIdentityCredential) { f.Audiences = nil }),
		federate("two audiences", invalid("exactly one value"), func(f *directory.FederatedIdentityCredential) { f.Audiences = []string{"a", "b"} }),
		federate("empty subject", invalid("subject is required"), func(f *directory.FederatedIdentityCredential) { f.Subject = "" }),
		federate("blank before the issuer", invalid("begins or ends with white space"), func(f *directory.FederatedIdentityCredential) { f.Issuer = " " + f.Issuer }),
		federate("blank after the subject", invalid("begins or ends with white space"), func(f *directory.FederatedIdentityCredential) { f.Subject += " " }),
		federate("subject of 600 characters", fine, func(f *directory.FederatedIdentityCredential) { f.Subject = strings.Repeat("a", 600) }),
		federate("subject of 601 characters", invalid("longer than 600"), func(f *directory.FederatedIdentityCredential) { f.Subject = strings.Repeat("a", 601) }),
		federate("description of 601 characters", invalid("longer than 600"), func(f *directory.FederatedIdentityCredential) { f.Description = ptr(strings.Repeat("a", 601)) }),
		federate("issuer with an empty query", invalid("must be an https URL"), func(f *directory.FederatedIdentityCredential) { f.Issuer += "?" }),
		federate("issuer over http", invalid("must be an https URL"), func(f *directory.FederatedIdentityCredential) { f.Issuer = "http://issuer.example" }),
		federate("issuer on localhost, for development", fine, func(f *directory.FederatedIdentityCredential) { f.Issuer = "http://localhost:9000" }),
		federate("issuer that is no URL", invalid("not a valid absolute URI"), func(f *directory.FederatedIdentityCredential) { f.Issuer = "github" }),
		federatedTwice("the same name again", refused{directory.Conflict, "already exists"}, func(f *directory.FederatedIdentityCredential) { f.Subject = "other" }),
		federatedTwice("the same issuer and subject again", refused{directory.ObjectConflict, "same issuer and subject"}, func(f *directory.FederatedIdentityCredential) { f.Name = "other" }),
		{"§13", "federated: 21 credentials", func(w *world) error {
			app := w.app()
			for i := range 20 {
				_, err := w.ops.CreateFederated(w.ctx, w.c, app.ID, github(fmt.Sprint("branch", i)))
				w.must(err)
			}
			_, err := w.ops.CreateFederated(w.ctx, w.c, app.ID, github("one-more"))
			return err
		}, refused{directory.Quota, "at most 20"}},
		{"§13", "federated: name changed", func(w *world) error {
			app := w.app()
			_, err := w.ops.CreateFederated(w.ctx, w.c, app.ID, github("main"))
			w.must(err)
			_, err = w.ops.ChangeFederated(w.ctx, w.c, app.ID, "main", func(f *directory.FederatedIdentityCredential) error { f.Name = "trunk"; return nil })
			return err
		}, refused{directory.ReadOnly, "name is read-only"}},
		{"§13", "federated: found and changed by id and by name", func(w *world) error {
			app := w.app()
			f, err := w.ops.CreateFederated(w.ctx, w.c, app.ID, github("main"))
			w.must(err)
			for _, key := range []string{"main", strings.ToUpper(string(f.ID))} {
				_, err := w.ops.ChangeFederated(w.ctx, w.c, app.ID, key, func(f *directory.FederatedIdentityCredential) error { f.Subject += "x"; return nil })
				w.must(err)
			}
			w.must(w.ops.DeleteFederated(w.ctx, w.c, app.ID, "main"))
			return w.ops.DeleteFederated(w.ctx, w.c, app.ID, "main")
		}, gone},
	}
}

func federatedTwice(name string, want refused, change func(*directory.FederatedIdentityCredential)) ruleRow {
	return ruleRow{"§13", "federated: " + name, func(w *world) error {
		app, second := w.app(), github("main")
		_, err := w.ops.CreateFederated(w.ctx, w.c, app.ID, github("main"))
		w.must(err)
		change(&second)
		_, err = w.ops.CreateFederated(w.ctx, w.c, app.ID, second)
		return err
	}, want}
}
