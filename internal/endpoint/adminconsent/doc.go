// Package adminconsent serves the address by which an administrator consents to an
// application for the whole organisation, in its v2 and v1 forms
// (learn.microsoft.com/entra/identity-platform/v2-admin-consent).
//
// It gives no code and no token: the application hears only that consent was
// recorded, and in which tenant. That answer proves nothing to it, since anybody
// can write such a link.
//
// A request's way: it is proven up to its redirect URI by frontchannel.Prove, its
// scopes are checked, and it is handed to the sign-in as a Request whose question
// is put for the organisation. The sign-in demands fresh proof of who is there,
// refuses who is no administrator, shows what is asked, and records it; it ends in
// Finish, which tells the application or shows that it is done, or in Refuse.
package adminconsent
