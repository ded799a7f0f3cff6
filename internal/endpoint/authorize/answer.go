package authorize

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/frontchannel"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

func isNotFound(err error) bool { return errors.Is(err, directory.ErrNotFound) }

// Wish is what the request asks of the sign-in.
func (q *Request) Wish() *signin.Wish {
	w := q.wish
	w.Authority, w.Tenant, w.App, w.Principal = q.Authority, q.Tenant, q.App, q.Principal
	return &w
}

// Flow describes the application for the pages.
func (q *Request) Flow() page.Flow {
	return page.Flow{Application: q.Name(), Targets: []string{q.Redirect.Target()}, Locales: locales(q.form)}
}

// Consent is the question that the request puts for a person.
func (q *Request) Consent(t *directory.Tenant, principal *directory.ServicePrincipal, u *directory.User) *consent.Request {
	return &consent.Request{
		Tenant: t, App: q.App, Principal: principal, User: u,
		Version: q.version, Scopes: q.scopes, Resource: q.resource,
		Again: q.wish.Consent, Organisation: q.organisation,
	}
}

// Finish issues the code and answers the application (RFC 6749 §4.1.2).
func (q *Request) Finish(w http.ResponseWriter, r *http.Request, result *signin.Result) {
	code, err := q.code(r.Context(), &result.Subject)
	if err != nil {
		q.Refuse(w, r, err)
		return
	}
	fields := []frontchannel.Field{{Name: "code", Value: code}}
	if q.form.Get("client_info") == "1" {
		fields = append(fields, frontchannel.Field{Name: "client_info", Value: result.Subject.ClientInfo()})
	}
	fields = q.withState(fields)
	fields = append(fields, frontchannel.Field{Name: "session_state", Value: string(result.Subject.Session)})
	if q.form.Get("instance_aware") == "true" {
		fields = append(fields, instance(web.From(r.Context()).Hosts.Login, web.From(r.Context()).Hosts.Graph)...)
	}
	q.send(w, r, fields)
}

func (q *Request) code(ctx context.Context, s *authorization.Subject) (string, error) {
	c := &authorization.Code{
		Subject: *s,
		Asked: authorization.Asked{
			Client: q.App.AppID, Platform: q.Redirect.Platform(), Version: q.version,
			Path: q.Authority.Text, Scope: q.form.Get("scope"), Resource: q.resource, Claims: q.form.Get("claims"),
		},
		RedirectURI: q.Redirect.URI(), RedirectSent: q.form.Get("redirect_uri") != "",
		Challenge: q.challenge, ChallengeMethod: q.method, Nonce: q.form.Get("nonce"),
	}
	if q.Tenant != nil {
		c.Path = q.Tenant.ID.String()
	}
	return q.endpoint.Codes.IssueCode(ctx, c)
}

func instance(login, graph string) []frontchannel.Field {
	host := func(base string) string { _, h, _ := strings.Cut(base, "://"); return h }
	return []frontchannel.Field{
		{Name: "cloud_instance_name", Value: host(login)}, {Name: "cloud_instance_host_name", Value: host(login)},
		{Name: "cloud_graph_host_name", Value: host(graph)}, {Name: "msgraph_host", Value: host(graph)},
	}
}

// onPage are the refusals that the application cannot do anything about: the
// person is told.
var onPage = []aadsts.Code{aadsts.SignInExpired, aadsts.InvalidInput, aadsts.ConsentNotRecorded}

// Refuse tells the application that it gets nothing (RFC 6749 §4.1.2.1), or shows
// a page as long as no address is proven.
func (q *Request) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	show := q.Redirect.URI() == ""
	for _, c := range onPage {
		show = show || errors.Is(err, c)
	}
	if show {
		q.endpoint.Pages.WriteError(w, r, err, q.details())
		return
	}
	e := web.Describe(r, q.endpoint.Now(), err)
	web.LogRefusal(r, q.endpoint.Log, http.StatusFound, err)
	if q.endpoint.Refused != nil {
		q.endpoint.Refused(r, q.Party, e.Number)
	}
	fields := []frontchannel.Field{{Name: "error", Value: e.Error}, {Name: "error_description", Value: e.Description}}
	for _, f := range []frontchannel.Field{{Name: "error_uri", Value: e.URI}, {Name: "suberror", Value: e.SubError}, {Name: "claims", Value: e.Claims}} {
		if f.Value != "" {
			fields = append(fields, f)
		}
	}
	q.send(w, r, q.withState(fields))
}

func (q *Request) withState(fields []frontchannel.Field) []frontchannel.Field {
	if state := q.form.Get("state"); state != "" {
		return append(fields, frontchannel.Field{Name: "state", Value: state})
	}
	return fields
}

// send carries the fields to the proven address in the mode of the request.
func (q *Request) send(w http.ResponseWriter, r *http.Request, fields []frontchannel.Field) {
	if q.Tenant != nil {
		// RFC 9207 §2. Behind an alias clients hold the template issuer and would
		// see a mismatch.
		hosts := web.From(r.Context()).Hosts
		iss := hosts.V2Issuer(q.Tenant.ID)
		if q.version == 1 {
			iss = hosts.V1Issuer(q.Tenant.ID)
		}
		fields = append(fields, frontchannel.Field{Name: "iss", Value: iss})
	}
	if q.mode == modeFormPost {
		hidden := make([]page.Field, len(fields))
		for i, f := range fields {
			hidden[i] = page.Field(f)
		}
		q.endpoint.Pages.WriteFormPost(w, r, page.FormPost{
			Target: q.Redirect.URI(), Fields: hidden, Application: q.Name(), Locales: locales(q.form),
		})
		return
	}
	web.SetIDs(w, r)
	h := w.Header()
	web.NoStore(h)
	h.Set("Referrer-Policy", "no-referrer")
	to := q.Redirect.Query
	if q.mode == modeFragment {
		to = q.Redirect.Fragment
	}
	h.Set("Location", to(fields))
	w.WriteHeader(http.StatusFound)
}

func locales(f oauth2.Form) string {
	if l := f.Get("ui_locales"); l != "" {
		return l
	}
	return f.Get("mkt")
}
