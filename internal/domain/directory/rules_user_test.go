package directory_test

import (
	"fmt"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// user is a row that creates an account.
func user(name string, want refused, change func(*world, *directory.User)) ruleRow {
	return ruleRow{"§8", name, func(w *world) error {
		return w.createUser(goodPassword, func(u *directory.User) { change(w, u) })
	}, want}
}

// password is a row that creates an account with a password.
func password(name string, want refused, password string) ruleRow {
	return ruleRow{"§8", "password: " + name, func(w *world) error { return w.createUser(password) }, want}
}

// upn is a row that creates an account with a name before the @.
func upn(name string, want refused, alias string) ruleRow {
	return user("userPrincipalName: "+name, want, func(w *world, u *directory.User) { u.UserPrincipalName = alias + "@" + w.domain() })
}

func userRows() []ruleRow {
	domain := invalid("The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.")
	bad := invalid("Property userPrincipalName is invalid")
	return append([]ruleRow{
		user("an account", fine, func(*world, *directory.User) {}),
		upn("every allowed sign", fine, "a'b.c-d_e!f#g^h~1"),
		upn("64 characters", fine, strings.Repeat("a", 64)),
		upn("65 characters", bad, strings.Repeat("a", 65)),
		upn("blank", bad, "a b"),
		upn("a letter that looks like another", bad, "h\u0430nako"),
		upn("zero-width character", bad, "hana\u200bko"),
		upn("dot at the end", bad, "hanako."),
		upn("two dots", bad, "hana..ko"),
		upn("empty alias", bad, ""),
		upn("guest", fine, "hanako_elsewhere.example#EXT#"),
		user("userPrincipalName missing", invalid("userPrincipalName is required"), func(_ *world, u *directory.User) { u.UserPrincipalName = "" }),
		user("userPrincipalName without a domain", bad, func(_ *world, u *directory.User) { u.UserPrincipalName = "hanako" }),
		user("userPrincipalName of a domain that is not the tenant's", domain, func(_ *world, u *directory.User) { u.UserPrincipalName = "hanako@elsewhere.example" }),
		user("userPrincipalName with the domain in upper case", fine, func(w *world, u *directory.User) {
			u.UserPrincipalName = "hanako@" + strings.ToUpper(w.domain())
		}),
		{"§8", "userPrincipalName taken, in other letter case", func(w *world) error {
			w.user()
			return w.createUser(goodPassword, func(u *directory.User) { u.UserPrincipalName = "HANAKO@" + w.domain() })
		}, taken("userPrincipalName")},
		{"§8", "userPrincipalName taken by a change", func(w *world) error {
			u := w.user(func(u *directory.User) { u.UserPrincipalName = "taro@" + w.domain() })
			w.user()
			return w.ops.ChangeUser(w.ctx, w.c, u.ID, func(u *directory.User) error { u.UserPrincipalName = "hanako@" + w.domain(); return nil }, nil)
		}, taken("userPrincipalName")},
		{"§8", "userPrincipalName of a deleted account is free", func(w *world) error {
			w.must(w.ops.DeleteUser(w.ctx, w.c, w.user().ID))
			return w.createUser(goodPassword)
		}, fine},
		user("displayName missing", invalid("displayName is required"), func(_ *world, u *directory.User) { u.DisplayName = "" }),
		user("mailNickname missing", invalid("mailNickname is required"), func(_ *world, u *directory.User) { u.MailNickname = nil }),
		user("mailNickname with an @", invalid("mailNickname holds"), func(_ *world, u *directory.User) { u.MailNickname = ptr("a@b") }),
		user("mailNickname of 65 characters", invalid("mailNickname holds"), func(_ *world, u *directory.User) { u.MailNickname = ptr(strings.Repeat("a", 65)) }),
		user("userType unknown", invalid("none of: Member, Guest"), func(_ *world, u *directory.User) { u.UserType = ptr("member") }),
		user("usageLocation no country", invalid("two-letter country code"), func(_ *world, u *directory.User) { u.UsageLocation = ptr("jp") }),
		user("ageGroup unknown", invalid("none of: Minor"), func(_ *world, u *directory.User) { u.AgeGroup = ptr("Old") }),
		user("passwordPolicies of two values", fine, func(_ *world, u *directory.User) {
			u.PasswordPolicies = ptr("DisablePasswordExpiration, DisableStrongPassword")
		}),
		user("passwordPolicies unknown", invalid("passwordPolicies"), func(_ *world, u *directory.User) { u.PasswordPolicies = ptr("Weak") }),
		user("two businessPhones", invalid("at most 1"), func(_ *world, u *directory.User) { u.BusinessPhones = []string{"1", "2"} }),
		user("251 otherMails", invalid("at most 250"), func(_ *world, u *directory.User) {
			u.OtherMails = list(251, func(i int) string { return fmt.Sprint("a", i, "@x.example") })
		}),
		user("mail that is no address", invalid("not a mail address"), func(_ *world, u *directory.User) { u.Mail = ptr("hanako") }),
		{"§8", "createdDateTime changed", func(w *world) error {
			return w.ops.ChangeUser(w.ctx, w.c, w.user().ID, func(u *directory.User) error { u.CreatedAt = u.CreatedAt.AddDate(1, 0, 0); return nil }, nil)
		}, refused{directory.ReadOnly, "createdDateTime is read-only"}},
	}, append(secretRows(), lengthRows()...)...)
}

func secretRows() []ruleRow {
	weak := invalid("The specified password does not comply with password complexity requirements.")
	return []ruleRow{
		password("missing", invalid("passwordProfile.password is required"), ""),
		password("eight characters of three kinds", fine, "Zxk4mopq"),
		password("seven characters", weak, "Zxk4mop"),
		password("257 characters", weak, "Aa1"+strings.Repeat("x", 254)),
		password("two kinds of characters", weak, "zxk4mopqzxk4"),
		password("holds the alias", weak, "Aa1-Hanako-xyz"),
		password("what everybody guesses", weak, "P@ssw0rd1!"),
		password("not UTF-8", weak, "Zxk4mopq\xff"),
		{"§8", "password: two kinds of characters where strength is not asked for", func(w *world) error {
			return w.createUser("zxk4mopqzxk4", func(u *directory.User) { u.PasswordPolicies = ptr("DisableStrongPassword") })
		}, fine},
		{"§8", "password: a reset ends sessions", func(w *world) error {
			u := w.user()
			w.must(w.ops.ChangeUser(w.ctx, w.c, u.ID, nil, ptr("Zxk4mopq")))
			got, err := w.ops.Users.User(w.ctx, w.c.Tenant, u.ID)
			is, err := w.ops.Passwords.CheckPassword(w.ctx, need(w, got, err).PasswordHash, "Zxk4mopq")
			if err != nil || !is || !got.SessionsValidFrom.Equal(w.now) {
				return fmt.Errorf("stored %q, sessions from %v", got.PasswordHash, got.SessionsValidFrom)
			}
			return nil
		}, fine},
		{"§8", "password: a weak reset changes nothing else", func(w *world) error {
			u := w.user()
			err := w.ops.ChangeUser(w.ctx, w.c, u.ID, func(u *directory.User) error { u.DisplayName = "New"; return nil }, ptr("weak"))
			got, readErr := w.ops.Users.User(w.ctx, w.c.Tenant, u.ID)
			if need(w, got, readErr).DisplayName == "New" {
				return fmt.Errorf("half of the change was made")
			}
			return err
		}, weak},
	}
}

// lengthRows are the properties of an account that have nothing but a length.
func lengthRows() []ruleRow {
	var rows []ruleRow
	for _, f := range []struct {
		property string
		limit    int
		field    func(*directory.User) **string
	}{
		{"givenName", 64, func(u *directory.User) **string { return &u.GivenName }},
		{"surname", 64, func(u *directory.User) **string { return &u.Surname }},
		{"jobTitle", 128, func(u *directory.User) **string { return &u.JobTitle }},
		{"department", 64, func(u *directory.User) **string { return &u.Department }},
		{"companyName", 64, func(u *directory.User) **string { return &u.CompanyName }},
		{"employeeId", 16, func(u *directory.User) **string { return &u.EmployeeID }},
		{"streetAddress", 1024, func(u *directory.User) **string { return &u.StreetAddress }},
		{"country", 128, func(u *directory.User) **string { return &u.Country }},
		{"postalCode", 40, func(u *directory.User) **string { return &u.PostalCode }},
		{"mobilePhone", 64, func(u *directory.User) **string { return &u.MobilePhone }},
	} {
		at := func(n int) func(*world, *directory.User) {
			return func(_ *world, u *directory.User) { *f.field(u) = ptr(strings.Repeat("a", n)) }
		}
		rows = append(rows,
			user(fmt.Sprint(f.property, " of ", f.limit, " characters"), fine, at(f.limit)),
			user(fmt.Sprint(f.property, " of ", f.limit+1, " characters"), invalid(fmt.Sprint("longer than ", f.limit)), at(f.limit+1)))
	}
	return rows
}

// policy is a row that creates a token-lifetime policy.
func policy(name string, want refused, definition ...string) ruleRow {
	return ruleRow{"§11", name, func(w *world) error {
		_, err := w.ops.CreateTokenLifetimePolicy(w.ctx, w.c, &directory.TokenLifetimePolicy{DisplayName: "Two hours", Definition: definition})
		return err
	}, want}
}

// span is a definition with a lifetime.
func span(s string) string {
	return `{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"` + s + `"}}`
}

func (w *world) policy(changes ...func(*directory.TokenLifetimePolicy)) *directory.TokenLifetimePolicy {
	w.t.Helper()
	p := &directory.TokenLifetimePolicy{DisplayName: "Two hours", Definition: []string{span("02:00:00")}}
	for _, change := range changes {
		change(p)
	}
	p, err := w.ops.CreateTokenLifetimePolicy(w.ctx, w.c, p)
	return need(w, p, err)
}

func policyRows() []ruleRow {
	between := invalid("between 00:10:00 and 1.00:00:00")
	form := invalid("not of the form D.HH:MM:SS")
	organization := func(p *directory.TokenLifetimePolicy) { p.IsOrganizationDefault = true }
	return []ruleRow{
		policy("two hours", fine, span("02:00:00")),
		policy("ten minutes", fine, span("00:10:00")),
		policy("a day", fine, span("1.00:00:00")),
		policy("under ten minutes", between, span("00:09:59")),
		policy("over a day", between, span("1.00:00:01")),
		policy("24 hours in the wrong form", form, span("24:00:00")),
		policy("negative", form, span("-01:00:00")),
		policy("a number", invalid("must be a string"), `{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":7200}}`),
		policy("no lifetime", fine, `{"TokenLifetimePolicy":{"Version":1}}`),
		policy("a lifetime that is retired", fine, `{"TokenLifetimePolicy":{"Version":1,"MaxInactiveTime":"90.00:00:00"}}`),
		policy("a member that is unknown", invalid("TokenLifetimePolicy.Colour is not known"), `{"TokenLifetimePolicy":{"Version":1,"Colour":"red"}}`),
		policy("another version", invalid("Version must be 1"), `{"TokenLifetimePolicy":{"Version":2}}`),
		policy("another type", invalid("must hold the member TokenLifetimePolicy"), `{"ClaimsMappingPolicy":{"Version":1}}`),
		policy("no JSON", invalid("not valid JSON"), `two hours`),
		policy("text behind the JSON", invalid("not valid JSON"), span("02:00:00")+"x"),
		policy("no text", invalid("exactly one JSON text")),
		policy("two texts", invalid("exactly one JSON text"), span("02:00:00"), span("02:00:00")),
		{"§11", "a second organisation default", func(w *world) error {
			w.policy(organization)
			_, err := w.ops.CreateTokenLifetimePolicy(w.ctx, w.c, &directory.TokenLifetimePolicy{DisplayName: "B", Definition: []string{span("02:00:00")}, IsOrganizationDefault: true})
			return err
		}, refused{directory.ObjectConflict, "A conflicting object with one or more of the specified property values is present in the directory"}},
		{"§11", "a second policy on an object", func(w *world) error {
			app := w.app()
			w.must(w.ops.LinkPolicy(w.ctx, w.c, w.target(app), w.policy().ID))
			return w.ops.LinkPolicy(w.ctx, w.c, w.target(app), w.policy().ID)
		}, refused{directory.ObjectConflict, "A conflicting object"}},
		{"§11", "the same policy twice on an object", func(w *world) error {
			app, p := w.app(), w.policy()
			w.must(w.ops.LinkPolicy(w.ctx, w.c, w.target(app), p.ID))
			return w.ops.LinkPolicy(w.ctx, w.c, w.target(app), p.ID)
		}, refused{directory.BadReference, "One or more added object references already exist for the following modified properties: 'tokenLifetimePolicies'."}},
		{"§11", "a policy that does not exist", func(w *world) error {
			return w.ops.LinkPolicy(w.ctx, w.c, w.target(w.app()), guid(1))
		}, refused{directory.Missing, "does not exist or one of its queried reference-property objects are not present."}},
		{"§11", "a policy unlinked that is not linked", func(w *world) error {
			return w.ops.UnlinkPolicy(w.ctx, w.c, w.target(w.app()), w.policy().ID)
		}, refused{directory.BadReference, "One or more removed object references do not exist"}},
		{"§11", "a policy linked to a service principal and unlinked", func(w *world) error {
			t, p := directory.Target{Kind: directory.KindServicePrincipal, ID: w.sp(w.app()).ID}, w.policy()
			w.must(w.ops.LinkPolicy(w.ctx, w.c, t, p.ID))
			return w.ops.UnlinkPolicy(w.ctx, w.c, t, p.ID)
		}, fine},
		{"§11", "a policy made bad by a change", func(w *world) error {
			return w.ops.ChangeTokenLifetimePolicy(w.ctx, w.c, w.policy().ID, func(p *directory.TokenLifetimePolicy) error { p.Definition = []string{span("1")}; return nil })
		}, form},
	}
}
