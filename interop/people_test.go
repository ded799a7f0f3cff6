package interop

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sekisho-id/sekisho/interop/internal/administrator"
	"github.com/sekisho-id/sekisho/interop/internal/browser"
	"github.com/sekisho-id/sekisho/interop/internal/person"
)

// redirects are what every client is registered with. Ports on loopback are free,
// so each kind has paths of its own.
var redirects = administrator.Redirects{
	Web: []string{"http://localhost/web", "https://localhost/web", "http://localhost/auth/callback/microsoft-entra-id",
		"https://127.0.0.1/signin-oidc", "https://127.0.0.1/signout-callback-oidc"},
	SPA: []string{
		"https://localhost/app", "http://localhost/app", "http://127.0.0.1/app",
		"https://localhost/bridge", "http://localhost/bridge", "http://127.0.0.1/bridge",
	},
	Native: []string{"http://localhost"},
}

// patience is how long a person waits for a page.
const patience = 30 * time.Second

// newPassword draws a password that the rules of passwords let pass.
func newPassword() string { return "Aa1-" + rand.Text() }

// people share one browser, which starts with the first that needs it; each has a
// profile in it: cookies and storage of their own.
type people struct {
	once sync.Once
	tab  context.Context
	end  func()
	err  error
}

func (p *people) browser() (context.Context, error) {
	p.once.Do(func() {
		p.tab, p.end, p.err = browser.Start(context.Background(), stage.server.CAFile, stage.server.Host())
	})
	return p.tab, p.err
}

func (p *people) stop() {
	if p.end != nil {
		p.end()
	}
}

// profile opens a window with a new profile.
func (p *people) profile() (tab context.Context, closed func(), err error) {
	first, err := p.browser()
	if err != nil {
		return nil, nil, err
	}
	tab, closed = chromedp.NewContext(first, chromedp.WithNewBrowserContext())
	if err := chromedp.Do(tab); err != nil {
		closed()
		return nil, nil, err
	}
	return tab, closed, nil
}

// newProfile is a profile for as long as a test runs.
func newProfile(t *testing.T) context.Context {
	t.Helper()
	tab, closed, err := stage.people.profile()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closed)
	return tab
}

// serverTLS is for sites of the test: they show the server's own certificate for
// localhost, which development mode made and the browser takes.
func serverTLS(t *testing.T) *tls.Config {
	t.Helper()
	data := filepath.Dir(stage.server.CAFile)
	pair, err := tls.LoadX509KeyPair(filepath.Join(data, "server.pem"), filepath.Join(data, "server-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}

// open goes to an address and through the pages behind it.
func open(ctx, tab context.Context, address string, way person.Way) (*person.Walk, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Do(tab, goTo(address)); err != nil {
		return nil, err
	}
	return way.Go(ctx, tab, stage.server.BaseURL)
}

// goTo starts to load an address; whoever waits looks at what has come. An answer
// to an application may move on while it is still loading.
func goTo(address string) chromedp.Action[chromedp.Void] {
	place, err := json.Marshal(address)
	if err != nil {
		return func(context.Context, *chromedp.Target) (chromedp.Void, error) { return chromedp.Void{}, err }
	}
	return chromedp.Steps(chromedp.Navigate("about:blank"), chromedp.Evaluate[chromedp.Void]("location.href = "+string(place)))
}

// desk lets programs of other languages ask for somebody to open an address, as a
// desktop does: POST {"url","profile","decline","until"}, or GET ?url= for commands. Requests
// that name the same profile share its sessions.
type desk struct {
	person   person.Person
	mu       sync.Mutex
	profiles map[string]context.Context
	closed   []func()
	seen     []*person.Walk
}

// newDesk serves a desk for as long as a test runs, and returns its address.
func newDesk(t *testing.T, who person.Person) (*desk, string) {
	t.Helper()
	d := &desk{person: who, profiles: map[string]context.Context{}}
	server := httptest.NewServer(d)
	t.Cleanup(func() {
		server.Close()
		for _, c := range d.closed {
			c()
		}
	})
	return d, server.URL
}

// openCommand makes a command that hands the address it is given to the desk, and
// returns its place. It is called xdg-open, as on desktops.
func openCommand(t *testing.T, desk string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "xdg-open")
	script := "#!/bin/sh\nexec curl -fsS -o /dev/null -G --data-urlencode \"url=$1\" " + desk + "\n"
	if err := os.WriteFile(file, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

type deskRequest struct {
	URL     string `json:"url"`
	Profile string `json:"profile"`
	Decline bool   `json:"decline"`
	Until   string `json:"until"`
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := deskRequest{URL: r.URL.Query().Get("url"), Profile: r.URL.Query().Get("profile")}
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	walk, err := d.open(r.Context(), q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A program that went away is told nothing more.
	_ = json.NewEncoder(w).Encode(walk)
}

func (d *desk) open(ctx context.Context, q deskRequest) (*person.Walk, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if q.URL == "" {
		return nil, errors.New("there is no address to open")
	}
	tab, known := d.profiles[q.Profile]
	if !known || q.Profile == "" {
		fresh, closed, err := stage.people.profile()
		if err != nil {
			return nil, err
		}
		tab, d.profiles[q.Profile], d.closed = fresh, fresh, append(d.closed, closed)
	}
	walk, err := open(ctx, tab, q.URL, person.Way{Person: d.person, Decline: q.Decline, Until: q.Until})
	if walk != nil {
		d.seen = append(d.seen, walk)
	}
	return walk, err
}
