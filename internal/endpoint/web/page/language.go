package page

import (
	"net/http"
	"strconv"
	"strings"

	xlanguage "golang.org/x/text/language"
)

// A language is one that all sentences exist in.
type language int

const (
	english language = iota
	japanese
)

// languages describes them, in the order of the constants.
var languages = [...]struct {
	tag   xlanguage.Tag
	label string // in the language itself
}{
	english:  {xlanguage.English, "English"},
	japanese: {xlanguage.Japanese, "日本語"},
}

var matcher = xlanguage.NewMatcher([]xlanguage.Tag{languages[english].tag, languages[japanese].tag})

func (l language) tag() string     { return languages[l].tag.String() }
func (l language) label() string   { return languages[l].label }
func (l language) other() language { return 1 - l }

// Bounds of what is read from strangers, in bytes.
const (
	maxLocales = 256
	maxAccept  = 512
)

// choose picks the language of a page, and reports whether the request named it
// itself: by ui_locales (OpenID Connect Core §3.1.2.1, preferred first), posted
// or in the query, or by mkt; otherwise the browser's languages decide.
func choose(r *http.Request, posted string) (l language, named bool) {
	for _, locales := range []string{posted, queryValue(r, "ui_locales"), queryValue(r, "mkt")} {
		if l, ok := match(tags(locales)); ok {
			return l, true
		}
	}
	if accept := r.Header.Get("Accept-Language"); len(accept) <= maxAccept {
		if list, _, err := xlanguage.ParseAcceptLanguage(accept); err == nil {
			if l, ok := match(list); ok {
				return l, false
			}
		}
	}
	return english, false
}

// tags reads a list of language tags; what is no tag is left out.
func tags(list string) []xlanguage.Tag {
	if len(list) > maxLocales {
		return nil
	}
	var found []xlanguage.Tag
	for _, s := range strings.Fields(list) {
		if t, err := xlanguage.Parse(s); err == nil {
			found = append(found, t)
		}
	}
	return found
}

// match goes by the index of the match: the tag that it returns carries
// extensions.
func match(wanted []xlanguage.Tag) (language, bool) {
	if len(wanted) == 0 {
		return english, false
	}
	_, i, confidence := matcher.Match(wanted...)
	return language(i), confidence != xlanguage.No
}

func queryValue(r *http.Request, name string) string {
	if r.URL.RawQuery == "" {
		return ""
	}
	return r.URL.Query().Get(name)
}

// words are one sentence in both languages. {1}, {2} and so on stand for values.
type words struct{ en, ja string }

func (w words) in(l language, args ...string) string {
	s := w.en
	if l == japanese {
		s = w.ja
	}
	if len(args) == 0 {
		return s
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i+1)+"}", a)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}
