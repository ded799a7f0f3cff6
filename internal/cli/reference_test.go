package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const referencePage = "../../docs/reference/commands.md"

// TestReference compares the page of all commands with what they say of
// themselves; with -update it writes it.
func TestReference(t *testing.T) {
	s, _ := terminal("en")
	root := New(s.Terminal)
	root.InitDefaultCompletionCmd()
	var b strings.Builder
	b.WriteString(`# Commands

What ` + "`sekisho COMMAND --help`" + ` says, on one page. The exit status is 0, 1 for a failure, 2 for a command line that is wrong.
Answers are for people, in English or Japanese; with ` + "`--output json`" + ` they are for programs.

<!-- Written from internal/cli by: make generate -->

Every command has these flags:

`)
	writeFlags(&b, root.PersistentFlags())
	for _, c := range root.Commands() {
		writeCommand(&b, c)
	}
	want := b.String()
	if *update {
		if err := os.MkdirAll(filepath.Dir(referencePage), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(referencePage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(referencePage)
	if err != nil || string(got) != want {
		t.Errorf("%s is stale; run: make generate (%v)", referencePage, err)
	}
}

func writeCommand(b *strings.Builder, c *cobra.Command) {
	if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
		return
	}
	if c.HasSubCommands() {
		for _, sub := range c.Commands() {
			writeCommand(b, sub)
		}
		return
	}
	fmt.Fprintf(b, "\n## sekisho %s\n\n%s.\n", strings.TrimPrefix(c.CommandPath(), "sekisho "), c.Short)
	if c.Long != "" {
		fmt.Fprintf(b, "\n%s\n", indented(c.Long))
	}
	fmt.Fprintf(b, "\n```\n%s\n```\n", c.UseLine())
	if c.Example != "" {
		fmt.Fprintf(b, "\nFor example:\n\n```\n%s\n```\n", c.Example)
	}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.AddFlagSet(c.LocalNonPersistentFlags())
	if p := c.Parent(); p != nil && p.HasParent() {
		flags.AddFlagSet(p.PersistentFlags())
	}
	if flags.HasFlags() {
		b.WriteString("\n")
		writeFlags(b, flags)
	}
}

// indented keeps what stands out in a help text a block of its own.
func indented(text string) string {
	var b strings.Builder
	code := false
	for line := range strings.SplitSeq(text, "\n") {
		if is := strings.HasPrefix(line, "  "); is != code && line != "" {
			b.WriteString("```\n")
			code = is
		}
		b.WriteString(line + "\n")
	}
	if code {
		b.WriteString("```\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func writeFlags(b *strings.Builder, flags *pflag.FlagSet) {
	b.WriteString("| flag | default | meaning |\n|---|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		preset := ""
		if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "false" {
			preset = "`" + f.DefValue + "`"
		}
		fmt.Fprintf(b, "| `--%s` | %s | %s |\n", f.Name, preset, strings.ReplaceAll(f.Usage, "|", `\|`))
	})
}
