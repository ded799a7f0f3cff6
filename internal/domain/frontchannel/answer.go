package frontchannel

import (
	"net/url"
	"strings"
)

// Field is one parameter of an answer.
type Field struct{ Name, Value string }

// Query is the address with the answer in its query (RFC 6749 §4.1.2), after what
// the query holds already, and with an empty fragment, so that the browser does
// not carry over that of the page before.
func (r Redirect) Query(fields []Field) string {
	separator := "?"
	if strings.Contains(r.uri, "?") {
		separator = "&"
	}
	return withSlash(r.uri) + separator + encode(fields) + "#"
}

// Fragment is the address with the answer in its fragment (OAuth 2.0 Multiple
// Response Type Encoding Practices §2.1).
func (r Redirect) Fragment(fields []Field) string { return withSlash(r.uri) + "#" + encode(fields) }

// Target is what the form-action of a page must allow so that the answer arrives:
// an origin, or a scheme with its colon. It is empty without an address.
func (r Redirect) Target() string {
	if r.uri == "" {
		return ""
	}
	scheme, rest, _ := strings.Cut(r.uri, ":")
	if u, err := url.Parse(r.uri); err == nil && u.Host != "" && strings.HasPrefix(rest, "//") && (scheme == "http" || scheme == "https") {
		return u.Scheme + "://" + u.Host
	}
	return scheme + ":"
}

// encode is form encoding with %20 for a space, which every decoder reads alike.
func encode(fields []Field) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(f.Name + "=" + strings.ReplaceAll(url.QueryEscape(f.Value), "+", "%20"))
	}
	return b.String()
}

// withSlash gives a URI of the web without a path the path "/", as browsers would.
func withSlash(uri string) string {
	for _, scheme := range []string{"https://", "http://"} {
		rest, ok := strings.CutPrefix(uri, scheme)
		if !ok {
			continue
		}
		if i := strings.IndexAny(rest, "/?"); i < 0 {
			return uri + "/"
		} else if rest[i] == '?' {
			return scheme + rest[:i] + "/" + rest[i:]
		}
	}
	return uri
}
