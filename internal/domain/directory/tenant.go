package directory

import "time"

// Tenant is one isolated directory (Graph: organization).
type Tenant struct {
	ID          TenantID
	DisplayName string
	CreatedAt   time.Time
	Disabled    bool
	Domains     []Domain
	Settings    TenantSettings
	// Demo marks a tenant seeded by development mode; a production server
	// refuses a database that holds one.
	Demo bool
}

// TenantSettings is what an administrator may change of a tenant. The zero
// value is the default.
type TenantSettings struct {
	CountryLetterCode          string   `json:"countryLetterCode,omitempty"`
	PreferredLanguage          string   `json:"preferredLanguage,omitempty"`
	TechnicalNotificationMails []string `json:"technicalNotificationMails,omitempty"`
	PrivacyContactEmail        string   `json:"privacyContactEmail,omitempty"`
	PrivacyStatementURL        string   `json:"privacyStatementUrl,omitempty"`
	// AnyIdentifierURI lifts the rule that a newly added App ID URI of an
	// application with v1 tokens must hold a verified domain, the tenant id or
	// the app id.
	AnyIdentifierURI bool `json:"anyIdentifierUri,omitempty"`
	// UserConsent says what people may consent to for themselves; see the
	// constants.
	UserConsent UserConsent `json:"userConsent,omitempty"`
	// RiskyConsent lets people consent to applications of other organisations
	// whose publisher nobody verified (Graph: allowUserConsentForRiskyApps).
	RiskyConsent bool `json:"riskyConsent,omitempty"`
	// Administrator is the account that the tenant was made with. It is a fact,
	// not a setting: nothing changes it.
	Administrator ID `json:"administrator,omitempty"`
}

// UserConsent is what people may consent to for themselves (Graph:
// permissionGrantPoliciesAssigned).
type UserConsent string

// The policies of consent. The zero value is the one of new tenants.
const (
	// ConsentRecommended: all but the permissions of high impact.
	ConsentRecommended UserConsent = ""
	// ConsentLow: only what is classified as low, for applications of the tenant's
	// own or of a verified publisher.
	ConsentLow UserConsent = "low"
	// ConsentLegacy: whatever does not ask for an administrator.
	ConsentLegacy UserConsent = "legacy"
	// ConsentNone: nothing.
	ConsentNone UserConsent = "none"
)

// Domain is a DNS name of a tenant.
type Domain struct {
	Name      string // lower case, A-labels
	Verified  bool
	Default   bool
	Initial   bool
	CreatedAt time.Time
}

// DefaultDomain is the tenant's default domain, or its id where it has none.
func (t *Tenant) DefaultDomain() string {
	for _, d := range t.Domains {
		if d.Default {
			return d.Name
		}
	}
	return t.ID.String()
}

// VerifiedDomain reports whether name, in lower case, is a verified domain of t.
func (t *Tenant) VerifiedDomain(name string) bool {
	for _, d := range t.Domains {
		if d.Verified && d.Name == name {
			return true
		}
	}
	return false
}
