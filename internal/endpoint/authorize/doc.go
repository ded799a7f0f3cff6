// Package authorize serves the authorization endpoint (RFC 6749 §3.1, OpenID
// Connect Core §3.1.2) in its v2 and v1 forms.
//
// The order of its checks is the point of it. First the request, the tenant, the
// application and the redirect URI are proven; what fails until then is an error
// page and never a redirect, since an address that is not proven belongs to
// whoever wrote the link. The proof is a type: a validRedirect can only be had
// from proveRedirect, so nothing can be sent to an address that was not checked.
//
// A request's way: read takes the parameters from the query or the posted form;
// checks runs the table of steps, each of which adds what it found to the visit
// or refuses; what passes gets the page that says that sign-in is not available
// yet. Nothing is stored and nothing is sent to the application.
package authorize
