// Package bearer protects a Web API with access tokens of the Microsoft identity
// platform: those of Sekisho and those of Microsoft Entra ID. It is net/http
// middleware and a token verifier, and needs nothing else of Sekisho.
//
// # Use
//
//	verifier, err := bearer.New(bearer.Config{
//		Authority: "https://login.example.com/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13",
//		Audiences: []string{"57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8", "api://orders"},
//	})
//	…
//	mux.Handle("GET /orders", verifier.Handler(list,
//		bearer.ScopeOrRole([]string{"Orders.Read"}, []string{"Orders.Read.All"})))
//
// Inside the handler [FromContext] gives the [Claims] of the caller. Data belongs
// to the pair TenantID and ObjectID; names and addresses in a token can be changed
// by other people and decide nothing.
//
// Put the middleware inside the one that answers CORS preflights: an OPTIONS
// request of a browser carries no token and would be refused.
//
// # What is accepted
//
// A token must be an access token (version 1.0 or 2.0) in a single Authorization
// header (RFC 6750 §2.1; the form and query methods of §2.2 and §2.3 are not
// supported), at most 16 KiB long, signed by a key that the authority publishes.
//
//   - Version: the form of the issuer says whether the version 1.0 or 2.0 metadata
//     is used, whatever form Authority has. An API whose registration asks for
//     version 1.0 tokens works with a v2.0 authority and the other way round.
//   - Issuer: the one that the metadata names. If Authority ends in a tenant, only
//     that tenant's. If it ends in common or organizations, that of each tenant
//     which Tenants lists or TenantAllowed permits. A key that names an issuer in
//     the key set signs for that issuer only.
//   - Audience: the client id of this API, or, in version 1.0 tokens only, one of
//     its App ID URIs. Entra repeats the URI as the client wrote it, so one slash
//     at its end is ignored; all else is compared exactly.
//   - Lifetime: exp and nbf with five minutes of tolerance ([Config.Skew]).
//   - Kind: an ID token is refused, since it has neither azp nor appid.
//   - Permission: a token with neither scp nor roles is refused, because any
//     application of an allowed tenant can obtain one for any API.
//
// # Delegated and app-only
//
// A delegated token acts for a person: its scp claim says what the application may
// do for them, its roles claim what the person is in this API. An app-only token
// acts for the application itself: its roles claim says what an administrator
// granted. The same word in roles therefore means two things, and a requirement
// always says which it wants: [Scope], [AnyScope] and [UserRole] are met only by
// delegated tokens, [Role] and [AnyRole] only by app-only ones, [ScopeOrRole] by
// either, each by its own claim.
//
// # Keys
//
// Metadata and keys are fetched from the host of Authority and nowhere else, on
// first use or by [Verifier.Preload]. Two documents exist at most, one for each
// token version, so no token can make the API fetch or remember more. Requests
// that need the same document wait for one fetch. Keys are fetched again each hour
// in the background. A token with an unknown key identifier causes a fetch at once,
// then at most one in five minutes. While the authority cannot be reached the keys
// known last stay in use for up to a day; failed fetches are repeated with growing
// pauses between them.
//
// # Remembered tokens
//
// Checking a signature is the whole cost of a request, so a token that passed is
// remembered by its SHA-256. Its lifetime, its tenant, [Config.Revoked] and whether
// its key is still published are checked each time. The number of remembered tokens
// is bounded.
//
// # Answers
//
// A refusal follows RFC 6750 §3: 401 without an error code if there is no token, 400
// invalid_request for a malformed request, 401 invalid_token, 403 insufficient_scope.
// Clients get fixed sentences. The cause, which may quote the token's claims but
// never the token, goes to [Config.Logger] and into the [Error] that
// [Verifier.Verify] returns. When keys cannot be had the answer is 503, not 401: the
// token may be good and the client must not throw it away.
//
// # The way of a request
//
// [Verifier.Handler] → [Verifier.Authenticate] reads the header → [Verifier.Verify]:
// remembered? else parse → issuer → key → signature → kind, audience → remember;
// then, for both, lifetime, tenant, permission, revocation → requirements → the
// handler.
package bearer
