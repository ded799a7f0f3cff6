// Package administrator sets up what clients need, as an administrator would:
// through Microsoft Graph and nothing else. It speaks plain HTTP, so that no client
// under test is needed to prepare its own test.
package administrator
