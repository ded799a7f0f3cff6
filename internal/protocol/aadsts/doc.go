// Package aadsts is the catalogue of numbered protocol errors (AADSTS…) and
// the error value that carries one of them from the check that failed to the
// writer that answers.
//
// A Code ties together the number, the OAuth error (RFC 6749 §5.2, §4.1.2.1),
// the HTTP status and the text; the catalogue is the only place that can make
// one, so that nothing outside it can be sent. Every row names the scenario
// that produces it: a row without one, and a scenario that is never reached,
// fail the tests of internal/server.
//
// The way of an error: a package that is protocol (clientauth, token,
// authorize …) returns New(code, args…).Because(cause); whoever is above passes
// it on untouched; a writer of endpoint/web turns it into a body and logs the
// cause once, under the same trace id.
package aadsts
