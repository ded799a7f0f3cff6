// Package authorize serves the authorization endpoint (RFC 6749 §3.1, OpenID
// Connect Core §3.1.2) in its v2 and v1 forms.
//
// The order of the checks is the point of it. The beginning of a request is proven
// by frontchannel.Prove; what fails there is an error page and never a redirect.
// From then on refusals travel to the proven address, in the mode that the request
// asked for; response types are rows of one table.
//
// A request's way: the parameters are read from the query or the posted form,
// proven up to the redirect URI, then checked one by one (checks); what passes is
// handed to the sign-in as a Request. The sign-in ends in Finish, which issues the
// code, or in Refuse. Load proves the request of a page that was posted again.
package authorize
