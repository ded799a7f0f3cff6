package directory

import (
	"context"
	"errors"
)

// CreateApplication registers an application with the secrets and certificates
// asked for.
func (o *Operations) CreateApplication(ctx context.Context, c Caller, draft *Application, passwords []PasswordRequest, keys []KeyDraft) (*Application, []IssuedPassword, error) {
	return nil, nil, errors.ErrUnsupported
}

// ChangeApplication changes the properties of an application.
func (o *Operations) ChangeApplication(ctx context.Context, c Caller, id ID, change func(*Application) error) error {
	return errors.ErrUnsupported
}

// PatchApplication changes properties and credentials as one act.
func (o *Operations) PatchApplication(ctx context.Context, c Caller, id ID, p ApplicationPatch) error {
	return errors.ErrUnsupported
}

// UpsertApplication changes the application with the unique name, or creates it.
func (o *Operations) UpsertApplication(ctx context.Context, c Caller, uniqueName string, change func(*Application) error) (app *Application, created bool, err error) {
	return nil, false, errors.ErrUnsupported
}

// DeleteApplication deletes softly.
func (o *Operations) DeleteApplication(ctx context.Context, c Caller, id ID) error {
	return errors.ErrUnsupported
}

// AddPassword draws a secret.
func (o *Operations) AddPassword(ctx context.Context, c Caller, t Target, r PasswordRequest) (IssuedPassword, error) {
	return IssuedPassword{}, errors.ErrUnsupported
}

// RemovePassword removes a secret.
func (o *Operations) RemovePassword(ctx context.Context, c Caller, t Target, keyID ID) error {
	return errors.ErrUnsupported
}

// KeepPasswords removes all secrets but those named.
func (o *Operations) KeepPasswords(ctx context.Context, c Caller, t Target, keep []ID) error {
	return errors.ErrUnsupported
}

// SetKeys replaces the certificates.
func (o *Operations) SetKeys(ctx context.Context, c Caller, t Target, keys []KeyDraft) error {
	return errors.ErrUnsupported
}

// AddKey adds a certificate for a proof signed by an existing one.
func (o *Operations) AddKey(ctx context.Context, c Caller, t Target, k KeyDraft, proof string) (*KeyCredential, error) {
	return nil, errors.ErrUnsupported
}

// RemoveKey removes a certificate for a proof signed by an existing one.
func (o *Operations) RemoveKey(ctx context.Context, c Caller, t Target, keyID ID, proof string) error {
	return errors.ErrUnsupported
}

// CreateFederated adds a federated identity credential to an application.
func (o *Operations) CreateFederated(ctx context.Context, c Caller, app ID, f FederatedIdentityCredential) (*FederatedIdentityCredential, error) {
	return nil, errors.ErrUnsupported
}

// ChangeFederated changes a federated identity credential, found by id or name.
func (o *Operations) ChangeFederated(ctx context.Context, c Caller, app ID, key string, change func(*FederatedIdentityCredential) error) (*FederatedIdentityCredential, error) {
	return nil, errors.ErrUnsupported
}

// DeleteFederated removes a federated identity credential, found by id or name.
func (o *Operations) DeleteFederated(ctx context.Context, c Caller, app ID, key string) error {
	return errors.ErrUnsupported
}

// AddOwner makes a user or service principal an owner.
func (o *Operations) AddOwner(ctx context.Context, c Caller, t Target, owner ID) error {
	return errors.ErrUnsupported
}

// RemoveOwner takes ownership away.
func (o *Operations) RemoveOwner(ctx context.Context, c Caller, t Target, owner ID) error {
	return errors.ErrUnsupported
}

// CreateServicePrincipal gives an application an identity in the tenant.
func (o *Operations) CreateServicePrincipal(ctx context.Context, c Caller, draft *ServicePrincipal) (*ServicePrincipal, error) {
	return nil, errors.ErrUnsupported
}

// ChangeServicePrincipal changes the properties of a service principal.
func (o *Operations) ChangeServicePrincipal(ctx context.Context, c Caller, id ID, change func(*ServicePrincipal) error) error {
	return errors.ErrUnsupported
}

// PatchServicePrincipal changes properties and credentials as one act.
func (o *Operations) PatchServicePrincipal(ctx context.Context, c Caller, id ID, p ServicePrincipalPatch) error {
	return errors.ErrUnsupported
}

// DeleteServicePrincipal deletes softly.
func (o *Operations) DeleteServicePrincipal(ctx context.Context, c Caller, id ID) error {
	return errors.ErrUnsupported
}

// AssignAppRole gives a principal an app role.
func (o *Operations) AssignAppRole(ctx context.Context, c Caller, a AppRoleAssignment) (*AppRoleAssignment, error) {
	return nil, errors.ErrUnsupported
}

// RemoveAssignment takes an app role away.
func (o *Operations) RemoveAssignment(ctx context.Context, c Caller, id ID) error {
	return errors.ErrUnsupported
}

// CreateGrant writes a delegated grant.
func (o *Operations) CreateGrant(ctx context.Context, c Caller, g OAuth2PermissionGrant) (*OAuth2PermissionGrant, error) {
	return nil, errors.ErrUnsupported
}

// SetGrantScope replaces the scopes of a grant.
func (o *Operations) SetGrantScope(ctx context.Context, c Caller, id, scope string) error {
	return errors.ErrUnsupported
}

// DeleteGrant removes a grant.
func (o *Operations) DeleteGrant(ctx context.Context, c Caller, id string) error {
	return errors.ErrUnsupported
}

// CreateUser creates an account.
func (o *Operations) CreateUser(ctx context.Context, c Caller, draft *User, password string) (*User, error) {
	return nil, errors.ErrUnsupported
}

// ChangeUser changes an account and, if newPassword is not nil, its password.
func (o *Operations) ChangeUser(ctx context.Context, c Caller, id ID, change func(*User) error, newPassword *string) error {
	return errors.ErrUnsupported
}

// DeleteUser deletes softly.
func (o *Operations) DeleteUser(ctx context.Context, c Caller, id ID) error {
	return errors.ErrUnsupported
}

// CreateTokenLifetimePolicy creates a policy.
func (o *Operations) CreateTokenLifetimePolicy(ctx context.Context, c Caller, draft *TokenLifetimePolicy) (*TokenLifetimePolicy, error) {
	return nil, errors.ErrUnsupported
}

// ChangeTokenLifetimePolicy changes a policy.
func (o *Operations) ChangeTokenLifetimePolicy(ctx context.Context, c Caller, id ID, change func(*TokenLifetimePolicy) error) error {
	return errors.ErrUnsupported
}

// DeleteTokenLifetimePolicy deletes a policy.
func (o *Operations) DeleteTokenLifetimePolicy(ctx context.Context, c Caller, id ID) error {
	return errors.ErrUnsupported
}

// LinkPolicy applies a policy to an application or service principal.
func (o *Operations) LinkPolicy(ctx context.Context, c Caller, t Target, policy ID) error {
	return errors.ErrUnsupported
}

// UnlinkPolicy takes a policy off.
func (o *Operations) UnlinkPolicy(ctx context.Context, c Caller, t Target, policy ID) error {
	return errors.ErrUnsupported
}

// Restore brings a deleted object back and says what it is.
func (o *Operations) Restore(ctx context.Context, c Caller, id ID) (Kind, error) {
	return "", errors.ErrUnsupported
}

// Purge removes a deleted object for good.
func (o *Operations) Purge(ctx context.Context, c Caller, id ID) error {
	return errors.ErrUnsupported
}

// CreateTenant makes a tenant with its administrator.
func (o *Operations) CreateTenant(ctx context.Context, c Caller, r TenantRequest) (*NewTenant, error) {
	return nil, errors.ErrUnsupported
}

// EnsureBuiltins creates or refreshes the platform's own applications.
func (o *Operations) EnsureBuiltins(ctx context.Context) error { return errors.ErrUnsupported }

// ProvisionStandIns gives the caller's tenant the stand-ins of cloud resources.
func (o *Operations) ProvisionStandIns(ctx context.Context, c Caller) error {
	return errors.ErrUnsupported
}

// TenantRequest describes a new tenant.
type TenantRequest struct {
	ID          TenantID // drawn if zero
	DisplayName string
	// Domain is the initial and default domain; Domains are further verified ones.
	Domain   string
	Domains  []string
	Settings TenantSettings
	Demo     bool
	// AdminName is the part of the administrator's user name before the @;
	// "admin" if empty.
	AdminName string
	// Ids that are drawn if empty.
	AdminUserID, AdminAppID, AdminAppObjectID, AdminPrincipalID ID
}

// NewTenant is a tenant at the one moment when its secrets can be read.
type NewTenant struct {
	Tenant           *Tenant
	ClientID         ID // appId of the administrator application
	ClientSecret     SecretText
	AdminUser        string // user principal name
	AdminPassword    SecretText
	AdminUserID      ID
	AdminPrincipalID ID // service principal of the administrator application
}
