// Package storetest says what every storage backend must do, as tests that run
// on each of them. They go by the comments of the interfaces in the domain and
// see only those, plus what Backend adds: the audit trail, and a way to make the
// real database fail at one moment.
//
// Every test makes tenants of its own in one shared database, so that a leak
// between tenants would show in any of them.
package storetest
