package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/store"
)

// Backend is a store under test.
type Backend struct {
	store.Stores
	// Events lists the newest audit events of a tenant, newest first.
	Events func(ctx context.Context, t directory.TenantID, limit int) ([]audit.Event, error)
	// RefusalsOf lists what was summed for a tenant.
	RefusalsOf func(ctx context.Context, tenant [16]byte, limit int) ([]audit.RefusalSum, error)
	// OnCommit registers a hook for committed changes.
	OnCommit func(func([]directory.Change))
	// FailNext makes the next act fail at a moment: "begin", "write", "read",
	// "commit", "committed" or "append".
	FailNext func(op string, err error)
	// TenantsIndependent says that a writer of one tenant does not wait for one
	// of another.
	TenantsIndependent bool
	// Clock is what the backend was given as the time.
	Clock func() time.Time
}

// Run tests a backend. open gives an empty, migrated database.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	b := &suite{Backend: open(t)}
	for name, test := range map[string]func(*suite, *testing.T){
		"tenants":                  (*suite).tenants,
		"tenants that lack one":    (*suite).tenantsWithout,
		"applications":             (*suite).applications,
		"application conflicts":    (*suite).applicationConflicts,
		"identifier URIs":          (*suite).identifierURIs,
		"builtin applications":     (*suite).builtin,
		"service principals":       (*suite).servicePrincipals,
		"names of a resource":      (*suite).names,
		"mirrored display name":    (*suite).mirroredName,
		"soft deletion":            (*suite).softDeletion,
		"restore conflicts":        (*suite).restoreConflicts,
		"purge":                    (*suite).purge,
		"purge of expired objects": (*suite).purgeExpired,
		"assignments":              (*suite).assignments,
		"grants":                   (*suite).grants,
		"users":                    (*suite).users,
		"policies":                 (*suite).policies,
		"tenant isolation":         (*suite).isolation,
		"zero tenant":              (*suite).zeroTenant,
		"order of lists":           (*suite).order,
		"pages survive writes":     (*suite).pages,
		"filters":                  (*suite).filters,
		"unsupported queries":      (*suite).unsupported,
		"sessions":                 (*suite).sessions,
		"clients of a session":     (*suite).sessionClients,
		"codes":                    (*suite).codes,
		"families":                 (*suite).families,
		"races of codes":           (*suite).codeRaces,
		"sweeps of sign-in":        (*suite).signInSweeps,
		"lock-out":                 (*suite).lockout,
		"roles":                    (*suite).roles,
		"identities":               (*suite).identities,
		"consent":                  (*suite).consent,
		"consent beside others":    (*suite).consentAgain,
		"isolation of sign-in":     (*suite).signInIsolation,
		"change feed":              (*suite).feed,
		"concurrent writers":       (*suite).concurrentWriters,
		"audit events":             (*suite).events,
		"sweep of audit events":    (*suite).sweepEvents,
		"faults":                   (*suite).faults,
		"sign-ins":                 (*suite).signIns,
		"acts with sign-ins":       (*suite).withRecords,
		"refusals":                 (*suite).refusals,
		"leases":                   (*suite).leases,
		"assertions":               (*suite).assertions,
		"signing keys":             (*suite).signingKeys,
		"data keys":                (*suite).dataKeys,
		"marks":                    (*suite).marks,
	} {
		t.Run(name, func(t *testing.T) { test(b, t) })
	}
}

type suite struct{ Backend }

var counter atomic.Int64

// newID is a GUID that no other test has; later ones sort behind earlier ones.
func newID() directory.ID {
	return directory.ID(fmt.Sprintf("%08x-0000-4000-8000-000000000000", counter.Add(1)))
}

func newTenantID() directory.TenantID { return directory.MustTenantID(string(newID())) }

// at is a moment of the tests' day, whole microseconds as they are stored.
func at(minutes int) time.Time {
	return time.Date(2026, 11, 21, 8, minutes, 0, 123_456_000, time.UTC)
}

func event(activity string) *audit.Event {
	return &audit.Event{At: at(0), Activity: activity, Actor: audit.Actor{Kind: "platform"}, TargetKind: "test"}
}

func ptr[T any](v T) *T { return &v }

// tenant makes a tenant with nothing in it.
func (b *suite) tenant(t *testing.T) directory.TenantID {
	t.Helper()
	id := newTenantID()
	seed := &directory.TenantSeed{Tenant: &directory.Tenant{ID: id, DisplayName: "Tenant " + id.String(), CreatedAt: at(0)}}
	must(t, b.Tenants.CreateTenant(t.Context(), seed, event("Add tenant")))
	return id
}

func newApplication(t directory.TenantID, name string) *directory.Application {
	return &directory.Application{
		TenantID: t, ID: newID(), AppID: newID(), CreatedAt: at(1),
		DisplayName: name, SignInAudience: directory.AudienceMyOrg,
	}
}

func (b *suite) application(t *testing.T, tenant directory.TenantID, name string, adjust ...func(*directory.Application)) *directory.Application {
	t.Helper()
	a := newApplication(tenant, name)
	for _, f := range adjust {
		f(a)
	}
	must(t, b.Applications.CreateApplication(t.Context(), tenant, a, event("Add application")))
	return a
}

func newPrincipal(t directory.TenantID, a *directory.Application) *directory.ServicePrincipal {
	return &directory.ServicePrincipal{
		TenantID: t, ID: newID(), AppID: a.AppID, CreatedAt: at(2), Type: directory.TypeApplication, AccountEnabled: true,
	}
}

func (b *suite) principal(t *testing.T, tenant directory.TenantID, a *directory.Application, adjust ...func(*directory.ServicePrincipal)) *directory.ServicePrincipal {
	t.Helper()
	p := newPrincipal(tenant, a)
	for _, f := range adjust {
		f(p)
	}
	must(t, b.ServicePrincipals.CreateServicePrincipal(t.Context(), tenant, p, event("Add service principal")))
	return p
}

func (b *suite) user(t *testing.T, tenant directory.TenantID, upn string, adjust ...func(*directory.User)) *directory.User {
	t.Helper()
	u := &directory.User{TenantID: tenant, ID: newID(), CreatedAt: at(3), UserPrincipalName: upn, DisplayName: upn, AccountEnabled: true}
	for _, f := range adjust {
		f(u)
	}
	must(t, b.Users.CreateUser(t.Context(), tenant, u, event("Add user")))
	return u
}

func (b *suite) assign(t *testing.T, tenant directory.TenantID, principal, resource *directory.ServicePrincipal, role directory.ID) *directory.AppRoleAssignment {
	t.Helper()
	a := &directory.AppRoleAssignment{
		ID: newID(), AppRoleID: role, PrincipalID: principal.ID, PrincipalKind: directory.KindServicePrincipal,
		PrincipalDisplayName: "principal", ResourceID: resource.ID, ResourceDisplayName: "resource", CreatedAt: at(4),
	}
	must(t, b.Assignments.CreateAssignment(t.Context(), tenant, a, event("Add app role assignment")))
	return a
}

func (b *suite) grant(t *testing.T, tenant directory.TenantID, client, resource *directory.ServicePrincipal, scope string) *directory.OAuth2PermissionGrant {
	t.Helper()
	g := &directory.OAuth2PermissionGrant{
		ID: "grant-" + string(newID()), ClientID: client.ID, ConsentType: directory.ConsentAllPrincipals,
		ResourceID: resource.ID, Scope: scope,
	}
	must(t, b.Grants.CreateGrant(t.Context(), tenant, g, event("Add delegated grant")))
	return g
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func got[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// is checks that err is target.
func is(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: error %v, want %v", what, err, target)
	}
}

// isRule checks that err is a refusal of the kind about the property.
func isRule(t *testing.T, what string, err error, kind directory.RuleKind, property string) {
	t.Helper()
	rule, ok := errors.AsType[*directory.RuleError](err)
	if !ok || rule.Kind != kind || rule.Property != property {
		t.Errorf("%s: error %#v, want a refusal of kind %d about %q", what, err, kind, property)
	}
}

// same compares values; tenant ids have no exported fields.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	tenants := cmp.Comparer(func(a, b directory.TenantID) bool { return a == b })
	if diff := cmp.Diff(want, got, tenants); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
