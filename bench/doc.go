// Command bench measures a Sekisho server that runs as a process of its own, and
// writes docs/performance.md. Run it through the Makefile:
//
//	make bench               everything, about fifteen minutes
//	make bench BENCH=quick   shorter runs, under three minutes
//
// Absolute times do not travel from one machine to the next, so most figures are
// ratios. S is the CPU time of one RSA-2048 signature of Go's standard library, L
// the number of such signatures that all cores make in a second; both are measured
// beside every run, in the same minute. EFF is S divided by the CPU time that
// server and database together spend on a request: the share of the work that is
// the unavoidable signature. frac is requests per second divided by L. Load
// generator, server and database share the cores, as in the runs that the goals
// come from.
//
// A figure is the median of at least five runs after a warm-up, with minimum and
// maximum. One failed request fails the measurement.
package main
