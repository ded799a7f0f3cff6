// Package devca is the certificate authority of development mode. It makes
// `sekisho dev` speak HTTPS without any preparation: clients insist on https
// even for localhost.
//
// Whoever trusts the authority trusts it for little: its certificate carries
// critical name constraints (RFC 5280 §4.2.1.10) for localhost, the loopback
// addresses and the host names that the operator configured, so that its key,
// which lies in the data directory, is of no use against other sites.
//
// LoadOrCreate reads or makes the authority (ca.pem, ca-key.pem) and the
// server's certificate (server.pem, server-key.pem), which lives for 90 days
// and is renewed at start.
package devca
