// Package web is what every endpoint needs of HTTP: request ids, the host that
// the client used, the client's address behind trusted proxies, the headers that
// hold for every response, limits on bodies, and the one writer of each kind of
// error response.
//
// A request enters through Shell.Wrap, which judges the host, the peer and
// whether the connection was encrypted, draws the trace id and puts a Request
// into the context. An endpoint returns an error; WriteError answers it: an *aadsts.Error with its number, OAuth
// error, status and text (RFC 6749 §5.2), anything else as a server error that
// shows only the trace id. The cause is logged here, once, under that id.
package web
