package directory

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// The stores below keep the objects. For all of them: the tenant comes first
// and the zero tenant is ErrNoTenant; an object of another tenant is
// ErrNotFound; a taken unique value is a *RuleError of kind Conflict; a failure
// of the storage wraps ErrUnavailable. A writing act commits object, change-log
// entry and audit event together or not at all, and may run its change function
// several times (serialization failures are retried), so that function must
// only touch the object that it is given.

// Lookup is what issuing a token has to know. Only living objects are found.
// What it returns is shared: callers must not change it.
type Lookup interface {
	// TenantByName finds a tenant by GUID or by verified domain, lower case.
	TenantByName(ctx context.Context, name string) (*Tenant, error)
	// ApplicationByAppID finds an application in whichever tenant is its home.
	ApplicationByAppID(ctx context.Context, appID ID) (*Application, error)
	ServicePrincipal(ctx context.Context, t TenantID, id ID) (*ServicePrincipal, error)
	ServicePrincipalByAppID(ctx context.Context, t TenantID, appID ID) (*ServicePrincipal, error)
	// ServicePrincipalByName finds the resource with the name, as NormalizeName
	// writes it: an App ID URI, a local name or an appId.
	ServicePrincipalByName(ctx context.Context, t TenantID, name string) (*ServicePrincipal, error)
	// AppRoleAssignmentsOf lists what the principal was assigned.
	AppRoleAssignmentsOf(ctx context.Context, t TenantID, principal ID) ([]AppRoleAssignment, error)
	TokenLifetimePolicy(ctx context.Context, t TenantID, id ID) (*TokenLifetimePolicy, error)
	// DefaultTokenLifetimePolicy is the organisation's default; ErrNotFound where
	// there is none.
	DefaultTokenLifetimePolicy(ctx context.Context, t TenantID) (*TokenLifetimePolicy, error)
}

// ListOptions select a page. Order is by OrderBy, then id.
type ListOptions struct {
	Filter  odata.Expr // nil for all
	OrderBy string     // Graph property name, "" for id
	Desc    bool
	Limit   int
	After   Cursor // zero for the first page
	Count   bool   // also count all matches
	Deleted bool   // list soft-deleted objects instead
}

// Cursor is the position after the last object of a page.
type Cursor struct {
	Value string // its value of the sort column
	ID    string
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	Next  Cursor // zero at the end
	Total int    // only if asked for
}

// An UnsupportedQuery names what a filter or order asked for that the store
// cannot answer.
type UnsupportedQuery struct{ Property string }

func (e *UnsupportedQuery) Error() string {
	return "unsupported or invalid query clause for property '" + e.Property + "'"
}

// TenantStore keeps tenants.
type TenantStore interface {
	// CreateTenant writes a tenant and all that it starts with, in one
	// transaction.
	CreateTenant(ctx context.Context, seed *TenantSeed, ev *audit.Event) error
	TenantByName(ctx context.Context, name string) (*Tenant, error)
	// Tenants lists tenants by id, after the one given.
	Tenants(ctx context.Context, after TenantID, limit int) ([]*Tenant, error)
	// TenantsWithout lists tenants, by id after the one given, that have no living
	// service principal of the application.
	TenantsWithout(ctx context.Context, appID ID, after TenantID, limit int) ([]*Tenant, error)
	ChangeTenant(ctx context.Context, t TenantID, change func(*Tenant) error, ev *audit.Event) error
}

// TenantSeed is a new tenant with its first objects.
type TenantSeed struct {
	Tenant            *Tenant
	Applications      []*Application
	ServicePrincipals []*ServicePrincipal
	Users             []*User
	Assignments       []AppRoleAssignment
	Grants            []OAuth2PermissionGrant
	Roles             []RoleAssignment
}

// ApplicationStore keeps applications with their credentials and owners.
type ApplicationStore interface {
	CreateApplication(ctx context.Context, t TenantID, app *Application, ev *audit.Event) error
	Application(ctx context.Context, t TenantID, id ID) (*Application, error)
	ApplicationByAppID(ctx context.Context, appID ID) (*Application, error)
	ApplicationByUniqueName(ctx context.Context, t TenantID, name string) (*Application, error)
	Applications(ctx context.Context, t TenantID, o ListOptions) (Page[*Application], error)
	// ChangeApplication reads, changes and writes an application with its
	// credentials, federated credentials, owners and policy link as one act.
	ChangeApplication(ctx context.Context, t TenantID, id ID, change func(*Application) error, ev *audit.Event) error
	// DeleteApplication marks the application and its home service principal
	// deleted; the grants of the latter sleep with it.
	DeleteApplication(ctx context.Context, t TenantID, id ID, at time.Time, ev *audit.Event) error
	// IdentifierURITaken reports whether an application other than except holds
	// the URI: in tenant t, or, if everywhere, in any tenant or as a multi-tenant
	// application.
	IdentifierURITaken(ctx context.Context, t TenantID, uri string, everywhere bool, except ID) (bool, error)
	// EnsureBuiltin creates or refreshes an application of the platform itself;
	// its home is Installation.
	EnsureBuiltin(ctx context.Context, app *Application, ev *audit.Event) error
}

// ServicePrincipalStore keeps service principals.
type ServicePrincipalStore interface {
	CreateServicePrincipal(ctx context.Context, t TenantID, sp *ServicePrincipal, ev *audit.Event) error
	// ServicePrincipal and its like fill App.
	ServicePrincipal(ctx context.Context, t TenantID, id ID) (*ServicePrincipal, error)
	ServicePrincipalByAppID(ctx context.Context, t TenantID, appID ID) (*ServicePrincipal, error)
	ServicePrincipalByName(ctx context.Context, t TenantID, name string) (*ServicePrincipal, error)
	ServicePrincipals(ctx context.Context, t TenantID, o ListOptions) (Page[*ServicePrincipal], error)
	ChangeServicePrincipal(ctx context.Context, t TenantID, id ID, change func(*ServicePrincipal) error, ev *audit.Event) error
	// DeleteServicePrincipal marks it deleted; its grants sleep with it.
	DeleteServicePrincipal(ctx context.Context, t TenantID, id ID, at time.Time, ev *audit.Event) error
}

// DeletedStore keeps what was deleted softly, until it is restored, purged or
// older than the server's retention.
type DeletedStore interface {
	// Deleted finds a deleted object's kind.
	Deleted(ctx context.Context, t TenantID, id ID) (Kind, error)
	Restore(ctx context.Context, t TenantID, id ID, ev *audit.Event) error
	Purge(ctx context.Context, t TenantID, id ID, ev *audit.Event) error
	// PurgeExpired removes objects deleted before the time, a few at a time, and
	// says how many.
	PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error)
}

// AssignmentStore keeps app role assignments.
type AssignmentStore interface {
	// CreateAssignment writes an assignment; one that exists is a Conflict.
	CreateAssignment(ctx context.Context, t TenantID, a *AppRoleAssignment, ev *audit.Event) error
	Assignment(ctx context.Context, t TenantID, id ID) (*AppRoleAssignment, error)
	// AppRoleAssignmentsOf lists by principal, AppRoleAssignedTo by resource.
	AppRoleAssignmentsOf(ctx context.Context, t TenantID, principal ID) ([]AppRoleAssignment, error)
	AppRoleAssignedTo(ctx context.Context, t TenantID, resource ID, o ListOptions) (Page[AppRoleAssignment], error)
	// AssignmentsAsleep lists what deleted service principals of an application
	// would hold again if they were restored.
	AssignmentsAsleep(ctx context.Context, t TenantID, appID ID) ([]AppRoleAssignment, error)
	DeleteAssignment(ctx context.Context, t TenantID, id ID, ev *audit.Event) error
}

// GrantStore keeps delegated grants.
type GrantStore interface {
	// CreateGrant writes a grant; a second one for the same client, resource,
	// consent type and principal is a Conflict.
	CreateGrant(ctx context.Context, t TenantID, g *OAuth2PermissionGrant, ev *audit.Event) error
	Grant(ctx context.Context, t TenantID, id string) (*OAuth2PermissionGrant, error)
	Grants(ctx context.Context, t TenantID, o ListOptions) (Page[*OAuth2PermissionGrant], error)
	SetGrantScope(ctx context.Context, t TenantID, id, scope string, ev *audit.Event) error
	DeleteGrant(ctx context.Context, t TenantID, id string, ev *audit.Event) error
}

// UserStore keeps users.
type UserStore interface {
	CreateUser(ctx context.Context, t TenantID, u *User, ev *audit.Event) error
	User(ctx context.Context, t TenantID, id ID) (*User, error)
	UserByPrincipalName(ctx context.Context, t TenantID, upn string) (*User, error)
	Users(ctx context.Context, t TenantID, o ListOptions) (Page[*User], error)
	ChangeUser(ctx context.Context, t TenantID, id ID, change func(*User) error, ev *audit.Event) error
	DeleteUser(ctx context.Context, t TenantID, id ID, at time.Time, ev *audit.Event) error
}

// PolicyStore keeps token-lifetime policies.
type PolicyStore interface {
	CreateTokenLifetimePolicy(ctx context.Context, t TenantID, p *TokenLifetimePolicy, ev *audit.Event) error
	TokenLifetimePolicy(ctx context.Context, t TenantID, id ID) (*TokenLifetimePolicy, error)
	DefaultTokenLifetimePolicy(ctx context.Context, t TenantID) (*TokenLifetimePolicy, error)
	TokenLifetimePolicies(ctx context.Context, t TenantID, o ListOptions) (Page[*TokenLifetimePolicy], error)
	ChangeTokenLifetimePolicy(ctx context.Context, t TenantID, id ID, change func(*TokenLifetimePolicy) error, ev *audit.Event) error
	DeleteTokenLifetimePolicy(ctx context.Context, t TenantID, id ID, ev *audit.Event) error
	// AppliesTo lists the applications and service principals linked to a policy.
	AppliesTo(ctx context.Context, t TenantID, id ID) ([]Owner, error)
}

// Change is one entry of the change log: what became different, so that every
// node drops what it remembers of it.
type Change struct {
	Tenant TenantID
	Seq    int64
	Kind   ChangeKind
	ID     string // object id: application, service principal, policy, assignment's principal
	Key    string // appId of an application or service principal
}

// ChangeKind says what a Change is about; the values are stored.
type ChangeKind string

// The kinds of changes. The view heeds those of what it remembers; signing keys
// are reloaded by the server.
const (
	ChangedTenant           ChangeKind = "tenant"
	ChangedApplication      ChangeKind = "application"
	ChangedServicePrincipal ChangeKind = "servicePrincipal"
	ChangedAssignments      ChangeKind = "assignments"
	ChangedGrants           ChangeKind = "grants"
	ChangedPolicy           ChangeKind = "policy"
	ChangedUser             ChangeKind = "user"
	ChangedRoles            ChangeKind = "roles" // ID is the principal's
	ChangedSigningKeys      ChangeKind = "signingKeys"
)

// ChangeFeed reads the change log.
type ChangeFeed interface {
	// Positions gives the newest number of each tenant.
	Positions(ctx context.Context) (map[TenantID]int64, error)
	// ChangesAfter lists a tenant's changes after seq in order, at most limit. A
	// first entry other than seq+1 means that older entries were swept.
	ChangesAfter(ctx context.Context, t TenantID, seq int64, limit int) ([]Change, error)
}
