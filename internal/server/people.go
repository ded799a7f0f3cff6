package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/domain/frontchannel"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/opaque"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	sign "github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/adminconsent"
	"github.com/sekisho-id/sekisho/internal/endpoint/authorize"
	"github.com/sekisho-id/sekisho/internal/endpoint/logout"
	"github.com/sekisho-id/sekisho/internal/endpoint/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/userinfo"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// people is what signs people in, and what it rests on.
type people struct {
	minter         *opaque.Minter
	sessions       *session.Sessions
	authorizations *authorization.Authorizations
	consents       *consent.Consents
	passwords      *credential.Verifier
	hints          session.Hints
	subjects       issue.Subjects

	authorize    *authorize.Endpoint
	adminconsent *adminconsent.Endpoint
	signin       *signin.Endpoint
	logout       *logout.Endpoint
	userinfo     *userinfo.Endpoint
}

// newPeople builds the services; endpoints come after the view and the pages.
func (s *Server) newPeople(ctx context.Context) (*people, error) {
	key := func(purpose string) ([]byte, error) {
		return s.keeper.Derive(ctx, envelope.InstallationOwner, purpose, 32)
	}
	opaqueKey, err := key("opaque values")
	if err != nil {
		return nil, err
	}
	refreshKey, err := key("refresh tokens")
	if err != nil {
		return nil, err
	}
	failureKey, err := key("failed sign-ins")
	if err != nil {
		return nil, err
	}
	p := &people{hints: session.Hints{Sealer: s.keeper}, subjects: issue.Subjects{Keeper: s.keeper}}
	if p.minter, err = opaque.NewMinter(opaqueKey, s.cfg.Rand); err != nil {
		return nil, err
	}
	p.sessions = &session.Sessions{
		Store: s.stores.Sessions, Users: s.stores.Users, Minter: p.minter, Rand: s.cfg.Rand, Now: s.clock.Now,
	}
	p.authorizations, err = authorization.New(authorization.Config{
		Store: s.stores.Authorizations, Tenants: s.view, Users: s.stores.Users, Identities: s.stores.Identities,
		Minter: p.minter, Key: refreshKey, Rand: s.cfg.Rand, Now: s.clock.Now,
	})
	if err != nil {
		return nil, err
	}
	p.consents = consent.New(consent.Config{Lookup: s.view, Store: s.stores.Consents, Operations: s.ops})
	p.passwords = &credential.Verifier{Passwords: s.passwords, Store: s.stores.Lockouts, Key: failureKey, Now: s.clock.Now}
	return p, nil
}

// signInEndpoints joins the authorization endpoint with the pages: neither knows
// the other.
func (s *Server) signInEndpoints() error {
	p := s.people
	tokens := &issue.HintReader{Keys: s.keys, Hosts: s.bases, Users: s.stores.Users, AccountOf: p.hints.Account}
	p.logout = logout.New(logout.Config{
		Lookup: s.view, Sessions: p.sessions, Hints: p.hints, Tokens: tokens, Subjects: p.subjects,
		Sealer: s.keeper, Pages: s.pages, Now: s.clock.Now, Rand: s.cfg.Rand,
	})
	p.authorize = authorize.New(authorize.Config{
		Lookup: s.view, Pages: s.pages, Hints: p.hints, Codes: p.authorizations, Check: p.consents.Check,
		Begin: func(w http.ResponseWriter, r *http.Request, tx *sign.Transaction, q *authorize.Request) {
			p.signin.Begin(w, r, tx, q)
		},
		TokenHint: func(ctx context.Context, token string) (sign.Account, bool, error) {
			hint, err := tokens.Read(token)
			if err != nil {
				return sign.Account{}, false, nil // not one of ours
			}
			home, user, ok, err := tokens.Account(ctx, hint)
			return sign.Account{Tenant: home, User: user}, ok, err
		},
		Refused: s.refusedParty, Now: s.clock.Now, Log: s.log,
	})
	p.adminconsent = s.newAdminConsent()
	cfg := signin.Config{
		Lookup: s.view, Users: s.stores.Users, Directory: signInDirectory{s}, Sessions: p.sessions,
		Passwords: p.passwords, Matches: s.passwords.CheckPassword, Changer: s.ops, Consents: p.consents,
		Hints: p.hints, Sealer: s.keeper, Pages: s.pages, Subject: p.subjects.Subject,
		Purposes: map[string]signin.Purpose{
			authorize.Purpose:    purpose[*authorize.Request](p.authorize.Load),
			adminconsent.Purpose: purpose[*adminconsent.Request](p.adminconsent.Load),
		},
		Failed: func(ctx context.Context, t directory.TenantID, client directory.ID, code aadsts.Code) {
			s.refused(ctx, t, client, code.Number())
		},
		Now: s.clock.Now, Rand: s.cfg.Rand, Log: s.log,
	}
	if s.cfg.Dev {
		cfg.People = s.demoPeople
	}
	p.signin = signin.New(cfg)
	verifier := func(resource directory.ID) userinfo.Tokens {
		return &issue.Verifier{
			Keys: s.keys, Lookup: s.view, Hosts: s.bases, Users: s.stores.Users, Families: s.stores.Authorizations,
			Resource: resource, Now: s.clock.Now,
		}
	}
	var err error
	p.userinfo, err = userinfo.New(userinfo.Config{
		Graph: verifier(directory.GraphAppID), Legacy: verifier(directory.AADGraphAppID),
		Subjects: p.subjects, Tenants: s.view, Log: s.log, WriteError: s.writeError,
	})
	return err
}

// signInDirectory is what a sign-in reads beside the view: a person's own
// assignments are not kept there.
type signInDirectory struct{ s *Server }

func (d signInDirectory) UserByIdentity(ctx context.Context, t directory.TenantID, issuer, assigned string) (*directory.User, error) {
	return d.s.stores.Identities.UserByIdentity(ctx, t, issuer, assigned)
}

func (d signInDirectory) AppRoleAssignmentsOf(ctx context.Context, t directory.TenantID, principal directory.ID) ([]directory.AppRoleAssignment, error) {
	return d.s.stores.Assignments.AppRoleAssignmentsOf(ctx, t, principal)
}

func (d signInDirectory) RoleAssignmentsOf(ctx context.Context, t directory.TenantID, principal directory.ID) ([]directory.RoleAssignment, error) {
	return d.s.stores.Roles.RoleAssignmentsOf(ctx, t, principal)
}

// A purpose is an endpoint's Load, by which the pages prove its request again.
type purpose[V signin.Visit] func(ctx context.Context, tx *sign.Transaction) (V, error)

// Load implements signin.Purpose.
func (p purpose[V]) Load(ctx context.Context, tx *sign.Transaction) (signin.Visit, error) {
	return p(ctx, tx)
}

// refusedParty counts what an application was told by its redirect.
func (s *Server) refusedParty(r *http.Request, party *frontchannel.Party, code int) {
	var t directory.TenantID
	if party.Tenant != nil {
		t = party.Tenant.ID
	}
	s.refused(r.Context(), t, party.ClientID, code)
}

// refused counts a refusal, and adds it to the sums of its tenant if there is one.
func (s *Server) refused(ctx context.Context, t directory.TenantID, client directory.ID, code int) {
	s.metrics.refused(code)
	if !t.IsZero() {
		s.refusals.Add(s.clock.Now(), t.Bytes(), client.Bytes(), code, web.From(ctx).Trace)
	}
}

// demoPeople lists the demonstration people who may sign in with a click: those of
// the path's tenant, or of all behind an alias. Only development mode has them.
func (s *Server) demoPeople(ctx context.Context, t *directory.Tenant) ([]signin.Person, error) {
	var list []signin.Person
	for _, d := range []demoTenant{hakone, usui} {
		tenant, err := s.view.TenantByName(ctx, d.request.ID.String())
		if errors.Is(err, directory.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !tenant.Demo || t != nil && !t.Demo {
			continue
		}
		for _, person := range d.people {
			if person.kind == "Guest" {
				continue // signs in at home
			}
			list = append(list, signin.Person{
				Account: sign.Account{Tenant: tenant.ID, User: person.id},
				Name:    person.name, Address: person.alias + "@" + d.request.Domain, About: "demo.member",
			})
		}
		list = append(list, signin.Person{
			Account: sign.Account{Tenant: tenant.ID, User: d.request.AdminUserID},
			Name:    "Administrator", Address: s.addressOf(ctx, tenant.ID, d.request.AdminUserID), About: "demo.administrator",
		})
	}
	return list, nil
}

func (s *Server) addressOf(ctx context.Context, t directory.TenantID, id directory.ID) string {
	u, err := s.stores.Users.User(ctx, t, id)
	if err != nil {
		return ""
	}
	return u.UserPrincipalName
}
