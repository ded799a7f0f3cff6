// Package signin decides what a browser must do next so that a person is signed in
// to an application (OpenID Connect Core §3.1.2.3 and §3.1.2.4).
//
// A Transaction is one visit to the authorization endpoint: the request's
// parameters, when it began, and what the person chose since. It travels sealed in
// a hidden field of the pages and is written nowhere. It proves nothing: who is
// signed in is said by the sessions of the browser alone, so a transaction that is
// sent again gains nothing that the browser does not have.
//
// Next derives the step from facts and changes nothing. Choose, its first half,
// finds the session that the sign-in goes on with, or the page that finds it out;
// the second half needs what is known of that account in the tenant: whether it
// may enter, and what it has to consent to.
//
// A sign-in's way: the endpoint gathers Facts, asks Choose, gathers the Entry of
// the account, asks Next, and either shows the page of the Step or finishes.
package signin
