// Package frontchannel proves the beginning of every request that a browser
// brings for an application: which tenant it is for, which application it comes
// from, and to which address the answer may go (RFC 6749 §3.1.2, RFC 9700 §2.1).
//
// The order of the steps is the point of it. What fails here is an error page and
// never a redirect, since an address that is not proven belongs to whoever wrote
// the link. The proof is a type: only Prove makes a Redirect that holds an
// address, so nothing can be sent to one that was not checked.
//
// A request's way: the authorization and the admin-consent endpoint read their
// parameters and call Prove first; what it found, they keep as a Party and go on
// with checks of their own, whose refusals may travel to Party.Redirect.
package frontchannel
