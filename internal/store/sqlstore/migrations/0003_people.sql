-- People sign in: sessions, codes, refresh tokens, lock-out, roles, identities.

-- One account signed in to one browser; secret is a hash.
CREATE TABLE sessions (
	tenant_id TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	user_id TEXT COLLATE "C" NOT NULL,
	secret BYTEA NOT NULL,
	created_at BIGINT NOT NULL,
	auth_time BIGINT NOT NULL,
	seen_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	persistent BOOLEAN NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX sessions_secret ON sessions (tenant_id, secret);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Applications that took part in a session.
CREATE TABLE session_clients (
	tenant_id TEXT COLLATE "C" NOT NULL,
	session_id TEXT COLLATE "C" NOT NULL,
	client_tenant_id TEXT COLLATE "C" NOT NULL,
	app_id TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (tenant_id, session_id, client_tenant_id, app_id)
);

-- Authorization codes by the hash of their value. redeemed_at is 0 while a code
-- waits; then it names the family that it became.
CREATE TABLE codes (
	tenant_id TEXT COLLATE "C" NOT NULL,
	hash BYTEA NOT NULL,
	issued_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	redeemed_at BIGINT NOT NULL,
	home_tenant_id TEXT COLLATE "C" NOT NULL,
	family_id TEXT COLLATE "C" NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX codes_expires ON codes (expires_at);

-- Families of refresh tokens, one row for every code ever redeemed, for up to 90
-- days: GUIDs are 16 bytes, what is never asked for lies packed in data, and
-- revoked_at is NULL, which takes no room, while a family is good. Sweeps go by
-- the hour of the expiry: its index is small, and a token that is renewed within
-- the hour changes no index.
CREATE TABLE families (
	expires_at BIGINT NOT NULL,
	rotated_at BIGINT NOT NULL,
	generation INTEGER NOT NULL,
	expires_hour INTEGER NOT NULL,
	revoked_at BIGINT,
	tenant_id BYTEA NOT NULL,
	id BYTEA NOT NULL,
	data BYTEA NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE INDEX families_expires ON families (expires_hour);

-- Failed sign-ins of an account, from familiar places and from others.
CREATE TABLE sign_in_failures (
	tenant_id TEXT COLLATE "C" NOT NULL,
	user_id TEXT COLLATE "C" NOT NULL,
	familiar BOOLEAN NOT NULL,
	count BIGINT NOT NULL,
	locks BIGINT NOT NULL,
	locked_until BIGINT NOT NULL,
	last_hash BYTEA,
	touched_at BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, user_id, familiar)
);
CREATE INDEX sign_in_failures_touched ON sign_in_failures (touched_at);

-- Directory roles that were given.
CREATE TABLE role_assignments (
	tenant_id TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	role_definition_id TEXT COLLATE "C" NOT NULL,
	principal_id TEXT COLLATE "C" NOT NULL,
	principal_kind TEXT COLLATE "C" NOT NULL,
	directory_scope_id TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX role_assignments_once ON role_assignments (tenant_id, principal_id, role_definition_id, directory_scope_id);
CREATE INDEX role_assignments_role ON role_assignments (tenant_id, role_definition_id, id);

-- Accounts of other directories that are living users here, compared exactly.
CREATE TABLE user_identities (
	tenant_id TEXT COLLATE "C" NOT NULL,
	issuer TEXT COLLATE "C" NOT NULL,
	assigned_id TEXT COLLATE "C" NOT NULL,
	user_id TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (tenant_id, issuer, assigned_id)
);
CREATE INDEX user_identities_user ON user_identities (tenant_id, user_id);
