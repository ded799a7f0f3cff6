package token

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// chooseResource finds out what a person's token is for: what the request says,
// or what the sign-in began with.
func (e *Endpoint) chooseResource(ctx context.Context, x *exchange, p *person, began *authorization.Asked) error {
	// It was checked when it came; what is stored may still be of an older version.
	first, err := oauth2.ParseScopes(began.Scope)
	if err != nil {
		return aadsts.New(aadsts.InvalidScope, began.Scope).Because(err)
	}
	if x.version == V1 {
		p.chooseV1(x, began, first)
		return nil
	}
	text := x.form.Get("scope")
	if text == "" {
		if began.Resource != "" {
			first.List = []oauth2.Scope{{Resource: began.Resource, Value: oauth2.DefaultScope, Text: began.Resource + "/" + oauth2.DefaultScope}}
		}
		p.choose(first)
		p.oidc = first.OIDC
		return nil
	}
	scopes, err := oauth2.ParseScopes(text)
	switch {
	case err != nil:
		return aadsts.New(aadsts.InvalidScope, text).Because(err)
	case len(scopes.List)+len(scopes.OIDC) == 0:
		return aadsts.New(aadsts.EmptyScope)
	case len(scopes.Resources) > 1 && !p.refresh:
		if err := e.oneResource(ctx, x, scopes.Resources); err != nil {
			return err
		}
		// Other names of the same resource.
		p.choose(scopes)
		p.scopes = scopes.List
	default:
		p.choose(scopes)
	}
	p.asked = scopes.OIDC
	p.oidc = append(slices.Clone(scopes.OIDC), first.OIDC...)
	return nil
}

// choose takes the first resource and what was asked of it; without any it is
// Graph, whose UserInfo the scopes of OpenID Connect are for.
func (p *person) choose(s oauth2.Scopes) {
	p.resource = oauth2.GraphResource
	if len(s.List) > 0 {
		p.resource = s.List[0].Resource
	}
	for _, scope := range s.List {
		if scope.Resource == p.resource {
			p.scopes = append(p.scopes, scope)
		}
	}
}

// chooseV1 takes the resource of a v1 request. Everything consented to comes with
// it.
func (p *person) chooseV1(x *exchange, began *authorization.Asked, first oauth2.Scopes) {
	switch {
	case x.form.Get("resource") != "":
		p.resource = x.form.Get("resource")
	case began.Resource != "":
		p.resource = began.Resource
	case len(first.List) > 0:
		p.resource = first.List[0].Resource
	default:
		p.resource = defaultResource
	}
	p.scopes = []oauth2.Scope{{Resource: p.resource, Value: oauth2.DefaultScope}}
	p.oidc = first.OIDC
	if slices.Contains(strings.Fields(x.form.Get("scope")), "openid") {
		p.oidc = append(slices.Clone(p.oidc), "openid")
	}
}

// oneResource refuses names of different resources in one request.
func (e *Endpoint) oneResource(ctx context.Context, x *exchange, names []string) error {
	var one directory.ID
	for _, name := range names {
		resource, err := directory.ResolveResource(ctx, e.Lookup, x.tenant.ID, name)
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return err
		}
		if err != nil || one != "" && resource.ID != one {
			return aadsts.New(aadsts.SeveralResources, strings.Join(names, " "))
		}
		one = resource.ID
	}
	return nil
}

// scopeText is the `scope` of the answer: the OpenID Connect scopes and everything
// that the token carries, written as the client wrote the resource: MSAL keeps
// tokens under these words and looks for those that it asked for. v1 has short
// names.
func (p *person) scopeText(v Version, at *target) string {
	var words []string
	for _, word := range at.oidc {
		if word != "offline_access" {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	prefix := p.prefix(v, "")
	for _, value := range at.scopes {
		if isOIDC(value) {
			continue
		}
		own := prefix
		for _, s := range p.scopes {
			if strings.EqualFold(s.Value, value) {
				own = p.prefix(v, s.Text)
			}
		}
		words = append(words, own+value)
	}
	if v == V2 && len(p.scopes) > 0 && p.scopes[0].Value == oauth2.DefaultScope {
		words = append(words, p.prefix(v, p.scopes[0].Text)+oauth2.DefaultScope)
	}
	return strings.Join(words, " ")
}

// prefix is what stands before a permission in the answer: nothing in short
// names, else the resource as in the text, or as the client wrote it first.
func (p *person) prefix(v Version, text string) string {
	if text == "" && len(p.scopes) > 0 {
		text = p.scopes[0].Text
	}
	if i := strings.LastIndexByte(text, '/'); i >= 0 && v == V2 {
		return text[:i+1]
	}
	return ""
}

func isOIDC(word string) bool {
	switch word {
	case "openid", "profile", "email", "offline_access":
		return true
	}
	return false
}
