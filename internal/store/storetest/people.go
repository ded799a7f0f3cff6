package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
)

func (b *suite) lockout(t *testing.T) {
	ctx, tenant, user := t.Context(), b.tenant(t), newID()
	minutes := func(locks int) time.Duration { return time.Duration(locks) * 5 * time.Minute }
	fail := func(familiar bool, password string, minute int) credential.Failures {
		t.Helper()
		return got[credential.Failures](t)(b.Lockouts.CountFailure(ctx, tenant, user, familiar, hash(password), at(minute), 3, minutes))
	}
	read := func(familiar bool) credential.Failures {
		t.Helper()
		return got[credential.Failures](t)(b.Lockouts.Failures(ctx, tenant, user, familiar))
	}
	same(t, "at first", read(false), credential.Failures{})
	for i, c := range []struct {
		password string
		want     credential.Failures
	}{
		{"a", credential.Failures{Count: 1}},
		{"a", credential.Failures{Count: 1}},
		{"b", credential.Failures{Count: 2}},
		{"a", credential.Failures{Count: 0, Locks: 1, LockedUntil: at(3 + 5)}},
		{"a", credential.Failures{Count: 0, Locks: 1, LockedUntil: at(3 + 5)}},
		{"b", credential.Failures{Count: 1, Locks: 1, LockedUntil: at(3 + 5)}},
		{"c", credential.Failures{Count: 2, Locks: 1, LockedUntil: at(3 + 5)}},
		{"d", credential.Failures{Count: 0, Locks: 2, LockedUntil: at(7 + 10)}},
	} {
		same(t, fmt.Sprintf("failure %d", i), fail(false, c.password, i), c.want)
		same(t, fmt.Sprintf("counter after failure %d", i), read(false), c.want)
	}
	same(t, "familiar places", read(true), credential.Failures{})
	same(t, "first failure from a familiar place", fail(true, "d", 9), credential.Failures{Count: 1})
	for _, op := range []string{"write", "commit"} {
		b.FailNext(op, errDisk)
		_, err := b.Lockouts.CountFailure(ctx, tenant, user, true, hash("e"), at(9), 3, minutes)
		is(t, "failure at "+op, err, directory.ErrUnavailable)
		same(t, "counter after failure at "+op, read(true), credential.Failures{Count: 1})
	}
	must(t, b.Lockouts.ClearFailures(ctx, tenant, user, false))
	must(t, b.Lockouts.ClearFailures(ctx, tenant, user, false))
	same(t, "after a success", read(false), credential.Failures{})
	same(t, "familiar places after a success elsewhere", read(true), credential.Failures{Count: 1})

	// Fifty guesses at once are fifty guesses.
	guessed := newID()
	b.race(t, func(i int) (bool, error) {
		_, err := b.Lockouts.CountFailure(ctx, tenant, guessed, false, hash(fmt.Sprint(i)), at(1), 100, minutes)
		return true, err
	})
	same(t, "after fifty at once", got[credential.Failures](t)(b.Lockouts.Failures(ctx, tenant, guessed, false)), credential.Failures{Count: 50})

	past := at(0).AddDate(-3, 0, 0)
	accounts := []directory.ID{newID(), newID(), newID()}
	for i, account := range accounts {
		last := func(int) time.Duration { return time.Duration(i) * 24 * time.Hour }
		got[credential.Failures](t)(b.Lockouts.CountFailure(ctx, tenant, account, false, hash("a"), past.Add(time.Duration(i)*time.Hour), 1, last))
	}
	counts := []int{}
	for range 3 {
		counts = append(counts, got[int](t)(b.Lockouts.SweepFailures(ctx, past.Add(90*time.Minute), 1)))
	}
	same(t, "swept one at a time", counts, []int{1, 0, 0}) // the second is locked for longer
	same(t, "swept a day later", got[int](t)(b.Lockouts.SweepFailures(ctx, past.AddDate(0, 0, 1).Add(90*time.Minute), 10)), 1)
	if f := got[credential.Failures](t)(b.Lockouts.Failures(ctx, tenant, accounts[2], false)); f.Locks != 1 {
		t.Errorf("the counter whose lock lasts is %+v", f)
	}
}

func (b *suite) role(t *testing.T, tenant directory.TenantID, role, principal directory.ID, kind directory.Kind) *directory.RoleAssignment {
	t.Helper()
	a := &directory.RoleAssignment{
		ID: newID(), RoleDefinitionID: role, PrincipalID: principal, PrincipalKind: kind, DirectoryScopeID: "/", CreatedAt: at(4),
	}
	must(t, b.Roles.CreateRoleAssignment(t.Context(), tenant, a, event("Add member to role")))
	return a
}

func (b *suite) roles(t *testing.T) {
	ctx, tenant := t.Context(), newTenantID()
	founder := &directory.User{ID: newID(), CreatedAt: at(3), UserPrincipalName: "founder@x.example", AccountEnabled: true}
	first := directory.RoleAssignment{
		ID: newID(), RoleDefinitionID: directory.RoleGlobalAdministrator, PrincipalID: founder.ID, PrincipalKind: directory.KindUser,
		DirectoryScopeID: "/", CreatedAt: at(0),
	}
	must(t, b.Tenants.CreateTenant(ctx, &directory.TenantSeed{
		Tenant: &directory.Tenant{ID: tenant, CreatedAt: at(0)}, Users: []*directory.User{founder}, Roles: []directory.RoleAssignment{first},
	}, event("Add tenant")))
	of := func(id directory.ID) []directory.RoleAssignment {
		t.Helper()
		return got[[]directory.RoleAssignment](t)(b.Roles.RoleAssignmentsOf(ctx, tenant, id))
	}
	same(t, "roles of a new tenant's administrator", of(founder.ID), []directory.RoleAssignment{first})
	reader := b.role(t, tenant, directory.RoleGlobalReader, founder.ID, directory.KindUser)
	p := b.principal(t, tenant, b.application(t, tenant, "App"))
	app := b.role(t, tenant, directory.RoleGlobalReader, p.ID, directory.KindServicePrincipal)
	same(t, "assignment", got[*directory.RoleAssignment](t)(b.Roles.RoleAssignment(ctx, tenant, reader.ID)), reader)
	same(t, "roles", of(founder.ID), []directory.RoleAssignment{first, *reader})

	twice := *reader
	twice.ID = newID()
	isRule(t, "the same role again", b.Roles.CreateRoleAssignment(ctx, tenant, &twice, event("Add")), directory.Conflict, "roleDefinitionId")
	twice.PrincipalID = newID()
	is(t, "a role for nobody", b.Roles.CreateRoleAssignment(ctx, tenant, &twice, event("Add")), directory.ErrNotFound)

	for query, want := range map[string][]*directory.RoleAssignment{
		"roleDefinitionId eq '" + string(directory.RoleGlobalReader) + "'":                                                  {reader, app},
		"principalId eq '" + string(founder.ID) + "'":                                                                       {&first, reader},
		"principalId eq '" + string(p.ID) + "' and roleDefinitionId eq '" + string(directory.RoleGlobalAdministrator) + "'": nil,
		"directoryScopeId eq '/'": {&first, reader, app},
	} {
		page := got[directory.Page[*directory.RoleAssignment]](t)(b.Roles.RoleAssignments(ctx, tenant, directory.ListOptions{Filter: filter(t, query), Count: true}))
		same(t, query, page.Items, want)
		same(t, "number of "+query, page.Total, len(want))
	}
	page := got[directory.Page[*directory.RoleAssignment]](t)(b.Roles.RoleAssignments(ctx, tenant, directory.ListOptions{Limit: 2}))
	same(t, "first page", page.Items, []*directory.RoleAssignment{&first, reader})
	page = got[directory.Page[*directory.RoleAssignment]](t)(b.Roles.RoleAssignments(ctx, tenant, directory.ListOptions{Limit: 2, After: page.Next}))
	same(t, "second page", page.Items, []*directory.RoleAssignment{app})

	must(t, b.Users.DeleteUser(ctx, tenant, founder.ID, deletedAt(9), event("Delete user")))
	same(t, "roles of a deleted user", of(founder.ID), []directory.RoleAssignment(nil))
	_, err := b.Roles.RoleAssignment(ctx, tenant, reader.ID)
	is(t, "assignment of a deleted user", err, directory.ErrNotFound)
	must(t, b.Deleted.Restore(ctx, tenant, founder.ID, event("Restore user")))
	same(t, "roles of a restored user", of(founder.ID), []directory.RoleAssignment{first, *reader})
	must(t, b.Roles.DeleteRoleAssignment(ctx, tenant, reader.ID, event("Remove member from role")))
	is(t, "removing it twice", b.Roles.DeleteRoleAssignment(ctx, tenant, reader.ID, event("Remove")), directory.ErrNotFound)
	same(t, "roles left", of(founder.ID), []directory.RoleAssignment{first})

	seq := got[map[directory.TenantID]int64](t)(b.Changes.Positions(ctx))[tenant]
	must(t, b.Users.DeleteUser(ctx, tenant, founder.ID, deletedAt(9), event("Delete user")))
	must(t, b.Deleted.Purge(ctx, tenant, founder.ID, event("Hard delete")))
	kinds := map[directory.ChangeKind]int{}
	for _, c := range got[[]directory.Change](t)(b.Changes.ChangesAfter(ctx, tenant, seq, 10)) {
		kinds[c.Kind]++
	}
	same(t, "what deletion and purge tell", kinds, map[directory.ChangeKind]int{directory.ChangedUser: 2, directory.ChangedRoles: 2})
	page = got[directory.Page[*directory.RoleAssignment]](t)(b.Roles.RoleAssignments(ctx, tenant, directory.ListOptions{}))
	same(t, "roles after the purge", page.Items, []*directory.RoleAssignment{app})
}

func (b *suite) identities(t *testing.T) {
	ctx, tenant, other := t.Context(), b.tenant(t), b.tenant(t)
	linked := func(issuer, id string) func(*directory.User) {
		return func(u *directory.User) {
			u.Identities = []directory.ObjectIdentity{
				{SignInType: "emailAddress", Issuer: "mail.example", IssuerAssignedID: "shared@mail.example"},
				{SignInType: directory.SignInFederated, Issuer: issuer, IssuerAssignedID: id},
				{SignInType: directory.SignInFederated, Issuer: issuer, IssuerAssignedID: id},
				{SignInType: directory.SignInFederated, Issuer: "half.example"},
			}
		}
	}
	issuer, name := "https://idp.example/"+tenant.String(), "Person-1"
	find := func(what, issuer, name string, want *directory.User) {
		t.Helper()
		u, err := b.Identities.UserByIdentity(ctx, tenant, issuer, name)
		if want == nil {
			is(t, what, err, directory.ErrNotFound)
			return
		}
		must(t, err)
		same(t, what, u, want)
	}
	u := b.user(t, tenant, "one@x.example", linked(issuer, name))
	b.user(t, other, "one@x.example", linked(issuer, name))
	find("user by identity", issuer, name, u)
	for what, key := range map[string][2]string{
		"another issuer": {issuer + "/", name}, "another id": {issuer, "Person-2"}, "other letters": {issuer, "person-1"},
		"an address": {"mail.example", "shared@mail.example"}, "half an identity": {"half.example", ""}, "none": {"", ""},
	} {
		find(what, key[0], key[1], nil)
	}
	clash := &directory.User{ID: newID(), CreatedAt: at(3), UserPrincipalName: "two@x.example"}
	linked(issuer, name)(clash)
	isRule(t, "a second user with the identity", b.Users.CreateUser(ctx, tenant, clash, event("Add user")), directory.Conflict, "identities")
	second := b.user(t, tenant, "two@x.example", linked(issuer, "Person-2"))
	link := func(id directory.ID, name string) error {
		return b.Users.ChangeUser(ctx, tenant, id, func(x *directory.User) error {
			linked(issuer, name)(x)
			return nil
		}, event("Update user"))
	}
	isRule(t, "another's identity by change", link(second.ID, name), directory.Conflict, "identities")
	find("user that kept it", issuer, name, u)
	must(t, link(u.ID, "Person-3"))
	linked(issuer, "Person-3")(u)
	find("user by the new identity", issuer, "Person-3", u)
	find("the identity before", issuer, name, nil)
	must(t, link(second.ID, name))
	must(t, b.Users.ChangeUser(ctx, tenant, second.ID, func(x *directory.User) error {
		x.Identities[1].IssuerAssignedID, x.Identities[2].IssuerAssignedID = "Person-4", "Person-4" // in place
		return nil
	}, event("Update user")))
	find("identity that was changed in place", issuer, name, nil)

	must(t, b.Users.DeleteUser(ctx, tenant, u.ID, deletedAt(9), event("Delete user")))
	find("identity of a deleted user", issuer, "Person-3", nil)
	must(t, b.Deleted.Restore(ctx, tenant, u.ID, event("Restore user")))
	find("identity of a restored user", issuer, "Person-3", u)
	must(t, b.Users.DeleteUser(ctx, tenant, u.ID, deletedAt(9), event("Delete user")))
	must(t, link(second.ID, "Person-3"))
	isRule(t, "restoring a user whose identity was given away", b.Deleted.Restore(ctx, tenant, u.ID, event("Restore user")), directory.Conflict, "identities")
	must(t, b.Deleted.Purge(ctx, tenant, u.ID, event("Hard delete")))
	if x := got[*directory.User](t)(b.Identities.UserByIdentity(ctx, tenant, issuer, "Person-3")); x.ID != second.ID {
		t.Errorf("after the purge the identity is %s, want %s", x.ID, second.ID)
	}
}

// signInIsolation: what one tenant keeps of sign-ins another does not see.
func (b *suite) signInIsolation(t *testing.T) {
	ctx, mine, theirs := t.Context(), b.tenant(t), b.tenant(t)
	u := b.user(t, theirs, "u@theirs.example")
	role := b.role(t, theirs, directory.RoleGlobalReader, u.ID, directory.KindUser)
	s := b.session(t, theirs, newHash())
	_, err := b.Lockouts.CountFailure(ctx, theirs, u.ID, true, hash("x"), at(1), 9, nil)
	must(t, err)
	same(t, "failures", got[credential.Failures](t)(b.Lockouts.Failures(ctx, mine, u.ID, true)), credential.Failures{})
	must(t, b.Lockouts.ClearFailures(ctx, mine, u.ID, true))
	same(t, "their failures", got[credential.Failures](t)(b.Lockouts.Failures(ctx, theirs, u.ID, true)), credential.Failures{Count: 1})
	page := got[directory.Page[*directory.RoleAssignment]](t)(b.Roles.RoleAssignments(ctx, mine, directory.ListOptions{Count: true}))
	of := got[[]directory.RoleAssignment](t)(b.Roles.RoleAssignmentsOf(ctx, mine, u.ID))
	if n := page.Total + len(of); n != 0 {
		t.Errorf("a tenant sees %d roles of another", n)
	}
	_, err = b.Roles.RoleAssignment(ctx, mine, role.ID)
	is(t, "another's role", err, directory.ErrNotFound)
	is(t, "removing another's role", b.Roles.DeleteRoleAssignment(ctx, mine, role.ID, event("x")), directory.ErrNotFound)
	is(t, "giving another's user a role", b.Roles.CreateRoleAssignment(ctx, mine, role, event("x")), directory.ErrNotFound)
	is(t, "touching another's session", b.Sessions.TouchSession(ctx, mine, s.ID, at(9), at(9)), directory.ErrNotFound)
	_, err = b.Sessions.Session(ctx, mine, s.ID)
	is(t, "another's session", err, directory.ErrNotFound)
}

// signInProbes calls every method of sign-in in a tenant.
func (b *suite) signInProbes(t *testing.T, in directory.TenantID) map[string]error {
	ctx, ev, all := t.Context(), event("Probe"), map[string]error{}
	c := newCode(b.tenant(t))
	f, s := newFamily(c), &session.Session{ID: newID()}
	all["create session"] = b.Sessions.CreateSession(ctx, in, s, newHash())
	_, all["session by secret"] = b.Sessions.SessionBySecret(ctx, in, newHash())
	_, all["session"] = b.Sessions.Session(ctx, in, s.ID)
	all["renew session"] = b.Sessions.RenewSession(ctx, in, s, newHash(), newHash())
	all["touch session"] = b.Sessions.TouchSession(ctx, in, s.ID, at(1), at(2))
	_, all["end session"] = b.Sessions.EndSession(ctx, in, s.ID)
	all["join session"] = b.Sessions.JoinSession(ctx, in, s.ID, session.Client{Tenant: c.Tenant, AppID: newID()})
	all["join session for no tenant"] = b.Sessions.JoinSession(ctx, c.Tenant, s.ID, session.Client{AppID: newID()})
	all["create code"] = b.Authorizations.CreateCode(ctx, in, newHash(), c)
	_, _, all["code"] = b.Authorizations.Code(ctx, in, newHash())
	all["redeem code"] = b.Authorizations.RedeemCode(ctx, in, newHash(), at(1), f)
	_, all["family"] = b.Authorizations.Family(ctx, in, f.ID)
	all["rotate family"] = b.Authorizations.RotateFamily(ctx, in, f.ID, 1, at(1), at(2))
	all["extend family"] = b.Authorizations.ExtendFamily(ctx, in, f.ID, at(1), at(2))
	all["revoke family"] = b.Authorizations.RevokeFamily(ctx, in, f.ID, at(1))
	_, all["failures"] = b.Lockouts.Failures(ctx, in, newID(), true)
	_, all["count failure"] = b.Lockouts.CountFailure(ctx, in, newID(), true, newHash(), at(1), 9, nil)
	all["clear failures"] = b.Lockouts.ClearFailures(ctx, in, newID(), true)
	all["create role assignment"] = b.Roles.CreateRoleAssignment(ctx, in, &directory.RoleAssignment{ID: newID()}, ev)
	_, all["role assignment"] = b.Roles.RoleAssignment(ctx, in, newID())
	_, all["role assignments of"] = b.Roles.RoleAssignmentsOf(ctx, in, newID())
	_, all["role assignments"] = b.Roles.RoleAssignments(ctx, in, directory.ListOptions{})
	all["delete role assignment"] = b.Roles.DeleteRoleAssignment(ctx, in, newID(), ev)
	_, all["user by identity"] = b.Identities.UserByIdentity(ctx, in, "i", "u")
	all["record consent"] = b.Consents.RecordConsent(ctx, in, &directory.ConsentRecord{}, ev)
	_, all["grants for"] = b.Consents.GrantsFor(ctx, in, newID(), newID())
	return all
}
