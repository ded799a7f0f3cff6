// Package issuer is a small OpenID provider on loopback that vouches for workloads,
// as a Kubernetes cluster or a CI service does: metadata, one key, and tokens that
// name a subject and an audience (OpenID Connect Discovery 1.0 §4, RFC 7523 §3).
package issuer
