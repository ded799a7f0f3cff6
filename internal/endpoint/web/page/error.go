package page

import (
	"net/http"
	"strconv"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// Details are what an endpoint knows beside the error.
type Details struct {
	// Application and ClientID name the application, once it is known; both are
	// shown as data.
	Application, ClientID string
	// Locales are the ui_locales of a posted form.
	Locales string
}

// errorPage says what happened, what the person can do, and what their
// administrator needs.
type errorPage struct {
	Frame
	Application string
	Title       string
	Happened    string
	Advice      string
	// Again offers to send the same request once more.
	Again bool
	// Mend says to an administrator how to cure it; Code is the number to look
	// up. Both are empty for an error that is not of the catalogue.
	Mend, Code string
	Copy       Facts
}

func (*errorPage) name() string { return "error" }

// WriteError answers with an error page. It is the only writer of error pages:
// an *aadsts.Error is shown with number, text and status, trouble of the storage
// as such, and anything else as a server error with nothing but the request's
// ids. The cause is logged here, once.
func (p *Pages) WriteError(w http.ResponseWriter, r *http.Request, err error, d Details) {
	lang, _ := choose(r, d.Locales)
	known := web.Known(err)
	status, pg := http.StatusInternalServerError, unknownError(lang)
	if known != nil {
		status, pg = known.Code().Status(), knownError(lang, known, d)
	}
	pg.Again = pg.Again && r.Method == http.MethodGet
	web.LogRefusal(r, p.cfg.Log, status, err)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	p.render(w, r, status, pg, d.Locales)
}

func knownError(l language, e *aadsts.Error, d Details) *errorPage {
	m := meanings[e.Code().Number()]
	g := groups[m.group]
	number := strconv.Itoa(e.Code().Number())
	pg := &errorPage{
		Application: d.Application,
		Title:       g.title.in(l), Happened: m.means.in(l), Advice: g.advice.in(l), Again: g.again,
		Mend: m.mend.in(l), Code: number,
	}
	pg.Copy.Lines = []Fact{{sentences["fact.code"].in(l), "AADSTS" + number}, {sentences["fact.message"].in(l), e.Message()}}
	if d.Application != "" {
		pg.Copy.Lines = append(pg.Copy.Lines, Fact{sentences["fact.application"].in(l), d.Application})
	}
	if d.ClientID != "" {
		pg.Copy.Lines = append(pg.Copy.Lines, Fact{sentences["fact.client"].in(l), d.ClientID})
	}
	return pg
}

func unknownError(l language) *errorPage {
	g := groups[groupServer]
	return &errorPage{Title: g.title.in(l), Happened: sentences["error.unknown"].in(l), Advice: g.advice.in(l), Again: g.again}
}

// All are the facts to copy: those of the error, then those of the request.
func (p *errorPage) All() Facts {
	return Facts{append(p.Copy.Lines[:len(p.Copy.Lines):len(p.Copy.Lines)], p.Trace.Lines...)}
}
