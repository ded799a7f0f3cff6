package clientauth

import (
	"encoding/base64"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// ParseBasic reads an Authorization header of the scheme Basic; ok is false for
// an empty header and for other schemes. RFC 6749 §2.3.1: both halves are
// form-encoded before they are joined, and clients encode even `-`, `_` and `.`,
// so they are decoded here.
func ParseBasic(header string) (id, secret string, ok bool, err error) {
	scheme, credentials, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false, nil
	}
	malformed := func(reason string) (string, string, bool, error) {
		return "", "", true, aadsts.New(aadsts.MalformedRequest, "the Basic credentials "+reason)
	}
	// The decoder would skip line breaks.
	credentials = strings.TrimLeft(credentials, " ")
	if strings.ContainsAny(credentials, "\r\n") {
		return malformed("are not base64")
	}
	raw, err := base64.StdEncoding.DecodeString(credentials)
	if err != nil {
		return malformed("are not base64")
	}
	user, password, found := strings.Cut(string(raw), ":")
	if !found {
		return malformed("have no colon")
	}
	id, errID := url.QueryUnescape(user)
	secret, errSecret := url.QueryUnescape(password)
	switch {
	case errID != nil || errSecret != nil:
		return malformed("are not form-encoded")
	case !utf8.ValidString(id) || !utf8.ValidString(secret):
		return malformed("are not UTF-8")
	case id == "":
		return malformed("name no client")
	}
	return id, secret, true, nil
}
