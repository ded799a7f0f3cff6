package bearer

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A ClientAuth says how the calling application proved itself when it got the token
// (claim azpacr, in version 1.0 tokens appidacr).
type ClientAuth string

// The ways in which an application proves itself.
const (
	PublicClient ClientAuth = "0" // it did not: a desktop, mobile or browser application
	SharedSecret ClientAuth = "1" // client secret
	Certificate  ClientAuth = "2" // certificate or federated credential
)

// Claims are what an access token says. A claim that is absent leaves its field
// empty. The value belongs to whoever got it and may be changed.
type Claims struct {
	Version  string // ver: "1.0" or "2.0"
	Issuer   string // iss
	Audience string // aud: the client id of this API or, in version 1.0, an App ID URI

	// TenantID (tid) and ObjectID (oid) together identify the caller, a person or a
	// service principal, for as long as it exists: key data by both.
	TenantID string
	ObjectID string
	// Subject (sub) identifies the caller to this API only.
	Subject string

	// ClientID (azp, in version 1.0 appid) is the application that calls.
	ClientID string
	// ClientAuthMethod (azpacr, appidacr) is how it proved itself.
	ClientAuthMethod ClientAuth

	// Scopes (scp) are what the application may do for the person who is signed in.
	// Nil in app-only tokens.
	Scopes []string
	// Roles (roles) are the app roles of the person in a delegated token, and of the
	// application in an app-only one. See [Role] and [UserRole].
	Roles []string
	// Groups (groups) are ids of groups of the person, if the API asks for them.
	Groups []string
	// GroupsOverage says that there were too many groups for the token: Groups is
	// then empty although the person has some, and the directory must be asked.
	GroupsOverage bool
	// DirectoryRoles (wids) are template ids of directory roles of the person.
	DirectoryRoles []string

	// Name and PreferredUsername are for display. People and administrators change
	// them, so they must not decide anything.
	Name              string
	PreferredUsername string

	// IDType (idtyp) is "app" or "user" if the API asks for that claim.
	IDType string
	// AuthContexts (acrs) are the authentication contexts that were satisfied.
	AuthContexts []string
	// Capabilities (xms_cc) are what the client can do: "cp1" means that it
	// understands claims challenges.
	Capabilities []string

	// UTI (uti) is the id of the token, for logs.
	UTI string

	IssuedAt  time.Time // iat
	NotBefore time.Time // nbf; zero if absent
	Expires   time.Time // exp

	payload string
}

// AppOnly says that the caller is an application with no person behind it: idtyp is
// app or, where the API did not ask for idtyp, there is no scp claim.
func (c *Claims) AppOnly() bool {
	if c.IDType != "" {
		return c.IDType == idTypeApp
	}
	return c.Scopes == nil
}

// Delegated says that the application acts for a person who is signed in.
func (c *Claims) Delegated() bool { return !c.AppOnly() }

// HasScope says whether the token is delegated and scp holds scope, exactly.
func (c *Claims) HasScope(scope string) bool {
	return c.Delegated() && slices.Contains(c.Scopes, scope)
}

// HasRole says whether roles holds role, exactly. Whose role it is depends on
// [Claims.AppOnly].
func (c *Claims) HasRole(role string) bool { return slices.Contains(c.Roles, role) }

// Raw gives any claim of the token as JSON, also those that have no field here. The
// second result says whether it is there.
func (c *Claims) Raw(name string) (json.RawMessage, bool) {
	var raw json.RawMessage
	// The payload was read once already, so there is no error to report.
	_ = eachMember(c.payload, func(n string, v value) error {
		if n == name {
			raw = json.RawMessage(v.raw)
		}
		return nil
	})
	return raw, raw != nil
}

// clone gives a copy that shares nothing with c which can be changed: remembered
// claims are handed to many requests, and handlers sort and filter what they get.
func (c *Claims) clone() *Claims {
	out := *c
	lists := [...]*[]string{&out.Scopes, &out.Roles, &out.Groups, &out.DirectoryRoles, &out.AuthContexts, &out.Capabilities}
	n := 0
	for _, l := range lists {
		n += len(*l)
	}
	all := make([]string, 0, n) // one allocation for all lists
	for _, l := range lists {
		if *l == nil {
			continue
		}
		start := len(all)
		all = append(all, *l...)
		*l = all[start:len(all):len(all)]
	}
	return &out
}

const (
	idTypeApp  = "app"
	idTypeUser = "user"
)

// textField, listField and timeField give the field that a claim fills, nil if none.
func (c *Claims) textField(name string) *string {
	switch name {
	case "ver":
		return &c.Version
	case "iss":
		return &c.Issuer
	case "aud":
		return &c.Audience
	case "tid":
		return &c.TenantID
	case "oid":
		return &c.ObjectID
	case "sub":
		return &c.Subject
	case "name":
		return &c.Name
	case "preferred_username":
		return &c.PreferredUsername
	case "idtyp":
		return &c.IDType
	case "uti":
		return &c.UTI
	}
	return nil
}

func (c *Claims) listField(name string) *[]string {
	switch name {
	case "roles":
		return &c.Roles
	case "groups":
		return &c.Groups
	case "wids":
		return &c.DirectoryRoles
	case "acrs":
		return &c.AuthContexts
	case "xms_cc":
		return &c.Capabilities
	}
	return nil
}

func (c *Claims) timeField(name string) *time.Time {
	switch name {
	case "iat":
		return &c.IssuedAt
	case "nbf":
		return &c.NotBefore
	case "exp":
		return &c.Expires
	}
	return nil
}

// maxTime is the last second of the year 9999; later instants break formatting.
const maxTime = 253402300799

// parseClaims reads the payload of a token. It fills the fields, but judges only
// shapes: what is required is judged by [Claims.complete] and the Verifier. The
// second result names a claim that only tokens of another kind have, "" if none.
func parseClaims(payload string) (c *Claims, alien string, err error) {
	c = &Claims{payload: payload}
	var azp, appID caller
	err = eachMember(payload, func(name string, v value) error {
		if field := c.textField(name); field != nil {
			var ok bool
			if *field, ok = v.text(); !ok && name == "aud" {
				*field, ok = loneText(v)
			}
			return shape(name, ok, "a string")
		}
		if field := c.listField(name); field != nil {
			var ok bool
			*field, ok = v.texts()
			return shape(name, ok, "a list of strings")
		}
		if field := c.timeField(name); field != nil {
			n, ok := v.integer()
			*field = time.Unix(n, 0)
			return shape(name, ok && n >= 0 && n <= maxTime, "a whole number of seconds")
		}
		var ok bool
		switch name {
		case "scp":
			var scp string
			scp, ok = v.text()
			c.Scopes = append([]string{}, strings.Fields(scp)...)
		case "azp":
			azp.id, ok = v.text()
		case "azpacr":
			azp.auth, ok = v.text()
		case "appid":
			appID.id, ok = v.text()
		case "appidacr":
			appID.auth, ok = v.text()
		case "hasgroups":
			ok = v.raw == "true" || v.raw == "false"
			c.GroupsOverage = c.GroupsOverage || v.raw == "true"
		case "_claim_names":
			err := eachMember(v.raw, func(n string, _ value) error {
				c.GroupsOverage = c.GroupsOverage || n == "groups"
				return nil
			})
			ok = err == nil
		case "nonce", "c_hash", "at_hash", "events":
			alien, ok = name, true
		default:
			ok = true
		}
		return shape(name, ok, "of its type")
	})
	if err != nil {
		return nil, "", err
	}
	by := azp
	if c.Version == v1.String() {
		by = appID
	}
	c.ClientID, c.ClientAuthMethod = by.id, ClientAuth(by.auth)
	return c, alien, nil
}

// A caller is the pair of claims about the calling application.
type caller struct{ id, auth string }

// loneText gives the string in a list of exactly one.
func loneText(v value) (string, bool) {
	list, ok := v.texts()
	if !ok || len(list) != 1 {
		return "", false
	}
	return list[0], true
}

func shape(name string, ok bool, want string) error {
	if ok {
		return nil
	}
	return refusal(Malformed, "claim %.40q is not %s", name, want)
}

// complete says which claim is missing that every access token has, or which two
// contradict each other.
func (c *Claims) complete() error {
	switch {
	case c.Version != v1.String() && c.Version != v2.String():
		return refusal(Malformed, "claim ver is %.20q", c.Version)
	case c.Audience == "":
		return refusal(Malformed, "claim aud is missing")
	case !isGUID(c.TenantID):
		return refusal(Malformed, "claim tid is %.40q, not a GUID", c.TenantID)
	case c.Subject == "" || c.ObjectID == "":
		// Without oid all such callers of a tenant would share the key of their data.
		return refusal(Malformed, "claim sub or oid is missing")
	case c.Expires.IsZero():
		return refusal(Malformed, "claim exp is missing")
	case c.IDType != "" && c.IDType != idTypeApp && c.IDType != idTypeUser:
		return refusal(Malformed, "claim idtyp is %.20q", c.IDType)
	case c.IDType == idTypeApp && c.Scopes != nil:
		return refusal(Malformed, "idtyp is app, but there is a claim scp")
	}
	return nil
}

type contextKey struct{}

// NewContext gives a context that carries claims. [Verifier.Handler] uses it; tests
// of handlers may too.
func NewContext(ctx context.Context, claims *Claims) context.Context {
	return context.WithValue(ctx, contextKey{}, claims)
}

// FromContext gives the claims of the token that came with the request. The second
// result is false if the handler was not reached through [Verifier.Handler].
func FromContext(ctx context.Context) (*Claims, bool) {
	claims, ok := ctx.Value(contextKey{}).(*Claims)
	return claims, ok
}
