package consent_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// grants are what a client was granted in a tenant, as "kind resource scopes", in
// the order of the alphabet.
func (w *world) grants(t *directory.Tenant, client *directory.Application) string {
	w.t.Helper()
	page, err := w.ops.Grants.Grants(w.t.Context(), t.ID, directory.ListOptions{Limit: 100})
	w.must(err)
	var lines []string
	for _, g := range page.Items {
		holder, err := w.ops.ServicePrincipals.ServicePrincipal(w.t.Context(), t.ID, g.ClientID)
		w.must(err)
		if holder.AppID != client.AppID {
			continue
		}
		resource, err := w.ops.ServicePrincipals.ServicePrincipal(w.t.Context(), t.ID, g.ResourceID)
		w.must(err)
		lines = append(lines, g.ConsentType+" "+resource.Name()+": "+sorted(g.Scope))
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// assigned are the app roles that a principal has, as "resource role".
func (w *world) assigned(t *directory.Tenant, principal directory.ID) string {
	w.t.Helper()
	list, err := w.ops.Assignments.AppRoleAssignmentsOf(w.t.Context(), t.ID, principal)
	w.must(err)
	var lines []string
	for _, a := range list {
		resource, err := w.ops.ServicePrincipals.ServicePrincipal(w.t.Context(), t.ID, a.ResourceID)
		w.must(err)
		name := "access"
		for _, r := range resource.Roles() {
			if r.ID == a.AppRoleID {
				name = *r.Value
			}
		}
		lines = append(lines, resource.Name()+" "+name)
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// A person's consent is one grant for each resource, which grows in place, and the
// application among the person's own.
func TestGrantForOneself(t *testing.T) {
	w := newWorld(t)
	orders := w.app("Orders", w.api("Read", "Write"))
	app := w.app("Shop")
	r := w.ask(app, "openid User.Read "+string(orders.AppID)+"/Read")
	w.accept(r, false)
	if got := w.grants(w.hakone, app); got != "Principal Microsoft Graph: User.Read openid; Principal Orders: Read" {
		t.Errorf("granted %s", got)
	}
	if got := w.assigned(w.hakone, w.hanako.ID); got != "Shop access" {
		t.Errorf("assigned %q", got)
	}
	if ev := w.store.event; ev.Activity != "Consent to application" || ev.Actor.Kind != "user" || ev.Actor.ObjectID != string(w.hanako.ID) ||
		ev.TargetName != "Shop" || !slices.Contains(ev.Changes, "ConsentContext.OnBehalfOfAll=false") || !strings.Contains(fmt.Sprint(ev.Changes), "/User.Read") {
		t.Errorf("audited as %+v", ev)
	}
	w.accept(w.ask(app, string(orders.AppID)+"/Write "+string(orders.AppID)+"/Read"), false)
	if got := w.grants(w.hakone, app); got != "Principal Microsoft Graph: User.Read openid; Principal Orders: Read Write" {
		t.Errorf("granted %s", got)
	}
	events, err := w.db.DirectoryEvents(t.Context(), w.hakone.ID, 50)
	w.must(err)
	n := 0
	for _, e := range events {
		if e.Activity == "Consent to application" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d consents in the audit log, want 2", n)
	}
	// Accepted twice, as by two tabs: nothing changes.
	w.accept(w.ask(app, "User.Read", askAgain), false)
	if got := w.grants(w.hakone, app); got != "Principal Microsoft Graph: User.Read openid; Principal Orders: Read Write" {
		t.Errorf("granted %s", got)
	}
}

// An administrator's box makes it everybody's, with what the administrator alone
// held before.
func TestGrantForAll(t *testing.T) {
	w := newWorld(t)
	orders := w.app("Orders", w.api("Read", "!Manage"), w.role("All"))
	app := w.app("Shop", needs(orders, "Read", "Manage", "All"))
	w.accept(w.ask(app, "User.Read"), false)
	global := withRoles(directory.RoleGlobalAdministrator)

	w.accept(w.ask(app, "User.Read openid", global), true)
	if got := w.grants(w.hakone, app); got != "AllPrincipals Microsoft Graph: User.Read openid; Principal Microsoft Graph: User.Read" {
		t.Errorf("granted %s", got)
	}
	taro := w.person(w.hakone, "taro")
	w.wants(w.ask(app, "openid User.Read", as(taro)), "openid User.Read", "", false)

	// Without the box, an administrator consents alone, and the application itself
	// gets nothing.
	scope := string(orders.AppID) + "/.default"
	w.wants(w.ask(app, scope, global), "Read Manage All", "Read Manage All", true)
	w.accept(w.ask(app, scope, global), false)
	if got := w.assigned(w.hakone, w.find(w.hakone, app).ID); got != "" {
		t.Errorf("the application has %q", got)
	}
	w.wants(w.ask(app, scope, global), "Read Manage", "", false)
	w.wants(w.ask(app, scope, as(taro)), "Read Manage", "Read Manage", true)
	if a := w.assess(w.ask(app, scope, as(taro))); !errors.Is(a.Refusal, aadsts.AdminConsentRequired) {
		t.Errorf("refusal %v", a.Refusal)
	}

	// With it, everything that is registered.
	w.accept(w.ask(app, scope, global, askAgain), true)
	w.wants(w.ask(app, scope, as(taro)), "Read Manage", "", false)
	if got := w.assigned(w.hakone, w.find(w.hakone, app).ID); got != "Orders All" {
		t.Errorf("the application has %q", got)
	}
	if !slices.Contains(w.store.event.Changes, "ConsentContext.OnBehalfOfAll=true") {
		t.Errorf("audited as %v", w.store.event.Changes)
	}
}

// The administrator's page grants for all, whatever the person holds alone.
func TestGrantByAdminConsent(t *testing.T) {
	w := newWorld(t)
	graph := w.graph()
	orders := w.app("Orders", w.api("Read"), w.role("All"))
	app := w.app("Shop", needs(orders, "Read", "All"), needs(graph, "User.Read", "Directory.Read.All"))
	w.accept(w.ask(app, string(orders.AppID)+"/Read"), false)
	everything := w.ask(app, "", v1(""), forOrganisation, withRoles(directory.RoleCloudApplicationAdministrator))
	if a := w.assess(everything); !errors.Is(a.Refusal, aadsts.AdminConsentRequired) || a.MayOrganisation {
		t.Errorf("application permissions of Graph: %v, for all %v", a.Refusal, a.MayOrganisation)
	}
	everything.Roles = []directory.ID{directory.RolePrivilegedRoleAdministrator}
	a := w.assess(everything)
	if got := values(a.Missing); sorted(got) != sorted("All Read User.Read Directory.Read.All Directory.Read.All") {
		t.Errorf("missing %q", got)
	}
	w.accept(everything, true)
	if got := w.assigned(w.hakone, w.find(w.hakone, app).ID); got != "Microsoft Graph Directory.Read.All; Orders All" {
		t.Errorf("the application has %q", got)
	}
	again := w.assess(w.ask(app, "", v1(""), forOrganisation, withRoles(directory.RoleGlobalAdministrator)))
	if !again.Needed || len(again.Missing) > 0 || again.Refusal != nil {
		t.Errorf("the second time: %+v", again)
	}
	w.accept(w.ask(app, "", v1(""), forOrganisation, withRoles(directory.RoleGlobalAdministrator)), true)

	// Named scopes bring what they name.
	other := w.app("Other", needs(orders, "Read", "All"))
	w.accept(w.ask(other, "openid User.Read", forOrganisation, withRoles(directory.RoleApplicationAdministrator)), true)
	if got := w.grants(w.hakone, other); got != "AllPrincipals Microsoft Graph: User.Read openid" {
		t.Errorf("granted %s", got)
	}
	// .default brings everything, of all resources, with OpenID Connect beside it.
	third := w.app("Third", needs(orders, "Read", "All"), needs(graph, "User.Read"))
	w.accept(w.ask(third, "offline_access "+string(orders.AppID)+"/.default", forOrganisation, withRoles(directory.RoleApplicationAdministrator)), true)
	if got := w.grants(w.hakone, third); got != "AllPrincipals Microsoft Graph: User.Read offline_access; AllPrincipals Orders: Read" {
		t.Errorf("granted %s", got)
	}
	if got := w.assigned(w.hakone, w.find(w.hakone, third).ID); got != "Orders All" {
		t.Errorf("the application has %q", got)
	}
}

// What may not be granted is not, whatever the page said.
func TestGrantRefuses(t *testing.T) {
	w := newWorld(t)
	app := w.app("Shop")
	r := w.ask(app, "Directory.Read.All")
	_, err := w.consents.Grant(t.Context(), by(r), r, w.assess(r), false)
	if !errors.Is(err, aadsts.AdminConsentRequired) {
		t.Errorf("granted what is for administrators: %v", err)
	}
	r = w.ask(app, "User.Read")
	if _, err = w.consents.Grant(t.Context(), by(r), r, w.assess(r), true); !errors.Is(err, aadsts.AdminConsentRequired) {
		t.Errorf("granted for all by a person: %v", err)
	}
	r = w.ask(app, "User.Read", withRoles(directory.RoleCloudApplicationAdministrator))
	if _, err = w.consents.Grant(t.Context(), by(r), r, w.assess(r), true); !errors.Is(err, aadsts.AdminConsentRequired) {
		t.Errorf("the box of another administrator: %v", err)
	}
	w.store.err = fmt.Errorf("%w: disk full", directory.ErrUnavailable)
	r = w.ask(app, "User.Read")
	_, err = w.consents.Grant(t.Context(), by(r), r, w.assess(r), false)
	if !errors.Is(err, aadsts.ConsentNotRecorded) || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("a disk that is full: %v", err)
	}
	if w.find(w.hakone, app) != nil || w.grants(w.hakone, app) != "" {
		t.Error("something was written")
	}
}

// Where an assignment decides who may use the application, consent makes none.
func TestGrantDoesNotAssign(t *testing.T) {
	w := newWorld(t)
	app := w.app("Shop")
	sp := w.sp(w.hakone, app)
	w.must(w.ops.ChangeServicePrincipal(t.Context(), directory.Platform(w.hakone.ID), sp.ID, func(sp *directory.ServicePrincipal) error {
		sp.AppRoleAssignmentRequired = true
		return nil
	}))
	if a := w.assess(w.ask(app, "User.Read")); !errors.Is(a.Refusal, aadsts.AdminConsentRequired) {
		t.Errorf("refusal %v", a.Refusal)
	}
	w.accept(w.ask(app, "User.Read", withRoles(directory.RoleGlobalAdministrator)), false)
	if got := w.assigned(w.hakone, w.hanako.ID); got != "" {
		t.Errorf("assigned %q", got)
	}
}

// Guests consent for themselves like members.
func TestGuest(t *testing.T) {
	w := newWorld(t)
	guest := "Guest"
	w.must(w.ops.Users.ChangeUser(t.Context(), w.hakone.ID, w.hanako.ID, func(u *directory.User) error { u.UserType = &guest; return nil },
		directory.Platform(w.hakone.ID).Event(w.ops.Now(), "Update user", directory.KindUser, w.hanako.ID, "")))
	app := w.app("Shop")
	w.accept(w.ask(app, "User.Read"), false)
	w.wants(w.ask(app, "User.Read"), "User.Read", "", false)
}

// What was taken away is gone at once, and asked for again.
func TestRevoked(t *testing.T) {
	w := newWorld(t)
	app := w.app("Shop")
	r := w.ask(app, "User.Read Files.Read")
	w.accept(r, false)
	page, err := w.ops.Grants.Grants(t.Context(), w.hakone.ID, directory.ListOptions{Limit: 10})
	w.must(err)
	w.must(w.ops.SetGrantScope(t.Context(), directory.Platform(w.hakone.ID), page.Items[0].ID, "User.Read"))
	if got := w.held(r, w.graph()); got != "User.Read" {
		t.Errorf("held %q", got)
	}
	w.must(w.ops.DeleteGrant(t.Context(), directory.Platform(w.hakone.ID), page.Items[0].ID))
	w.wants(w.ask(app, "User.Read"), "User.Read", "User.Read", true)
	// A service principal that was deleted takes its grants with it; the next
	// consent makes another.
	w.accept(w.ask(app, "User.Read"), false)
	w.must(w.ops.DeleteServicePrincipal(t.Context(), directory.Platform(w.hakone.ID), w.find(w.hakone, app).ID))
	w.wants(w.ask(app, "User.Read"), "User.Read", "User.Read", true)
	w.accept(w.ask(app, "User.Read"), false)
	w.wants(w.ask(app, "User.Read"), "User.Read", "", false)
}

// Two people who consent at once to an application that is new here make one
// service principal, and each keeps their own grant.
func TestFirstConsentRaces(t *testing.T) {
	w := newWorld(t)
	app := w.app("Shop")
	people := []*directory.User{w.hanako, w.person(w.hakone, "taro"), w.person(w.hakone, "jiro")}
	type question struct {
		r *consent.Request
		a *consent.Assessment
	}
	var list []question
	for _, p := range people {
		r := w.ask(app, "openid User.Read", as(p))
		list = append(list, question{r, w.assess(r)})
	}
	w.ops.Rand = rand.Reader
	service := consent.New(consent.Config{Lookup: w.consents.Lookup, Store: w.db, Operations: w.ops})
	var wg sync.WaitGroup
	ids := make([]directory.ID, len(list))
	for i, q := range list {
		wg.Go(func() {
			sp, err := service.Grant(t.Context(), by(q.r), q.r, q.a, false)
			if err != nil {
				t.Errorf("granting: %v", err)
				return
			}
			ids[i] = sp.ID
		})
	}
	wg.Wait()
	if ids[0] == "" || ids[0] != ids[1] || ids[1] != ids[2] {
		t.Errorf("service principals %v", ids)
	}
	for _, q := range list {
		if got := w.held(q.r, w.graph()); got != "openid User.Read" {
			t.Errorf("%s holds %q", q.r.User.DisplayName, got)
		}
	}
}
