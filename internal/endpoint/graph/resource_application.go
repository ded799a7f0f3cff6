package graph

import (
	"context"
	"errors"
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

type application = directory.Application

var applicationEntity = newEntity("application", "applications", applicationProperties()).
	expanding("/applications/{id}", "owners", "federatedIdentityCredentials")

func applicationProperties() []property[application] {
	return append([]property[application]{
		identity("id", func(a *application) directory.ID { return a.ID }).filtered(),
		moment("deletedDateTime", func(a *application) *timeValue { return &a.DeletedAt }).readOnly().filtered(),
		identity("appId", func(a *application) directory.ID { return a.AppID }).filtered(),
		moment("createdDateTime", func(a *application) *timeValue { return &a.CreatedAt }).readOnly().sorted(),
		text("displayName", func(a *application) *string { return &a.DisplayName }).sorted(),
		textOrNull("uniqueName", func(a *application) **string { return &a.UniqueName }).readOnly().filtered(),
		textOrNull("description", func(a *application) **string { return &a.Description }),
		textOrNull("notes", func(a *application) **string { return &a.Notes }),
		textOrNull("serviceManagementReference", func(a *application) **string { return &a.ServiceManagementReference }),
		text("signInAudience", func(a *application) *string { return &a.SignInAudience }).filtered(),
		texts("identifierUris", func(a *application) *[]string { return &a.IdentifierURIs }).filtered(),
		textOrNull("publisherDomain", func(a *application) **string { return &a.PublisherDomain }).readOnly().filtered(),
		shown("verifiedPublisher", "Edm.Untyped", func(*application) any { return noPublisher }),
		shown("certification", "Edm.Untyped", func(*application) any { return nil }),
		textOrNull("disabledByMicrosoftStatus", func(a *application) **string { return &a.DisabledByMicrosoftStatus }).readOnly(),
		textOrNull("applicationTemplateId", func(a *application) **string { return &a.ApplicationTemplateID }).readOnly(),
		textOrNull("groupMembershipClaims", func(a *application) **string { return &a.GroupMembershipClaims }),
		flagOrNull("isFallbackPublicClient", func(a *application) **bool { return &a.IsFallbackPublicClient }),
		flagOrNull("isDeviceOnlyAuthSupported", func(a *application) **bool { return &a.IsDeviceOnlyAuthSupported }),
		textOrNull("defaultRedirectUri", func(a *application) **string { return &a.DefaultRedirectURI }),
		textOrNull("samlMetadataUrl", func(a *application) **string { return &a.SamlMetadataURL }),
		textOrNull("tokenEncryptionKeyId", func(a *application) **string { return &a.TokenEncryptionKeyID }),
		textOrEmpty("nativeAuthenticationApisEnabled", func(a *application) *string { return &a.NativeAuthenticationAPIs }),
		flag("oauth2RequirePostResponse", func(a *application) *bool { return &a.RequirePostResponse }).hidden(),
		texts("tags", func(a *application) *[]string { return &a.Tags }).filtered(),
		partOrNull("optionalClaims", "optionalClaims", func(a *application) **directory.OptionalClaims { return &a.OptionalClaims },
			optionalClaimList("idToken", func(o *directory.OptionalClaims) *[]directory.OptionalClaim { return &o.IDToken }),
			optionalClaimList("accessToken", func(o *directory.OptionalClaims) *[]directory.OptionalClaim { return &o.AccessToken }),
			optionalClaimList("saml2Token", func(o *directory.OptionalClaims) *[]directory.OptionalClaim { return &o.SAML2Token })),
		parts("addIns", "addIn", func(a *application) *[]directory.AddIn { return &a.AddIns }, addInMembers()...),
		apiProperty(),
		parts("appRoles", "appRole", func(a *application) *[]directory.AppRole { return &a.AppRoles }, appRoleMembers()...),
		informationProperty(func(a *application) *directory.InformationalURLs { return &a.Info }),
		parts("requiredResourceAccess", "requiredResourceAccess", func(a *application) *[]directory.RequiredResourceAccess { return &a.RequiredResourceAccess },
			guid("resourceAppId", func(r *directory.RequiredResourceAccess) *directory.ID { return &r.ResourceAppID }),
			parts("resourceAccess", "resourceAccess", func(r *directory.RequiredResourceAccess) *[]directory.ResourceAccess { return &r.ResourceAccess },
				guid("id", func(r *directory.ResourceAccess) *directory.ID { return &r.ID }),
				text("type", func(r *directory.ResourceAccess) *string { return &r.Type }))),
		part("spa", "spaApplication", func(a *application) *directory.RedirectSet { return &a.SPA }, redirectURIs()),
		part("publicClient", "publicClientApplication", func(a *application) *directory.RedirectSet { return &a.PublicClient }, redirectURIs()),
		webProperty(),
		part("parentalControlSettings", "parentalControlSettings", func(a *application) *directory.ParentalControlSettings { return &a.ParentalControl },
			texts("countriesBlockedForMinors", func(p *directory.ParentalControlSettings) *[]string { return &p.CountriesBlockedForMinors }),
			text("legalAgeGroupRule", func(p *directory.ParentalControlSettings) *string { return &p.LegalAgeGroupRule })),
		lockProperty(),
		partOrNull("requestSignatureVerification", "requestSignatureVerification", func(a *application) **directory.RequestSignature { return &a.RequestSignature },
			flag("isSignedRequestRequired", func(r *directory.RequestSignature) *bool { return &r.IsSignedRequestRequired }),
			textOrNull("allowedWeakAlgorithms", func(r *directory.RequestSignature) **string { return &r.AllowedWeakAlgorithms })),

		// Switches of our own. They are shown only when asked for, so that clients
		// which send back what they read meet nothing unknown.
		textOrEmpty("accessTokenSigningAlg", func(a *application) *string { return &a.AccessTokenSigningAlg }).hidden(),
		flag("singleUseClientAssertion", func(a *application) *bool { return &a.SingleUseClientAssertion }).hidden(),
	}, credentialProperties(
		func(a *application) *[]directory.PasswordCredential { return &a.Passwords },
		func(a *application) *[]directory.KeyCredential { return &a.Keys })...)
}

// noPublisher is what an application without a verified publisher shows.
var noPublisher = object{{"displayName", nil}, {"verifiedPublisherId", nil}, {"addedDateTime", nil}}

func optionalClaimList(name string, at func(*directory.OptionalClaims) *[]directory.OptionalClaim) property[directory.OptionalClaims] {
	return parts(name, "optionalClaim", at,
		text("name", func(c *directory.OptionalClaim) *string { return &c.Name }),
		textOrNull("source", func(c *directory.OptionalClaim) **string { return &c.Source }),
		flag("essential", func(c *directory.OptionalClaim) *bool { return &c.Essential }),
		texts("additionalProperties", func(c *directory.OptionalClaim) *[]string { return &c.AdditionalProperties }))
}

func addInMembers() []property[directory.AddIn] {
	return []property[directory.AddIn]{
		guid("id", func(a *directory.AddIn) *directory.ID { return &a.ID }),
		text("type", func(a *directory.AddIn) *string { return &a.Type }),
		parts("properties", "keyValue", func(a *directory.AddIn) *[]directory.KeyValue { return &a.Properties },
			textOrNull("key", func(k *directory.KeyValue) **string { return &k.Key }),
			textOrNull("value", func(k *directory.KeyValue) **string { return &k.Value })),
	}
}

func apiProperty() property[application] {
	type api = directory.APIApplication
	return part("api", "apiApplication", func(a *application) *api { return &a.API },
		flagOrNull("acceptMappedClaims", func(a *api) **bool { return &a.AcceptMappedClaims }),
		guids("knownClientApplications", func(a *api) *[]directory.ID { return &a.KnownClientApplications }),
		numberOrNull("requestedAccessTokenVersion", func(a *api) **int { return &a.RequestedAccessTokenVersion }),
		parts("oauth2PermissionScopes", "permissionScope", func(a *api) *[]directory.PermissionScope { return &a.OAuth2PermissionScopes }, scopeMembers()...),
		parts("preAuthorizedApplications", "preAuthorizedApplication", func(a *api) *[]directory.PreAuthorizedApplication { return &a.PreAuthorizedApplications },
			guid("appId", func(p *directory.PreAuthorizedApplication) *directory.ID { return &p.AppID }),
			guids("delegatedPermissionIds", func(p *directory.PreAuthorizedApplication) *[]directory.ID { return &p.DelegatedPermissionIDs })))
}

func scopeMembers() []property[directory.PermissionScope] {
	type scope = directory.PermissionScope
	return []property[scope]{
		guid("id", func(s *scope) *directory.ID { return &s.ID }),
		textOrNull("value", func(s *scope) **string { return &s.Value }),
		text("type", func(s *scope) *string { return &s.Type }),
		flag("isEnabled", func(s *scope) *bool { return &s.IsEnabled }),
		textOrNull("adminConsentDisplayName", func(s *scope) **string { return &s.AdminConsentDisplayName }),
		textOrNull("adminConsentDescription", func(s *scope) **string { return &s.AdminConsentDescription }),
		textOrNull("userConsentDisplayName", func(s *scope) **string { return &s.UserConsentDisplayName }),
		textOrNull("userConsentDescription", func(s *scope) **string { return &s.UserConsentDescription }),
	}
}

// appRoleMembers takes origin without effect: where a role stands says what its
// origin is.
func appRoleMembers() []property[directory.AppRole] {
	type role = directory.AppRole
	return []property[role]{
		guid("id", func(r *role) *directory.ID { return &r.ID }),
		textOrNull("value", func(r *role) **string { return &r.Value }),
		textOrNull("displayName", func(r *role) **string { return &r.DisplayName }),
		textOrNull("description", func(r *role) **string { return &r.Description }),
		flag("isEnabled", func(r *role) *bool { return &r.IsEnabled }),
		texts("allowedMemberTypes", func(r *role) *[]string { return &r.AllowedMemberTypes }),
		textOrEmpty("origin", func(r *role) *string { return &r.Origin }).readAndForgotten(),
	}
}

func redirectURIs() property[directory.RedirectSet] {
	return texts("redirectUris", func(r *directory.RedirectSet) *[]string { return &r.RedirectURIs })
}

func webProperty() property[application] {
	type web = directory.WebApplication
	return part("web", "webApplication", func(a *application) *web { return &a.Web },
		textOrNull("homePageUrl", func(w *web) **string { return &w.HomePageURL }),
		textOrNull("logoutUrl", func(w *web) **string { return &w.LogoutURL }),
		texts("redirectUris", func(w *web) *[]string { return &w.RedirectURIs }),
		parts("redirectUriSettings", "redirectUriSettings", func(w *web) *[]directory.RedirectURISetting { return &w.RedirectURISettings },
			text("uri", func(r *directory.RedirectURISetting) *string { return &r.URI }),
			numberOrNull("index", func(r *directory.RedirectURISetting) **int { return &r.Index })),
		part("implicitGrantSettings", "implicitGrantSettings", func(w *web) *directory.ImplicitGrant { return &w.ImplicitGrantSettings },
			flag("enableAccessTokenIssuance", func(i *directory.ImplicitGrant) *bool { return &i.EnableAccessTokenIssuance }),
			flag("enableIdTokenIssuance", func(i *directory.ImplicitGrant) *bool { return &i.EnableIDTokenIssuance })))
}

func informationProperty[T any](at func(*T) *directory.InformationalURLs) property[T] {
	type info = directory.InformationalURLs
	return part("info", "informationalUrl", at,
		textOrNull("logoUrl", func(i *info) **string { return &i.LogoURL }).readAndForgotten(),
		textOrNull("marketingUrl", func(i *info) **string { return &i.MarketingURL }),
		textOrNull("privacyStatementUrl", func(i *info) **string { return &i.PrivacyStatementURL }),
		textOrNull("supportUrl", func(i *info) **string { return &i.SupportURL }),
		textOrNull("termsOfServiceUrl", func(i *info) **string { return &i.TermsOfServiceURL }))
}

func lockProperty() property[application] {
	type lock = directory.LockConfiguration
	return partOrNull("servicePrincipalLockConfiguration", "servicePrincipalLockConfiguration", func(a *application) **lock { return &a.LockConfig },
		flag("isEnabled", func(l *lock) *bool { return &l.IsEnabled }),
		flagOrNull("allProperties", func(l *lock) **bool { return &l.AllProperties }),
		flagOrNull("credentialsWithUsageVerify", func(l *lock) **bool { return &l.CredentialsWithUsageVerify }),
		flagOrNull("credentialsWithUsageSign", func(l *lock) **bool { return &l.CredentialsWithUsageSign }),
		flagOrNull("identifierUris", func(l *lock) **bool { return &l.IdentifierURIs }),
		flagOrNull("tokenEncryptionKeyId", func(l *lock) **bool { return &l.TokenEncryptionKeyID }))
}

// applicationAt finds the application that the path names: by object id, appId
// or unique name, in the caller's tenant alone.
func (c *call) applicationAt() (*application, error) {
	k := c.keys[0]
	switch k.name {
	case "", "id":
		id, err := directory.ParseID(k.value)
		if err != nil {
			return nil, notFound(k.value)
		}
		app, err := c.api.Applications.Application(c.ctx, c.tenant(), id)
		return app, orMissing(err, k.value)
	case "appId":
		id, err := directory.ParseID(k.value)
		if err != nil {
			return nil, notFound(k.value)
		}
		app, err := c.api.Applications.ApplicationByAppID(c.ctx, id)
		if err != nil {
			return nil, orMissing(err, k.value)
		}
		// An appId is found in any tenant; only its home may manage it.
		if app.TenantID != c.tenant() {
			return nil, notFound(k.value)
		}
		return app, nil
	case "uniqueName":
		app, err := c.api.Applications.ApplicationByUniqueName(c.ctx, c.tenant(), k.value)
		return app, orMissing(err, k.value)
	}
	return nil, noSegment(k.name)
}

// orMissing names the object in a "not found".
func orMissing(err error, key string) error {
	if errors.Is(err, directory.ErrNotFound) {
		return notFound(key)
	}
	return err
}

func listApplications(c *call) (*reply, error) {
	return list(c, applicationEntity, c.api.Applications.Applications)
}

func countApplications(c *call) (*reply, error) {
	return total(c, applicationEntity, c.api.Applications.Applications)
}

func getApplication(c *call) (*reply, error) {
	app, err := c.applicationAt()
	if err != nil {
		return nil, err
	}
	return one(c, applicationEntity, http.StatusOK, app)
}

func createApplication(c *call) (*reply, error) {
	in, err := readDraft(c, applicationEntity)
	if err != nil {
		return nil, err
	}
	if !in.change.has("displayName") {
		return nil, missing("displayName")
	}
	draft := &application{Owners: in.owners}
	in.change.apply(draft)
	app, issued, err := c.api.Ops.CreateApplication(c.ctx, c.caller, draft, in.passwords, in.keys)
	if err != nil {
		return nil, err
	}
	rep, err := one(c, applicationEntity, http.StatusCreated, app)
	if err != nil {
		return nil, err
	}
	revealIn(rep.body, issued)
	rep.location = c.base() + "/applications/" + string(app.ID)
	return rep, nil
}

func patchApplication(c *call) (*reply, error) {
	in, err := readPatch(c, applicationEntity)
	if err != nil {
		return nil, err
	}
	app, err := c.applicationAt()
	if c.keys[0].name == "uniqueName" && c.prefers("create-if-missing") && isMissing(err) {
		return upsertApplication(c, in)
	}
	if err != nil {
		return nil, err
	}
	if err := c.mayAddKeys(app.AppID, in.keys); err != nil {
		return nil, err
	}
	err = c.api.Ops.PatchApplication(c.ctx, c.caller, app.ID, directory.ApplicationPatch{
		Change:        func(a *application) error { in.change.apply(a); return nil },
		Keys:          in.keys,
		KeepPasswords: in.keep,
	})
	if err != nil {
		return nil, err
	}
	if app, err = c.api.Applications.Application(c.ctx, c.tenant(), app.ID); err != nil {
		return nil, err
	}
	return patched(c, applicationEntity, app)
}

func isMissing(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == codeNotFound
}

// upsertApplication creates the application that a PATCH did not find. Another
// request may have created it in between; the operation settles which it is.
func upsertApplication(c *call, in *patchInput[application]) (*reply, error) {
	if in.keys != nil || in.keep != nil {
		return nil, badRequest("Credentials cannot be set while an application is created by its unique name; add them afterwards.")
	}
	app, created, err := c.api.Ops.UpsertApplication(c.ctx, c.caller, c.keys[0].value, func(a *application) error { in.change.apply(a); return nil })
	if err != nil {
		return nil, err
	}
	if !created {
		return patched(c, applicationEntity, app)
	}
	rep, err := one(c, applicationEntity, http.StatusCreated, app)
	if err == nil {
		rep.location = c.base() + "/applications/" + string(app.ID)
	}
	return rep, err
}

func deleteApplication(c *call) (*reply, error) {
	app, err := c.applicationAt()
	if err != nil {
		return nil, err
	}
	sp, err := c.api.ServicePrincipals.ServicePrincipalByAppID(c.ctx, c.tenant(), app.AppID)
	if err == nil {
		err = c.mayHave(sp.ID) // its directory roles go with it
	}
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return nil, err
	}
	return noContent(), c.api.Ops.DeleteApplication(c.ctx, c.caller, app.ID)
}

// applicationTarget names the application of the path to the operations that
// applications and service principals share.
func applicationTarget(c *call) (target, error) {
	app, err := c.applicationAt()
	if err != nil {
		return target{}, err
	}
	return target{
		Target: directory.Target{Kind: directory.KindApplication, ID: app.ID},
		appID:  app.AppID, owners: app.Owners, policy: app.LifetimePolicy,
	}, nil
}

func listDeletedApplications(c *call) (*reply, error) {
	return list(c, applicationEntity, deletedOnly(c.api.Applications.Applications))
}

// deletedOnly makes a list one of deleted objects.
func deletedOnly[T any](fetch func(context.Context, directory.TenantID, directory.ListOptions) (directory.Page[T], error)) func(context.Context, directory.TenantID, directory.ListOptions) (directory.Page[T], error) {
	return func(ctx context.Context, t directory.TenantID, o directory.ListOptions) (directory.Page[T], error) {
		o.Deleted = true
		return fetch(ctx, t, o)
	}
}
