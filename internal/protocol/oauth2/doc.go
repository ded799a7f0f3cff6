// Package oauth2 is the vocabulary of the protocol endpoints: form parameters
// (RFC 6749 §3.1, §3.2, appendix B), grant types, response types and scope
// strings. It knows syntax only; what a scope means is decided by the directory.
package oauth2
