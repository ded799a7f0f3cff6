// Package config reads sekisho.yaml, the one configuration file of a server.
//
// It is responsible for the format, the defaults and the checks that need
// nothing but the file. What belongs to a tenant (lifetimes, policies) is data
// of the directory and is not configured here.
//
// A file's way: Load parses the text, walks its syntax tree beside the Config
// struct and notes every fault with its place (unknown key, wrong type, key
// given twice, reference that resolves to nothing), then Validate looks at the
// values. All faults come back at once as Faults, each with line and caret. A
// value that is marked secret is never part of a message, nor is any line of
// the file but the faulty one.
//
// The page docs/reference/configuration.md is written from the comments of the
// fields; a test fails when it is stale.
package config
