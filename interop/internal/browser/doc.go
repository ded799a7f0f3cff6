// Package browser starts a headless Chromium that trusts a Sekisho server, for
// tests that need what only a browser does: its layout, its cookies and the
// policies that it enforces.
package browser
