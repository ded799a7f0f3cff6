package directory

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Well-known appIds of the platform's own applications.
const (
	GraphAppID    ID = "00000003-0000-0000-c000-000000000000" // Microsoft Graph
	AADGraphAppID ID = "00000002-0000-0000-c000-000000000000" // Windows Azure Active Directory

	resourceManagerAppID ID = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
)

// A builtinApp is an application that the installation itself brings. Its home
// is Installation; it is read-only.
type builtinApp struct {
	appID  ID
	name   string
	uris   []string
	scopes []builtinPermission
	roles  []builtinPermission
	// everywhere says that every tenant has a service principal for it from the
	// start; without it an administrator adds one.
	everywhere bool
	// public marks a command line or desktop program: it signs in without a
	// secret, on a loopback address.
	public bool
}

type builtinPermission struct {
	id    ID
	value string
	text  string
	admin bool
}

// builtinApps are the applications that every tenant starts with.
var builtinApps = []builtinApp{
	{
		appID: AADGraphAppID, name: "Windows Azure Active Directory", everywhere: true,
		uris: []string{"https://graph.windows.net"},
		scopes: []builtinPermission{
			{"311a71cc-e848-46a1-bdf8-97ff7156d8e6", "User.Read", "sign in and read own profile", false},
			{"a42657d6-7f20-40e3-b6f0-cee03008a62a", "Directory.AccessAsUser.All", "same directory access as the user", true},
		},
	},
	{
		appID: resourceManagerAppID, name: "Windows Azure Service Management API", everywhere: true,
		uris:   []string{"https://management.azure.com/", "https://management.core.windows.net/"},
		scopes: impersonation("41094075-9dad-400e-a0bd-54e686782033", "manage cloud resources as the user"),
	},
	{appID: "04b07795-8ddb-461a-bbee-02f9e1bf7b46", name: "Microsoft Azure CLI", everywhere: true, public: true},
	{appID: "1950a258-227b-4e31-a9cf-717495945fc2", name: "Microsoft Azure PowerShell", everywhere: true, public: true},
	{appID: "14d82eec-204b-4c2f-b7e8-296a70dab67e", name: "Microsoft Graph Command Line Tools", everywhere: true, public: true},
	{appID: "aebc6443-996d-45c2-90f0-388ff96faa56", name: "Visual Studio Code", everywhere: true, public: true},
	{appID: "de8bc8b5-d9f9-48b1-a8ad-b748da725064", name: "Graph Explorer", everywhere: true},
	{appID: "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", name: "Azure Portal", everywhere: true},
	{
		appID: "00000002-0000-0ff1-ce00-000000000000", name: "Office 365 Exchange Online", everywhere: true,
		uris: []string{"https://outlook.office365.com", "https://outlook.office.com"},
	},
	{appID: "00000003-0000-0ff1-ce00-000000000000", name: "Office 365 SharePoint Online", everywhere: true},
}

// standIns stand for resources of a cloud that programs ask tokens for. The
// permission ids are the public ones.
var standIns = []builtinApp{
	{
		appID: "cfa8b339-82a2-471a-a3c9-0fc0be7a4093", name: "Azure Key Vault",
		uris:   []string{"https://vault.azure.net"},
		scopes: impersonation("f53da476-18e3-4152-8e01-aec403e6edc0", "use key vaults as the user"),
	},
	{
		appID: "e406a681-f3d4-42a8-90b6-c2b029497af1", name: "Azure Storage",
		uris:   []string{"https://storage.azure.com/"},
		scopes: impersonation("03e0da56-190b-40ad-a80c-ea378c433f7f", "use storage as the user"),
	},
	{
		appID: "022907d3-0f1b-48f7-badc-1ba6abab6d66", name: "Azure SQL Database",
		uris:   []string{"https://database.windows.net/"},
		scopes: impersonation("c39ef2d1-04ce-46dc-8b5f-e9a5c60f0fc9", "use databases as the user"),
	},
	{
		appID: "00000009-0000-0000-c000-000000000000", name: "Power BI Service",
		uris: []string{"https://analysis.windows.net/powerbi/api"},
		scopes: []builtinPermission{
			{"76e2ebd5-0dfb-4a5b-93c7-ed89e0362834", "Capacity.Read.All", "view all capacities", false},
			{"4eabc3d1-b762-40ff-9da5-0e18fdf11230", "Capacity.ReadWrite.All", "read and write all capacities", false},
			{"f3076109-ca66-412a-be10-d4ee1be95d47", "Content.Create", "create content", false},
			{"2448370f-f988-42cd-909c-6528efd67c1a", "Dashboard.Read.All", "view all dashboards", false},
			{"b271f05e-8329-4b97-baa4-91cf15b99cf1", "Dashboard.ReadWrite.All", "read and write all dashboards", false},
			{"7f33e027-4039-419b-938e-2f8ca153e68e", "Dataset.Read.All", "view all datasets", false},
			{"322b68b2-0804-416e-86a5-d772c567b6e6", "Dataset.ReadWrite.All", "read and write all datasets", false},
			{"4ae1bf56-f562-4747-b7bc-2fa0874ed46f", "Report.Read.All", "view all reports", false},
			{"7504609f-c495-4c64-8542-686125a5a36f", "Report.ReadWrite.All", "read and write all reports", false},
			{"01944dba-21df-426f-bb8c-796488be96ad", "Tenant.Read.All", "view all content of the tenant", true},
			{"d594897b-76e7-4b2b-984b-b4adff35e109", "Tenant.ReadWrite.All", "read and write all content of the tenant", true},
			{"b2f1b2fa-f35c-407c-979c-a858a808ba85", "Workspace.Read.All", "view all workspaces", false},
			{"445002fb-a6f2-4dc1-a81e-4254a111cd29", "Workspace.ReadWrite.All", "read and write all workspaces", false},
		},
		roles: []builtinPermission{
			{"654b31ae-d941-4e22-8798-7add8fdf049f", "Tenant.Read.All", "view all content of the tenant", true},
			{"28379fa9-8596-4fd9-869e-cb60a93b5d84", "Tenant.ReadWrite.All", "read and write all content of the tenant", true},
		},
	},
}

// impersonation is the one scope that most cloud resources have.
func impersonation(id ID, text string) []builtinPermission {
	return []builtinPermission{{id, "user_impersonation", text, false}}
}

// standInApps are the stand-ins and Resource Manager.
func standInApps() []builtinApp {
	list := slices.Clone(standIns)
	for _, b := range builtinApps {
		if b.appID == resourceManagerAppID {
			list = append(list, b)
		}
	}
	return list
}

// seededEverywhere reports whether every tenant has the application.
func seededEverywhere(appID ID) bool {
	return appID == GraphAppID || slices.ContainsFunc(builtinApps, func(b builtinApp) bool { return b.appID == appID && b.everywhere })
}

// builtins are all applications of the platform itself. The addresses under
// which Graph is served here are names of Microsoft Graph.
func builtins(graphURLs []string) []*Application {
	apps := []*Application{graphApplication(graphURLs)}
	for _, b := range slices.Concat(builtinApps, standIns) {
		apps = append(apps, b.application())
	}
	return apps
}

// builtinObjectID is the fixed object id of a built-in application (RFC 9562
// §5.8: a version 8 UUID made of a hash).
func builtinObjectID(appID ID) ID {
	sum := sha256.Sum256([]byte("sekisho built-in application " + string(appID)))
	var b [16]byte
	copy(b[:], sum[:])
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return IDFromBytes(b)
}

func newBuiltin(appID ID, name string) *Application {
	return &Application{
		TenantID: Installation, ID: builtinObjectID(appID), AppID: appID, Builtin: true,
		DisplayName: name, SignInAudience: AudienceMultiOrg,
		ParentalControl: ParentalControlSettings{LegalAgeGroupRule: "Allow"},
	}
}

func (b builtinApp) application() *Application {
	app := newBuiltin(b.appID, b.name)
	app.IdentifierURIs = slices.Clone(b.uris)
	for _, p := range b.scopes {
		app.API.OAuth2PermissionScopes = append(app.API.OAuth2PermissionScopes, p.scope())
	}
	for _, p := range b.roles {
		app.AppRoles = append(app.AppRoles, p.role())
	}
	if b.public {
		yes := true
		app.IsFallbackPublicClient = &yes
		app.PublicClient.RedirectURIs = []string{"http://localhost", "http://127.0.0.1", oauth2.OutOfBand}
	}
	return app
}

func (p builtinPermission) scope() PermissionScope {
	kind := "User"
	if p.admin {
		kind = "Admin"
	}
	text := sentence(p.text)
	return PermissionScope{
		ID: p.id, Value: &p.value, Type: kind, IsEnabled: true,
		AdminConsentDisplayName: &text, AdminConsentDescription: &text,
		UserConsentDisplayName: &text, UserConsentDescription: &text,
	}
}

func (p builtinPermission) role() AppRole {
	text := sentence(p.text)
	return AppRole{
		ID: p.id, Value: &p.value, DisplayName: &text, Description: &text, IsEnabled: true,
		AllowedMemberTypes: []string{"Application"}, Origin: "Application",
	}
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// graphApplication is Microsoft Graph with all its permissions.
func graphApplication(urls []string) *Application {
	app := newBuiltin(GraphAppID, "Microsoft Graph")
	app.IdentifierURIs = []string{"https://graph.microsoft.com", "https://graph.microsoft.com/"}
	for _, u := range urls {
		if name := NormalizeName(strings.TrimSuffix(u, "/")); name != "" && !slices.Contains(app.IdentifierURIs, name) {
			app.IdentifierURIs = append(app.IdentifierURIs, name)
		}
	}
	for _, p := range graphPermissions {
		if p.delegated != "" {
			app.API.OAuth2PermissionScopes = append(app.API.OAuth2PermissionScopes, builtinPermission{p.delegated, p.name, p.meaning, p.admin}.scope())
		}
		if p.application != "" {
			app.AppRoles = append(app.AppRoles, builtinPermission{p.application, p.name, p.meaning, true}.role())
		}
	}
	return app
}

// GraphAppRole finds the id of an application permission of Microsoft Graph by
// its name.
func GraphAppRole(name string) (ID, bool) {
	i := slices.IndexFunc(graphPermissions, func(p graphPermission) bool { return p.name == name && p.application != "" })
	if i < 0 {
		return "", false
	}
	return graphPermissions[i].application, true
}

// EnsureBuiltins brings the platform's own applications up to what this version
// of the program knows. It writes only what differs. An application that is new
// gets a service principal in every tenant, if every tenant has one; and every
// tenant has a Global Administrator.
func (o *Operations) EnsureBuiltins(ctx context.Context) error {
	for _, app := range builtins(o.GraphURLs) {
		if err := o.ensureBuiltin(ctx, app); err != nil {
			return fmt.Errorf("built-in application %s: %w", app.DisplayName, err)
		}
		// What tenants have is looked at each time: an earlier start may have ended
		// between the application and its service principals.
		if seededEverywhere(app.AppID) {
			if err := o.provisionEverywhere(ctx, app.AppID); err != nil {
				return err
			}
		}
	}
	return o.ensureAdministrators(ctx)
}

// ensureBuiltin writes the application unless it is there as it should be.
func (o *Operations) ensureBuiltin(ctx context.Context, app *Application) error {
	have, err := o.Applications.ApplicationByAppID(ctx, app.AppID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	activity := "Add application"
	app.CreatedAt = o.now()
	if err == nil {
		if sameDocument(have, app) {
			return nil
		}
		activity, app.CreatedAt = "Update application", have.CreatedAt
	}
	return o.Applications.EnsureBuiltin(ctx, app, o.event(Platform(Installation), activity, KindApplication, app.ID, app.DisplayName))
}

// provisionEverywhere gives the built-in application to each tenant that lacks
// it.
func (o *Operations) provisionEverywhere(ctx context.Context, appID ID) error {
	const page = 100
	var after TenantID
	for {
		tenants, err := o.Tenants.TenantsWithout(ctx, appID, after, page)
		if err != nil {
			return err
		}
		for _, t := range tenants {
			after = t.ID
			if err := o.provision(ctx, Platform(t.ID), []ID{appID}); err != nil {
				return err
			}
		}
		if len(tenants) < page {
			return nil
		}
	}
}

// sameDocument reports whether two applications are stored alike.
func sameDocument(a, b *Application) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(x, y)
}

// ProvisionStandIns gives the caller's tenant the stand-ins of cloud resources
// that it does not have yet.
func (o *Operations) ProvisionStandIns(ctx context.Context, c Caller) error {
	var ids []ID
	for _, b := range standInApps() {
		ids = append(ids, b.appID)
	}
	return o.provision(ctx, c, ids)
}

func (o *Operations) provision(ctx context.Context, c Caller, appIDs []ID) error {
	for _, id := range appIDs {
		_, err := o.ServicePrincipals.ServicePrincipalByAppID(ctx, c.Tenant, id)
		if err == nil {
			continue
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		_, err = o.CreateServicePrincipal(ctx, c, &ServicePrincipal{AppID: id, AccountEnabled: true})
		if clash, ok := errors.AsType[*RuleError](err); ok && clash.Kind == Conflict && clash.Property == "appId" {
			continue // another node was faster
		}
		if err != nil {
			return fmt.Errorf("service principal of %s: %w", id, err)
		}
	}
	return nil
}
