package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// filter parses a filter that the test wrote.
func filter(t *testing.T, text string) odata.Expr {
	t.Helper()
	e, err := odata.ParseFilter(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

// order: lists sort by folded text as bytes, the same on every engine and
// whatever language the server was set up for.
func (b *suite) order(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	want := []string{"2 zebras", "10", "alice", "Bob", "_under", "Zed", "zeta", "Ärger", "Émile", "あいち", "アイチ", "函館", "箱根"}
	slices.SortFunc(want, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	for i := range want {
		// Created in another order than sorted.
		name := want[(i*5+3)%len(want)]
		b.user(t, tenant, "u"+string(newID())+"@x.example", func(u *directory.User) { u.DisplayName, u.CreatedAt = name, at(i) })
	}
	names := func(o directory.ListOptions) (all []string) {
		for {
			page := got[directory.Page[*directory.User]](t)(b.Users.Users(ctx, tenant, o))
			for _, u := range page.Items {
				all = append(all, u.DisplayName)
			}
			if page.Next == (directory.Cursor{}) {
				return all
			}
			o.After = page.Next
		}
	}
	same(t, "in one page", names(directory.ListOptions{OrderBy: "displayName"}), want)
	same(t, "in pages of two", names(directory.ListOptions{OrderBy: "displayName", Limit: 2}), want)
	same(t, "in pages that end with the list", names(directory.ListOptions{OrderBy: "displayName", Limit: len(want)}), want)
	slices.Reverse(want)
	same(t, "descending, in pages of three", names(directory.ListOptions{OrderBy: "displayName", Desc: true, Limit: 3}), want)
	byTime := names(directory.ListOptions{OrderBy: "createdDateTime", Limit: 4})
	byID := names(directory.ListOptions{Limit: 5})
	byUPN := names(directory.ListOptions{OrderBy: "userPrincipalName", Limit: 5})
	same(t, "by time and by id", byTime, byID)
	same(t, "by name and by id", byUPN, byID)
	latest := names(directory.ListOptions{OrderBy: "createdDateTime", Desc: true, Limit: 4})
	slices.Reverse(latest)
	same(t, "by time descending", latest, byTime)
}

// pages: what is written between two pages neither repeats nor hides what was
// there all the time.
func (b *suite) pages(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	var ids []directory.ID
	for _, name := range []string{"b", "d", "f", "f", "f", "h"} {
		ids = append(ids, b.application(t, tenant, name).ID)
	}
	o := directory.ListOptions{OrderBy: "displayName", Limit: 2, Count: true}
	var seen []string
	for i := 0; ; i++ {
		page := got[directory.Page[*directory.Application]](t)(b.Applications.Applications(ctx, tenant, o))
		for _, a := range page.Items {
			seen = append(seen, a.DisplayName)
		}
		if page.Next == (directory.Cursor{}) {
			break
		}
		o.After = page.Next
		switch i {
		case 0:
			b.application(t, tenant, "a") // behind us
			b.application(t, tenant, "e") // ahead of us
			must(t, b.Applications.DeleteApplication(ctx, tenant, ids[1], deletedAt(9), event("Delete application")))
		case 1:
			b.application(t, tenant, "z")
		}
	}
	same(t, "names over all pages", seen, []string{"b", "d", "e", "f", "f", "f", "h", "z"})
}

type filterCase struct {
	filter string
	want   string // names of what is found, in order
}

func (b *suite) filters(t *testing.T) {
	b.applicationFilters(t)
	b.principalFilters(t)
	b.userFilters(t)
}

func (b *suite) applicationFilters(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	x := b.application(t, tenant, "Alpha", func(a *directory.Application) {
		a.IdentifierURIs, a.Tags = []string{"api://" + string(a.AppID), "https://Alpha.example/" + string(a.ID)}, []string{"Blue", "hot"}
		a.UniqueName, a.PublisherDomain = ptr("alpha-"+string(a.ID)), ptr("hakone.example")
	})
	b.application(t, tenant, "beta 100%_x", func(a *directory.Application) {
		a.Tags, a.SignInAudience, a.CreatedAt = []string{"cold"}, directory.AudienceMultiOrg, at(20)
	})
	b.application(t, tenant, "Gamma O'Hara", func(a *directory.Application) { a.CreatedAt = at(30) })
	for _, c := range []filterCase{
		{"id eq '" + string(x.ID) + "'", "Alpha"},
		{"appId eq " + strings.ToUpper(string(x.AppID)), "Alpha"},
		{"displayName eq 'ALPHA'", "Alpha"},
		{"displayName ne 'alpha'", "beta 100%_x, Gamma O'Hara"},
		{"displayName in ('alpha', 'Gamma o''hara')", "Alpha, Gamma O'Hara"},
		{"not(displayName in ('alpha'))", "beta 100%_x, Gamma O'Hara"},
		{"startswith(displayName,'BETA 100%_')", "beta 100%_x"},
		{"startswith(displayName,'%')", ""},
		{"endswith(displayName,'ha')", "Alpha"},
		{"endswith(displayName,'longer than any of the names')", ""},
		{"contains(displayName,'%_')", "beta 100%_x"},
		{"contains(displayName,'a') and not startswith(displayName,'g')", "Alpha, beta 100%_x"},
		{"displayName gt 'alpha' and displayName le 'beta 100%_x'", "beta 100%_x"},
		{"displayName lt 'b' or displayName ge 'gamma'", "Alpha, Gamma O'Hara"},
		{"uniqueName eq '" + strings.ToUpper(*x.UniqueName) + "'", "Alpha"},
		{"uniqueName eq null", "beta 100%_x, Gamma O'Hara"},
		{"uniqueName ne null", "Alpha"},
		{"publisherDomain ne 'hakone.example'", "beta 100%_x, Gamma O'Hara"},
		{"not(publisherDomain eq 'hakone.example')", "beta 100%_x, Gamma O'Hara"},
		{"not startswith(publisherDomain,'hakone')", "beta 100%_x, Gamma O'Hara"},
		{"signInAudience eq 'AzureADMultipleOrgs'", "beta 100%_x"},
		{"createdDateTime ge 2026-11-21T08:20:00Z", "beta 100%_x, Gamma O'Hara"},
		{"createdDateTime lt 2026-11-21T08:25:00Z and createdDateTime gt 2026-11-21", "Alpha, beta 100%_x"},
		{"deletedDateTime eq null", "Alpha, beta 100%_x, Gamma O'Hara"},
		{"identifierUris/any(u:u eq 'API://" + string(x.AppID) + "')", "Alpha"},
		{"identifierUris/any(u:startswith(u,'https://alpha.example/'))", "Alpha"},
		{"identifierUris/any()", "Alpha"},
		{"not identifierUris/any()", "beta 100%_x, Gamma O'Hara"},
		{"tags/any(t:t eq 'blue')", "Alpha"},
		{"tags/any(t:t eq 'blue' or t eq 'cold')", "Alpha, beta 100%_x"},
		{"tags/all(t:t eq 'cold')", "beta 100%_x, Gamma O'Hara"},
		{"tags/any(t:t eq 'x')", ""},
		{"displayName eq '''; DROP TABLE applications; --'", ""},
	} {
		page := got[directory.Page[*directory.Application]](t)(b.Applications.Applications(ctx, tenant,
			directory.ListOptions{Filter: filter(t, c.filter), OrderBy: "displayName", Count: true}))
		var names []string
		for _, a := range page.Items {
			names = append(names, a.DisplayName)
		}
		checkFound(t, c, names, page.Total)
	}
}

func checkFound(t *testing.T, c filterCase, names []string, total int) {
	t.Helper()
	if have := strings.Join(names, ", "); have != c.want || total != len(names) {
		t.Errorf("%s finds %q and counts %d, want %q", c.filter, have, total, c.want)
	}
}

func (b *suite) principalFilters(t *testing.T) {
	ctx, home, tenant := t.Context(), b.tenant(t), b.tenant(t)
	uri := "https://shared.example/" + home.String()
	a := b.application(t, home, "Shared", func(a *directory.Application) {
		a.SignInAudience, a.IdentifierURIs, a.Tags = directory.AudienceMultiOrg, []string{uri}, []string{"FromApp"}
	})
	own := b.application(t, tenant, "Own")
	p := b.principal(t, tenant, a, func(p *directory.ServicePrincipal) { p.Tags = []string{"local"} })
	b.principal(t, tenant, own, func(p *directory.ServicePrincipal) { p.DisplayName, p.AccountEnabled = "Renamed", false })
	b.principal(t, tenant, newApplication(tenant, ""), func(p *directory.ServicePrincipal) {
		p.Type, p.DisplayName, p.AlternativeNames = directory.TypeManagedIdentity, "vm-1", []string{"isExplicit=False", "/vm/1"}
		p.Names = []string{"https://identity.example/" + string(p.ID)}
	})
	for _, c := range []filterCase{
		{"displayName eq 'shared'", "Shared"},
		{"displayName eq 'own'", ""},
		{"startswith(displayName,'REN')", "Renamed"},
		{"appId eq '" + string(a.AppID) + "'", "Shared"},
		{"id eq " + string(p.ID), "Shared"},
		{"servicePrincipalType eq 'ManagedIdentity'", "vm-1"},
		{"accountEnabled eq false", "Renamed"},
		{"accountEnabled ne false", "Shared, vm-1"},
		{"appOwnerOrganizationId eq " + home.String(), "Shared"},
		{"appOwnerOrganizationId eq null", "vm-1"},
		{"servicePrincipalNames/any(n:n eq '" + strings.ToUpper(uri) + "')", "Shared"},
		{"servicePrincipalNames/any(n:n eq '" + string(own.AppID) + "')", "Renamed"},
		{"servicePrincipalNames/any(n:startswith(n,'https://identity.example/'))", "vm-1"},
		{"tags/any(t:t eq 'fromapp')", "Shared"},
		{"tags/any(t:t eq 'LOCAL')", "Shared"},
		{"alternativeNames/any(n:n eq '/VM/1')", "vm-1"},
		{"createdDateTime le 2026-11-21T09:00:00Z and not(displayName eq 'vm-1')", "Renamed, Shared"},
	} {
		page := got[directory.Page[*directory.ServicePrincipal]](t)(b.ServicePrincipals.ServicePrincipals(ctx, tenant,
			directory.ListOptions{Filter: filter(t, c.filter), OrderBy: "displayName", Count: true}))
		var names []string
		for _, sp := range page.Items {
			names = append(names, sp.Name())
		}
		checkFound(t, c, names, page.Total)
	}
}

func (b *suite) userFilters(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	b.user(t, tenant, "Aiko@x.example", func(u *directory.User) {
		u.Mail, u.MailNickname, u.EmployeeID, u.Department = ptr("aiko@mail.example"), ptr("aiko"), ptr("E-1"), ptr("Sales")
		u.GivenName, u.Surname, u.JobTitle, u.UserType = ptr("愛子"), ptr("Ōta"), ptr("Lead"), ptr("Member")
	})
	b.user(t, tenant, "ben@x.example", func(u *directory.User) {
		u.AccountEnabled, u.UserType, u.ExternalUserState = false, ptr("Guest"), ptr("PendingAcceptance")
	})
	for _, c := range []filterCase{
		{"userPrincipalName eq 'AIKO@X.EXAMPLE'", "Aiko@x.example"},
		{"mail eq 'aiko@mail.example' or mail eq 'other'", "Aiko@x.example"},
		{"mail eq null", "ben@x.example"},
		{"mailNickname eq 'Aiko'", "Aiko@x.example"},
		{"employeeId eq 'e-1'", "Aiko@x.example"},
		{"accountEnabled eq true", "Aiko@x.example"},
		{"not accountEnabled", "ben@x.example"},
		{"userType eq 'guest'", "ben@x.example"},
		{"externalUserState eq 'PendingAcceptance'", "ben@x.example"},
		{"givenName eq '愛子' and surname eq 'ōTA'", "Aiko@x.example"},
		{"surname eq 'O\u0304ta'", "Aiko@x.example"},
		{"endswith(givenName,'子')", "Aiko@x.example"},
		{"department ne 'sales'", "ben@x.example"},
		{"jobTitle in ('lead','x')", "Aiko@x.example"},
		{"startswith(displayName,'a') or startswith(displayName,'b')", "Aiko@x.example, ben@x.example"},
		{"createdDateTime eq 2026-11-21T08:03:00.123456Z", "Aiko@x.example, ben@x.example"},
	} {
		page := got[directory.Page[*directory.User]](t)(b.Users.Users(ctx, tenant,
			directory.ListOptions{Filter: filter(t, c.filter), OrderBy: "userPrincipalName", Count: true}))
		var names []string
		for _, u := range page.Items {
			names = append(names, u.UserPrincipalName)
		}
		checkFound(t, c, names, page.Total)
	}
}

func (b *suite) unsupported(t *testing.T) {
	ctx, tenant := t.Context(), b.tenant(t)
	for text, property := range map[string]string{
		"shoeSize eq 5":                        "shoeSize",
		"displayName eq 'a' and web/x eq 'b'":  "displayName",
		"api/requestedAccessTokenVersion eq 2": "api/requestedAccessTokenVersion",
		"tags eq 'x'":                          "tags",
		"tags/any(t:shoeSize eq 'x')":          "tags",
		"displayName/any(t:t eq 'x')":          "displayName",
		"displayName eq uniqueName":            "displayName",
		"createdDateTime eq 'yesterday'":       "createdDateTime",
		"createdDateTime eq 5":                 "createdDateTime",
		"startswith(createdDateTime,'2026')":   "createdDateTime",
		"displayName eq true":                  "displayName",
		"tags/$count eq 0":                     "tags/$count",
		"isof('microsoft.graph.application')":  "$filter",
	} {
		e, err := odata.ParseFilter(text)
		if err != nil {
			continue // refused earlier still
		}
		_, err = b.Applications.Applications(ctx, tenant, directory.ListOptions{Filter: e})
		if _, ok := errors.AsType[*directory.UnsupportedQuery](err); !ok {
			t.Errorf("%s: error %v, want an unsupported query (%s)", text, err, property)
		}
	}
	for _, by := range []string{"tags", "doc", "p.doc", "display_name_fold"} {
		_, err := b.Applications.Applications(ctx, tenant, directory.ListOptions{OrderBy: by})
		if e, ok := errors.AsType[*directory.UnsupportedQuery](err); !ok || e.Property != by {
			t.Errorf("order by %s: error %v", by, err)
		}
	}
	_, err := b.Applications.Applications(ctx, tenant, directory.ListOptions{OrderBy: "createdDateTime", After: directory.Cursor{Value: "x", ID: "y"}})
	if _, ok := errors.AsType[*directory.UnsupportedQuery](err); !ok {
		t.Errorf("a made-up cursor: error %v", err)
	}
}
