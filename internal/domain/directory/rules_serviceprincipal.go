package directory

import (
	"encoding/hex"
	"slices"
	"strings"
)

const (
	maxMails            = 250
	maxAlternativeNames = 100
	maxLocalNames       = 100
)

// A principalChange is a service principal before and after a change. Its App is
// the application as it stands.
type principalChange struct {
	before, after *ServicePrincipal
}

// judge runs all rules that need nothing but the change itself.
func (ch principalChange) judge() error {
	a := ch.after
	return first(
		ch.fixed(),
		line("displayName", nonEmpty(a.DisplayName), maxDisplayName),
		text("description", a.Description, maxDescription),
		text("notes", a.Notes, maxDescription),
		link("loginUrl", a.LoginURL),
		logoutURL("logoutUrl", a.LogoutURL),
		oneOf("preferredSingleSignOnMode", a.PreferredSingleSignOnMode, "password", "saml", "notSupported", "oidc"),
		thumbprint(a.PreferredTokenSigningKey),
		mails("notificationEmailAddresses", a.NotificationEmailAddresses),
		atMost("alternativeNames", len(a.AlternativeNames), maxAlternativeNames),
		unique("alternativeNames", a.AlternativeNames),
		each(a.AlternativeNames, func(s string) error { return label("alternativeNames", s, maxDescription) }),
		line("samlSingleSignOnSettings.relayState", a.SamlRelayState, maxDescription),
		tags(a.Tags),
		ch.names(),
		appRoles(a.Roles()),
		rolesDisabledFirst(ch.before.AppRoles, a.AppRoles),
		ch.managedIdentity(),
		ch.builtin(),
		ch.locked(),
		ch.size(),
	)
}

// fixed refuses changes of what only the platform sets.
func (ch principalChange) fixed() error {
	b, a := ch.before, ch.after
	for _, f := range []struct {
		property string
		same     bool
	}{
		{"id", a.ID == b.ID}, {"appId", a.AppID == b.AppID}, {"tenantId", a.TenantID == b.TenantID},
		{"servicePrincipalType", a.Type == b.Type},
		{"createdDateTime", a.CreatedAt.Equal(b.CreatedAt)}, {"deletedDateTime", a.DeletedAt.Equal(b.DeletedAt)},
	} {
		if !f.same {
			return refusal(ReadOnly, f.property, "Property %s is read-only.", f.property)
		}
	}
	return nil
}

// names judges the local names of a resource.
func (ch principalChange) names() error {
	const property = "servicePrincipalNames"
	if err := first(atMost(property, len(ch.after.Names), maxLocalNames), unique(property, ch.after.ServicePrincipalNames())); err != nil {
		return err
	}
	return each(ch.after.Names, func(s string) error {
		if slices.Contains(ch.before.Names, s) {
			return nil
		}
		return identifierURI(s, false)
	})
}

// managedIdentity has no credentials that anybody could hold.
func (ch principalChange) managedIdentity() error {
	if a := ch.after; a.Type == TypeManagedIdentity && len(a.Passwords)+len(a.Keys) > 0 {
		return invalid("keyCredentials", "A managed identity cannot have secrets or certificates of its own.")
	}
	return nil
}

// builtin keeps credentials off the platform's own principals: whoever could
// add one could act as Microsoft Graph itself. Microsoft Graph stays enabled:
// without tokens for it, nobody could enable it again.
func (ch principalChange) builtin() error {
	a := ch.after
	if a.App == nil || !a.App.Builtin {
		return nil
	}
	if credentialsDiffer(ch.before, a, func(KeyCredential) bool { return true }) || len(a.AppRoles) > 0 || len(a.Names) > 0 ||
		a.AppID == GraphAppID && !a.AccountEnabled {
		return refusal(ReadOnly, "", textBuiltin)
	}
	return nil
}

// locked holds the application's app instance property lock: outside of the
// home tenant of a multi-tenant application the named properties stay as they
// are.
func (ch principalChange) locked() error {
	a := ch.after
	if a.App == nil || a.App.LockConfig == nil || !a.App.LockConfig.IsEnabled || !a.App.MultiTenant() || a.App.TenantID == a.TenantID {
		return nil
	}
	lock := a.App.LockConfig
	on := func(p *bool) bool { return p != nil && *p }
	all := on(lock.AllProperties)
	verify, sign := all || on(lock.CredentialsWithUsageVerify), all || on(lock.CredentialsWithUsageSign)
	covered := func(k KeyCredential) bool {
		return verify && k.Usage == UsageVerify || sign && k.Usage == UsageSign || all
	}
	if (verify || sign) && credentialsDiffer(ch.before, a, covered) {
		return refusal(ReadOnly, "keyCredentials", "The application locks the credentials of its service principals (servicePrincipalLockConfiguration).")
	}
	if (all || on(lock.IdentifierURIs)) && !slices.Equal(ch.before.Names, a.Names) {
		return refusal(ReadOnly, "servicePrincipalNames", "The application locks the names of its service principals (servicePrincipalLockConfiguration).")
	}
	return nil
}

func passwordsDiffer(before, after []PasswordCredential) bool {
	return !slices.EqualFunc(before, after, func(a, b PasswordCredential) bool { return a.KeyID == b.KeyID })
}

// keysDiffer compares the keys that the predicate selects.
func keysDiffer(before, after []KeyCredential, selected func(KeyCredential) bool) bool {
	pick := func(keys []KeyCredential) (ids []string) {
		for _, k := range keys {
			if selected(k) {
				ids = append(ids, string(k.KeyID)+hex.EncodeToString(k.SHA256[:]))
			}
		}
		return ids
	}
	return !slices.Equal(pick(before), pick(after))
}

func credentialsDiffer(before, after *ServicePrincipal, selected func(KeyCredential) bool) bool {
	return passwordsDiffer(before.Passwords, after.Passwords) || keysDiffer(before.Keys, after.Keys, selected)
}

// size bounds one service principal.
func (ch principalChange) size() error {
	a := ch.after
	n := len(a.NotificationEmailAddresses) + len(a.AlternativeNames) + len(a.Tags) + len(a.Names) + len(a.AppRoles) + len(a.Passwords) + len(a.Keys)
	if n > maxItems {
		return refusal(Quota, "", "The service principal would hold %d items over all its collections; at most %d are allowed.", n, maxItems)
	}
	return nil
}

// nonEmpty is nil for an empty string.
func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// thumbprint judges a SHA-1 thumbprint in hex.
func thumbprint(s *string) error {
	if s == nil {
		return nil
	}
	if b, err := hex.DecodeString(*s); err != nil || len(b) != 20 {
		return invalid("preferredTokenSigningKeyThumbprint", "Property preferredTokenSigningKeyThumbprint is not a SHA-1 thumbprint.")
	}
	return nil
}

// mails judges a list of mail addresses.
func mails(property string, list []string) error {
	return first(
		atMost(property, len(list), maxMails),
		unique(property, list),
		each(list, func(s string) error { return mail(property, &s) }),
	)
}

// mail judges the form of a mail address: something, one @, a domain.
func mail(property string, s *string) error {
	if s == nil {
		return nil
	}
	local, domain, ok := strings.Cut(*s, "@")
	if !ok || local == "" || domain == "" || strings.ContainsAny(domain, "@") || strings.ContainsAny(*s, " <>()[],;:\\\"") {
		return invalid(property, "Value '%s' of property %s is not a mail address.", clip(*s), property)
	}
	return line(property, s, maxDisplayName)
}

// normalizePrincipal brings a service principal into the form that is stored.
func normalizePrincipal(p *ServicePrincipal) error {
	blankToNil(&p.Description, &p.Notes, &p.LoginURL, &p.LogoutURL, &p.PreferredSingleSignOnMode, &p.PreferredTokenSigningKey, &p.SamlRelayState)
	for i, n := range p.Names {
		p.Names[i] = NormalizeName(n)
	}
	return normalizeRoles(p.AppRoles, "ServicePrincipal")
}
