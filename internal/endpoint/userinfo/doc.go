// Package userinfo serves the UserInfo endpoint (OpenID Connect Core §5.3): what
// an application may know of the person who signed in to it, for the access token
// that it got. It stands at /oidc/userinfo, and for the v1 protocol at
// /{tenant}/openid/userinfo.
//
// The token is one for Graph with the scope openid; `sub` is the one that the ID
// tokens of the token's client carry. The scopes of the token decide about the
// rest. Nothing else can be asked for.
//
// A request's way: ServeHTTP answers browsers (CORS), bearer finds the token (RFC
// 6750 §2.1, §2.2), the Verifier judges it, claims gathers what its scopes allow,
// and refuse is the one writer of refusals (RFC 6750 §3).
package userinfo
