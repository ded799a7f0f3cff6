// Package token is the token endpoint (RFC 6749 §3.2), in its v2 form
// (/oauth2/v2.0/token, `scope`) and its v1 form (/oauth2/token, `resource`).
//
// A request is one column in exchange: parse → grant type → tenant → client →
// parameters of the grant → the client's proof → redeem → target → issue. A
// grant type is a row of granttypes.go and the functions of its file; redeem,
// which says what the request entitles to, is the only phase that differs, so no
// grant can forget another. A phase returns a value or an error, nothing is
// written before the end, and the sign-in record is durable before the token
// leaves.
package token
