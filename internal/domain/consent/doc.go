// Package consent decides what an application may do for a person, and what has
// to be asked before (learn.microsoft.com/entra/identity-platform/permissions-consent-overview).
//
// Assess is the decision: what was asked for, what of it is granted already (by
// the person, by an administrator for everyone, by the resource's
// preAuthorizedApplications), what is missing, and whether this person may grant
// it. Judge, the part that decides, is a pure function over facts; Assess gathers
// them. Grant records what the person accepted as one act: missing service
// principals, grants and, for an administrator, app roles.
//
// A consent's way: the sign-in asks Assess; if something is missing the page shows
// it; the answer is assessed again on the server (what the page showed is not
// believed) and granted; the token endpoint asks Held for what goes into a token.
package consent
