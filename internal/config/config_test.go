package config

import (
	"encoding/base64"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the files that the tests compare with")

func environment(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := m[name]
		return v, ok
	}
}

func TestDefaultsAreValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "# nothing\n", "---\n", "tls:\n  # certFile: x\n", "listen:\n"} {
		got, err := Parse("sekisho.yaml", []byte(text), environment(nil))
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(Default(), got); diff != "" {
			t.Errorf("%q differs from the defaults:\n%s", text, diff)
		}
	}
}

func TestParse(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"cert.pem", "key.pem"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kek := base64.StdEncoding.EncodeToString(make([]byte, 32))
	if err := os.WriteFile(filepath.Join(dir, "kek"), []byte(kek+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := `
listen: ":443"
hosts: [https://login.example.com, "https://login.example.com:8443"]
tls:
  certFile: ` + filepath.Join(dir, "cert.pem") + `
  keyFile: ${env:KEYFILE}
trustedProxies:
  - 10.0.0.0/8
  - 2001:db8::1
database: postgres://sekisho:${env:PGPASS}@db.example.com/sekisho
keyEncryptionKey: ${file:` + filepath.Join(dir, "kek") + `}
operations:
  listen: 127.0.0.1:9090
log: {level: debug, format: json}
retention:
  signIns: 7d
  deletedObjects: 48h
outbound:
  allow: [192.168.7.0/24, keys.internal.example]
requestsPerMinute: 600
signInsPerMinute: 60
`
	got, err := Parse(filepath.Join(dir, "sekisho.yaml"), []byte(text), environment(map[string]string{
		"KEYFILE": filepath.Join(dir, "key.pem"), "PGPASS": "p",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Listen = ":443"
	want.Hosts = []string{"https://login.example.com", "https://login.example.com:8443"}
	want.TLS = TLS{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	want.TrustedProxies = []string{"10.0.0.0/8", "2001:db8::1"}
	want.Database = "postgres://sekisho:p@db.example.com/sekisho"
	want.KeyEncryptionKey = kek
	want.Operations.Listen = "127.0.0.1:9090"
	want.Log = Log{Level: "debug", Format: "json"}
	want.Retention.SignIns = 7 * 24 * time.Hour
	want.Retention.DeletedObjects = 48 * time.Hour
	want.Outbound.Allow = []string{"192.168.7.0/24", "keys.internal.example"}
	want.RequestsPerMinute = 600
	want.SignInsPerMinute = 60
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.DatabaseAddress() != want.Database {
		t.Errorf("database address %q", got.DatabaseAddress())
	}
	if ranges, hosts := got.OutboundAllow(); len(ranges) != 1 || len(hosts) != 1 || hosts[0] != "keys.internal.example" {
		t.Errorf("outbound: %v and %v", ranges, hosts)
	}
}

func TestDatabasePathStartsAtDataDir(t *testing.T) {
	c := Default()
	c.DataDir = "/var/lib/sekisho"
	if got := c.DatabaseAddress(); got != "/var/lib/sekisho/sekisho.db" {
		t.Errorf("got %q", got)
	}
}

// Each row is one thing wrong with a file and what a person is told.
func TestFaults(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // of the message, in order
	}{
		{"unknown key", "lissten: :1\n", []string{`sekisho.yaml:1:1: unknown key lissten; did you mean listen?`}},
		{"unknown key in a group", "log:\n  colour: red\n", []string{`sekisho.yaml:2:3: unknown key log.colour; known here: format, level`}},
		{"key given twice", "listen: a:1\nlisten: b:1\n", []string{`2:1: listen is given twice; the first is in line 1`}},
		{"group expected", "tls: yes\n", []string{`1:6: tls must be a group of keys`}},
		{"file is a list", "- a\n", []string{`the file must be a group of keys`}},
		{"text expected", "listen: [a]\n", []string{`listen must be text`}},
		{"list expected", "hosts: https://a.example\n", []string{`1:8: hosts must be a list`}},
		{"switch expected", "tls:\n  off: maybe\n", []string{`2:8: tls.off must be true or false`}},
		{"duration expected", "retention:\n  signIns: long\n", []string{`2:12: retention.signIns must be a duration such as 30d, 12h or 90s`}},
		{"negative duration", "shutdownGrace: -1s\n", []string{`must be a duration`}},
		{"two documents", "listen: localhost:1\n---\nlisten: localhost:2\n", []string{`must hold one document`}},
		{"alias", "listen: &a localhost:1\ngraphUrl: *a\n", []string{`anchors, aliases and tags`, `anchors, aliases and tags`}},
		{"environment variable missing", "listen: ${env:NOPE}\n", []string{`the environment variable NOPE is not set`}},
		{"file missing", "keyEncryptionKey: ${file:/nope}\n", []string{`the file /nope cannot be read: no such file or directory`}},
		{"unknown reference", "listen: ${vault:x}\n", []string{`${vault:x} is not a reference`}},
		{"open reference", "listen: ${env:X\n", []string{`must end with }`}},
		{"not an address", "listen: here\n", []string{`"here" is not HOST:PORT`}},
		{"not a port", "listen: a:99999\n", []string{`"99999" is no port number`}},
		{"http host", "hosts: [http://a.example]\n", []string{`must begin with https://`}},
		{"host with path", "hosts: [https://localhost/x]\n", []string{`the first path segment belongs to the tenant`}},
		{"host with slash", "hosts: [https://localhost/]\n", []string{`must not end with a slash`}},
		{"host named token", "hosts: [https://token.example]\ntls: {off: true}\ntrustedProxies: [10.0.0.1]\n", []string{`must not contain the word "token"`}},
		{"host twice", "hosts: [https://localhost, https://LOCALHOST]\n", []string{`is listed twice`}},
		{"no host", "hosts: []\n", []string{`at least one public base URL`}},
		{"public host without a certificate", "hosts: [https://login.example.com]\n", []string{`sekisho.yaml: tls: certFile and keyFile are needed`}},
		{"certificate without key", "tls:\n  certFile: /dev/null\n", []string{`2:3: needs tls.keyFile beside it`}},
		{"certificate missing", "tls:\n  certFile: /nope\n  keyFile: /dev/null\n", []string{`2:3: the file cannot be read`}},
		{"no TLS without a proxy", "tls: {off: true}\n", []string{`needs trustedProxies`}},
		{"proxy range", "trustedProxies: [10.0.0.0/99]\n", []string{`"10.0.0.0/99" is neither an address nor a CIDR range`}},
		{"outbound range", "outbound: {allow: [10.0.0, 10.0.0.0/x]}\n", []string{`"10.0.0" is neither`, `"10.0.0.0/x" is neither`}},
		{"number expected", "requestsPerMinute: many\n", []string{`requestsPerMinute must be a whole number`}},
		{"negative number", "requestsPerMinute: -1\n", []string{`must not be negative`}},
		{"negative number of sign-ins", "signInsPerMinute: -1\n", []string{`must not be negative`}},
		{"other database", "database: mysql://x\n", []string{`must be the path of an SQLite file`}},
		{"postgres without a key", "database: postgres://h/d\n", []string{`keyEncryptionKey: must be given with PostgreSQL`}},
		{"short key", "keyEncryptionKey: c2hvcnQ=\n", []string{`must be 32 bytes in base64`}},
		{"level", "log: {level: loud}\n", []string{`"loud" is no level`}},
		{"format", "log: {format: xml}\n", []string{`"xml" is no format`}},
		{"no retention", "retention: {signIns: 1h}\n", []string{`must be at least one day`}},
		{"operations on the main listener", "operations: {listen: 'localhost:8443'}\n", []string{`must differ from listen`}},
		{"several at once", "lissten: x\nlog:\n  level: loud\nhosts: [http://localhost]\nretention: {signIns: soon}\n", []string{
			`has 4 faults`, `1:1: unknown key`, `3:3: "loud"`, `4:9: "http://localhost" must begin`, `5:22: retention.signIns must be a duration`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("sekisho.yaml", []byte(tt.text), environment(nil))
			var faults *Faults
			if !errors.As(err, &faults) {
				t.Fatalf("got %v, want faults", err)
			}
			rest := err.Error()
			for _, w := range tt.want {
				_, after, ok := strings.Cut(rest, w)
				if !ok {
					t.Fatalf("lacks %q in its place:\n%s", w, err)
				}
				rest = after
			}
		})
	}
}

func TestFaultShowsLineAndCaret(t *testing.T) {
	_, err := Parse("sekisho.yaml", []byte("# 設定\nlog: {level: info, 形式: text}\n"), environment(nil))
	want := strings.Join([]string{
		`sekisho.yaml has a fault:`,
		`sekisho.yaml:2:20: unknown key log.形式; known here: format, level`,
		`  2 | log: {level: info, 形式: text}`,
		`    |                    ^`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestSyntaxFaultShowsLineAndCaret(t *testing.T) {
	_, err := Parse("sekisho.yaml", []byte("listen: localhost:1\nlog: {level: info\n"), environment(nil))
	var faults *Faults
	if !errors.As(err, &faults) || len(faults.List) != 1 || faults.List[0].Line != 2 {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(err.Error(), "2 | log: {level: info\n") || !strings.HasSuffix(err.Error(), "^") {
		t.Errorf("got\n%v", err)
	}
}

// A file may hold passwords in clear; no fault repeats one.
func TestFaultsHideSecrets(t *testing.T) {
	for _, text := range []string{
		"database: mysql://me:hunter2@h/d\n",
		"database: postgres://me:hunter2@/\nkeyEncryptionKey: hunter2\n",
		"keyEncryptionKey: [hunter2]\n",
		"keyEncryptionKey: hunter2: x\n",
		"database: \"hunter2\n",
		"database:\n  postgres://me:hunter2@h: 1\n",
		"DataBase: hunter2\n",
		"lissten: 1\ndatabase: postgres://me:hunter2@h/d\nkeyEncryptionKey: hunter2\n",
	} {
		_, err := Parse("sekisho.yaml", []byte(text), environment(nil))
		if err == nil {
			t.Errorf("%q: no fault", text)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the message holds the secret:\n%v", text, err)
		}
	}
}

func TestFaultsHideWhatReferencesStandFor(t *testing.T) {
	_, err := Parse("sekisho.yaml", []byte("keyEncryptionKey: ${env:KEK}\n"), environment(map[string]string{"KEK": "hunter2"}))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "nope.yaml"), os.LookupEnv)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("listen: localhost:1\nhosts:\n  - https://localhost\n")
	f.Add("log: {level: info, level: warn}\n---\n? [a]\n: b\n")
	f.Add("a: &x {b: *x}\n<<: *x\n")
	f.Add("retention: {signIns: 99999999999999d}\n")
	f.Add("tls: !!map {off: yes}\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("sekisho.yaml", []byte(text), environment(nil))
		if err == nil {
			err = c.Validate()
		}
		var faults *Faults
		if err != nil && (!errors.As(err, &faults) || len(faults.List) == 0) {
			t.Errorf("an error that is no fault: %v", err)
		}
	})
}
