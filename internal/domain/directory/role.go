package directory

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
)

// RoleAssignment gives a principal a directory role (Graph:
// unifiedRoleAssignment). RoleDefinitionID of a built-in role is its template id.
type RoleAssignment struct {
	ID               ID
	RoleDefinitionID ID
	PrincipalID      ID
	PrincipalKind    Kind
	DirectoryScopeID string // "/" is the whole tenant, the only scope there is
	CreatedAt        time.Time
}

// Template ids of the directory roles that decide anything here.
const (
	RoleGlobalAdministrator           ID = "62e90394-69f5-4237-9190-012177145e10"
	RoleGlobalReader                  ID = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	RolePrivilegedRoleAdministrator   ID = "e8611ab8-c189-46e8-94e1-60213ab1f814"
	RoleApplicationAdministrator      ID = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
	RoleCloudApplicationAdministrator ID = "158c047a-c907-4556-b7ef-446551a6b5f7"
	RoleUserAdministrator             ID = "fe930be7-5e62-47db-91af-98c3a49a38b1"
)

// RoleStore keeps assignments of directory roles.
type RoleStore interface {
	// CreateRoleAssignment writes an assignment; a second one of the same role and
	// scope for the principal is a Conflict.
	CreateRoleAssignment(ctx context.Context, t TenantID, a *RoleAssignment, ev *audit.Event) error
	RoleAssignment(ctx context.Context, t TenantID, id ID) (*RoleAssignment, error)
	// RoleAssignmentsOf lists what the principal was assigned.
	RoleAssignmentsOf(ctx context.Context, t TenantID, principal ID) ([]RoleAssignment, error)
	// RoleAssignments lists by id; Filter may name principalId and
	// roleDefinitionId.
	RoleAssignments(ctx context.Context, t TenantID, o ListOptions) (Page[*RoleAssignment], error)
	DeleteRoleAssignment(ctx context.Context, t TenantID, id ID, ev *audit.Event) error
}

// ObjectIdentity is an account that proves itself elsewhere and is this user here
// (Graph: objectIdentity). For guests from another tenant of this installation
// SignInType is SignInFederated, Issuer the home tenant's id and IssuerAssignedID
// the object id there: an address never links an account.
type ObjectIdentity struct {
	SignInType       string `json:"signInType"`
	Issuer           string `json:"issuer"`
	IssuerAssignedID string `json:"issuerAssignedId"`
}

// SignInFederated is the type of an identity that another directory proves.
const SignInFederated = "federated"

// IdentityStore finds users by the identities that other directories prove.
type IdentityStore interface {
	// UserByIdentity finds the living user of t with the federated identity.
	// Issuer and assigned id are compared exactly; a pair is taken once in a
	// tenant (Conflict on CreateUser, ChangeUser).
	UserByIdentity(ctx context.Context, t TenantID, issuer, assignedID string) (*User, error)
}

// ConsentRecord is what one consent writes, all of it or nothing: service
// principals that are missing in the tenant, grants and app role assignments.
type ConsentRecord struct {
	Principals  []*ServicePrincipal
	Grants      []OAuth2PermissionGrant
	Assignments []AppRoleAssignment
}

// ConsentStore records consent.
type ConsentStore interface {
	// RecordConsent writes a record in one transaction. A principal of an
	// application that has one in the tenant by now is not written, and references
	// to its ID in grants and assignments mean the one that is there. The scopes of
	// a grant are added to the grant of the same client, resource, consent type and
	// principal if there is one, each once; an assignment that exists stays.
	RecordConsent(ctx context.Context, t TenantID, r *ConsentRecord, ev *audit.Event) error
	// GrantsFor lists the grants of a client that concern a user: the user's own
	// and those for all.
	GrantsFor(ctx context.Context, t TenantID, client, user ID) ([]OAuth2PermissionGrant, error)
}
