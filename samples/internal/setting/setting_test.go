package setting

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func reader(env map[string]string) *Reader {
	return New(Map(env).Lookup)
}

func TestValues(t *testing.T) {
	r := reader(map[string]string{
		"NAME": "x", "EMPTY": "", "LIST": " a, b,,c ", "OFF": "false", "EVERY": "90s",
		"API": "https://orders.example/", "HERE": "http://127.0.0.1:80", "ALSO": "http://localhost:80",
	})
	got := []any{
		r.Required("NAME", "what it is"), r.Optional("EMPTY", "preset"), r.List("LIST"), r.List("NONE"),
		r.Bool("OFF", true), r.Bool("NONE", true), r.Duration("EVERY", time.Hour), r.Duration("NONE", time.Hour),
		r.URL("API", "the API"), r.URL("HERE", "the API"), r.URL("ALSO", "the API"),
	}
	want := []any{
		"x", "preset", []string{"a", "b", "c"}, []string(nil), false, true, 90 * time.Second, time.Hour,
		"https://orders.example", "http://127.0.0.1:80", "http://localhost:80",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (- want, + got):\n%s", diff)
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := reader(map[string]string{"OFF": "nein", "EVERY": "-1s", "API": "http://orders.example", "ODD": "orders", "CA_FILE": empty})
	r.Required("NAME", "the name")
	r.Bool("OFF", true)
	r.Duration("EVERY", time.Hour)
	r.URL("API", "the API")
	r.URL("ODD", "the API")
	r.URL("NONE", "the API")
	r.HTTPClient()
	want := `NAME is not set: the name
OFF is "nein": give true or false
EVERY is "-1s": give a duration like 30s or 5m
API is "http://orders.example": what is sent there must travel by https
ODD is "orders", which is no address
NONE is not set: the API
CA_FILE is ` + empty + `, which holds no certificate in PEM form`
	if diff := cmp.Diff(want, r.Err().Error()); diff != "" {
		t.Errorf("faults (- want, + got):\n%s", diff)
	}
}
