// Package token is the token endpoint (RFC 6749 §3.2), in its v2 form
// (/oauth2/v2.0/token, `scope`) and its v1 form (/oauth2/token, `resource`).
//
// A request is one column in exchange: parse → grant type → tenant → client →
// parameters of the grant → find → the client's proof → redeem → target → issue. A
// grant type is a row of granttypes.go and the functions of its file; find, which
// looks for the code or refresh token, and redeem, which says what the request
// entitles to, are the only phases that differ, so no grant can forget another. A
// phase returns a value or an error and nothing is written before the end, except
// that a code or token that comes again revokes its family. Before a token leaves,
// its sign-in record is durable, its code redeemed, its refresh token rotated.
package token
