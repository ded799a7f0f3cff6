package graph

import "net/http"

// Permissions that several rows share. Names, alternatives and which of them
// exist only for applications are those of Graph's permission reference
// (learn.microsoft.com/graph/permissions-reference and the "Permissions" table
// of each operation, 2026-11).
const (
	readApplications    = "Application.Read.All; Application.ReadWrite.All; Directory.Read.All; Directory.ReadWrite.All"
	readApplicationsApp = "Application.Read.All; Application.ReadWrite.OwnedBy; Application.ReadWrite.All; Directory.Read.All; Directory.ReadWrite.All"
	writeApplications   = "Application.ReadWrite.All"
	ownApplications     = "Application.ReadWrite.OwnedBy; Application.ReadWrite.All"
	writePrincipals     = "Application.ReadWrite.All; Directory.ReadWrite.All"
	ownPrincipals       = "Application.ReadWrite.OwnedBy; Application.ReadWrite.All; Directory.ReadWrite.All"
	writeOwners         = "Application.ReadWrite.All + Directory.Read.All; Directory.ReadWrite.All"
	ownOwners           = "Application.ReadWrite.OwnedBy + Directory.Read.All; Application.ReadWrite.All + Directory.Read.All; Directory.ReadWrite.All"

	readFederated    = "Application.Read.All; Application.ReadWrite.All"
	readFederatedApp = "Application.Read.All; Application.ReadWrite.OwnedBy; Application.ReadWrite.All"

	readLinked     = "Application.Read.All + Policy.Read.All; Application.ReadWrite.All + Policy.Read.All"
	readLinkedApp  = "Application.Read.All + Policy.Read.All; Application.ReadWrite.OwnedBy + Policy.Read.All; Application.ReadWrite.All + Policy.Read.All"
	writeLinked    = "Policy.ReadWrite.ApplicationConfiguration + Application.ReadWrite.All; Application.ReadWrite.All + Policy.Read.All"
	writeLinkedApp = "Policy.ReadWrite.ApplicationConfiguration + Application.ReadWrite.All; Application.ReadWrite.OwnedBy + Policy.Read.All; Application.ReadWrite.All + Policy.Read.All"

	// Application.ReadWrite.All alone grants no roles: else an application that
	// may manage applications could give itself everything.
	assignRoles     = "AppRoleAssignment.ReadWrite.All + Application.Read.All; AppRoleAssignment.ReadWrite.All + Directory.Read.All"
	removeRoles     = "AppRoleAssignment.ReadWrite.All"
	readUserRoles   = "AppRoleAssignment.ReadWrite.All; Directory.Read.All"
	readGrants      = "Directory.Read.All; DelegatedPermissionGrant.Read.All; DelegatedPermissionGrant.ReadWrite.All; Directory.ReadWrite.All"
	writeGrants     = "DelegatedPermissionGrant.ReadWrite.All; Directory.ReadWrite.All"
	readUserGrants  = "Directory.Read.All; DelegatedPermissionGrant.ReadWrite.All"
	readUsers       = "User.ReadBasic.All; User.Read.All; User.ReadWrite.All; Directory.Read.All; Directory.ReadWrite.All"
	readUser        = "User.ReadBasic.All; User.Read; User.ReadWrite; User.Read.All; User.ReadWrite.All; Directory.Read.All; Directory.ReadWrite.All"
	createUsers     = "User.ReadWrite.All; Directory.ReadWrite.All"
	changeUsers     = "User.ReadWrite.All; Directory.ReadWrite.All; User-PasswordProfile.ReadWrite.All; User.EnableDisableAccount.All; User.ManageIdentities.All"
	changeUser      = "User.ReadWrite; " + changeUsers
	changePasswords = "User-PasswordProfile.ReadWrite.All; " + asPerson
	inviteUsers     = "User.Invite.All; Directory.ReadWrite.All; User.ReadWrite.All"

	readMemberships    = "User.Read; User.ReadWrite; User.Read.All; Directory.Read.All; Directory.ReadWrite.All"
	readMembershipsApp = "Directory.Read.All; Directory.ReadWrite.All"
	readRoles          = "RoleManagement.Read.Directory; RoleManagement.ReadWrite.Directory; Directory.Read.All; RoleManagement.Read.All; Directory.ReadWrite.All"
	writeRoles         = "RoleManagement.ReadWrite.Directory"
	readAuthorization  = "Policy.Read.All; Policy.ReadWrite.Authorization"
	writeAuthorization = "Policy.ReadWrite.Authorization"

	deleteUsers       = "User.DeleteRestore.All; User.ReadWrite.All"
	revokeUsers       = "User.RevokeSessions.All; Directory.ReadWrite.All; User.ReadWrite.All"
	readManager       = "User.Read.All; User.ReadWrite.All; Directory.Read.All; Directory.ReadWrite.All"
	readPolicies      = "Policy.Read.All; Policy.ReadWrite.ApplicationConfiguration"
	writePolicies     = "Policy.ReadWrite.ApplicationConfiguration"
	readAppliesTo     = "Policy.Read.All + Application.Read.All; Policy.ReadWrite.ApplicationConfiguration + Application.Read.All"
	readObjects       = "Directory.Read.All"
	readOrganization  = "User.Read; Directory.Read.All; Organization.Read.All; Organization.ReadWrite.All; Directory.ReadWrite.All"
	readOrganizations = "Directory.Read.All; Organization.Read.All; User.Read.All; Directory.ReadWrite.All"
	readDomains       = "Domain.Read.All; Domain.ReadWrite.All; Directory.Read.All"

	// Deleted objects: the handlers ask for what the type needs.
	readDeletedAny  = "Application.Read.All; Directory.Read.All; User.Read.All; User.DeleteRestore.All"
	writeDeletedAny = "Application.ReadWrite.OwnedBy; Application.ReadWrite.All; User.DeleteRestore.All; User.ReadWrite.All"
	readDeletedUser = "User.Read.All; User.DeleteRestore.All; Directory.Read.All"

	noPermission = "-" // this kind of token is never enough
)

const (
	get   = http.MethodGet
	post  = http.MethodPost
	patch = http.MethodPatch
	del   = http.MethodDelete
)

// routes is everything that this API serves, each row under both versions.
func routes() []row {
	return concat(
		applicationRoutes(), servicePrincipalRoutes(), userRoutes(), policyRoutes(), directoryRoutes(),
		[]row{
			{get, "/$metadata", "", "", noRight, getMetadata, open},
			{get, "/sekisho/tenants", noPermission, tenantsPermission, noRight, listTenants, operator},
			{post, "/sekisho/tenants", noPermission, tenantsPermission, noRight, createTenant, operator},
		},
	)
}

func concat(lists ...[]row) []row {
	var all []row
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func applicationRoutes() []row {
	const one = "/applications/{id}"
	const fic = one + "/federatedIdentityCredentials"
	return []row{
		{get, "/applications", readApplications, readApplicationsApp, toReadApplications, listApplications, 0},
		{get, "/applications/$count", readApplications, readApplicationsApp, toReadApplications, countApplications, 0},
		{post, "/applications", writeApplications, ownApplications, toRegister, createApplication, 0},
		{get, one, readApplications, readApplicationsApp, toReadApplications, getApplication, 0},
		{patch, one, writeApplications, ownApplications, toManageApplications, patchApplication, 0},
		{del, one, writeApplications, ownApplications, toManageApplications, deleteApplication, 0},

		{post, one + "/addPassword", writePrincipals, ownPrincipals, toManageApplications, on(applicationTarget, addPassword), noBody},
		{post, one + "/removePassword", writePrincipals, ownPrincipals, toManageApplications, on(applicationTarget, removePassword), 0},
		{post, one + "/addKey", writePrincipals, ownPrincipals, toManageApplications, on(applicationTarget, addKey), ownKeys},
		{post, one + "/removeKey", writePrincipals, ownPrincipals, toManageApplications, on(applicationTarget, removeKey), ownKeys},

		{get, one + "/owners", readApplications, readApplicationsApp, toReadApplications, on(applicationTarget, listOwners), 0},
		{get, one + "/owners/$ref", readApplications, readApplicationsApp, toReadApplications, on(applicationTarget, listOwnerRefs), 0},
		{post, one + "/owners/$ref", writeOwners, ownOwners, toManageApplications, on(applicationTarget, addOwner), 0},
		{del, one + "/owners/$ref", writeOwners, ownOwners, toManageApplications, on(applicationTarget, removeOwner), 0},
		{del, one + "/owners/{owner}/$ref", writeOwners, ownOwners, toManageApplications, on(applicationTarget, removeOwner), 0},

		{get, fic, readFederated, readFederatedApp, toReadApplications, listFederated, 0},
		{post, fic, writeApplications, ownApplications, toManageApplications, createFederated, 0},
		{get, fic + "/{credential}", readFederated, readFederatedApp, toReadApplications, getFederated, 0},
		{patch, fic + "/{credential}", writeApplications, ownApplications, toManageApplications, patchFederated, 0},
		{del, fic + "/{credential}", writeApplications, ownApplications, toManageApplications, deleteFederated, 0},

		{get, one + "/tokenLifetimePolicies", readLinked, readLinkedApp, toReadPolicies, on(applicationTarget, listLinkedPolicies), 0},
		{post, one + "/tokenLifetimePolicies/$ref", writeLinked, writeLinkedApp, toManageApplications, on(applicationTarget, linkPolicy), 0},
		{del, one + "/tokenLifetimePolicies/{policy}/$ref", writeLinked, writeLinkedApp, toManageApplications, on(applicationTarget, unlinkPolicy), 0},
	}
}

func servicePrincipalRoutes() []row {
	const one = "/servicePrincipals/{id}"
	return []row{
		{get, "/servicePrincipals", readApplications, readApplicationsApp, toReadApplications, listServicePrincipals, 0},
		{get, "/servicePrincipals/$count", readApplications, readApplicationsApp, toReadApplications, countServicePrincipals, 0},
		{post, "/servicePrincipals", writePrincipals, ownPrincipals, toRegister, createServicePrincipal, 0},
		{get, one, readApplications, readApplicationsApp, toReadApplications, getServicePrincipal, 0},
		{patch, one, writePrincipals, ownPrincipals, toManageApplications, patchServicePrincipal, 0},
		{del, one, writePrincipals, ownPrincipals, toManageApplications, deleteServicePrincipal, 0},

		{post, one + "/addPassword", writePrincipals, ownPrincipals, toManageApplications, on(servicePrincipalTarget, addPassword), noBody},
		{post, one + "/removePassword", writePrincipals, ownPrincipals, toManageApplications, on(servicePrincipalTarget, removePassword), 0},
		{post, one + "/addKey", writePrincipals, ownPrincipals, toManageApplications, on(servicePrincipalTarget, addKey), ownKeys},
		{post, one + "/removeKey", writePrincipals, ownPrincipals, toManageApplications, on(servicePrincipalTarget, removeKey), ownKeys},

		{get, one + "/owners", readApplications, readApplicationsApp, toReadApplications, on(servicePrincipalTarget, listOwners), 0},
		{get, one + "/owners/$ref", readApplications, readApplicationsApp, toReadApplications, on(servicePrincipalTarget, listOwnerRefs), 0},
		{post, one + "/owners/$ref", writeOwners, ownOwners, toManageApplications, on(servicePrincipalTarget, addOwner), 0},
		{del, one + "/owners/$ref", writeOwners, ownOwners, toManageApplications, on(servicePrincipalTarget, removeOwner), 0},
		{del, one + "/owners/{owner}/$ref", writeOwners, ownOwners, toManageApplications, on(servicePrincipalTarget, removeOwner), 0},

		{get, one + "/appRoleAssignedTo", readApplications, readApplicationsApp, toReadAssignments, fromSide(resourceServicePrincipal, listAssignments), 0},
		{post, one + "/appRoleAssignedTo", assignRoles, assignRoles, toAssignOwn, fromSide(resourceServicePrincipal, createAssignment), 0},
		{get, one + "/appRoleAssignedTo/{assignment}", readApplications, readApplicationsApp, toReadAssignments, fromSide(resourceServicePrincipal, getAssignment), 0},
		{del, one + "/appRoleAssignedTo/{assignment}", removeRoles, removeRoles, toAssignOwn, fromSide(resourceServicePrincipal, deleteAssignment), 0},
		{get, one + "/appRoleAssignments", readApplications, readApplicationsApp, toReadAssignments, fromSide(principalServicePrincipal, listAssignments), 0},
		{post, one + "/appRoleAssignments", assignRoles, assignRoles, toAssign, fromSide(principalServicePrincipal, createAssignment), 0},
		{get, one + "/appRoleAssignments/{assignment}", readApplications, readApplicationsApp, toReadAssignments, fromSide(principalServicePrincipal, getAssignment), 0},
		{del, one + "/appRoleAssignments/{assignment}", removeRoles, removeRoles, toAssign, fromSide(principalServicePrincipal, deleteAssignment), 0},

		{get, one + "/oauth2PermissionGrants", readGrants, readGrants, toListGrants, listGrantsOf, 0},
		{get, one + "/tokenLifetimePolicies", readLinked, readLinkedApp, toReadPolicies, on(servicePrincipalTarget, listLinkedPolicies), 0},
		{post, one + "/tokenLifetimePolicies/$ref", writeLinked, writeLinkedApp, toManageApplications, on(servicePrincipalTarget, linkPolicy), 0},
		{del, one + "/tokenLifetimePolicies/{policy}/$ref", writeLinked, writeLinkedApp, toManageApplications, on(servicePrincipalTarget, unlinkPolicy), 0},
	}
}

func userRoutes() []row {
	const one = "/users/{id}"
	return []row{
		{get, "/users", readUsers, readUsers, toReadUsers, listUsers, 0},
		{get, "/users/$count", readUsers, readUsers, toReadUsers, countUsers, 0},
		{post, "/users", createUsers, createUsers, toManageUsers, createUser, 0},
		{get, one, readUser, readUsers, toReadUser, getUser, 0},
		{patch, one, changeUser, changeUsers, toChangeUser, patchUser, 0},
		{del, one, deleteUsers, deleteUsers, toManageUsers, deleteUser, 0},
		{post, one + "/revokeSignInSessions", revokeUsers, revokeUsers, toRevokeSessions, revokeSessions, noBody},
		{get, one + "/manager", readManager, readManager, toReadUser, getManager, 0},
		{get, one + "/memberOf", readMemberships, readMembershipsApp, toReadMemberships, listMemberships, 0},
		{get, one + "/transitiveMemberOf", readMemberships, readMembershipsApp, toReadMemberships, listMemberships, 0},
		{get, one + "/appRoleAssignments", readUserRoles, readUserRoles, toReadUserRoles, fromSide(principalUser, listAssignments), 0},
		{post, one + "/appRoleAssignments", assignRoles, assignRoles, toAssign, fromSide(principalUser, createAssignment), 0},
		{get, one + "/appRoleAssignments/{assignment}", readUserRoles, readUserRoles, toReadUserRoles, fromSide(principalUser, getAssignment), 0},
		{del, one + "/appRoleAssignments/{assignment}", removeRoles, removeRoles, toAssign, fromSide(principalUser, deleteAssignment), 0},
		{get, one + "/oauth2PermissionGrants", readUserGrants, readUserGrants, toReadUserGrants, listGrantsFor, 0},

		{get, "/me", readUser, noPermission, toReadUser, getUser, me},
		{patch, "/me", changeUser, noPermission, toChangeUser, patchUser, me},
		{get, "/me/memberOf", readMemberships, noPermission, toReadMemberships, listMemberships, me},
		{get, "/me/transitiveMemberOf", readMemberships, noPermission, toReadMemberships, listMemberships, me},
		{get, "/me/manager", readUser, noPermission, toReadUser, getManager, me},
		{post, "/me/revokeSignInSessions", revokeUsers, noPermission, toRevokeSessions, revokeSessions, me | noBody},
		{post, "/me/changePassword", changePasswords, noPermission, toChangePassword, changePassword, me},
		{get, "/me/appRoleAssignments", readUserRoles, noPermission, toReadUserRoles, fromSide(principalUser, listAssignments), me},
		{get, "/me/oauth2PermissionGrants", readUserGrants, noPermission, toReadUserGrants, listGrantsFor, me},
	}
}

func policyRoutes() []row {
	const all, one = "/policies/tokenLifetimePolicies", "/policies/tokenLifetimePolicies/{id}"
	const authorization = "/policies/authorizationPolicy"
	const grants, grantOne = "/oauth2PermissionGrants", "/oauth2PermissionGrants/{id}"
	return []row{
		{get, all, readPolicies, readPolicies, toReadPolicies, listPolicies, 0},
		{post, all, writePolicies, writePolicies, toManagePolicies, createPolicy, 0},
		{get, one, readPolicies, readPolicies, toReadPolicies, getPolicy, 0},
		{patch, one, writePolicies, writePolicies, toManagePolicies, patchPolicy, 0},
		{del, one, writePolicies, writePolicies, toManagePolicies, deletePolicy, 0},
		{get, one + "/appliesTo", readAppliesTo, readAppliesTo, toReadPolicies, listAppliesTo, 0},

		{get, authorization, readAuthorization, readAuthorization, toReadPolicies, getAuthorizationPolicy, 0},
		{patch, authorization, writeAuthorization, writeAuthorization, toManageConsent, patchAuthorizationPolicy, 0},
		// The beta version has the same under one more name.
		{get, authorization + "/authorizationPolicy", readAuthorization, readAuthorization, toReadPolicies, getAuthorizationPolicy, 0},
		{patch, authorization + "/authorizationPolicy", writeAuthorization, writeAuthorization, toManageConsent, patchAuthorizationPolicy, 0},

		{get, grants, readGrants, readGrants, toListGrants, listGrants, 0},
		{post, grants, writeGrants, writeGrants, toManageGrants, createGrant, 0},
		{get, grantOne, readGrants, readGrants, toReadGrant, getGrant, 0},
		{patch, grantOne, writeGrants, writeGrants, toManageGrants, patchGrant, 0},
		{del, grantOne, writeGrants, writeGrants, toRevokeGrant, deleteGrant, 0},
	}
}

func directoryRoutes() []row {
	const deleted = "/directory/deletedItems"
	const roles, role = "/roleManagement/directory/roleDefinitions", "/roleManagement/directory/roleDefinitions/{id}"
	const given, givenOne = "/roleManagement/directory/roleAssignments", "/roleManagement/directory/roleAssignments/{id}"
	return []row{
		{get, roles, readRoles, readRoles, toReadRoles, listRoleDefinitions, 0},
		{get, role, readRoles, readRoles, toReadRoles, getRoleDefinition, 0},
		{get, given, readRoles, readRoles, toReadRoles, listRoleAssignments, 0},
		{post, given, writeRoles, writeRoles, toAssignRoles, createRoleAssignment, 0},
		{get, givenOne, readRoles, readRoles, toReadRoles, getRoleAssignment, 0},
		{del, givenOne, writeRoles, writeRoles, toAssignRoles, deleteRoleAssignment, 0},
		{get, "/directoryRoles", readRoles, readRoles, toReadRoles, listDirectoryRoles, 0},
		{get, "/directoryRoles/{id}", readRoles, readRoles, toReadRoles, getDirectoryRole, 0},
		{get, "/directoryRoles/{id}/members", readRoles, readRoles, toReadRoles, listRoleMembers, 0},
		{post, "/directoryRoles", writeRoles, writeRoles, toAssignRoles, activateRole, 0},
		{post, "/directoryRoles/{id}/members/$ref", writeRoles, writeRoles, toAssignRoles, addRoleMember, 0},
		{del, "/directoryRoles/{id}/members/{member}/$ref", writeRoles, writeRoles, toAssignRoles, removeRoleMember, 0},
		{post, "/invitations", inviteUsers, inviteUsers, toInvite, createInvitation, 0},

		{get, "/organization", readOrganization, readOrganizations, toReadOrganization, listOrganization, 0},
		{get, "/organization/{id}", readOrganization, readOrganizations, toReadOrganization, getOrganization, 0},
		{get, "/domains", readDomains, readDomains, toReadOrganization, listDomains, 0},
		{get, "/domains/{id}", readDomains, readDomains, toReadOrganization, getDomain, 0},

		{get, "/directoryObjects/{id}", readObjects, readObjects, toReadDirectory, getDirectoryObject, 0},
		{post, "/directoryObjects/getByIds", readObjects, readObjects, toReadDirectory, getByIDs, 0},

		{get, deleted + "/microsoft.graph.application", readApplications, readApplicationsApp, toReadDeletedApps, listDeletedApplications, 0},
		{get, deleted + "/microsoft.graph.servicePrincipal", readApplications, readApplicationsApp, toReadDeletedApps, listDeletedServicePrincipals, 0},
		{get, deleted + "/microsoft.graph.user", readDeletedUser, readDeletedUser, toReadDeletedUsers, listDeletedUsers, 0},
		{get, deleted + "/{id}", readDeletedAny, readDeletedAny, toReadDeleted, getDeleted, 0},
		{post, deleted + "/{id}/restore", writeDeletedAny, writeDeletedAny, toRestore, restoreDeleted, noBody},
		{del, deleted + "/{id}", writeDeletedAny, writeDeletedAny, toRestore, purgeDeleted, 0},
	}
}
