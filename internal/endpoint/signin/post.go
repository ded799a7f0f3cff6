package signin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Handler takes what the pages post, at /{tenant}/login.
func (e *Endpoint) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, form, err := e.read(w, r)
		if err != nil {
			e.Pages.WriteError(w, r, err, page.Details{Locales: form.Get("ui_locales")})
			return
		}
		e.post(w, r, t, form)
	})
}

// read opens the transaction of a posted page and proves its request again.
func (e *Endpoint) read(w http.ResponseWriter, r *http.Request) (*turn, oauth2.Form, error) {
	form, err := web.ReadForm(w, r)
	if err != nil {
		return nil, form, err
	}
	if !web.SameOrigin(r) {
		return nil, form, aadsts.New(aadsts.InvalidInput, "the page was sent from another site")
	}
	b, err := e.browserOf(r)
	if err != nil {
		return nil, form, err
	}
	tx, err := e.open(r.Context(), form.Get("flowToken"), b.binding)
	if err != nil {
		return nil, form, err
	}
	purpose := e.Purposes[tx.Purpose]
	if purpose == nil || !strings.EqualFold(r.PathValue("tenant"), tx.Path) {
		return nil, form, aadsts.New(aadsts.InvalidInput, "the page was sent to another address")
	}
	if lang := form.Get("lang"); lang != "" {
		tx.Lang = lang
	}
	v, err := purpose.Load(r.Context(), tx)
	if err != nil {
		return nil, form, err
	}
	return &turn{tx: tx, visit: v, browser: b}, form, nil
}

func (e *Endpoint) post(w http.ResponseWriter, r *http.Request, t *turn, form oauth2.Form) {
	step, err := e.next(r, t)
	if err != nil {
		t.visit.Refuse(w, r, err)
		return
	}
	if step.Kind == signin.Failed {
		e.keep(w, r, t)
		t.visit.Refuse(w, r, step.Err)
		return
	}
	switch form.Get("action") {
	case "cancel":
		e.keep(w, r, t)
		t.visit.Refuse(w, r, cancelled(step, t.entry))
		return
	case "other", "switch", "back":
		t.tx.Picked, t.tx.Username, t.tx.Other, t.tx.Consented = signin.Account{}, "", true, false
		e.serve(w, r, t)
		return
	}
	if p, ok := pages[step.Kind]; ok && form.Get("step") == p.step && form.Get("lang") == "" {
		if err := p.accept(e, r, t, form); err != nil {
			e.keep(w, r, t)
			t.visit.Refuse(w, r, err)
			return
		}
	}
	e.serve(w, r, t)
}

// cancelled is what the application hears of somebody who goes back to it. From a
// refusal it hears what it was; otherwise that the person declined.
func cancelled(step signin.Step, en *entry) error {
	known, ok := errors.AsType[*aadsts.Error](step.Err)
	switch {
	case step.Kind != signin.Refused || !ok:
		return aadsts.New(aadsts.ConsentDeclined)
	case en != nil && en.Refusal == nil:
		return known // what consent lacks has its own name
	}
	// The application learns the number, and not whose account it was: nobody has
	// consented to that.
	const hidden = "(hidden)"
	return aadsts.New(known.Code(), hidden, hidden, hidden).Named("access_denied")
}

// acceptUsername notes whom the person says to be; nothing is said about whether
// there is such an account.
func (e *Endpoint) acceptUsername(r *http.Request, t *turn, form oauth2.Form) error {
	if done, err := e.acceptDemo(r, t, form); done || err != nil {
		return err
	}
	name := strings.TrimSpace(form.Get("loginfmt"))
	switch {
	case name == "":
		t.fault = "fault.username.empty"
		return nil
	case len(name) > maxUsername:
		t.fault = "fault.username.malformed"
		return nil
	}
	t.tx.Username, t.tx.Picked, t.tx.Other = name, signin.Account{}, false
	// Somebody who is signed in already is not asked again.
	for _, c := range t.facts.Live {
		if strings.EqualFold(c.Address, name) {
			t.tx.Username, t.tx.Picked = "", c.Account
		}
	}
	return nil
}

// maxUsername bounds a user name, in bytes.
const maxUsername = 320

// acceptPassword proves who the person is. Unknown accounts and wrong passwords
// get the same answer at the same cost.
func (e *Endpoint) acceptPassword(r *http.Request, t *turn, form oauth2.Form) error {
	ctx := r.Context()
	if form.Get("passwd") == "" {
		t.fault = "fault.password.empty"
		return nil
	}
	tenant, account, err := e.asked(ctx, t)
	if err != nil {
		return err
	}
	outcome, err := e.Passwords.Verify(ctx, tenant, account, form.Get("passwd"), t.browser.knows(account))
	switch {
	case errors.Is(err, aadsts.Busy):
		t.fault = "fault.busy"
		return nil
	case err != nil:
		return err
	case outcome == credential.Locked:
		e.failed(ctx, t, tenant, aadsts.AccountLocked)
		t.fault = "fault.locked"
		return nil
	case outcome != credential.OK || account.ID == "":
		e.failed(ctx, t, tenant, aadsts.WrongPassword)
		t.tx.Again++
		t.fault = "fault.credentials"
		return nil
	case !account.AccountEnabled:
		// Said only to who knows the password.
		e.failed(ctx, t, tenant, aadsts.AccountDisabled)
		t.held = aadsts.New(aadsts.AccountDisabled)
		return nil
	}
	return e.proven(r, t, account, []string{session.Password})
}

func (e *Endpoint) failed(ctx context.Context, t *turn, tenant directory.TenantID, code aadsts.Code) {
	if e.Failed != nil {
		e.Failed(ctx, tenant, t.visit.Wish().App.AppID, code)
	}
}

// asked is the account that the password is asked of, in its home tenant; a
// stranger where there is none of the name.
func (e *Endpoint) asked(ctx context.Context, t *turn) (directory.TenantID, *directory.User, error) {
	_, step := signin.Choose(t.facts)
	if a := step.Account; !a.IsZero() {
		u, err := e.Users.User(ctx, a.Tenant, a.User)
		if errors.Is(err, directory.ErrNotFound) {
			return a.Tenant, credential.Stranger(string(a.User)), nil
		}
		return a.Tenant, u, err
	}
	name := t.tx.Username
	if name == "" {
		name = t.visit.Wish().HintUsername
	}
	return e.byName(ctx, name)
}

// byName finds an account by its user principal name: the domain says which
// directory is its home.
func (e *Endpoint) byName(ctx context.Context, name string) (directory.TenantID, *directory.User, error) {
	var none directory.TenantID
	at := strings.LastIndexByte(name, '@')
	parsed, err := directory.ParseTenantName(name[at+1:])
	if at < 0 || err != nil || parsed.Kind != directory.NameDomain {
		return none, credential.Stranger(name), nil
	}
	tenant, err := directory.FindTenant(ctx, e.Lookup, parsed)
	if errors.Is(err, directory.ErrNotFound) || err == nil && tenant == nil {
		return none, credential.Stranger(name), nil
	}
	if err != nil {
		return none, nil, err
	}
	u, err := e.Users.UserByPrincipalName(ctx, tenant.ID, name)
	if errors.Is(err, directory.ErrNotFound) || err == nil && tenant.Disabled {
		return tenant.ID, credential.Stranger(name), nil
	}
	return tenant.ID, u, err
}

// proven begins or renews the session of an account that proved who it is.
func (e *Endpoint) proven(r *http.Request, t *turn, account *directory.User, methods []string) error {
	place := session.Place{IPAddress: web.From(r.Context()).ClientIP, UserAgent: r.UserAgent()}
	a := signin.Account{Tenant: account.TenantID, User: account.ID}
	if live := t.browser.find(a); live != nil {
		live.SetPlace(place)
		err := e.Sessions.Renew(r.Context(), live, methods)
		if err == nil {
			t.browser.changed = true
			t.tx.Picked, t.tx.Username, t.tx.Other = a, "", false
			return nil
		}
		if !errors.Is(err, directory.ErrNotFound) {
			return err
		}
		t.browser.drop(a) // it ended elsewhere in the meantime
	}
	live, err := e.Sessions.Start(r.Context(), account, methods, place)
	if err != nil {
		return err
	}
	if gone := t.browser.add(live); gone != nil {
		if _, err := e.Sessions.End(r.Context(), gone.Tenant, gone.ID); err != nil {
			return err
		}
	}
	t.tx.Picked, t.tx.Username, t.tx.Other = a, "", false
	return nil
}

// acceptDemo signs a demonstration person in with a click, in development mode.
func (e *Endpoint) acceptDemo(r *http.Request, t *turn, form oauth2.Form) (bool, error) {
	value := form.Get("demo")
	if value == "" || e.People == nil {
		return false, nil
	}
	people, err := e.People(r.Context(), t.visit.Wish().Tenant)
	if err != nil {
		return true, err
	}
	i := slices.IndexFunc(people, func(p Person) bool { return tileValue(p.Account) == value })
	if i < 0 {
		return true, nil
	}
	account, err := e.Users.User(r.Context(), people[i].Tenant, people[i].User)
	if err != nil || !account.AccountEnabled {
		return true, err
	}
	return true, e.proven(r, t, account, []string{session.Password})
}

// acceptNewPassword changes the password of somebody who just proved the old one.
func (e *Endpoint) acceptNewPassword(r *http.Request, t *turn, form oauth2.Form) error {
	ctx := r.Context()
	live := t.browser.find(t.chosen.Account)
	password := form.Get("newpasswd")
	switch {
	case live == nil:
		return nil
	case live.AuthTime.Before(t.tx.Began):
		// The old password was proven in another visit: ask for it here.
		_, err := e.Sessions.End(ctx, live.Tenant, live.ID)
		t.browser.drop(t.chosen.Account)
		return err
	case password != form.Get("confirmpasswd"):
		t.fault = "fault.newpassword.differs"
		return nil
	}
	same, err := e.Matches(ctx, live.Account.PasswordHash, password)
	switch {
	case errors.Is(err, credential.ErrPasswordTooLong):
		t.fault = "fault.newpassword.weak"
		return nil
	case err != nil:
		return err
	case same:
		t.fault = "fault.newpassword.same"
		return nil
	}
	by := directory.Caller{
		Tenant: live.Tenant, User: live.User, RequestID: web.IDs(ctx).Trace,
		CorrelationID: web.IDs(ctx).Correlation, IPAddress: web.From(ctx).ClientIP,
	}
	err = e.Changer.ChangeOwnPassword(ctx, by, live.User, password)
	if rule, ok := errors.AsType[*directory.RuleError](err); ok {
		t.fault = "fault.newpassword.weak"
		e.Log.LogAttrs(ctx, slog.LevelDebug, "a new password was refused", slog.String("rule", rule.Property))
		return nil
	}
	if err != nil {
		return err
	}
	account, err := e.Users.User(ctx, live.Tenant, live.User)
	if err != nil {
		return err
	}
	live.Account = account
	return e.proven(r, t, account, live.Methods)
}

// acceptPick notes which of the shown accounts it is to be.
func (e *Endpoint) acceptPick(r *http.Request, t *turn, form oauth2.Form) error {
	if gone := form.Get("forget"); gone != "" {
		for _, a := range t.browser.accounts() {
			if tileValue(a) == gone {
				return e.forget(r.Context(), t.browser, a)
			}
		}
		return nil
	}
	for _, a := range t.browser.accounts() {
		if tileValue(a) == form.Get("account") {
			t.tx.Picked, t.tx.Username, t.tx.Other = a, "", false
		}
	}
	return nil
}

// forget ends the session of an account, if there is one, and takes it out of this
// browser's list.
func (e *Endpoint) forget(ctx context.Context, b *browser, a signin.Account) error {
	if live := b.find(a); live != nil {
		if _, err := e.Sessions.End(ctx, live.Tenant, live.ID); err != nil {
			return err
		}
	}
	b.drop(a)
	b.unknow(a)
	return nil
}

// acceptStay lets the session outlive the browser, or not.
func (e *Endpoint) acceptStay(r *http.Request, t *turn, form oauth2.Form) error {
	t.tx.Stay = true
	if form.Get("action") == "no" {
		if form.Get("DontShowAgain") != "" {
			t.browser.dontAskAgain()
		}
		return nil
	}
	live := t.browser.find(t.chosen.Account)
	if live == nil {
		return nil
	}
	err := e.Sessions.Stay(r.Context(), live)
	if errors.Is(err, directory.ErrNotFound) {
		t.browser.drop(t.chosen.Account)
		return nil
	}
	t.browser.changed = true
	return err
}

// acceptConsent records what the person accepted, as the server assessed it a
// moment ago; what the page showed is not believed.
func (e *Endpoint) acceptConsent(r *http.Request, t *turn, form oauth2.Form) error {
	ctx := r.Context()
	en := t.entry
	if t.tx.Shown != shown(t.chosen.Session, en.Consent) {
		return nil // something changed since the page was drawn, or it is of an earlier session: show it
	}
	organisation := en.question.Organisation || form.Get("organisation") == "yes" && en.Consent.MayOrganisation
	by := directory.Caller{
		Tenant: en.tenant.ID, User: en.user.ID, AppID: en.question.App.AppID, RequestID: web.IDs(ctx).Trace,
		CorrelationID: web.IDs(ctx).Correlation, IPAddress: web.From(ctx).ClientIP,
	}
	if en.principal != nil {
		by.App = en.principal.ID
	}
	_, err := e.Consents.Grant(ctx, by, en.question, en.Consent, organisation)
	if errors.Is(err, directory.ErrUnavailable) {
		return aadsts.New(aadsts.ConsentNotRecorded).Because(err)
	}
	t.tx.Consented = err == nil
	return err
}

func (e *Endpoint) acceptNothing(*http.Request, *turn, oauth2.Form) error { return nil }
