// Package signin serves the pages by which people sign in (OpenID Connect Core
// §3.1.2.3), for whatever they sign in to: an application's authorization request,
// an administrator's consent.
//
// Such a purpose hands a request that it has validated to Begin, as a Visit. The
// package finds the browser's sessions, asks the domain (signin.Choose,
// signin.Next) what is due, and draws that one page; every form comes back to one
// address, /{tenant}/login, with the sealed transaction in it. The purpose then
// proves the request again, the handler of the posted step verifies its own thing
// and notes it, and the next step is derived anew: pages never name one another.
// When nothing is due any more, the Visit finishes.
//
// A person's way: Begin → facts → Choose → entry → Next → draw → (post) → open →
// Load → the step's handler → facts → … → Visit.Finish.
package signin
