package page

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
)

// Frame is what all pages share. A page's struct embeds it; render fills it.
type Frame struct {
	// Page is the page's name, for tests of browsers.
	Page string
	// Style and Icon are the addresses of the style sheet and the favicon.
	Style, Icon string
	// Switch leads to the same page in another language; empty where that cannot
	// be done by a link.
	Switch Switch
	// Post is the flow whose pages switch the language by a form instead: what was
	// posted cannot be repeated by a link.
	Post Post
	// Where is the organization that the person is at, once it is known.
	Where string
	// Trace is what the footer shows on demand.
	Trace Facts

	language language
	chosen   bool // the request named the language, so our links keep it
	allow    allowance
}

// Post is where a flow's forms are posted, and its sealed state.
type Post struct{ Action, State string }

// Switch is a link to the page in another language.
type Switch struct{ Href, Lang, Label string }

func (f *Frame) frame() *Frame { return f }

// fill sets what the request decides.
func (p *Pages) fill(f *Frame, r *http.Request, locales string) {
	f.Style, f.Icon = p.assets.url("app.css"), p.assets.url("mark.svg")
	f.language, f.chosen = choose(r, locales)
	other := f.language.other()
	f.Switch = Switch{Href: switchLink(r, other), Lang: other.tag(), Label: other.label()}
	ids := web.IDs(r.Context())
	f.Trace.Lines = append(f.Trace.Lines,
		Fact{f.T("fact.trace"), ids.Trace}, Fact{f.T("fact.correlation"), ids.Correlation},
		Fact{f.T("fact.time"), web.Timestamp(p.cfg.Now())})
}

// maxSwitch bounds the query that a language link repeats, in bytes.
const maxSwitch = 4 << 10

// switchLink is the request's own query with another ui_locales, relative to the
// page: host and path stay the browser's. A posted form cannot be repeated by a
// link.
func switchLink(r *http.Request, to language) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || len(r.URL.RawQuery) > maxSwitch {
		return ""
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return ""
	}
	q.Del("mkt")
	q.Set("ui_locales", to.tag())
	return "?" + q.Encode()
}

// Lang is the value of the page's lang attribute.
func (f Frame) Lang() string { return f.language.tag() }

// T is the sentence of a key in the page's language; args fill {1}, {2} and so
// on.
func (f Frame) T(key string, args ...string) string { return sentences[key].in(f.language, args...) }

// Say is the sentence of a key that the handler chose.
func (f Frame) Say(key string) string {
	w, ok := sentences[key]
	if !ok {
		w = sentences["fault.other"]
	}
	return w.in(f.language)
}

// Around is a sentence with one place for a value, cut there, so that the
// template can mark the value as data.
func (f Frame) Around(key string) Around {
	before, after, _ := strings.Cut(sentences[key].in(f.language), "{1}")
	return Around{before, after}
}

// Around is what stands before and after a value.
type Around struct{ Before, After string }

// Link is the address of another page of ours, in the language that the request
// chose.
func (f Frame) Link(path string) string {
	if !f.chosen {
		return path
	}
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return path + sep + "ui_locales=" + f.language.tag()
}

// Chosen is the language to repeat in forms, "" if the browser's own will do.
func (f Frame) Chosen() string {
	if !f.chosen {
		return ""
	}
	return f.language.tag()
}

// Facts are lines to copy: ids, times, numbers.
type Facts struct{ Lines []Fact }

// Fact is one of them.
type Fact struct{ Name, Value string }

// Text is how the facts are copied: a line each.
func (f Facts) Text() string {
	var b strings.Builder
	for i, l := range f.Lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l.Name + ": " + oneLine(l.Value))
	}
	return b.String()
}

// oneLine takes out what would let a value pass for a line of its own or reorder
// the others: control and format characters, and line separators.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, s)
}

// Rows is the height of the field that shows the facts, in lines. Values that
// wrap take more; the field then grows or scrolls.
func (f Facts) Rows() int { return len(f.Lines) }

// equalPath compares paths as routes do, without regard to case.
func equalPath(a, b string) bool { return strings.EqualFold(a, b) }
