// Package server is the composition root: New builds every part from a Config
// and ties them together, routes.go shows every route on one page, jobs.go what
// runs beside the requests, dev.go what development mode adds.
//
// A request passes the shell of endpoint/web (host, raw path, ids, headers), is
// dispatched on its first path segment to one area, and ends in the endpoint's
// handler. Nothing here decides anything about tokens or the directory.
package server
