// Package archtest holds the shape of the house: which package may import which,
// who may take time and randomness by themselves, which modules there are. It
// has no code but tests, and each rule says in its failure why it is there.
//
// The rules are those of docs/architecture.md. A rule is a row in rules_test.go; who
// wants an exception writes its reason beside it.
package archtest
