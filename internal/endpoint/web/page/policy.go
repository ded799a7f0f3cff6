package page

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/url"
	"strings"
)

// submitScript is the only script that a page may hold, that of the form post
// response mode; the policy names it by its hash (CSP Level 3 §8.3).
const submitScript = "document.forms[0].submit()"

var submitHash = func() string {
	sum := sha256.Sum256([]byte(submitScript))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

// allowance is what a page's Content-Security-Policy lets through beside our own
// style sheet, pictures and forms.
type allowance struct {
	// submit: the page submits its form by submitScript, to forms alone.
	submit bool
	// forms are addresses that an answer of the page's form may lead to.
	forms []string
	// frames are addresses that the page frames.
	frames []string
}

// policy is the Content-Security-Policy of a page.
func (a allowance) policy() string {
	var b strings.Builder
	b.WriteString("default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action")
	if !a.submit {
		b.WriteString(" 'self'")
	}
	list(&b, a.forms)
	if a.submit {
		b.WriteString("; script-src " + submitHash)
	}
	if len(a.frames) > 0 {
		b.WriteString("; frame-src")
		list(&b, a.frames)
	}
	b.WriteString("; frame-ancestors 'none'")
	return b.String()
}

// list writes the sources of addresses, each once.
func list(b *strings.Builder, addresses []string) {
	seen := map[string]bool{}
	for _, a := range addresses {
		if s := source(a); s != "" && !seen[s] {
			seen[s] = true
			b.WriteString(" " + s)
		}
	}
}

// source is the part of a policy that an address stands for: its origin, or its
// scheme where it has none that a policy can spell (a native application's
// scheme, an IPv6 address, a host with other letters than ASCII). It is empty for
// what must not be reached.
func source(address string) string {
	u, ok := reachable(address)
	if !ok {
		return ""
	}
	if web := u.Scheme == "https" || u.Scheme == "http"; !web || !plainHost(u.Host) {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

// plainHost reports whether a host and port can stand in a policy, where a
// semicolon, comma or space would begin something else.
func plainHost(host string) bool {
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && r != '.' && r != '-' && r != ':'
	})
}

// runs are schemes whose addresses act in the page itself, or read what is local.
var runs = map[string]bool{"javascript": true, "data": true, "vbscript": true, "blob": true, "about": true, "file": true, "filesystem": true, "view-source": true}

func reachable(address string) (*url.URL, bool) {
	u, err := url.Parse(address)
	return u, err == nil && u.Scheme != "" && !runs[u.Scheme]
}

// proven marks an address as one that a template may link to: callers have proven
// it to be registered, and native applications have schemes of their own, which
// html/template would take out. What could run stays out all the same.
func proven(address string) template.URL {
	if _, ok := reachable(address); !ok {
		return ""
	}
	return template.URL(address) //nolint:gosec // judged above; attributes are still escaped
}

// framed keeps the addresses that may be framed.
func framed(addresses []string) (urls []template.URL, kept []string) {
	for _, a := range addresses {
		if webOnly(a) != "" {
			urls, kept = append(urls, proven(a)), append(kept, a)
		}
	}
	return urls, kept
}

// webOnly is an address of the web, or empty.
func webOnly(address string) string {
	if u, ok := reachable(address); !ok || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return address
}
