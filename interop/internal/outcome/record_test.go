package outcome

import (
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
	for _, tc := range []struct {
		name, want string
		record     Record
	}{
		{"a failure", "failed at secret", Record{Client: "msal-go", Results: []Result{{Case: Secret}}}},
		{"a client that cannot be run here", "listed as not run here", Record{Client: "msal-net", Results: []Result{{Case: Secret, OK: true}}}},
		{"nothing else", "has not been run yet", Record{Client: "msal-go"}},
	} {
		all := []Record{tc.record}
		if tc.record.Client == "msal-net" {
			for _, c := range Clients {
				if c.NotRun == "" {
					all = append(all, Record{Client: c.ID})
				}
			}
		}
		if _, err := Summary(nil).Merge(all); err == nil || !strings.Contains(err.Error(), tc.want) {
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
		if (c.NotRun == "") != (c.NotRunJA == "") {
			t.Errorf("%s: the reason is missing in one language", c.ID)
		}
	}
}
