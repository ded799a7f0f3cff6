// Package session keeps who is signed in to a browser (OpenID Connect Core §3.1.2.3,
// OpenID Connect Front-Channel Logout §3).
//
// A session is one account in one browser. It belongs to the account's home
// tenant and is good for every application and every tenant that lets the account
// in. Its ID is public (the `sid` claim); its secret is known to the browser's
// cookie alone and kept here as a hash. A browser may hold several sessions.
//
// A session records facts only: when the person proved who they are, and by what.
// Whether that is enough is decided at use.
//
// A session's way: Sessions.Start writes the row and gives the cookie's new value
// before any page says that the person is in; Load reads what a cookie holds and
// drops what is over; Renew gives a new secret on each change of privilege; End
// forgets one.
package session
