-- One row for every token issued. The id is the time (microseconds since 2020,
-- UTC) and twelve bits that tell apart; an INTEGER PRIMARY KEY is SQLite's row
-- number itself and needs no index of its own.
CREATE TABLE sign_ins (
	id INTEGER PRIMARY KEY,
	tenant_id BYTEA NOT NULL,
	request_id BYTEA NOT NULL,
	data BYTEA NOT NULL
);
CREATE INDEX sign_ins_request ON sign_ins (request_id);
