package sqlstore

import (
	"context"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

var applicationList = &listing{
	columns: `p.tenant_id, p.id, p.app_id, p.lifetime_policy_id, p.created_at, p.deleted_at, p.doc`,
	table:   "applications p", alias: "p", deleted: true,
	columnOf: columnOf{
		"id":              {expr: "p.id"},
		"appId":           {expr: "p.app_id"},
		"displayName":     {expr: "p.display_name_fold"},
		"uniqueName":      {expr: "p.unique_name_fold", nullable: true},
		"signInAudience":  {expr: "p.audience_fold"},
		"publisherDomain": {expr: "p.publisher_domain_fold", nullable: true},
		"createdDateTime": {expr: "p.created_at", kind: timeColumn},
		"deletedDateTime": {expr: "p.deleted_at", kind: timeColumn, nullable: true},
		"identifierUris": {kind: collection, sources: []source{
			{"p.id IN (SELECT u.application_id FROM application_uris u WHERE u.tenant_id = $1", "u.uri"},
		}},
		"tags": {kind: collection, sources: []source{
			{"p.id IN (SELECT v.object_id FROM object_values v WHERE v.tenant_id = $1 AND v.property = 'application.tags'", "v.value"},
		}},
	},
	orders: map[string]order{
		"displayName":     {column: "p.display_name_fold"},
		"createdDateTime": {column: "p.created_at", time: true},
	},
}

// Applications implements directory.ApplicationStore.
func (db *DB) Applications(ctx context.Context, t directory.TenantID, o directory.ListOptions) (directory.Page[*directory.Application], error) {
	return listIn(ctx, db, applicationList, t, nil, o, scanApplication,
		func(a *directory.Application) string { return string(a.ID) },
		func(s *session, apps []*directory.Application) error { return s.fillApplications(ctx, apps) })
}

var principalList = &listing{
	columns: `p.tenant_id, p.id, p.app_id, p.lifetime_policy_id, p.created_at, p.deleted_at, p.doc`,
	table:   "service_principals p", alias: "p", deleted: true,
	columnOf: columnOf{
		"id":                     {expr: "p.id"},
		"appId":                  {expr: "p.app_id"},
		"displayName":            {expr: "p.display_name_fold"},
		"servicePrincipalType":   {expr: "p.type_fold"},
		"accountEnabled":         {expr: "p.account_enabled", kind: boolColumn},
		"appOwnerOrganizationId": {expr: "p.owner_tenant_id", nullable: true},
		"createdDateTime":        {expr: "p.created_at", kind: timeColumn},
		"deletedDateTime":        {expr: "p.deleted_at", kind: timeColumn, nullable: true},
		// As ServicePrincipal.ServicePrincipalNames has them.
		"servicePrincipalNames": {kind: collection, sources: []source{
			{"", "p.app_id"},
			{"p.id IN (SELECT v.object_id FROM object_values v WHERE v.tenant_id = $1 AND v.property = 'servicePrincipal.names'", "v.value"},
			{`p.app_id IN (SELECT a.app_id FROM application_uris u CROSS JOIN applications a
				WHERE a.tenant_id = u.tenant_id AND a.id = u.application_id AND a.deleted_at = 0`, "u.uri"},
		}},
		// Tags are shown in union with the application's.
		"tags": {kind: collection, sources: []source{
			{"p.id IN (SELECT v.object_id FROM object_values v WHERE v.tenant_id = $1 AND v.property = 'servicePrincipal.tags'", "v.value"},
			{`p.app_id IN (SELECT a.app_id FROM object_values v CROSS JOIN applications a
				WHERE v.property = 'application.tags' AND a.tenant_id = v.tenant_id AND a.id = v.object_id AND a.deleted_at = 0`, "v.value"},
		}},
		"alternativeNames": {kind: collection, sources: []source{
			{"p.id IN (SELECT v.object_id FROM object_values v WHERE v.tenant_id = $1 AND v.property = 'servicePrincipal.alternativeNames'", "v.value"},
		}},
	},
	orders: map[string]order{
		"displayName":     {column: "p.display_name_fold"},
		"createdDateTime": {column: "p.created_at", time: true},
	},
}

// ServicePrincipals implements directory.ServicePrincipalStore.
func (db *DB) ServicePrincipals(ctx context.Context, t directory.TenantID, o directory.ListOptions) (directory.Page[*directory.ServicePrincipal], error) {
	return listIn(ctx, db, principalList, t, nil, o, scanPrincipal,
		func(p *directory.ServicePrincipal) string { return string(p.ID) },
		func(s *session, list []*directory.ServicePrincipal) error { return s.fillPrincipals(ctx, t, list) })
}

var userList = &listing{
	columns: `p.tenant_id, p.id, p.sessions_valid_from, p.password_changed_at, p.password_hash, p.created_at, p.deleted_at, p.doc`,
	table:   "users p", alias: "p", deleted: true,
	columnOf: columnOf{
		"id":                {expr: "p.id"},
		"userPrincipalName": {expr: "p.upn_fold"},
		"displayName":       {expr: "p.display_name_fold"},
		"mail":              {expr: "p.mail_fold", nullable: true},
		"mailNickname":      {expr: "p.mail_nickname_fold", nullable: true},
		"accountEnabled":    {expr: "p.account_enabled", kind: boolColumn},
		"userType":          {expr: "p.user_type_fold", nullable: true},
		"employeeId":        {expr: "p.employee_id_fold", nullable: true},
		"givenName":         {expr: "p.given_name_fold", nullable: true},
		"surname":           {expr: "p.surname_fold", nullable: true},
		"department":        {expr: "p.department_fold", nullable: true},
		"jobTitle":          {expr: "p.job_title_fold", nullable: true},
		"externalUserState": {expr: "p.external_state_fold", nullable: true},
		"createdDateTime":   {expr: "p.created_at", kind: timeColumn},
		"deletedDateTime":   {expr: "p.deleted_at", kind: timeColumn, nullable: true},
	},
	orders: map[string]order{
		"displayName":       {column: "p.display_name_fold"},
		"userPrincipalName": {column: "p.upn_fold"},
		"createdDateTime":   {column: "p.created_at", time: true},
	},
}

// Users implements directory.UserStore.
func (db *DB) Users(ctx context.Context, t directory.TenantID, o directory.ListOptions) (directory.Page[*directory.User], error) {
	return listIn(ctx, db, userList, t, nil, o, scanUser,
		func(u *directory.User) string { return string(u.ID) }, nil)
}

var grantList = &listing{
	columns: grantColumns, table: "grants g", alias: "g", where: awakeGrant,
	columnOf: columnOf{
		"id":          {expr: "g.id", exact: true},
		"clientId":    {expr: "g.client_id"},
		"resourceId":  {expr: "g.resource_id"},
		"principalId": {expr: "g.principal_id", emptyNull: true},
		"consentType": {expr: "g.consent_type", exact: true},
	},
}

// Grants implements directory.GrantStore.
func (db *DB) Grants(ctx context.Context, t directory.TenantID, o directory.ListOptions) (directory.Page[*directory.OAuth2PermissionGrant], error) {
	return listIn(ctx, db, grantList, t, nil, o, scanGrant,
		func(g *directory.OAuth2PermissionGrant) string { return g.ID }, nil)
}

var assignmentList = &listing{
	columns: assignmentColumns, table: "app_role_assignments a", alias: "a", where: awakeAssignment,
	columnOf: columnOf{
		"id":                   {expr: "a.id"},
		"appRoleId":            {expr: "a.app_role_id"},
		"principalId":          {expr: "a.principal_id"},
		"principalType":        {expr: "a.principal_kind", exact: true},
		"principalDisplayName": {expr: "a.principal_name_fold"},
		"resourceId":           {expr: "a.resource_id"},
		"createdDateTime":      {expr: "a.created_at", kind: timeColumn},
	},
	orders: map[string]order{
		"principalDisplayName": {column: "a.principal_name_fold"},
		"createdDateTime":      {column: "a.created_at", time: true},
	},
}

// AppRoleAssignedTo implements directory.AssignmentStore.
func (db *DB) AppRoleAssignedTo(ctx context.Context, t directory.TenantID, resource directory.ID, o directory.ListOptions) (directory.Page[directory.AppRoleAssignment], error) {
	of := []extraCondition{{"a.resource_id", resource}}
	return listIn(ctx, db, assignmentList, t, of, o, scanAssignment,
		func(a directory.AppRoleAssignment) string { return string(a.ID) }, nil)
}

var policyList = &listing{
	columns: `p.id, p.is_default, p.created_at, p.doc`, table: "token_lifetime_policies p", alias: "p",
	columnOf: columnOf{
		"id":                    {expr: "p.id"},
		"displayName":           {expr: "p.display_name_fold"},
		"isOrganizationDefault": {expr: "p.is_default", kind: boolColumn},
		"createdDateTime":       {expr: "p.created_at", kind: timeColumn},
	},
	orders: map[string]order{
		"displayName":     {column: "p.display_name_fold"},
		"createdDateTime": {column: "p.created_at", time: true},
	},
}

// TokenLifetimePolicies implements directory.PolicyStore.
func (db *DB) TokenLifetimePolicies(ctx context.Context, t directory.TenantID, o directory.ListOptions) (directory.Page[*directory.TokenLifetimePolicy], error) {
	return listIn(ctx, db, policyList, t, nil, o, scanPolicy,
		func(p *directory.TokenLifetimePolicy) string { return string(p.ID) }, nil)
}
