package interop

import (
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

// recording collects what one client does.
type recording struct {
	outcome.Record
	party *party
}

// record registers an application for the client and, when the test ends, writes
// down what was found and compares it with the summary.
func record(t *testing.T, client, version string) *recording {
	t.Helper()
	if !slices.ContainsFunc(outcome.Clients, func(c outcome.Client) bool { return c.ID == client && c.NotRun == "" }) {
		t.Fatalf("%s is no client that the tables know as run here", client)
	}
	r := &recording{Record: outcome.Record{Client: client, Version: version}, party: register(t, client)}
	t.Cleanup(func() {
		if strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
			return // somebody chose single cases
		}
		if err := r.Write("results"); err != nil {
			t.Error(err)
		}
		summary, err := outcome.ReadSummary(root)
		if err != nil {
			t.Error(err)
		}
		if said := summary.Differs(r.Record); said != "" {
			t.Errorf("the tables of what works are out of date: %s\n  if that is meant, run: go -C interop run ./report", said)
		}
	})
	return r
}

// check runs a case as a subtest. ask returns what the client got; a client that is
// expected to fail puts its error into the answer.
func (r *recording) check(t *testing.T, c outcome.Case, ask func(t *testing.T) (answer, error)) {
	t.Helper()
	result := outcome.Result{Case: c, OK: t.Run(string(c), func(t *testing.T) {
		a, err := ask(t)
		if err != nil {
			t.Fatal(err)
		}
		a.Case = c
		if err := keepsSecrets("the client's answer", a.Error+a.Failed); err != nil {
			t.Fatal(err)
		}
		if err := judge(t.Context(), r.party, a); err != nil {
			t.Fatal(err)
		}
	})}
	if !result.OK {
		result.Detail = "see the output of the test"
	}
	r.Results = append(r.Results, result)
}
