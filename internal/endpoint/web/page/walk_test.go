package page_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	xhtml "golang.org/x/net/html"
)

// listed is a sample as the component page lists it.
type listed struct{ page, path string }

// walk lists every sample of every page. A page without one fails.
func walk(t *testing.T, h http.Handler) []listed {
	t.Helper()
	var found []listed
	w := get(t, h, "/dev/components")
	for _, div := range elements(parse(t, w.Body.String()), "div") {
		name := attr(div, "data-page")
		if name == "" {
			continue
		}
		links := elements(div, "a")
		if len(links) == 0 {
			t.Errorf("the page %s has no sample: nothing draws it", name)
		}
		for _, a := range links {
			found = append(found, listed{name, attr(a, "href")})
		}
	}
	if len(found) < 40 {
		t.Fatalf("only %d samples", len(found))
	}
	return found
}

// Every page, in every state and both languages, keeps what holds for all pages.
func TestPagesInBothLanguages(t *testing.T) {
	h := routes(newPages(t))
	for _, s := range walk(t, h) {
		for _, lang := range []string{"en", "ja"} {
			t.Run(s.path+" "+lang, func(t *testing.T) {
				w := get(t, h, s.path, "Accept-Language", lang)
				holdsAlways(t, w)
				body := w.Body.String()
				if got := w.Header().Get("Content-Language"); got != lang {
					t.Errorf("Content-Language %q", got)
				}
				if !strings.Contains(body, `<html lang="`+lang+`">`) {
					t.Error("the page does not say its language")
				}
				if !strings.Contains(body, `<body data-page="`+s.page+`">`) {
					t.Errorf("this is not the page %s", s.page)
				}
				kana := strings.ContainsFunc(mainOf(body), func(r rune) bool { return r >= 0x3041 && r <= 0x309f })
				if kana != (lang == "ja") {
					t.Errorf("the words are not in the language %s:\n%s", lang, body)
				}
				isWellFormed(t, body)
				isSmall(t, h, body)
			})
		}
	}
}

// The language of a posted page is switched by posting its sealed state again.
func TestSwitchingTheLanguageOfAFlow(t *testing.T) {
	h := routes(newPages(t))
	for _, s := range walk(t, h) {
		root := parse(t, get(t, h, s.path).Body.String())
		for _, b := range elements(root, "button") {
			if attr(b, "name") != "lang" {
				continue
			}
			form := b.Parent
			if attr(form, "method") != "post" || attr(form, "action") != s.path || len(elements(form, "input")) != 1 {
				t.Errorf("%s: the form of the language switch is another", s.path)
			}
			if attr(b, "value") != "ja" {
				t.Errorf("%s: leads to the language %q", s.path, attr(b, "value"))
			}
			r := httptest.NewRequest(http.MethodPost, s.path, strings.NewReader(url.Values{"flowToken": {"c2FtcGxl"}, "lang": {"ja"}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if got := do(h, r).Header().Get("Content-Language"); got != "ja" {
				t.Errorf("%s: switched to %q", s.path, got)
			}
		}
	}
}

// Names and ids that scripts made for Entra's pages look for.
func TestNamesForBrowserAutomation(t *testing.T) {
	h := routes(newPages(t))
	for path, want := range map[string][]string{
		"username-fault": {`id="i0116" name="loginfmt"`, `id="usernameError"`, `type="submit" id="idSIButton9"`, `id="idBtn_Back" name="action" value="back"`},
		"username-empty": {`type="email" id="i0116"`, `id="idBtn_Back" name="action" value="cancel"`},
		"password-fault": {`id="i0118" name="passwd"`, `id="passwordError"`, `type="submit" id="idSIButton9"`, `name="action" value="switch"`, `id="displayName"`},
		"newpassword-differs": {`id="newPassword" name="newpasswd"`, `id="confirmNewPassword" name="confirmpasswd"`,
			`type="submit" id="idSIButton9"`},
		"pick-several":          {`id="tilesHolder"`, `name="account" value="1" data-test-id="hana@hakone.example"`, `id="otherTile" name="action" value="other"`, `name="forget" value="1"`},
		"stay-asked":            {`id="KmsiCheckboxField" name="DontShowAgain"`, `type="submit" id="idSIButton9"`, `id="idBtn_Back" name="action" value="no"`},
		"consent-person":        {`type="submit" id="idSIButton9"`, `id="idBtn_Back" name="action" value="cancel"`},
		"refused-account":       {`name="action" value="other"`, `id="idBtn_Back" name="action" value="cancel"`},
		"signout-several":       {`id="tilesHolder"`, `name="account" value="3"`},
		"signout-one":           {`type="submit" id="idSIButton9"`, `name="account" value="1"`},
		"consent-administrator": {`id="organisation" name="organisation" value="yes"`},
		"username-people":       {`name="demo" value="2"`},
	} {
		body := get(t, h, "/dev/components?show="+path).Body.String()
		for _, s := range want {
			if !strings.Contains(body, s) {
				t.Errorf("%s lacks %s", path, s)
			}
		}
	}
}

// Enter submits a form by its first submit button (HTML §4.10.21.2): where there
// is a field to type into, that is the primary one.
func TestEnterSubmitsThePrimaryAction(t *testing.T) {
	h := routes(newPages(t))
	for _, s := range walk(t, h) {
		for _, form := range elements(parse(t, get(t, h, s.path).Body.String()), "form") {
			typed := slices.ContainsFunc(elements(form, "input"), func(n *xhtml.Node) bool {
				kind := attr(n, "type")
				return attr(n, "name") != "" && (kind == "email" || kind == "password" || kind == "text" || kind == "checkbox")
			})
			if !typed || s.page == "components" {
				continue
			}
			var first *xhtml.Node
			for n := range form.Descendants() {
				if n.Type == xhtml.ElementNode && (n.Data == "button" || n.Data == "input" && attr(n, "type") == "submit") {
					first = n
					break
				}
			}
			if first == nil || attr(first, "id") != "idSIButton9" {
				t.Errorf("%s: Enter does not submit the primary action", s.path)
			}
		}
	}
}

func TestPolicies(t *testing.T) {
	h := routes(newPages(t))
	const start = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action"
	for path, want := range map[string]string{
		"/":                                     start + " 'self'; frame-ancestors 'none'",
		"/dev/components?show=username-empty":   start + " 'self' https://orders.hakone.example; frame-ancestors 'none'",
		"/dev/components?show=username-hostile": start + " 'self' com.hakone.orders:; frame-ancestors 'none'",
		"/dev/components?show=formpost-code":    start + " https://localhost:8443; script-src 'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='; frame-ancestors 'none'",
		"/dev/components?show=signedout-next":   start + " 'self'; frame-src https://localhost:8443; frame-ancestors 'none'",
	} {
		if got := get(t, h, path).Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", path, got, want)
		}
	}
}

// active are elements that pages do not have.
var active = []string{"script", "iframe", "object", "embed", "base", "style", "img", "template"}

// isInert finds active content that the page's policy does not name.
func isInert(t *testing.T, policy, body string) {
	t.Helper()
	if !strings.Contains(policy, "frame-ancestors 'none'") || !strings.HasPrefix(policy, "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action ") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	root := parse(t, body)
	name := attr(elements(root, "body")[0], "data-page")
	if name != "formpost" && strings.Contains(policy, "script-src") {
		t.Errorf("the policy lets a script run: %q", policy)
	}
	for n := range root.Descendants() {
		if n.Type != xhtml.ElementNode {
			continue
		}
		switch {
		case name == "formpost" && n.Data == "script" && n.FirstChild.Data == "document.forms[0].submit()":
		case name == "signedout" && n.Data == "iframe" && attr(n, "sandbox") == "allow-scripts allow-same-origin" && strings.HasPrefix(attr(n, "src"), "https://"):
		case slices.Contains(active, n.Data):
			t.Errorf("active content in the page: <%s>", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
				t.Errorf("active content in the page: <%s %s>", n.Data, a.Key)
			case a.Key == "href", a.Key == "src", a.Key == "action":
				if u, err := url.Parse(a.Val); err != nil || u.Scheme != "" && u.Scheme != "https" {
					t.Errorf("<%s> leads to %q", n.Data, a.Val)
				}
			case a.Key == "http-equiv" && (name != "signedout" || !refresh.MatchString(attr(n, "content"))):
				t.Errorf("the page leads on by itself: %q", attr(n, "content"))
			}
		}
	}
}

var refresh = regexp.MustCompile(`^0; url=https://[!-~]+$`)

// isWellFormed checks what browsers would repair without a word: elements that do
// not close or nest, ids that stand twice, labels and descriptions of nothing,
// and one title and heading.
func isWellFormed(t *testing.T, body string) {
	t.Helper()
	nests(t, body)
	root := parse(t, body)
	ids := map[string]int{}
	for n := range root.Descendants() {
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("the id %s stands %d times", id, n)
		}
	}
	for n := range root.Descendants() {
		for _, name := range []string{"for", "aria-describedby", "aria-labelledby"} {
			for _, id := range strings.Fields(attr(n, name)) {
				if ids[id] == 0 {
					t.Errorf("%s of <%s> names %s, which is not there", name, n.Data, id)
				}
			}
		}
		if n.Type == xhtml.ElementNode && n.Data == "form" && attr(n, "method") == "post" && attr(n, "action") == "" {
			t.Error("a form leads nowhere")
		}
	}
	for _, name := range []string{"title", "h1", "main"} {
		if n := len(elements(root, name)); n != 1 {
			t.Errorf("%d elements %s", n, name)
		}
	}
}

// void are elements without an end.
var void = []string{"input", "meta", "link", "path", "br"}

// nests reads the tags as they stand: each end closes what was opened last.
func nests(t *testing.T, body string) {
	t.Helper()
	var open []string
	z := xhtml.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			if len(open) > 0 {
				t.Errorf("never closed: %q", open)
			}
			return
		case xhtml.StartTagToken:
			name, _ := z.TagName()
			if s := string(name); !slices.Contains(void, s) {
				if s == "div" || s == "form" || s == "section" || s == "ul" || s == "h2" {
					if slices.Contains(open, "p") {
						t.Errorf("<%s> inside a paragraph", s)
					}
				}
				open = append(open, s)
			}
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Errorf("</%s> closes %q", name, open)
				return
			}
			open = open[:len(open)-1]
		}
	}
}

// maxPage is what a page may weigh with its style sheet and pictures, in bytes as
// they are sent.
const maxPage = 30_000

func isSmall(t *testing.T, h http.Handler, body string) {
	t.Helper()
	total := len(body)
	urls := assetURL.FindAllString(body, -1)
	for _, u := range urls {
		file := get(t, h, u).Body.String()
		total += len(file)
		if strings.HasSuffix(u, ".css") {
			for _, inner := range assetURL.FindAllString(file, -1) {
				total += get(t, h, inner).Body.Len()
			}
		}
	}
	if total > maxPage {
		t.Errorf("the page takes %d bytes with its files, of %d", total, maxPage)
	}
}

func parse(t *testing.T, body string) *xhtml.Node {
	t.Helper()
	root, err := xhtml.ParseWithOptions(strings.NewReader(body), xhtml.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func elements(n *xhtml.Node, name string) []*xhtml.Node {
	var found []*xhtml.Node
	for d := range n.Descendants() {
		if d.Type == xhtml.ElementNode && d.Data == name {
			found = append(found, d)
		}
	}
	return found
}

func attr(n *xhtml.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
