package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// Config is what the pages need.
type Config struct {
	Now func() time.Time
	Log *slog.Logger
}

// Pages writes pages. It is safe for concurrent use.
type Pages struct {
	cfg       Config
	templates map[string]*template.Template
	assets    *assets
}

// A page is the data of one template. Each embeds Frame, which render fills.
type page interface {
	// name is the template's file without its ending.
	name() string
	frame() *Frame
}

// pages is every page there is.
var pages = []page{
	&errorPage{},
	&lookupPage{},
	&homePage{},
	&usernamePage{},
	&passwordPage{},
	&newPasswordPage{},
	&pickPage{},
	&stayPage{},
	&consentPage{},
	&refusedPage{},
	&formPostPage{},
	&confirmSignOutPage{},
	&signedOutPage{},
	&adminConsentedPage{},
	&componentsPage{},
}

// shared are the templates that all pages may use.
var shared = []string{"templates/layout.html", "templates/parts.html", "templates/flow.html"}

//go:embed templates/*.html
var templateFiles embed.FS

// New parses the templates and names the assets by their content.
func New(c Config) (*Pages, error) {
	a, err := loadAssets()
	if err != nil {
		return nil, err
	}
	p := &Pages{cfg: c, assets: a, templates: make(map[string]*template.Template, len(pages))}
	for _, pg := range pages {
		t, err := parseTemplate(pg.name())
		if err != nil {
			return nil, err
		}
		p.templates[pg.name()] = t
	}
	return p, nil
}

// parseTemplate reads one page's template with the layout and the components.
func parseTemplate(name string) (*template.Template, error) {
	file := name + ".html"
	return template.New(file).
		ParseFS(templateFiles, append(shared[:len(shared):len(shared)], "templates/"+file)...)
}

// powers are the browser features that no page uses.
const powers = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"

// render writes a page. locales are what the request asked for elsewhere than in
// its query, as a posted ui_locales.
func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, pg page, locales string) {
	pg.frame().Page = pg.name()
	p.fill(pg.frame(), r, locales)
	var body bytes.Buffer
	if err := p.templates[pg.name()].Execute(&body, pg); err != nil {
		web.LogRefusal(r, p.cfg.Log, http.StatusInternalServerError, fmt.Errorf("drawing the page %s: %w", pg.name(), err))
		web.SetIDs(w, r)
		http.Error(w, "The page could not be drawn. Trace ID: "+web.IDs(r.Context()).Trace, http.StatusInternalServerError)
		return
	}
	web.SetIDs(w, r)
	h := w.Header()
	web.NoStore(h)
	protect(h, pg.frame().allow)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", pg.frame().Lang())
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// protect sets the headers of every page.
func protect(h http.Header, a allowance) {
	h.Set("Content-Security-Policy", a.policy())
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", powers)
}

// readable answers a request that is not GET or HEAD, or is for another path
// than path, with an error page, and reports whether the request may go on.
func (p *Pages) readable(w http.ResponseWriter, r *http.Request, path string) bool {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		p.WriteError(w, r, aadsts.New(aadsts.MethodNotAllowed, "GET", r.Method), Details{})
	case !equalPath(r.URL.Path, path):
		p.WriteError(w, r, aadsts.New(aadsts.MalformedRequest, "there is no page at this path"), Details{})
	default:
		return true
	}
	return false
}
