// Package platform runs `sekisho dev` as a process for as long as a test needs it.
// It builds the command from this tree, unless SEKISHO_BIN names one.
package platform
