package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

const root = "../.."

// TestGoldenPages holds the pages and the summary together: nobody edits a table
// by hand, and none is forgotten after a run.
func TestGoldenPages(t *testing.T) {
	summary, err := outcome.ReadSummary(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := summary.Merge(nil); err != nil {
		t.Error(err)
	}
	for _, p := range pages {
		have, want, err := p.write(root, summary)
		switch {
		case err != nil:
			t.Errorf("%v", err)
		case !bytes.Equal(have, want):
			t.Errorf("%s is not what %s says\n  run: go -C interop run ./report", p.file, outcome.SummaryFile)
		}
	}
}

// A client that was not run is never shown as working, and one that was shows
// nothing that it did not pass.
func TestGoldenTable(t *testing.T) {
	s := outcome.Summary{{Client: "msal-go", Version: "1.2.3", Results: []outcome.Result{{Case: outcome.Secret, OK: true}, {Case: outcome.Graph}}}}
	for line := range strings.SplitSeq(table(s, briefCases(), english), "\n") {
		switch {
		case strings.HasPrefix(line, "| MSAL Go |"):
			if !strings.HasPrefix(line, "| MSAL Go | 1.2.3 | ✓ |  |") || strings.Count(line, "✓") != 1 {
				t.Errorf("a client with one passed case: %s", line)
			}
		case strings.Contains(line, "✓"), strings.HasPrefix(line, "| MSAL.NET") && !strings.Contains(line, "| not run here |"):
			t.Errorf("a client without a record: %s", line)
		}
	}
}

func TestGoldenMarks(t *testing.T) {
	dir := t.TempDir()
	p := page{file: "page.md", marked: true, text: func(outcome.Summary) string { return "new\n" }}
	name := filepath.Join(dir, p.file)
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n" + beginMark + "\nold\n" + endMark + "\nafter\n")
	_, got, err := p.write(dir, nil)
	if want := "before\n" + beginMark + "\n\nnew\n\n" + endMark + "\nafter\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	write("no marks\n")
	if _, _, err := p.write(dir, nil); err == nil || !strings.Contains(err.Error(), beginMark) {
		t.Errorf("a page without marks: %v", err)
	}
}
