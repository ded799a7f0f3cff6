package config

import (
	"fmt"
	"strings"

	"golang.org/x/text/width"
)

// A Fault is one thing wrong with a file.
type Fault struct {
	Key     string // dotted path, as in tls.certFile or hosts[1]; "" for a fault of syntax
	Line    int    // from 1; 0 where the file has no such key
	Column  int    // from 1, in characters
	Source  string // the faulty line, secrets cut out
	Message string
}

// Faults are all that is wrong with a file, in the order of its lines.
type Faults struct {
	File string
	List []Fault
}

// Error shows each fault with its line and a caret.
func (f *Faults) Error() string {
	var b strings.Builder
	switch len(f.List) {
	case 1:
		fmt.Fprintf(&b, "%s has a fault:", f.File)
	default:
		fmt.Fprintf(&b, "%s has %d faults:", f.File, len(f.List))
	}
	for _, fault := range f.List {
		b.WriteString("\n")
		fault.write(&b, f.File)
	}
	return b.String()
}

func (f Fault) write(b *strings.Builder, file string) {
	if f.Line == 0 {
		if f.Key != "" {
			fmt.Fprintf(b, "%s: %s: %s", file, f.Key, f.Message)
			return
		}
		fmt.Fprintf(b, "%s: %s", file, f.Message)
		return
	}
	fmt.Fprintf(b, "%s:%d:%d: %s\n", file, f.Line, f.Column, f.Message)
	number := fmt.Sprint(f.Line)
	fmt.Fprintf(b, "  %s | %s\n", number, f.Source)
	fmt.Fprintf(b, "  %s | %s^", strings.Repeat(" ", len(number)), indent(f.Source, f.Column-1))
}

// indent is as wide as the first n characters of line on a terminal, where a
// Japanese character takes two columns.
func indent(line string, n int) string {
	var b strings.Builder
	for _, r := range line {
		if n == 0 {
			break
		}
		n--
		switch {
		case r == '\t':
			b.WriteByte('\t')
		case wide(r):
			b.WriteString("  ")
		default:
			b.WriteByte(' ')
		}
	}
	b.WriteString(strings.Repeat(" ", n))
	return b.String()
}

func wide(r rune) bool {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return true
	default:
		return false
	}
}
