package person

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// Person is somebody with an account.
type Person struct {
	// Address is the user principal name.
	Address  string
	Password string
}

// Way is how a person goes through the pages.
type Way struct {
	Person
	// Decline presses Cancel where the application asks for permissions.
	Decline bool
	// Stay answers that the person stays signed in.
	Stay bool
	// Until, if not empty, is how the address begins that the application goes to in
	// the end; other pages of its own are waited through.
	Until string
}

// Page is a page that was shown on the way.
type Page struct {
	// Name is that of the page's kind, such as "password" or "consent".
	Name string `json:"name"`
	// Asked are the values of the permissions that it listed.
	Asked []string `json:"asked,omitempty"`
}

// Walk is what became of a way.
type Walk struct {
	Pages []Page `json:"pages"`
	// URL is where the browser is now, "" if its window closed.
	URL string `json:"url"`
}

// Saw reports whether a kind of page was shown.
func (w *Walk) Saw(name string) bool {
	for _, p := range w.Pages {
		if p.Name == name {
			return true
		}
	}
	return false
}

// Asked are the permissions that consent pages listed.
func (w *Walk) Asked() []string {
	var all []string
	for _, p := range w.Pages {
		if p.Name == "consent" {
			all = append(all, p.Asked...)
		}
	}
	return all
}

//go:embed step.js
var stepScript string

// look is how often a page is looked at: often enough to lose no time, and rarely
// enough to leave the browser some.
const look = 25 * time.Millisecond

// step is what one look at a page found out.
type step struct {
	// State is "wait", "done", "away", or "stopped" before a page that asks for
	// nothing that a Way answers.
	State string   `json:"state"`
	Page  string   `json:"page"`
	Asked []string `json:"asked"`
	URL   string   `json:"url"`
	Text  string   `json:"text"`
}

// Go acts on the pages of the server at base in a tab until the tab has left them,
// or closed. The context limits the time; the tab is one of chromedp.
func (w *Way) Go(ctx, tab context.Context, base string) (*Walk, error) {
	script, err := w.script(base)
	if err != nil {
		return nil, err
	}
	var walk Walk
	again := time.NewTicker(look)
	defer again.Stop()
	for {
		s, err := chromedp.Run(tab, chromedp.Evaluate[step](script))
		switch {
		case tab.Err() != nil, errors.Is(err, chromedp.ErrTargetDetached), errors.Is(err, chromedp.ErrInvalidTarget):
			return &walk, nil // the window closed, as the application wanted
		case err != nil, s.State == "wait":
			// Between two pages there is none to ask.
		case s.State == "done":
			walk.Pages = append(walk.Pages, Page{s.Page, s.Asked})
		case s.State == "away":
			walk.URL = s.URL
			return &walk, nil
		default:
			walk.Pages = append(walk.Pages, Page{s.Page, s.Asked})
			walk.URL = s.URL
			return &walk, fmt.Errorf("the person cannot go on at the page %q of %s: %s", s.Page, path(s.URL), s.Text)
		}
		select {
		case <-ctx.Done():
			return &walk, errors.Join(fmt.Errorf("after the pages %v nothing more came", walk.Pages), ctx.Err(), err)
		case <-again.C:
		}
	}
}

func (w *Way) script(base string) (string, error) {
	given, err := json.Marshal(map[string]any{
		"base": base, "address": w.Address, "password": w.Password, "decline": w.Decline, "stay": w.Stay, "until": w.Until,
	})
	return "(" + strings.TrimSpace(stepScript) + ")(" + string(given) + ")", err
}

// path leaves out the query, which may hold codes.
func path(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "an address that cannot be read"
	}
	return u.Path
}
