// Package interop runs client libraries, as they come from their registries,
// against a Sekisho server that is a process of its own and speaks HTTPS. It holds
// tests only. They answer one question for each client: with which settings, and
// nothing else, does it do what it does with Microsoft Entra ID?
//
// TestMain starts one server in development mode. Each client gets an application
// of its own, made through Microsoft Graph with the administrator application of
// bootstrap.json: a secret, a certificate, a federated credential, and an app role
// of two APIs, one for each version of access tokens. Go clients run inside the
// test; the others are the programs in node, python and java, which print what they
// got as lines of JSON. The test judges all tokens the same way: signature, issuer,
// audience and permission by package bearer, the other claims one by one.
//
// Where a client signs somebody in, a person of its own goes through the server's
// pages in a headless Chromium (packages browser and person): Go tests drive it
// themselves, programs ask the test to have an address opened, and libraries that
// open a browser of the desktop find a command that does. Nothing of a client is
// changed, and only the browser is told which certificate to take.
//
// What was found is written to results/, compared with the checked-in summary
// docs/compatibility-clients.json, and made into the tables of docs/clients.md and
// of the README files by
//
//	go -C interop run ./report
//
// Tests whose names begin with TestGo or TestNode run in `make test`, all of them in
// `make interop`. A missing tool is a failure, never a skipped test.
package interop
