//go:build !linux && !darwin && !freebsd

package main

// noCoreDumps has nothing to switch off where there are no core limits.
func noCoreDumps() error { return nil }
