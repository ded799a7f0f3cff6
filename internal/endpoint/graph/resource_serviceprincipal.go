package graph

import (
	"context"
	"net/http"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

type servicePrincipal = directory.ServicePrincipal

var servicePrincipalEntity = newEntity("servicePrincipal", "servicePrincipals", servicePrincipalProperties()).
	expanding("/servicePrincipals/{id}", "owners", "appRoleAssignments", "appRoleAssignedTo")

// mirror shows what the application says; null where there is none.
func mirror[T any](name, typ string, of func(*application) T) property[servicePrincipal] {
	return shown(name, typ, func(p *servicePrincipal) any {
		if p.App == nil {
			return nil
		}
		return of(p.App)
	})
}

// mirrorList is mirror for collections, which are never null.
func mirrorList[T any](name, typ string, cx *complexType, of func(*servicePrincipal) []T) property[servicePrincipal] {
	return property[servicePrincipal]{name: name, typ: typ, many: true, complex: cx, get: func(p *servicePrincipal) any {
		return append([]T{}, of(p)...)
	}}
}

func servicePrincipalProperties() []property[servicePrincipal] {
	type sp = servicePrincipal
	roles := localRolesProperty()
	name := textOrEmpty("displayName", func(p *sp) *string { return &p.DisplayName }).sorted()
	name.get = func(p *sp) any { return p.Name() }
	local := func(p *sp) *[]string { return &p.Tags }
	tags := texts("tags", local).filtered()
	tags.get = func(p *sp) any { return allTags(p) }
	scopes := scopeMembers()
	info := informationProperty(func(a *application) *directory.InformationalURLs { return &a.Info })
	return append([]property[sp]{
		identity("id", func(p *sp) directory.ID { return p.ID }).filtered(),
		moment("deletedDateTime", func(p *sp) *timeValue { return &p.DeletedAt }).readOnly().filtered(),
		flag("accountEnabled", func(p *sp) *bool { return &p.AccountEnabled }).filtered(),
		texts("alternativeNames", func(p *sp) *[]string { return &p.AlternativeNames }).filtered(),
		mirror("appDescription", "Edm.String", func(a *application) any { return a.Description }),
		mirror("appDisplayName", "Edm.String", func(a *application) any { return a.DisplayName }),
		appIDProperty(),
		mirror("applicationTemplateId", "Edm.String", func(a *application) any { return a.ApplicationTemplateID }),
		mirror("appOwnerOrganizationId", "Edm.Guid", func(a *application) any { return a.TenantID.String() }).filtered(),
		flag("appRoleAssignmentRequired", func(p *sp) *bool { return &p.AppRoleAssignmentRequired }),
		moment("createdDateTime", func(p *sp) *timeValue { return &p.CreatedAt }).readOnly().sorted(),
		textOrNull("description", func(p *sp) **string { return &p.Description }),
		mirror("disabledByMicrosoftStatus", "Edm.String", func(a *application) any { return a.DisabledByMicrosoftStatus }),
		name,
		mirror("homepage", "Edm.String", func(a *application) any { return a.Web.HomePageURL }),
		textOrNull("loginUrl", func(p *sp) **string { return &p.LoginURL }),
		logoutProperty(),
		textOrNull("notes", func(p *sp) **string { return &p.Notes }),
		texts("notificationEmailAddresses", func(p *sp) *[]string { return &p.NotificationEmailAddresses }),
		textOrNull("preferredSingleSignOnMode", func(p *sp) **string { return &p.PreferredSingleSignOnMode }),
		textOrNull("preferredTokenSigningKeyThumbprint", func(p *sp) **string { return &p.PreferredTokenSigningKey }),
		mirrorList("replyUrls", "Edm.String", nil, func(p *sp) []string { return replyURLs(p) }),
		serviceNamesProperty(),
		shown("servicePrincipalType", "Edm.String", func(p *sp) any { return p.Type }).filtered(),
		mirror("signInAudience", "Edm.String", func(a *application) any { return a.SignInAudience }),
		tags,
		shown("tokenEncryptionKeyId", "Edm.Guid", func(*sp) any { return nil }),
		group("samlSingleSignOnSettings", "samlSingleSignOnSettings", func(p *sp) { p.SamlRelayState = nil },
			textOrNull("relayState", func(p *sp) **string { return &p.SamlRelayState })).orNull(func(p *sp) bool { return p.SamlRelayState == nil }),
		mirror("samlMetadataUrl", "Edm.String", func(a *application) any { return a.SamlMetadataURL }).hidden(),
		mirror("verifiedPublisher", "Edm.Untyped", func(*application) any { return noPublisher }),
		mirrorList("addIns", "graph.addIn", complexOf("addIn", addInMembers()), func(p *sp) []object { return addIns(p) }),
		roles,
		{name: "info", typ: info.typ, nullable: true, complex: info.complex, get: func(p *sp) any {
			if p.App == nil {
				return nil
			}
			return info.get(p.App)
		}},
		mirrorList("oauth2PermissionScopes", "graph.permissionScope", complexOf("permissionScope", scopes), func(p *sp) []object {
			var out []object
			if p.App != nil {
				for i := range p.App.API.OAuth2PermissionScopes {
					out = append(out, renderAll(scopes, &p.App.API.OAuth2PermissionScopes[i]))
				}
			}
			return out
		}),
		mirrorList("resourceSpecificApplicationPermissions", "Edm.Untyped", nil, func(*sp) []object { return nil }),
	}, credentialProperties(
		func(p *sp) *[]directory.PasswordCredential { return &p.Passwords },
		func(p *sp) *[]directory.KeyCredential { return &p.Keys })...)
}

// appIDProperty can be set in a creation alone; createServicePrincipal takes it
// out of the body.
func appIDProperty() property[servicePrincipal] {
	return identity("appId", func(p *servicePrincipal) directory.ID { return p.AppID }).filtered()
}

// logoutProperty shows the application's address where there is no local one.
func logoutProperty() property[servicePrincipal] {
	p := textOrNull("logoutUrl", func(p *servicePrincipal) **string { return &p.LogoutURL })
	p.get = func(p *servicePrincipal) any {
		if p.LogoutURL == nil && p.App != nil {
			return p.App.Web.LogoutURL
		}
		return p.LogoutURL
	}
	return p
}

// serviceNamesProperty takes the whole list and keeps what the application does
// not already say.
func serviceNamesProperty() property[servicePrincipal] {
	p := texts("servicePrincipalNames", func(p *servicePrincipal) *[]string { return &p.Names }).filtered()
	p.get = func(p *servicePrincipal) any { return append([]string{}, p.ServicePrincipalNames()...) }
	p.parse = func(raw rawMessage) (func(*servicePrincipal), error) {
		names, err := stringList("servicePrincipalNames", raw)
		return func(p *servicePrincipal) {
			given := *p
			given.Names = nil
			mirrored := given.ServicePrincipalNames()
			p.Names = nil
			for _, n := range names {
				if !slices.Contains(mirrored, n) {
					p.Names = append(p.Names, n)
				}
			}
		}, err
	}
	return p
}

// localRolesProperty shows all roles and keeps, of a whole list that is sent
// back, those that are not the application's.
func localRolesProperty() property[servicePrincipal] {
	p := parts("appRoles", "appRole", func(p *servicePrincipal) *[]directory.AppRole { return &p.AppRoles }, appRoleMembers()...)
	p.get = func(p *servicePrincipal) any { return renderRoles(p) }
	parse := p.parse
	p.parse = func(raw rawMessage) (func(*servicePrincipal), error) {
		set, err := parse(raw)
		return func(p *servicePrincipal) {
			set(p)
			if p.App == nil {
				return
			}
			p.AppRoles = slices.DeleteFunc(p.AppRoles, func(r directory.AppRole) bool {
				return slices.ContainsFunc(p.App.AppRoles, func(m directory.AppRole) bool { return m.ID == r.ID })
			})
		}, err
	}
	return p
}

func renderRoles(p *servicePrincipal) []object {
	members := appRoleMembers()
	out := []object{}
	show := func(roles []directory.AppRole, origin string) {
		for _, r := range roles {
			r.Origin = origin
			out = append(out, renderAll(members, &r))
		}
	}
	if p.App != nil {
		show(p.App.AppRoles, "Application")
	}
	show(p.AppRoles, "ServicePrincipal")
	return out
}

func allTags(p *servicePrincipal) []string {
	tags := []string{}
	if p.App != nil {
		tags = append(tags, p.App.Tags...)
	}
	for _, t := range p.Tags {
		if !slices.Contains(tags, t) {
			tags = append(tags, t)
		}
	}
	return tags
}

func replyURLs(p *servicePrincipal) []string {
	if p.App == nil {
		return nil
	}
	return slices.Concat(p.App.Web.RedirectURIs, p.App.SPA.RedirectURIs, p.App.PublicClient.RedirectURIs)
}

func addIns(p *servicePrincipal) []object {
	var out []object
	if p.App != nil {
		members := addInMembers()
		for i := range p.App.AddIns {
			out = append(out, renderAll(members, &p.App.AddIns[i]))
		}
	}
	return out
}

// servicePrincipalAt finds the service principal that the path names.
func (c *call) servicePrincipalAt() (*servicePrincipal, error) {
	k := c.keys[0]
	id, err := directory.ParseID(k.value)
	if err != nil {
		return nil, notFound(k.value)
	}
	var sp *servicePrincipal
	switch k.name {
	case "", "id":
		sp, err = c.api.ServicePrincipals.ServicePrincipal(c.ctx, c.tenant(), id)
	case "appId":
		sp, err = c.api.ServicePrincipals.ServicePrincipalByAppID(c.ctx, c.tenant(), id)
	default:
		return nil, noSegment(k.name)
	}
	return sp, orMissing(err, k.value)
}

func listServicePrincipals(c *call) (*reply, error) {
	return list(c, servicePrincipalEntity, c.api.ServicePrincipals.ServicePrincipals)
}

func countServicePrincipals(c *call) (*reply, error) {
	return total(c, servicePrincipalEntity, c.api.ServicePrincipals.ServicePrincipals)
}

func listDeletedServicePrincipals(c *call) (*reply, error) {
	return list(c, servicePrincipalEntity, deletedOnly(c.api.ServicePrincipals.ServicePrincipals))
}

func getServicePrincipal(c *call) (*reply, error) {
	sp, err := c.servicePrincipalAt()
	if err != nil {
		return nil, err
	}
	return one(c, servicePrincipalEntity, http.StatusOK, sp)
}

func createServicePrincipal(c *call) (*reply, error) {
	raw, ok := c.take("appId")
	if !ok {
		return nil, missing("appId")
	}
	return c.newServicePrincipal(raw)
}

func (c *call) newServicePrincipal(appID rawMessage) (*reply, error) {
	text, err := required[string]("appId", appID)
	if err != nil {
		return nil, err
	}
	id, err := directory.ParseID(text)
	if err != nil {
		return nil, badRequest("The appId '%s' of the service principal does not reference a valid application object.", quotable(text))
	}
	if err := c.readOnlyType(); err != nil {
		return nil, err
	}
	in, err := readDraft(c, servicePrincipalEntity)
	if err != nil {
		return nil, err
	}
	if len(in.passwords) > 0 || len(in.keys) > 0 {
		return nil, badRequest("Credentials cannot be set while a service principal is created; add them afterwards.")
	}
	draft := &servicePrincipal{AppID: id, AccountEnabled: true, Owners: in.owners}
	in.change.apply(draft)
	sp, err := c.api.Ops.CreateServicePrincipal(c.ctx, c.caller, draft)
	if err != nil {
		return nil, err
	}
	rep, err := one(c, servicePrincipalEntity, http.StatusCreated, sp)
	if err == nil {
		rep.location = c.base() + "/servicePrincipals/" + string(sp.ID)
	}
	return rep, err
}

// readOnlyType lets a creation say the one type that it can make.
func (c *call) readOnlyType() error {
	raw, ok := c.take("servicePrincipalType")
	if !ok || isNull(raw) {
		return nil
	}
	if t, err := decode[string]("servicePrincipalType", raw); err != nil || t != directory.TypeApplication {
		return invalidValue("servicePrincipalType")
	}
	return nil
}

func patchServicePrincipal(c *call) (*reply, error) {
	sp, err := c.servicePrincipalAt()
	if c.keys[0].name == "appId" && c.prefers("create-if-missing") && isMissing(err) {
		appID, jsonErr := quoteJSON(c.keys[0].value)
		if jsonErr != nil {
			return nil, jsonErr
		}
		c.take("appId")
		return c.newServicePrincipal(appID)
	}
	if err != nil {
		return nil, err
	}
	in, err := readPatch(c, servicePrincipalEntity)
	if err != nil {
		return nil, err
	}
	if err := c.mayAddKeys(sp.AppID, in.keys); err != nil {
		return nil, err
	}
	err = c.api.Ops.PatchServicePrincipal(c.ctx, c.caller, sp.ID, directory.ServicePrincipalPatch{
		Change:        func(p *servicePrincipal) error { in.change.apply(p); return nil },
		Keys:          in.keys,
		KeepPasswords: in.keep,
	})
	if err != nil {
		return nil, err
	}
	if sp, err = c.api.ServicePrincipals.ServicePrincipal(c.ctx, c.tenant(), sp.ID); err != nil {
		return nil, err
	}
	return patched(c, servicePrincipalEntity, sp)
}

func deleteServicePrincipal(c *call) (*reply, error) {
	sp, err := c.servicePrincipalAt()
	if err != nil {
		return nil, err
	}
	// Its directory roles go with it.
	if err := c.mayHave(sp.ID); err != nil {
		return nil, err
	}
	return noContent(), c.api.Ops.DeleteServicePrincipal(c.ctx, c.caller, sp.ID)
}

func servicePrincipalTarget(c *call) (target, error) {
	sp, err := c.servicePrincipalAt()
	if err != nil {
		return target{}, err
	}
	return target{
		Target: directory.Target{Kind: directory.KindServicePrincipal, ID: sp.ID},
		appID:  sp.AppID, owners: sp.Owners, policy: sp.LifetimePolicy,
	}, nil
}

// listGrantsOf lists the delegated grants that the service principal holds as a
// client.
func listGrantsOf(c *call) (*reply, error) {
	sp, err := c.servicePrincipalAt()
	if err != nil {
		return nil, err
	}
	return list(c, grantEntity, where(c.api.Grants.Grants, "clientId", string(sp.ID)))
}

// where narrows a list to objects whose property has a value.
func where[T any](fetch func(context.Context, directory.TenantID, directory.ListOptions) (directory.Page[T], error), name, value string) func(context.Context, directory.TenantID, directory.ListOptions) (directory.Page[T], error) {
	return func(ctx context.Context, t directory.TenantID, o directory.ListOptions) (directory.Page[T], error) {
		only := odata.Comparison{
			Op: odata.Equal, Left: odata.Path{Segments: []string{name}},
			Right: odata.Literal{Kind: odata.String, Text: value},
		}
		switch f := o.Filter.(type) {
		case nil:
			o.Filter = only
		case odata.Logical:
			if f.Op == odata.And { // chains are flat
				o.Filter = odata.Logical{Op: odata.And, Terms: append([]odata.Expr{only}, f.Terms...)}
				break
			}
			o.Filter = odata.Logical{Op: odata.And, Terms: []odata.Expr{only, f}}
		default:
			o.Filter = odata.Logical{Op: odata.And, Terms: []odata.Expr{only, f}}
		}
		return fetch(ctx, t, o)
	}
}
