//go:build linux || darwin || freebsd

package main

import "syscall"

// noCoreDumps keeps keys and secrets that are in memory from being written to
// disk if the process crashes. It cannot be undone, which is meant: both limits
// are lowered.
func noCoreDumps() error {
	return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}
