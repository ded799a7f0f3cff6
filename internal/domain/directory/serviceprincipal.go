package directory

import "time"

// Types of service principals.
const (
	TypeApplication     = "Application"
	TypeManagedIdentity = "ManagedIdentity"
)

// ServicePrincipal is an application's identity in one tenant. What is mirrored
// from the application (App) is not stored with it.
type ServicePrincipal struct {
	TenantID  TenantID  `json:"-"`
	ID        ID        `json:"-"`
	AppID     ID        `json:"-"`
	CreatedAt time.Time `json:"-"`
	DeletedAt time.Time `json:"-"`

	// DisplayName overrides the application's; empty mirrors it.
	DisplayName                string   `json:"displayName,omitempty"`
	Type                       string   `json:"servicePrincipalType"`
	AccountEnabled             bool     `json:"accountEnabled"`
	AppRoleAssignmentRequired  bool     `json:"appRoleAssignmentRequired"`
	Description                *string  `json:"description,omitempty"`
	Notes                      *string  `json:"notes,omitempty"`
	LoginURL                   *string  `json:"loginUrl,omitempty"`
	LogoutURL                  *string  `json:"logoutUrl,omitempty"`
	PreferredSingleSignOnMode  *string  `json:"preferredSingleSignOnMode,omitempty"`
	PreferredTokenSigningKey   *string  `json:"preferredTokenSigningKeyThumbprint,omitempty"`
	NotificationEmailAddresses []string `json:"notificationEmailAddresses,omitempty"`
	AlternativeNames           []string `json:"alternativeNames,omitempty"`
	Tags                       []string `json:"tags,omitempty"` // local; shown in union with the application's
	// Names are local service principal names beyond appId and App ID URIs.
	Names          []string  `json:"names,omitempty"`
	AppRoles       []AppRole `json:"appRoles,omitempty"` // local roles, origin "ServicePrincipal"
	SamlRelayState *string   `json:"samlRelayState,omitempty"`

	Passwords      []PasswordCredential          `json:"-"`
	Keys           []KeyCredential               `json:"-"`
	Federated      []FederatedIdentityCredential `json:"-"`
	Owners         []Owner                       `json:"-"`
	LifetimePolicy ID                            `json:"-"`

	// App is the application as it stands, nil for a managed identity and for an
	// application that is gone.
	App *Application `json:"-"`
}

// Name is what people see.
func (p *ServicePrincipal) Name() string {
	if p.DisplayName != "" || p.App == nil {
		return p.DisplayName
	}
	return p.App.DisplayName
}

// ServicePrincipalNames are the names under which the resource can be asked
// for: App ID URIs, local names and the appId.
func (p *ServicePrincipal) ServicePrincipalNames() []string {
	var names []string
	if p.App != nil {
		names = append(names, p.App.IdentifierURIs...)
	}
	names = append(names, p.Names...)
	return append(names, string(p.AppID))
}

// Roles are the app roles of the resource: the application's and the local ones.
func (p *ServicePrincipal) Roles() []AppRole {
	if p.App == nil {
		return p.AppRoles
	}
	if len(p.AppRoles) == 0 {
		return p.App.AppRoles
	}
	return append(append([]AppRole(nil), p.App.AppRoles...), p.AppRoles...)
}
