package interop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"github.com/sekisho-id/sekisho/interop/internal/browser"
)

// A finding is a rule of axe-core that a page breaks, and where.
type finding struct {
	Rule  string   `json:"rule"`
	Help  string   `json:"help"`
	Where []string `json:"where"`
}

// sampled is a page with the addresses of its states, as the component page of
// development mode lists them.
type sampled struct {
	Page  string   `json:"page"`
	Paths []string `json:"paths"`
}

const listSamples = `[...document.querySelectorAll("div[data-page]")].map(d => ({
	page: d.dataset.page, paths: [...d.querySelectorAll("a")].map(a => a.getAttribute("href"))}))`

// axe-core judges the page as it stands; frames are the applications' own.
const runAxe = `axe.run(document, {iframes: false}).then(r => r.violations.map(v => ({
	rule: v.id, help: v.help, where: v.nodes.map(n => n.html.slice(0, 200))})))`

// schemes are the colours that people prefer.
var schemes = []string{"light", "dark"}

// Every page of the server, in every state and both languages, passes axe-core in
// both colour schemes, breaks none of its own policy, and needs no scrolling to
// the side on the smallest screen (WCAG 2.2, 1.4.10).
func TestGoPagesAreAccessible(t *testing.T) {
	installNode(t)
	axe, err := os.ReadFile(filepath.Join("node", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	tab, stop, err := browser.Start(t.Context(), stage.server.CAFile, stage.server.Host())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	complaints := listenForPolicy(t, tab)
	base := stage.server.BaseURL
	do(t, tab, chromedp.Navigate(base+"/dev/components"))
	list := value(t, tab, chromedp.Evaluate[[]sampled](listSamples))
	if len(list) < 15 {
		t.Fatalf("the component page lists %d pages", len(list))
	}
	for _, s := range list {
		if len(s.Paths) == 0 {
			t.Errorf("nothing draws the page %s: give it a sample", s.Page)
		}
		for _, path := range s.Paths {
			for _, lang := range []string{"en", "ja"} {
				t.Run(strings.TrimPrefix(path, "/dev/components?show=")+"/"+lang, func(t *testing.T) {
					do(t, tab, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(base+path+"&ui_locales="+lang))
					if drawn := value(t, tab, chromedp.Evaluate[string](`document.body.dataset.page + " " + document.documentElement.lang`)); drawn != s.Page+" "+lang {
						t.Fatalf("drawn is %q, not the page %s in %s", drawn, s.Page, lang)
					}
					do(t, tab, chromedp.Evaluate[chromedp.Void](string(axe)))
					for _, scheme := range schemes {
						prefer(t, tab, scheme)
						for _, f := range value(t, tab, chromedp.Evaluate[[]finding](runAxe, chromedp.EvalAwaitPromise)) {
							t.Errorf("%s: %s (%s):\n\t%s", scheme, f.Help, f.Rule, strings.Join(f.Where, "\n\t"))
						}
					}
					do(t, tab, chromedp.EmulateViewport(320, 900))
					if over := value(t, tab, chromedp.Evaluate[int](`document.documentElement.scrollWidth - 320`)); over > 0 {
						t.Errorf("at 320 px the page is %d px too wide", over)
					}
					for _, c := range complaints() {
						t.Error(c)
					}
				})
			}
		}
	}
}

// listenForPolicy collects what the browser refused because of a page's
// Content-Security-Policy, until asked.
func listenForPolicy(t *testing.T, tab context.Context) func() []string {
	t.Helper()
	var mu sync.Mutex
	var heard []string
	err := chromedp.Listen(tab, func(ev any) {
		if e, ok := ev.(*log.EventEntryAdded); ok && e.Entry.Source == "security" {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, fmt.Sprintf("the browser says: %s", e.Entry.Text))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		said := heard
		heard = nil
		return said
	}
}

func prefer(t *testing.T, tab context.Context, scheme string) {
	t.Helper()
	_, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, tab context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, steps...); err != nil {
		t.Fatal(err)
	}
}

func value[T any](t *testing.T, tab context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(tab, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
