// Package authorize serves the authorization endpoint (RFC 6749 §3.1, OpenID
// Connect Core §3.1.2) in its v2 and v1 forms.
//
// The beginning of a request is proven by frontchannel.Prove; what fails there is
// an error page and never a redirect.
//
// A request's way: the parameters are read from the query or the posted form and
// proven up to the redirect URI; what passes gets the page that says that sign-in
// is not available yet. Nothing is stored and nothing is sent to the application.
package authorize
