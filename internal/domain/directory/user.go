package directory

import "time"

// User is a person's account in a tenant.
type User struct {
	TenantID  TenantID  `json:"-"`
	ID        ID        `json:"-"`
	CreatedAt time.Time `json:"-"`
	DeletedAt time.Time `json:"-"`

	UserPrincipalName string  `json:"userPrincipalName"`
	DisplayName       string  `json:"displayName"`
	AccountEnabled    bool    `json:"accountEnabled"`
	MailNickname      *string `json:"mailNickname,omitempty"`
	Mail              *string `json:"mail,omitempty"`
	UserType          *string `json:"userType,omitempty"`
	CreationType      *string `json:"creationType,omitempty"`
	ExternalUserState *string `json:"externalUserState,omitempty"`

	GivenName         *string  `json:"givenName,omitempty"`
	Surname           *string  `json:"surname,omitempty"`
	JobTitle          *string  `json:"jobTitle,omitempty"`
	Department        *string  `json:"department,omitempty"`
	CompanyName       *string  `json:"companyName,omitempty"`
	EmployeeID        *string  `json:"employeeId,omitempty"`
	EmployeeType      *string  `json:"employeeType,omitempty"`
	OfficeLocation    *string  `json:"officeLocation,omitempty"`
	StreetAddress     *string  `json:"streetAddress,omitempty"`
	City              *string  `json:"city,omitempty"`
	State             *string  `json:"state,omitempty"`
	Country           *string  `json:"country,omitempty"`
	PostalCode        *string  `json:"postalCode,omitempty"`
	MobilePhone       *string  `json:"mobilePhone,omitempty"`
	FaxNumber         *string  `json:"faxNumber,omitempty"`
	PreferredLanguage *string  `json:"preferredLanguage,omitempty"`
	UsageLocation     *string  `json:"usageLocation,omitempty"`
	AgeGroup          *string  `json:"ageGroup,omitempty"`
	ConsentForMinor   *string  `json:"consentProvidedForMinor,omitempty"`
	PasswordPolicies  *string  `json:"passwordPolicies,omitempty"`
	ImmutableID       *string  `json:"onPremisesImmutableId,omitempty"`
	ShowInAddressList *bool    `json:"showInAddressList,omitempty"`
	BusinessPhones    []string `json:"businessPhones,omitempty"`
	OtherMails        []string `json:"otherMails,omitempty"`

	// Identities are accounts of other directories that are this user.
	Identities []ObjectIdentity `json:"identities,omitempty"`

	// ForceChangePassword asks for a new password at the next sign-in.
	ForceChangePassword        bool `json:"forceChangePasswordNextSignIn,omitempty"`
	ForceChangePasswordWithMFA bool `json:"forceChangePasswordNextSignInWithMfa,omitempty"`

	// SessionsValidFrom refuses sessions and tokens issued before it.
	SessionsValidFrom time.Time `json:"-"`
	PasswordChangedAt time.Time `json:"-"`
	PasswordHash      string    `json:"-"` // PHC string, "" without a password
}
