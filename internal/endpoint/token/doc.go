// Package token is the token endpoint (RFC 6749 §3.2), in its v2 form
// (/oauth2/v2.0/token, `scope`) and its v1 form (/oauth2/token, `resource`).
//
// A request is one column in exchange: parse → grant type → tenant → client →
// redeem → target → issue. A grant type is a row of data and one function; the
// phases before and after it belong to the endpoint, so no grant can forget
// one. A phase returns a value or an error, nothing is written before the end,
// and the sign-in record is durable before the token leaves.
package token
