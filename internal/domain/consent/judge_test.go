package consent_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

var (
	graphSP  = &directory.ServicePrincipal{ID: "g", AppID: directory.GraphAppID}
	ordersSP = &directory.ServicePrincipal{ID: "o", AppID: "aaaaaaaa-0000-4000-8000-000000000001"}
	clientID = directory.ID("aaaaaaaa-0000-4000-8000-000000000002")
)

// permission reads "Graph/Mail.Read admin granted app".
func permission(text string) consent.Permission {
	words := strings.Fields(text)
	resource, value, _ := strings.Cut(words[0], "/")
	p := consent.Permission{Resource: ordersSP, Value: value, ID: directory.ID(words[0])}
	if resource == "Graph" {
		p.Resource = graphSP
	}
	p.AdminOnly = slices.Contains(words, "admin") || slices.Contains(words, "app")
	p.Granted = slices.Contains(words, "granted")
	p.Application = slices.Contains(words, "app")
	return p
}

func values(list []consent.Permission) string {
	var all []string
	for _, p := range list {
		all = append(all, p.Value)
	}
	return strings.Join(all, " ")
}

const (
	own     = "own"     // an application of the tenant
	foreign = "foreign" // of another tenant, nobody verified its publisher
	vendor  = "vendor"  // of another tenant, verified
)

type judgement struct {
	name   string
	client string
	policy directory.UserConsent
	roles  []directory.ID
	asked  []string
	change func(*consent.Facts)

	needed       bool
	missing      string
	refusal      error
	organisation bool // MayOrganisation
}

func facts(tt judgement) consent.Facts {
	f := consent.Facts{
		Name: "Orders", AppID: clientID, Own: tt.client == own, Verified: tt.client == vendor, Installed: true,
		Policy: tt.policy, Roles: tt.roles,
	}
	for _, a := range tt.asked {
		f.Asked = append(f.Asked, permission(a))
	}
	if tt.change != nil {
		tt.change(&f)
	}
	return f
}

func runJudgements(t *testing.T, list []judgement) {
	for _, tt := range list {
		t.Run(tt.name, func(t *testing.T) {
			a := consent.Judge(facts(tt))
			if a.Needed != tt.needed || values(a.Missing) != tt.missing || a.MayOrganisation != tt.organisation {
				t.Errorf("needed %v, missing %q, for the organisation %v", a.Needed, values(a.Missing), a.MayOrganisation)
			}
			if (a.Refusal == nil) != (tt.refusal == nil) || tt.refusal != nil && !errors.Is(a.Refusal, tt.refusal) {
				t.Errorf("refusal %v, want %v", a.Refusal, tt.refusal)
			}
		})
	}
}

func again(f *consent.Facts)        { f.Again = true }
func organisation(f *consent.Facts) { f.Organisation = true }
func unknown(f *consent.Facts)      { f.Installed = false }
func assigned(f *consent.Facts)     { f.AssignmentRequired = true }
func nothing(f *consent.Facts)      { f.Nothing = true }
func risky(f *consent.Facts)        { f.RiskyAllowed = true }

var (
	global     = []directory.ID{directory.RoleGlobalAdministrator}
	privileged = []directory.ID{directory.RolePrivilegedRoleAdministrator}
	appAdmin   = []directory.ID{directory.RoleApplicationAdministrator}
	cloudAdmin = []directory.ID{directory.RoleCloudApplicationAdministrator}
	userAdmin  = []directory.ID{directory.RoleUserAdministrator, directory.RoleGlobalReader}
)

// When there is something to ask.
func TestJudgeNeed(t *testing.T) {
	runJudgements(t, []judgement{
		{name: "never consented", client: own, asked: []string{"Orders/Read"}, needed: true, missing: "Read"},
		{name: "only what is missing", client: own, asked: []string{"Orders/Read granted", "Orders/Write"}, needed: true, missing: "Write"},
		{name: "all granted", client: own, asked: []string{"Orders/Read granted"}},
		{name: "all granted, no matter who", client: foreign, policy: directory.ConsentNone, asked: []string{"Graph/Mail.Read granted admin"}, change: assigned},
		{name: "asked again", client: own, asked: []string{"Orders/Read granted"}, change: again, needed: true},
		{name: "asked again of what an administrator granted", client: own, asked: []string{"Orders/Read granted admin"}, change: again, needed: true},
		{name: "nothing asked", client: own},
		{name: "no service principal", client: own, asked: []string{"Orders/Read granted"}, change: unknown, needed: true},
		{name: "nothing registered", client: own, change: nothing, needed: true, refusal: aadsts.NoPermissions},
		{name: "nothing registered, administrator", client: own, roles: global, change: nothing, needed: true, refusal: aadsts.NoPermissions, organisation: true},
		{name: "application permissions are no business of a person", client: own, asked: []string{"Orders/Read granted", "Orders/All app"}},
		{name: "application permissions alone do not make a question", client: own, roles: global, asked: []string{"Orders/Read granted", "Orders/All app"}, organisation: true},
		{name: "application permissions do not make one again", client: own, roles: global, asked: []string{"Orders/Read granted", "Orders/All app"}, change: again, needed: true, organisation: true},
		{name: "application permissions come with the box", client: own, roles: global, asked: []string{"Orders/Read", "Orders/All app"}, needed: true, missing: "All Read", organisation: true},
	})
}

// What people without a role may consent to.
func TestJudgePeople(t *testing.T) {
	runJudgements(t, []judgement{
		{name: "scope for administrators", client: own, asked: []string{"Orders/Admin admin"}, needed: true, missing: "Admin", refusal: aadsts.AdminConsentRequired},
		{name: "one of several is for administrators", client: own, policy: directory.ConsentLegacy, asked: []string{"Orders/Read", "Orders/Admin admin"}, needed: true, missing: "Admin Read", refusal: aadsts.AdminConsentRequired},
		{name: "other roles are people", client: own, roles: userAdmin, asked: []string{"Orders/Admin admin"}, needed: true, missing: "Admin", refusal: aadsts.AdminConsentRequired},

		{name: "policy none", client: own, policy: directory.ConsentNone, asked: []string{"Graph/openid"}, needed: true, missing: "openid", refusal: aadsts.ConsentForbidden},
		{name: "policy none before all else", client: foreign, policy: directory.ConsentNone, asked: []string{"Orders/Admin admin"}, needed: true, missing: "Admin", refusal: aadsts.ConsentForbidden},
		{name: "policy none, no service principal", client: foreign, policy: directory.ConsentNone, change: unknown, needed: true, refusal: aadsts.ConsentForbidden},

		{name: "low, basic", client: own, policy: directory.ConsentLow, asked: []string{"Graph/openid", "Graph/profile", "Graph/email", "Graph/offline_access", "Graph/User.Read"}, needed: true, missing: "openid profile email offline_access User.Read"},
		{name: "low, basic for a verified publisher", client: vendor, policy: directory.ConsentLow, asked: []string{"Graph/User.Read"}, needed: true, missing: "User.Read"},
		{name: "low, basic for an unverified one", client: foreign, policy: directory.ConsentLow, asked: []string{"Graph/User.Read"}, needed: true, missing: "User.Read", refusal: aadsts.AdminConsentRequired},
		{name: "low, more", client: own, policy: directory.ConsentLow, asked: []string{"Orders/Read"}, needed: true, missing: "Read", refusal: aadsts.AdminConsentRequired},
		{name: "low, of the name of a basic one elsewhere", client: own, policy: directory.ConsentLow, asked: []string{"Orders/User.Read"}, needed: true, missing: "User.Read", refusal: aadsts.AdminConsentRequired},

		{name: "recommended, own API", client: own, asked: []string{"Orders/Read"}, needed: true, missing: "Read"},
		{name: "recommended, own files", client: own, asked: []string{"Graph/Files.ReadWrite"}, needed: true, missing: "Files.ReadWrite"},
		{name: "recommended, mail", client: own, asked: []string{"Graph/Mail.Read"}, needed: true, missing: "Mail.Read", refusal: aadsts.AdminConsentRequired},
		{name: "recommended, mail in another spelling", client: vendor, asked: []string{"Graph/mail.send"}, needed: true, missing: "mail.send", refusal: aadsts.AdminConsentRequired},
		{name: "recommended, calendars", client: own, asked: []string{"Graph/Calendars.ReadWrite"}, needed: true, missing: "Calendars.ReadWrite", refusal: aadsts.AdminConsentRequired},
		{name: "recommended, chats", client: own, asked: []string{"Graph/Chat.Read"}, needed: true, missing: "Chat.Read", refusal: aadsts.AdminConsentRequired},
		{name: "recommended, everyone's files", client: own, asked: []string{"Graph/Files.Read.All"}, needed: true, missing: "Files.Read.All", refusal: aadsts.AdminConsentRequired},
		{name: "recommended, sites", client: own, asked: []string{"Graph/Sites.Read.All"}, needed: true, missing: "Sites.Read.All", refusal: aadsts.AdminConsentRequired},
		{name: "recommended, mail granted before", client: own, asked: []string{"Graph/Mail.Read granted", "Graph/User.Read"}, needed: true, missing: "User.Read"},

		{name: "legacy", client: own, policy: directory.ConsentLegacy, asked: []string{"Graph/Mail.Read"}, needed: true, missing: "Mail.Read"},
		{name: "legacy, verified publisher", client: vendor, policy: directory.ConsentLegacy, asked: []string{"Graph/Mail.Read"}, needed: true, missing: "Mail.Read"},
		{name: "a policy from the future", client: own, policy: "custom", asked: []string{"Graph/openid"}, needed: true, missing: "openid", refusal: aadsts.AdminConsentRequired},

		{name: "risky, more than basic", client: foreign, policy: directory.ConsentLegacy, asked: []string{"Graph/User.Read", "Graph/Mail.Read"}, needed: true, missing: "Mail.Read User.Read", refusal: aadsts.RiskyApplication},
		{name: "risky, its own API", client: foreign, asked: []string{"Orders/Read"}, needed: true, missing: "Read", refusal: aadsts.RiskyApplication},
		{name: "risky, basic only", client: foreign, asked: []string{"Graph/openid", "Graph/User.Read"}, change: unknown, needed: true, missing: "openid User.Read"},
		{name: "risky, the tenant lets it", client: foreign, asked: []string{"Orders/Read"}, change: risky, needed: true, missing: "Read"},
		{name: "risky, the tenant lets it, high impact", client: foreign, asked: []string{"Graph/Mail.Read"}, change: risky, needed: true, missing: "Mail.Read", refusal: aadsts.AdminConsentRequired},
		{name: "risky, what it holds does not count", client: foreign, asked: []string{"Graph/Mail.Read granted", "Graph/User.Read"}, needed: true, missing: "User.Read"},

		{name: "assignment required", client: own, policy: directory.ConsentLegacy, asked: []string{"Graph/openid"}, change: assigned, needed: true, missing: "openid", refusal: aadsts.AdminConsentRequired},
	})
}

// What administrators may grant, for themselves and for all.
func TestJudgeAdministrators(t *testing.T) {
	var list []judgement
	for name, roles := range map[string][]directory.ID{"global": global, "privileged": privileged} {
		list = append(list,
			judgement{name: name + ", for administrators", client: foreign, policy: directory.ConsentNone, roles: roles, asked: []string{"Graph/Directory.Read.All admin"}, change: assigned, needed: true, missing: "Directory.Read.All", organisation: true},
			judgement{name: name + ", for all", client: foreign, roles: roles, asked: []string{"Graph/Directory.Read.All admin", "Graph/Mail.Read app"}, change: organisation, needed: true, missing: "Mail.Read Directory.Read.All", organisation: true},
			judgement{name: name + ", for all, nothing new", client: own, roles: roles, asked: []string{"Orders/Read granted"}, change: organisation, needed: true, organisation: true},
		)
	}
	for name, roles := range map[string][]directory.ID{"application": appAdmin, "cloud application": cloudAdmin} {
		list = append(list,
			judgement{name: name + ", for administrators", client: foreign, policy: directory.ConsentNone, roles: roles, asked: []string{"Graph/Directory.Read.All admin"}, needed: true, missing: "Directory.Read.All"},
			judgement{name: name + ", no application permission without the box", client: own, roles: roles, asked: []string{"Orders/Read", "Orders/All app"}, needed: true, missing: "Read"},
			judgement{name: name + ", for all", client: own, roles: roles, asked: []string{"Graph/Mail.Read", "Orders/All app"}, change: organisation, needed: true, missing: "All Mail.Read", organisation: true},
			judgement{name: name + ", application permissions of Graph", client: own, roles: roles, asked: []string{"Graph/User.Read", "Graph/Mail.Read app"}, change: organisation, needed: true, missing: "Mail.Read User.Read", refusal: aadsts.AdminConsentRequired},
			judgement{name: name + ", application permissions of Graph that were granted", client: own, roles: roles, asked: []string{"Graph/User.Read", "Graph/Mail.Read app granted"}, change: organisation, needed: true, missing: "User.Read", organisation: true},
		)
	}
	list = append(list,
		judgement{name: "nobody special, for all", client: own, policy: directory.ConsentLegacy, asked: []string{"Graph/openid"}, change: organisation, needed: true, missing: "openid", refusal: aadsts.AdminConsentRequired},
		judgement{name: "nobody special, for all, nothing new", client: own, roles: userAdmin, asked: []string{"Graph/openid granted"}, change: organisation, needed: true, refusal: aadsts.AdminConsentRequired},
		judgement{name: "nothing registered, for all", client: own, roles: global, change: func(f *consent.Facts) { organisation(f); nothing(f) }, needed: true, refusal: aadsts.NoPermissions},
	)
	runJudgements(t, list)
}

// The page shows what matters most first, and what belongs to one resource
// together.
func TestJudgeArranges(t *testing.T) {
	a := consent.Judge(facts(judgement{client: own, asked: []string{
		"Graph/openid granted", "Orders/Read", "Graph/User.Read", "Orders/Admin admin", "Graph/Mail.Read",
	}}))
	if got, want := values(a.Asked), "Admin Read Mail.Read openid User.Read"; got != want {
		t.Errorf("asked in the order %q, want %q", got, want)
	}
}

// The refusal names the application, which is what the person knows.
func TestJudgeNamesTheApplication(t *testing.T) {
	a := consent.Judge(facts(judgement{client: own, asked: []string{"Orders/Admin admin"}}))
	if a.Refusal == nil || !strings.Contains(a.Refusal.Error(), "'Orders'") {
		t.Errorf("refusal %v", a.Refusal)
	}
}

// What holds whatever the facts are: nobody grants beyond their power, what is
// missing is asked and not granted, and accepting leaves nothing to ask.
func TestJudgeHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(n int) bool { return r.IntN(n) == 0 }
	permissions := []string{
		"Graph/openid", "Graph/User.Read", "Graph/Mail.Read", "Graph/Directory.Read.All admin", "Graph/User.Read.All app",
		"Orders/Read", "Orders/Manage admin", "Orders/All app",
	}
	roles := slices.Concat(global, privileged, appAdmin, cloudAdmin, userAdmin)
	policies := []directory.UserConsent{directory.ConsentRecommended, directory.ConsentLow, directory.ConsentLegacy, directory.ConsentNone, "custom"}
	for range 20_000 {
		f := consent.Facts{
			Name: "Orders", Own: pick(2), Verified: pick(4), Installed: !pick(4), AssignmentRequired: pick(4), RiskyAllowed: pick(4),
			Policy: policies[r.IntN(len(policies))], Again: pick(4), Organisation: pick(4), Nothing: pick(8),
		}
		if pick(2) {
			f.Roles = roles[r.IntN(len(roles)):][:1]
		}
		for _, p := range permissions {
			if pick(3) {
				f.Asked = append(f.Asked, permission(p))
				f.Asked[len(f.Asked)-1].Granted = pick(2)
			}
		}
		a := consent.Judge(f)
		top := slices.ContainsFunc(f.Roles, func(id directory.ID) bool { return id == global[0] || id == privileged[0] })
		administrator := top || slices.ContainsFunc(f.Roles, func(id directory.ID) bool { return id == appAdmin[0] || id == cloudAdmin[0] })
		for _, p := range a.Missing {
			known := slices.ContainsFunc(a.Asked, func(o consent.Permission) bool { return o.ID == p.ID && o.Application == p.Application })
			switch {
			case p.Granted || !known:
				t.Fatalf("%+v: missing %s, which was granted or not asked", f, p.Value)
			case a.Refusal == nil && !administrator && (p.AdminOnly || p.Application):
				t.Fatalf("%+v: a person may grant %s", f, p.Value)
			case a.Refusal == nil && !top && p.Application && p.Resource == graphSP:
				t.Fatalf("%+v: an application administrator may grant %s", f, p.Value)
			}
		}
		switch {
		case len(a.Missing) > 0 && !a.Needed, a.Refusal != nil && !a.Needed:
			t.Fatalf("%+v: something is missing and nobody is asked", f)
		case a.MayOrganisation && !administrator, a.MayOrganisation && !top && !f.Organisation, a.MayOrganisation && f.Organisation && a.Refusal != nil:
			t.Fatalf("%+v: may grant for all", f)
		case f.Organisation && !administrator && a.Refusal == nil:
			t.Fatalf("%+v: a person may consent for the organisation", f)
		}
		for i := range f.Asked {
			for _, p := range a.Missing {
				if p.ID == f.Asked[i].ID && (!p.Application || f.Organisation) {
					f.Asked[i].Granted = true // as without the box
				}
			}
		}
		f.Installed = true
		if after := consent.Judge(f); len(after.Missing) > 0 || after.Needed != (f.Again || f.Organisation || f.Nothing) {
			t.Fatalf("%+v: after accepting, missing %s, needed %v", f, values(after.Missing), after.Needed)
		}
	}
}
