package issue

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// backdate is how far iat and nbf lie before the moment of issue, so that a
// resource whose clock is a little behind accepts a fresh token.
const backdate = 300 * time.Second

// A token being made: facts and times.
type draft struct {
	*Facts
	v      int
	now    time.Time
	expiry time.Time
	aio    string

	// Of tokens of people; nil and empty in app-only ones.
	user *UserFacts
	id   *IdentityFacts // nil in access tokens
	home *directory.Tenant
	sub  string
	hint string // value of the login_hint claim
}

// A claimRow is one claim of app-only access tokens. A value of nil, "" or an
// empty list leaves the claim out.
type claimRow struct {
	name   string
	v1, v2 bool
	value  func(d *draft) any
}

// appOnlyClaims is the table of what an app-only access token can carry, in the
// order of the token. A user's claims (scp, name, upn, amr …) are never in it:
// a resource tells the kinds apart by their absence.
var appOnlyClaims = []claimRow{
	{"aud", true, true, (*draft).audience},
	{"iss", true, true, (*draft).issuer},
	{"iat", true, true, (*draft).issuedAt},
	{"nbf", true, true, (*draft).issuedAt},
	{"exp", true, true, func(d *draft) any { return d.expiry.Unix() }},
	{"aio", true, true, func(d *draft) any { return d.aio }},
	{"appid", true, false, func(d *draft) any { return string(d.Client.AppID) }},
	{"appidacr", true, false, (*draft).clientAuth},
	{"azp", false, true, func(d *draft) any { return string(d.Client.AppID) }},
	{"azpacr", false, true, (*draft).clientAuth},
	{"idp", true, false, (*draft).issuer},
	{"idtyp", true, true, func(d *draft) any { return when(d.opted("idtyp"), "app") }},
	{"oid", true, true, func(d *draft) any { return string(d.Client.ID) }},
	{"rh", true, true, (*draft).rh},
	{"roles", true, true, func(d *draft) any { return d.Roles }},
	{"sub", true, true, func(d *draft) any { return string(d.Client.ID) }},
	{"tenant_ctry", true, true, func(d *draft) any {
		return when(d.opted("tenant_ctry"), d.Tenant.Settings.CountryLetterCode)
	}},
	{"tenant_region_scope", true, true, func(d *draft) any { return when(d.opted("tenant_region_scope"), "WW") }},
	{"tid", true, true, func(d *draft) any { return d.Tenant.ID.String() }},
	{"uti", true, true, func(d *draft) any { return d.UTI }},
	{"ver", true, true, func(d *draft) any { return strconv.Itoa(d.v) + ".0" }},
	{"xms_cc", true, true, (*draft).capabilities},
	{"xms_tpl", true, true, func(d *draft) any {
		return when(d.opted("xms_tpl"), d.Tenant.Settings.PreferredLanguage)
	}},
}

// recipient is whom the token is for: its registration says which optional claims
// it carries.
func (d *draft) recipient() *directory.ServicePrincipal {
	if d.id != nil {
		return d.Client
	}
	return d.Resource
}

// personalClaims are the only optional claims of personal accounts.
var personalClaims = []string{"email", "login_hint", "sid", "given_name", "family_name"}

// optional finds an optional claim that the recipient asked for in tokens of
// this kind.
func (d *draft) optional(name string) (directory.OptionalClaim, bool) {
	app := d.recipient().App
	if app == nil || app.OptionalClaims == nil {
		return directory.OptionalClaim{}, false
	}
	if d.user != nil && d.Tenant.ID == directory.Consumers && !slices.Contains(personalClaims, name) {
		return directory.OptionalClaim{}, false
	}
	list := app.OptionalClaims.AccessToken
	if d.id != nil {
		list = app.OptionalClaims.IDToken
	}
	for _, c := range list {
		// With a source it is a directory extension, whatever its name.
		if c.Name == name && c.Source == nil {
			return c, true
		}
	}
	return directory.OptionalClaim{}, false
}

func (d *draft) opted(name string) bool { _, ok := d.optional(name); return ok }

func (d *draft) optedWith(name, property string) bool {
	c, ok := d.optional(name)
	return ok && slices.Contains(c.AdditionalProperties, property)
}

func when(cond bool, s string) string {
	if cond {
		return s
	}
	return ""
}

// audience is the resource's appId in v2 tokens; in v1 tokens the name that the
// client used, unless the resource wants its GUID there too.
func (d *draft) audience() any {
	if d.id != nil {
		return string(d.Client.AppID)
	}
	if d.v == 2 || d.optedWith("aud", "use_guid") {
		return string(d.Resource.AppID)
	}
	return d.Audience
}

func (d *draft) issuer() any {
	if d.v == 2 {
		return d.Hosts.V2Issuer(d.Tenant.ID)
	}
	return d.Hosts.V1Issuer(d.Tenant.ID)
}

// issuedAt is backdated, but never before the earliest time that the client
// asked for, nor before the person's sessions count again: else a fresh token
// would fail the check that made the client ask for it.
func (d *draft) issuedAt() any {
	at := d.now.Add(-backdate)
	if nb := d.NotBefore; nb.After(at) && !nb.After(d.now) {
		at = nb
	}
	if d.user != nil {
		if from := wholeSecond(d.user.User.SessionsValidFrom); from.After(at) {
			at = from
		}
	}
	return at.Unix()
}

// wholeSecond rounds up.
func wholeSecond(t time.Time) time.Time {
	if cut := t.Truncate(time.Second); cut.Before(t) {
		return cut.Add(time.Second)
	}
	return t
}

// clientAuth is 0 for a public client, 1 for a secret, 2 for a key.
func (d *draft) clientAuth() any {
	switch d.Method {
	case audit.MethodSecretPost, audit.MethodSecretBasic:
		return "1"
	case audit.MethodCertificate, audit.MethodFederated:
		return "2"
	}
	return "0"
}

func (d *draft) capabilities() any {
	if !d.opted("xms_cc") {
		return nil
	}
	return d.Capabilities
}

// rh is opaque to clients: the tenant and the recipient, as a support engineer
// may want to read them.
func (d *draft) rh() any {
	var b [33]byte
	b[0] = 1
	t, r := d.Tenant.ID.Bytes(), d.recipient().AppID.Bytes()
	copy(b[1:], t[:])
	copy(b[17:], r[:])
	return "1." + base64.RawURLEncoding.EncodeToString(b[:]) + "."
}

// appendClaims writes the claims of the draft as a JSON object.
func appendClaims(b []byte, d *draft) []byte {
	if d.user != nil {
		return appendUserClaims(b, d)
	}
	b = append(b, '{')
	for i := range appOnlyClaims {
		row := &appOnlyClaims[i]
		if d.v == 1 && row.v1 || d.v == 2 && row.v2 {
			b = appendClaim(b, row.name, row.value(d))
		}
	}
	return append(b, '}')
}

// appendClaim writes a member unless it has no value.
func appendClaim(b []byte, name string, value any) []byte {
	switch v := value.(type) {
	case nil:
		return b
	case string:
		if v == "" {
			return b
		}
	case []string:
		if len(v) == 0 {
			return b
		}
	}
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(append(append(b, '"'), name...), '"', ':')
	return appendValue(b, value)
}

func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case int64:
		return strconv.AppendInt(b, v, 10)
	case bool:
		return strconv.AppendBool(b, v)
	case string:
		return appendString(b, v)
	case []string:
		b = append(b, '[')
		for i, s := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, s)
		}
		return append(b, ']')
	}
	panic("issue: a claim of a type without encoding")
}

// appendString quotes a JSON string: plain ASCII at once, the rest through
// encoding/json.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic(err) // a string always marshals
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// RoleValues are the values of the app roles that assignments give on a
// resource, each once, in the order of the resource's roles. A role without a
// value yields none; a disabled role stays with those who have it.
func RoleValues(resource *directory.ServicePrincipal, held []directory.AppRoleAssignment) []string {
	var here []directory.ID
	for i := range held {
		if held[i].ResourceID == resource.ID {
			here = append(here, held[i].AppRoleID)
		}
	}
	if len(here) == 0 {
		return nil
	}
	values := make([]string, 0, len(here))
	roles := resource.Roles()
	for i := range roles {
		role := &roles[i]
		if role.Value == nil || *role.Value == "" || !slices.Contains(here, role.ID) {
			continue
		}
		if !slices.Contains(values, *role.Value) {
			values = append(values, *role.Value)
		}
	}
	return values
}
