// Package credential holds what people prove themselves with. For now that is
// the password: argon2id (RFC 9106) in PHC strings, with a bounded number of
// hashes at once so that hashing cannot starve token issuance.
package credential
