// Package browser is a real browser, headless, in which the samples for people are
// tested, and a person in front of it who goes through the platform's pages.
package browser

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/sekisho-id/sekisho/samples/internal/platform"
)

// names are the commands that a Chromium goes by.
var names = []string{"chromium", "chromium-browser", "google-chrome"}

// Browser is a browser with an empty profile.
type Browser struct {
	t        testing.TB
	platform string // the origin of the platform
	tab      context.Context
}

// New starts a browser that ends with the test. It takes the certificates of the
// platform and of these servers (https), and no other that the machine does not
// trust.
func New(t testing.TB, p *platform.Platform, servers ...string) *Browser {
	t.Helper()
	var pins []string
	for _, at := range append(servers, p.URL) {
		if pin := publicKey(t, at); pin != "" {
			pins = append(pins, pin)
		}
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(find(t)), chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(pins, ",")),
		chromedp.Flag("disable-dev-shm-usage", true),
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root otherwise
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(func() { closeTab(); end() })
	if err := chromedp.Do(tab); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	return &Browser{t: t, platform: p.URL, tab: tab}
}

func find(t testing.TB) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no Chromium is here: run make deps, which installs it")
	return ""
}

// publicKey is the hash of a server's key, as Chromium's switch takes it. The
// server is on this machine and was started by this test.
func publicKey(t testing.TB, at string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != "https" {
		return ""
	}
	conn, err := tls.Dial("tcp", u.Host, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	sum := sha256.Sum256(conn.ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Another is another window of the same browser, with a profile of its own.
func (b *Browser) Another() *Browser {
	b.t.Helper()
	tab, closed := chromedp.NewContext(b.tab, chromedp.WithNewBrowserContext())
	b.t.Cleanup(closed)
	if err := chromedp.Do(tab); err != nil {
		b.t.Fatal(err)
	}
	return &Browser{t: b.t, platform: b.platform, tab: tab}
}

// Open goes to an address.
func (b *Browser) Open(address string) {
	b.t.Helper()
	place, err := json.Marshal(address)
	if err != nil {
		b.t.Fatal(err)
	}
	// The page may send the browser on before it has loaded, which is no fault.
	b.do(chromedp.Navigate("about:blank"), chromedp.Evaluate[chromedp.Void]("location.href = "+string(place)))
}

// Click clicks on what a CSS selector finds.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	quoted, err := json.Marshal(selector)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Wait("document.querySelector(" + string(quoted) + ")")
	b.do(chromedp.Evaluate[chromedp.Void]("{ window.acted = true; document.querySelector(" + string(quoted) + ").click() }"))
}

// Press clicks on something that does not leave the page.
func (b *Browser) Press(selector string) {
	b.t.Helper()
	quoted, err := json.Marshal(selector)
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.Evaluate[chromedp.Void]("document.querySelector(" + string(quoted) + ").click()"))
}

// Fill types into the field with this name.
func (b *Browser) Fill(name, value string) {
	b.t.Helper()
	quoted, err := json.Marshal(value)
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('[name=" + name + "]').value = " + string(quoted)))
}

// Text is the text of what a CSS selector finds, "" for nothing.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	quoted, err := json.Marshal(selector)
	if err != nil {
		b.t.Fatal(err)
	}
	v, err := chromedp.Run(b.tab, chromedp.Evaluate[string]("document.querySelector("+string(quoted)+")?.innerText ?? ''"))
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// Eval evaluates a script, whose value is text; it may be a promise.
func (b *Browser) Eval(script string) string {
	b.t.Helper()
	v, err := chromedp.Run(b.tab, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return v
}

func (b *Browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.tab, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// patience is how long a person waits for a page.
const patience = time.Minute

// look is how often a page is looked at.
const look = 25 * time.Millisecond

// Wait waits until a JavaScript expression is true in a page that is loaded and
// that nobody has acted on.
func (b *Browser) Wait(expression string) {
	b.t.Helper()
	script := "document.readyState === 'complete' && !window.acted && location.href !== 'about:blank' && !!(" + expression + ")"
	b.until(func() (bool, string) {
		ok, err := chromedp.Run(b.tab, chromedp.Evaluate[bool](script))
		return err == nil && ok, fmt.Sprintf("%s (%v)", expression, err)
	})
}

func (b *Browser) until(done func() (bool, string)) {
	b.t.Helper()
	late := time.After(patience)
	again := time.NewTicker(look)
	defer again.Stop()
	for {
		ok, what := done()
		if ok {
			return
		}
		select {
		case <-again.C:
		case <-late:
			page, _ := chromedp.Run(b.tab, chromedp.Evaluate[string]("location.href.split('?')[0] + '\\n' + document.body.innerText"))
			b.t.Fatalf("waited %v for: %s\nThe browser shows %s", patience, what, page)
		}
	}
}

// Popup is the window that a click opens; it closes by itself.
func (b *Browser) Popup(selector string) *Browser {
	b.t.Helper()
	quoted, err := json.Marshal(selector)
	if err != nil {
		b.t.Fatal(err)
	}
	opened := chromedp.WaitNewTarget(b.tab, func(info *target.Info) bool { return info.OpenerID != "" })
	b.do(chromedp.Evaluate[chromedp.Void]("document.querySelector("+string(quoted)+").click()",
		func(p *runtime.EvaluateParams) { p.UserGesture = new(true) })) // windows open only then
	select {
	case id := <-opened:
		tab, closed := chromedp.NewContext(b.tab, chromedp.WithTargetID(id))
		b.t.Cleanup(closed)
		return &Browser{t: b.t, platform: b.platform, tab: tab}
	case <-time.After(patience):
		b.t.Fatal("no window opened")
		return nil
	}
}
