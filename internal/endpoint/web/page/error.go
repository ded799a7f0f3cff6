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
	explanation
}

// explanation is what an error page says of an error.
type explanation struct {
	Title    string
	Happened string
	Advice   string
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
	status, e := http.StatusInternalServerError, unknownError(lang)
	if known != nil {
		status, e = known.Code().Status(), knownError(lang, known, d)
	}
	e.Again = e.Again && r.Method == http.MethodGet
	web.LogRefusal(r, p.cfg.Log, status, err)
	retryAfter(w, status)
	p.render(w, r, status, &errorPage{Application: d.Application, explanation: e}, d.Locales)
}

// retryAfter tells clients when to come back, where waiting helps.
func retryAfter(w http.ResponseWriter, status int) {
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
}

func knownError(l language, e *aadsts.Error, d Details) explanation {
	m := meanings[e.Code().Number()]
	g := groups[m.group]
	number := strconv.Itoa(e.Code().Number())
	pg := explanation{
		Title: g.title.in(l), Happened: m.means.in(l), Advice: g.advice.in(l), Again: g.again,
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

func unknownError(l language) explanation {
	g := groups[groupServer]
	return explanation{Title: g.title.in(l), Happened: sentences["error.unknown"].in(l), Advice: g.advice.in(l), Again: g.again}
}

// All are the facts to copy: those of the error, then those of the request.
func (p *errorPage) All() Facts { return p.Copy.and(p.Trace) }

// and puts further lines below.
func (f Facts) and(more Facts) Facts {
	return Facts{append(f.Lines[:len(f.Lines):len(f.Lines)], more.Lines...)}
}
