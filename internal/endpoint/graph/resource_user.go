package graph

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

type user = directory.User

var userEntity = newEntity("user", "users", userProperties())

// userProperties are in two groups: what every reply shows, and what is shown
// only when selected (learn.microsoft.com/graph/api/resources/user, 2026-11).
func userProperties() []property[user] {
	out := []property[user]{
		texts("businessPhones", func(u *user) *[]string { return &u.BusinessPhones }),
		text("displayName", func(u *user) *string { return &u.DisplayName }).sorted().inBasic(),
		textOrNull("givenName", func(u *user) **string { return &u.GivenName }).filtered().inBasic(),
		identity("id", func(u *user) directory.ID { return u.ID }).filtered().inBasic(),
		textOrNull("jobTitle", func(u *user) **string { return &u.JobTitle }).filtered(),
		textOrNull("mail", func(u *user) **string { return &u.Mail }).filtered().inBasic(),
		textOrNull("mobilePhone", func(u *user) **string { return &u.MobilePhone }),
		textOrNull("officeLocation", func(u *user) **string { return &u.OfficeLocation }),
		textOrNull("preferredLanguage", func(u *user) **string { return &u.PreferredLanguage }),
		textOrNull("surname", func(u *user) **string { return &u.Surname }).filtered().inBasic(),
		text("userPrincipalName", func(u *user) *string { return &u.UserPrincipalName }).sorted().inBasic(),
	}
	for _, p := range []property[user]{
		flag("accountEnabled", func(u *user) *bool { return &u.AccountEnabled }).filtered(),
		textOrNull("ageGroup", func(u *user) **string { return &u.AgeGroup }).private(),
		textOrNull("city", func(u *user) **string { return &u.City }),
		textOrNull("companyName", func(u *user) **string { return &u.CompanyName }),
		textOrNull("consentProvidedForMinor", func(u *user) **string { return &u.ConsentForMinor }).private(),
		textOrNull("country", func(u *user) **string { return &u.Country }),
		moment("createdDateTime", func(u *user) *timeValue { return &u.CreatedAt }).readOnly().sorted(),
		textOrNull("creationType", func(u *user) **string { return &u.CreationType }).readOnly(),
		moment("deletedDateTime", func(u *user) *timeValue { return &u.DeletedAt }).readOnly().filtered(),
		textOrNull("department", func(u *user) **string { return &u.Department }).filtered(),
		textOrNull("employeeId", func(u *user) **string { return &u.EmployeeID }).filtered(),
		textOrNull("employeeType", func(u *user) **string { return &u.EmployeeType }),
		textOrNull("externalUserState", func(u *user) **string { return &u.ExternalUserState }).readOnly().filtered(),
		identitiesProperty().private(),
		textOrNull("faxNumber", func(u *user) **string { return &u.FaxNumber }),
		moment("lastPasswordChangeDateTime", func(u *user) *timeValue { return &u.PasswordChangedAt }).readOnly().private(),
		textOrNull("mailNickname", func(u *user) **string { return &u.MailNickname }).filtered(),
		textOrNull("onPremisesImmutableId", func(u *user) **string { return &u.ImmutableID }).private(),
		texts("otherMails", func(u *user) *[]string { return &u.OtherMails }),
		textOrNull("passwordPolicies", func(u *user) **string { return &u.PasswordPolicies }).private(),
		passwordProfile(),
		textOrNull("postalCode", func(u *user) **string { return &u.PostalCode }),
		flagOrNull("showInAddressList", func(u *user) **bool { return &u.ShowInAddressList }),
		moment("signInSessionsValidFromDateTime", func(u *user) *timeValue { return &u.SessionsValidFrom }).readOnly().private(),
		textOrNull("state", func(u *user) **string { return &u.State }),
		textOrNull("streetAddress", func(u *user) **string { return &u.StreetAddress }),
		textOrNull("usageLocation", func(u *user) **string { return &u.UsageLocation }),
		textOrNull("userType", func(u *user) **string { return &u.UserType }).filtered(),
	} {
		out = append(out, p.hidden())
	}
	return out
}

// passwordProfile is write-only. The password itself is taken out of the body by
// takePassword, so that it never comes near an object that is stored.
func passwordProfile() property[user] {
	p := group("passwordProfile", "passwordProfile", func(*user) {},
		flag("forceChangePasswordNextSignIn", func(u *user) *bool { return &u.ForceChangePassword }),
		flag("forceChangePasswordNextSignInWithMfa", func(u *user) *bool { return &u.ForceChangePasswordWithMFA }))
	p.get = func(*user) any { return nil }
	return p
}

// identitiesProperty shows and takes the accounts of other directories that are
// this user.
func identitiesProperty() property[user] {
	type identity = directory.ObjectIdentity
	return parts("identities", "objectIdentity", func(u *user) *[]identity { return &u.Identities },
		text("signInType", func(i *identity) *string { return &i.SignInType }),
		text("issuer", func(i *identity) *string { return &i.Issuer }),
		text("issuerAssignedId", func(i *identity) *string { return &i.IssuerAssignedID }))
}

// takePassword reads the password in passwordProfile, nil if there is none, and
// leaves the other members for the table.
func (c *call) takePassword() (*string, error) {
	raw, ok := c.body["passwordProfile"]
	if !ok || isNull(raw) {
		return nil, nil
	}
	profile, err := required[map[string]rawMessage]("passwordProfile", raw)
	if err != nil {
		return nil, err
	}
	given, ok := profile["password"]
	if !ok {
		return nil, nil
	}
	delete(profile, "password")
	password, err := required[string]("passwordProfile/password", given)
	if err != nil {
		return nil, err
	}
	if c.body["passwordProfile"], err = marshalMembers(profile); err != nil {
		return nil, err
	}
	return &password, nil
}

// userAt finds the user that the path names: by object id or user principal
// name, or the signed-in one.
func (c *call) userAt() (*user, error) {
	if c.route.has(me) {
		return c.api.Users.User(c.ctx, c.tenant(), c.actor.User)
	}
	return c.userByKey(c.keys[0])
}

func (c *call) userByKey(k key) (*user, error) {
	if k.name != "" && k.name != "id" && k.name != "userPrincipalName" {
		return nil, noSegment(k.name)
	}
	if id, err := directory.ParseID(k.value); err == nil && k.name != "userPrincipalName" {
		u, err := c.api.Users.User(c.ctx, c.tenant(), id)
		return u, orMissing(err, k.value)
	}
	u, err := c.api.Users.UserByPrincipalName(c.ctx, c.tenant(), k.value)
	return u, orMissing(err, k.value)
}

func listUsers(c *call) (*reply, error)  { return list(c, userEntity, c.api.Users.Users) }
func countUsers(c *call) (*reply, error) { return total(c, userEntity, c.api.Users.Users) }
func listDeletedUsers(c *call) (*reply, error) {
	return list(c, userEntity, deletedOnly(c.api.Users.Users))
}

func getUser(c *call) (*reply, error) {
	u, err := c.userAt()
	if err != nil {
		return nil, err
	}
	return one(c, userEntity, http.StatusOK, u)
}

func createUser(c *call) (*reply, error) {
	password, err := c.takePassword()
	if err != nil {
		return nil, err
	}
	in, err := readBody(userEntity.props, c.body)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"accountEnabled", "displayName", "mailNickname", "userPrincipalName"} {
		if !in.has(name) {
			return nil, missing(name)
		}
	}
	if password == nil {
		return nil, missing("passwordProfile")
	}
	if in.has("identities") && !c.given(manageIdentities) {
		return nil, denied(textDenied)
	}
	// A password that somebody else chose is to be changed at the first sign-in,
	// unless the body says otherwise.
	member := "Member"
	draft := &user{ForceChangePassword: true, UserType: &member}
	in.apply(draft)
	u, err := c.api.Ops.CreateUser(c.ctx, c.caller, draft, *password)
	if err != nil {
		return nil, err
	}
	rep, err := one(c, userEntity, http.StatusCreated, u)
	if err == nil {
		rep.location = c.base() + "/users/" + string(u.ID)
	}
	return rep, err
}

// manageIdentities is the only permission that opens identities: whoever links
// an account can sign in as the user.
const manageIdentities = "User.ManageIdentities.All"

// narrowPermissions name the properties that each of them allows to change.
var narrowPermissions = map[string][]string{
	"User.EnableDisableAccount.All":      {"accountEnabled"},
	"User-PasswordProfile.ReadWrite.All": {"passwordProfile"},
	manageIdentities:                     {"identities"},
}

var (
	// ownProperties are what people may change of themselves.
	ownProperties = []string{
		"businessPhones", "city", "country", "faxNumber", "mobilePhone", "officeLocation", "postalCode", "preferredLanguage",
		"state", "streetAddress",
	}
	// sensitiveActions are changes with which an account can be taken over or shut
	// out (learn.microsoft.com/graph/api/resources/users#who-can-perform-sensitive-actions).
	sensitiveActions = []string{
		"accountEnabled", "businessPhones", "identities", "mobilePhone", "onPremisesImmutableId", "otherMails", "passwordProfile",
		"userPrincipalName",
	}
)

// mayChange holds the properties of a PATCH against the permissions that were
// met, and against the person's right.
func (c *call) mayChange(names []string) error {
	allowed := func(name string) bool {
		if c.ownRight && !slices.Contains(ownProperties, name) {
			return false
		}
		// Neither a password nor identities are among what Directory.ReadWrite.All
		// opens.
		switch {
		case name != "identities" && c.holdsAny("User.ReadWrite.All"),
			name != "identities" && name != "passwordProfile" && c.holdsAny("Directory.ReadWrite.All"),
			c.holdsAny("User.ReadWrite") && slices.Contains(ownProperties, name):
			return true
		}
		for permission, properties := range narrowPermissions {
			if c.holdsAny(permission) && slices.Contains(properties, name) {
				return true
			}
		}
		return false
	}
	for _, name := range names {
		if !allowed(name) {
			return denied(textDenied)
		}
	}
	return nil
}

// sensitive reports whether a change of the properties asks for a higher rank
// than the user's.
func (c *call) sensitive(u *user, names []string) bool {
	own := c.actor.User == u.ID
	return slices.ContainsFunc(names, func(n string) bool {
		return slices.Contains(sensitiveActions, n) && (!own || !slices.Contains(ownProperties, n))
	})
}

func patchUser(c *call) (*reply, error) {
	password, err := c.takePassword()
	if err != nil {
		return nil, err
	}
	in, err := readBody(userEntity.props, c.body)
	if err != nil {
		return nil, err
	}
	if err := c.mayChange(in.names); err != nil {
		return nil, err
	}
	u, err := c.userAt()
	if err != nil {
		return nil, err
	}
	if c.sensitive(u, in.names) {
		if err := c.outranks(u.ID); err != nil {
			return nil, err
		}
	}
	if err := c.api.Ops.ChangeUser(c.ctx, c.caller, u.ID, func(u *user) error { in.apply(u); return nil }, password); err != nil {
		return nil, err
	}
	if u, err = c.api.Users.User(c.ctx, c.tenant(), u.ID); err != nil {
		return nil, err
	}
	return patched(c, userEntity, u)
}

func deleteUser(c *call) (*reply, error) {
	u, err := c.userAt()
	if err != nil {
		return nil, err
	}
	if err := c.outranks(u.ID); err != nil {
		return nil, err
	}
	return noContent(), c.api.Ops.DeleteUser(c.ctx, c.caller, u.ID)
}

// revokeSessions makes every session and refresh token issued until now useless.
func revokeSessions(c *call) (*reply, error) {
	u, err := c.userAt()
	if err != nil {
		return nil, err
	}
	if err := c.api.Ops.RevokeSessions(c.ctx, c.caller, u.ID); err != nil {
		return nil, err
	}
	return &reply{status: http.StatusOK, body: c.wrapEntity("Edm.Boolean", object{{"value", true}})}, nil
}

// ownPassword is what POST /me/changePassword says.
type ownPassword struct{ current, wanted string }

var ownPasswordMembers = []property[ownPassword]{
	text("currentPassword", func(p *ownPassword) *string { return &p.current }),
	text("newPassword", func(p *ownPassword) *string { return &p.wanted }),
}

// changePassword lets a person choose a new password, who proves the current one
// once more: a token alone, perhaps stolen, changes no password.
func changePassword(c *call) (*reply, error) {
	in, err := readBody(ownPasswordMembers, c.body)
	if err != nil {
		return nil, err
	}
	for _, m := range ownPasswordMembers {
		if !in.has(m.name) {
			return nil, missing(m.name)
		}
	}
	var p ownPassword
	in.apply(&p)
	u, err := c.userAt()
	if err != nil {
		return nil, err
	}
	if u.PasswordHash != "" { // else the operation says why not
		if err := c.provePassword(u, p.current); err != nil {
			return nil, err
		}
	}
	return noContent(), c.api.Ops.ChangeOwnPassword(c.ctx, c.caller, u.ID, p.wanted)
}

const (
	textWrongPassword  = "The specified password does not match the current password."
	textLockedPassword = "Too many wrong passwords were given. Try again later."
)

// provePassword counts failures as a sign-in from an unfamiliar place does, so
// that who guesses here does not lock out the owner.
func (c *call) provePassword(u *user, password string) error {
	if c.api.Passwords == nil {
		return fmt.Errorf("%w: nobody checks passwords", directory.ErrUnavailable)
	}
	outcome, err := c.api.Passwords.Verify(c.ctx, c.tenant(), u, password, false)
	switch {
	case err != nil || outcome == credential.OK:
		return err
	case outcome == credential.Locked:
		return badRequest(textLockedPassword)
	}
	return badRequest(textWrongPassword)
}

// getManager answers what clients ask after each read of a user. Nobody has a
// manager here, which is a 404.
func getManager(c *call) (*reply, error) {
	if _, err := c.userAt(); err != nil {
		return nil, err
	}
	return nil, notFound("manager")
}

// listGrantsFor lists the delegated grants that a person gave or was given.
func listGrantsFor(c *call) (*reply, error) {
	u, err := c.userAt()
	if err != nil {
		return nil, err
	}
	return list(c, grantEntity, where(c.api.Grants.Grants, "principalId", string(u.ID)))
}
