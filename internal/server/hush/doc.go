// Package hush keeps the metrics library from writing to standard error while the
// program starts: where a container has cgroups without pressure figures it says so
// on every start, above what a command prints.
//
// That happens before any main runs, when packages are initialised. Of those whose
// imports are ready, the one whose path sorts first is initialised first (Go
// specification, Package initialization), and ours sorts before what the library
// imports: the standard logger drops the library's line until End.
package hush
