package graph

import (
	"errors"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// A right is what a person may do in the directory, whatever application they
// use: the other half of a delegated permission. Each route names the right that
// it needs, and the table below says who has it.
type right string

// The rights, in the words that the reference prints.
const (
	noRight right = "" // only for routes that people never reach

	toReadUsers          right = "read users"
	toReadUser           right = "read a user"
	toReadSensitive      right = "read sensitive properties of users"
	toChangeUser         right = "change a user"
	toManageUsers        right = "create and delete users"
	toRevokeSessions     right = "revoke sessions"
	toChangePassword     right = "change one's password"
	toInvite             right = "invite guests"
	toReadUserRoles      right = "read a user's app roles"
	toReadUserGrants     right = "read a user's consent"
	toReadMemberships    right = "read a user's directory roles"
	toReadApplications   right = "read applications"
	toRegister           right = "register applications"
	toManageApplications right = "manage applications"
	toReadAssignments    right = "read assignments"
	toAssign             right = "assign app roles"
	toAssignOwn          right = "assign app roles of a resource"
	toGrantGraph         right = "consent to application permissions of Graph"
	toListGrants         right = "read consent"
	toReadGrant          right = "read a consent"
	toRevokeGrant        right = "revoke a consent"
	toManageGrants       right = "consent for people"
	toReadPolicies       right = "read policies"
	toManagePolicies     right = "manage policies of applications"
	toManageConsent      right = "manage the policy of consent"
	toReadDirectory      right = "read directory objects"
	toReadOrganization   right = "read the organisation"
	toReadRoles          right = "read directory roles"
	toAssignRoles        right = "assign directory roles"
	toReadDeleted        right = "read what was deleted"
	toReadDeletedApps    right = "read deleted applications"
	toReadDeletedUsers   right = "read deleted users"
	toRestore            right = "restore and purge"
)

// holders are those who have a right. The Global Administrator has every right
// and stands in no row.
type holders struct {
	members bool // members of the organisation, without any role
	guests  bool // guests, without any role
	// partly: members and guests have it for a part only: for what they own, and
	// without the sensitive properties of others.
	partly bool
	owners bool // who owns the application or service principal of the path
	self   bool // each person for their own account, or their own consent
	reads  bool // Global Readers
	roles  []directory.ID
}

var (
	appAdmins  = []directory.ID{directory.RoleApplicationAdministrator, directory.RoleCloudApplicationAdministrator}
	roleAdmins = []directory.ID{directory.RolePrivilegedRoleAdministrator}
	userAdmins = []directory.ID{directory.RoleUserAdministrator}
	granters   = slices.Concat(roleAdmins, appAdmins)
)

// rights is the table. The default rights are those of members and limited
// guests, and the roles open what Entra's open, as far as it exists here
// (learn.microsoft.com/entra/fundamentals/users-default-permissions and
// /entra/identity/role-based-access-control/permissions-reference).
var rights = map[right]holders{
	toReadUsers:       {members: true, partly: true, reads: true, roles: userAdmins},
	toReadUser:        {members: true, partly: true, self: true, reads: true, roles: userAdmins},
	toReadSensitive:   {reads: true, roles: userAdmins},
	toChangeUser:      {self: true, roles: userAdmins},
	toManageUsers:     {roles: userAdmins},
	toRevokeSessions:  {self: true, roles: userAdmins},
	toChangePassword:  {self: true},
	toInvite:          {roles: append([]directory.ID{directory.RoleGuestInviter}, userAdmins...)},
	toReadUserRoles:   {self: true, reads: true, roles: append(slices.Clone(granters), userAdmins...)},
	toReadUserGrants:  {self: true, reads: true, roles: append(slices.Clone(granters), userAdmins...)},
	toReadMemberships: {members: true, self: true, reads: true},

	toReadApplications:   {members: true, guests: true, reads: true},
	toRegister:           {members: true, partly: true, roles: appAdmins},
	toManageApplications: {owners: true, roles: appAdmins},
	toReadAssignments:    {members: true, reads: true},
	toAssign:             {roles: granters},
	toAssignOwn:          {owners: true, roles: granters},
	toGrantGraph:         {roles: roleAdmins},
	toListGrants:         {reads: true, roles: granters},
	toReadGrant:          {self: true, reads: true, roles: granters},
	toRevokeGrant:        {self: true, roles: granters},
	toManageGrants:       {roles: granters},

	toReadPolicies:   {members: true, reads: true},
	toManagePolicies: {roles: appAdmins},
	toManageConsent:  {roles: roleAdmins},

	toReadDirectory:    {members: true, reads: true},
	toReadOrganization: {members: true, guests: true, reads: true},
	toReadRoles:        {members: true, reads: true},
	toAssignRoles:      {roles: roleAdmins},
	toReadDeleted:      {reads: true, roles: append(slices.Clone(appAdmins), userAdmins...)},
	toReadDeletedApps:  {reads: true, roles: appAdmins},
	toReadDeletedUsers: {reads: true, roles: userAdmins},
	toRestore:          {roles: append(slices.Clone(appAdmins), userAdmins...)},
}

// byRole reports whether one of the directory roles has the right.
func (h holders) byRole(roles []directory.ID) bool {
	return slices.ContainsFunc(roles, func(r directory.ID) bool {
		return r == directory.RoleGlobalAdministrator || h.reads && r == directory.RoleGlobalReader || slices.Contains(h.roles, r)
	})
}

func (h holders) byDefault(guest bool) bool { return guest && h.guests || !guest && h.members }

// principal is who acts, with the directory roles that they have in the tenant of
// the token: the person, or the application if it acts for itself.
type principal struct {
	roles  []directory.ID
	person bool
	guest  bool
}

// has reports whether the principal has the right for every object.
func (p *principal) has(r right) bool {
	h := rights[r]
	return h.byRole(p.roles) || p.person && !h.partly && h.byDefault(p.guest)
}

// who reads the principal, once in a call. Application-only calls come here only
// where their permissions do not decide.
func (c *call) who() (*principal, error) {
	if c.principal != nil {
		return c.principal, nil
	}
	p := &principal{person: c.actor.User != ""}
	id := c.actor.App
	if p.person {
		id = c.actor.User
		u, err := c.api.Users.User(c.ctx, c.tenant(), id)
		if errors.Is(err, directory.ErrNotFound) || err == nil && !u.AccountEnabled {
			return nil, ErrTokenRevoked
		}
		if err != nil {
			return nil, err
		}
		p.guest = u.UserType != nil && *u.UserType == "Guest"
	}
	var err error
	p.roles, err = c.rolesOf(id)
	c.principal = p
	return p, err
}

// rolesOf lists the directory roles of a user or service principal.
func (c *call) rolesOf(id directory.ID) ([]directory.ID, error) {
	assigned, err := c.api.Ops.Roles.RoleAssignmentsOf(c.ctx, c.tenant(), id)
	var roles []directory.ID
	for _, a := range assigned {
		roles = append(roles, a.RoleDefinitionID)
	}
	return roles, err
}

// asPerson is the delegated permission for everything that the person may do.
const asPerson = "Directory.AccessAsUser.All"

// delegated are the alternatives of a route's delegated permissions that the
// token meets.
func (c *call) delegated(rt *route) [][]string {
	if slices.Contains(c.actor.Scopes, asPerson) {
		return rt.delegatedNeeds
	}
	return rt.delegatedNeeds.granted(c.actor.Scopes)
}

// onlyOwn are the permissions that reach no account but the person's own.
var onlyOwn = []string{"User.Read", "User.ReadWrite"}

// authorizeDelegated holds the scopes and the person's rights against the route.
// Both are needed: an application never does for a person what the person could
// not do.
func (c *call) authorizeDelegated() error {
	c.granted = c.delegated(c.route)
	if len(c.granted) == 0 {
		return denied(textDenied)
	}
	p, err := c.who()
	if err != nil {
		return err
	}
	own, err := c.isOwn()
	if err != nil {
		return err
	}
	if strings.HasPrefix(c.route.path, "/users/{id}") && !own {
		c.granted = slices.DeleteFunc(slices.Clone(c.granted), func(set []string) bool {
			return slices.ContainsFunc(set, func(s string) bool { return slices.Contains(onlyOwn, s) })
		})
		if len(c.granted) == 0 {
			return denied(textDenied)
		}
	}
	c.basicOnly = every(c.granted, func(set []string) bool { return slices.Contains(set, readBasic) })
	c.publicOnly = !own && !rights[toReadSensitive].byRole(p.roles)
	return c.hasRight(p, rights[c.route.right], own)
}

// hasRight decides whether the person has the right for the object of the path.
func (c *call) hasRight(p *principal, h holders, own bool) error {
	c.ownRight = false
	switch {
	case h.byRole(p.roles):
		return nil
	case h.byDefault(p.guest):
		c.caller.OwnedOnly = h.partly
		return nil
	case h.self && own:
		c.ownRight = true
		return nil
	case h.owners:
		find := applicationTarget
		if strings.HasPrefix(c.route.path, "/servicePrincipals/") {
			find = servicePrincipalTarget
		}
		t, err := find(c)
		if err != nil {
			return err
		}
		if c.caller.Owns(t.owners) {
			c.caller.OwnedOnly = true
			return nil
		}
	}
	return denied(textDenied)
}

// isOwn reports whether the path names the person's own account, or a consent of
// theirs.
func (c *call) isOwn() (bool, error) {
	switch path := c.route.path; {
	case c.route.has(me):
		return true, nil
	case strings.HasPrefix(path, "/users/{id}"):
		u, err := c.userAt()
		if isMissing(err) {
			return false, nil
		}
		return err == nil && u.ID == c.actor.User, err
	case strings.HasPrefix(path, "/oauth2PermissionGrants/{id}"):
		g, err := c.api.Grants.Grant(c.ctx, c.tenant(), c.keys[0].value)
		if errors.Is(err, directory.ErrNotFound) {
			return false, nil
		}
		return err == nil && g.PrincipalID == c.actor.User, err
	}
	return false, nil
}
