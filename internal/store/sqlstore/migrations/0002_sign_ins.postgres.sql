-- One row for every token issued. The id is the time (microseconds since 2020,
-- UTC) and twelve bits that tell apart.
CREATE TABLE sign_ins (
	id BIGINT PRIMARY KEY,
	tenant_id BYTEA NOT NULL,
	request_id BYTEA NOT NULL,
	data BYTEA NOT NULL
);
CREATE INDEX sign_ins_request ON sign_ins (request_id);
