// Package audit is the account that the platform keeps: one sign-in record for
// every token it issues, and one event for every change of the directory.
//
// Sign-in records are written by a Recorder, which groups the records of many
// requests into one commit; a token leaves only after its record is durable. What
// a person's tokens use up, a code or a refresh token, goes into the same commit.
// Change events are written by the stores, in the transaction of the change
// itself: every writing act of a store takes one.
package audit
