package oauth2

import (
	"errors"
	"slices"
	"strings"
)

// DefaultScope is the value that stands for everything registered or granted.
const DefaultScope = ".default"

// GraphResource is the resource that a scope without one belongs to.
const GraphResource = "https://graph.microsoft.com"

// oidcScopes are the words of OpenID Connect Core §5.4 and §11.
var oidcScopes = []string{"openid", "profile", "email", "offline_access"}

// OIDCScopes are the scopes that belong to no resource, for discovery.
func OIDCScopes() []string { return slices.Clone(oidcScopes) }

// MaxScopes bounds the number of scopes of one request.
const MaxScopes = 200

// Scope errors.
var (
	ErrScopeSyntax  = errors.New("not a scope")
	ErrDefaultMixed = errors.New(".default cannot stand beside named scopes")
	ErrManyScopes   = errors.New("too many scopes")
)

// A Scope is one requested permission of a resource.
type Scope struct {
	Resource string // App ID URI or GUID as the client wrote it; GraphResource for a bare word
	Value    string // permission value, or DefaultScope
	Text     string // as the client wrote it
}

// Scopes is a parsed scope parameter.
type Scopes struct {
	OIDC      []string // openid, profile, email, offline_access, as sent
	Resources []string // each resource once, in order of appearance
	List      []Scope  // the rest
}

// Default reports whether the request asks for .default.
func (s Scopes) Default() bool {
	return len(s.List) > 0 && s.List[0].Value == DefaultScope
}

// ParseScopes splits a scope parameter (RFC 6749 §3.3). Words of OpenID Connect
// stand alone; of the others the last '/' parts resource from value, so that a
// resource may itself end in '/'; a bare word is a permission of Graph.
func ParseScopes(text string) (Scopes, error) {
	var s Scopes
	isDefault, isNamed := false, false
	for _, word := range strings.Split(text, " ") {
		if word == "" {
			continue
		}
		if len(s.OIDC)+len(s.List) >= MaxScopes {
			return Scopes{}, ErrManyScopes
		}
		if !scopeToken(word) {
			return Scopes{}, ErrScopeSyntax
		}
		if lower := strings.ToLower(word); slices.Contains(oidcScopes, lower) {
			s.OIDC = append(s.OIDC, lower)
			continue
		}
		scope := Scope{Resource: GraphResource, Value: word, Text: word}
		if i := strings.LastIndexByte(word, '/'); i >= 0 {
			scope.Resource, scope.Value = word[:i], word[i+1:]
		}
		if scope.Value == "" || scope.Resource == "" {
			return Scopes{}, ErrScopeSyntax
		}
		if strings.EqualFold(scope.Value, DefaultScope) {
			scope.Value, isDefault = DefaultScope, true
		} else {
			isNamed = true
		}
		s.List = append(s.List, scope)
		s.addResource(scope.Resource)
	}
	if isDefault && isNamed {
		return Scopes{}, ErrDefaultMixed
	}
	return s, nil
}

func (s *Scopes) addResource(r string) {
	for _, have := range s.Resources {
		if have == r {
			return
		}
	}
	s.Resources = append(s.Resources, r)
}

// scopeToken is the scope-token of RFC 6749 §3.3, with the characters beyond
// ASCII refused.
func scopeToken(word string) bool {
	for i := range len(word) {
		c := word[i]
		if c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
