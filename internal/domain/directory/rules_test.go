package directory_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// A ruleRow is one rule of the directory: where it is written, what is true of
// the world, what is tried, and how it ends.
type ruleRow struct {
	section, name string
	try           func(*world) error
	want          refused
}

// TestRules holds every rule and limit of the directory on a real database. The
// sections are those of the specification of the directory.
func TestRules(t *testing.T) {
	p := newPlatform(t)
	var rows []ruleRow
	for _, part := range [][]ruleRow{
		applicationRows(), claimRows(), audienceRows(), identifierRows(), permissionRows(), roleRows(), ownerRows(), redirectRows(),
		principalRows(), lifecycleRows(), passwordRows(), keyRows(t), grantRows(), assignmentRows(), userRows(), policyRows(), federatedRows(),
	} {
		rows = append(rows, part...)
	}
	seen := map[string]bool{}
	for _, row := range rows {
		name := row.section + " " + row.name
		if seen[name] {
			t.Errorf("two rows are called %q", name)
		}
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			row.want.check(t, row.try(p.world(t)))
		})
	}
}

// create is a row that registers an application.
func create(section, name string, want refused, change func(*directory.Application)) ruleRow {
	return ruleRow{section, name, func(w *world) error { return w.create(change) }, want}
}

// change is a row that changes a plain application.
func change(section, name string, want refused, change func(*directory.Application)) ruleRow {
	return ruleRow{section, name, func(w *world) error { return w.change(w.app(), change) }, want}
}

func applicationRows() []ruleRow {
	readOnly := func(property string) refused {
		return refused{directory.ReadOnly, "Property " + property + " is read-only."}
	}
	return []ruleRow{
		create("§3", "a name is all it takes", fine, func(*directory.Application) {}),
		create("§3", "displayName missing", invalid("displayName is required"), func(a *directory.Application) { a.DisplayName = " " }),
		create("§3", "displayName of 256 characters", fine, func(a *directory.Application) { a.DisplayName = strings.Repeat("界", 256) }),
		create("§3", "displayName of 257 characters", invalid("longer than 256"), func(a *directory.Application) { a.DisplayName = strings.Repeat("a", 257) }),
		create("§3", "displayName with a control character", invalid("control characters"), func(a *directory.Application) { a.DisplayName = "a\x00b" }),
		create("§3", "displayName of 91 characters with personal accounts", invalid("longer than 90"), func(a *directory.Application) {
			personal(a)
			a.DisplayName = strings.Repeat("a", 91)
		}),
		create("§3", "description of 1025 characters", invalid("longer than 1024"), func(a *directory.Application) { a.Description = ptr(strings.Repeat("a", 1025)) }),
		create("§3", "notes that are not UTF-8", invalid("not valid UTF-8"), func(a *directory.Application) { a.Notes = ptr("a\xff") }),
		create("§3", "uniqueName outside of an upsert", refused{directory.ReadOnly, "can only be set by an update"}, func(a *directory.Application) { a.UniqueName = ptr("orders") }),
		change("§3", "uniqueName given later", readOnly("uniqueName"), func(a *directory.Application) { a.UniqueName = ptr("orders") }),
		change("§3", "appId changed", readOnly("appId"), func(a *directory.Application) { a.AppID = guid(1) }),
		change("§3", "publisherDomain changed", readOnly("publisherDomain"), func(a *directory.Application) { a.PublisherDomain = ptr("other.example") }),
		change("§3", "disabledByMicrosoftStatus changed", readOnly("disabledByMicrosoftStatus"), func(a *directory.Application) { a.DisabledByMicrosoftStatus = ptr("NotDisabled") }),
		change("§3", "info.logoUrl changed", readOnly("info.logoUrl"), func(a *directory.Application) { a.Info.LogoURL = ptr("https://x.example/l.png") }),
		change("§3", "groupMembershipClaims of two values", fine, func(a *directory.Application) { a.GroupMembershipClaims = ptr("SecurityGroup,ApplicationGroup") }),
		change("§3", "groupMembershipClaims unknown", invalid("none of: None, SecurityGroup"), func(a *directory.Application) { a.GroupMembershipClaims = ptr("Groups") }),
		change("§3", "groupMembershipClaims None with another", invalid("None together"), func(a *directory.Application) { a.GroupMembershipClaims = ptr("None,All") }),
		change("§3", "tags", fine, func(a *directory.Application) { a.Tags = []string{"HideApp", "webApp"} }),
		change("§3", "tag with a blank", invalid("no white space"), func(a *directory.Application) { a.Tags = []string{"a b"} }),
		change("§3", "tag empty", invalid("1 to 256 characters"), func(a *directory.Application) { a.Tags = []string{""} }),
		change("§3", "tag of 257 characters", invalid("longer than 256"), func(a *directory.Application) { a.Tags = []string{strings.Repeat("a", 257)} }),
		change("§3", "tag twice", invalid("twice"), func(a *directory.Application) { a.Tags = []string{"a", "a"} }),
		change("§3", "legalAgeGroupRule unknown", invalid("legalAgeGroupRule"), func(a *directory.Application) { a.ParentalControl.LegalAgeGroupRule = "Never" }),
		change("§3", "countriesBlockedForMinors no country", invalid("two-letter country code"), func(a *directory.Application) { a.ParentalControl.CountriesBlockedForMinors = []string{"Japan"} }),
		change("§3", "nativeAuthenticationApisEnabled unknown", invalid("nativeAuthenticationApisEnabled"), func(a *directory.Application) { a.NativeAuthenticationAPIs = "some" }),
		change("§3", "requestedAccessTokenVersion 3", invalid("1, 2 or null"), func(a *directory.Application) { a.API.RequestedAccessTokenVersion = ptr(3) }),
		change("§3", "allowedWeakAlgorithms unknown", invalid("allowedWeakAlgorithms"), func(a *directory.Application) {
			a.RequestSignature = &directory.RequestSignature{AllowedWeakAlgorithms: ptr("md5")}
		}),
		change("§3", "tokenEncryptionKeyId without such a key", invalid("tokenEncryptionKeyId must be the keyId"), func(a *directory.Application) { a.TokenEncryptionKeyID = ptr(string(guid(1))) }),
		change("§3", "samlMetadataUrl with one tenant", fine, func(a *directory.Application) { a.SamlMetadataURL = ptr("https://x.example/metadata") }),
		change("§3", "samlMetadataUrl with many tenants", invalid("only if signInAudience is AzureADMyOrg"), func(a *directory.Application) {
			a.SignInAudience, a.SamlMetadataURL = directory.AudienceMultiOrg, ptr("https://x.example/metadata")
		}),
		change("§3", "info link that runs script", invalid("not an http or https URL"), func(a *directory.Application) { a.Info.SupportURL = ptr("JaVaScRiPt:alert(1)") }),
		change("§3", "home page that is no URL", invalid("not a valid absolute URI"), func(a *directory.Application) { a.Web.HomePageURL = ptr("orders") }),
		change("§3", "empty string means null", fine, func(a *directory.Application) { a.Web.HomePageURL = ptr("") }),
		{"§3", "uniqueName taken is the same application", func(w *world) error {
			for range 2 {
				_, _, err := w.ops.UpsertApplication(w.ctx, w.c, "orders", func(a *directory.Application) error { a.DisplayName = "Orders"; return nil })
				w.must(err)
			}
			app, created, err := w.ops.UpsertApplication(w.ctx, w.c, "orders", func(a *directory.Application) error { a.DisplayName = "New"; return nil })
			if err == nil && (created || app.DisplayName != "New") {
				return fmt.Errorf("created %v, name %q", created, app.DisplayName)
			}
			return err
		}, fine},
		{"§3", "application that the platform disabled is deleted", func(w *world) error {
			app := w.app()
			w.must(w.ops.Applications.ChangeApplication(w.ctx, w.c.Tenant, app.ID, func(a *directory.Application) error {
				a.DisabledByMicrosoftStatus = ptr("DisabledDueToViolationOfServicesAgreement")
				return nil
			}, w.c.Event(w.now, "Disable application", directory.KindApplication, app.ID, "")))
			return w.ops.DeleteApplication(w.ctx, w.c, app.ID)
		}, invalid("cannot be deleted")},
		{"§3", "built-in application changed", func(w *world) error {
			graph, err := w.ops.Applications.ApplicationByAppID(w.ctx, directory.GraphAppID)
			return w.change(need(w, graph, err), func(a *directory.Application) { a.DisplayName = "x" })
		}, gone},
	}
}

func claimRows() []ruleRow {
	return []ruleRow{
		change("§3.5", "optional claims", fine, func(a *directory.Application) {
			a.OptionalClaims = &directory.OptionalClaims{
				AccessToken: []directory.OptionalClaim{{Name: "idtyp"}, {Name: "upn", AdditionalProperties: []string{"include_externally_authenticated_upn"}}},
				IDToken:     []directory.OptionalClaim{{Name: "extension_abc_dept", Source: ptr("user")}},
			}
		}),
		change("§3.5", "optional claim unknown", invalid("Optional claim 'shoe_size' is not known"), func(a *directory.Application) {
			a.OptionalClaims = &directory.OptionalClaims{IDToken: []directory.OptionalClaim{{Name: "shoe_size"}}}
		}),
		change("§3.5", "optional claim of an unknown source", invalid("optionalClaims.idToken.source"), func(a *directory.Application) {
			a.OptionalClaims = &directory.OptionalClaims{IDToken: []directory.OptionalClaim{{Name: "email", Source: ptr("moon")}}}
		}),
		change("§3.5", "optional claim twice", invalid("twice"), func(a *directory.Application) {
			a.OptionalClaims = &directory.OptionalClaims{IDToken: []directory.OptionalClaim{{Name: "email"}, {Name: "email"}}}
		}),
		change("§3.5", "optional claim with an unknown property", invalid("additionalProperties"), func(a *directory.Application) {
			a.OptionalClaims = &directory.OptionalClaims{IDToken: []directory.OptionalClaim{{Name: "upn", AdditionalProperties: []string{"loudly"}}}}
		}),
		{"§3.6", "publisherDomain is the default domain", func(w *world) error {
			if got := *w.app().PublisherDomain; got != w.domain() {
				return fmt.Errorf("publisherDomain %s", got)
			}
			return nil
		}, fine},
		change("§3.10", "a thousand items", fine, func(a *directory.Application) {
			a.Tags = list(1000, func(i int) string { return fmt.Sprint("tag", i) })
		}),
		change("§3.10", "a thousand and one items", refused{directory.Quota, "at most 1000"}, func(a *directory.Application) {
			a.Tags = list(1001, func(i int) string { return fmt.Sprint("tag", i) })
		}),
	}
}
