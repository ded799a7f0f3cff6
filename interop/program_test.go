package interop

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
)

// program is a client in another language: the command that runs it and what it
// needs in its environment beside the machine's.
type program struct {
	client  string // id of the client
	command []string
	dir     string
	env     []string
	// cases are what the program must report on, no less and no more.
	cases []outcome.Case
}

// run gives the program a party, and judges each line that it prints.
func (p program) run(t *testing.T) {
	t.Helper()
	r := record(t, p.client, "")
	_, r.party.Browser = newDesk(t, r.party.person)
	cmd := exec.CommandContext(t.Context(), p.command[0], p.command[1:]...)
	cmd.Dir = p.dir
	cmd.Env = append(plain(), "SEKISHO_INTEROP_PARTY="+r.party.write(t))
	cmd.Env = append(cmd.Env, "BROWSER="+openCommand(t, r.party.Browser)+" %s &")
	cmd.Env = append(cmd.Env, p.env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if leak := keepsSecrets(p.client, said.String()); leak != nil {
		t.Fatal(leak) // and do not print it
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(p.command, " "), err, said.String())
	}
	answers, version, err := read(out)
	if err != nil {
		t.Fatal(err)
	}
	r.Version = version
	for _, c := range p.cases {
		r.check(t, c, func(*testing.T) (answer, error) {
			at := slices.IndexFunc(answers, func(a answer) bool { return a.Case == c })
			if at < 0 {
				return answer{}, errors.New("the program printed nothing about this case")
			}
			return answers[at], nil
		})
	}
	for _, a := range answers {
		if !slices.Contains(p.cases, a.Case) {
			t.Errorf("the program printed a case that the test does not know: %s", a.Case)
		}
	}
}

// read takes a program's lines apart; the first says its version.
func read(out []byte) (answers []answer, version string, err error) {
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			answer
			Version string `json:"version"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, "", errors.New("the program printed a line that is not JSON")
		}
		if line.Version != "" {
			version = line.Version
			continue
		}
		answers = append(answers, line.answer)
	}
	if version == "" {
		return nil, "", errors.New("the program did not say which version of the client it runs")
	}
	return answers, version, lines.Err()
}

// plain is the machine's environment without what would lead a client elsewhere.
func plain() []string {
	return slices.DeleteFunc(slices.Clone(stage.caller), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		switch name {
		case "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "JAVA_TOOL_OPTIONS", "BROWSER":
			return true
		}
		return strings.HasPrefix(name, "AZURE_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY")
	})
}

// install runs a command that fetches what programs need, unless it did so for the
// same content of the files before. The mark of that is a file, so that nothing is
// fetched twice in a clone.
func install(t *testing.T, dir, mark string, files []string, commands ...[]string) {
	t.Helper()
	sum := sha256.New()
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(text)
	}
	mark = filepath.Join(dir, mark)
	want := hex.EncodeToString(sum.Sum(nil))
	if have, err := os.ReadFile(mark); err == nil && string(have) == want {
		return
	}
	for _, c := range commands {
		cmd := exec.CommandContext(t.Context(), c[0], c[1:]...)
		cmd.Dir, cmd.Env = dir, stage.caller
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s\nThe packages come from their public registry; `make deps-interop` installs the tools for that.", strings.Join(c, " "), err, out)
		}
	}
	if err := os.WriteFile(mark, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
