// Package sqlstore keeps everything in SQLite or PostgreSQL: *DB implements all
// interfaces listed by internal/store. It knows no rule of the directory beyond
// what only a database can hold: what is unique, what happens together, what
// survives the loss of power.
//
// One SQL text serves both engines. Statements are constants beside the method
// that runs them, numbered $1, $2 …; sqltext.go rewrites them once for SQLite.
// The only place that assembles SQL is list.go with filter.go, which compile an
// OData filter to known columns and parameters. Identifiers are GUIDs in TEXT
// (16 bytes in sign_ins and families, of which there are most), times BIGINT
// microseconds of UTC with 0 for "never", and JSON lies in TEXT that no statement
// looks into; what is filtered, sorted or unique has a column of its own. Text
// that is compared without regard to letter case is stored folded (fold.go) and
// compared as bytes on both engines.
//
// Every table's primary key begins with tenant_id, except for what belongs to
// the installation as a whole: tenants, signing_keys, data_keys, leases,
// installation_marks, directory_locks, schema_migrations, and sign_ins, whose key
// is time-ordered because there is one row for every token ever issued.
//
// The way of a write through it: a method calls DB.write, which begins a
// transaction, takes the tenant's row of change_counters (so that writers of one
// tenant go one after another, and what a transaction checked still holds when
// it commits), runs the act, numbers its changes, writes change log and audit
// event, commits, and calls the hooks of OnCommit. Serialization failures begin
// it anew. Reads of an object with its parts run in one snapshot. What people's
// sign-ins leave (sessions, codes, families, failures) is no object of the
// directory: DB.run and DB.transact write it without lock, log and event, and each
// guarantee is the condition of one statement. Sign-in records go past all this,
// over a connection of their own (signins.go).
package sqlstore
