package graph

import (
	"encoding/json"
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

type grant = directory.OAuth2PermissionGrant

var grantEntity = newEntity("oAuth2PermissionGrant", "oauth2PermissionGrants", []property[grant]{
	shown("id", "Edm.String", func(g *grant) any { return g.ID }).filtered(),
	guid("clientId", func(g *grant) *directory.ID { return &g.ClientID }).filtered(),
	text("consentType", func(g *grant) *string { return &g.ConsentType }).filtered(),
	principalOfGrant(),
	guid("resourceId", func(g *grant) *directory.ID { return &g.ResourceID }).filtered(),
	textOrEmpty("scope", func(g *grant) *string { return &g.Scope }),
	forgotten("startTime"),
	forgotten("expiryTime"),
})

// principalOfGrant is null for everybody.
func principalOfGrant() property[grant] {
	p := identity("principalId", func(g *grant) directory.ID { return g.PrincipalID }).filtered()
	p.parse = func(raw rawMessage) (func(*grant), error) {
		s, err := decode[*string]("principalId", raw)
		if err != nil || s == nil || *s == "" {
			return func(g *grant) { g.PrincipalID = "" }, err
		}
		id, err := directory.ParseID(*s)
		if err != nil {
			return nil, invalidValue("principalId")
		}
		return func(g *grant) { g.PrincipalID = id }, nil
	}
	return p
}

// forgotten is a property that grants once had: taken and not kept.
func forgotten(name string) property[grant] {
	return property[grant]{
		name: name, typ: "Edm.DateTimeOffset", nullable: true, explicit: true,
		get:   func(*grant) any { return nil },
		parse: func(rawMessage) (func(*grant), error) { return func(*grant) {}, nil },
	}
}

func quoteJSON(s string) (rawMessage, error) { return json.Marshal(s) }

func marshalMembers(m map[string]rawMessage) (rawMessage, error) { return json.Marshal(m) }

func listGrants(c *call) (*reply, error) { return list(c, grantEntity, c.api.Grants.Grants) }

func getGrant(c *call) (*reply, error) {
	g, err := c.api.Grants.Grant(c.ctx, c.tenant(), c.keys[0].value)
	if err != nil {
		return nil, err
	}
	return one(c, grantEntity, http.StatusOK, g)
}

func createGrant(c *call) (*reply, error) {
	in, err := readBody(grantEntity.props, c.body)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"clientId", "consentType", "resourceId"} {
		if !in.has(name) {
			return nil, missing(name)
		}
	}
	var draft grant
	in.apply(&draft)
	g, err := c.api.Ops.CreateGrant(c.ctx, c.caller, draft)
	if err != nil {
		return nil, err
	}
	rep, err := one(c, grantEntity, http.StatusCreated, g)
	if err == nil {
		rep.location = c.base() + "/oauth2PermissionGrants/" + g.ID
	}
	return rep, err
}

// patchGrant changes the scopes; what else identifies a grant cannot change.
func patchGrant(c *call) (*reply, error) {
	in, err := readBody(grantEntity.props, c.body)
	if err != nil {
		return nil, err
	}
	id := c.keys[0].value
	g, err := c.api.Grants.Grant(c.ctx, c.tenant(), id)
	if err != nil {
		return nil, err
	}
	want := *g
	in.apply(&want)
	scope := want.Scope
	want.Scope = g.Scope
	if want != *g {
		return nil, badRequest("One or more property values specified are invalid. Only the property 'scope' of a permission grant can be changed.")
	}
	if in.has("scope") {
		if err := c.api.Ops.SetGrantScope(c.ctx, c.caller, id, scope); err != nil {
			return nil, err
		}
		if g, err = c.api.Grants.Grant(c.ctx, c.tenant(), id); err != nil {
			return nil, err
		}
	}
	return patched(c, grantEntity, g)
}

func deleteGrant(c *call) (*reply, error) {
	return noContent(), c.api.Ops.DeleteGrant(c.ctx, c.caller, c.keys[0].value)
}
