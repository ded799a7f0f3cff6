package aadsts

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the page that the test compares with")

const referencePage = "../../../docs/reference/errors.md"

// TestReference compares the page of all errors with the catalogue; with -update
// it writes it.
func TestReference(t *testing.T) {
	rows := Catalogue()
	slices.SortFunc(rows, func(a, b Code) int { return cmp.Compare(a.Number(), b.Number()) })
	var b strings.Builder
	b.WriteString(`# Errors

Every number that the OAuth, discovery and authorization endpoints send. Programs go by ` + "`error`" + ` and ` + "`error_codes`" + `, people by the number: it is that
of Entra for the same fault. The sentences are ours, and may change.

The answer is JSON (RFC 6749 §5.2) with ` + "`error`, `error_description`, `error_codes`, `timestamp`, `trace_id`, `correlation_id` and `error_uri`" + `; where due also
` + "`suberror` and `claims`" + `. The authorization endpoint shows a page with the same number and ids. A failure of the server that has no number is ` + "`server_error`" + `
with status 500 and the ids, nothing else. ` + "`Retry-After`" + ` comes with 429 and 503 only. Discovery and key sets name 90002 and 900023 ` + "`invalid_tenant`" + `.

` + "`/error?code=NUMBER`" + ` on any server explains a number, in English and Japanese. Graph's errors have Graph's shape: see [Graph](graph.md#errors).

<!-- Written from internal/protocol/aadsts by: make generate -->

| AADSTS | error | status | text | scenario that produces it |
|---|---|---|---|---|
`)
	for _, c := range rows {
		fmt.Fprintf(&b, "| %d | `%s` | %d | %s | `%s` |\n", c.Number(), c.OAuth(), c.Status(), c.Text(), c.Scenario())
	}
	b.WriteString("\nScenarios are in `internal/server/testdata/scenarios`, as `file/name`.\n")
	if *update {
		if err := os.WriteFile(referencePage, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(referencePage)
	if err != nil || string(got) != b.String() {
		t.Errorf("%s is stale; run: make generate (%v)", referencePage, err)
	}
}
