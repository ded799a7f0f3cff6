package oauth2

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// OutOfBand is the redirect URI of native applications that show the code to
// the person instead of receiving it. It names no place.
const OutOfBand = "urn:ietf:wg:oauth:2.0:oob"

// MatchRedirect reports whether a requested redirect URI is the registered one
// (RFC 9700 §4.1.3): the same string, byte for byte. Nothing is folded, decoded,
// resolved or completed, since every tolerance has been used to steal codes.
//
// The one exception is the port of http and https URIs on localhost and
// 127.0.0.1, which native applications take as they find it free (RFC 8252
// §7.3). Scheme, host, path and query stay exact, and neither host stands for
// the other.
func MatchRedirect(registered, requested string) bool {
	return registered != "" && RedirectKey(registered) == RedirectKey(requested)
}

// RedirectKey is a redirect URI without the port that MatchRedirect ignores: two
// URIs match exactly where their keys are the same string.
func RedirectKey(uri string) string {
	if origin, rest, ok := cutLoopbackPort(uri); ok {
		return origin + rest
	}
	return uri
}

// loopbackOrigins are the beginnings of URIs whose port does not count.
var loopbackOrigins = []string{"http://localhost", "https://localhost", "http://127.0.0.1", "https://127.0.0.1"}

// cutLoopbackPort takes the port out of a loopback URI. What follows the host
// must be a port, a path, a query or nothing: "http://localhost@evil.example",
// "http://localhost.evil.example" and "http://localhost:80@evil.example" are
// other hosts.
func cutLoopbackPort(uri string) (origin, rest string, ok bool) {
	i := slices.IndexFunc(loopbackOrigins, func(o string) bool { return strings.HasPrefix(uri, o) })
	if i < 0 {
		return "", "", false
	}
	origin = loopbackOrigins[i]
	rest = uri[len(origin):]
	if port, isPort := strings.CutPrefix(rest, ":"); isPort {
		end := strings.IndexAny(port, "/?")
		if end < 0 {
			end = len(port)
		}
		if !validPort(port[:end]) {
			return "", "", false
		}
		rest = port[end:]
	}
	if rest != "" && rest[0] != '/' && rest[0] != '?' {
		return "", "", false
	}
	return origin, rest, true
}

// validPort reports whether s is a port in its shortest decimal form, 1 to 65535.
func validPort(s string) bool {
	if s == "" || len(s) > 5 || s[0] == '0' {
		return false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= 65535
}

// refusedSchemes run script, read local content or write a message when a
// browser follows them; no application receives an answer by them.
var refusedSchemes = []string{
	"javascript", "data", "vbscript", "file", "blob", "filesystem", "about", "view-source", "mailto", "tel", "sms",
	"ftp", "ws", "wss", "jar", "mhtml", "livescript", "mocha", "urn",
}

// SchemeRefused reports whether a URI scheme, in any letter case, must never be
// followed.
func SchemeRefused(scheme string) bool {
	return slices.Contains(refusedSchemes, strings.ToLower(scheme))
}

// RedirectSchemeAllowed reports whether a browser may be sent to a stored
// redirect URI. It is asked when the URI is used, after registration has judged
// it: a row that was imported, restored or written by an older version must not
// run script. http is for the loopback hosts only.
func RedirectSchemeAllowed(uri string) bool {
	if uri == OutOfBand {
		return true
	}
	scheme, ok := uriScheme(uri)
	if !ok || SchemeRefused(scheme) || !PlainURI(uri) {
		return false
	}
	if strings.EqualFold(scheme, "http") {
		_, _, loopback := cutLoopbackPort(uri)
		return loopback
	}
	return true
}

// LinkAllowed reports whether a stored URL may be shown to people as a link: an
// http or https URL with a host.
func LinkAllowed(url string) bool {
	scheme, ok := uriScheme(url)
	if !ok || !PlainURI(url) || !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
		return false
	}
	rest, ok := strings.CutPrefix(url[len(scheme)+1:], "//")
	if !ok {
		return false
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return rest != "" && !strings.Contains(rest, "@")
}

// AbsoluteURI reports whether s begins like an absolute URI (RFC 3986 §4.3): a
// scheme, a colon and something after it.
func AbsoluteURI(s string) bool {
	scheme, ok := uriScheme(s)
	return ok && len(s) > len(scheme)+1
}

// uriScheme is what stands before the first colon, if it is a scheme (RFC 3986
// §3.1).
func uriScheme(s string) (string, bool) {
	scheme, _, ok := strings.Cut(s, ":")
	if !ok || scheme == "" {
		return "", false
	}
	for i := range len(scheme) {
		c := scheme[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return "", false
		}
	}
	return scheme, true
}

// PlainURI reports whether a URI is free of what browsers strip or read as
// something else: white space, control and format characters, backslashes,
// quotes and angle brackets.
func PlainURI(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return strings.ContainsRune("\\\"<>", r) || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	})
}
