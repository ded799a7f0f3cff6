package issue

import (
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Email is the address that an application gets of a person, "" for none, and
// whether the owner of its domain is verified. An application that many
// organisations use gets no address of a domain that its organisation does not
// own: whoever administers a directory can write any address into it. home is
// the tenant of the account where that is another, else nil.
func Email(app *directory.Application, tenant, home *directory.Tenant, u *directory.User) (mail string, verified bool) {
	if u.Mail == nil || *u.Mail == "" {
		return "", false
	}
	verified = ownedAddress(*u.Mail, tenant, home)
	if !verified && (app == nil || app.MultiTenant()) {
		return "", false
	}
	return *u.Mail, verified
}

// ownedAddress reports whether one of the tenants verified the address's domain.
func ownedAddress(mail string, tenants ...*directory.Tenant) bool {
	at := strings.LastIndexByte(mail, '@')
	if at < 1 {
		return false
	}
	domain := strings.ToLower(mail[at+1:])
	for _, t := range tenants {
		if t != nil && t.VerifiedDomain(domain) {
			return true
		}
	}
	return false
}
