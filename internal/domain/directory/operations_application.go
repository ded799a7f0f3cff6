package directory

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// CreateApplication registers an application in the caller's tenant, with the
// secrets and certificates asked for. Whoever creates it becomes an owner if it
// is a person, or an application that may only touch what it owns. The draft
// must not be used afterwards; ids that it holds are kept, which only the
// platform's own objects make use of. The returned secrets cannot be read again.
func (o *Operations) CreateApplication(ctx context.Context, c Caller, draft *Application, passwords []PasswordRequest, keys []KeyDraft) (*Application, []IssuedPassword, error) {
	if draft.UniqueName != nil {
		return nil, nil, refusal(ReadOnly, "uniqueName", "Property uniqueName can only be set by an update that addresses the application by it.")
	}
	return o.createApplication(ctx, c, draft, passwords, keys)
}

func (o *Operations) createApplication(ctx context.Context, c Caller, draft *Application, passwords []PasswordRequest, keys []KeyDraft) (*Application, []IssuedPassword, error) {
	t, err := o.tenant(ctx, c.Tenant)
	if err != nil {
		return nil, nil, err
	}
	app := new(*draft)
	app.Federated, app.LifetimePolicy = nil, ""
	if err := o.stampApplication(app, t); err != nil {
		return nil, nil, err
	}
	issued, err := o.issueAtCreation(app, passwords)
	if err != nil {
		return nil, nil, err
	}
	if app.Keys, err = o.newKeys(keys, nil); err != nil {
		return nil, nil, err
	}
	if app.Owners, err = o.ownersAtCreation(ctx, c, draft.Owners); err != nil {
		return nil, nil, err
	}
	before := newcomer(app)
	if err := normalizeApplication(app); err != nil {
		return nil, nil, err
	}
	if err := (applicationChange{before, app, t, c}).judge(); err != nil {
		return nil, nil, err
	}
	if err := o.othersAllow(ctx, before, app); err != nil {
		return nil, nil, err
	}
	ev := o.event(c, "Add application", KindApplication, app.ID, app.DisplayName)
	if err := o.Applications.CreateApplication(ctx, c.Tenant, app, ev); err != nil {
		return nil, nil, asClash(err)
	}
	return app, issued, nil
}

// stampApplication gives a new application what only the platform gives.
func (o *Operations) stampApplication(app *Application, t *Tenant) (err error) {
	if app.ID, err = o.newID(app.ID); err != nil {
		return err
	}
	if app.AppID, err = o.newID(app.AppID); err != nil {
		return err
	}
	app.TenantID, app.CreatedAt = t.ID, o.now()
	domain := t.DefaultDomain()
	app.PublisherDomain = &domain
	app.DisabledByMicrosoftStatus, app.ApplicationTemplateID, app.Info.LogoURL = nil, nil, nil
	app.Builtin = false
	return nil
}

// newcomer is what the rules compare a new application with: it has what the
// platform gave it and nothing else.
func newcomer(app *Application) *Application {
	return &Application{
		ID: app.ID, AppID: app.AppID, TenantID: app.TenantID, CreatedAt: app.CreatedAt,
		UniqueName: app.UniqueName, PublisherDomain: app.PublisherDomain,
	}
}

// ChangeApplication changes the properties of an application. The change may
// run several times and must touch nothing but the application it is given;
// credentials, owners and policy links have operations of their own.
func (o *Operations) ChangeApplication(ctx context.Context, c Caller, id ID, change func(*Application) error) error {
	return o.PatchApplication(ctx, c, id, ApplicationPatch{Change: change})
}

// PatchApplication changes properties and credentials of an application as one
// act.
func (o *Operations) PatchApplication(ctx context.Context, c Caller, id ID, p ApplicationPatch) error {
	creds, err := o.credentialPatch(p.Keys, p.KeepPasswords)
	if err != nil {
		return err
	}
	return o.editApplication(ctx, c, id, "Update application", func(app *Application) error {
		if p.Change != nil {
			held := partsOf(app).copy()
			if err := p.Change(app); err != nil {
				return err
			}
			if !held.equal(partsOf(app)) {
				return errParts
			}
		}
		return creds(partsOf(app))
	})
}

// errMoved says that an application changed between the look at others and the
// act, so that the look has to be repeated.
var errMoved = errors.New("directory: the object changed meanwhile")

// lookAgain is how often that is done before the caller is told to try again.
const lookAgain = 4

// editApplication is the way of every change of an application: try it on a
// copy, ask the other objects, then do it inside the act of the store, where
// all rules are judged once more on what is really there.
func (o *Operations) editApplication(ctx context.Context, c Caller, id ID, activity string, edit func(*Application) error) error {
	t, err := o.tenant(ctx, c.Tenant)
	if err != nil {
		return err
	}
	for range lookAgain {
		err = o.editOnce(ctx, c, t, id, activity, edit)
		if !errors.Is(err, errMoved) {
			return asClash(err)
		}
	}
	return refusal(Conflict, "", "The object was changed by another request at the same time; try again.")
}

func (o *Operations) editOnce(ctx context.Context, c Caller, t *Tenant, id ID, activity string, edit func(*Application) error) error {
	apply := func(app *Application) (before *Application, err error) {
		if app.Builtin {
			return nil, refusal(ReadOnly, "", textBuiltin)
		}
		if !c.mayTouch(app.Owners) {
			return nil, forbidden()
		}
		if before, err = copyApplication(app); err != nil {
			return nil, err
		}
		if err := edit(app); err != nil {
			return nil, err
		}
		if err := normalizeApplication(app); err != nil {
			return nil, err
		}
		return before, (applicationChange{before, app, t, c}).judge()
	}
	current, err := o.Applications.Application(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	trial, err := copyApplication(current)
	if err != nil {
		return err
	}
	before, err := apply(trial)
	if err != nil {
		return err
	}
	if err := o.othersAllow(ctx, before, trial); err != nil {
		return err
	}
	asked := questions(before, trial)
	ev := o.event(c, activity, KindApplication, id, trial.DisplayName)
	return o.Applications.ChangeApplication(ctx, c.Tenant, id, func(app *Application) error {
		before, err := apply(app)
		if err != nil {
			return err
		}
		for _, q := range questions(before, app) {
			if !slices.Contains(asked, q) {
				return errMoved
			}
		}
		return nil
	}, ev)
}

// mayTouch reports whether the caller may change an object with these owners.
func (c Caller) mayTouch(owners []Owner) bool {
	return !c.OwnedOnly || c.Owns(owners)
}

// Owns reports whether the caller is among the owners: the person, or the
// application if it acts for itself.
func (c Caller) Owns(owners []Owner) bool {
	self := c.App
	if c.User != "" {
		self = c.User
	}
	return self != "" && slices.ContainsFunc(owners, func(ow Owner) bool { return ow.ID == self })
}

// questions names what a change depends on in other objects.
func questions(before, after *Application) []string {
	var q []string
	wider := after.SignInAudience != AudienceMyOrg
	for _, uri := range newURIs(before, after) {
		if wider {
			q = append(q, "everywhere "+uri)
		}
		q = append(q, "uri "+uri)
	}
	for _, id := range after.API.KnownClientApplications {
		if !slices.Contains(before.API.KnownClientApplications, id) {
			q = append(q, "client "+string(id))
		}
	}
	if len(after.RequiredResourceAccess) > maxForeignResources {
		for _, r := range after.RequiredResourceAccess {
			q = append(q, "resource "+string(r.ResourceAppID))
		}
	}
	return q
}

// newURIs are the App ID URIs whose uniqueness a change puts in question: added
// ones, and all of them when other organisations are let in.
func newURIs(before, after *Application) []string {
	if before.SignInAudience == AudienceMyOrg && after.SignInAudience != AudienceMyOrg {
		return after.IdentifierURIs
	}
	var uris []string
	for _, uri := range after.IdentifierURIs {
		if !slices.Contains(before.IdentifierURIs, uri) {
			uris = append(uris, uri)
		}
	}
	return uris
}

// othersAllow asks other objects whether a change agrees with them.
func (o *Operations) othersAllow(ctx context.Context, before, after *Application) error {
	for _, uri := range newURIs(before, after) {
		if err := o.notAfterAnother(ctx, "identifierUris", uri, after.AppID); err != nil {
			return err
		}
		// Token requests find a resource with the slash at its end toggled too.
		for _, name := range []string{uri, toggleSlash(uri)} {
			if err := o.nameFree(ctx, after.TenantID, name, after.SignInAudience != AudienceMyOrg, after); err != nil {
				return err
			}
		}
	}
	for _, id := range after.API.KnownClientApplications {
		if slices.Contains(before.API.KnownClientApplications, id) {
			continue
		}
		client, err := o.Applications.ApplicationByAppID(ctx, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err != nil || client.TenantID != after.TenantID {
			return invalid("api.knownClientApplications", "Property api.knownClientApplications names '%s', which is not the appId of an application of this tenant.", id)
		}
	}
	return o.fewForeignResources(ctx, after)
}

// nameFree refuses a resource name that another application or service
// principal answers to.
func (o *Operations) nameFree(ctx context.Context, t TenantID, name string, everywhere bool, app *Application) error {
	taken, err := o.Applications.IdentifierURITaken(ctx, t, name, everywhere, app.ID)
	if err != nil {
		return err
	}
	if !taken {
		sp, err := o.ServicePrincipals.ServicePrincipalByName(ctx, t, name)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		taken = sp.AppID != app.AppID
	}
	if taken {
		return refusal(ObjectConflict, "identifierUris", textSameValue, "identifierUris")
	}
	return nil
}

// notAfterAnother refuses a resource name api://{appId} with the appId of another
// application. Clients ask for that name without looking it up: whoever had it
// first would get their tokens, and keep the application from its own name.
func (o *Operations) notAfterAnother(ctx context.Context, property, name string, self ID) error {
	host, ok := strings.CutPrefix(NormalizeName(name), "api://")
	host, _, _ = strings.Cut(host, "/")
	id, err := ParseID(host)
	if !ok || err != nil || id == self {
		return nil
	}
	switch _, err := o.Applications.ApplicationByAppID(ctx, id); {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return invalid(property, "Value '%s' of property %s holds the appId of another application.", clip(name), property)
}

// fewForeignResources bounds how many resources of other organisations an
// application may need. Those of the platform count for none.
func (o *Operations) fewForeignResources(ctx context.Context, app *Application) error {
	if len(app.RequiredResourceAccess) <= maxForeignResources {
		return nil
	}
	foreign := 0
	for _, r := range app.RequiredResourceAccess {
		res, err := o.Applications.ApplicationByAppID(ctx, r.ResourceAppID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if res.TenantID != app.TenantID && res.TenantID != Installation {
			foreign++
		}
	}
	if foreign > maxForeignResources {
		return invalid("requiredResourceAccess", "Property requiredResourceAccess names %d resources of other tenants; at most %d are allowed.", foreign, maxForeignResources)
	}
	return nil
}

// UpsertApplication changes the application that has the unique name, or
// creates it by applying the change to an empty one.
func (o *Operations) UpsertApplication(ctx context.Context, c Caller, uniqueName string, change func(*Application) error) (app *Application, created bool, err error) {
	if err := label("uniqueName", uniqueName, maxUniqueName); err != nil {
		return nil, false, err
	}
	for range lookAgain {
		app, err = o.Applications.ApplicationByUniqueName(ctx, c.Tenant, uniqueName)
		if err == nil {
			if err := o.ChangeApplication(ctx, c, app.ID, change); err != nil {
				return nil, false, err
			}
			app, err = o.Applications.Application(ctx, c.Tenant, app.ID)
			return app, false, err
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, false, err
		}
		draft := &Application{}
		if err := change(draft); err != nil {
			return nil, false, err
		}
		draft.UniqueName = &uniqueName
		app, _, err = o.createApplication(ctx, c, draft, nil, nil)
		if clash, ok := errors.AsType[*RuleError](err); ok && clash.Kind == Conflict && clash.Property == "uniqueName" {
			continue // somebody else created it meanwhile, or it lies among the deleted
		}
		return app, err == nil, err
	}
	return nil, false, err
}

// DeleteApplication deletes an application softly; its service principal in the
// home tenant goes with it.
func (o *Operations) DeleteApplication(ctx context.Context, c Caller, id ID) error {
	app, err := o.Applications.Application(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	if err := deletable(c, app); err != nil {
		return err
	}
	sp, err := o.ServicePrincipals.ServicePrincipalByAppID(ctx, c.Tenant, app.AppID)
	if err == nil {
		err = o.dropRoles(ctx, c, sp)
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	ev := o.event(c, "Delete application", KindApplication, id, app.DisplayName)
	return o.Applications.DeleteApplication(ctx, c.Tenant, id, ev.At, ev)
}

// deletable judges whether the caller may delete an application.
func deletable(c Caller, app *Application) error {
	switch {
	case app.Builtin:
		return refusal(ReadOnly, "", textBuiltin)
	case !c.mayTouch(app.Owners):
		return forbidden()
	case app.Blocked():
		return invalid("disabledByMicrosoftStatus", "An application that the platform disabled cannot be deleted.")
	}
	return nil
}

// asClash gives a taken unique value the kind and the text that Graph has for it.
func asClash(err error) error {
	clash, ok := errors.AsType[*RuleError](err)
	if !ok || clash.Kind != Conflict {
		return err
	}
	switch clash.Property {
	case "identifierUris", "userPrincipalName", "identities":
		return refusal(ObjectConflict, clash.Property, textSameValue, clash.Property)
	case "appRoleId":
		return refusal(Invalid, clash.Property, textAssigned)
	case "isOrganizationDefault":
		return refusal(ObjectConflict, clash.Property, textConflicting)
	}
	return err
}

// copyApplication copies deeply, so that a change of the copy is none of the
// original.
func copyApplication(app *Application) (*Application, error) {
	a, err := clone(app)
	if err != nil {
		return nil, err
	}
	a.TenantID, a.ID, a.AppID, a.CreatedAt, a.DeletedAt = app.TenantID, app.ID, app.AppID, app.CreatedAt, app.DeletedAt
	a.Passwords, a.Keys = slices.Clone(app.Passwords), slices.Clone(app.Keys)
	a.Federated, a.Owners, a.LifetimePolicy = slices.Clone(app.Federated), slices.Clone(app.Owners), app.LifetimePolicy
	return a, nil
}
