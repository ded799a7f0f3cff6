package server_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// The documents are held to what they say: links lead somewhere, Japanese pages
// say as much as the English ones, the commands run, and the behaviours listed in
// docs/compatibility.md have the proof that they name.

const tree = "../.." // the root of the repository, from this package

// translated are the pages that exist in both languages.
func translated(t *testing.T) []string {
	t.Helper()
	pages := []string{"README.md", "docs/operations.md", "docs/compatibility.md"}
	tutorials, err := filepath.Glob(filepath.Join(tree, "docs/tutorials/*.md"))
	if err != nil || len(tutorials) == 0 {
		t.Fatalf("no tutorials: %v", err)
	}
	for _, p := range tutorials {
		if !strings.HasSuffix(p, ".ja.md") {
			pages = append(pages, "docs/tutorials/"+filepath.Base(p))
		}
	}
	return pages
}

func readPage(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(tree, page))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// allPages lists every page of the tree.
func allPages(t *testing.T) []string {
	t.Helper()
	var pages []string
	walkTree(t, ".md", func(path string) {
		page, err := filepath.Rel(tree, path)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, filepath.ToSlash(page))
	})
	return pages
}

// walkTree calls f with each file of the tree that has the suffix.
func walkTree(t *testing.T, suffix string, f func(path string)) {
	t.Helper()
	err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", ".tools", "node_modules", "testdata", "bin"}, d.Name()):
			return fs.SkipDir
		case strings.HasSuffix(path, suffix):
			f(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// block is a fenced block: what stands after the fence, and the lines inside.
type block struct{ info, body string }

var (
	fence   = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")
	heading = regexp.MustCompile(`(?m)^(#+) +(.*)$`)
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	code    = regexp.MustCompile("`[^`\n]*`")
)

func blocks(text string) []block {
	var list []block
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		list = append(list, block{m[1], m[2]})
	}
	return list
}

// headings gives the headings outside fenced blocks, as level and text.
func headings(text string) [][2]string {
	var list [][2]string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		list = append(list, [2]string{m[1], m[2]})
	}
	return list
}

// anchor is the fragment that a forge makes of a heading.
func anchor(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(link.ReplaceAllString(heading, "]")) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '-', r == '_':
			b.WriteRune(r)
		}
	}
	return b.String()
}

func TestDocumentLinksLeadSomewhere(t *testing.T) {
	makefile := readPage(t, "Makefile")
	for _, page := range allPages(t) {
		text := code.ReplaceAllString(fence.ReplaceAllString(readPage(t, page), ""), "")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target, fragment, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file := page
			if target != "" {
				file = filepath.ToSlash(filepath.Join(filepath.Dir(page), target))
			}
			if _, err := os.Stat(filepath.Join(tree, file)); err != nil {
				if strings.Contains(makefile, "-out ../"+file) {
					continue // written by measuring, which not every tree has seen
				}
				t.Errorf("%s links to %s, which does not exist", page, m[1])
				continue
			}
			if fragment == "" || !strings.HasSuffix(file, ".md") {
				continue
			}
			if !slices.ContainsFunc(headings(readPage(t, file)), func(h [2]string) bool { return anchor(h[1]) == fragment }) {
				t.Errorf("%s links to %s, but that page has no such heading", page, m[1])
			}
		}
	}
}

// Commands and settings are the same bytes in both languages, so that what was
// tried in one holds in the other.
func TestJapanesePagesSayAsMuch(t *testing.T) {
	for _, page := range translated(t) {
		twin := strings.TrimSuffix(page, ".md") + ".ja.md"
		english, japanese := readPage(t, page), readPage(t, twin)
		eh, jh := headings(english), headings(japanese)
		if len(eh) != len(jh) {
			t.Errorf("%s has %d headings, %s has %d", page, len(eh), twin, len(jh))
			continue
		}
		for i := range eh {
			if eh[i][0] != jh[i][0] {
				t.Errorf("%s: %q and %s: %q are of different levels", page, eh[i][1], twin, jh[i][1])
			}
		}
		eb, jb := blocks(english), blocks(japanese)
		if len(eb) != len(jb) {
			t.Errorf("%s has %d blocks, %s has %d", page, len(eb), twin, len(jb))
			continue
		}
		for i := range eb {
			if eb[i].info != jb[i].info || eb[i].info != "mermaid" && eb[i].info != "text" && eb[i].body != jb[i].body {
				t.Errorf("%s and %s differ in block %d (%s)", page, twin, i+1, eb[i].info)
			}
		}
		if rows(english) != rows(japanese) {
			t.Errorf("%s has %d table rows, %s has %d", page, rows(english), twin, rows(japanese))
		}
	}
}

func rows(text string) int {
	return len(regexp.MustCompile(`(?m)^\|`).FindAllString(fence.ReplaceAllString(text, ""), -1))
}

// Blocks marked `sh` are run as they stand, page by page, in a folder where
// `make dev` runs; `sh refused` marks commands whose answer is a refusal, and
// `console` those that are for another shell or another machine.
func TestDocumentCommandsRun(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is not installed: run make deps", tool)
		}
	}
	binary := sekisho(t)
	for _, page := range translated(t) {
		script := scriptOf(readPage(t, page))
		if script == "" {
			continue
		}
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			runPage(t, binary, script)
		})
	}
}

// scriptOf joins the commands of a page.
func scriptOf(text string) string {
	var b strings.Builder
	for i, bl := range blocks(text) {
		switch bl.info {
		case "sh":
			fmt.Fprintf(&b, "echo '--- block %d' >&2\n%s", i+1, bl.body)
		case "sh refused":
			fmt.Fprintf(&b, "echo '--- block %d' >&2\n(set +e; unset CURL_HOME\n%s) > refused.out || true\ngrep -q AADSTS refused.out\n", i+1, bl.body)
		}
	}
	return b.String()
}

func runPage(t *testing.T, binary, script string) {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs(tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(dir, "bin", "sekisho")); err != nil {
		t.Fatal(err)
	}
	// A refusal that the page does not announce ends the script.
	if err := os.WriteFile(filepath.Join(dir, ".curlrc"), []byte("fail-with-body\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	platform, api := freeAddress(t), freeAddress(t)
	startDev(t, dir, binary, platform)

	script = strings.NewReplacer(
		"localhost:8443", platform, "localhost:8081", api, "localhost:3000", freeAddress(t), "-C samples", "-C "+filepath.Join(root, "samples"),
	).Replace(script)
	cmd := exec.Command("bash", "-e", "-c", "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n"+script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CURL_HOME="+dir, "LC_ALL=C")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.Bytes())
	}
}

// What the README tells each client is what `sekisho env` prints.
func TestReadmeSettingsAreThoseOfEnv(t *testing.T) {
	binary := sekisho(t)
	dir, addr := t.TempDir(), freeAddress(t)
	startDev(t, dir, binary, addr)
	// Line breaks, and commas before closing brackets, are a matter of width.
	plain := func(s string) string {
		s = strings.Join(strings.Fields(regexp.MustCompile(`(?m)^# ?`).ReplaceAllString(s, "")), "")
		return regexp.MustCompile(`,([)}])`).ReplaceAllString(s, "$1")
	}
	said := map[string]string{}
	for lang, runs := range map[string][]string{
		"go":     {"go ordersDaemon", "go ordersDesktop", "oidc ordersWeb"},
		"js":     {"node ordersDaemon", "node ordersSpa", "node ordersWeb", "oidc ordersWeb"},
		"python": {"python ordersDaemon", "python ordersDesktop"},
		"java":   {"java ordersDaemon"},
		"csharp": {"dotnet ordersDaemon", "dotnet ordersWeb"},
	} {
		for _, run := range runs {
			tool, app, _ := strings.Cut(run, " ")
			cmd := exec.Command(binary, "env", tool, "--demo", app)
			cmd.Dir = dir
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			said[lang] += plain(strings.ReplaceAll(string(out), addr, "localhost:8443"))
		}
	}
	comment := regexp.MustCompile(`(?m)^(//|#).*$|^$`)
	for _, b := range blocks(readPage(t, "README.md")) {
		have, ok := said[b.info]
		if !ok {
			continue
		}
		for _, part := range comment.Split(b.body, -1) {
			if part = strings.TrimSpace(part); !strings.Contains(have, plain(part)) {
				t.Errorf("README.md says for %s what sekisho env does not:\n%s", b.info, part)
			}
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "localhost:" + port
}

// startDev runs `sekisho dev` in dir until the test ends, and returns when it
// has said that it is ready.
func startDev(t *testing.T, dir, binary, addr string) {
	t.Helper()
	cmd := exec.Command(binary, "dev", "--addr", addr)
	cmd.Dir = dir
	screen, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var faults bytes.Buffer
	cmd.Stderr = &faults
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	ready := make(chan bool, 1)
	go func() {
		n, err := screen.Read(make([]byte, 4096))
		ready <- err == nil && n > 0
		_, _ = bytes.NewBuffer(nil).ReadFrom(screen)
	}()
	select {
	case ok := <-ready:
		if !ok {
			t.Fatalf("sekisho dev did not start:\n%s", faults.Bytes())
		}
	case <-time.After(time.Minute):
		t.Fatal("sekisho dev was not ready within a minute")
	}
}

// Each row of docs/compatibility.md ends in its proof: a scenario, a test, a
// script, or the divergence.
func TestCompatibilityRowsAreProved(t *testing.T) {
	scenarios := map[string]bool{}
	for _, file := range scenarioFiles(t) {
		for _, sc := range readScenarios(t, file) {
			scenarios[sc.id()] = true
		}
	}
	tests := testNames(t)
	divergences := readPage(t, "DIVERGENCES.md")
	proofs := 0
	for n, line := range strings.Split(readPage(t, "docs/compatibility.md"), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		if !strings.HasPrefix(line, "|") || len(cells) != 2 || strings.HasPrefix(cells[1], "-") || strings.TrimSpace(cells[1]) == "proof" {
			continue
		}
		names := code.FindAllString(cells[1], -1)
		divergence := regexp.MustCompile(`DIVERGENCES\.md#([^)]+)`).FindStringSubmatch(cells[1])
		if len(names) == 0 && divergence == nil {
			t.Errorf("docs/compatibility.md:%d has no proof", n+1)
		}
		if divergence != nil && !slices.ContainsFunc(headings(divergences), func(h [2]string) bool { return anchor(h[1]) == divergence[1] }) {
			t.Errorf("docs/compatibility.md:%d: DIVERGENCES.md has no section %s", n+1, divergence[1])
		}
		for _, name := range names {
			proofs++
			name = strings.Trim(name, "`")
			_, err := os.Stat(filepath.Join(tree, name))
			if !scenarios[name] && !tests[name] && (err != nil || !strings.HasSuffix(name, ".txt")) {
				t.Errorf("docs/compatibility.md:%d names %q, which is neither a scenario nor a test", n+1, name)
			}
		}
	}
	if proofs < 40 {
		t.Errorf("docs/compatibility.md names %d proofs; has its form changed?", proofs)
	}
}

// The list of packages in docs/architecture.md is that of the tree.
func TestArchitectureListsThePackages(t *testing.T) {
	page := readPage(t, "docs/architecture.md")
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(internal/[^`]*)`").FindAllStringSubmatch(page, -1) {
		listed[m[1]] = true
	}
	walkTree(t, "doc.go", func(path string) {
		dir, err := filepath.Rel(tree, filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.ToSlash(dir); strings.HasPrefix(name, "internal/") {
			if !listed[name] {
				t.Errorf("docs/architecture.md does not list %s", name)
			}
			delete(listed, name)
		}
	})
	for name := range listed {
		t.Errorf("docs/architecture.md lists %s, which does not exist", name)
	}
}

// The reference pages written by hand have everything that their source has.
func TestReferencePagesAreComplete(t *testing.T) {
	for _, c := range []struct{ page, source, pattern string }{
		{"docs/reference/endpoints.md", "internal/server/routes.go", `Handle(?:Func)?\("(?:[A-Z]+ )?(/[^"]{2,})"`},
		{"docs/reference/dev-tenants.md", "internal/server/devseed.go", `"([0-9a-f]{8}-[0-9a-f-]{27})"`},
		{"docs/reference/dev-tenants.md", "internal/server/bootstrap.go", `"([0-9a-f]{8}-[0-9a-f-]{27})"`},
		{"docs/operations.md", "internal/server/metrics.go", `"(sekisho_[a-z_]+)"`},
	} {
		page := readPage(t, c.page)
		found := regexp.MustCompile(c.pattern).FindAllStringSubmatch(readPage(t, c.source), -1)
		if len(found) < 2 {
			t.Errorf("%s: %d matches of %s; has its form changed?", c.source, len(found), c.pattern)
		}
		for _, m := range found {
			if !strings.Contains(page, m[1]) {
				t.Errorf("%s does not mention %s of %s", c.page, m[1], c.source)
			}
		}
	}
}

// testNames are the names of all test functions of the tree.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)
	names := map[string]bool{}
	walkTree(t, "_test.go", func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range function.FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
	})
	return names
}
