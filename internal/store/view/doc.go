// Package view is the in-memory view that token issuance reads instead of the
// database: immutable tenants, applications, service principals with their
// credentials, app-role assignments and lifetime policies, loaded on first use,
// bounded by bytes, and dropped object by object as the change feed says.
//
// A View stands in front of the store and implements directory.Lookup. A hit
// reads no database; a miss reads it and remembers the answer, unless a change
// arrived meanwhile. What is absent is not remembered: a made-up id costs its
// caller a read, never us memory.
//
// A Follower keeps the view true: it applies what this process commits at once,
// reads what others committed from the change feed, and tells the view when it
// last did so. A view that has not heard of the feed for a while stops trusting
// itself and reads the database every time.
package view
