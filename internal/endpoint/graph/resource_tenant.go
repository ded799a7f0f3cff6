package graph

import (
	"net/http"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// Tenants are managed under a path of our own: Graph has no such call. Only an
// application of the operator's tenant that holds tenantsPermission may use it.

// tenantsPermission is the application permission of our own on Graph that lets
// the operator make and list tenants.
const tenantsPermission = directory.TenantsPermission

var tenantEntity = newEntity("sekisho.tenant", "sekisho/tenants", []property[organization]{
	shown("id", "Edm.String", func(t *organization) any { return t.ID.String() }),
	moment("createdDateTime", func(t *organization) *timeValue { return &t.CreatedAt }).readOnly(),
	shown("defaultDomainName", "Edm.String", func(t *organization) any { return t.DefaultDomain() }),
	shown("displayName", "Edm.String", func(t *organization) any { return t.DisplayName }),
	shown("isDisabled", "Edm.Boolean", func(t *organization) any { return t.Disabled }),
	{name: "verifiedDomains", typ: "Edm.Untyped", many: true, get: func(t *organization) any { return verifiedDomains(t) }},
})

var tenantRequestMembers = []property[directory.TenantRequest]{
	text("displayName", func(r *directory.TenantRequest) *string { return &r.DisplayName }),
	text("domain", func(r *directory.TenantRequest) *string { return &r.Domain }),
	texts("domains", func(r *directory.TenantRequest) *[]string { return &r.Domains }),
	textOrEmpty("adminName", func(r *directory.TenantRequest) *string { return &r.AdminName }),
}

// listTenants pages by id. Filters do not apply: an installation has few.
func listTenants(c *call) (*reply, error) {
	if c.query.Filter != nil || c.query.Search != nil || len(c.query.OrderBy) > 0 || c.query.Count {
		return nil, unsupported("Tenants can be listed with $top and $select alone.")
	}
	p, err := tenantEntity.project(c, false)
	if err != nil {
		return nil, err
	}
	at, err := c.readPageToken()
	if err != nil {
		return nil, err
	}
	after := directory.TenantID{}
	if at.ID != "" {
		if after, err = directory.ParseTenantID(at.ID); err != nil {
			return nil, parseError("The skip token is not valid for this request.")
		}
	}
	limit := defaultTop
	if c.query.Top != nil {
		limit = *c.query.Top
	}
	tenants, err := c.api.Tenants.Tenants(c.ctx, after, limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(tenants) > limit {
		tenants = tenants[:limit]
		next = c.nextLink(directory.Cursor{ID: tenants[limit-1].ID.String()})
	}
	// Neither the installation itself nor the place of personal accounts is a
	// tenant that an operator manages.
	tenants = slices.DeleteFunc(tenants, func(t *directory.Tenant) bool {
		return t.ID == directory.Installation || t.ID == directory.Consumers
	})
	items := make([]object, len(tenants))
	for i, t := range tenants {
		if items[i], err = p.render(c, t); err != nil {
			return nil, err
		}
	}
	return c.pageReply(p.context, items, nil, next), nil
}

// createTenant replies once with all that is needed to administer the tenant;
// the members are those of bootstrap.json.
func createTenant(c *call) (*reply, error) {
	in, err := readBody(tenantRequestMembers, c.body)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"displayName", "domain"} {
		if !in.has(name) {
			return nil, missing(name)
		}
	}
	var req directory.TenantRequest
	in.apply(&req)
	made, err := c.api.Ops.CreateTenant(c.ctx, c.caller, req)
	if err != nil {
		return nil, err
	}
	t := made.Tenant
	o := object{
		{"id", t.ID.String()}, {"createdDateTime", odata.FormatTime(t.CreatedAt)}, {"displayName", t.DisplayName},
		{"tenantId", t.ID.String()}, {"tenantDomain", t.DefaultDomain()},
		{"clientId", string(made.ClientID)}, {"clientSecret", made.ClientSecret.Reveal()},
		{"adminUser", made.AdminUser}, {"adminPassword", made.AdminPassword.Reveal()},
	}
	return &reply{status: http.StatusCreated, body: c.wrapEntity("sekisho/tenants/$entity", o)}, nil
}
