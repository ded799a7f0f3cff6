package directory

import "time"

// AppRoleAssignment gives a principal an app role of a resource. For a service
// principal it is the administrator's consent to an application permission.
type AppRoleAssignment struct {
	ID                   ID
	AppRoleID            ID // ZeroID: no specific role
	PrincipalID          ID
	PrincipalKind        Kind
	PrincipalDisplayName string
	ResourceID           ID // service principal of the resource
	ResourceDisplayName  string
	CreatedAt            time.Time
}

// Consent types of a delegated grant.
const (
	ConsentAllPrincipals = "AllPrincipals"
	ConsentPrincipal     = "Principal"
)

// OAuth2PermissionGrant is a delegated grant. ClientID and ResourceID are
// service principal object ids; PrincipalID is empty for AllPrincipals.
type OAuth2PermissionGrant struct {
	ID          string
	ClientID    ID
	ConsentType string
	PrincipalID ID
	ResourceID  ID
	Scope       string
}

// TokenLifetimePolicy sets how long access tokens live.
type TokenLifetimePolicy struct {
	ID                    ID
	DisplayName           string
	Description           *string
	Definition            []string // one JSON text, as Graph has it
	IsOrganizationDefault bool
	AccessTokenLifetime   time.Duration // read from Definition; 0 leaves the default
	CreatedAt             time.Time
}
