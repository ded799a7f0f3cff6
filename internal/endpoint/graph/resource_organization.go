package graph

import (
	"net/http"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

type organization = directory.Tenant

var organizationEntity = newEntity("organization", "organization", []property[organization]{
	shown("id", "Edm.String", func(t *organization) any { return t.ID.String() }).filtered(),
	shown("deletedDateTime", "Edm.DateTimeOffset", func(*organization) any { return nil }),
	shown("countryLetterCode", "Edm.String", func(t *organization) any { return orNil(t.Settings.CountryLetterCode) }),
	moment("createdDateTime", func(t *organization) *timeValue { return &t.CreatedAt }).readOnly(),
	shown("displayName", "Edm.String", func(t *organization) any { return t.DisplayName }).filtered(),
	shown("onPremisesSyncEnabled", "Edm.Boolean", func(*organization) any { return nil }),
	shown("preferredLanguage", "Edm.String", func(t *organization) any { return orNil(t.Settings.PreferredLanguage) }),
	shown("tenantType", "Edm.String", func(*organization) any { return "AAD" }),
	emptyList[organization]("assignedPlans"),
	emptyList[organization]("provisionedPlans"),
	emptyList[organization]("businessPhones"),
	emptyList[organization]("marketingNotificationEmails"),
	emptyList[organization]("securityComplianceNotificationMails"),
	emptyList[organization]("securityComplianceNotificationPhones"),
	{name: "technicalNotificationMails", typ: "Edm.String", many: true, get: func(t *organization) any {
		return append([]string{}, t.Settings.TechnicalNotificationMails...)
	}},
	shown("privacyProfile", "Edm.Untyped", func(t *organization) any {
		if t.Settings.PrivacyContactEmail == "" && t.Settings.PrivacyStatementURL == "" {
			return nil
		}
		return object{{"contactEmail", orNil(t.Settings.PrivacyContactEmail)}, {"statementUrl", orNil(t.Settings.PrivacyStatementURL)}}
	}),
	{name: "verifiedDomains", typ: "Edm.Untyped", many: true, get: func(t *organization) any { return verifiedDomains(t) }},
})

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// emptyList is a collection that is never null, as clients' models require, and
// that nothing here fills.
func emptyList[T any](name string) property[T] {
	return property[T]{name: name, typ: "Edm.String", many: true, get: func(*T) any { return []string{} }}
}

const domainCapabilities = "Email, OfficeCommunicationsOnline"

func verifiedDomains(t *organization) []object {
	out := []object{}
	for _, d := range t.Domains {
		if d.Verified {
			out = append(out, object{
				{"capabilities", domainCapabilities}, {"isDefault", d.Default}, {"isInitial", d.Initial},
				{"name", d.Name}, {"type", "Managed"},
			})
		}
	}
	return out
}

// ownTenant reads the tenant of the token.
func (c *call) ownTenant() (*organization, error) {
	return c.api.Tenants.TenantByName(c.ctx, c.tenant().String())
}

func listOrganization(c *call) (*reply, error) {
	t, err := c.ownTenant()
	if err != nil {
		return nil, err
	}
	return listOf(c, organizationEntity, []organization{*t})
}

func getOrganization(c *call) (*reply, error) {
	if !strings.EqualFold(c.keys[0].value, c.tenant().String()) {
		return nil, notFound(c.keys[0].value)
	}
	t, err := c.ownTenant()
	if err != nil {
		return nil, err
	}
	return one(c, organizationEntity, http.StatusOK, t)
}

type domain = directory.Domain

var domainEntity = newEntity("domain", "domains", []property[domain]{
	shown("id", "Edm.String", func(d *domain) any { return d.Name }).filtered(),
	shown("authenticationType", "Edm.String", func(*domain) any { return "Managed" }),
	shown("availabilityStatus", "Edm.String", func(*domain) any { return nil }),
	shown("isAdminManaged", "Edm.Boolean", func(*domain) any { return true }),
	shown("isDefault", "Edm.Boolean", func(d *domain) any { return d.Default }).filtered(),
	shown("isInitial", "Edm.Boolean", func(d *domain) any { return d.Initial }).filtered(),
	shown("isRoot", "Edm.Boolean", func(*domain) any { return true }),
	shown("isVerified", "Edm.Boolean", func(d *domain) any { return d.Verified }).filtered(),
	shown("passwordNotificationWindowInDays", "Edm.Int32", func(*domain) any { return nil }),
	shown("passwordValidityPeriodInDays", "Edm.Int32", func(*domain) any { return nil }),
	{name: "supportedServices", typ: "Edm.String", many: true, get: func(*domain) any { return strings.Split(domainCapabilities, ", ") }},
})

func listDomains(c *call) (*reply, error) {
	t, err := c.ownTenant()
	if err != nil {
		return nil, err
	}
	return listOf(c, domainEntity, t.Domains)
}

func getDomain(c *call) (*reply, error) {
	t, err := c.ownTenant()
	if err != nil {
		return nil, err
	}
	for i := range t.Domains {
		if strings.EqualFold(t.Domains[i].Name, c.keys[0].value) {
			return one(c, domainEntity, http.StatusOK, &t.Domains[i])
		}
	}
	return nil, notFound(c.keys[0].value)
}
