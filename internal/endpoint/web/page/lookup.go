package page

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// lookupPage explains an error code.
type lookupPage struct {
	Frame
	Input string // what was asked for, to keep it in the field
	// Invalid says that the input is no code, Unknown that no row has it.
	Invalid, Unknown bool

	Code, OAuth, Status, Text string
	Means, Mend               string
}

func (*lookupPage) name() string { return "lookup" }

// maxCode is the length of the longest code that is looked up, in digits.
const maxCode = 9

// ErrorLookup serves /error?code=NNNNN, the target of error_uri.
func (p *Pages) ErrorLookup() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.readable(w, r, "/error") {
			return
		}
		form, err := web.ReadQuery(r)
		if err != nil {
			p.WriteError(w, r, err, Details{})
			return
		}
		lang, _ := choose(r, "")
		pg, status := lookup(form.Get("code"), lang)
		p.render(w, r, status, pg, "")
	})
}

// lookup explains the code in text, which may carry the AADSTS prefix.
func lookup(text string, l language) (*lookupPage, int) {
	pg := &lookupPage{Input: text}
	digits := strings.TrimSpace(text)
	if len(digits) > 6 && strings.EqualFold(digits[:6], "AADSTS") {
		digits = digits[6:]
	}
	if digits == "" {
		return pg, http.StatusOK
	}
	number, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || len(digits) > maxCode {
		pg.Invalid = true
		return pg, http.StatusBadRequest
	}
	code, ok := aadsts.Lookup(int(number))
	if !ok {
		pg.Unknown = true
		return pg, http.StatusNotFound
	}
	m := meanings[code.Number()]
	pg.Input = "" // found; the field is for the next one
	pg.Code, pg.OAuth, pg.Status, pg.Text = "AADSTS"+strconv.Itoa(code.Number()), code.OAuth(), strconv.Itoa(code.Status()), code.Text()
	pg.Means, pg.Mend = m.means.in(l), m.mend.in(l)
	return pg, http.StatusOK
}
