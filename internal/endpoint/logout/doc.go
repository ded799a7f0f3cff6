// Package logout signs people out (OpenID Connect RP-Initiated Logout 1.0, OpenID
// Connect Front-Channel Logout 1.0).
//
// A sign-out ends one account's session in one browser: the row on the server
// first, then the cookie. It revokes no refresh token, as on the platform. The
// applications that took part in the session hear of it in hidden frames.
//
// Nobody is signed out because a foreign page wanted it: without a hint that
// names an account of this browser (an ID token of ours, or the login_hint claim)
// the person is asked first. And nobody is sent to an address that no application
// registered: then the person stays on our page, signed out.
//
// A request's way: parameters → tenant → the browser's sessions → hint → either
// the question, which comes back sealed and bound to the browser, or the end:
// sessions → cookies → frames → the way back.
package logout
