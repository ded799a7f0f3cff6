package directory

import "time"

// Sign-in audiences of an application.
const (
	AudienceMyOrg       = "AzureADMyOrg"
	AudienceMultiOrg    = "AzureADMultipleOrgs"
	AudienceOrgPersonal = "AzureADandPersonalMicrosoftAccount"
	AudiencePersonal    = "PersonalMicrosoftAccount"
)

// Application is an app registration. It lives in one home tenant; AppID is
// unique over the installation. The json names are Graph's, and the stored
// document has them too.
type Application struct {
	TenantID  TenantID  `json:"-"`
	ID        ID        `json:"-"`
	AppID     ID        `json:"-"`
	CreatedAt time.Time `json:"-"`
	DeletedAt time.Time `json:"-"` // zero while alive

	DisplayName                string  `json:"displayName"`
	UniqueName                 *string `json:"uniqueName,omitempty"`
	Description                *string `json:"description,omitempty"`
	Notes                      *string `json:"notes,omitempty"`
	ServiceManagementReference *string `json:"serviceManagementReference,omitempty"`
	SignInAudience             string  `json:"signInAudience"`
	PublisherDomain            *string `json:"publisherDomain,omitempty"`
	DisabledByMicrosoftStatus  *string `json:"disabledByMicrosoftStatus,omitempty"`
	ApplicationTemplateID      *string `json:"applicationTemplateId,omitempty"`
	GroupMembershipClaims      *string `json:"groupMembershipClaims,omitempty"`
	IsFallbackPublicClient     *bool   `json:"isFallbackPublicClient,omitempty"`
	IsDeviceOnlyAuthSupported  *bool   `json:"isDeviceOnlyAuthSupported,omitempty"`
	DefaultRedirectURI         *string `json:"defaultRedirectUri,omitempty"`
	SamlMetadataURL            *string `json:"samlMetadataUrl,omitempty"`
	TokenEncryptionKeyID       *string `json:"tokenEncryptionKeyId,omitempty"`
	NativeAuthenticationAPIs   string  `json:"nativeAuthenticationApisEnabled,omitempty"`
	RequirePostResponse        bool    `json:"oauth2RequirePostResponse,omitempty"`

	IdentifierURIs []string `json:"identifierUris,omitempty"`
	Tags           []string `json:"tags,omitempty"`

	API          APIApplication    `json:"api"`
	Web          WebApplication    `json:"web"`
	SPA          RedirectSet       `json:"spa"`
	PublicClient RedirectSet       `json:"publicClient"`
	Info         InformationalURLs `json:"info"`

	AppRoles               []AppRole                `json:"appRoles,omitempty"`
	RequiredResourceAccess []RequiredResourceAccess `json:"requiredResourceAccess,omitempty"`
	OptionalClaims         *OptionalClaims          `json:"optionalClaims,omitempty"`

	ParentalControl  ParentalControlSettings `json:"parentalControlSettings"`
	LockConfig       *LockConfiguration      `json:"servicePrincipalLockConfiguration,omitempty"`
	RequestSignature *RequestSignature       `json:"requestSignatureVerification,omitempty"`
	AddIns           []AddIn                 `json:"addIns,omitempty"`

	// Switches of our own, settable through Graph under the same names.
	AccessTokenSigningAlg    string `json:"accessTokenSigningAlg,omitempty"`    // "" = RS256
	SingleUseClientAssertion bool   `json:"singleUseClientAssertion,omitempty"` // refuse a jti seen before

	// Builtin marks an object seeded by the platform: read-only through Graph.
	Builtin bool `json:"builtin,omitempty"`

	Passwords []PasswordCredential          `json:"-"`
	Keys      []KeyCredential               `json:"-"`
	Federated []FederatedIdentityCredential `json:"-"`
	Owners    []Owner                       `json:"-"`
	// LifetimePolicy is the token-lifetime policy linked to the application;
	// zero without one.
	LifetimePolicy ID `json:"-"`
}

// MultiTenant reports whether organisations other than the home tenant may use
// the application.
func (a *Application) MultiTenant() bool {
	return a.SignInAudience == AudienceMultiOrg || a.SignInAudience == AudienceOrgPersonal
}

// Personal reports whether personal accounts may use the application.
func (a *Application) Personal() bool {
	return a.SignInAudience == AudienceOrgPersonal || a.SignInAudience == AudiencePersonal
}

// OfferedTo reports whether an organisation may use the application: it is its
// own, or offered to all. One for personal accounts alone is unknown to every
// organisation.
func (a *Application) OfferedTo(t TenantID) bool {
	return a.SignInAudience != AudiencePersonal && (a.TenantID == t || a.MultiTenant())
}

// Blocked reports whether the application was disabled altogether, in every
// tenant.
func (a *Application) Blocked() bool {
	s := a.DisabledByMicrosoftStatus
	return s != nil && *s != "" && *s != "NotDisabled"
}

// AccessTokenVersion is the version of access tokens issued for the application
// as a resource: 1 unless it asked for 2.
func (a *Application) AccessTokenVersion() int {
	if v := a.API.RequestedAccessTokenVersion; v != nil && *v == 2 {
		return 2
	}
	return 1
}

// APIApplication is what the application is as a resource (Graph: apiApplication).
type APIApplication struct {
	RequestedAccessTokenVersion *int                       `json:"requestedAccessTokenVersion"`
	AcceptMappedClaims          *bool                      `json:"acceptMappedClaims"`
	KnownClientApplications     []ID                       `json:"knownClientApplications"`
	OAuth2PermissionScopes      []PermissionScope          `json:"oauth2PermissionScopes"`
	PreAuthorizedApplications   []PreAuthorizedApplication `json:"preAuthorizedApplications"`
}

// PermissionScope is a delegated permission.
type PermissionScope struct {
	ID                      ID      `json:"id"`
	Value                   *string `json:"value"`
	Type                    string  `json:"type"` // "User" or "Admin"
	IsEnabled               bool    `json:"isEnabled"`
	AdminConsentDisplayName *string `json:"adminConsentDisplayName"`
	AdminConsentDescription *string `json:"adminConsentDescription"`
	UserConsentDisplayName  *string `json:"userConsentDisplayName"`
	UserConsentDescription  *string `json:"userConsentDescription"`
}

// PreAuthorizedApplication lets a client have scopes without a consent prompt.
type PreAuthorizedApplication struct {
	AppID                  ID   `json:"appId"`
	DelegatedPermissionIDs []ID `json:"delegatedPermissionIds"`
}

// AppRole is a role of users or, with the member type "Application", an
// application permission.
type AppRole struct {
	ID                 ID       `json:"id"`
	Value              *string  `json:"value"`
	DisplayName        *string  `json:"displayName"`
	Description        *string  `json:"description"`
	IsEnabled          bool     `json:"isEnabled"`
	AllowedMemberTypes []string `json:"allowedMemberTypes"`
	Origin             string   `json:"origin,omitempty"` // "Application" or "ServicePrincipal"
}

// RequiredResourceAccess declares what the application needs; it grants nothing.
type RequiredResourceAccess struct {
	ResourceAppID  ID               `json:"resourceAppId"`
	ResourceAccess []ResourceAccess `json:"resourceAccess"`
}

// ResourceAccess names one scope ("Scope") or app role ("Role") of a resource.
type ResourceAccess struct {
	ID   ID     `json:"id"`
	Type string `json:"type"`
}

// WebApplication holds the settings of the web platform.
type WebApplication struct {
	HomePageURL           *string              `json:"homePageUrl"`
	LogoutURL             *string              `json:"logoutUrl"`
	RedirectURIs          []string             `json:"redirectUris"`
	RedirectURISettings   []RedirectURISetting `json:"redirectUriSettings,omitempty"`
	ImplicitGrantSettings ImplicitGrant        `json:"implicitGrantSettings"`
}

// RedirectURISetting orders a redirect URI.
type RedirectURISetting struct {
	URI   string `json:"uri"`
	Index *int   `json:"index"`
}

// ImplicitGrant switches front-channel tokens on.
type ImplicitGrant struct {
	EnableAccessTokenIssuance bool `json:"enableAccessTokenIssuance"`
	EnableIDTokenIssuance     bool `json:"enableIdTokenIssuance"`
}

// RedirectPlatform is the list of an application in which a redirect URI is
// registered, by its name in Graph; it decides how the client has to behave. The
// values are stored.
type RedirectPlatform string

// The platforms.
const (
	PlatformWeb          RedirectPlatform = "web"
	PlatformSPA          RedirectPlatform = "spa"
	PlatformPublicClient RedirectPlatform = "publicClient"
)

// Public reports whether clients of the platform keep no secret.
func (p RedirectPlatform) Public() bool { return p != PlatformWeb }

// RedirectSet holds the redirect URIs of the spa or publicClient platform.
type RedirectSet struct {
	RedirectURIs []string `json:"redirectUris"`
}

// InformationalURLs are links shown to people.
type InformationalURLs struct {
	LogoURL             *string `json:"logoUrl"`
	MarketingURL        *string `json:"marketingUrl"`
	PrivacyStatementURL *string `json:"privacyStatementUrl"`
	SupportURL          *string `json:"supportUrl"`
	TermsOfServiceURL   *string `json:"termsOfServiceUrl"`
}

// OptionalClaims asks for claims beyond the defaults. AccessToken entries are
// read from the resource, IDToken entries from the client.
type OptionalClaims struct {
	IDToken     []OptionalClaim `json:"idToken"`
	AccessToken []OptionalClaim `json:"accessToken"`
	SAML2Token  []OptionalClaim `json:"saml2Token"`
}

// OptionalClaim is one claim asked for.
type OptionalClaim struct {
	Name                 string   `json:"name"`
	Source               *string  `json:"source"`
	Essential            bool     `json:"essential"`
	AdditionalProperties []string `json:"additionalProperties"`
}

// ParentalControlSettings restrict minors.
type ParentalControlSettings struct {
	CountriesBlockedForMinors []string `json:"countriesBlockedForMinors"`
	LegalAgeGroupRule         string   `json:"legalAgeGroupRule"`
}

// LockConfiguration protects properties of service principals in other tenants.
type LockConfiguration struct {
	IsEnabled                  bool  `json:"isEnabled"`
	AllProperties              *bool `json:"allProperties"`
	CredentialsWithUsageVerify *bool `json:"credentialsWithUsageVerify"`
	CredentialsWithUsageSign   *bool `json:"credentialsWithUsageSign"`
	IdentifierURIs             *bool `json:"identifierUris"`
	TokenEncryptionKeyID       *bool `json:"tokenEncryptionKeyId"`
}

// RequestSignature asks for signed requests.
type RequestSignature struct {
	IsSignedRequestRequired bool    `json:"isSignedRequestRequired"`
	AllowedWeakAlgorithms   *string `json:"allowedWeakAlgorithms"`
}

// AddIn is custom behaviour that a consuming service may use.
type AddIn struct {
	ID         ID         `json:"id"`
	Type       string     `json:"type"`
	Properties []KeyValue `json:"properties"`
}

// KeyValue is a pair of an AddIn.
type KeyValue struct {
	Key   *string `json:"key"`
	Value *string `json:"value"`
}

// Owner is a user or service principal that may edit an object.
type Owner struct {
	ID   ID
	Kind Kind
}

// Kind is the type of a directory object, as in Graph's "#microsoft.graph.…".
type Kind string

// The kinds of directory objects.
const (
	KindApplication      Kind = "application"
	KindServicePrincipal Kind = "servicePrincipal"
	KindUser             Kind = "user"
	KindGroup            Kind = "group"
)
