// Package odata reads the syntax of OData 4.0 as Microsoft Graph speaks it:
// the query options of a URL, the $filter and $search languages, resource
// paths with keys and functions, strict JSON bodies, timestamps and durations.
//
// It knows no resource and no property, makes no SQL and has no opinion about
// permissions. It turns text that a stranger sent into small typed trees whose
// size is bounded, or into an *Error that says what is wrong, where, and of
// which Kind.
//
// The way of a request through it, as endpoint/graph uses it:
//
//	escaped path ── ParsePath ──> []Segment      which resource, which key
//	raw query ───── Parse ──────> *Query         select, filter, expand, paging
//	body ────────── CheckObject                  before encoding/json sees it
//
// The caller then holds every Path of the filter against the properties it
// allows, and hands the tree to a store, which compiles it (Walk finds what is in
// it). A link to the next page repeats the options as they were sent.
//
// Specifications: OData 4.0 Part 2 (URL Conventions) and its ABNF,
// learn.microsoft.com/graph/query-parameters, /graph/filter-query-parameter,
// /graph/search-query-parameter and /graph/aad-advanced-queries;
// RFC 8259 for JSON, RFC 3986 for paths. Where Graph is more tolerant than
// OData (letter case of operators, options without "$") Graph is followed.
package odata
