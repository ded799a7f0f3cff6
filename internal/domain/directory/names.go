package directory

import (
	"context"
	"errors"
	"strings"
)

// NormalizeName writes a resource name the way names are stored and compared:
// scheme and host in lower case, the rest as it is. A GUID is lower case as a
// whole.
func NormalizeName(name string) string {
	if id, err := ParseID(name); err == nil {
		return string(id)
	}
	colon := strings.IndexByte(name, ':')
	if colon < 0 {
		return name
	}
	scheme, rest := strings.ToLower(name[:colon]), name[colon+1:]
	if !strings.HasPrefix(rest, "//") {
		return scheme + ":" + rest // urn:… has no host
	}
	end := len(rest)
	if i := strings.IndexAny(rest[2:], "/?#"); i >= 0 {
		end = 2 + i
	}
	return scheme + ":" + strings.ToLower(rest[:end]) + rest[end:]
}

// toggleSlash is the name with the trailing slash added or taken away.
func toggleSlash(name string) string {
	if s, ok := strings.CutSuffix(name, "/"); ok {
		return s
	}
	return name + "/"
}

// ResolveResource finds the resource that a token request names: by its exact
// App ID URI, by that with the trailing slash toggled, and by its appId. It
// returns ErrNotFound for a name that no living service principal of the
// tenant has.
func ResolveResource(ctx context.Context, l Lookup, t TenantID, name string) (*ServicePrincipal, error) {
	name = NormalizeName(name)
	if id, err := ParseID(name); err == nil {
		return l.ServicePrincipalByAppID(ctx, t, id)
	}
	if name == "" {
		return nil, ErrNotFound
	}
	sp, err := l.ServicePrincipalByName(ctx, t, name)
	if !errors.Is(err, ErrNotFound) {
		return sp, err
	}
	if other := toggleSlash(name); other != "" {
		return l.ServicePrincipalByName(ctx, t, other)
	}
	return nil, ErrNotFound
}
