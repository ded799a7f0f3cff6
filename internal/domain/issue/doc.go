// Package issue turns a grant into signed tokens: which claims, which audience,
// which issuer, how long they live (RFC 7519, RFC 9068's subject matter in the
// shape that Entra gives it, OpenID Connect Core §2).
//
// The version of an access token follows the resource, not the endpoint; what
// optional claims it carries is said by the resource's registration. The claims
// are rows of a table: name, in which tokens, from what.
//
// A token's way: Facts are gathered by the endpoint; Tokens.AppOnly builds the
// claims, hands the sign-in record to the recorder, takes its turn in the
// signing queue, and returns only when the signature is made and the record is
// durable. Verifier is the other end: it checks access tokens of ours at our own
// resources, of which Graph is one.
package issue
