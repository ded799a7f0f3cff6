package logout

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// question is a request while the person is asked, sealed in the page.
type question struct {
	request
	Tenant string `json:"tenant"`
	// Only is the session that the page asked about, if it was one.
	Only  directory.ID `json:"only,omitempty"`
	Asked time.Time    `json:"asked"`
}

const (
	questions = "sign-out"
	// answerWithin is how long a question stays good; then it is put again.
	answerWithin = time.Hour
)

// ask draws the question whether, or who of several, to sign out. locales is the
// language of the page.
func (e *Endpoint) ask(w http.ResponseWriter, r *http.Request, v *visit, locales string) error {
	b, ok := web.BrowserOf(r)
	if !ok {
		var err error
		if b, err = web.NewBrowser(e.Rand); err != nil {
			return err
		}
		b.Write(w)
	}
	v.Locales = locales
	q := question{request: v.request, Tenant: v.tenant, Asked: e.Now().UTC()}
	if len(v.live) == 1 {
		q.Only = v.live[0].ID
	}
	plain, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("sealing a sign-out: %w", err)
	}
	sealed, err := e.Sealer.Seal(r.Context(), envelope.InstallationOwner, questions, hex.EncodeToString(b.Binding()), plain)
	if err != nil {
		return err
	}
	p := page.ConfirmSignOut{Flow: page.Flow{
		Action: path(v), State: base64.RawURLEncoding.EncodeToString(sealed), Locales: locales,
	}}
	for i := range v.live {
		l := &v.live[i]
		p.Tiles = append(p.Tiles, page.Tile{
			Account: page.Account{Name: l.Account.DisplayName, Address: l.Account.UserPrincipalName},
			Value:   string(l.ID), SignedIn: true,
		})
	}
	e.Pages.WriteConfirmSignOut(w, r, p)
	return nil
}

// path is where the question comes back to.
func path(v *visit) string {
	if v.version == 1 {
		return "/" + v.tenant + "/oauth2/logout"
	}
	return "/" + v.tenant + "/oauth2/v2.0/logout"
}

// answer takes what the person answered. Three things must hold, each of which
// stops a foreign page: a page of ours sent it, in this browser, with the state
// that was sealed for this browser.
func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request, v *visit, form oauth2.Form) error {
	if !web.SameOrigin(r) {
		return aadsts.New(aadsts.SignOutMalformed, "the page was sent from another site")
	}
	q, err := e.open(r, form.Get("flowToken"))
	if err != nil {
		return err
	}
	if q.Tenant != v.tenant {
		return aadsts.New(aadsts.SignOutMalformed, "the page was sent to another address")
	}
	v.request = q.request
	if lang := form.Get("lang"); lang != "" && len(v.live) > 0 {
		return e.ask(w, r, v, lang)
	}
	account := directory.ID(form.Get("account"))
	if account == "" {
		account = q.Only
	}
	l := v.named(account)
	late := e.Now().Sub(q.Asked) > answerWithin
	if len(v.live) > 0 && (l == nil || late) {
		return e.ask(w, r, v, v.Locales) // the page is older than what it showed
	}
	return e.end(w, r, v, &leaving{live: l}, false)
}

// open reads the sealed state of a page.
func (e *Endpoint) open(r *http.Request, text string) (*question, error) {
	b, ok := web.BrowserOf(r)
	if !ok {
		return nil, aadsts.New(aadsts.SignOutMalformed, "the browser sent no cookie")
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, aadsts.New(aadsts.SignOutMalformed, "the state of the page is damaged")
	}
	plain, err := e.Sealer.Open(r.Context(), envelope.InstallationOwner, questions, hex.EncodeToString(b.Binding()), sealed)
	if err != nil {
		return nil, aadsts.New(aadsts.SignOutMalformed, "the page belongs to another browser, or is damaged").Because(err)
	}
	q := new(question)
	if err := json.Unmarshal(plain, q); err != nil {
		return nil, fmt.Errorf("opening a sign-out: %w", err)
	}
	return q, nil
}
