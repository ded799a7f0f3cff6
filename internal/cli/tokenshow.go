package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// decodedToken is a JWT taken apart. The members keep the order that they have
// in the token.
type decodedToken struct {
	Header json.RawMessage
	Claims json.RawMessage
}

func decodeToken(token string) (*decodedToken, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("the token is opaque: it is no JWT, only its resource can read it (--raw prints it)")
	}
	var d decodedToken
	for i, into := range []*json.RawMessage{&d.Header, &d.Claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || !json.Valid(text) {
			return nil, errors.New("the token is no JWT (--raw prints it)")
		}
		*into = text
	}
	return &d, nil
}

// signatureCheck says whether the keys that the tenant publishes verify a token.
type signatureCheck struct {
	Valid  bool   `json:"valid"`
	KeyID  string `json:"kid,omitempty"`
	Reason string `json:"reason,omitempty"` // why it is not valid, or could not be checked
}

func (c *client) checkSignature(ctx context.Context, b *bootstrapFile, tenant, token string) signatureCheck {
	var set jose.JSONWebKeySet
	address := strings.TrimSuffix(b.BaseURL, "/") + "/" + url.PathEscape(tenant) + "/discovery/v2.0/keys"
	if err := c.getJSON(ctx, address, &set); err != nil {
		return signatureCheck{Reason: err.Error()}
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return signatureCheck{Reason: err.Error()}
	}
	id := signed.Signatures[0].Header.KeyID
	for _, key := range set.Key(id) {
		if _, err := signed.Verify(key); err == nil {
			return signatureCheck{Valid: true, KeyID: id}
		}
	}
	return signatureCheck{KeyID: id, Reason: "no key at " + address + " verifies it"}
}

// signatureLine says it to a person.
func (s *shared) signatureLine(c signatureCheck) string {
	if c.Valid {
		return fmt.Sprintf(s.say(words{"valid, by the published key %s", "有効（公開されている鍵 %s で検証）"}), c.KeyID)
	}
	return fmt.Sprintf(s.say(words{"NOT verified: %s", "検証できません: %s"}), c.Reason)
}

// showToken writes the token for a person.
func (s *shared) showToken(answer *tokenAnswer, d *decodedToken, signature signatureCheck) {
	fmt.Fprintf(s.Out, "%s: %s, %s %s\n", s.say(words{"token", "トークン"}), answer.TokenType,
		s.say(words{"expires in", "有効期間"}), (time.Duration(answer.ExpiresIn) * time.Second).String())
	fmt.Fprintf(s.Out, "%s: %s\n", s.say(words{"signature", "署名"}), s.signatureLine(signature))
	fmt.Fprintf(s.Out, "\n%s\n", s.say(words{"HEADER", "ヘッダー"}))
	s.showMembers(d.Header, headerMeanings)
	fmt.Fprintf(s.Out, "\n%s\n", s.say(words{"CLAIMS", "クレーム"}))
	s.showMembers(d.Claims, claimMeanings)
}

func (s *shared) showMembers(object json.RawMessage, meanings map[string]words) {
	names, values := members(object)
	width := 0
	for _, n := range names {
		width = max(width, len(n))
	}
	for i, n := range names {
		// A long list goes on below its first value.
		value := strings.ReplaceAll(s.readable(n, values[i]), "\n", "\n"+strings.Repeat(" ", width+4))
		fmt.Fprintf(s.Out, "  %-*s  %s\n", width, n, value)
		if m, ok := meanings[n]; ok {
			fmt.Fprintf(s.Out, "  %-*s  # %s\n", width, "", s.say(m))
		}
	}
}

// members lists an object's members in their order.
func members(object json.RawMessage) (names []string, values []json.RawMessage) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil { // the opening brace
		return nil, nil
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return names, values
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return names, values
		}
		name, _ := key.(string)
		names, values = append(names, name), append(values, v)
	}
	return names, values
}

var timeClaims = []string{"iat", "nbf", "exp", "auth_time", "xms_tcdt", "pwd_exp"}

// readable shows a value as a person reads it: times as times, texts without
// quotes.
func (s *shared) readable(name string, v json.RawMessage) string {
	var seconds int64
	if slices.Contains(timeClaims, name) && json.Unmarshal(v, &seconds) == nil {
		at := time.Unix(seconds, 0).UTC()
		return fmt.Sprintf("%d  %s (%s)", seconds, at.Format("2006-01-02 15:04:05 UTC"), s.distance(at))
	}
	var text string
	if json.Unmarshal(v, &text) == nil {
		return text
	}
	var list []string
	if json.Unmarshal(v, &list) == nil {
		if len(list) > 4 {
			return strings.Join(list, "\n")
		}
		return strings.Join(list, ", ")
	}
	return string(v)
}

// distance says how far a time is from now.
func (s *shared) distance(at time.Time) string {
	d := at.Sub(s.Now()).Round(time.Second)
	if d < 0 {
		return fmt.Sprintf(s.say(words{"%s ago", "%s 前"}), -d)
	}
	return fmt.Sprintf(s.say(words{"in %s", "%s 後"}), d)
}
