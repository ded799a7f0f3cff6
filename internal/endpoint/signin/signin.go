package signin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// A Visit is one request that somebody signs in for, proven by its purpose.
type Visit interface {
	// Wish is what the request asks of the sign-in.
	Wish() *signin.Wish
	// Flow describes the application and where answers go, for the pages.
	Flow() page.Flow
	// Consent is the question that this request puts, for a person of a tenant;
	// principal is nil where the application has none there yet.
	Consent(t *directory.Tenant, principal *directory.ServicePrincipal, u *directory.User) *consent.Request
	// Refuse tells the application, or shows a page where it cannot be told.
	Refuse(w http.ResponseWriter, r *http.Request, err error)
	// Finish answers the application.
	Finish(w http.ResponseWriter, r *http.Request, result *signin.Result)
}

// A Purpose proves again what a sealed transaction says.
type Purpose interface {
	// Load gives the visit of a transaction. Its errors are shown on a page.
	Load(ctx context.Context, tx *signin.Transaction) (Visit, error)
}

// A Person is somebody of a demonstration tenant, who may sign in with a click.
type Person struct {
	signin.Account
	Name, Address, About string
}

// Users finds people.
type Users interface {
	User(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.User, error)
	UserByPrincipalName(ctx context.Context, t directory.TenantID, upn string) (*directory.User, error)
}

// Directory is what a sign-in reads of the directory beside the view.
type Directory interface {
	directory.IdentityStore
	AppRoleAssignmentsOf(ctx context.Context, t directory.TenantID, principal directory.ID) ([]directory.AppRoleAssignment, error)
	RoleAssignmentsOf(ctx context.Context, t directory.TenantID, principal directory.ID) ([]directory.RoleAssignment, error)
}

// Passwords checks passwords. *credential.Verifier is one.
type Passwords interface {
	Verify(ctx context.Context, t directory.TenantID, u *directory.User, password string, familiar bool) (credential.Outcome, error)
}

// Changer makes the changes that people make of themselves by signing in.
// *directory.Operations is one.
type Changer interface {
	ChangeOwnPassword(ctx context.Context, c directory.Caller, id directory.ID, password string) error
	// AcceptInvitation notes that an invited guest came.
	AcceptInvitation(ctx context.Context, c directory.Caller, id directory.ID) error
}

// Pages draws. *page.Pages is one.
type Pages interface {
	page.Writer
	WriteError(w http.ResponseWriter, r *http.Request, err error, d page.Details)
}

// Config is what the endpoint needs.
type Config struct {
	Lookup    directory.Lookup
	Users     Users
	Directory Directory
	Sessions  *session.Sessions
	Passwords Passwords
	// Matches compares a password with a stored hash, uncounted: for the rule that
	// a new password is another one.
	Matches  func(ctx context.Context, hash, password string) (bool, error)
	Changer  Changer
	Consents consent.Service
	Hints    session.Hints
	Sealer   session.Sealer
	Pages    Pages
	// Purposes by their names, as transactions carry them.
	Purposes map[string]Purpose
	// Subject is the name by which a client knows a user of a tenant; issue.Subjects
	// has it.
	Subject func(ctx context.Context, t directory.TenantID, client, user directory.ID) (string, error)
	// People lists the demonstration people for a path's tenant, nil for an alias;
	// nil outside development mode.
	People func(ctx context.Context, t *directory.Tenant) ([]Person, error)
	// Failed, if not nil, hears of each failed proof, for audit and metrics.
	Failed func(ctx context.Context, tenant directory.TenantID, client directory.ID, code aadsts.Code)
	Now    func() time.Time
	Rand   io.Reader
	Log    *slog.Logger
}

// Endpoint serves the pages.
type Endpoint struct{ Config }

// New builds the endpoint.
func New(c Config) *Endpoint { return &Endpoint{c} }

// Begin goes on with a request that a purpose has proven.
func (e *Endpoint) Begin(w http.ResponseWriter, r *http.Request, tx *signin.Transaction, v Visit) {
	tx.Began = e.Now().UTC().Truncate(time.Microsecond) // as sessions are kept
	e.serve(w, r, &turn{tx: tx, visit: v})
}

// turn is one request of a sign-in: what is known so far, and what the page has to
// say about what was posted.
type turn struct {
	tx      *signin.Transaction
	visit   Visit
	browser *browser
	facts   *signin.Facts
	chosen  *signin.Candidate
	entry   *entry
	fault   string // key of the sentence beside the field
	held    error  // why somebody who proved who they are gets no session
}

// serve derives the step and takes it.
func (e *Endpoint) serve(w http.ResponseWriter, r *http.Request, t *turn) {
	step, err := e.next(r, t)
	if err != nil {
		// Nothing was decided: the application hears that we failed, if it can.
		t.visit.Refuse(w, r, err)
		return
	}
	if t.held != nil && step.Kind == signin.AskPassword {
		step = signin.Step{Kind: signin.Refused, Err: t.held, Account: step.Account}
	}
	switch step.Kind {
	case signin.Done:
		e.finish(w, r, t)
	case signin.Failed:
		e.keep(w, r, t)
		t.visit.Refuse(w, r, step.Err)
	default:
		e.draw(w, r, t, step)
	}
}

// next gathers the facts and derives the step.
func (e *Endpoint) next(r *http.Request, t *turn) (signin.Step, error) {
	ctx := r.Context()
	if t.browser == nil {
		b, err := e.browserOf(r)
		if err != nil {
			return signin.Step{}, err
		}
		t.browser = b
	}
	facts, err := e.facts(ctx, t)
	if err != nil {
		return signin.Step{}, err
	}
	t.facts, t.entry = facts, nil
	var step signin.Step
	if t.chosen, step = signin.Choose(facts); t.chosen == nil {
		return step, nil
	}
	if t.entry, err = e.enter(ctx, t); err != nil {
		return signin.Step{}, err
	}
	return signin.Next(facts, t.chosen, &t.entry.Entry), nil
}

// finish hands the proven person to the purpose. What is written before makes the
// sign-in known to the sign-out, and its loss harms nobody.
func (e *Endpoint) finish(w http.ResponseWriter, r *http.Request, t *turn) {
	ctx := r.Context()
	live := t.browser.find(t.chosen.Account)
	en := t.entry
	if live == nil || en == nil || en.principal == nil {
		t.visit.Refuse(w, r, errors.New("signin: finished without a session or a service principal"))
		return
	}
	err := e.Sessions.Touch(ctx, live)
	if err == nil {
		err = e.Sessions.Join(ctx, *live, session.Client{Tenant: en.tenant.ID, AppID: en.principal.AppID})
	}
	switch {
	case errors.Is(err, directory.ErrNotFound):
		// It ended elsewhere in the meantime, as if it had never been there.
		t.browser.drop(t.chosen.Account)
		e.serve(w, r, t)
		return
	case err != nil:
		t.visit.Refuse(w, r, err)
		return
	}
	if state := en.user.ExternalUserState; state != nil && *state == "PendingAcceptance" {
		if err := e.Changer.AcceptInvitation(ctx, directory.Platform(en.tenant.ID), en.user.ID); err != nil {
			t.visit.Refuse(w, r, err)
			return
		}
	}
	e.keep(w, r, t)
	t.visit.Finish(w, r, en.result(t.facts.Wish, live))
}

// keep writes the cookies. Without those that only remember, the sign-in goes on.
func (e *Endpoint) keep(w http.ResponseWriter, r *http.Request, t *turn) {
	if err := t.browser.write(r.Context(), w); err != nil {
		e.Log.LogAttrs(r.Context(), slog.LevelError, "known accounts could not be kept", slog.String("error", err.Error()))
	}
}
