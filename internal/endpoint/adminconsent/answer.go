package adminconsent

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/frontchannel"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// Finish tells the application that consent was recorded, or the administrator
// where there is no address to return to.
func (q *Request) Finish(w http.ResponseWriter, r *http.Request, result *signin.Result) {
	if q.Redirect.URI() == "" {
		q.endpoint.Pages.WriteAdminConsented(w, r, page.AdminConsented{
			Application: result.Principal.Name(), Tenant: result.Tenant.DisplayName, Locales: q.locales(),
		})
		return
	}
	fields := []frontchannel.Field{{Name: "admin_consent", Value: "True"}, {Name: "tenant", Value: result.Tenant.ID.String()}}
	if q.version == 2 {
		fields = append(fields, frontchannel.Field{Name: "scope", Value: q.granted()})
	}
	q.send(w, r, fields)
}

// granted is what was asked for and is granted now, as the application wrote it.
func (q *Request) granted() string {
	words := slices.Clone(q.scopes.OIDC)
	for _, s := range q.scopes.List {
		words = append(words, s.Text)
	}
	return strings.Join(words, " ")
}

// declined is what version 1 and 2 call an administrator's no.
var declined = map[int]string{1: "permission_denied", 2: "consent_required"}

// onPage are the refusals that the application cannot do anything about: the
// person is told.
var onPage = []aadsts.Code{aadsts.SignInExpired, aadsts.InvalidInput, aadsts.ConsentNotRecorded}

// Refuse tells the application that there is no consent, or shows a page as long
// as no address is proven.
func (q *Request) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	show := q.Redirect.URI() == "" || slices.ContainsFunc(onPage, func(c aadsts.Code) bool { return errors.Is(err, c) })
	if show {
		q.endpoint.Pages.WriteError(w, r, err, page.Details{Application: q.Name(), ClientID: string(q.ClientID), Locales: q.locales()})
		return
	}
	if errors.Is(err, aadsts.ConsentDeclined) {
		err = aadsts.New(aadsts.ConsentDeclined).Named(declined[q.version])
	}
	d := web.Describe(r, q.endpoint.Now(), err)
	web.LogRefusal(r, q.endpoint.Log, http.StatusFound, err)
	if q.endpoint.Refused != nil {
		q.endpoint.Refused(r, q.Party, d.Number)
	}
	fields := []frontchannel.Field{
		{Name: "admin_consent", Value: "True"}, {Name: "error", Value: d.Error}, {Name: "error_description", Value: d.Description},
	}
	if d.URI != "" {
		fields = append(fields, frontchannel.Field{Name: "error_uri", Value: d.URI})
	}
	q.send(w, r, fields)
}

// send carries the fields to the proven address, with the state as it came.
func (q *Request) send(w http.ResponseWriter, r *http.Request, fields []frontchannel.Field) {
	if state := q.form.Get("state"); state != "" {
		fields = append(fields, frontchannel.Field{Name: "state", Value: state})
	}
	web.SetIDs(w, r)
	h := w.Header()
	web.NoStore(h)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", q.Redirect.Query(fields))
	w.WriteHeader(http.StatusFound)
}
