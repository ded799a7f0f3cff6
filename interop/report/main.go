package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

func main() {
	root := flag.String("root", "..", "folder of the repository")
	results := flag.String("results", "results", "folder with what the tests found out")
	flag.Parse()
	if err := report(*root, *results); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func report(root, results string) error {
	summary, err := outcome.ReadSummary(root)
	if err != nil {
		return err
	}
	newer, err := outcome.ReadRecords(results)
	if err != nil {
		return err
	}
	if summary, err = summary.Merge(newer); err != nil {
		return err
	}
	if err := summary.Write(root); err != nil {
		return err
	}
	for _, p := range pages {
		have, want, err := p.write(root, summary)
		if errors.Is(err, os.ErrNotExist) && p.marked {
			fmt.Fprintf(os.Stderr, "report: there is no %s yet; its table is left out\n", p.file)
			continue
		}
		if err != nil {
			return err
		}
		if bytes.Equal(have, want) {
			continue
		}
		if err := os.WriteFile(filepath.Join(root, p.file), want, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// page is a file that is made of the summary, whole or between marks.
type page struct {
	file   string
	marked bool
	text   func(outcome.Summary) string
}

var pages = []page{
	{file: "docs/clients.md", text: clientsPage},
	{file: "README.md", marked: true, text: func(s outcome.Summary) string { return table(s, briefCases(), english) }},
	{file: "README.ja.md", marked: true, text: func(s outcome.Summary) string { return table(s, briefCases(), japanese) }},
}

const (
	beginMark = "<!-- clients:begin -->"
	endMark   = "<!-- clients:end -->"
)

// write returns the page as it is and as it must be.
func (p page) write(root string, s outcome.Summary) (have, want []byte, err error) {
	have, err = os.ReadFile(filepath.Join(root, p.file))
	if !p.marked {
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		return have, []byte(p.text(s)), err
	}
	if err != nil {
		return nil, nil, err
	}
	before, rest, begun := bytes.Cut(have, []byte(beginMark))
	_, after, ended := bytes.Cut(rest, []byte(endMark))
	if !begun || !ended {
		return nil, nil, fmt.Errorf("%s lacks the marks %s and %s around its table of clients", p.file, beginMark, endMark)
	}
	want = bytes.Join([][]byte{before, []byte(beginMark + "\n\n" + p.text(s) + "\n" + endMark), after}, nil)
	return have, want, nil
}
