package server_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/sekishotest"
)

// Scenarios are data: files of testdata/scenarios, each a list of
//
//	## name of the scenario
//	verb arguments
//	  parameter = value
//	expect STATUS [error [number]]
//	redirect [error [number]]
//	body contains text
//
// played against a real server through its public HTTP surface. What a scenario
// sets up, it sets up through Graph. The verbs are in scenario_verbs_test.go.

type scenario struct {
	file, name string
	steps      []step
}

type step struct {
	line   int
	verb   string
	args   []string
	params [][2]string // indented lines: "name = value", or the body of a graph step
	body   string
}

// number is the AADSTS number that a step expects, if it expects one.
func (s step) number() (string, bool) {
	switch {
	case s.verb == "expect" && len(s.args) == 3:
		return s.args[2], true
	case s.verb == "redirect" && len(s.args) == 2:
		return s.args[1], true
	case s.verb == "recorded" && len(s.args) == 1:
		return s.args[0], true
	}
	return "", false
}

func (s scenario) id() string { return s.file + "/" + s.name }

func TestScenarios(t *testing.T) {
	for _, file := range scenarioFiles(t) {
		scenarios := readScenarios(t, file)
		t.Run(scenarios[0].file, func(t *testing.T) {
			t.Parallel()
			srv := sekishotest.New(t, sekishotest.Options{Empty: true})
			for _, sc := range scenarios {
				t.Run(sc.name, func(t *testing.T) { play(t, srv, sc) })
			}
			noSecretLogged(t, srv)
		})
	}
}

// Every row of the catalogue names the scenario that produces it, and that
// scenario expects just that number.
func TestCatalogueRowsHaveTheirScenario(t *testing.T) {
	expected := map[string][]int{}
	for _, file := range scenarioFiles(t) {
		for _, sc := range readScenarios(t, file) {
			for _, st := range sc.steps {
				if number, ok := st.number(); ok {
					n, err := strconv.Atoi(number)
					if err != nil {
						t.Errorf("%s:%d: %q is no number", file, st.line, number)
					}
					expected[sc.id()] = append(expected[sc.id()], n)
				}
			}
		}
	}
	for id, number := range elsewhere {
		expected[id] = append(expected[id], number)
	}
	seen := map[int]bool{}
	for _, row := range aadsts.Catalogue() {
		if seen[row.Number()] {
			t.Errorf("AADSTS%d has two rows", row.Number())
		}
		seen[row.Number()] = true
		if !slices.Contains(expected[row.Scenario()], row.Number()) {
			t.Errorf("AADSTS%d: scenario %q does not exist or does not expect it", row.Number(), row.Scenario())
		}
		for _, word := range []string{"interaction_required", "consent_required", "login_required"} {
			if strings.Contains(row.Text(), word) {
				t.Errorf("AADSTS%d: MSAL.js would take %q in its text for a demand to ask the user", row.Number(), word)
			}
		}
	}
	for id, numbers := range expected {
		for _, n := range numbers {
			if !seen[n] {
				t.Errorf("scenario %q expects AADSTS%d, which is not in the catalogue", id, n)
			}
		}
	}
}

func scenarioFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	return files
}

func readScenarios(t *testing.T, path string) []scenario {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []scenario
	file := strings.TrimSuffix(filepath.Base(path), ".txt")
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		switch {
		case strings.HasPrefix(line, "## "):
			list = append(list, scenario{file: file, name: strings.TrimSpace(line[3:])})
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case len(list) == 0:
			t.Fatalf("%s:%d: a step before the first scenario", path, n)
		default:
			if err := addLine(&list[len(list)-1], n, line); err != nil {
				t.Fatalf("%s:%d: %v", path, n, err)
			}
		}
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func addLine(sc *scenario, n int, line string) error {
	if line[0] != ' ' && line[0] != '\t' {
		fields := strings.Fields(line)
		sc.steps = append(sc.steps, step{line: n, verb: fields[0], args: fields[1:]})
		return nil
	}
	if len(sc.steps) == 0 {
		return fmt.Errorf("a parameter without a step")
	}
	st := &sc.steps[len(sc.steps)-1]
	text := strings.TrimSpace(line)
	if st.verb == "graph" || st.verb == "me" || st.verb == "raw" {
		st.body += text
		return nil
	}
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("%q is no parameter", text)
	}
	st.params = append(st.params, [2]string{strings.TrimSpace(name), strings.TrimSpace(value)})
	return nil
}
