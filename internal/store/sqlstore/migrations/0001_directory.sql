-- The directory. One text for SQLite and PostgreSQL: GUIDs are lower-case TEXT,
-- times BIGINT microseconds of UTC (0: never), JSON is TEXT that no statement
-- looks into, columns named *_fold hold folded text. Every text that is sorted or
-- indexed compares as bytes (COLLATE "C").

-- Installation-wide: the list of tenants itself.
CREATE TABLE tenants (
	id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	display_name TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	disabled BOOLEAN NOT NULL,
	demo BOOLEAN NOT NULL,
	settings TEXT NOT NULL
);

CREATE TABLE domains (
	tenant_id TEXT COLLATE "C" NOT NULL,
	name TEXT COLLATE "C" NOT NULL,
	position BIGINT NOT NULL,
	verified BOOLEAN NOT NULL,
	is_default BOOLEAN NOT NULL,
	is_initial BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, name)
);
-- A verified domain belongs to one tenant of the installation.
CREATE UNIQUE INDEX domains_verified ON domains (name) WHERE verified;

-- Ids that objects have or once had; a row stays after the object is purged, so
-- that no id comes to mean something else. App ids stand under the all-zero tenant.
CREATE TABLE used_ids (
	tenant_id TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (tenant_id, id)
);

CREATE TABLE applications (
	tenant_id TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	app_id TEXT COLLATE "C" NOT NULL,
	display_name_fold TEXT COLLATE "C" NOT NULL,
	unique_name_fold TEXT COLLATE "C",
	audience_fold TEXT COLLATE "C" NOT NULL,
	publisher_domain_fold TEXT COLLATE "C",
	lifetime_policy_id TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL,
	deleted_at BIGINT NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX applications_app_id ON applications (app_id);
CREATE UNIQUE INDEX applications_unique_name ON applications (tenant_id, unique_name_fold) WHERE unique_name_fold IS NOT NULL;
CREATE INDEX applications_display_name ON applications (tenant_id, display_name_fold, id) WHERE deleted_at = 0;
CREATE INDEX applications_created ON applications (tenant_id, created_at, id) WHERE deleted_at = 0;
CREATE INDEX applications_deleted ON applications (tenant_id, id) WHERE deleted_at <> 0;

-- App ID URIs. "everywhere" marks those of applications that other organisations
-- may use: they are unique over the installation.
CREATE TABLE application_uris (
	tenant_id TEXT COLLATE "C" NOT NULL,
	uri TEXT COLLATE "C" NOT NULL,
	application_id TEXT COLLATE "C" NOT NULL,
	everywhere BOOLEAN NOT NULL,
	PRIMARY KEY (tenant_id, uri)
);
CREATE INDEX application_uris_uri ON application_uris (uri);
CREATE INDEX application_uris_application ON application_uris (tenant_id, application_id);

-- display_name_fold is the name that people see: the own one or the application's.
CREATE TABLE service_principals (
	tenant_id TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	app_id TEXT COLLATE "C" NOT NULL,
	owner_tenant_id TEXT COLLATE "C",
	own_name BOOLEAN NOT NULL,
	display_name_fold TEXT COLLATE "C" NOT NULL,
	type_fold TEXT COLLATE "C" NOT NULL,
	account_enabled BOOLEAN NOT NULL,
	lifetime_policy_id TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL,
	deleted_at BIGINT NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX service_principals_app_id ON service_principals (tenant_id, app_id) WHERE deleted_at = 0;
CREATE INDEX service_principals_application ON service_principals (app_id);
CREATE INDEX service_principals_display_name ON service_principals (tenant_id, display_name_fold, id) WHERE deleted_at = 0;
CREATE INDEX service_principals_created ON service_principals (tenant_id, created_at, id) WHERE deleted_at = 0;
CREATE INDEX service_principals_deleted ON service_principals (tenant_id, id) WHERE deleted_at <> 0;

-- Members of collections that filters ask for; the documents hold them as written.
CREATE TABLE object_values (
	tenant_id TEXT COLLATE "C" NOT NULL,
	property TEXT COLLATE "C" NOT NULL,
	value TEXT COLLATE "C" NOT NULL,
	object_id TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (tenant_id, property, value, object_id)
);
CREATE INDEX object_values_object ON object_values (tenant_id, object_id);
CREATE INDEX object_values_value ON object_values (value, property);

-- Secrets (kind 'password': hash) and certificates (kind 'key': der, sha1, sha256)
-- of applications and service principals.
CREATE TABLE credentials (
	tenant_id TEXT COLLATE "C" NOT NULL,
	object_id TEXT COLLATE "C" NOT NULL,
	kind TEXT COLLATE "C" NOT NULL,
	position BIGINT NOT NULL,
	key_id TEXT COLLATE "C" NOT NULL,
	display_name TEXT,
	start_at BIGINT NOT NULL,
	end_at BIGINT NOT NULL,
	custom_key_identifier BYTEA,
	hint TEXT NOT NULL,
	hash BYTEA,
	type TEXT NOT NULL,
	key_usage TEXT NOT NULL,
	der BYTEA,
	sha1 BYTEA,
	sha256 BYTEA,
	PRIMARY KEY (tenant_id, object_id, kind, position)
);

CREATE TABLE federated_credentials (
	tenant_id TEXT COLLATE "C" NOT NULL,
	object_id TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	position BIGINT NOT NULL,
	name TEXT NOT NULL,
	name_fold TEXT COLLATE "C" NOT NULL,
	issuer TEXT COLLATE "C" NOT NULL,
	subject TEXT COLLATE "C" NOT NULL,
	audiences TEXT NOT NULL,
	description TEXT,
	PRIMARY KEY (tenant_id, object_id, id)
);
CREATE UNIQUE INDEX federated_credentials_name ON federated_credentials (tenant_id, object_id, name_fold);
CREATE UNIQUE INDEX federated_credentials_subject ON federated_credentials (tenant_id, object_id, issuer, subject);

CREATE TABLE owners (
	tenant_id TEXT COLLATE "C" NOT NULL,
	object_id TEXT COLLATE "C" NOT NULL,
	owner_id TEXT COLLATE "C" NOT NULL,
	owner_kind TEXT NOT NULL,
	position BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, object_id, owner_id)
);
CREATE INDEX owners_owner ON owners (tenant_id, owner_id);

CREATE TABLE users (
	tenant_id TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	upn_fold TEXT COLLATE "C" NOT NULL,
	display_name_fold TEXT COLLATE "C" NOT NULL,
	mail_fold TEXT COLLATE "C",
	mail_nickname_fold TEXT COLLATE "C",
	user_type_fold TEXT COLLATE "C",
	external_state_fold TEXT COLLATE "C",
	employee_id_fold TEXT COLLATE "C",
	given_name_fold TEXT COLLATE "C",
	surname_fold TEXT COLLATE "C",
	department_fold TEXT COLLATE "C",
	job_title_fold TEXT COLLATE "C",
	account_enabled BOOLEAN NOT NULL,
	sessions_valid_from BIGINT NOT NULL,
	password_changed_at BIGINT NOT NULL,
	password_hash TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	deleted_at BIGINT NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX users_upn ON users (tenant_id, upn_fold) WHERE deleted_at = 0;
CREATE INDEX users_upn_order ON users (tenant_id, upn_fold, id) WHERE deleted_at = 0;
CREATE INDEX users_display_name ON users (tenant_id, display_name_fold, id) WHERE deleted_at = 0;
CREATE INDEX users_created ON users (tenant_id, created_at, id) WHERE deleted_at = 0;
CREATE INDEX users_deleted ON users (tenant_id, id) WHERE deleted_at <> 0;
CREATE INDEX users_mail ON users (tenant_id, mail_fold);
CREATE INDEX users_mail_nickname ON users (tenant_id, mail_nickname_fold);
CREATE INDEX users_employee_id ON users (tenant_id, employee_id_fold);

-- Objects deleted softly. What refers to one of them sleeps: it is not found
-- while the row is here. with_id is the application that took a service
-- principal along.
CREATE TABLE deleted_objects (
	tenant_id TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	kind TEXT NOT NULL,
	with_id TEXT COLLATE "C" NOT NULL,
	deleted_at BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE INDEX deleted_objects_at ON deleted_objects (deleted_at);
CREATE INDEX deleted_objects_with ON deleted_objects (tenant_id, with_id);

CREATE TABLE app_role_assignments (
	tenant_id TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	app_role_id TEXT COLLATE "C" NOT NULL,
	principal_id TEXT COLLATE "C" NOT NULL,
	principal_kind TEXT COLLATE "C" NOT NULL,
	principal_display_name TEXT NOT NULL,
	principal_name_fold TEXT COLLATE "C" NOT NULL,
	resource_id TEXT COLLATE "C" NOT NULL,
	resource_display_name TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX app_role_assignments_once ON app_role_assignments (tenant_id, principal_id, resource_id, app_role_id);
CREATE INDEX app_role_assignments_resource ON app_role_assignments (tenant_id, resource_id, id, principal_id);

CREATE TABLE grants (
	tenant_id TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	client_id TEXT COLLATE "C" NOT NULL,
	consent_type TEXT COLLATE "C" NOT NULL,
	principal_id TEXT COLLATE "C" NOT NULL,
	resource_id TEXT COLLATE "C" NOT NULL,
	scope TEXT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX grants_once ON grants (tenant_id, client_id, resource_id, consent_type, principal_id);
CREATE INDEX grants_resource ON grants (tenant_id, resource_id, client_id);
CREATE INDEX grants_principal ON grants (tenant_id, principal_id, client_id);

CREATE TABLE token_lifetime_policies (
	tenant_id TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	display_name_fold TEXT COLLATE "C" NOT NULL,
	is_default BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX token_lifetime_policies_default ON token_lifetime_policies (tenant_id) WHERE is_default;

-- The change feed: each writing transaction takes its tenant's counter row.
CREATE TABLE change_counters (
	tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	seq BIGINT NOT NULL
);

CREATE TABLE change_log (
	tenant_id TEXT COLLATE "C" NOT NULL,
	seq BIGINT NOT NULL,
	kind TEXT NOT NULL,
	object_id TEXT NOT NULL,
	key TEXT NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX change_log_at ON change_log (at);

-- Audit events; seq is the number of the last change that the event is about.
CREATE TABLE directory_events (
	tenant_id TEXT COLLATE "C" NOT NULL,
	seq BIGINT NOT NULL,
	at BIGINT NOT NULL,
	activity TEXT NOT NULL,
	actor_kind TEXT NOT NULL,
	actor_id TEXT NOT NULL,
	actor_app_id TEXT NOT NULL,
	ip_address TEXT NOT NULL,
	target_kind TEXT NOT NULL,
	target_id TEXT NOT NULL,
	target_name TEXT NOT NULL,
	changes TEXT NOT NULL,
	request_id TEXT NOT NULL,
	correlation_id TEXT NOT NULL,
	PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX directory_events_at ON directory_events (at);

CREATE TABLE refusals (
	tenant_id TEXT COLLATE "C" NOT NULL,
	minute BIGINT NOT NULL,
	client_app_id TEXT COLLATE "C" NOT NULL,
	code BIGINT NOT NULL,
	count BIGINT NOT NULL,
	sample TEXT NOT NULL,
	PRIMARY KEY (tenant_id, minute, client_app_id, code)
);
CREATE INDEX refusals_minute ON refusals (minute);

-- Client assertions that were used and may not be used again.
CREATE TABLE assertions (
	tenant_id TEXT COLLATE "C" NOT NULL,
	client_id TEXT COLLATE "C" NOT NULL,
	jti BYTEA NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, client_id, jti)
);
CREATE INDEX assertions_expires ON assertions (expires_at);

-- What follows belongs to the installation.
CREATE TABLE signing_keys (
	kid TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	ring TEXT NOT NULL,
	algorithm TEXT NOT NULL,
	cert BYTEA NOT NULL,
	sealed_key BYTEA NOT NULL,
	created_at BIGINT NOT NULL,
	publish_at BIGINT NOT NULL,
	activate_at BIGINT NOT NULL,
	retire_at BIGINT NOT NULL,
	expire_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL
);

CREATE TABLE data_keys (
	owner_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	wrapped BYTEA NOT NULL
);

CREATE TABLE leases (
	name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	holder TEXT NOT NULL,
	until_at BIGINT NOT NULL
);

CREATE TABLE installation_marks (
	name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
);

-- Rows that are only locked: 'names' by who writes names unique over all tenants.
CREATE TABLE directory_locks (
	name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	uses BIGINT NOT NULL
);
INSERT INTO directory_locks (name, uses) VALUES ('names', 0);
