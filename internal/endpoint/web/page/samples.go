package page

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// A sample is a state of a page, drawn with invented data. Each page has one at
// least; the component page shows them all, and tests walk that list.
type sample struct {
	// page is the page's name, state what it shows.
	page, state string
	draw        func(p *Pages, w http.ResponseWriter, r *http.Request)
}

func (s sample) name() string { return s.page + "-" + s.state }
func (s sample) path() string { return componentsPath + "?show=" + s.name() }

// componentsPath is where development mode shows the components.
const componentsPath = "/dev/components"

// acceptedName stands for an application that a page answers to. It says nothing,
// so that the browser keeps showing the page.
const acceptedName = "accepted"

func accepted(r *http.Request) string {
	return web.From(r.Context()).Hosts.Login + componentsPath + "?show=" + acceptedName
}

// samples are all of them.
func samples() []sample {
	return slices.Concat(plainSamples, flowSamples, endSamples, []sample{{"components", "all", (*Pages).drawComponents}})
}

// Data that strangers choose: too long, without a place to break, and hostile.
const (
	sampleID     = "3f0a7c11-52be-4c1d-9f3e-8d24b6a07e51"
	longName     = "Hakone Machi Ordering, Inventory and Reconciliation Workbench for Regional Distributors (Pre-Production, Second Attempt) 箱根町受発注在庫管理照合業務支援システム地域販売店用検証環境"
	unbrokenName = "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"
	hostileName  = `"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}` + "\u202e" + `javascript:alert(1)//'`
	longAddress  = "https://orders.hakone.example/a/very/long/path/that/somebody/registered/without/thinking/about/small/screens/signin-oidc?tenant=hakone&environment=preproduction"
)

var plainSamples = []sample{
	{"error", "redirect", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.RedirectNotRegistered, "https://orders.hakone.example/callback", sampleID), Details{Application: "Orders", ClientID: sampleID})
	}},
	{"error", "long", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.RedirectNotRegistered, longAddress, sampleID), Details{Application: longName, ClientID: sampleID})
	}},
	{"error", "hostile", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.RedirectNotRegistered, hostileName, hostileName), Details{Application: unbrokenName + hostileName, ClientID: hostileName})
	}},
	{"error", "tenant", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.TenantNotFound, "hakonne.example"), Details{})
	}},
	{"error", "busy", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, aadsts.New(aadsts.DirectoryUnavailable), Details{})
	}},
	{"error", "unknown", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteError(w, r, errors.New("a cause that nobody sees"), Details{})
	}},
	{"home", "running", (*Pages).drawHome},
	{"lookup", "empty", sampleLookup("")},
	{"lookup", "found", sampleLookup("AADSTS50011")},
	{"lookup", "unknown", sampleLookup("12345")},
	{"lookup", "invalid", sampleLookup(hostileName)},
}

func sampleLookup(code string) func(p *Pages, w http.ResponseWriter, r *http.Request) {
	return func(p *Pages, w http.ResponseWriter, r *http.Request) {
		lang, _ := choose(r, "")
		pg, status := lookup(code, lang)
		p.render(w, r, status, pg, "")
	}
}

// componentsPage shows every component, and leads to every state of every page.
type componentsPage struct {
	Frame
	Flow
	Groups []ConsentGroup
	Tiles  []Tile
	Copy   Facts
	Pages  []sampledPage
	// What the admin component reads of an error page.
	Mend, Code string
}

// sampledPage is a page with links to its samples.
type sampledPage struct {
	Name    string
	Samples []sampleLink
}

type sampleLink struct{ Path, State string }

func (*componentsPage) name() string { return "components" }

// Step names the forms of the page.
func (*componentsPage) Step() string { return "components" }

// Mixed is as for consent.
func (p *componentsPage) Mixed() bool { return mixed(p.Groups) }

// All are facts to copy.
func (p *componentsPage) All() Facts { return p.Copy.and(p.Trace) }

// Components serves the component page at /dev/components, and each sample there
// by the parameter show. It belongs into development mode alone.
func (p *Pages) Components() http.Handler {
	byName := map[string]sample{"": {draw: (*Pages).drawComponents}}
	for _, s := range samples() {
		byName[s.name()] = s
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(w, r.Body, web.MaxForm)
		}
		name := queryValue(r, "show")
		if name == acceptedName {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		s, ok := byName[name]
		if !ok {
			p.WriteError(w, r, aadsts.New(aadsts.MalformedRequest, "there is no such sample"), Details{})
			return
		}
		s.draw(p, w, r)
	})
}

func (p *Pages) drawComponents(w http.ResponseWriter, r *http.Request) {
	f := sampleFlow(r)
	pg := &componentsPage{
		Flow: f, Groups: sampleGroups, Tiles: sampleTiles, Code: "50011",
		Copy: Facts{[]Fact{{"AADSTS", "50011"}}},
	}
	for _, one := range pages {
		listed := sampledPage{Name: one.name()}
		for _, s := range samples() {
			if s.page == one.name() {
				listed.Samples = append(listed.Samples, sampleLink{s.path(), s.state})
			}
		}
		pg.Pages = append(pg.Pages, listed)
	}
	p.writeFlow(w, r, http.StatusOK, pg, &f)
}

// sampleFlow is a flow at the application Orders of the tenant Hakone. Its form
// comes back to the sample, where it can change the language.
func sampleFlow(r *http.Request) Flow {
	f := Flow{
		Action: componentsPath + "?show=" + url.QueryEscape(queryValue(r, "show")), State: "c2FtcGxl", Application: "Orders", Tenant: "Hakone Teahouses",
		Publisher: Publisher{Name: "Usui Logistics", Domain: "usui.example", Verified: true},
		Account:   &Account{"Hana Mori", "hana@hakone.example"},
		Targets:   []string{"https://orders.hakone.example"}, Cancel: true,
	}
	if r.Method == http.MethodPost {
		f.Locales = r.PostFormValue("lang")
	}
	return f
}

// longFlow is one with the longest plausible names, hostileFlow one with names
// that mean harm.
func longFlow(r *http.Request) Flow {
	f := sampleFlow(r)
	f.Application, f.Tenant = longName, longName
	f.Publisher = Publisher{Name: longName, Domain: strings.Repeat("long.", 30) + "example"}
	f.Account = &Account{longName, "hana.mori.of.the.purchasing.department." + strings.ToLower(unbrokenName) + "@hakone.example"}
	return f
}

func hostileFlow(r *http.Request) Flow {
	f := sampleFlow(r)
	f.Application, f.Tenant = hostileName+unbrokenName, hostileName
	f.Publisher = Publisher{Name: hostileName, Domain: hostileName}
	f.Account = &Account{hostileName, hostileName}
	f.Targets = []string{"https://a.example; script-src *", "javascript:alert(1)", "com.hakone.orders:"}
	return f
}
