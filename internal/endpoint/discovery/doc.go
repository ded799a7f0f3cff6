// Package discovery tells clients where everything is and whom to believe:
// OpenID discovery documents in their v2 and v1 form (OpenID Connect Discovery
// 1.0 §4, RFC 8414), key sets (RFC 7517 §5), instance discovery, user realm, and
// the cloud metadata that Terraform reads.
//
// Nothing is advertised that is not served: what the token endpoint, client
// authentication and sign-in can do comes in as Served, which the composition
// root fills from the tables that those packages run on.
//
// A request's way: the path's tenant is looked up (an alias needs no look-up),
// the answer for tenant, host and kind is taken from a bounded cache of finished
// bytes, and written with its entity tag. Key sets are built anew when the keys
// change or the time comes at which one appears or leaves.
package discovery
