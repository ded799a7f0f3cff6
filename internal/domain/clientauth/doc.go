// Package clientauth finds out which client sends a request to the token
// endpoint and whether it is the one it says it is (RFC 6749 §2.3, RFC 7521
// §4.2, RFC 7523 §3, OpenID Connect Core §9, and the certificate and federated
// credentials of Entra).
//
// The way of a request: the endpoint fills a Request (ParseBasic reads the
// header). Identify says which client it claims to be, trusting nothing. The
// endpoint looks the application up; where there is none it calls Dummy, so that
// the answer takes as long as for a wrong secret. Authenticate then picks the
// row of methods.go whose parameters were sent and runs it: secret.go, or
// assertion.go, which leads to certificate.go for an assertion that the client
// signed itself and to federated.go for a token of another issuer, whose keys
// package issuer finds.
//
// Refusals are *aadsts.Error and never hold a secret or an assertion; any other
// error is a failure of the platform.
//
// It does not decide whether an application is enabled, may use a grant, or
// may be a public client: the endpoint does.
package clientauth
