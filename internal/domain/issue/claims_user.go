package issue

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// A rule says when tokens of a kind carry a claim that has a value.
type rule uint8

const (
	never    rule = iota
	always        // its function may still say that there is no value
	optional      // where the recipient's registration asks for it
	profile       // where the scope profile was granted
	both          // optional and profile
)

// A userClaim is one claim of the tokens of people: ID tokens and access tokens
// of both versions. What decides more finely than the rules is in the function.
type userClaim struct {
	name           string
	i1, i2, a1, a2 rule
	value          func(d *draft) any
}

// userClaims is the table of what a person's tokens can carry, in the order of
// the token.
var userClaims = []userClaim{
	// name                i1        i2        a1        a2
	{"aud", always, always, always, always, (*draft).audience},
	{"iss", always, always, always, always, (*draft).issuer},
	{"iat", always, always, always, always, (*draft).issuedAt},
	{"nbf", always, always, always, always, (*draft).issuedAt},
	{"exp", always, always, always, always, func(d *draft) any { return d.expiry.Unix() }},
	{"acct", optional, optional, optional, optional, (*draft).accountKind},
	{"acr", never, never, always, never, func(*draft) any { return "1" }},
	{"acrs", never, never, always, always, func(d *draft) any { return d.user.Contexts }},
	{"aio", always, always, always, always, func(d *draft) any { return d.aio }},
	{"amr", always, never, always, never, func(d *draft) any { return d.user.Subject.Methods }},
	{"appid", never, never, always, never, func(d *draft) any { return string(d.Client.AppID) }},
	{"appidacr", never, never, always, never, (*draft).clientAuth},
	{"at_hash", always, always, never, never, func(d *draft) any { return halfHash(d.id.AccessToken) }},
	{"auth_time", always, always, always, always, (*draft).authTime},
	{"azp", never, never, never, always, func(d *draft) any { return string(d.Client.AppID) }},
	{"azpacr", never, never, never, always, (*draft).clientAuth},
	{"c_hash", always, always, never, never, func(d *draft) any { return halfHash(d.id.Code) }},
	{"ctry", optional, optional, optional, optional, func(d *draft) any { return country(d.user.User.Country) }},
	{"email", always, always, always, always, func(d *draft) any { mail, _ := d.email(); return mail }},
	{"family_name", always, both, always, both, func(d *draft) any { return text(d.user.User.Surname) }},
	{"given_name", always, both, always, both, func(d *draft) any { return text(d.user.User.GivenName) }},
	{"idp", always, always, always, always, (*draft).identityProvider},
	{"idtyp", never, never, always, always, func(d *draft) any {
		return when(d.optedWith("idtyp", "include_user_token"), "user")
	}},
	{"ipaddr", always, optional, always, optional, func(d *draft) any { return d.user.Subject.IPAddress }},
	{"login_hint", optional, optional, optional, optional, func(d *draft) any { return d.hint }},
	{"name", always, profile, always, profile, func(d *draft) any { return d.user.User.DisplayName }},
	{"nonce", always, always, never, never, func(d *draft) any { return d.id.Nonce }},
	{"oid", always, profile, always, always, func(d *draft) any { return string(d.user.User.ID) }},
	{"preferred_username", optional, profile, optional, profile, func(d *draft) any { return d.signInName() }},
	{"rh", always, always, always, always, (*draft).rh},
	{"roles", always, always, always, always, (*draft).appRoles},
	{"scp", never, never, always, always, func(d *draft) any { return d.scopes() }},
	{"sid", optional, optional, optional, optional, func(d *draft) any { return string(d.user.Subject.Session) }},
	{"sub", always, always, always, always, func(d *draft) any { return d.sub }},
	{"tenant_ctry", optional, optional, optional, optional, func(d *draft) any { return d.Tenant.Settings.CountryLetterCode }},
	{"tenant_region_scope", optional, optional, optional, optional, func(*draft) any { return "WW" }},
	{"tid", always, always, always, always, func(d *draft) any { return d.Tenant.ID.String() }},
	{"unique_name", always, never, always, never, func(d *draft) any { return d.signInName() }},
	{"upn", always, optional, always, optional, (*draft).principalName},
	{"uti", always, always, always, always, func(d *draft) any { return d.UTI }},
	{"ver", always, always, always, always, func(d *draft) any { return strconv.Itoa(d.v) + ".0" }},
	{"verified_primary_email", optional, optional, optional, optional, func(d *draft) any {
		return d.owned([]string{text(d.user.User.Mail)})
	}},
	{"verified_secondary_email", optional, optional, optional, optional, func(d *draft) any {
		return d.owned(d.user.User.OtherMails)
	}},
	{"wids", always, always, always, always, (*draft).directoryRoles},
	{"xms_cc", never, never, always, always, (*draft).capabilities},
	{"xms_edov", optional, optional, optional, optional, (*draft).emailVerified},
	{"xms_pl", optional, optional, optional, optional, func(d *draft) any {
		return strings.ToLower(text(d.user.User.PreferredLanguage))
	}},
	{"xms_tpl", optional, optional, optional, optional, func(d *draft) any { return d.Tenant.Settings.PreferredLanguage }},
}

func (c *userClaim) rule(identity bool, version int) rule {
	switch {
	case identity && version == 1:
		return c.i1
	case identity:
		return c.i2
	case version == 1:
		return c.a1
	}
	return c.a2
}

// IDClaims lists the claims that ID tokens of a version can carry.
func IDClaims(version int) []string {
	var names []string
	for i := range userClaims {
		if c := &userClaims[i]; c.rule(true, version) != never {
			names = append(names, c.name)
		}
	}
	return names
}

func appendUserClaims(b []byte, d *draft) []byte {
	b = append(b, '{')
	for i := range userClaims {
		c := &userClaims[i]
		if d.meets(c.rule(d.id != nil, d.v), c.name) {
			b = appendClaim(b, c.name, c.value(d))
		}
	}
	return append(b, '}')
}

func (d *draft) meets(r rule, name string) bool {
	switch r {
	case always:
		return true
	case optional:
		return d.opted(name)
	case profile:
		return d.granted("profile")
	case both:
		return d.opted(name) && d.granted("profile")
	}
	return false
}

// granted reports whether a scope of OpenID Connect was granted.
func (d *draft) granted(scope string) bool { return slices.Contains(d.user.OIDC, scope) }

// guest reports whether another tenant proved who the person is.
func (d *draft) guest() bool {
	home := d.user.Subject.HomeTenant
	return !home.IsZero() && home != d.Tenant.ID
}

// accountKind is 0 for a member, 1 for a guest.
func (d *draft) accountKind() any {
	if kind := d.user.User.UserType; kind != nil && *kind == "Guest" {
		return int64(1)
	}
	return int64(0)
}

// authTime is in ID tokens also where the request had max_age (OpenID Connect
// Core §2) or named the claim.
func (d *draft) authTime() any {
	asked := d.id != nil && (d.user.Subject.AskedAge || slices.Contains(d.id.Asked, "auth_time"))
	if at := d.user.Subject.AuthTime; !at.IsZero() && (asked || d.opted("auth_time")) {
		return at.Unix()
	}
	return nil
}

// identityProvider names the tenant that proved who a guest is; without it that
// is the issuer.
func (d *draft) identityProvider() any {
	if !d.guest() {
		return nil
	}
	return d.Hosts.V1Issuer(d.user.Subject.HomeTenant)
}

// email goes to whom it was granted or who asked for it in the registration; of
// guests, whose user names say little, also to the rest.
func (d *draft) email() (mail string, verified bool) {
	scope := d.id != nil && d.v == 2 && d.granted("email")
	if !d.guest() && !scope && !d.opted("email") {
		return "", false
	}
	return Email(d.recipient().App, d.Tenant, d.home, d.user.User)
}

// emailVerified stands beside email only, and only to say yes.
func (d *draft) emailVerified() any {
	if _, verified := d.email(); verified {
		return true
	}
	return nil
}

// owned are the addresses of verified domains.
func (d *draft) owned(mails []string) any {
	var list []string
	for _, m := range mails {
		if ownedAddress(m, d.Tenant, d.home) {
			list = append(list, m)
		}
	}
	return list
}

// signInName is what the person signs in with.
func (d *draft) signInName() string {
	if u := d.user.User; d.guest() && text(u.Mail) != "" {
		return *u.Mail
	}
	return d.user.User.UserPrincipalName
}

// principalName of a guest is a name of this tenant that nobody signs in with:
// only who asks for it gets it.
func (d *draft) principalName() any {
	upn := d.user.User.UserPrincipalName
	switch {
	case !d.guest() || d.optedWith("upn", "include_externally_authenticated_upn"):
		return upn
	case d.optedWith("upn", "include_externally_authenticated_upn_without_hash"):
		return strings.Replace(upn, "#EXT#", "_EXT_", 1)
	}
	return nil
}

// appRoles are those on the recipient.
func (d *draft) appRoles() any {
	if d.id != nil {
		return d.id.Roles
	}
	return d.Roles
}

// directoryRoles go to recipients whose registration wants directory roles.
func (d *draft) directoryRoles() any {
	app := d.recipient().App
	if app == nil || app.GroupMembershipClaims == nil {
		return nil
	}
	wanted := false
	for kind := range strings.SplitSeq(*app.GroupMembershipClaims, ",") {
		switch strings.TrimSpace(kind) {
		case "DirectoryRole", "All", "SecurityGroup":
			wanted = true
		}
	}
	if !wanted {
		return nil
	}
	roles := slices.Clone(d.user.DirectoryRoles)
	if d.id != nil {
		roles = append(roles, d.id.DirectoryRoles...)
	}
	var ids []string
	for _, r := range roles {
		if !slices.Contains(ids, string(r)) {
			ids = append(ids, string(r))
		}
	}
	return ids
}

// scopes of Graph include those of OpenID Connect: its UserInfo needs them.
func (d *draft) scopes() string {
	var list []string
	if id := d.Resource.AppID; id == directory.GraphAppID || id == directory.AADGraphAppID {
		for _, s := range d.user.OIDC {
			if s != "offline_access" && !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
		slices.Sort(list)
	}
	for _, s := range d.user.Scopes {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return strings.Join(list, " ")
}

// halfHash binds an ID token to what was issued beside it (OpenID Connect Core
// §3.3.2.11); "" for nothing.
func halfHash(s string) any {
	if s == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// country is a code of two letters; other spellings of a country are not passed
// on.
func country(name *string) any {
	c := strings.ToUpper(text(name))
	if len(c) != 2 || c[0] < 'A' || c[0] > 'Z' || c[1] < 'A' || c[1] > 'Z' {
		return nil
	}
	return c
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
