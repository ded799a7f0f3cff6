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
	assignRoles       = "AppRoleAssignment.ReadWrite.All + Application.Read.All; AppRoleAssignment.ReadWrite.All + Directory.Read.All"
	removeRoles       = "AppRoleAssignment.ReadWrite.All"
	readUserRoles     = "AppRoleAssignment.ReadWrite.All; Directory.Read.All"
	readGrants        = "Directory.Read.All; DelegatedPermissionGrant.Read.All; DelegatedPermissionGrant.ReadWrite.All; Directory.ReadWrite.All"
	writeGrants       = "DelegatedPermissionGrant.ReadWrite.All; Directory.ReadWrite.All"
	readUserGrants    = "Directory.Read.All; DelegatedPermissionGrant.ReadWrite.All"
	readUsers         = "User.ReadBasic.All; User.Read.All; User.ReadWrite.All; Directory.Read.All; Directory.ReadWrite.All"
	readUser          = "User.ReadBasic.All; User.Read; User.Read.All; User.ReadWrite.All; Directory.Read.All; Directory.ReadWrite.All"
	createUsers       = "User.ReadWrite.All; Directory.ReadWrite.All"
	changeUsers       = "User.ReadWrite.All; Directory.ReadWrite.All; User-PasswordProfile.ReadWrite.All; User.EnableDisableAccount.All"
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
			{get, "/$metadata", "", "", getMetadata, open},
			{get, "/sekisho/tenants", noPermission, tenantsPermission, listTenants, operator},
			{post, "/sekisho/tenants", noPermission, tenantsPermission, createTenant, operator},
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
		{get, "/applications", readApplications, readApplicationsApp, listApplications, 0},
		{get, "/applications/$count", readApplications, readApplicationsApp, countApplications, 0},
		{post, "/applications", writeApplications, ownApplications, createApplication, 0},
		{get, one, readApplications, readApplicationsApp, getApplication, 0},
		{patch, one, writeApplications, ownApplications, patchApplication, 0},
		{del, one, writeApplications, ownApplications, deleteApplication, 0},

		{post, one + "/addPassword", writePrincipals, ownPrincipals, on(applicationTarget, addPassword), noBody},
		{post, one + "/removePassword", writePrincipals, ownPrincipals, on(applicationTarget, removePassword), 0},
		{post, one + "/addKey", writePrincipals, ownPrincipals, on(applicationTarget, addKey), ownKeys},
		{post, one + "/removeKey", writePrincipals, ownPrincipals, on(applicationTarget, removeKey), ownKeys},

		{get, one + "/owners", readApplications, readApplicationsApp, on(applicationTarget, listOwners), 0},
		{get, one + "/owners/$ref", readApplications, readApplicationsApp, on(applicationTarget, listOwnerRefs), 0},
		{post, one + "/owners/$ref", writeOwners, ownOwners, on(applicationTarget, addOwner), 0},
		{del, one + "/owners/$ref", writeOwners, ownOwners, on(applicationTarget, removeOwner), 0},
		{del, one + "/owners/{owner}/$ref", writeOwners, ownOwners, on(applicationTarget, removeOwner), 0},

		{get, fic, readFederated, readFederatedApp, listFederated, 0},
		{post, fic, writeApplications, ownApplications, createFederated, 0},
		{get, fic + "/{credential}", readFederated, readFederatedApp, getFederated, 0},
		{patch, fic + "/{credential}", writeApplications, ownApplications, patchFederated, 0},
		{del, fic + "/{credential}", writeApplications, ownApplications, deleteFederated, 0},

		{get, one + "/tokenLifetimePolicies", readLinked, readLinkedApp, on(applicationTarget, listLinkedPolicies), 0},
		{post, one + "/tokenLifetimePolicies/$ref", writeLinked, writeLinkedApp, on(applicationTarget, linkPolicy), 0},
		{del, one + "/tokenLifetimePolicies/{policy}/$ref", writeLinked, writeLinkedApp, on(applicationTarget, unlinkPolicy), 0},
	}
}

func servicePrincipalRoutes() []row {
	const one = "/servicePrincipals/{id}"
	return []row{
		{get, "/servicePrincipals", readApplications, readApplicationsApp, listServicePrincipals, 0},
		{get, "/servicePrincipals/$count", readApplications, readApplicationsApp, countServicePrincipals, 0},
		{post, "/servicePrincipals", writePrincipals, ownPrincipals, createServicePrincipal, 0},
		{get, one, readApplications, readApplicationsApp, getServicePrincipal, 0},
		{patch, one, writePrincipals, ownPrincipals, patchServicePrincipal, 0},
		{del, one, writePrincipals, ownPrincipals, deleteServicePrincipal, 0},

		{post, one + "/addPassword", writePrincipals, ownPrincipals, on(servicePrincipalTarget, addPassword), noBody},
		{post, one + "/removePassword", writePrincipals, ownPrincipals, on(servicePrincipalTarget, removePassword), 0},
		{post, one + "/addKey", writePrincipals, ownPrincipals, on(servicePrincipalTarget, addKey), ownKeys},
		{post, one + "/removeKey", writePrincipals, ownPrincipals, on(servicePrincipalTarget, removeKey), ownKeys},

		{get, one + "/owners", readApplications, readApplicationsApp, on(servicePrincipalTarget, listOwners), 0},
		{get, one + "/owners/$ref", readApplications, readApplicationsApp, on(servicePrincipalTarget, listOwnerRefs), 0},
		{post, one + "/owners/$ref", writeOwners, ownOwners, on(servicePrincipalTarget, addOwner), 0},
		{del, one + "/owners/$ref", writeOwners, ownOwners, on(servicePrincipalTarget, removeOwner), 0},
		{del, one + "/owners/{owner}/$ref", writeOwners, ownOwners, on(servicePrincipalTarget, removeOwner), 0},

		{get, one + "/appRoleAssignedTo", readApplications, readApplicationsApp, fromSide(resourceServicePrincipal, listAssignments), 0},
		{post, one + "/appRoleAssignedTo", assignRoles, assignRoles, fromSide(resourceServicePrincipal, createAssignment), 0},
		{get, one + "/appRoleAssignedTo/{assignment}", readApplications, readApplicationsApp, fromSide(resourceServicePrincipal, getAssignment), 0},
		{del, one + "/appRoleAssignedTo/{assignment}", removeRoles, removeRoles, fromSide(resourceServicePrincipal, deleteAssignment), 0},
		{get, one + "/appRoleAssignments", readApplications, readApplicationsApp, fromSide(principalServicePrincipal, listAssignments), 0},
		{post, one + "/appRoleAssignments", assignRoles, assignRoles, fromSide(principalServicePrincipal, createAssignment), 0},
		{get, one + "/appRoleAssignments/{assignment}", readApplications, readApplicationsApp, fromSide(principalServicePrincipal, getAssignment), 0},
		{del, one + "/appRoleAssignments/{assignment}", removeRoles, removeRoles, fromSide(principalServicePrincipal, deleteAssignment), 0},

		{get, one + "/oauth2PermissionGrants", readGrants, readGrants, listGrantsOf, 0},
		{get, one + "/tokenLifetimePolicies", readLinked, readLinkedApp, on(servicePrincipalTarget, listLinkedPolicies), 0},
		{post, one + "/tokenLifetimePolicies/$ref", writeLinked, writeLinkedApp, on(servicePrincipalTarget, linkPolicy), 0},
		{del, one + "/tokenLifetimePolicies/{policy}/$ref", writeLinked, writeLinkedApp, on(servicePrincipalTarget, unlinkPolicy), 0},
	}
}

func userRoutes() []row {
	const one = "/users/{id}"
	return []row{
		{get, "/users", readUsers, readUsers, listUsers, 0},
		{get, "/users/$count", readUsers, readUsers, countUsers, 0},
		{post, "/users", createUsers, createUsers, createUser, 0},
		{get, one, readUser, readUsers, getUser, self},
		{patch, one, changeUsers, changeUsers, patchUser, 0},
		{del, one, deleteUsers, deleteUsers, deleteUser, 0},
		{post, one + "/revokeSignInSessions", revokeUsers, revokeUsers, revokeSessions, noBody},
		{get, one + "/manager", readManager, readManager, getManager, 0},
		{get, one + "/appRoleAssignments", readUserRoles, readUserRoles, fromSide(principalUser, listAssignments), self},
		{post, one + "/appRoleAssignments", assignRoles, assignRoles, fromSide(principalUser, createAssignment), 0},
		{get, one + "/appRoleAssignments/{assignment}", readUserRoles, readUserRoles, fromSide(principalUser, getAssignment), self},
		{del, one + "/appRoleAssignments/{assignment}", removeRoles, removeRoles, fromSide(principalUser, deleteAssignment), 0},
		{get, one + "/oauth2PermissionGrants", readUserGrants, readUserGrants, listGrantsFor, self},

		{get, "/me", readUser, noPermission, getUser, me},
		{get, "/me/appRoleAssignments", readUserRoles, noPermission, fromSide(principalUser, listAssignments), me},
		{get, "/me/oauth2PermissionGrants", readUserGrants, noPermission, listGrantsFor, me},
	}
}

func policyRoutes() []row {
	const all, one = "/policies/tokenLifetimePolicies", "/policies/tokenLifetimePolicies/{id}"
	const grants, grantOne = "/oauth2PermissionGrants", "/oauth2PermissionGrants/{id}"
	return []row{
		{get, all, readPolicies, readPolicies, listPolicies, 0},
		{post, all, writePolicies, writePolicies, createPolicy, 0},
		{get, one, readPolicies, readPolicies, getPolicy, 0},
		{patch, one, writePolicies, writePolicies, patchPolicy, 0},
		{del, one, writePolicies, writePolicies, deletePolicy, 0},
		{get, one + "/appliesTo", readAppliesTo, readAppliesTo, listAppliesTo, 0},

		{get, grants, readGrants, readGrants, listGrants, 0},
		{post, grants, writeGrants, writeGrants, createGrant, 0},
		{get, grantOne, readGrants, readGrants, getGrant, 0},
		{patch, grantOne, writeGrants, writeGrants, patchGrant, 0},
		{del, grantOne, writeGrants, writeGrants, deleteGrant, 0},
	}
}

func directoryRoutes() []row {
	const deleted = "/directory/deletedItems"
	return []row{
		{get, "/organization", readOrganization, readOrganizations, listOrganization, 0},
		{get, "/organization/{id}", readOrganization, readOrganizations, getOrganization, 0},
		{get, "/domains", readDomains, readDomains, listDomains, 0},
		{get, "/domains/{id}", readDomains, readDomains, getDomain, 0},

		{get, "/directoryObjects/{id}", readObjects, readObjects, getDirectoryObject, 0},
		{post, "/directoryObjects/getByIds", readObjects, readObjects, getByIDs, 0},

		{get, deleted + "/microsoft.graph.application", readApplications, readApplicationsApp, listDeletedApplications, 0},
		{get, deleted + "/microsoft.graph.servicePrincipal", readApplications, readApplicationsApp, listDeletedServicePrincipals, 0},
		{get, deleted + "/microsoft.graph.user", readDeletedUser, readDeletedUser, listDeletedUsers, 0},
		{get, deleted + "/{id}", readDeletedAny, readDeletedAny, getDeleted, 0},
		{post, deleted + "/{id}/restore", writeDeletedAny, writeDeletedAny, restoreDeleted, noBody},
		{del, deleted + "/{id}", writeDeletedAny, writeDeletedAny, purgeDeleted, 0},
	}
}
