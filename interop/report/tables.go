package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

// language are the words of a table.
type language struct {
	client, version, notRun string
	column                  func(outcome.Info) string
}

var (
	english  = language{"client", "version", "not run here", func(i outcome.Info) string { return i.Column }}
	japanese = language{"クライアント", "バージョン", "未実行", func(i outcome.Info) string { return i.ColumnJA }}
)

// casesThat are those that fit, in the order of the columns.
func casesThat(fit func(outcome.Info) bool) []outcome.Info {
	return slices.DeleteFunc(slices.Clone(outcome.Cases), func(i outcome.Info) bool { return !fit(i) })
}

func briefCases() []outcome.Info { return casesThat(func(i outcome.Info) bool { return i.Brief }) }

func daemonCases() []outcome.Info {
	return casesThat(func(i outcome.Info) bool { return i.Brief && !i.Person })
}

func otherCases() []outcome.Info {
	return casesThat(func(i outcome.Info) bool { return !i.Brief && !i.Person })
}

func personCases() []outcome.Info { return casesThat(func(i outcome.Info) bool { return i.Person }) }

// table has a row for each client that was not run or has one of the cases, and a
// column for each case. Only what a test passed has a mark.
func table(s outcome.Summary, cases []outcome.Info, words language) string {
	var b strings.Builder
	heads := []string{words.client, words.version}
	rule := "| --- | --- |"
	for _, i := range cases {
		heads = append(heads, words.column(i))
		rule += " :-: |"
	}
	fmt.Fprintf(&b, "| %s |\n%s\n", strings.Join(heads, " | "), rule)
	for _, c := range outcome.Clients {
		cells := []string{c.Name, words.notRun}
		r, run := s.Of(c.ID)
		if run {
			cells[1] = r.Version
			if !slices.ContainsFunc(cases, func(i outcome.Info) bool { return r.Has(i.Case) }) {
				continue
			}
		}
		for _, i := range cases {
			mark := ""
			if run && r.Has(i.Case) {
				mark = "✓"
			}
			cells = append(cells, mark)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String()
}

const intro = `# Clients

This page is made by ` + "`go -C interop run ./report`" + ` from what the tests of ` + "`interop`" + ` found out, as
` + "[compatibility-clients.json](compatibility-clients.json)" + ` records it. Each client came unmodified from its
registry, at the version shown, and talked HTTPS to a server process. A mark means that a test
passed; an empty cell that the case does not concern the client, or is not tested with it. A client
that is "not run here" has not been tried by any test: its settings are documented, and nothing is
claimed.

In settings, ` + "`H`" + ` is the server's host with its port and ` + "`TENANT`" + ` the tenant's id. Every client wants
HTTPS. Every client but the plain OAuth and OpenID ones has a switch that turns instance discovery
off, which would ask Microsoft about our host. ` + "`sekisho env`" + ` prints the settings filled in.
`

func clientsPage(s outcome.Summary) string {
	var b strings.Builder
	b.WriteString(intro)
	fmt.Fprintf(&b, "\n## What works\n\nApplications on their own, without a person.\n\n%s", table(s, daemonCases(), english))
	fmt.Fprintf(&b, "\n## People who sign in\n\nSomebody goes through the pages in a Chromium. Only clients that were run.\n\n%s", tested(table(s, personCases(), english)))
	fmt.Fprintf(&b, "\n## More cases\n\nOnly clients that were run.\n\n%s", tested(table(s, otherCases(), english)))
	b.WriteString("\n## What the columns mean\n\n")
	for _, i := range outcome.Cases {
		if !i.Person {
			fmt.Fprintf(&b, "- **%s**: %s.\n", i.Column, i.Checks)
		}
	}
	b.WriteString("\nWhere people sign in:\n\n")
	for _, i := range personCases() {
		fmt.Fprintf(&b, "- **%s**: %s.\n", i.Column, i.Checks)
	}
	b.WriteString("\n## Settings\n")
	for _, c := range outcome.Clients {
		fmt.Fprintf(&b, "\n### %s\n\n%s, `%s`", c.Name, c.Language, c.Package)
		if r, run := s.Of(c.ID); run {
			fmt.Fprintf(&b, " %s.", r.Version)
		} else {
			fmt.Fprintf(&b, ". **Not run here**: %s.", c.NotRun)
		}
		fmt.Fprintf(&b, " Trusts a CA by %s.\n\n```%s\n%s\n```\n", c.Trust, c.Syntax, c.Settings)
	}
	return b.String()
}

// tested leaves out the rows of clients that were not run.
func tested(table string) string {
	lines := slices.DeleteFunc(strings.Split(table, "\n"), func(l string) bool { return strings.Contains(l, "| "+english.notRun+" |") })
	return strings.Join(lines, "\n")
}
