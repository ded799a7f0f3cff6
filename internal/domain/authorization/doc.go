// Package authorization keeps what a person's sign-in entitles an application to:
// authorization codes (RFC 6749 §4.1.2, RFC 7636) and the families of refresh
// tokens that grow out of them (RFC 6749 §6, RFC 9700 §4.14).
//
// A code is redeemed by one atomic write that makes its family at the same time,
// so that of two redemptions one wins, on any number of nodes, and a crash leaves
// either nothing or both. A code that comes a second time revokes its family and
// with it what was issued from it.
//
// A refresh token names its family, its generation and the time of its issue, and
// carries the family's secret, of which only a hash is kept; a MAC binds the parts.
// Families of public clients rotate: the generation before the newest is good for
// a grace window, an older one revokes the family. In families of confidential
// clients every generation stays good, as on the platform.
//
// A code's way: IssueCode → the browser → Find → the checks of the token endpoint
// → Redeem judges it → while the tokens are signed Write redeems it, in the commit
// of their sign-in record where the store can → Finish judges what Write met. A
// refresh token's way: FindRefreshToken → Refresh judges token, family and person
// → Write rotates it → Finish. What is judged is not used up before the tokens are
// sure to be signed: a request that is refused, or a node that is too busy to
// sign, has not rotated a token under its client. Nothing leaves before Finish has
// said yes.
package authorization
