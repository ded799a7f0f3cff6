package page

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/jba/templatecheck"

	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// A wrong field name in a template fails here and not in front of a person.
func TestTemplatesFitTheirPages(t *testing.T) {
	for _, pg := range pages {
		tmpl, err := parseTemplate(pg.name())
		if err != nil {
			t.Fatal(err)
		}
		if err := templatecheck.CheckHTMLStrict(tmpl, pg); err != nil {
			t.Errorf("%s: %v", pg.name(), err)
		}
	}
}

func TestEveryTemplateIsAPage(t *testing.T) {
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	known := slices.Clone(shared)
	for _, pg := range pages {
		known = append(known, "templates/"+pg.name()+".html")
	}
	slices.Sort(known)
	if !slices.Equal(files, known) {
		t.Errorf("templates %q, pages %q", files, known)
	}
}

func TestEveryAssetIsListed(t *testing.T) {
	files, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(assetList) {
		t.Errorf("%d files in assets, %d in assetList", len(files), len(assetList))
	}
	a, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	for url, f := range a.served {
		if strings.Contains(string(f.body), `url("`) && !strings.Contains(string(f.body), `url("/assets/`) {
			t.Errorf("%s refers to a file that is not an asset", url)
		}
	}
}

var placeholder = regexp.MustCompile(`\{\d\}`)

// Each sentence exists in both languages, with the same places for values.
func TestSentencesHaveBothLanguages(t *testing.T) {
	check := func(name string, w words) {
		t.Helper()
		if strings.TrimSpace(w.en) == "" || strings.TrimSpace(w.ja) == "" {
			t.Errorf("%s: a language is missing: %+v", name, w)
		}
		en, ja := placeholder.FindAllString(w.en, -1), placeholder.FindAllString(w.ja, -1)
		slices.Sort(en)
		slices.Sort(ja)
		if !slices.Equal(en, ja) {
			t.Errorf("%s: places for values differ: %q, %q", name, en, ja)
		}
		if strings.ContainsAny(w.en, "!") || strings.ContainsAny(w.ja, "!！") {
			t.Errorf("%s: no exclamation marks", name)
		}
		if strings.ContainsFunc(w.en, func(r rune) bool { return r > 0x2fff }) {
			t.Errorf("%s: the English text holds Japanese", name)
		}
		if w.ja == w.en && !slices.Contains(sameInBoth, name) {
			t.Errorf("%s: not translated", name)
		}
		if strings.HasSuffix(w.en, ".") != strings.HasSuffix(w.ja, "。") && !strings.HasSuffix(w.en, ":") {
			t.Errorf("%s: one is a sentence, the other is not: %q, %q", name, w.en, w.ja)
		}
	}
	for key, w := range sentences {
		check(key, w)
	}
	for _, x := range groups {
		check("title of "+x.title.en, x.title)
		check("advice of "+x.title.en, x.advice)
	}
	for number, m := range meanings {
		name := m.code.Error()
		check(name+" means", m.means)
		check(name+" mend", m.mend)
		if number != m.code.Number() {
			t.Errorf("%s stands under %d", name, number)
		}
	}
}

// sameInBoth are names that are not translated.
var sameInBoth = []string{"home.graph"}

// A row of the catalogue without an explanation, or one explained twice, fails.
func TestEveryCodeHasAMeaning(t *testing.T) {
	for _, row := range aadsts.Catalogue() {
		m, ok := meanings[row.Number()]
		if !ok {
			t.Errorf("%v has no meaning: add it to a list in meaning_*.go", row)
			continue
		}
		if _, ok := groups[m.group]; !ok {
			t.Errorf("%v is in no group", row)
		}
	}
	total := 0
	for _, list := range meaningLists {
		total += len(list)
	}
	if total != len(aadsts.Catalogue()) || total != len(meanings) {
		t.Errorf("%d explanations for %d rows (%d different)", total, len(aadsts.Catalogue()), len(meanings))
	}
}

// Templates ask only for sentences that exist, with the right number of values,
// and no sentence is left over.
func TestTemplatesUseTheSentences(t *testing.T) {
	used := map[string]bool{}
	for _, key := range usedByCode {
		used[key] = true
	}
	for _, c := range commands {
		used[c.purpose] = true
	}
	for key := range faultSentences {
		used[key] = true // handlers choose among them
	}
	for _, pg := range pages {
		tmpl, err := parseTemplate(pg.name())
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range tmpl.Templates() {
			if part.Tree == nil {
				continue
			}
			walkCommands(part.Tree.Root, func(c *parse.CommandNode) {
				method, key := sentenceCall(c)
				if method == "" {
					return
				}
				used[key] = true
				w, ok := sentences[key]
				if !ok {
					t.Errorf("%s: no sentence %q", part.Name(), key)
					return
				}
				places := len(placeholder.FindAllString(w.en, -1))
				if given := len(c.Args) - 2; method == "T" && given != places || method == "Around" && places != 1 {
					t.Errorf("%s: %s %q gives %d values for %d places", part.Name(), method, key, given, places)
				}
			})
		}
	}
	for key := range sentences {
		if !used[key] {
			t.Errorf("nothing uses the sentence %q", key)
		}
	}
	for key := range used {
		if _, ok := sentences[key]; !ok {
			t.Errorf("no sentence %q", key)
		}
	}
}

// usedByCode are the sentences that Go code asks for by name.
var usedByCode = []string{
	"fact.code", "fact.message", "fact.application", "fact.client", "fact.trace", "fact.correlation", "fact.time", "error.unknown",
}

// sentenceCall reads `.T "key" …` and `.Around "key"`.
func sentenceCall(c *parse.CommandNode) (method, key string) {
	if len(c.Args) < 2 {
		return "", ""
	}
	var ident []string
	switch n := c.Args[0].(type) {
	case *parse.FieldNode:
		ident = n.Ident
	case *parse.VariableNode:
		ident = n.Ident
	}
	s, ok := c.Args[1].(*parse.StringNode)
	if len(ident) == 0 || !ok {
		return "", ""
	}
	if last := ident[len(ident)-1]; last == "T" || last == "Around" {
		return last, s.Text
	}
	return "", ""
}

func walkCommands(n parse.Node, visit func(*parse.CommandNode)) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, c := range n.Nodes {
			walkCommands(c, visit)
		}
	case *parse.ActionNode:
		walkCommands(n.Pipe, visit)
	case *parse.TemplateNode:
		walkCommands(n.Pipe, visit)
	case *parse.IfNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.RangeNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.WithNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.PipeNode:
		if n == nil {
			return
		}
		for _, c := range n.Cmds {
			visit(c)
			for _, a := range c.Args {
				walkCommands(a, visit)
			}
		}
	}
}

func walkBranch(n *parse.BranchNode, visit func(*parse.CommandNode)) {
	walkCommands(n.Pipe, visit)
	walkCommands(n.List, visit)
	walkCommands(n.ElseList, visit)
}
