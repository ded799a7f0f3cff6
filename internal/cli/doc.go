// Package cli holds the commands of sekisho: flags, what they print, and the
// way to the server.
//
// Commands come in two kinds. Those that run a server or work on its database
// (dev, serve, bootstrap, migrate, keys) call internal/server, all in run.go.
// Those that manage a tenant or use it as a client would (app, tenant, token,
// env, trust) know a running server only by its addresses and by bootstrap.json,
// and change things through Graph: what they can do, any client can do.
//
// A command's way: New builds the tree of commands around one Terminal, which
// carries streams, environment and clock; a command parses its flags, works, and
// writes either lines for people (English or Japanese) or, with --output json,
// one JSON value. An error goes up untouched and is printed once, by Run.
package cli
