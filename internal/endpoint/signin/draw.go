package signin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// draw shows the page of a step.
func (e *Endpoint) draw(w http.ResponseWriter, r *http.Request, t *turn, step signin.Step) {
	ctx := r.Context()
	if t.chosen != nil {
		// What is answered on the page is answered for the account on the page.
		t.tx.Picked = t.chosen.Account
	}
	if step.Kind == signin.AskPassword && step.Account.IsZero() && t.tx.Username == "" {
		t.tx.Username = t.visit.Wish().HintUsername
	}
	if step.Kind == signin.AskConsent {
		t.tx.Shown = shown(t.chosen.Session, t.entry.Consent)
	}
	f, err := e.flow(ctx, t, step)
	if err != nil {
		t.visit.Refuse(w, r, err)
		return
	}
	e.keep(w, r, t)
	pages[step.Kind].draw(e, w, r, t, step, f)
}

// reasons are the sentences for why somebody signed in is asked again.
var reasons = map[string]string{"login": "reason.asked", "age": "reason.age"}

// flow is what every page of this turn shares.
func (e *Endpoint) flow(ctx context.Context, t *turn, step signin.Step) (page.Flow, error) {
	wish := t.visit.Wish()
	f := t.visit.Flow()
	f.Action = "/" + t.tx.Path + "/login"
	f.Cancel = true
	if t.tx.Lang != "" {
		f.Locales = t.tx.Lang
	}
	if wish.Tenant != nil {
		f.Tenant = wish.Tenant.DisplayName
	}
	var err error
	if f.Publisher, err = e.publisher(ctx, wish); err != nil {
		return f, err
	}
	if f.Account, err = e.chip(ctx, t, step); err != nil {
		return f, err
	}
	binding, err := t.browser.bind(e.Rand)
	if err != nil {
		return f, err
	}
	f.State, err = e.seal(ctx, t.tx, binding)
	return f, err
}

// publisher describes who made the application: its home organisation.
func (e *Endpoint) publisher(ctx context.Context, w *signin.Wish) (page.Publisher, error) {
	home, err := e.Lookup.TenantByName(ctx, w.App.TenantID.String())
	if err != nil {
		return page.Publisher{}, err
	}
	p := page.Publisher{Name: home.DisplayName, Domain: home.DefaultDomain()}
	if d := w.App.PublisherDomain; d != nil && *d != "" {
		p.Domain = *d
	}
	p.Own = w.Tenant != nil && w.Tenant.ID == home.ID
	return p, nil
}

// chip names the account that the page is about.
func (e *Endpoint) chip(ctx context.Context, t *turn, step signin.Step) (*page.Account, error) {
	a := step.Account
	if t.chosen != nil {
		a = t.chosen.Account
	}
	if a.IsZero() {
		if step.Kind != signin.AskPassword || t.tx.Username == "" {
			return nil, nil
		}
		return &page.Account{Address: t.tx.Username}, nil
	}
	for _, known := range t.browser.list() {
		if known.Account == a {
			return &page.Account{Name: known.name, Address: known.address}, nil
		}
	}
	u, err := e.Users.User(ctx, a.Tenant, a.User)
	if err != nil {
		return nil, nil // gone: the page asks as it would for anybody
	}
	return &page.Account{Address: u.UserPrincipalName}, nil
}

func (e *Endpoint) drawUsername(w http.ResponseWriter, r *http.Request, t *turn, _ signin.Step, f page.Flow) {
	p := page.AskUsername{Flow: f, Value: t.tx.Username, Fault: t.fault, Remembered: len(t.browser.accounts()) > 0}
	if p.Value == "" && t.fault == "" {
		p.Value = t.visit.Wish().HintUsername
	}
	if e.People != nil {
		people, err := e.People(r.Context(), t.visit.Wish().Tenant)
		if err != nil {
			t.visit.Refuse(w, r, err)
			return
		}
		for _, d := range people {
			p.People = append(p.People, page.Demo{Account: page.Account{Name: d.Name, Address: d.Address}, Value: tileValue(d.Account), About: d.About})
		}
	}
	e.Pages.WriteAskUsername(w, r, p)
}

func (e *Endpoint) drawPassword(w http.ResponseWriter, r *http.Request, t *turn, step signin.Step, f page.Flow) {
	e.Pages.WriteAskPassword(w, r, page.AskPassword{Flow: f, Fault: t.fault, Reason: reasons[step.Reason]})
}

func (e *Endpoint) drawNewPassword(w http.ResponseWriter, r *http.Request, t *turn, _ signin.Step, f page.Flow) {
	e.Pages.WriteNewPassword(w, r, page.NewPassword{Flow: f, Fault: t.fault})
}

func (e *Endpoint) drawPick(w http.ResponseWriter, r *http.Request, t *turn, _ signin.Step, f page.Flow) {
	e.Pages.WritePickAccount(w, r, page.PickAccount{Flow: f, Tiles: t.browser.tiles()})
}

func (e *Endpoint) drawStay(w http.ResponseWriter, r *http.Request, _ *turn, _ signin.Step, f page.Flow) {
	e.Pages.WriteStaySignedIn(w, r, page.StaySignedIn{Flow: f})
}

func (e *Endpoint) drawConsent(w http.ResponseWriter, r *http.Request, t *turn, _ signin.Step, f page.Flow) {
	e.Pages.WriteAskConsent(w, r, consentPage(t, f))
}

func (e *Endpoint) drawRefused(w http.ResponseWriter, r *http.Request, t *turn, step signin.Step, f page.Flow) {
	e.Pages.WriteRefused(w, r, page.Refused{Flow: f, Err: step.Err, Groups: refusedGroups(t.entry)})
}

// consentPage shows what is asked, grouped by resource.
func consentPage(t *turn, f page.Flow) page.AskConsent {
	en := t.entry
	app := en.question.App
	p := page.AskConsent{
		Flow: f, MayOrganisation: en.Consent.MayOrganisation && !en.question.Organisation,
		Organisation: en.question.Organisation, Again: len(en.Consent.Missing) == 0,
		Home: link(app.Web.HomePageURL), Terms: link(app.Info.TermsOfServiceURL), Privacy: link(app.Info.PrivacyStatementURL),
	}
	for _, target := range f.Targets {
		p.ReplyHost = hostOf(target)
	}
	asked := en.Consent.Missing
	if en.question.Again || en.Consent.MayOrganisation || len(asked) == 0 {
		// For the organisation, what the person alone holds is granted as well.
		asked = en.Consent.Asked
	}
	p.Groups = groups(asked, en.question)
	return p
}

func refusedGroups(en *entry) []page.ConsentGroup {
	if en == nil || en.Refusal != nil || en.Consent == nil || en.question == nil {
		return nil
	}
	return groups(en.Consent.Missing, en.question)
}

// groups keeps the order of the assessment, most sensitive first.
func groups(asked []consent.Permission, q *consent.Request) []page.ConsentGroup {
	var out []page.ConsentGroup
	at := map[string]int{}
	for i := range asked {
		p := &asked[i]
		name := p.Resource.Name()
		g, ok := at[name]
		if !ok {
			g = len(out)
			at[name] = g
			out = append(out, page.ConsentGroup{Resource: name})
		}
		item := page.ConsentItem{
			Title: p.UserTitle, Description: p.UserDescription, Value: p.Value,
			Granted: p.Granted, AdminOnly: p.AdminOnly, Application: p.Application,
		}
		if q.Organisation || item.Title == "" {
			item.Title, item.Description = p.AdminTitle, p.AdminDescription
		}
		if item.Title == "" {
			item.Title = p.Value
		}
		if p.Client != nil && p.Client.AppID != q.App.AppID {
			item.For = p.Client.DisplayName
		}
		out[g].Items = append(out[g].Items, item)
	}
	return out
}

// shown is a digest of what a consent page shows, and to which session.
func shown(to directory.ID, a *consent.Assessment) string {
	h := sha256.New()
	h.Write([]byte(to))
	for i := range a.Asked {
		p := &a.Asked[i]
		h.Write([]byte(string(p.Resource.AppID) + " " + string(p.ID) + " " + strconv.FormatBool(p.Granted) + "\n"))
		if p.Client != nil {
			h.Write([]byte(p.Client.AppID))
		}
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}

// tileValue is how a page names an account back to us.
func tileValue(a signin.Account) string { return a.Tenant.String() + "/" + string(a.User) }

// link is an address that may stand on a page.
func link(u *string) string {
	if u == nil || !oauth2.LinkAllowed(*u) {
		return ""
	}
	return *u
}

func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return strings.TrimSuffix(origin, ":")
	}
	return u.Host
}
