package discovery

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// common is the alias under which documents for every tenant lie.
const common = "common"

// authority is what a path's tenant segment stands for.
type authority struct {
	// segment is the tenant in the URLs of documents: the GUID also where the
	// path named a domain, an alias where the path had it.
	segment string
	// tenant is zero where any tenant may sign in.
	tenant directory.TenantID
	alias  bool
}

// tenantTemplate stands for the tenant in issuers of documents for several.
// Validators replace exactly this text by the token's `tid`.
const tenantTemplate = "{tenantid}"

func (a authority) v2Issuer(h issue.Hosts) string {
	if a.tenant.IsZero() {
		return h.Login + "/" + tenantTemplate + "/v2.0"
	}
	return h.V2Issuer(a.tenant)
}

func (a authority) v1Issuer(h issue.Hosts) string {
	if a.tenant.IsZero() {
		return h.STS + "/" + tenantTemplate + "/"
	}
	return h.V1Issuer(a.tenant)
}

// resolve reads the tenant segment of a path. Both refusals travel under the
// name invalid_tenant here.
func (e *Endpoint) resolve(ctx context.Context, segment string) (authority, error) {
	name, err := directory.ParseTenantName(segment)
	if err != nil {
		return authority{}, aadsts.New(aadsts.InvalidTenantName, segment).Named("invalid_tenant")
	}
	switch name.Kind {
	case directory.NameCommon, directory.NameOrganizations:
		return authority{segment: name.Text, alias: true}, nil
	case directory.NameConsumers:
		return authority{segment: name.Text, tenant: directory.Consumers, alias: name.Text == "consumers"}, nil
	}
	t, err := directory.FindTenant(ctx, e.cfg.Tenants, name)
	if errors.Is(err, directory.ErrNotFound) {
		return authority{}, aadsts.New(aadsts.TenantNotFound, segment).Named("invalid_tenant")
	}
	if err != nil {
		return authority{}, err
	}
	return authority{segment: t.ID.String(), tenant: t.ID}, nil
}
