// Package issue turns a grant into signed tokens: which claims, which audience,
// which issuer, how long they live (RFC 7519, RFC 9068's subject matter in the
// shape that Entra gives it, OpenID Connect Core §2).
//
// The version of an access token follows the resource, not the endpoint; what
// optional claims it carries is said by the resource's registration. An ID token
// follows the endpoint and the client. The claims are rows of two tables: those
// of app-only access tokens, and those of people's tokens (userClaims), where a
// row says for each kind of token when the claim is there.
//
// A token's way: Facts are gathered by the endpoint; Tokens.AppOnly, or
// Tokens.ForUser for people, builds the claims, hands the sign-in record to the
// recorder, takes its turn in the signing queue, and returns only when the
// signature is made and the record is durable. Verifier is the other end: it
// checks access tokens of ours at our own resources, of which Graph and UserInfo
// are two. For people it also asks whether what the token came from still counts;
// the token carries where to look (origin).
package issue
