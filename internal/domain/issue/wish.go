package issue

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// Wish is what a client asks for with the claims parameter (OpenID Connect Core
// §5.5).
type Wish struct {
	// Capabilities are what the client can handle (xms_cc); "cp1" is the only
	// one known: it can answer a claims challenge.
	Capabilities []string
	// NotBefore asks for a token newer than this.
	NotBefore time.Time
	// Contexts are the authentication contexts asked for (acrs), "c1" to "c99".
	// ContextsEssential: without one of them the token is of no use.
	Contexts          []string
	ContextsEssential bool

	// IDToken and UserInfo are the names of claims asked for there, sorted. Those
	// that are essential are no different: what cannot be had is left out.
	IDToken  []string
	UserInfo []string
	// Subject is the only person that the client will take (`sub` of the ID token
	// with a value); anybody else must not be signed in.
	Subject string
}

// ErrClaims is returned for a claims parameter that is not what it should be.
var ErrClaims = errors.New("issue: malformed claims parameter")

// Bounds of the parameter, in bytes and in nested objects.
const (
	maxClaims      = 8 << 10
	maxClaimsDepth = 16
)

// individualClaim is a request for one claim (OpenID Connect Core §5.5.1); null
// asks for it in the default manner.
type individualClaim struct {
	Essential bool              `json:"essential"`
	Value     json.RawMessage   `json:"value"`
	Values    []json.RawMessage `json:"values"`
}

// texts are the strings among the values asked for, most of which are given as
// `values`.
func (c *individualClaim) texts() []string {
	if c == nil {
		return nil
	}
	var list []string
	for _, raw := range append([]json.RawMessage{c.Value}, c.Values...) {
		var s string
		if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
			list = append(list, s)
		}
	}
	return list
}

// ParseWish reads a claims parameter; empty text is no wish. The text must be one
// JSON object in which no name stands twice. What it does not know it ignores.
func ParseWish(text string) (Wish, error) {
	if text == "" {
		return Wish{}, nil
	}
	if len(text) > maxClaims || odata.CheckObject([]byte(text), maxClaimsDepth) != nil {
		return Wish{}, ErrClaims
	}
	var top map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &top) != nil {
		return Wish{}, ErrClaims
	}
	access, err := claimsOfMember(top["access_token"])
	if err != nil {
		return Wish{}, err
	}
	id, err := claimsOfMember(top["id_token"])
	if err != nil {
		return Wish{}, err
	}
	info, err := claimsOfMember(top["userinfo"])
	if err != nil {
		return Wish{}, err
	}

	w := Wish{IDToken: sortedNames(id), UserInfo: sortedNames(info)}
	if slices.ContainsFunc(access["xms_cc"].texts(), func(s string) bool { return strings.EqualFold(s, "cp1") }) {
		w.Capabilities = []string{"cp1"}
	}
	if nbf := access["nbf"]; nbf != nil {
		if w.NotBefore, err = notBefore(nbf.Value); err != nil {
			return Wish{}, err
		}
	}
	if acrs := access["acrs"]; acrs != nil {
		w.ContextsEssential = acrs.Essential
		for _, c := range acrs.texts() {
			if c = strings.ToLower(c); isContext(c) && !slices.Contains(w.Contexts, c) {
				w.Contexts = append(w.Contexts, c)
			}
		}
	}
	if subs := id["sub"].texts(); len(subs) > 0 {
		w.Subject = subs[0]
	}
	return w, nil
}

func claimsOfMember(raw json.RawMessage) (map[string]*individualClaim, error) {
	if raw == nil {
		return nil, nil
	}
	var claims map[string]*individualClaim
	if json.Unmarshal(raw, &claims) != nil {
		return nil, ErrClaims
	}
	return claims, nil
}

// notBefore reads seconds; clients send them as digits in a string.
func notBefore(value json.RawMessage) (time.Time, error) {
	at, err := strconv.ParseInt(strings.Trim(string(value), `"`), 10, 64)
	if err != nil || at < 0 || at > 1<<40 {
		return time.Time{}, ErrClaims
	}
	return time.Unix(at, 0), nil
}

// isContext reports whether s names an authentication context, c1 to c99.
func isContext(s string) bool {
	n, err := strconv.Atoi(strings.TrimPrefix(s, "c"))
	return err == nil && n >= 1 && n <= 99 && s == "c"+strconv.Itoa(n)
}

func sortedNames(claims map[string]*individualClaim) []string {
	if len(claims) == 0 {
		return nil
	}
	names := make([]string, 0, len(claims))
	for n := range claims {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
