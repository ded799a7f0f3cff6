// Package pgtest gives tests and benchmarks a PostgreSQL: the one that
// SEKISHO_TEST_POSTGRES names, or one of its own, started from the
// distribution's binaries in a temporary directory and stopped at the end.
//
// The own one sorts text linguistically (ICU), so that a statement that forgot
// COLLATE "C" shows, and has fsync on, so that what is measured is what would be
// shipped.
package pgtest
