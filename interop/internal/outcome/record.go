package outcome

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Result is one case of one client.
type Result struct {
	Case Case `json:"case"`
	OK   bool `json:"ok"`
	// Detail says what went wrong.
	Detail string `json:"detail,omitempty"`
}

// Record is what a run found out about one client.
type Record struct {
	Client  string   `json:"client"`
	Version string   `json:"version"`
	Results []Result `json:"results"`
}

// Summary is the checked-in record of every client that runs here, by the order of
// Clients.
type Summary []Record

// SummaryFile is the summary's place below the root of the repository.
const SummaryFile = "docs/compatibility-clients.json"

// Write writes the record as NAME.json into a folder, which is made if need be.
func (r *Record) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, r.Client+".json"), r)
}

// ReadRecords reads what earlier runs wrote. A folder that is not there holds none.
func ReadRecords(dir string) ([]Record, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []Record
	for _, name := range names {
		var r Record
		if err := readJSON(name, &r); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// ReadSummary reads the summary of the repository at root; before the first run
// there is none.
func ReadSummary(root string) (Summary, error) {
	var s Summary
	err := readJSON(filepath.Join(root, SummaryFile), &s)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return s, err
}

// Write writes the summary.
func (s Summary) Write(root string) error { return writeJSON(filepath.Join(root, SummaryFile), s) }

// Merge puts newer records in the place of older ones, drops clients that are in
// Clients no more, and sorts. Records with a failure are refused: the summary says
// what works.
func (s Summary) Merge(newer []Record) (Summary, error) {
	by := map[string]Record{}
	for _, r := range s {
		by[r.Client] = r
	}
	for _, r := range newer {
		if r.Version == "" || len(r.Results) == 0 {
			return nil, fmt.Errorf("%s did not finish", r.Client)
		}
		for _, c := range r.Results {
			if !c.OK {
				return nil, fmt.Errorf("%s failed at %s: %s", r.Client, c.Case, c.Detail)
			}
		}
		by[r.Client] = r
	}
	var merged Summary
	for _, c := range Clients {
		r, found := by[c.ID]
		switch {
		case c.NotRun != "" && found:
			return nil, fmt.Errorf("%s is listed as not run here, but there is a record of it", c.ID)
		case c.NotRun == "" && !found:
			return nil, fmt.Errorf("%s has not been run yet: run `make interop`", c.ID)
		case found:
			slices.SortFunc(r.Results, func(a, b Result) int { return order(a.Case) - order(b.Case) })
			merged = append(merged, r)
		}
	}
	return merged, nil
}

func order(c Case) int {
	return slices.IndexFunc(Cases, func(i Info) bool { return i.Case == c })
}

// Of finds the record of a client.
func (s Summary) Of(client string) (Record, bool) {
	for _, r := range s {
		if r.Client == client {
			return r, true
		}
	}
	return Record{}, false
}

// Has reports whether the client passed the case.
func (r *Record) Has(c Case) bool {
	return slices.ContainsFunc(r.Results, func(x Result) bool { return x.Case == c && x.OK })
}

// Differs says how a run differs from the summary, "" if it does not.
func (s Summary) Differs(run Record) string {
	known, found := s.Of(run.Client)
	if !found {
		return fmt.Sprintf("%s is not in %s", run.Client, SummaryFile)
	}
	var said []string
	if known.Version != run.Version {
		said = append(said, fmt.Sprintf("version %s, was %s", run.Version, known.Version))
	}
	for _, r := range run.Results {
		if known.Has(r.Case) != r.OK {
			said = append(said, fmt.Sprintf("%s: ok=%v, was ok=%v", r.Case, r.OK, known.Has(r.Case)))
		}
	}
	for _, k := range known.Results {
		if !slices.ContainsFunc(run.Results, func(r Result) bool { return r.Case == k.Case }) {
			said = append(said, fmt.Sprintf("%s: was not run", k.Case))
		}
	}
	if len(said) == 0 {
		return ""
	}
	return run.Client + ": " + strings.Join(said, "; ")
}

func readJSON(name string, v any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func writeJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}
