-- Rows as version 1 wrote them.
INSERT INTO tenants (id, display_name, created_at, disabled, demo, settings) VALUES
	('a0000000-0000-4000-8000-000000000001', 'Old', 1795255680000000, FALSE, FALSE, '{"countryLetterCode":"JP"}');
INSERT INTO domains (tenant_id, name, position, verified, is_default, is_initial, created_at) VALUES
	('a0000000-0000-4000-8000-000000000001', 'old.example', 0, TRUE, TRUE, TRUE, 1795255680000000);
INSERT INTO applications (tenant_id, id, app_id, display_name_fold, unique_name_fold, audience_fold, publisher_domain_fold, lifetime_policy_id, created_at, deleted_at, doc) VALUES
	('a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000003', 'old api', NULL, 'azureadmyorg', NULL, '', 1795255680000000, 0,
	'{"displayName":"Old API","signInAudience":"AzureADMyOrg","identifierUris":["api://old"],"api":{"requestedAccessTokenVersion":null,"acceptMappedClaims":null,"knownClientApplications":null,"oauth2PermissionScopes":null,"preAuthorizedApplications":null}}');
INSERT INTO application_uris (tenant_id, uri, application_id, everywhere) VALUES
	('a0000000-0000-4000-8000-000000000001', 'api://old', 'a0000000-0000-4000-8000-000000000002', FALSE);
INSERT INTO credentials (tenant_id, object_id, kind, position, key_id, display_name, start_at, end_at, custom_key_identifier, hint, hash, type, key_usage, der, sha1, sha256) VALUES
	('a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000002', 'password', 0, 'a0000000-0000-4000-8000-000000000004', 'ci', 1795255680000000, 1826791680000000, NULL, 'abc', NULL, '', '', NULL, NULL, NULL);
INSERT INTO service_principals (tenant_id, id, app_id, owner_tenant_id, own_name, display_name_fold, type_fold, account_enabled, lifetime_policy_id, created_at, deleted_at, doc) VALUES
	('a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000005', 'a0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000001', FALSE, 'old api', 'application', TRUE, '', 1795255680000000, 0,
	'{"servicePrincipalType":"Application","accountEnabled":true,"appRoleAssignmentRequired":false}');
INSERT INTO users (tenant_id, id, upn_fold, display_name_fold, account_enabled, sessions_valid_from, password_changed_at, password_hash, created_at, deleted_at, doc) VALUES
	('a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000006', 'admin@old.example', 'admin', TRUE, 0, 0, '', 1795255680000000, 0,
	'{"userPrincipalName":"Admin@old.example","displayName":"Admin","accountEnabled":true}');
INSERT INTO app_role_assignments (tenant_id, id, app_role_id, principal_id, principal_kind, principal_display_name, principal_name_fold, resource_id, resource_display_name, created_at) VALUES
	('a0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000007', '00000000-0000-0000-0000-000000000000', 'a0000000-0000-4000-8000-000000000006', 'user', 'Admin', 'admin', 'a0000000-0000-4000-8000-000000000005', 'Old API', 1795255680000000);
