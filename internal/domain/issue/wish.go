package issue

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Wish is what a client asks for with the claims parameter (OpenID Connect Core
// §5.5) that concerns an app-only access token.
type Wish struct {
	// Capabilities are what the client can handle (xms_cc); "cp1" is the only
	// one known: it can answer a claims challenge.
	Capabilities []string
	// NotBefore asks for a token newer than this.
	NotBefore time.Time
}

// ErrClaims is returned for a claims parameter that is not what it should be.
var ErrClaims = errors.New("issue: malformed claims parameter")

// maxClaims bounds the parameter, in bytes.
const maxClaims = 8 << 10

// ParseWish reads a claims parameter; empty text is no wish. What it does not
// know it ignores.
func ParseWish(text string) (Wish, error) {
	if text == "" {
		return Wish{}, nil
	}
	type requested struct {
		Value  json.RawMessage   `json:"value"`
		Values []json.RawMessage `json:"values"`
	}
	var c struct {
		AccessToken map[string]*requested `json:"access_token"`
	}
	if len(text) > maxClaims || !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		return Wish{}, ErrClaims
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return Wish{}, ErrClaims
	}
	var w Wish
	if cc := c.AccessToken["xms_cc"]; cc != nil {
		for _, raw := range cc.Values {
			var s string
			if json.Unmarshal(raw, &s) == nil && strings.EqualFold(s, "cp1") {
				w.Capabilities = []string{"cp1"}
			}
		}
	}
	if nbf := c.AccessToken["nbf"]; nbf != nil {
		at, err := strconv.ParseInt(strings.Trim(string(nbf.Value), `"`), 10, 64)
		if err != nil || at < 0 || at > 1<<40 {
			return Wish{}, ErrClaims
		}
		w.NotBefore = time.Unix(at, 0)
	}
	return w, nil
}
