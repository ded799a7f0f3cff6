package directory_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func (w *world) rolesOf(id directory.ID) []directory.ID {
	w.t.Helper()
	assigned, err := w.ops.Roles.RoleAssignmentsOf(w.ctx, w.c.Tenant, id)
	w.must(err)
	var roles []directory.ID
	for _, a := range assigned {
		roles = append(roles, a.RoleDefinitionID)
	}
	return roles
}

func (w *world) give(principal, role directory.ID) (*directory.RoleAssignment, error) {
	return w.ops.AssignRole(w.ctx, w.c, directory.RoleAssignment{PrincipalID: principal, RoleDefinitionID: role, DirectoryScopeID: directory.WholeTenant})
}

func TestRoleDefinitions(t *testing.T) {
	seen, names := map[directory.ID]bool{}, map[string]bool{}
	for _, d := range directory.RoleDefinitions() {
		id, err := directory.ParseID(string(d.ID))
		if err != nil || id != d.ID || seen[d.ID] || names[d.DisplayName] || d.DisplayName == "" || d.Description == "" {
			t.Errorf("%+v", d)
		}
		seen[d.ID], names[d.DisplayName] = true, true
		if got, ok := directory.RoleDefinitionByID(d.ID); !ok || got != d {
			t.Errorf("%s is not found", d.ID)
		}
		if directory.RoleStrength(d.ID) == 0 {
			t.Errorf("%s has no strength", d.DisplayName)
		}
	}
	if len(seen) < 45 || directory.RoleStrength("") != 0 || directory.RoleStrength(directory.RoleGlobalAdministrator) <= directory.RoleStrength(directory.RolePrivilegedRoleAdministrator) {
		t.Error("the ranks are wrong")
	}
}

func TestTheFirstAdministratorIsOneByRole(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	admin := w.new.AdminUserID
	if got := w.rolesOf(admin); !slices.Equal(got, []directory.ID{directory.RoleGlobalAdministrator}) {
		t.Fatalf("roles of a new tenant's administrator: %v", got)
	}
	// A database from before there were roles gets them at a start.
	list, err := w.ops.Roles.RoleAssignmentsOf(w.ctx, w.c.Tenant, admin)
	w.must(err)
	ev := w.c.Event(w.now, "test", directory.KindUser, admin, "")
	w.must(w.ops.Roles.DeleteRoleAssignment(w.ctx, w.c.Tenant, list[0].ID, ev))
	for range 2 {
		w.must(w.ops.EnsureBuiltins(w.ctx))
		if got := w.rolesOf(admin); len(got) != 1 {
			t.Fatalf("after a start: %v", got)
		}
	}
	// Where there is another one, nothing is added.
	u := w.user()
	_, err = w.give(u.ID, directory.RoleGlobalAdministrator)
	w.must(err)
	list, err = w.ops.Roles.RoleAssignmentsOf(w.ctx, w.c.Tenant, admin)
	w.must(err)
	w.must(w.ops.RemoveRole(w.ctx, w.c, list[0].ID))
	w.must(w.ops.EnsureBuiltins(w.ctx))
	if got := w.rolesOf(admin); len(got) != 0 {
		t.Errorf("the first administrator came back: %v", got)
	}
	// The account may be gone: the start goes on.
	w.must(w.ops.DeleteUser(w.ctx, w.c, admin))
	list, err = w.ops.Roles.RoleAssignmentsOf(w.ctx, w.c.Tenant, u.ID)
	w.must(err)
	w.must(w.ops.Roles.DeleteRoleAssignment(w.ctx, w.c.Tenant, list[0].ID, ev))
	w.must(w.ops.EnsureBuiltins(w.ctx))
}

func TestTheLastAdministratorStays(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	last := invalid("The last Global Administrator of an organisation cannot be removed.")
	admin := w.new.AdminUserID
	list, err := w.ops.Roles.RoleAssignmentsOf(w.ctx, w.c.Tenant, admin)
	w.must(err)
	disable := func(id directory.ID) error {
		return w.ops.ChangeUser(w.ctx, w.c, id, func(u *directory.User) error { u.AccountEnabled = false; return nil }, nil)
	}
	// Neither an application nor an account that cannot sign in counts.
	_, err = w.give(w.new.AdminPrincipalID, directory.RoleGlobalAdministrator)
	w.must(err)
	off := w.user(func(u *directory.User) { u.AccountEnabled = false })
	_, err = w.give(off.ID, directory.RoleGlobalAdministrator)
	w.must(err)
	last.check(t, w.ops.RemoveRole(w.ctx, w.c, list[0].ID))
	last.check(t, w.ops.DeleteUser(w.ctx, w.c, admin))
	last.check(t, disable(admin))
	second := w.user(func(u *directory.User) { u.UserPrincipalName = "second@" + w.domain() })
	_, err = w.give(second.ID, directory.RoleGlobalAdministrator)
	w.must(err)
	w.must(disable(second.ID))
	last.check(t, disable(admin))
	w.must(w.ops.ChangeUser(w.ctx, w.c, second.ID, func(u *directory.User) error { u.AccountEnabled = true; return nil }, nil))
	w.must(w.ops.RemoveRole(w.ctx, w.c, list[0].ID))
	w.must(w.ops.DeleteUser(w.ctx, w.c, admin))
}

// lateRoles shows each of two removals the roles from before either acted.
type lateRoles struct {
	directory.RoleStore
	looked sync.WaitGroup
}

func (l *lateRoles) DeleteRoleAssignment(ctx context.Context, t directory.TenantID, id directory.ID, ev *audit.Event) error {
	l.looked.Done()
	l.looked.Wait()
	return l.RoleStore.DeleteRoleAssignment(ctx, t, id, ev)
}

func TestTwoAdministratorsRemovedAtOnce(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	second := w.user()
	given, err := w.give(second.ID, directory.RoleGlobalAdministrator)
	w.must(err)
	list, err := w.ops.Roles.RoleAssignmentsOf(w.ctx, w.c.Tenant, w.new.AdminUserID)
	w.must(err)
	late := &lateRoles{RoleStore: w.ops.Roles}
	late.looked.Add(2)
	ops := *w.ops
	ops.Roles = late
	var wg sync.WaitGroup
	for _, id := range []directory.ID{given.ID, list[0].ID} {
		wg.Go(func() {
			if err := ops.RemoveRole(w.ctx, w.c, id); err != nil {
				if _, ok := errors.AsType[*directory.RuleError](err); !ok {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(w.rolesOf(second.ID))+len(w.rolesOf(w.new.AdminUserID)) == 0 {
		t.Error("nobody administers the tenant")
	}
}

func TestAnOwnPasswordLeavesSessions(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	u := w.user(func(u *directory.User) { u.ForceChangePassword = true })
	*p.now = p.now.Add(time.Hour)
	read := func() *directory.User {
		got, err := w.ops.Users.User(w.ctx, w.c.Tenant, u.ID)
		return need(w, got, err)
	}
	invalid("must differ").check(t, w.ops.ChangeOwnPassword(w.ctx, w.c, u.ID, goodPassword))
	invalid("complexity").check(t, w.ops.ChangeOwnPassword(w.ctx, w.c, u.ID, "hanako-2026"))
	w.must(w.ops.ChangeOwnPassword(w.ctx, w.c, u.ID, "Another-Horse-8"))
	if got := read(); !got.SessionsValidFrom.Equal(w.now) || !got.PasswordChangedAt.Equal(*p.now) || got.ForceChangePassword {
		t.Errorf("sessions from %v, password of %v, force %v", got.SessionsValidFrom, got.PasswordChangedAt, got.ForceChangePassword)
	}
	w.must(w.ops.RevokeSessions(w.ctx, w.c, u.ID))
	if got := read(); !got.SessionsValidFrom.Equal(*p.now) {
		t.Errorf("sessions from %v", got.SessionsValidFrom)
	}
	if err := w.ops.ChangeOwnPassword(w.ctx, w.c, guid(1), "Another-Horse-8"); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("nobody's: %v", err)
	}
}

func TestGuestsAreLinkedByIds(t *testing.T) {
	p := newPlatform(t)
	home, w := p.world(t), p.world(t)
	account := home.user()
	guest, err := w.ops.Invite(w.ctx, w.c, directory.Invitation{Email: account.UserPrincipalName})
	w.must(err)
	want := []directory.ObjectIdentity{{SignInType: directory.SignInFederated, Issuer: home.c.Tenant.String(), IssuerAssignedID: string(account.ID)}}
	if !slices.Equal(guest.Identities, want) || guest.DisplayName != account.DisplayName || guest.PasswordHash != "" {
		t.Errorf("guest %+v", guest)
	}
	found, err := w.ops.Identities.UserByIdentity(w.ctx, w.c.Tenant, want[0].Issuer, want[0].IssuerAssignedID)
	if need(w, found, err).ID != guest.ID {
		t.Error("the guest is not found by the identity")
	}
	// The address moves to somebody else: the guest stays who they were.
	w.must(home.ops.ChangeUser(w.ctx, home.c, account.ID, func(u *directory.User) error { u.UserPrincipalName = "gone@" + home.domain(); return nil }, nil))
	successor := home.user()
	other, err := w.ops.Invite(w.ctx, w.c, directory.Invitation{Email: successor.UserPrincipalName})
	if err == nil {
		t.Errorf("the successor is the guest %s", other.ID)
	}
	for range 2 {
		w.must(w.ops.AcceptInvitation(w.ctx, w.c, guest.ID))
	}
	got, err := w.ops.Users.User(w.ctx, w.c.Tenant, guest.ID)
	if state := need(w, got, err).ExternalUserState; state == nil || *state != "Accepted" {
		t.Errorf("state %v", state)
	}
	// Deleted, the guest can be invited anew.
	w.must(w.ops.DeleteUser(w.ctx, w.c, guest.ID))
	again, err := w.ops.Invite(w.ctx, w.c, directory.Invitation{Email: "gone@" + home.domain()})
	if need(w, again, err).ID == guest.ID {
		t.Error("a deleted guest was returned")
	}
}

func TestSettingsKeepTheAdministrator(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	change := func(f func(*directory.TenantSettings)) error {
		return w.ops.ChangeSettings(w.ctx, w.c, "test", func(s *directory.TenantSettings) error { f(s); return nil })
	}
	w.must(change(func(s *directory.TenantSettings) { s.UserConsent = directory.ConsentLow }))
	invalid("permissionGrantPoliciesAssigned").check(t, change(func(s *directory.TenantSettings) { s.UserConsent = "everything" }))
	refused{directory.ReadOnly, "administrator"}.check(t, change(func(s *directory.TenantSettings) { s.Administrator = guid(1) }))
	got, err := w.ops.Tenants.TenantByName(w.ctx, w.domain())
	if s := need(w, got, err).Settings; s.UserConsent != directory.ConsentLow || s.Administrator != w.new.AdminUserID {
		t.Errorf("settings %+v", s)
	}
}

func TestWhoConsentsOwnsNothing(t *testing.T) {
	p := newPlatform(t)
	vendor, w := p.world(t), p.world(t)
	app := vendor.app(func(a *directory.Application) { a.SignInAudience = directory.AudienceMultiOrg })
	person := w.c
	person.User = w.user().ID
	sp, err := w.ops.NewConsent(person).Principal(w.ctx, app.AppID)
	if owners := need(w, sp, err).Owners; len(owners) != 0 {
		t.Errorf("owners %v", owners)
	}
}
