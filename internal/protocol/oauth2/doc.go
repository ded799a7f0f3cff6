// Package oauth2 is the vocabulary of the protocol endpoints: form parameters
// (RFC 6749 §3.1, §3.2, appendix B), grant types, scope strings, and redirect
// URIs (RFC 9700 §4.1): when two of them match, and which may be followed. It
// knows syntax only; what a scope means is decided by the directory.
package oauth2
