// Package issuer finds the public keys of federated issuers: OpenID Connect
// Discovery 1.0 §4 for the address of the key set, RFC 7517 for the set, and
// guards against being made to fetch from where it must not.
//
// The way of a request: Resolver.Keys asks whether the issuer is this server
// itself (Config.Own), else the cache, else fetches; requests for one issuer
// share one fetch. Every connection passes guard.check after its name was
// resolved, so that neither a name nor a redirect reaches a private address
// (the operator's allow-list opens ranges and hosts).
//
// Who may name an issuer is decided elsewhere: only issuers of registered
// federated credentials are asked for.
package issuer
