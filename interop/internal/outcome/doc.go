// Package outcome is what the tests find out and what the pages say of it: the
// clients, the cases, the record of one client's run, and the checked-in summary of
// all of them. It knows no client library.
package outcome
