package page

import (
	"net/http"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
)

// refusedPage is an error page inside a flow: it leads to another account and
// back to the application.
type refusedPage struct {
	Frame
	Flow
	explanation
	Groups []ConsentGroup
}

func (*refusedPage) name() string { return "refused" }

// Step names the form of the page.
func (*refusedPage) Step() string { return "refused" }

// All are the facts to copy: those of the error, then those of the request.
func (p *refusedPage) All() Facts { return p.Copy.and(p.Trace) }

// Approval reports whether the page tells what an administrator has to approve.
func (p *refusedPage) Approval() bool { return len(p.Groups) > 0 }

// Mixed is as for consent.
func (p *refusedPage) Mixed() bool { return mixed(p.Groups) }

// WriteRefused draws the refusal with its number, text and status; the cause is
// logged here, once.
func (p *Pages) WriteRefused(w http.ResponseWriter, r *http.Request, v Refused) {
	lang, _ := choose(r, v.Locales)
	known := web.Known(v.Err)
	status, e := http.StatusInternalServerError, unknownError(lang)
	if known != nil {
		status, e = known.Code().Status(), knownError(lang, known, Details{Application: v.Application})
	}
	web.LogRefusal(r, p.cfg.Log, status, v.Err)
	retryAfter(w, status)
	p.writeFlow(w, r, status, &refusedPage{Flow: v.Flow, explanation: e, Groups: inWords(v.Groups, lang)}, &v.Flow)
}
