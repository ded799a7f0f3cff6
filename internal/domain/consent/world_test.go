package consent_test

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// counted is the real store, counting what is asked of it; err fails the writing.
type counted struct {
	directory.ConsentStore
	reads, writes int
	err           error
	event         *audit.Event // of the last consent
}

func (c *counted) GrantsFor(ctx context.Context, t directory.TenantID, client, user directory.ID) ([]directory.OAuth2PermissionGrant, error) {
	c.reads++
	return c.ConsentStore.GrantsFor(ctx, t, client, user)
}

func (c *counted) RecordConsent(ctx context.Context, t directory.TenantID, r *directory.ConsentRecord, ev *audit.Event) error {
	c.writes++
	if c.err != nil {
		return c.err
	}
	c.event = ev
	return c.ConsentStore.RecordConsent(ctx, t, r, ev)
}

// lookup is directory.Lookup on the database, without a view.
type lookup struct {
	directory.TenantStore
	directory.ApplicationStore
	directory.ServicePrincipalStore
	directory.AssignmentStore
	directory.PolicyStore
}

// world is two tenants on a real database, Hakone and Usui, with a person each and
// a few applications.
type world struct {
	t        *testing.T
	db       *sqlstore.DB
	ops      *directory.Operations
	store    *counted
	consents *consent.Consents

	hakone, usui *directory.Tenant
	hanako, yuki *directory.User // of Hakone, of Usui
	n            int
}

type hasher struct{}

func (hasher) HashSecret(s string) []byte { return []byte(s) }

func (hasher) HashPassword(_ context.Context, p string) (string, error) {
	return "phc:" + strconv.Itoa(len(p)), nil
}

func (hasher) CheckPassword(context.Context, string, string) (bool, error) { return true, nil }

func newWorld(t *testing.T) *world {
	t.Helper()
	now := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: filepath.Join(t.TempDir(), "consent.db"), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := db.Stores()
	w := &world{t: t, db: db, store: &counted{ConsentStore: db}, ops: &directory.Operations{
		Tenants: s.Tenants, Applications: s.Applications, ServicePrincipals: s.ServicePrincipals, Deleted: s.Deleted,
		Assignments: s.Assignments, Grants: s.Grants, Users: s.Users, Policies: s.Policies, Roles: s.Roles, Identities: s.Identities,
		Secrets: hasher{}, Passwords: hasher{}, Now: clock, Rand: mathrand.NewChaCha8([32]byte{7}),
	}}
	w.must(w.ops.EnsureBuiltins(t.Context()))
	w.consents = consent.New(consent.Config{
		Lookup: lookup{s.Tenants, s.Applications, s.ServicePrincipals, s.Assignments, s.Policies},
		Store:  w.store, Operations: w.ops,
	})
	w.hakone, w.hanako = w.tenant("hakone.example", "hanako")
	w.usui, w.yuki = w.tenant("usui.example", "yuki")
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("setting up: %v", err)
	}
}

func (w *world) tenant(domain, person string) (*directory.Tenant, *directory.User) {
	w.t.Helper()
	made, err := w.ops.CreateTenant(w.t.Context(), directory.Platform(directory.Installation), directory.TenantRequest{DisplayName: domain, Domain: domain})
	w.must(err)
	return made.Tenant, w.person(made.Tenant, person)
}

func (w *world) person(t *directory.Tenant, name string) *directory.User {
	w.t.Helper()
	u, err := w.ops.CreateUser(w.t.Context(), directory.Platform(t.ID), &directory.User{
		UserPrincipalName: name + "@" + t.DefaultDomain(), DisplayName: name, AccountEnabled: true, MailNickname: &name,
	}, "Correct-Horse-7-Battery")
	w.must(err)
	return u
}

// settings changes the tenant's settings.
func (w *world) settings(t *directory.Tenant, change func(*directory.TenantSettings)) {
	w.t.Helper()
	w.must(w.ops.Tenants.ChangeTenant(w.t.Context(), t.ID, func(t *directory.Tenant) error { change(&t.Settings); return nil },
		directory.Platform(t.ID).Event(w.ops.Now(), "Update company", "organization", directory.ID(t.ID.String()), "")))
	again, err := w.ops.Tenants.TenantByName(w.t.Context(), t.ID.String())
	w.must(err)
	*t = *again
}

func (w *world) guid() directory.ID {
	w.n++
	s := strconv.Itoa(w.n)
	return directory.ID("aaaaaaaa-0000-4000-8000-" + strings.Repeat("0", 12-len(s)) + s)
}

// app registers an application of Hakone; multi-tenant if so changed.
func (w *world) app(name string, changes ...func(*directory.Application)) *directory.Application {
	return w.appOf(w.hakone, name, changes...)
}

func (w *world) appOf(t *directory.Tenant, name string, changes ...func(*directory.Application)) *directory.Application {
	w.t.Helper()
	a := &directory.Application{AppID: w.guid(), DisplayName: name}
	for _, change := range changes {
		change(a)
	}
	made, _, err := w.ops.CreateApplication(w.t.Context(), directory.Platform(t.ID), a, nil, nil)
	w.must(err)
	return made
}

func multi(a *directory.Application) { a.SignInAudience = directory.AudienceMultiOrg }

// api makes the application a resource named api://appId with scopes; one that
// begins with "!" is for administrators, one with "-" is disabled.
func (w *world) api(values ...string) func(*directory.Application) {
	return func(a *directory.Application) {
		a.IdentifierURIs = []string{"api://" + string(a.AppID)}
		for _, v := range values {
			kind := "User"
			if strings.HasPrefix(v, "!") {
				kind = "Admin"
			}
			enabled := !strings.HasPrefix(v, "-")
			name := strings.TrimLeft(v, "!-")
			text := "Do " + name
			a.API.OAuth2PermissionScopes = append(a.API.OAuth2PermissionScopes, directory.PermissionScope{
				ID: w.guid(), Value: &name, Type: kind, IsEnabled: enabled,
				AdminConsentDisplayName: &text, AdminConsentDescription: &text,
			})
		}
	}
}

// role adds an application permission.
func (w *world) role(value string) func(*directory.Application) {
	return func(a *directory.Application) {
		a.AppRoles = append(a.AppRoles, directory.AppRole{
			ID: w.guid(), Value: &value, DisplayName: &value, Description: &value, IsEnabled: true, AllowedMemberTypes: []string{"Application"},
		})
	}
}

// needs registers the application for scopes and roles of a resource.
func needs(resource *directory.Application, values ...string) func(*directory.Application) {
	return func(a *directory.Application) {
		n := directory.RequiredResourceAccess{ResourceAppID: resource.AppID}
		for _, v := range values {
			for _, s := range resource.API.OAuth2PermissionScopes {
				if *s.Value == v {
					n.ResourceAccess = append(n.ResourceAccess, directory.ResourceAccess{ID: s.ID, Type: "Scope"})
				}
			}
			for _, r := range resource.AppRoles {
				if *r.Value == v {
					n.ResourceAccess = append(n.ResourceAccess, directory.ResourceAccess{ID: r.ID, Type: "Role"})
				}
			}
		}
		a.RequiredResourceAccess = append(a.RequiredResourceAccess, n)
	}
}

func (w *world) graph() *directory.Application {
	w.t.Helper()
	a, err := w.ops.Applications.ApplicationByAppID(w.t.Context(), directory.GraphAppID)
	w.must(err)
	return a
}

func (w *world) change(a *directory.Application, change func(*directory.Application)) {
	w.t.Helper()
	t := directory.Platform(a.TenantID)
	w.must(w.ops.ChangeApplication(w.t.Context(), t, a.ID, func(a *directory.Application) error { change(a); return nil }))
	again, err := w.ops.Applications.ApplicationByAppID(w.t.Context(), a.AppID)
	w.must(err)
	*a = *again
}

// sp gives the application a service principal in a tenant.
func (w *world) sp(t *directory.Tenant, a *directory.Application) *directory.ServicePrincipal {
	w.t.Helper()
	sp, err := w.ops.CreateServicePrincipal(w.t.Context(), directory.Platform(t.ID), &directory.ServicePrincipal{AppID: a.AppID, AccountEnabled: true})
	w.must(err)
	return sp
}

// find is the service principal of an application in a tenant, nil without one.
func (w *world) find(t *directory.Tenant, a *directory.Application) *directory.ServicePrincipal {
	w.t.Helper()
	sp, err := w.ops.ServicePrincipals.ServicePrincipalByAppID(w.t.Context(), t.ID, a.AppID)
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	w.must(err)
	return sp
}

// ask is a request of Hakone's person.
func (w *world) ask(a *directory.Application, scope string, changes ...func(*consent.Request)) *consent.Request {
	w.t.Helper()
	scopes, err := oauth2.ParseScopes(scope)
	w.must(err)
	r := &consent.Request{Tenant: w.hakone, App: a, User: w.hanako, Version: 2, Scopes: scopes}
	for _, change := range changes {
		change(r)
	}
	r.Principal = w.find(r.Tenant, a)
	return r
}

func as(u *directory.User) func(*consent.Request) { return func(r *consent.Request) { r.User = u } }

func (w *world) inUsui(r *consent.Request) { r.Tenant, r.User = w.usui, w.yuki }

func withRoles(roles ...directory.ID) func(*consent.Request) {
	return func(r *consent.Request) { r.Roles = roles }
}

func v1(resource string) func(*consent.Request) {
	return func(r *consent.Request) { r.Version, r.Resource = 1, resource }
}

func askAgain(r *consent.Request)        { r.Again = true }
func forOrganisation(r *consent.Request) { r.Organisation = true }

func (w *world) assess(r *consent.Request) *consent.Assessment {
	w.t.Helper()
	a, err := w.consents.Assess(w.t.Context(), r)
	if err != nil {
		w.t.Fatalf("assessing: %v", err)
	}
	return a
}

// accept assesses and grants, as a person would who presses the button.
func (w *world) accept(r *consent.Request, organisation bool) *directory.ServicePrincipal {
	w.t.Helper()
	sp, err := w.consents.Grant(w.t.Context(), by(r), r, w.assess(r), organisation)
	if err != nil {
		w.t.Fatalf("granting: %v", err)
	}
	return sp
}

func by(r *consent.Request) directory.Caller {
	return directory.Caller{Tenant: r.Tenant.ID, User: r.User.ID, AppID: r.App.AppID}
}

func (w *world) held(r *consent.Request, resource *directory.Application) string {
	w.t.Helper()
	client, res := w.find(r.Tenant, r.App), w.find(r.Tenant, resource)
	if client == nil || res == nil {
		return ""
	}
	got, err := w.consents.Held(w.t.Context(), r.Tenant.ID, client, res, r.User.ID)
	w.must(err)
	return strings.Join(got, " ")
}

// wants compares the answer to a request.
func (w *world) wants(r *consent.Request, asked, missing string, needed bool) {
	w.t.Helper()
	a := w.assess(r)
	if got := sorted(values(a.Asked)); got != sorted(asked) {
		w.t.Errorf("asked %q, want %q", got, asked)
	}
	if got := sorted(values(a.Missing)); got != sorted(missing) {
		w.t.Errorf("missing %q, want %q", got, missing)
	}
	if a.Needed != needed {
		w.t.Errorf("needed %v, want %v", a.Needed, needed)
	}
}

func sorted(s string) string {
	words := strings.Fields(s)
	slices.Sort(words)
	return strings.Join(words, " ")
}
