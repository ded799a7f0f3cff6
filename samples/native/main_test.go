package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/samples/internal/browser"
	"github.com/sekisho-id/sekisho/samples/internal/graph"
	"github.com/sekisho-id/sekisho/samples/internal/platform"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func TestMain(m *testing.M) { platform.Main(m) }

// desk is somebody at a computer with the application and a browser.
type desk struct {
	*platform.Platform
	t       *testing.T
	browser *browser.Browser
	env     map[string]string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	p := platform.New(t)
	app := p.Register(t, graph.Application{DisplayName: "Orders desktop under test", Native: &graph.URIs{RedirectURIs: []string{"http://localhost"}}})
	return &desk{Platform: p, t: t, browser: browser.New(t, p), env: map[string]string{
		"AUTHORITY": p.Authority, "INSTANCE_DISCOVERY": "false", "CA_FILE": p.CAFile, "CLIENT_ID": app.AppID,
		"API": p.API, "API_URL": p.Orders(t), "GRAPH_URL": p.URL,
		"CACHE_FILE": filepath.Join(t.TempDir(), "tokens.json"),
	}}
}

// run runs a command as a process of its own would: only the cache file is left of
// it. way is how the person goes through the pages, if the browser is opened; seen
// are the pages, nil if it was not.
func (d *desk) run(way browser.Way, args ...string) (status int, out, said string, seen []string) {
	d.t.Helper()
	var o, e bytes.Buffer
	done := make(chan struct{})
	opened := make(chan string, 1)
	p := program{
		lookup: setting.Map(d.env).Lookup, out: &o, err: &e,
		open: func(address string) error { opened <- address; return nil },
	}
	go func() { defer close(done); status = p.run(d.t.Context(), args) }()
	go func() { <-done; close(opened) }()
	for address := range opened {
		d.browser.Open(address)
		if seen = []string{}; args[0] != "signout" {
			seen = append(seen, d.browser.Through(way)...)
		}
	}
	return status, o.String(), e.String(), seen
}

// expect runs a command that must succeed, and compares what it wrote and which
// pages were shown: those named, and none of the others.
func (d *desk) expect(out string, pages []string, args ...string) {
	d.t.Helper()
	status, got, said, seen := d.run(browser.Way{Person: d.Hana}, args...)
	if status != 0 || !strings.Contains(got, out) {
		d.t.Errorf("%v: status %d, wrote %q, said %q; want %q", args, status, got, said, out)
	}
	if (pages == nil) != (seen == nil) {
		d.t.Errorf("%v: the pages were %v, want %v", args, seen, pages)
	}
	for _, name := range []string{"password", "consent"} {
		want := false
		for _, p := range pages {
			want = want || p == name
		}
		if browser.Saw(seen, name) != want {
			d.t.Errorf("%v: the pages were %v, want %v", args, seen, pages)
		}
	}
}

func TestNative(t *testing.T) {
	d := newDesk(t)
	d.expect("orders: 0", []string{"password", "consent"}, "orders")
	if info, err := os.Stat(d.env["CACHE_FILE"]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the cache file: %v, %v", info, err)
	}
	d.expect("object 4a6b0e00-0000-4000-8000-000000000011", nil, "whoami")
	d.expect("orders: 0", nil, "orders")

	// More than was consented to: declined, and then accepted.
	status, _, said, seen := d.run(browser.Way{Person: d.Hana, Decline: true}, "order", "sencha", "2")
	if status != 1 || !strings.Contains(said, "You declined") || !browser.Saw(seen, "consent") {
		t.Errorf("status %d, said %q, pages %v", status, said, seen)
	}
	d.expect("ordered as 1", []string{"consent"}, "order", "sencha", "2")
	d.expect("ordered as 2", nil, "order", "matcha", "1")
	d.expect("2 × sencha", nil, "orders")

	// A second resource: the refresh token is good for it, the consent is not.
	d.expect(d.Hana.Name, []string{"consent"}, "me")
	d.expect(d.Hana.Name, nil, "me")

	status, _, said, seen = d.run(browser.Way{Person: d.Hana}, "people")
	if status != 1 || !strings.Contains(said, "/v2.0/adminconsent?client_id=") || !browser.Saw(seen, "refused") {
		t.Errorf("status %d, said %q, pages %v", status, said, seen)
	}
	d.expect("orders: 2", nil, "orders")
	admin := d.browser.Another()
	admin.Open(regexp.MustCompile(`https://\S+/adminconsent\S+`).FindString(said))
	if pages := admin.Through(browser.Way{Person: d.Admin, Nobody: true}); !browser.Saw(pages, "consent") {
		t.Errorf("the administrator's pages were %v", pages)
	}
	d.expect(d.Ken.Username, nil, "people")

	// Signed out of both: the cache is gone, and the browser asks for the password.
	d.expect("signed out here", []string{}, "signout")
	if _, err := os.Stat(d.env["CACHE_FILE"]); !os.IsNotExist(err) {
		t.Errorf("the cache file is still there: %v", err)
	}
	d.browser.Wait("document.body.dataset.page === 'signedout'")
	d.expect("nobody is signed in", nil, "signout")
	d.expect("orders: 2", []string{"password"}, "orders")
}

func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  map[string]string
		args []string
		want string
	}{
		{"nothing set", nil, []string{"orders"}, "CLIENT_ID is not set"},
		{"no command", map[string]string{"AUTHORITY": "https://platform.example/tenant", "CLIENT_ID": "c", "API": "api://orders", "API_URL": "https://orders.example"}, nil, "usage"},
		{"too few words", map[string]string{"AUTHORITY": "https://platform.example/tenant", "CLIENT_ID": "c", "API": "api://orders", "API_URL": "https://orders.example"}, []string{"order", "sencha"}, "usage"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var said bytes.Buffer
			p := program{lookup: setting.Map(tt.env).Lookup, out: &said, err: &said}
			if status := p.run(t.Context(), tt.args); status != 2 || !strings.Contains(said.String(), tt.want) {
				t.Errorf("status %d, said %q, want %q", status, &said, tt.want)
			}
		})
	}
}
