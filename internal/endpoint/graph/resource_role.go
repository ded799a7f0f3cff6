package graph

import (
	"errors"
	"net/http"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// Directory roles, in the two forms that clients know: role definitions with
// their assignments, and the older directoryRole with its members. A built-in
// role has one id in both, the public template id.

type (
	roleDefinition = directory.RoleDefinition
	roleAssignment = directory.RoleAssignment
)

var roleDefinitionEntity = newEntity("unifiedRoleDefinition", "roleManagement/directory/roleDefinitions", []property[roleDefinition]{
	identity("id", func(d *roleDefinition) directory.ID { return d.ID }).filtered(),
	shown("description", "Edm.String", func(d *roleDefinition) any { return d.Description }),
	shown("displayName", "Edm.String", func(d *roleDefinition) any { return d.DisplayName }).filtered(),
	shown("isBuiltIn", "Edm.Boolean", func(*roleDefinition) any { return true }).filtered(),
	shown("isEnabled", "Edm.Boolean", func(*roleDefinition) any { return true }).filtered(),
	{name: "resourceScopes", typ: "Edm.String", many: true, get: func(*roleDefinition) any { return []string{directory.WholeTenant} }},
	emptyList[roleDefinition]("rolePermissions"),
	identity("templateId", func(d *roleDefinition) directory.ID { return d.ID }).filtered(),
	shown("version", "Edm.String", func(*roleDefinition) any { return "1" }),
})

var roleAssignmentEntity = newEntity("unifiedRoleAssignment", "roleManagement/directory/roleAssignments", []property[roleAssignment]{
	identity("id", func(a *roleAssignment) directory.ID { return a.ID }),
	guid("principalId", func(a *roleAssignment) *directory.ID { return &a.PrincipalID }).filtered(),
	guid("roleDefinitionId", func(a *roleAssignment) *directory.ID { return &a.RoleDefinitionID }).filtered(),
	text("directoryScopeId", func(a *roleAssignment) *string { return &a.DirectoryScopeID }),
	shown("condition", "Edm.String", func(*roleAssignment) any { return nil }),
})

var directoryRoleEntity = newEntity("directoryRole", "directoryRoles", []property[roleDefinition]{
	identity("id", func(d *roleDefinition) directory.ID { return d.ID }).filtered(),
	shown("deletedDateTime", "Edm.DateTimeOffset", func(*roleDefinition) any { return nil }),
	shown("description", "Edm.String", func(d *roleDefinition) any { return d.Description }),
	shown("displayName", "Edm.String", func(d *roleDefinition) any { return d.DisplayName }).filtered(),
	identity("roleTemplateId", func(d *roleDefinition) directory.ID { return d.ID }).filtered(),
})

func listRoleDefinitions(c *call) (*reply, error) {
	return listOf(c, roleDefinitionEntity, directory.RoleDefinitions())
}

// roleAt finds the role that the path names.
func (c *call) roleAt() (roleDefinition, error) {
	k := c.keys[0]
	if k.name != "" && k.name != "id" && k.name != "roleTemplateId" {
		return roleDefinition{}, noSegment(k.name)
	}
	id, err := directory.ParseID(k.value)
	d, ok := directory.RoleDefinitionByID(id)
	if err != nil || !ok {
		return roleDefinition{}, notFound(k.value)
	}
	return d, nil
}

func getRoleDefinition(c *call) (*reply, error) {
	d, err := c.roleAt()
	if err != nil {
		return nil, err
	}
	return one(c, roleDefinitionEntity, http.StatusOK, &d)
}

func listRoleAssignments(c *call) (*reply, error) {
	return list(c, roleAssignmentEntity, c.api.Ops.Roles.RoleAssignments)
}

func (c *call) roleAssignmentAt() (*roleAssignment, error) {
	k := c.keys[0].value
	id, err := directory.ParseID(k)
	if err != nil {
		return nil, notFound(k)
	}
	a, err := c.api.Ops.Roles.RoleAssignment(c.ctx, c.tenant(), id)
	return a, orMissing(err, k)
}

func getRoleAssignment(c *call) (*reply, error) {
	a, err := c.roleAssignmentAt()
	if err != nil {
		return nil, err
	}
	return one(c, roleAssignmentEntity, http.StatusOK, a)
}

func createRoleAssignment(c *call) (*reply, error) {
	in, err := readBody(roleAssignmentEntity.props, c.body)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"principalId", "roleDefinitionId", "directoryScopeId"} {
		if !in.has(name) {
			return nil, missing(name)
		}
	}
	var draft roleAssignment
	in.apply(&draft)
	if err := c.mayGiveRole(draft.RoleDefinitionID); err != nil {
		return nil, err
	}
	a, err := c.api.Ops.AssignRole(c.ctx, c.caller, draft)
	if err != nil {
		return nil, err
	}
	rep, err := one(c, roleAssignmentEntity, http.StatusCreated, a)
	if err == nil {
		rep.location = c.base() + "/roleManagement/directory/roleAssignments/" + string(a.ID)
	}
	return rep, err
}

func deleteRoleAssignment(c *call) (*reply, error) {
	a, err := c.roleAssignmentAt()
	if err != nil {
		return nil, err
	}
	if err := c.mayGiveRole(a.RoleDefinitionID); err != nil {
		return nil, err
	}
	return noContent(), c.api.Ops.RemoveRole(c.ctx, c.caller, a.ID)
}

// listDirectoryRoles lists the roles that somebody has. The others need no
// activation: giving one is enough.
func listDirectoryRoles(c *call) (*reply, error) {
	given, err := c.allAssignments(nil)
	if err != nil {
		return nil, err
	}
	used := slices.DeleteFunc(directory.RoleDefinitions(), func(d roleDefinition) bool {
		return !slices.ContainsFunc(given, func(a *roleAssignment) bool { return a.RoleDefinitionID == d.ID })
	})
	return listOf(c, directoryRoleEntity, used)
}

// allAssignments reads every page of the assignments.
func (c *call) allAssignments(filter odata.Expr) ([]*roleAssignment, error) {
	var all []*roleAssignment
	o := directory.ListOptions{Limit: maxTop, Filter: filter}
	for {
		page, err := c.api.Ops.Roles.RoleAssignments(c.ctx, c.tenant(), o)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if o.After = page.Next; o.After == (directory.Cursor{}) {
			return all, nil
		}
	}
}

func getDirectoryRole(c *call) (*reply, error) {
	d, err := c.roleAt()
	if err != nil {
		return nil, err
	}
	return one(c, directoryRoleEntity, http.StatusOK, &d)
}

func listRoleMembers(c *call) (*reply, error) {
	d, err := c.roleAt()
	if err != nil {
		return nil, err
	}
	given, err := c.allAssignments(odata.Comparison{
		Op: odata.Equal, Left: odata.Path{Segments: []string{"roleDefinitionId"}}, Right: odata.Literal{Kind: odata.String, Text: string(d.ID)},
	})
	if err != nil {
		return nil, err
	}
	var members []directory.Owner
	for _, a := range given {
		members = append(members, directory.Owner{ID: a.PrincipalID, Kind: a.PrincipalKind})
	}
	items, err := c.owners(members)
	if err != nil {
		return nil, err
	}
	return listObjects(c, items)
}

// activateRole answers what clients do before they give a role in the older form.
// Every role is active here, so nothing changes.
func activateRole(c *call) (*reply, error) {
	type request struct{ template directory.ID }
	in, err := readBody([]property[request]{guid("roleTemplateId", func(r *request) *directory.ID { return &r.template })}, c.body)
	if err != nil {
		return nil, err
	}
	if !in.has("roleTemplateId") {
		return nil, missing("roleTemplateId")
	}
	var r request
	in.apply(&r)
	d, ok := directory.RoleDefinitionByID(r.template)
	if !ok {
		return nil, notFound(string(r.template)).withStatus(http.StatusBadRequest)
	}
	rep, err := one(c, directoryRoleEntity, http.StatusCreated, &d)
	if err == nil {
		rep.location = c.base() + "/directoryRoles/" + string(d.ID)
	}
	return rep, err
}

func addRoleMember(c *call) (*reply, error) {
	d, err := c.roleAt()
	if err != nil {
		return nil, err
	}
	id, err := c.reference()
	if err != nil {
		return nil, err
	}
	if err := c.mayGiveRole(d.ID); err != nil {
		return nil, err
	}
	has, err := c.roleOf(id, d.ID)
	if err != nil {
		return nil, err
	}
	if has != "" {
		return nil, badRequest("One or more added object references already exist for the following modified properties: 'members'.")
	}
	_, err = c.api.Ops.AssignRole(c.ctx, c.caller, roleAssignment{PrincipalID: id, RoleDefinitionID: d.ID, DirectoryScopeID: directory.WholeTenant})
	return noContent(), err
}

func removeRoleMember(c *call) (*reply, error) {
	d, err := c.roleAt()
	if err != nil {
		return nil, err
	}
	if err := c.mayGiveRole(d.ID); err != nil {
		return nil, err
	}
	id, err := directory.ParseID(c.keys[1].value)
	if err != nil {
		return nil, notFound(c.lastKey())
	}
	has, err := c.roleOf(id, d.ID)
	if err != nil {
		return nil, err
	}
	if has == "" {
		return nil, notFound(c.lastKey()).saying("One or more removed object references do not exist for the following modified properties: 'members'.")
	}
	return noContent(), c.api.Ops.RemoveRole(c.ctx, c.caller, has)
}

// roleOf finds the assignment by which the principal has the role, "" if it has
// not.
func (c *call) roleOf(id, role directory.ID) (directory.ID, error) {
	assigned, err := c.api.Ops.Roles.RoleAssignmentsOf(c.ctx, c.tenant(), id)
	i := slices.IndexFunc(assigned, func(a roleAssignment) bool { return a.RoleDefinitionID == role })
	if i < 0 {
		return "", err
	}
	return assigned[i].ID, err
}

// listMemberships lists the directory roles of a user: groups do not exist here.
func listMemberships(c *call) (*reply, error) {
	u, err := c.userAt()
	if err != nil {
		return nil, err
	}
	roles, err := c.rolesOf(u.ID)
	if err != nil {
		return nil, err
	}
	slices.Sort(roles)
	items := []object{}
	for _, id := range roles {
		if d, ok := directory.RoleDefinitionByID(id); ok {
			items = append(items, c.typed("directoryRole", directoryRoleEntity.whole(&d)))
		}
	}
	return listObjects(c, items)
}

// Invitations.

type invitation struct {
	directory.Invitation
	redirect string
	send     bool
	reset    bool
}

var invitationMembers = []property[invitation]{
	text("invitedUserEmailAddress", func(i *invitation) *string { return &i.Email }),
	text("inviteRedirectUrl", func(i *invitation) *string { return &i.redirect }),
	textOrEmpty("invitedUserDisplayName", func(i *invitation) *string { return &i.DisplayName }),
	textOrEmpty("invitedUserType", func(i *invitation) *string { return &i.UserType }),
	flag("sendInvitationMessage", func(i *invitation) *bool { return &i.send }),
	flag("resetRedemption", func(i *invitation) *bool { return &i.reset }),
}

// createInvitation adds a guest. There is nothing to redeem: the guest is linked
// with an account of this installation and signs in with it, so the address of
// the redemption is the application's own.
func createInvitation(c *call) (*reply, error) {
	c.take("invitedUserMessageInfo") // the words of a mail that is not sent
	in, err := readBody(invitationMembers, c.body)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"invitedUserEmailAddress", "inviteRedirectUrl"} {
		if !in.has(name) {
			return nil, missing(name)
		}
	}
	var inv invitation
	in.apply(&inv)
	switch {
	case inv.send:
		return nil, badRequest("One or more property values specified are invalid. This server sends no mail: leave sendInvitationMessage out and hand over inviteRedeemUrl.")
	case inv.reset:
		return nil, badRequest("One or more property values specified are invalid. resetRedemption is not supported: a guest is linked with one account.")
	}
	u, err := c.api.Ops.Invite(c.ctx, c.caller, inv.Invitation)
	if err != nil {
		return nil, err
	}
	id, err := directory.NewID(c.api.Ops.Rand)
	if err != nil {
		return nil, errors.Join(errors.New("drawing the id of an invitation"), err)
	}
	o := object{
		{"id", string(id)}, {"inviteRedeemUrl", inv.redirect}, {"inviteRedirectUrl", inv.redirect},
		{"invitedUserDisplayName", u.DisplayName}, {"invitedUserEmailAddress", inv.Email}, {"invitedUserType", u.UserType},
		{"sendInvitationMessage", false}, {"status", invitationStatus(u)}, {"invitedUser", object{{"id", string(u.ID)}}},
	}
	return &reply{status: http.StatusCreated, body: c.wrapEntity("invitations/$entity", o)}, nil
}

func invitationStatus(u *user) string {
	if u.ExternalUserState != nil && *u.ExternalUserState == "Accepted" {
		return "Completed"
	}
	return "PendingAcceptance"
}
