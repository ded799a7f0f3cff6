package bearer

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
)

// maxToken is the length of the longest token that is read. With 200 groups, the
// most that a token can hold, it has about 11 KiB.
const maxToken = 16 << 10

// Signing algorithms (RFC 7518 §3.1).
const (
	rs256 = "RS256"
	es256 = "ES256"
)

// A token is a compact JWS taken apart. Nothing in it has been checked against a key.
type token struct {
	raw    string
	alg    string
	kid    string
	claims *Claims
	issuer issuer
	alien  string // a claim that access tokens do not have
}

// strictBase64 is base64url without padding that has one spelling for each value.
var strictBase64 = base64.RawURLEncoding.Strict()

// split cuts raw at its two dots. It looks for three and no more, so a token of many
// dots costs no more than one of three.
func split(raw string) (header, payload, signature string, err error) {
	if len(raw) > maxToken {
		return "", "", "", refusal(Malformed, "%d bytes, more than %d", len(raw), maxToken)
	}
	header, rest, ok := strings.Cut(raw, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || strings.IndexByte(signature, '.') >= 0 {
		return "", "", "", refusal(Malformed, "not three parts")
	}
	return header, payload, signature, nil
}

// parse takes raw apart and judges all that can be judged without a key.
func parse(raw string, algorithms []string) (*token, error) {
	header, payload, signature, err := split(raw)
	if err != nil {
		return nil, err
	}
	if signature == "" {
		return nil, refusal(Signature, "there is no signature")
	}
	t := &token{raw: raw}
	text, err := decode("header", header)
	if err != nil {
		return nil, err
	}
	if err := t.parseHeader(text, algorithms); err != nil {
		return nil, err
	}
	if text, err = decode("payload", payload); err != nil {
		return nil, err
	}
	if t.claims, t.alien, err = parseClaims(text); err != nil {
		return nil, malformed("payload", err)
	}
	if err := t.claims.complete(); err != nil {
		return nil, err
	}
	var ok bool
	t.issuer, ok = parseIssuer(t.claims.Issuer)
	switch {
	case !ok:
		return nil, refusal(Issuer, "iss is %.120q", t.claims.Issuer)
	case t.issuer.tenant != t.claims.TenantID:
		return nil, refusal(Issuer, "iss is %.120q, but tid %.40q", t.claims.Issuer, t.claims.TenantID)
	case t.issuer.version.String() != t.claims.Version:
		return nil, refusal(Issuer, "iss is %.120q, but ver %.20q", t.claims.Issuer, t.claims.Version)
	}
	return t, nil
}

func decode(part, s string) (string, error) {
	// The decoder skips line breaks; a token has none.
	if strings.ContainsAny(s, "\r\n") {
		return "", refusal(Malformed, "%s: line break", part)
	}
	b, err := strictBase64.DecodeString(s)
	if err != nil {
		return "", refusal(Malformed, "%s: %w", part, err)
	}
	return string(b), nil
}

// malformed leaves a refusal as it is and makes one of any other error.
func malformed(part string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return refusal(Malformed, "%s: %w", part, err)
}

// parseHeader reads the JOSE header (RFC 7515 §4.1).
func (t *token) parseHeader(text string, algorithms []string) error {
	var typ string
	err := eachMember(text, func(name string, v value) error {
		var ok bool
		switch name {
		case "alg":
			t.alg, ok = v.text()
		case "kid":
			t.kid, ok = v.text()
		case "typ":
			typ, ok = v.text()
		case "crit", "b64":
			// RFC 7515 §4.1.11: what is critical must be understood, and we
			// understand no extension.
			return refusal(Malformed, "header member %q is not supported", name)
		case "enc", "zip", "p2c", "p2s", "epk", "cty":
			// A JWE or a nested token: never decrypted, never unpacked.
			return refusal(Malformed, "header member %q: not a signed token", name)
		case "jwk", "jku", "x5u", "x5c":
			// A token cannot say which key is to be trusted. Refusing keeps such
			// members from every parser behind this one.
			return refusal(Malformed, "header member %q brings its own key", name)
		default:
			ok = true
		}
		if !ok {
			return refusal(Malformed, "header member %q is not a string", name)
		}
		return nil
	})
	switch {
	case err != nil:
		return malformed("header", err)
	case !slices.Contains(algorithms, t.alg):
		return refusal(Algorithm, "alg is %.20q", t.alg)
	case !strings.EqualFold(typ, "JWT"):
		return refusal(Malformed, "typ is %.20q", typ)
	case t.kid == "":
		return refusal(UnknownKey, "the token names no key")
	}
	return nil
}
