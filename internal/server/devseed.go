package server

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// DemoTenant is what bootstrap.json says of a demonstration tenant.
type DemoTenant struct {
	TenantID      string             `json:"tenantId"`
	TenantDomain  string             `json:"tenantDomain"`
	ClientID      string             `json:"clientId"`
	ClientSecret  string             `json:"clientSecret"`
	AdminUser     string             `json:"adminUser"`
	AdminPassword string             `json:"adminPassword"`
	People        []DemoPerson       `json:"people,omitempty"`
	Apps          map[string]DemoApp `json:"apps,omitempty"`
}

// DemoPerson is a person of a demonstration tenant.
type DemoPerson struct {
	UserPrincipalName string `json:"userPrincipalName"`
	DisplayName       string `json:"displayName"`
	Password          string `json:"password,omitempty"`
}

// DemoApp is an application of a demonstration tenant.
type DemoApp struct {
	ClientID      string `json:"clientId"`
	ClientSecret  string `json:"clientSecret,omitempty"`
	IdentifierURI string `json:"identifierUri,omitempty"`
	// RedirectURIs are those of applications that people sign in to.
	RedirectURIs []string `json:"redirectUris,omitempty"`
}

// The demonstration tenants. Their ids are fixed and documented; secrets and
// passwords are drawn at the first start.
var (
	hakone = demoTenant{
		request: directory.TenantRequest{
			ID: directory.MustTenantID("4a6b0e00-0000-4000-8000-000000000001"), DisplayName: "Hakone Teahouses", Domain: "hakone.example", Demo: true,
			Settings:    directory.TenantSettings{CountryLetterCode: "JP", PreferredLanguage: "ja"},
			AdminUserID: "4a6b0e00-0000-4000-8000-000000000002", AdminAppID: "4a6b0e00-0000-4000-8000-000000000003",
			AdminAppObjectID: "4a6b0e00-0000-4000-8000-000000000004", AdminPrincipalID: "4a6b0e00-0000-4000-8000-000000000005",
		},
		people: []demoPerson{
			{id: "4a6b0e00-0000-4000-8000-000000000011", name: "Hana Mori", given: "Hana", surname: "Mori", alias: "hana", kind: "Member"},
			{id: "4a6b0e00-0000-4000-8000-000000000012", name: "Ken Sato", given: "Ken", surname: "Sato", alias: "ken", kind: "Member"},
			{id: "4a6b0e00-0000-4000-8000-000000000013", name: "Aya Usui", given: "Aya", surname: "Usui", alias: "aya_usui.example#EXT#", kind: "Guest", mail: "aya@usui.example", home: usui.request.ID, account: ayaUsui},
		},
		apps: []demoApp{
			{key: "ordersApi", name: "Orders API", id: "4a6b0e00-0000-4000-8000-000000000102", appID: "4a6b0e00-0000-4000-8000-000000000101", sp: "4a6b0e00-0000-4000-8000-000000000103", api: true},
			{key: "ordersDaemon", name: "Orders export daemon", id: "4a6b0e00-0000-4000-8000-000000000112", appID: "4a6b0e00-0000-4000-8000-000000000111", sp: "4a6b0e00-0000-4000-8000-000000000113", secret: true, role: ordersReadAll},
			{key: "federatedDaemon", name: "Orders federated daemon", id: "4a6b0e00-0000-4000-8000-000000000122", appID: "4a6b0e00-0000-4000-8000-000000000121", sp: "4a6b0e00-0000-4000-8000-000000000123", role: ordersReadAll},
			{
				key: "ordersWeb", name: "Orders web", id: "4a6b0e00-0000-4000-8000-000000000132", appID: "4a6b0e00-0000-4000-8000-000000000131", sp: "4a6b0e00-0000-4000-8000-000000000133",
				secret: true, scopes: ordersScopes, logout: "https://localhost:3000/auth/logout",
				web: []string{"http://localhost:3000/auth/callback", "https://localhost:3000/auth/callback", "http://localhost:3000/", "https://localhost:3000/"},
			},
			{
				key: "ordersSpa", name: "Orders single page", id: "4a6b0e00-0000-4000-8000-000000000142", appID: "4a6b0e00-0000-4000-8000-000000000141", sp: "4a6b0e00-0000-4000-8000-000000000143",
				scopes: ordersScopes,
				spa:    []string{"http://localhost:5173/", "https://localhost:5173/", "http://localhost:5173/redirect.html", "https://localhost:5173/redirect.html"},
			},
			{
				key: "ordersDesktop", name: "Orders desktop", id: "4a6b0e00-0000-4000-8000-000000000152", appID: "4a6b0e00-0000-4000-8000-000000000151", sp: "4a6b0e00-0000-4000-8000-000000000153",
				scopes: ordersScopes, native: []string{"http://localhost"},
			},
		},
		assigned: []demoAssignment{{person: "4a6b0e00-0000-4000-8000-000000000011", role: ordersApprover}},
	}
	usui = demoTenant{
		request: directory.TenantRequest{
			ID: directory.MustTenantID("05010e00-0000-4000-8000-000000000001"), DisplayName: "Usui Logistics", Domain: "usui.example", Demo: true,
			AdminUserID: "05010e00-0000-4000-8000-000000000002", AdminAppID: "05010e00-0000-4000-8000-000000000003",
			AdminAppObjectID: "05010e00-0000-4000-8000-000000000004", AdminPrincipalID: "05010e00-0000-4000-8000-000000000005",
		},
		people: []demoPerson{
			{id: ayaUsui, name: "Aya Usui", given: "Aya", surname: "Usui", alias: "aya", kind: "Member", mail: "aya@usui.example"},
		},
		apps: []demoApp{
			{key: "multitenantDaemon", name: "Usui shipment daemon", id: "05010e00-0000-4000-8000-000000000102", appID: "05010e00-0000-4000-8000-000000000101", sp: "05010e00-0000-4000-8000-000000000103", secret: true, multiTenant: true},
			{
				key: "shipmentsWeb", name: "Shipments", id: "05010e00-0000-4000-8000-000000000112", appID: "05010e00-0000-4000-8000-000000000111", sp: "05010e00-0000-4000-8000-000000000113",
				secret: true, multiTenant: true, scopes: profileScopes, logout: "https://localhost:3001/auth/logout",
				web: []string{"http://localhost:3001/auth/callback", "https://localhost:3001/auth/callback", "http://localhost:3001/", "https://localhost:3001/"},
			},
		},
	}
)

// The app roles and scopes of the demonstration Orders API.
const (
	ordersReadAll  directory.ID = "4a6b0e00-0000-4000-8000-000000000201"
	ordersWriteAll directory.ID = "4a6b0e00-0000-4000-8000-000000000202"
	ordersApprover directory.ID = "4a6b0e00-0000-4000-8000-000000000203"
	ordersRead     directory.ID = "4a6b0e00-0000-4000-8000-000000000211"
	ordersWrite    directory.ID = "4a6b0e00-0000-4000-8000-000000000212"
	ordersAPIAppID directory.ID = "4a6b0e00-0000-4000-8000-000000000101"
	ordersAPISP    directory.ID = "4a6b0e00-0000-4000-8000-000000000103"
)

// ayaUsui is the account at home of the guest in hakone.
const ayaUsui directory.ID = "05010e00-0000-4000-8000-000000000011"

// What the applications need that people sign in to.
var (
	profileScopes = []directory.RequiredResourceAccess{{
		ResourceAppID: directory.GraphAppID, ResourceAccess: []directory.ResourceAccess{{ID: "e1fe6dd8-ba31-4d61-89e7-88639da4683d", Type: "Scope"}}, // User.Read
	}}
	ordersScopes = append(slices.Clone(profileScopes), directory.RequiredResourceAccess{
		ResourceAppID: ordersAPIAppID, ResourceAccess: []directory.ResourceAccess{{ID: ordersRead, Type: "Scope"}},
	})
)

type demoTenant struct {
	request  directory.TenantRequest
	people   []demoPerson
	apps     []demoApp
	assigned []demoAssignment
}

type demoPerson struct {
	id                                      directory.ID
	name, given, surname, alias, kind, mail string
	// home and account are where a guest signs in.
	home    directory.TenantID
	account directory.ID
}

// demoAssignment gives a person a role of the Orders API.
type demoAssignment struct{ person, role directory.ID }

type demoApp struct {
	key, name     string
	id, appID, sp directory.ID
	api           bool
	secret        bool
	multiTenant   bool
	role          directory.ID // of the Orders API
	scopes        []directory.RequiredResourceAccess
	logout        string
	// Redirect URIs of the three kinds.
	web, spa, native []string
}

func (s *Server) seedDemo(ctx context.Context) (map[string]*DemoTenant, error) {
	demo := map[string]*DemoTenant{}
	for _, d := range []demoTenant{usui, hakone} { // the home of the guest first
		t, err := s.seedTenant(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("seeding %s: %w", d.request.Domain, err)
		}
		demo[d.request.Domain] = t
	}
	return demo, nil
}

func (s *Server) seedTenant(ctx context.Context, d demoTenant) (*DemoTenant, error) {
	made, err := s.ensureTenant(ctx, d.request)
	if err != nil {
		return nil, err
	}
	by := directory.Platform(made.Tenant.ID)
	if err := s.ops.ProvisionStandIns(ctx, by); err != nil {
		return nil, err
	}
	out := &DemoTenant{
		TenantID: made.Tenant.ID.String(), TenantDomain: d.request.Domain,
		ClientID: string(made.ClientID), ClientSecret: made.ClientSecret.Reveal(),
		AdminUser: made.AdminUser, AdminPassword: made.AdminPassword.Reveal(), Apps: map[string]DemoApp{},
	}
	for _, p := range d.people {
		person, err := s.seedPerson(ctx, by, d, p)
		if err != nil {
			return nil, err
		}
		out.People = append(out.People, person)
	}
	for _, a := range d.apps {
		app, err := s.seedApp(ctx, by, a)
		if err != nil {
			return nil, err
		}
		out.Apps[a.key] = app
	}
	for _, a := range d.assigned {
		if err := s.seedAssignment(ctx, by, a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Server) seedAssignment(ctx context.Context, by directory.Caller, a demoAssignment) error {
	have, err := s.stores.Assignments.AppRoleAssignmentsOf(ctx, by.Tenant, a.person)
	if err != nil || slices.ContainsFunc(have, func(h directory.AppRoleAssignment) bool { return h.AppRoleID == a.role }) {
		return err
	}
	_, err = s.ops.AssignAppRole(ctx, by, directory.AppRoleAssignment{AppRoleID: a.role, PrincipalID: a.person, ResourceID: ordersAPISP})
	return err
}

func (s *Server) seedPerson(ctx context.Context, by directory.Caller, d demoTenant, p demoPerson) (DemoPerson, error) {
	u := &directory.User{
		ID: p.id, UserPrincipalName: p.alias + "@" + d.request.Domain, DisplayName: p.name, AccountEnabled: true,
		MailNickname: &p.given, GivenName: &p.given, Surname: &p.surname, UserType: &p.kind,
	}
	if p.mail != "" {
		u.Mail = &p.mail
	}
	out := DemoPerson{UserPrincipalName: u.UserPrincipalName, DisplayName: p.name}
	if p.kind == "Guest" {
		creation, state := "Invitation", "Accepted"
		u.CreationType, u.ExternalUserState = &creation, &state
		u.Identities = []directory.ObjectIdentity{{SignInType: directory.SignInFederated, Issuer: p.home.String(), IssuerAssignedID: string(p.account)}}
	}
	if p.kind != "Guest" { // a guest signs in at home
		password, err := s.seedPassword(ctx, by, u)
		out.Password = password.Reveal()
		return out, err
	}
	_, err := s.stores.Users.User(ctx, by.Tenant, p.id)
	if errors.Is(err, directory.ErrNotFound) {
		_, err = s.ops.CreateUser(ctx, by, u, "")
	}
	return out, err
}

// seedPassword creates a member with a new password, or gives one to the member
// that an earlier start made and did not write down.
func (s *Server) seedPassword(ctx context.Context, by directory.Caller, u *directory.User) (directory.SecretText, error) {
	have, err := s.stores.Users.User(ctx, by.Tenant, u.ID)
	if err == nil {
		return s.newPassword(ctx, by, have)
	}
	password, err := directory.DrawPassword(s.cfg.Rand, u)
	if err == nil {
		_, err = s.ops.CreateUser(ctx, by, u, password.Reveal())
	}
	return password, err
}

func (s *Server) seedApp(ctx context.Context, by directory.Caller, a demoApp) (DemoApp, error) {
	out := DemoApp{ClientID: string(a.appID)}
	draft := &directory.Application{ID: a.id, AppID: a.appID, DisplayName: a.name, SignInAudience: directory.AudienceMyOrg}
	if a.multiTenant {
		draft.SignInAudience = directory.AudienceMultiOrg
	}
	if a.api {
		makeOrdersAPI(draft)
		out.IdentifierURI = draft.IdentifierURIs[0]
	}
	draft.Web.RedirectURIs, draft.SPA.RedirectURIs, draft.PublicClient.RedirectURIs = slices.Clone(a.web), slices.Clone(a.spa), slices.Clone(a.native)
	out.RedirectURIs = slices.Concat(a.web, a.spa, a.native)
	if a.logout != "" {
		draft.Web.LogoutURL = &a.logout
		// What it signs out by: the session, and a hint of whose it is.
		draft.OptionalClaims = &directory.OptionalClaims{IDToken: []directory.OptionalClaim{{Name: "sid"}, {Name: "login_hint"}}}
	}
	draft.RequiredResourceAccess = a.scopes
	if a.role != "" {
		draft.RequiredResourceAccess = []directory.RequiredResourceAccess{{
			ResourceAppID: ordersAPIAppID, ResourceAccess: []directory.ResourceAccess{{ID: a.role, Type: "Role"}},
		}}
	}
	_, err := s.stores.Applications.Application(ctx, by.Tenant, a.id)
	if errors.Is(err, directory.ErrNotFound) {
		_, _, err = s.ops.CreateApplication(ctx, by, draft, nil, nil)
	}
	if err != nil {
		return out, err
	}
	_, err = s.stores.ServicePrincipals.ServicePrincipal(ctx, by.Tenant, a.sp)
	if errors.Is(err, directory.ErrNotFound) {
		err = s.seedPrincipal(ctx, by, a)
	}
	if err != nil {
		return out, err
	}
	if a.secret {
		name := "drawn by sekisho dev"
		issued, err := s.ops.AddPassword(ctx, by, directory.Target{Kind: directory.KindApplication, ID: a.id}, directory.PasswordRequest{DisplayName: &name})
		if err != nil {
			return out, err
		}
		out.ClientSecret = issued.SecretText.Reveal()
	}
	return out, nil
}

// seedPrincipal makes an application usable in its tenant and grants it its role
// of the Orders API.
func (s *Server) seedPrincipal(ctx context.Context, by directory.Caller, a demoApp) error {
	_, err := s.ops.CreateServicePrincipal(ctx, by, &directory.ServicePrincipal{ID: a.sp, AppID: a.appID, Type: directory.TypeApplication, AccountEnabled: true})
	if err != nil || a.role == "" {
		return err
	}
	_, err = s.ops.AssignAppRole(ctx, by, directory.AppRoleAssignment{AppRoleID: a.role, PrincipalID: a.sp, ResourceID: ordersAPISP})
	return err
}

func makeOrdersAPI(app *directory.Application) {
	text := func(s string) *string { return &s }
	two := 2
	app.IdentifierURIs = []string{"api://" + string(app.AppID)}
	app.API.RequestedAccessTokenVersion = &two
	app.AppRoles = []directory.AppRole{
		{ID: ordersReadAll, Value: text("Orders.Read.All"), DisplayName: text("Read all orders"), Description: text("Read every order without a signed-in user."), IsEnabled: true, AllowedMemberTypes: []string{"Application"}},
		{ID: ordersWriteAll, Value: text("Orders.ReadWrite.All"), DisplayName: text("Change all orders"), Description: text("Read and change every order without a signed-in user."), IsEnabled: true, AllowedMemberTypes: []string{"Application"}},
		{ID: ordersApprover, Value: text("Orders.Approver"), DisplayName: text("Approve orders"), Description: text("May approve the orders of others."), IsEnabled: true, AllowedMemberTypes: []string{"User"}},
	}
	app.API.OAuth2PermissionScopes = []directory.PermissionScope{
		{ID: ordersRead, Value: text("Orders.Read"), Type: "User", IsEnabled: true, AdminConsentDisplayName: text("Read orders"), AdminConsentDescription: text("Lets the application read the signed-in user's orders."), UserConsentDisplayName: text("Read your orders"), UserConsentDescription: text("Lets the application read your orders.")},
		{ID: ordersWrite, Value: text("Orders.ReadWrite"), Type: "User", IsEnabled: true, AdminConsentDisplayName: text("Change orders"), AdminConsentDescription: text("Lets the application read and change the signed-in user's orders."), UserConsentDisplayName: text("Change your orders"), UserConsentDescription: text("Lets the application read and change your orders.")},
	}
}
