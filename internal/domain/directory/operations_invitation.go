package directory

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Invitation asks for a guest: a user here whose account is in another tenant of
// this installation.
type Invitation struct {
	Email       string // the user principal name of the account there
	DisplayName string // "" takes the account's
	UserType    string // "" is Guest
}

// externalUserState of an invited guest, before and after the first sign-in.
const (
	statePending  = "PendingAcceptance"
	stateAccepted = "Accepted"
)

// Invite adds a guest, linked with the home account by the ids of tenant and
// object: addresses change hands, ids do not. A guest who is here already is
// returned as they are.
func (o *Operations) Invite(ctx context.Context, c Caller, in Invitation) (*User, error) {
	t, err := o.tenant(ctx, c.Tenant)
	if err != nil {
		return nil, err
	}
	const property = "invitedUserEmailAddress"
	if err := mail(property, &in.Email); err != nil {
		return nil, err
	}
	account, home, err := o.homeAccount(ctx, t, in.Email)
	if err != nil {
		return nil, err
	}
	have, err := o.Identities.UserByIdentity(ctx, c.Tenant, home.ID.String(), string(account.ID))
	if err == nil || !errors.Is(err, ErrNotFound) {
		return have, err
	}
	if in.DisplayName == "" {
		in.DisplayName = account.DisplayName
	}
	if in.UserType == "" {
		in.UserType = "Guest"
	}
	local, domain, _ := strings.Cut(account.UserPrincipalName, "@")
	alias := local + "_" + domain + "#EXT#"
	nickname := alias[:min(len(alias), maxMailNickname)]
	creation, state := invitation, statePending
	draft := &User{
		UserPrincipalName: alias + "@" + t.initialDomain(), DisplayName: in.DisplayName, AccountEnabled: true,
		MailNickname: &nickname, Mail: &in.Email, UserType: &in.UserType, CreationType: &creation, ExternalUserState: &state,
		Identities: []ObjectIdentity{{SignInType: SignInFederated, Issuer: home.ID.String(), IssuerAssignedID: string(account.ID)}},
	}
	return o.CreateUser(ctx, c, draft, "")
}

// homeAccount finds the account that an invitation means.
func (o *Operations) homeAccount(ctx context.Context, t *Tenant, email string) (*User, *Tenant, error) {
	const property = "invitedUserEmailAddress"
	domain := strings.ToLower(email[strings.IndexByte(email, '@')+1:])
	unknown := invalid(property, "No organisation of this installation has the account %s. Accounts of other systems cannot be invited: federation with them is not available on this server.", clip(email))
	if t.VerifiedDomain(domain) {
		return nil, nil, invalid(property, "The invited user already exists in the directory: %s is a domain of this organisation.", clip(domain))
	}
	if _, err := ParseID(domain); err == nil {
		return nil, nil, unknown
	}
	home, err := o.Tenants.TenantByName(ctx, domain)
	if errors.Is(err, ErrNotFound) {
		return nil, nil, unknown
	}
	if err != nil {
		return nil, nil, err
	}
	account, err := o.Users.UserByPrincipalName(ctx, home.ID, email)
	if errors.Is(err, ErrNotFound) || err == nil && (len(account.Identities) > 0 || home.Disabled) {
		return nil, nil, unknown // a guest's account is elsewhere
	}
	return account, home, err
}

// initialDomain is the domain that a tenant began with.
func (t *Tenant) initialDomain() string {
	for _, d := range t.Domains {
		if d.Initial {
			return d.Name
		}
	}
	return t.DefaultDomain()
}

// AcceptInvitation notes that an invited guest signed in.
func (o *Operations) AcceptInvitation(ctx context.Context, c Caller, id ID) error {
	u, err := o.Users.User(ctx, c.Tenant, id)
	if err != nil || value(u.ExternalUserState) != statePending {
		return err
	}
	ev := o.event(c, "Redeem external user invite", KindUser, id, u.UserPrincipalName)
	return o.Users.ChangeUser(ctx, c.Tenant, id, func(u *User) error {
		state := stateAccepted
		u.ExternalUserState = &state
		return nil
	}, ev)
}

const maxIdentities = 10

// judgeIdentities judges the accounts of other directories that a change links.
// They are accounts of other tenants of this installation, by ids.
func (o *Operations) judgeIdentities(ctx context.Context, before, u *User) error {
	if slices.Equal(before.Identities, u.Identities) {
		return nil
	}
	const property = "identities"
	if err := first(atMost(property, len(u.Identities), maxIdentities), unique(property, u.Identities)); err != nil {
		return err
	}
	for i := range u.Identities {
		if err := o.judgeIdentity(ctx, u.TenantID, u.Identities[i]); err != nil {
			return err
		}
		other, err := o.Identities.UserByIdentity(ctx, u.TenantID, u.Identities[i].Issuer, u.Identities[i].IssuerAssignedID)
		if err == nil && other.ID != u.ID {
			return refusal(ObjectConflict, property, textSameValue, property)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

func (o *Operations) judgeIdentity(ctx context.Context, own TenantID, x ObjectIdentity) error {
	const property = "identities"
	const text = "The issuer of an identity must be the id of another organisation of this installation; federation with other systems is not available on this server."
	if x.SignInType != SignInFederated {
		return invalid(property, "Property identities holds a signInType other than '%s'; a user signs in with userPrincipalName anyway.", SignInFederated)
	}
	issuer, err := ParseTenantID(x.Issuer)
	if err != nil || issuer == own || issuer == Installation || issuer == Consumers {
		return invalid(property, text)
	}
	if _, err := ParseID(x.IssuerAssignedID); err != nil {
		return invalid(property, "The issuerAssignedId of an identity must be the object id of the user in the organisation that issues it.")
	}
	_, err = o.Tenants.TenantByName(ctx, issuer.String())
	if errors.Is(err, ErrNotFound) {
		return invalid(property, text)
	}
	return err
}
