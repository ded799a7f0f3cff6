// Package credential holds what people prove themselves with. For now that is
// the password: argon2id (RFC 9106) in PHC strings, with a bounded number of
// hashes at once, and a bounded queue before them, so that hashing cannot starve
// token issuance.
//
// A password's way: Verifier.Verify asks whether the account is locked, hashes,
// counts what was wrong and asks for the lock again before it says OK, so that a
// burst of guesses gains nothing. An account that does not exist goes the same
// way to the same answers: its counter lives in memory and its hash is made of
// nothing.
package credential
