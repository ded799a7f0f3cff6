package signin

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// facts are what the step follows from.
func (e *Endpoint) facts(ctx context.Context, t *turn) (*signin.Facts, error) {
	w := t.visit.Wish()
	f := &signin.Facts{
		Wish: w, Transaction: t.tx, Known: t.browser.remembered(), Now: e.Now(),
		AskStay: !w.None && !t.browser.known.NeverAskToStay,
	}
	for i := range t.browser.live {
		l := &t.browser.live[i]
		c := signin.Candidate{
			Account: accountOf(l), Session: l.ID, Address: l.Account.UserPrincipalName,
			AuthTime: l.AuthTime, Persistent: l.Persistent, MustChange: l.Account.ForceChangePassword,
		}
		in, user, err := e.allowed(ctx, w, l)
		if err != nil {
			return nil, err
		}
		if c.Allowed = user != ""; c.Allowed && w.Subject != "" {
			sub, err := e.Subject(ctx, in, w.App.AppID, user)
			if err != nil {
				return nil, err
			}
			c.Foreign = sub != w.Subject
		}
		f.Live = append(f.Live, c)
	}
	return f, nil
}

func accountOf(l *session.Live) signin.Account {
	return signin.Account{Tenant: l.Tenant, User: l.User}
}

// allowed finds the account's object in the tenant that it would sign in to; it is
// "" for an account that the path does not let in.
func (e *Endpoint) allowed(ctx context.Context, w *signin.Wish, l *session.Live) (directory.TenantID, directory.ID, error) {
	switch {
	case typeRefused(w, l.Tenant):
		return l.Tenant, "", nil
	case w.Tenant == nil || w.Tenant.ID == l.Tenant:
		return l.Tenant, l.User, nil
	}
	u, err := e.Directory.UserByIdentity(ctx, w.Tenant.ID, l.Tenant.String(), string(l.User))
	if errors.Is(err, directory.ErrNotFound) {
		return w.Tenant.ID, "", nil
	}
	if err != nil {
		return w.Tenant.ID, "", err
	}
	return w.Tenant.ID, u.ID, nil
}

// typeRefused compares the kind of an account with path and application: personal
// accounts and those of organisations.
func typeRefused(w *signin.Wish, home directory.TenantID) bool {
	personal := home == directory.Consumers
	switch w.Authority.Kind {
	case directory.NameConsumers:
		return !personal
	case directory.NameOrganizations:
		return personal
	case directory.NameCommon:
		return personal && !w.App.Personal()
	}
	return false
}

// entry is an account in the tenant that it signs in to.
type entry struct {
	signin.Entry
	tenant    *directory.Tenant
	principal *directory.ServicePrincipal // nil before the first consent
	user      *directory.User
	question  *consent.Request
}

// refuse ends an entry.
func (en *entry) refuse(err *aadsts.Error) (*entry, error) {
	en.Refusal = err
	return en, nil
}

// enter finds out whether the chosen account may enter the tenant and use the
// application, and what the application has to ask for.
func (e *Endpoint) enter(ctx context.Context, t *turn) (*entry, error) {
	w, c := t.facts.Wish, t.chosen
	en := &entry{}
	if typeRefused(w, c.Tenant) {
		return en.refuse(aadsts.New(aadsts.AccountTypeRefused))
	}
	if err := e.enterTenant(ctx, t, en); err != nil || en.Refusal != nil {
		return en, err
	}
	if err := e.enterApplication(ctx, w, c, en); err != nil || en.Refusal != nil {
		return en, err
	}
	return en, e.assess(ctx, t.visit, en)
}

// enterTenant finds the account's object in the tenant.
func (e *Endpoint) enterTenant(ctx context.Context, t *turn, en *entry) error {
	w, c := t.facts.Wish, t.chosen
	home, err := e.Lookup.TenantByName(ctx, c.Tenant.String())
	if err != nil {
		return err
	}
	en.tenant = w.Tenant
	if en.tenant == nil {
		en.tenant = home
	}
	if home.Disabled || en.tenant.Disabled {
		en.Refusal = aadsts.New(aadsts.TenantNotFound, en.tenant.DefaultDomain())
		return nil
	}
	live := t.browser.find(c.Account)
	switch {
	case en.tenant.ID == c.Tenant && live != nil: // it was read with the session
		en.user = live.Account
	case en.tenant.ID == c.Tenant:
		en.user, err = e.Users.User(ctx, c.Tenant, c.User)
	default:
		en.user, err = e.Directory.UserByIdentity(ctx, en.tenant.ID, c.Tenant.String(), string(c.User))
	}
	switch {
	case errors.Is(err, directory.ErrNotFound):
		en.Refusal = aadsts.New(aadsts.AccountNotInTenant, c.Address, home.DefaultDomain(), en.tenant.DefaultDomain())
	case err != nil:
		return err
	case !en.user.AccountEnabled:
		en.Refusal = aadsts.New(aadsts.AccountDisabled)
	}
	return nil
}

// enterApplication finds the application in the tenant and asks whether the person
// may use it.
func (e *Endpoint) enterApplication(ctx context.Context, w *signin.Wish, c *signin.Candidate, en *entry) error {
	app := w.App
	offered := app.OfferedTo(en.tenant.ID)
	if en.tenant.ID == directory.Consumers {
		offered = app.Personal()
	}
	if !offered {
		en.Failure = aadsts.New(aadsts.ApplicationNotFound, string(app.AppID), en.tenant.DefaultDomain()).Named("unauthorized_client")
		return nil
	}
	sp, err := e.Lookup.ServicePrincipalByAppID(ctx, en.tenant.ID, app.AppID)
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	en.principal = sp
	if !sp.AccountEnabled {
		en.Refusal = aadsts.New(aadsts.ApplicationDisabled, string(app.AppID))
		return nil
	}
	if !sp.AppRoleAssignmentRequired {
		return nil
	}
	held, err := e.Directory.AppRoleAssignmentsOf(ctx, en.tenant.ID, en.user.ID)
	if err != nil {
		return err
	}
	for i := range held {
		if held[i].ResourceID == sp.ID {
			return nil
		}
	}
	en.Refusal = aadsts.New(aadsts.NotAssigned, en.user.UserPrincipalName, sp.Name())
	return nil
}

// assess asks what the application may do. The person's roles are read only where
// somebody has to be asked: they decide who may grant.
func (e *Endpoint) assess(ctx context.Context, v Visit, en *entry) error {
	if en.Failure != nil {
		return nil
	}
	q := v.Consent(en.tenant, en.principal, en.user)
	a, err := e.Consents.Assess(ctx, q)
	if err == nil && (a.Needed || len(a.Missing) > 0) {
		if q.Roles, err = e.roles(ctx, en); err != nil {
			return err
		}
		a, err = e.Consents.Assess(ctx, q)
	}
	en.question = q
	if known, ok := errors.AsType[*aadsts.Error](err); ok {
		en.Failure = known
		return nil
	}
	if err == nil && en.principal == nil {
		a.Needed = true // consent is how an application comes into a tenant
	}
	en.Consent = a
	return err
}

// roles are the person's directory roles in the tenant signed in to.
func (e *Endpoint) roles(ctx context.Context, en *entry) ([]directory.ID, error) {
	held, err := e.Directory.RoleAssignmentsOf(ctx, en.tenant.ID, en.user.ID)
	if err != nil {
		return nil, err
	}
	var ids []directory.ID
	for i := range held {
		ids = append(ids, held[i].RoleDefinitionID)
	}
	return ids, nil
}

// result is what the sign-in has proven.
func (en *entry) result(w *signin.Wish, l *session.Live) *signin.Result {
	return &signin.Result{
		Tenant: en.tenant, Principal: en.principal, User: en.user,
		Subject: authorization.Subject{
			Tenant: en.tenant.ID, User: en.user.ID, HomeTenant: l.Tenant, HomeUser: l.User,
			Session: l.ID, AuthTime: l.AuthTime, Methods: l.Methods, AskedAge: w.MaxAge >= 0, IPAddress: l.IPAddress,
		},
	}
}
