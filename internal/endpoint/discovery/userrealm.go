package discovery

import (
	"errors"
	"net/http"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// realm tells a client how accounts of a domain sign in. MSAL Go refuses an
// answer that lacks one of the last four members.
type realm struct {
	Version          string `json:"ver"`
	AccountType      string `json:"account_type"`
	DomainName       string `json:"domain_name"`
	CloudName        string `json:"cloud_instance_name"`
	CloudAudienceURN string `json:"cloud_audience_urn"`
}

// UserRealm serves /common/userrealm/{user}, which clients ask before the
// password grant. The answer follows from the domain alone, so that nobody
// learns from it whether a user exists.
func (e *Endpoint) UserRealm() http.Handler {
	return e.endpoint(func(w http.ResponseWriter, r *http.Request) error {
		user := strings.ToLower(r.PathValue("user"))
		out := realm{
			Version: "1.0", AccountType: "Unknown",
			CloudName: e.cloudName(hosts(r)), CloudAudienceURN: "urn:federation:SekishoOnline",
		}
		domain := user[strings.LastIndexByte(user, '@')+1:]
		if name, err := directory.ParseTenantName(domain); err == nil && name.Kind == directory.NameDomain && len(domain) < len(user) {
			out.DomainName = domain
			t, err := directory.FindTenant(r.Context(), e.cfg.Tenants, name)
			if err != nil && !errors.Is(err, directory.ErrNotFound) {
				return err
			}
			if err == nil && t.VerifiedDomain(domain) {
				out.AccountType = "Managed"
			}
		}
		return writeFresh(w, r, out, notAtAll)
	})
}
