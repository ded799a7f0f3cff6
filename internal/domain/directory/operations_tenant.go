package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// TenantRequest describes a new tenant. Ids that are empty are drawn.
type TenantRequest struct {
	ID          TenantID
	DisplayName string
	Domain      string   // the initial and default domain
	Domains     []string // further verified domains
	Settings    TenantSettings
	Demo        bool
	// Operator marks the first tenant: its administrator application may manage
	// tenants too.
	Operator bool
	// AdminName is the part of the administrator's user name before the @;
	// "admin" if empty.
	AdminName string

	AdminUserID      ID
	AdminAppID       ID
	AdminAppObjectID ID
	AdminPrincipalID ID
}

// NewTenant is a tenant at the one moment when its secrets can be read.
type NewTenant struct {
	Tenant           *Tenant
	ClientID         ID // appId of the administrator application
	ClientSecret     SecretText
	AdminUser        string // user principal name
	AdminPassword    SecretText
	AdminUserID      ID
	AdminAppObjectID ID
	AdminPrincipalID ID // service principal of the administrator application
}

// administratorPermissions are the application permissions of the administrator
// application: with them everything else can be made through Graph, further
// permissions of its own included.
var administratorPermissions = []string{
	"Application.ReadWrite.All",
	"AppRoleAssignment.ReadWrite.All",
	"DelegatedPermissionGrant.ReadWrite.All",
	"Directory.ReadWrite.All",
	"Organization.ReadWrite.All",
	"Domain.ReadWrite.All",
	"User.ReadWrite.All",
	"User.DeleteRestore.All",
	"User.EnableDisableAccount.All",
	"User.RevokeSessions.All",
	"User-PasswordProfile.ReadWrite.All",
	"User.Invite.All",
	"Group.ReadWrite.All",
	"RoleManagement.ReadWrite.Directory",
	"AdministrativeUnit.ReadWrite.All",
	"Policy.Read.All",
	"Policy.ReadWrite.ApplicationConfiguration",
	"Policy.ReadWrite.ConditionalAccess",
	"Policy.ReadWrite.Authorization",
	"Policy.ReadWrite.PermissionGrant",
	"Policy.ReadWrite.ConsentRequest",
	"Policy.ReadWrite.AuthenticationMethod",
	"Policy.ReadWrite.SecurityDefaults",
	"ConsentRequest.ReadWrite.All",
	"AuthenticationContext.ReadWrite.All",
	"UserAuthenticationMethod.ReadWrite.All",
	"AuditLog.Read.All",
	"IdentityRiskEvent.ReadWrite.All",
	"IdentityRiskyUser.ReadWrite.All",
	"IdentityRiskyServicePrincipal.ReadWrite.All",
	"AccessReview.ReadWrite.All",
	"DirectoryRecommendations.ReadWrite.All",
	"CustomSecAttributeAssignment.ReadWrite.All",
	"CustomSecAttributeDefinition.ReadWrite.All",
	"CrossTenantInformation.ReadBasic.All",
}

// CreateTenant makes a tenant with its domains, the service principals of the
// platform's own applications, an administrator, and an administrator
// application that may manage everything through Graph; all of it in one act.
// EnsureBuiltins must have run.
func (o *Operations) CreateTenant(ctx context.Context, c Caller, r TenantRequest) (*NewTenant, error) {
	t, err := o.newTenant(ctx, r)
	if err != nil {
		return nil, err
	}
	made := &NewTenant{Tenant: t}
	seed := &TenantSeed{Tenant: t}
	if err := o.seedPrincipals(seed); err != nil {
		return nil, err
	}
	if err := o.seedAdministrator(ctx, seed, made, r); err != nil {
		return nil, err
	}
	if err := o.seedAdminApp(seed, made, r); err != nil {
		return nil, err
	}
	ev := o.event(c, "Create company", "organization", ID(t.ID.String()), t.DisplayName)
	if err := o.Tenants.CreateTenant(ctx, seed, ev); err != nil {
		return nil, err
	}
	return made, nil
}

// newTenant judges a request and makes the tenant of it.
func (o *Operations) newTenant(ctx context.Context, r TenantRequest) (*Tenant, error) {
	if err := label("displayName", r.DisplayName, maxDisplayName); err != nil {
		return nil, err
	}
	if r.ID.IsZero() {
		id, err := o.newID("")
		if err != nil {
			return nil, err
		}
		r.ID = TenantID{string(id)}
	}
	if r.ID == Installation {
		return nil, invalid("id", "The GUID of zeros cannot be a tenant.")
	}
	t := &Tenant{ID: r.ID, DisplayName: r.DisplayName, CreatedAt: o.now(), Settings: r.Settings, Demo: r.Demo}
	names := slices.Concat([]string{r.Domain}, r.Domains)
	for i, name := range names {
		domain, err := domainName(name)
		if err != nil {
			return nil, err
		}
		names[i] = domain
		t.Domains = append(t.Domains, Domain{Name: domain, Verified: true, Default: i == 0, Initial: i == 0, CreatedAt: t.CreatedAt})
	}
	if err := unique("domains", names); err != nil {
		return nil, err
	}
	for _, name := range append(names, t.ID.String()) {
		if _, err := o.Tenants.TenantByName(ctx, name); !errors.Is(err, ErrNotFound) {
			if err != nil {
				return nil, err
			}
			return nil, refusal(Conflict, "domains", "Another tenant already has the domain or id %s.", name)
		}
	}
	return t, nil
}

// domainName judges a DNS name and writes it in lower case (RFC 1123 §2.1).
func domainName(name string) (string, error) {
	name = strings.ToLower(name)
	if !dnsName(name) {
		return "", invalid("domains", "Value '%s' is not a domain name; write international names in their xn-- form.", clip(name))
	}
	return name, nil
}

// seedPrincipals adds the service principals that every tenant has.
func (o *Operations) seedPrincipals(seed *TenantSeed) error {
	for _, app := range builtins(o.GraphURLs) {
		if !seededEverywhere(app.AppID) {
			continue
		}
		id, err := o.newID("")
		if err != nil {
			return err
		}
		seed.ServicePrincipals = append(seed.ServicePrincipals, &ServicePrincipal{
			TenantID: seed.Tenant.ID, ID: id, AppID: app.AppID, CreatedAt: seed.Tenant.CreatedAt,
			Type: TypeApplication, AccountEnabled: true, App: app,
		})
	}
	return nil
}

// seedAdministrator adds the first account. Tenant.Settings remembers that it
// is the administrator.
func (o *Operations) seedAdministrator(ctx context.Context, seed *TenantSeed, made *NewTenant, r TenantRequest) error {
	t := seed.Tenant
	alias := r.AdminName
	if alias == "" {
		alias = "admin"
	}
	id, err := o.newID(r.AdminUserID)
	if err != nil {
		return err
	}
	member := "Member"
	u := &User{
		TenantID: t.ID, ID: id, CreatedAt: t.CreatedAt, AccountEnabled: true, DisplayName: "Administrator",
		UserPrincipalName: alias + "@" + t.DefaultDomain(), MailNickname: &alias, UserType: &member,
		SessionsValidFrom: t.CreatedAt,
	}
	if err := judgeUser(&User{ID: u.ID, TenantID: u.TenantID, CreatedAt: u.CreatedAt}, u, t); err != nil {
		return err
	}
	password, err := DrawPassword(o.Rand, u)
	if err != nil {
		return err
	}
	if err := o.setPassword(ctx, u, password.Reveal()); err != nil {
		return err
	}
	t.Settings.Administrator = u.ID
	role, err := o.firstAdministrator(u)
	if err != nil {
		return err
	}
	made.AdminUser, made.AdminPassword, made.AdminUserID = u.UserPrincipalName, password, u.ID
	seed.Users, seed.Roles = append(seed.Users, u), append(seed.Roles, role)
	return nil
}

// seedAdminApp adds the administrator application with its secret, its service
// principal and its permissions.
func (o *Operations) seedAdminApp(seed *TenantSeed, made *NewTenant, r TenantRequest) error {
	t := seed.Tenant
	app := &Application{ID: r.AdminAppObjectID, AppID: r.AdminAppID, DisplayName: "Sekisho administration"}
	if err := o.stampApplication(app, t); err != nil {
		return err
	}
	name := "bootstrap"
	secret, err := o.issue(PasswordRequest{DisplayName: &name})
	if err != nil {
		return err
	}
	app.Passwords = []PasswordCredential{secret.PasswordCredential}
	app.Owners = []Owner{{ID: made.AdminUserID, Kind: KindUser}}
	if err := normalizeApplication(app); err != nil {
		return err
	}
	if err := (applicationChange{newcomer(app), app, t, Platform(t.ID)}).judge(); err != nil {
		return err
	}
	spID, err := o.newID(r.AdminPrincipalID)
	if err != nil {
		return err
	}
	sp := &ServicePrincipal{
		TenantID: t.ID, ID: spID, AppID: app.AppID, CreatedAt: t.CreatedAt,
		Type: TypeApplication, AccountEnabled: true, App: app,
	}
	graph := seed.ServicePrincipals[slices.IndexFunc(seed.ServicePrincipals, func(p *ServicePrincipal) bool { return p.AppID == GraphAppID })]
	permissions := administratorPermissions
	if r.Operator {
		permissions = append(slices.Clone(permissions), TenantsPermission)
	}
	for _, permission := range permissions {
		role, ok := GraphAppRole(permission)
		if !ok {
			return fmt.Errorf("directory: Graph has no application permission %s", permission)
		}
		a, err := o.newAssignment(sp, graph, role, t.CreatedAt)
		if err != nil {
			return err
		}
		seed.Assignments = append(seed.Assignments, a)
		app.requireGraph(role)
	}
	seed.Applications, seed.ServicePrincipals = append(seed.Applications, app), append(seed.ServicePrincipals, sp)
	made.ClientID, made.ClientSecret, made.AdminAppObjectID, made.AdminPrincipalID = app.AppID, secret.SecretText, app.ID, sp.ID
	return nil
}

func (o *Operations) newAssignment(sp, resource *ServicePrincipal, role ID, at time.Time) (AppRoleAssignment, error) {
	id, err := o.newID("")
	return AppRoleAssignment{
		ID: id, AppRoleID: role, PrincipalID: sp.ID, PrincipalKind: KindServicePrincipal, PrincipalDisplayName: sp.Name(),
		ResourceID: resource.ID, ResourceDisplayName: resource.Name(), CreatedAt: at,
	}, err
}

// ChangeSettings changes what an administrator may change of the caller's tenant.
// activity names the change in the audit log.
func (o *Operations) ChangeSettings(ctx context.Context, c Caller, activity string, change func(*TenantSettings) error) error {
	t, err := o.tenant(ctx, c.Tenant)
	if err != nil {
		return err
	}
	ev := o.event(c, activity, "organization", ID(t.ID.String()), t.DisplayName)
	return o.Tenants.ChangeTenant(ctx, c.Tenant, func(t *Tenant) error {
		administrator := t.Settings.Administrator
		if err := change(&t.Settings); err != nil {
			return err
		}
		if t.Settings.Administrator != administrator {
			return refusal(ReadOnly, "administrator", "Property administrator is read-only.")
		}
		return oneOf("permissionGrantPoliciesAssigned", (*string)(&t.Settings.UserConsent),
			string(ConsentRecommended), string(ConsentLow), string(ConsentLegacy), string(ConsentNone))
	}, ev)
}

// requireGraph declares an application permission of Graph.
func (a *Application) requireGraph(role ID) {
	if len(a.RequiredResourceAccess) == 0 {
		a.RequiredResourceAccess = []RequiredResourceAccess{{ResourceAppID: GraphAppID}}
	}
	r := &a.RequiredResourceAccess[0]
	r.ResourceAccess = append(r.ResourceAccess, ResourceAccess{ID: role, Type: "Role"})
}

// passwordLetters leaves out what looks alike.
const passwordLetters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// DrawPassword draws a password that a person can copy by hand: four groups of
// five letters and digits, about 116 bits.
func DrawPassword(r io.Reader, u *User) (SecretText, error) {
	for {
		var groups [4]string
		for i := range groups {
			g, err := drawText(r, 5)
			if err != nil {
				return SecretText{}, err
			}
			groups[i] = g
		}
		s := strings.Join(groups[:], "-")
		if acceptablePassword(s, u) == nil && passwordClasses(s) == 4 {
			return SecretText{s}, nil
		}
	}
}

// drawText draws n letters without bias.
func drawText(r io.Reader, n int) (string, error) {
	const whole = 256 / len(passwordLetters) * len(passwordLetters)
	text := make([]byte, 0, n)
	for len(text) < n {
		var b [1]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return "", fmt.Errorf("drawing a password: %w", err)
		}
		if int(b[0]) < whole {
			text = append(text, passwordLetters[int(b[0])%len(passwordLetters)])
		}
	}
	return string(text), nil
}
