// Package envelope protects secrets at rest: a data key per tenant, and one of
// the installation, each wrapped by a key-encryption key that comes from
// outside the database.
//
// Seal and Open use AES-256-GCM with table, tenant and row as additional data,
// so that a sealed value cannot be moved to another place. Derive makes
// purpose-bound keys (HKDF-SHA-256, RFC 5869) for keyed hashes and page tokens.
package envelope
