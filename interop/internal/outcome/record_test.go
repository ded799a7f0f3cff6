package outcome

import (
	"slices"
	"strings"
	"testing"
)

func TestDiffers(t *testing.T) {
	passed := func(cases ...Case) (list []Result) {
		for _, c := range cases {
			list = append(list, Result{Case: c, OK: true})
		}
		return list
	}
	known := Summary{{Client: "msal-go", Version: "1", Results: passed(Secret, Graph)}}
	for _, tc := range []struct {
		name string
		run  Record
		want string
	}{
		{"the same", Record{Client: "msal-go", Version: "1", Results: passed(Graph, Secret)}, ""},
		{"unknown client", Record{Client: "other"}, "other is not in"},
		{"another version", Record{Client: "msal-go", Version: "2", Results: passed(Secret, Graph)}, "version 2, was 1"},
		{"a case more", Record{Client: "msal-go", Version: "1", Results: passed(Secret, Graph, Cache)}, "cache: ok=true, was ok=false"},
		{"a case less", Record{Client: "msal-go", Version: "1", Results: passed(Secret)}, "graph: was not run"},
		{"a failure", Record{Client: "msal-go", Version: "1", Results: append(passed(Secret), Result{Case: Graph})}, "graph: ok=false, was ok=true"},
	} {
		got := known.Differs(tc.run)
		if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestMergeRefusesWhatDidNotWork(t *testing.T) {
	passed := func(client string) Record {
		return Record{Client: client, Version: "1", Results: []Result{{Case: Secret, OK: true}}}
	}
	var all []Record
	for _, c := range Clients {
		if c.NotRun == "" {
			all = append(all, passed(c.ID))
		}
	}
	if _, err := Summary(nil).Merge(all); err != nil {
		t.Errorf("all passed: %v", err)
	}
	for _, tc := range []struct {
		name    string
		records []Record
		want    string
	}{
		{"a failure", slices.Concat(all[1:], []Record{{Client: "msal-go", Version: "1", Results: []Result{{Case: Secret}}}}), "failed at secret"},
		{"a client that broke off", slices.Concat(all[1:], []Record{{Client: "msal-go"}}), "did not finish"},
		{"a client that cannot be run here", slices.Concat(all, []Record{passed("msal-net")}), "listed as not run here"},
		{"a client less", all[1:], "has not been run yet"},
	} {
		if _, err := Summary(nil).Merge(tc.records); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}

// Every row says what people need to know about it.
func TestClientsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Clients {
		if seen[c.ID] {
			t.Errorf("%s is listed twice", c.ID)
		}
		seen[c.ID] = true
		for what, text := range map[string]string{"name": c.Name, "package": c.Package, "language": c.Language, "settings": c.Settings, "syntax": c.Syntax, "trust": c.Trust} {
			if text == "" {
				t.Errorf("%s has no %s", c.ID, what)
			}
		}
	}
}
