// Package graph is the management API: the part of Microsoft Graph through
// which everything in the directory is administered, under /v1.0 and /beta.
//
// A request passes, in the order of API.ServeHTTP:
//
//	path ─── odata.ParsePath, router ──────> a route of routes.go, and its keys
//	token ── Tokens.Verify ────────────────> an Actor of one tenant
//	rights ─ actor.go, rights.go ──────────> the application's permission, the person's right
//	query ── odata.Parse, entity ──────────> options held against the properties
//	body ─── odata.CheckObject, property ──> setters of declared properties only
//	handle ─ resource_<name>.go ───────────> directory.Operations or a store
//	reply ── envelope.go, error.go ────────> the only writers of replies
//
// What a resource has is data: one row per property (property.go) from which
// $select, $filter, the reading of bodies and $metadata are driven, and one row
// per route (routes.go) with the permissions and the right that it needs, and one
// row per right (rights.go) with who has it. A route without declared permissions,
// or without a declared right where people may use it, makes New fail. What makes
// somebody stronger than they are is refused in guard.go.
//
// Everything happens in the tenant of the token. The rules of the directory
// itself are not here but in domain/directory.
//
// Specifications: OData 4.0 JSON Format and Protocol; Microsoft Graph's
// documentation of each resource, of permissions, paging, errors and query
// parameters (learn.microsoft.com/graph, 2026-11).
package graph
