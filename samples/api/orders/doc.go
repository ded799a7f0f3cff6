// Package orders is a small Web API that [bearer] protects.
//
// An application that acts by itself sees the orders of its whole tenant, if an
// administrator granted it Orders.Read.All. An application that acts for a person
// sees that person's orders, if somebody consented to Orders.Read.
//
// A request goes Handler → bearer (is the token good, and does it permit this
// kind of act?) → list or create (which orders may this caller see?) → Store.
package orders
