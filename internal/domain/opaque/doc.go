// Package opaque makes the values that are handed out and later recognised
// without being understood: authorization codes (RFC 6749 §4.1.2) and the secrets
// of browser sessions.
//
// A value carries the tenant that keeps its row, so that a value presented on
// `common` still names the tenant first, and 256 bits of randomness. What is
// stored of it is a keyed hash (HMAC-SHA-256), so that neither a copy of the
// database nor the comparison of an index tells a value.
//
// A value's way: Mint gives the value to hand out and the hash to store; Parse
// gives tenant and hash of a value that comes back, or ErrMalformed.
package opaque
