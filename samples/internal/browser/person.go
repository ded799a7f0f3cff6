package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/chromedp/chromedp"

	"github.com/sekisho-id/sekisho/samples/internal/platform"
)

// Way is how a person goes through the platform's pages.
type Way struct {
	platform.Person
	// Decline presses Cancel where the application asks for permissions.
	Decline bool
	// Nobody says that nothing listens where the platform sends the browser.
	Nobody bool
}

//go:embed step.js
var stepScript string

// Through goes through the platform's pages as the person would, until the browser
// is elsewhere, and returns the names of the pages that were shown. It finds fields
// and buttons by the names and ids that Entra's pages have, too.
func (b *Browser) Through(way Way) []string {
	b.t.Helper()
	given, err := json.Marshal(map[string]any{"platform": b.platform, "username": way.Username, "password": way.Password, "decline": way.Decline, "nobody": way.Nobody})
	if err != nil {
		b.t.Fatal(err)
	}
	script := "(" + strings.TrimSpace(stepScript) + ")(" + string(given) + ")"
	var pages []string
	b.until(func() (bool, string) {
		s, err := chromedp.Run(b.tab, chromedp.Evaluate[struct{ State, Page, Text string }](script))
		switch {
		case b.tab.Err() != nil || err != nil && gone(err): // the window closed, as the application wanted
			return true, ""
		case err != nil: // between two pages there is none to ask
			return false, err.Error()
		case s.State == "done":
			pages = append(pages, s.Page)
		case s.State == "stopped":
			b.t.Fatalf("after the pages %v the person cannot go on at %q: %s", pages, s.Page, s.Text)
		}
		return s.State == "away", "the end of the platform's pages, after " + strings.Join(pages, ", ")
	})
	return pages
}

// gone says that a window is no more.
func gone(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, chromedp.ErrInvalidTarget) || errors.Is(err, chromedp.ErrTargetDetached) ||
		strings.Contains(err.Error(), "No target with given id") || strings.Contains(err.Error(), "Session with given id not found")
}

// Saw reports whether a page was among those that were shown.
func Saw(pages []string, name string) bool { return slices.Contains(pages, name) }
