package directory

import (
	"slices"
	"strings"
)

// Limits of an application.
const (
	maxDisplayName          = 256
	maxDisplayNamePersonal  = 90
	maxDescription          = 1024
	maxUniqueName           = 256
	maxItems                = 1000 // over all collections of one object
	maxPersonalSecrets      = 2
	maxResources            = 50
	maxForeignResources     = 10
	maxPermissions          = 400
	maxPersonalPermissions  = 200
	maxPersonalPerResource  = 30
	maxOwnersAtCreation     = 20
	maxOwners               = 100
	maxFederatedCredentials = 20
)

// An applicationChange is what the rules judge: an application before and after
// a change. When it is created, before has only what the platform gave it.
type applicationChange struct {
	before, after *Application
	tenant        *Tenant
	caller        Caller
}

// applicationRules are all rules that need nothing but the change itself.
var applicationRules = []func(applicationChange) error{
	fixedProperties,
	applicationTexts,
	applicationChoices,
	personalAudience,
	identifierURIs,
	func(ch applicationChange) error { return redirectURIs(ch.after) },
	func(ch applicationChange) error {
		return redirectSettings(&ch.after.Web, ch.before.Web.RedirectURISettings)
	},
	func(ch applicationChange) error { return permissionScopes(ch.after) },
	func(ch applicationChange) error { return appRoles(ch.after.AppRoles) },
	func(ch applicationChange) error { return permissionsTogether(ch.after) },
	func(ch applicationChange) error { return disabledFirst(ch.before, ch.after) },
	func(ch applicationChange) error { return preAuthorized(ch.after) },
	func(ch applicationChange) error { return requiredAccess(ch.after) },
	func(ch applicationChange) error { return optionalClaims(ch.after.OptionalClaims) },
	func(ch applicationChange) error { return tags(ch.after.Tags) },
	addIns,
	encryptionKey,
	mappedClaims,
	itemCount,
}

// judge runs all rules.
func (ch applicationChange) judge() error {
	for _, rule := range applicationRules {
		if err := rule(ch); err != nil {
			return err
		}
	}
	return nil
}

// fixedProperties refuses changes of what only the platform sets.
func fixedProperties(ch applicationChange) error {
	b, a := ch.before, ch.after
	fixed := []struct {
		property string
		same     bool
	}{
		{"id", a.ID == b.ID},
		{"appId", a.AppID == b.AppID},
		{"tenantId", a.TenantID == b.TenantID},
		{"createdDateTime", a.CreatedAt.Equal(b.CreatedAt)},
		{"deletedDateTime", a.DeletedAt.Equal(b.DeletedAt)},
		{"uniqueName", same(a.UniqueName, b.UniqueName)},
		{"publisherDomain", same(a.PublisherDomain, b.PublisherDomain)},
		{"disabledByMicrosoftStatus", same(a.DisabledByMicrosoftStatus, b.DisabledByMicrosoftStatus)},
		{"applicationTemplateId", same(a.ApplicationTemplateID, b.ApplicationTemplateID)},
		{"info.logoUrl", same(a.Info.LogoURL, b.Info.LogoURL)},
		{"builtin", a.Builtin == b.Builtin},
	}
	for _, f := range fixed {
		if !f.same {
			return refusal(ReadOnly, f.property, "Property %s is read-only.", f.property)
		}
	}
	return nil
}

// applicationTexts judges names, descriptions and links.
func applicationTexts(ch applicationChange) error {
	a := ch.after
	name := maxDisplayName
	if a.Personal() {
		name = maxDisplayNamePersonal
	}
	return first(
		label("displayName", a.DisplayName, name),
		line("uniqueName", a.UniqueName, maxUniqueName),
		text("description", a.Description, maxDescription),
		text("notes", a.Notes, maxDescription),
		line("serviceManagementReference", a.ServiceManagementReference, maxDescription),
		link("web.homePageUrl", a.Web.HomePageURL),
		logoutURL("web.logoutUrl", a.Web.LogoutURL),
		link("info.marketingUrl", a.Info.MarketingURL),
		link("info.privacyStatementUrl", a.Info.PrivacyStatementURL),
		link("info.supportUrl", a.Info.SupportURL),
		link("info.termsOfServiceUrl", a.Info.TermsOfServiceURL),
		samlMetadata(a),
	)
}

// samlMetadata is for applications of one tenant only.
func samlMetadata(a *Application) error {
	if a.SamlMetadataURL != nil && a.SignInAudience != AudienceMyOrg {
		return invalid("samlMetadataUrl", "Property samlMetadataUrl may be set only if signInAudience is %s.", AudienceMyOrg)
	}
	return link("samlMetadataUrl", a.SamlMetadataURL)
}

// applicationChoices judges properties with a closed list of values.
func applicationChoices(ch applicationChange) error {
	a := ch.after
	var weak *string
	if a.RequestSignature != nil {
		weak = a.RequestSignature.AllowedWeakAlgorithms
	}
	if v := a.API.RequestedAccessTokenVersion; v != nil && *v != 1 && *v != 2 {
		return invalid("api.requestedAccessTokenVersion", "Property api.requestedAccessTokenVersion is 1, 2 or null.")
	}
	return first(
		oneOf("signInAudience", &a.SignInAudience, AudienceMyOrg, AudienceMultiOrg, AudienceOrgPersonal, AudiencePersonal),
		oneOf("nativeAuthenticationApisEnabled", &a.NativeAuthenticationAPIs, "", "none", "all"),
		oneOf("accessTokenSigningAlg", &a.AccessTokenSigningAlg, "", "RS256", "ES256"),
		oneOf("requestSignatureVerification.allowedWeakAlgorithms", weak, "rsaSha1"),
		oneOf("parentalControlSettings.legalAgeGroupRule", &a.ParentalControl.LegalAgeGroupRule,
			"Allow", "RequireConsentForPrivacyServices", "RequireConsentForMinors", "RequireConsentForKids", "BlockMinors"),
		each(a.ParentalControl.CountriesBlockedForMinors, func(s string) error {
			return countryCode("parentalControlSettings.countriesBlockedForMinors", &s)
		}),
		unique("parentalControlSettings.countriesBlockedForMinors", a.ParentalControl.CountriesBlockedForMinors),
		groupClaims(a.GroupMembershipClaims),
	)
}

// countryCode judges an ISO 3166-1 alpha-2 code by its form.
func countryCode(property string, s *string) error {
	if s == nil {
		return nil
	}
	if c := *s; len(c) == 2 && 'A' <= c[0] && c[0] <= 'Z' && 'A' <= c[1] && c[1] <= 'Z' {
		return nil
	}
	return invalid(property, "Value '%s' of property %s is not a two-letter country code.", clip(*s), property)
}

// groupClaims judges groupMembershipClaims: one name, or several with commas.
func groupClaims(s *string) error {
	const property = "groupMembershipClaims"
	if s == nil {
		return nil
	}
	names := strings.Split(*s, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
		if err := oneOf(property, &names[i], "None", "SecurityGroup", "DirectoryRole", "ApplicationGroup", "All"); err != nil {
			return err
		}
	}
	if len(names) > 1 && slices.Contains(names, "None") {
		return invalid(property, "Property %s cannot hold None together with other values.", property)
	}
	return unique(property, names)
}

// personalAudience holds what applications for personal accounts must be.
func personalAudience(ch applicationChange) error {
	a := ch.after
	if !a.Personal() {
		return nil
	}
	if a.AccessTokenVersion() != 2 {
		return invalid("api.requestedAccessTokenVersion", "Property api.requestedAccessTokenVersion must be 2 when signInAudience is %s.", a.SignInAudience)
	}
	if len(a.AppRoles) > 0 && a.SignInAudience == AudiencePersonal {
		return invalid("appRoles", "Property appRoles must be empty when signInAudience is %s.", a.SignInAudience)
	}
	if len(a.Passwords) > maxPersonalSecrets && (len(a.Passwords) > len(ch.before.Passwords) || !ch.before.Personal()) {
		return invalid("passwordCredentials", "An application for personal accounts has at most %d client secrets.", maxPersonalSecrets)
	}
	return nil
}

// requiredAccess judges requiredResourceAccess, which is only declared: whether
// the ids exist is not asked.
func requiredAccess(a *Application) error {
	const property = "requiredResourceAccess"
	if err := atMost(property, len(a.RequiredResourceAccess), maxResources); err != nil {
		return err
	}
	total, limit := 0, maxPermissions
	if a.Personal() {
		limit = maxPersonalPermissions
	}
	var resources []ID
	for _, r := range a.RequiredResourceAccess {
		resources = append(resources, r.ResourceAppID)
		total += len(r.ResourceAccess)
		if a.Personal() {
			if err := atMost(property+".resourceAccess", len(r.ResourceAccess), maxPersonalPerResource); err != nil {
				return err
			}
		}
		if err := unique(property+".resourceAccess", r.ResourceAccess); err != nil {
			return err
		}
		for _, ra := range r.ResourceAccess {
			if err := oneOf(property+".resourceAccess.type", &ra.Type, "Scope", "Role"); err != nil {
				return err
			}
		}
	}
	if total > limit {
		return invalid(property, "Property %s holds %d permissions; at most %d are allowed.", property, total, limit)
	}
	return unique(property, resources)
}

// addIns judges the form of add-ins.
func addIns(ch applicationChange) error {
	var ids []ID
	for _, a := range ch.after.AddIns {
		ids = append(ids, a.ID)
		if err := label("addIns.type", a.Type, maxDisplayName); err != nil {
			return err
		}
		for _, p := range a.Properties {
			if err := first(text("addIns.properties.key", p.Key, maxDescription), text("addIns.properties.value", p.Value, maxDescription)); err != nil {
				return err
			}
		}
	}
	return unique("addIns", ids)
}

// encryptionKey judges that tokens are encrypted for a key that is there.
func encryptionKey(ch applicationChange) error {
	id := ch.after.TokenEncryptionKeyID
	if id == nil {
		return nil
	}
	if !slices.ContainsFunc(ch.after.Keys, func(k KeyCredential) bool { return string(k.KeyID) == strings.ToLower(*id) && k.Usage == UsageEncrypt }) {
		return invalid("tokenEncryptionKeyId", "Property tokenEncryptionKeyId must be the keyId of a key credential with usage %s.", UsageEncrypt)
	}
	return nil
}

// mappedClaims may let tokens carry claims that policies made up, so a caller
// that may only touch its own applications cannot switch it on.
func mappedClaims(ch applicationChange) error {
	on := func(p *bool) bool { return p != nil && *p }
	if ch.caller.OwnedOnly && on(ch.after.API.AcceptMappedClaims) && !on(ch.before.API.AcceptMappedClaims) {
		return forbidden()
	}
	return nil
}

// itemCount bounds the size of one application.
func itemCount(ch applicationChange) error {
	a := ch.after
	n := len(a.IdentifierURIs) + len(a.Tags) + len(a.AppRoles) + len(a.AddIns) + len(a.Passwords) + len(a.Keys) +
		len(a.Web.RedirectURIs) + len(a.SPA.RedirectURIs) + len(a.PublicClient.RedirectURIs) +
		len(a.API.KnownClientApplications) + len(a.API.OAuth2PermissionScopes) + len(a.API.PreAuthorizedApplications) +
		len(a.ParentalControl.CountriesBlockedForMinors)
	for _, p := range a.API.PreAuthorizedApplications {
		n += len(p.DelegatedPermissionIDs)
	}
	for _, r := range a.RequiredResourceAccess {
		n += 1 + len(r.ResourceAccess)
	}
	for _, r := range a.AppRoles {
		n += len(r.AllowedMemberTypes)
	}
	if o := a.OptionalClaims; o != nil {
		n += len(o.IDToken) + len(o.AccessToken) + len(o.SAML2Token)
	}
	for _, add := range a.AddIns {
		n += len(add.Properties)
	}
	if n > maxItems {
		return refusal(Quota, "", "The application would hold %d items over all its collections; at most %d are allowed.", n, maxItems)
	}
	return nil
}

// normalizeApplication brings what a caller wrote into the form that is stored:
// canonical ids and names, defaults, null instead of an empty string.
func normalizeApplication(a *Application) error {
	if a.SignInAudience == "" {
		a.SignInAudience = AudienceMyOrg
	}
	if a.ParentalControl.LegalAgeGroupRule == "" {
		a.ParentalControl.LegalAgeGroupRule = "Allow"
	}
	for i, uri := range a.IdentifierURIs {
		a.IdentifierURIs[i] = NormalizeName(uri)
	}
	blankToNil(&a.Description, &a.Notes, &a.ServiceManagementReference, &a.GroupMembershipClaims, &a.DefaultRedirectURI,
		&a.SamlMetadataURL, &a.TokenEncryptionKeyID, &a.Web.HomePageURL, &a.Web.LogoutURL,
		&a.Info.MarketingURL, &a.Info.PrivacyStatementURL, &a.Info.SupportURL, &a.Info.TermsOfServiceURL)
	for i := range a.API.OAuth2PermissionScopes {
		s := &a.API.OAuth2PermissionScopes[i]
		if s.Type == "" {
			s.Type = "User"
		}
		blankToNil(&s.Value, &s.AdminConsentDisplayName, &s.AdminConsentDescription, &s.UserConsentDisplayName, &s.UserConsentDescription)
		if err := canonicalID("api.oauth2PermissionScopes.id", &s.ID); err != nil {
			return err
		}
	}
	if err := normalizeRoles(a.AppRoles, "Application"); err != nil {
		return err
	}
	for i := range a.API.PreAuthorizedApplications {
		p := &a.API.PreAuthorizedApplications[i]
		if err := first(canonicalID("api.preAuthorizedApplications.appId", &p.AppID),
			canonicalIDs("api.preAuthorizedApplications.delegatedPermissionIds", p.DelegatedPermissionIDs)); err != nil {
			return err
		}
	}
	for i := range a.RequiredResourceAccess {
		r := &a.RequiredResourceAccess[i]
		if err := canonicalID("requiredResourceAccess.resourceAppId", &r.ResourceAppID); err != nil {
			return err
		}
		for j := range r.ResourceAccess {
			if err := canonicalID("requiredResourceAccess.resourceAccess.id", &r.ResourceAccess[j].ID); err != nil {
				return err
			}
		}
	}
	for i := range a.AddIns {
		if err := canonicalID("addIns.id", &a.AddIns[i].ID); err != nil {
			return err
		}
	}
	return canonicalIDs("api.knownClientApplications", a.API.KnownClientApplications)
}

// normalizeRoles does so for app roles. Where a role comes from is ours to say,
// so what a caller sent as origin is dropped.
func normalizeRoles(roles []AppRole, origin string) error {
	for i := range roles {
		r := &roles[i]
		r.Origin = origin
		blankToNil(&r.Value, &r.DisplayName, &r.Description)
		if err := canonicalID("appRoles.id", &r.ID); err != nil {
			return err
		}
	}
	return nil
}
