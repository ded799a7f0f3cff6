// Package signingkey keeps the keys that sign tokens: rings of keys, their
// rotation (published ahead of use, kept until the last token that they signed
// has expired), the bounded signing queue, and the key set that others verify
// with.
//
// A ring belongs to an issuer class: all organisation tenants share one, the
// tenant of personal accounts has its own. A key carries its ring, and
// verification is pinned by it: a key of one ring never validates a token of
// another.
//
// A token's way: issue asks the Ring for the active key of its tenant and
// algorithm, and hands the signing input to the Queue, which lets a few signers
// run at once in arrival order. Private keys lie in the store sealed by package
// envelope, and are parsed once.
package signingkey
