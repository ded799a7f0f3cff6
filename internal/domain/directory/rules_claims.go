package directory

import "slices"

// optionalClaimNames are the predefined claims that an application may ask for
// (learn.microsoft.com/entra/identity-platform/optional-claims-reference).
var optionalClaimNames = []string{
	"acct", "acrs", "aud", "auth_time", "ctry", "email", "family_name", "fwd", "given_name", "groups", "idtyp", "in_corp",
	"ipaddr", "login_hint", "onprem_sid", "preferred_username", "pwd_exp", "pwd_url", "sid", "tenant_ctry",
	"tenant_region_scope", "upn", "verified_primary_email", "verified_secondary_email", "vnet", "xms_cc", "xms_edov",
	"xms_pdl", "xms_pl", "xms_tpl", "ztdid",
}

// claimProperties are the modifiers of optional claims.
var claimProperties = []string{
	"cloud_displayname", "dns_domain_and_sam_account_name", "emit_as_roles", "include_externally_authenticated_upn",
	"include_externally_authenticated_upn_without_hash", "include_user_token", "max_size_limit",
	"netbios_domain_and_sam_account_name", "netbios_name_and_sam_account_name", "on_premise_security_identifier",
	"sam_account_name", "use_guid",
}

const maxClaimName = 256

// optionalClaims judges the claims asked for. A name that we do not know is
// refused, since it would never appear in a token; with the source "user" it
// names a directory extension, and any name will do.
func optionalClaims(o *OptionalClaims) error {
	if o == nil {
		return nil
	}
	for _, list := range []struct {
		property string
		claims   []OptionalClaim
	}{
		{"optionalClaims.idToken", o.IDToken},
		{"optionalClaims.accessToken", o.AccessToken},
		{"optionalClaims.saml2Token", o.SAML2Token},
	} {
		var names []string
		for _, c := range list.claims {
			names = append(names, value(c.Source)+"\x00"+c.Name)
			if err := optionalClaim(list.property, c); err != nil {
				return err
			}
		}
		if err := unique(list.property, names); err != nil {
			return err
		}
	}
	return nil
}

func optionalClaim(property string, c OptionalClaim) error {
	if err := label(property+".name", c.Name, maxClaimName); err != nil {
		return err
	}
	if c.Source == nil && !slices.Contains(optionalClaimNames, c.Name) {
		return invalid(property, "Optional claim '%s' is not known; for a directory extension set its source to 'user'.", clip(c.Name))
	}
	return first(
		oneOf(property+".source", c.Source, "user"),
		each(c.AdditionalProperties, func(s string) error {
			return oneOf(property+".additionalProperties", &s, claimProperties...)
		}),
		unique(property+".additionalProperties", c.AdditionalProperties),
	)
}
