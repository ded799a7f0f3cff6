// Package directory is the directory object model: tenants and their domains,
// applications (the definition, in one home tenant) and service principals (an
// application's identity in one tenant), credentials, app roles and permission
// scopes, assignments and grants, users, and the policies attached to
// applications. The names are Microsoft Graph's.
//
// It holds the rules of the model (what a name, a URI, a credential may be,
// what must be unique, what a change takes along) and the small interfaces of
// the stores that keep the objects; it knows neither HTTP nor SQL.
//
// Ways in: endpoint/graph and the server's first start change objects through
// Operations (operations_<noun>.go), each act of which holds the change against
// the rules (rules_<noun>.go), stamps time and ids, and ends in one act of the
// store, which writes object, change-log entry and audit event in one
// transaction. Token issuance only reads, through Lookup, which the in-memory
// view of internal/store/view serves.
package directory
