package discovery

import (
	"context"
	"errors"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// The aliases that stand for a tenant in paths.
const (
	common        = "common"
	organizations = "organizations"
	consumers     = "consumers"
)

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
func (e *Endpoint) resolve(ctx context.Context, name string) (authority, error) {
	name = strings.ToLower(name)
	switch name {
	case common, organizations:
		return authority{segment: name, alias: true}, nil
	case consumers:
		return authority{segment: name, tenant: directory.Consumers, alias: true}, nil
	case directory.Consumers.String():
		return authority{segment: name, tenant: directory.Consumers}, nil
	}
	if id, err := directory.ParseTenantID(name); err == nil && id == directory.Installation {
		return authority{}, aadsts.New(aadsts.TenantNotFound, name).Named("invalid_tenant")
	} else if err != nil && !domainName(name) {
		return authority{}, aadsts.New(aadsts.InvalidTenantName, name).Named("invalid_tenant")
	}
	t, err := e.cfg.Tenants.TenantByName(ctx, name)
	if errors.Is(err, directory.ErrNotFound) || err == nil && t.Disabled {
		return authority{}, aadsts.New(aadsts.TenantNotFound, name).Named("invalid_tenant")
	}
	if err != nil {
		return authority{}, err
	}
	return authority{segment: t.ID.String(), tenant: t.ID}, nil
}

// domainName reports whether s, in lower case, is a DNS name of at least two
// labels (RFC 1035 §2.3.1, with digits first as RFC 1123 §2.1 allows).
func domainName(s string) bool {
	if len(s) > 253 {
		return false
	}
	labels := 0
	for len(s) > 0 {
		label, rest, more := strings.Cut(s, ".")
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || more && rest == "" {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
		labels, s = labels+1, rest
	}
	return labels >= 2
}
