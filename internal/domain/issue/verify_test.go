package issue

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// world is what a Verifier looks at.
type world struct {
	tenants
	principals map[directory.ID]*directory.ServicePrincipal // by appId
	users      map[directory.ID]*directory.User
	family     *authorization.Family
	err        error
	reads      int
}

func (w *world) ServicePrincipalByAppID(_ context.Context, t directory.TenantID, appID directory.ID) (*directory.ServicePrincipal, error) {
	if p := w.principals[appID]; p != nil && t == p.TenantID {
		return p, nil
	}
	return nil, directory.ErrNotFound
}

func (w *world) User(_ context.Context, t directory.TenantID, id directory.ID) (*directory.User, error) {
	w.reads++
	if u := w.users[id]; u != nil && u.TenantID == t {
		return u, w.err
	}
	return nil, directory.ErrNotFound
}

func (w *world) Family(_ context.Context, home directory.TenantID, id directory.ID) (*authorization.Family, error) {
	w.reads++
	if f := w.family; f != nil && f.HomeTenant == home && f.ID == id {
		return f, w.err
	}
	return nil, directory.ErrNotFound
}

// scene issues tokens to a guest or a member and gives a Verifier that knows the
// world they came from.
func scene(t *testing.T, change func(*UserFacts)) (*Verifier, *world, *UserTokens, *UserFacts) {
	t.Helper()
	f := userFacts()
	if change != nil {
		change(f)
	}
	tokens, r := userTokens(t, &ledger{})
	got, err := tokens.ForUser(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		tenants:    tenants{known: []*directory.Tenant{f.Tenant, {ID: other}}},
		principals: map[directory.ID]*directory.ServicePrincipal{},
		users: map[directory.ID]*directory.User{
			hana:     f.User,
			hanaHome: {TenantID: other, ID: hanaHome, AccountEnabled: true},
		},
		family: &authorization.Family{ID: family, Subject: f.Subject, Asked: authorization.Asked{Platform: "spa"}},
	}
	for _, p := range []*directory.ServicePrincipal{f.Client, f.Resource} {
		p.TenantID, p.AccountEnabled, p.Type = acme, true, directory.TypeApplication
		p.App.TenantID, p.App.SignInAudience = acme, directory.AudienceMyOrg
		w.principals[p.AppID] = p
	}
	f.Resource.App.IdentifierURIs = []string{f.Audience}
	return &Verifier{
		Keys: r, Lookup: w, Hosts: []Hosts{f.Hosts}, Resource: f.Resource.AppID, Users: w, Families: w,
		Now: func() time.Time { return issuedAt.Add(time.Minute) },
	}, w, got, f
}

func TestTokensOfPeopleAtOurResources(t *testing.T) {
	type change func(*Verifier, *world, *UserFacts)
	later := issuedAt.Add(time.Second)
	gone := directory.ErrUnavailable
	for _, tt := range []struct {
		name   string
		facts  func(*UserFacts)
		change change
		want   error
	}{
		{name: "member"},
		{name: "member v2", facts: asV2},
		{name: "guest", facts: asGuest},
		{name: "disabled", change: func(_ *Verifier, w *world, _ *UserFacts) { w.users[hana].AccountEnabled = false }, want: ErrTokenRevoked},
		{name: "deleted", change: func(_ *Verifier, w *world, _ *UserFacts) { delete(w.users, hana) }, want: ErrTokenRevoked},
		{name: "sessions revoked since", change: func(_ *Verifier, w *world, _ *UserFacts) { w.users[hana].SessionsValidFrom = later }, want: ErrTokenRevoked},
		{name: "sessions revoked within the second before", facts: func(f *UserFacts) { f.User.SessionsValidFrom = issuedAt.Add(-time.Millisecond) }},
		{name: "revoked within a second of a token that was hardly backdated", facts: func(f *UserFacts) {
			f.User.SessionsValidFrom = issuedAt.Add(-10 * time.Second)
		}, change: func(_ *Verifier, w *world, _ *UserFacts) {
			w.users[hana].SessionsValidFrom = issuedAt.Add(time.Millisecond)
		}, want: ErrTokenRevoked},
		{name: "revoked by a node whose clock is ahead", facts: func(f *UserFacts) { f.User.SessionsValidFrom = later }},
		{name: "password changed since", change: func(_ *Verifier, w *world, _ *UserFacts) { w.users[hana].PasswordChangedAt = later }, want: ErrTokenRevoked},
		{name: "password changed before", change: func(_ *Verifier, w *world, _ *UserFacts) {
			w.users[hana].PasswordChangedAt = issuedAt.Add(-time.Millisecond)
		}},
		{name: "password changed since, confidential client", change: func(_ *Verifier, w *world, _ *UserFacts) {
			w.users[hana].PasswordChangedAt, w.family.Platform = later, "web"
		}},
		{name: "guest's password changed at home", facts: asGuest, change: func(_ *Verifier, w *world, _ *UserFacts) { w.users[hanaHome].PasswordChangedAt = later }, want: ErrTokenRevoked},
		{name: "family revoked", change: func(_ *Verifier, w *world, _ *UserFacts) { w.family.RevokedAt = later }, want: ErrTokenRevoked},
		{name: "family gone", change: func(_ *Verifier, w *world, _ *UserFacts) { w.family = nil }, want: ErrTokenRevoked},
		{name: "family of another person", change: func(_ *Verifier, w *world, _ *UserFacts) { w.family.HomeUser = hanaHome }, want: ErrTokenRevoked},
		{name: "guest disabled at home", facts: asGuest, change: func(_ *Verifier, w *world, _ *UserFacts) { w.users[hanaHome].AccountEnabled = false }, want: ErrTokenRevoked},
		{name: "guest deleted at home", facts: asGuest, change: func(_ *Verifier, w *world, _ *UserFacts) { delete(w.users, hanaHome) }, want: ErrTokenRevoked},
		{name: "guest revoked at home", facts: asGuest, change: func(_ *Verifier, w *world, _ *UserFacts) { w.users[hanaHome].SessionsValidFrom = later }, want: ErrTokenRevoked},
		{name: "guest linked with another account", facts: asGuest, change: func(_ *Verifier, w *world, _ *UserFacts) {
			w.users[hana].Identities[0].IssuerAssignedID = string(hana)
		}, want: ErrTokenRevoked},
		{name: "guest of no account", facts: asGuest, change: func(_ *Verifier, w *world, _ *UserFacts) { w.users[hana].Identities = nil }, want: ErrTokenRevoked},
		{name: "guest disabled here", facts: asGuest, change: func(_ *Verifier, w *world, _ *UserFacts) { w.users[hana].AccountEnabled = false }, want: ErrTokenRevoked},
		{name: "home tenant disabled", facts: asGuest, change: func(_ *Verifier, w *world, _ *UserFacts) { w.known[1].Disabled = true }, want: ErrTokenRevoked},
		{name: "home tenant gone", facts: asGuest, change: func(_ *Verifier, w *world, _ *UserFacts) { w.known = w.known[:1] }, want: ErrTokenRevoked},
		{name: "tenant disabled", change: func(_ *Verifier, w *world, _ *UserFacts) { w.known[0].Disabled = true }, want: ErrTokenRevoked},
		{name: "client disabled", change: func(_ *Verifier, _ *world, f *UserFacts) { f.Client.AccountEnabled = false }, want: ErrTokenRevoked},
		{name: "client gone", change: func(_ *Verifier, w *world, f *UserFacts) { delete(w.principals, f.Client.AppID) }, want: ErrTokenRevoked},
		{name: "another resource", change: func(v *Verifier, _ *world, f *UserFacts) { v.Resource = f.Client.AppID }, want: ErrTokenAudience},
		{name: "expired", change: func(v *Verifier, _ *world, _ *UserFacts) {
			v.Now = func() time.Time { return issuedAt.Add(2 * time.Hour) }
		}, want: ErrTokenExpired},
		{name: "another authority", change: func(v *Verifier, _ *world, _ *UserFacts) { v.Hosts[0].STS = "https://sts.other.example" }, want: ErrTokenIssuer},
		{name: "nobody to ask about people", change: func(v *Verifier, _ *world, _ *UserFacts) { v.Users = nil }, want: ErrTokenRevoked},
		{name: "store does not answer", change: func(_ *Verifier, w *world, _ *UserFacts) { w.err = gone }, want: gone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, w, tokens, f := scene(t, tt.facts)
			if tt.change != nil {
				tt.change(v, w, f)
			}
			got, err := v.Verify(t.Context(), tokens.Access.Compact)
			if !errors.Is(err, tt.want) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if tt.want != nil {
				return
			}
			if got.User != hana || got.Person != f.User || got.HomeTenant != f.Subject.HomeTenant || got.Client != f.Client || got.AppID != f.Client.AppID {
				t.Errorf("%+v", got)
			}
			if d := cmp.Diff([]string{"Orders.Read", "Orders.Write"}, got.Scopes); d != "" {
				t.Error(d)
			}
		})
	}
}

// An ID token of ours is signed by the same key and may name the resource as its
// audience; it is still no access token.
func TestIDTokenIsNoAccessToken(t *testing.T) {
	for _, version := range []int{1, 2} {
		v, _, _, f := scene(t, nil)
		f.Identity.Version = version
		f.Client = f.Resource
		tokens, _ := userTokens(t, &ledger{})
		got, err := tokens.ForUser(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), got.ID); !errors.Is(err, ErrTokenAudience) {
			t.Errorf("ID token v%d: %v", version, err)
		}
		if _, err := v.Verify(t.Context(), got.Access.Compact); err != nil {
			t.Errorf("the access token beside it: %v", err)
		}
	}
}

// Tokens of workloads are checked against the view alone.
func TestAppOnlyTokensReadNoDatabase(t *testing.T) {
	v, w, _, f := scene(t, nil)
	tokens, _ := userTokens(t, &ledger{})
	got, err := tokens.AppOnly(t.Context(), &f.Facts)
	if err != nil {
		t.Fatal(err)
	}
	who, err := v.Verify(t.Context(), got.Compact)
	if err != nil || who.User != "" || who.Person != nil || who.Scopes != nil || w.reads != 0 {
		t.Errorf("%+v, %v after %d reads", who, err, w.reads)
	}
}

func TestOrigin(t *testing.T) {
	want := origin{home: other, family: family, issued: issuedAt.Add(123456 * time.Microsecond)}
	got, err := parseOrigin(want.String())
	if err != nil || got.home != want.home || got.family != want.family || !got.issued.Equal(want.issued) {
		t.Errorf("%+v, %v", got, err)
	}
	whole := want.String()
	for name, bad := range map[string]string{
		"empty": "", "cut": whole[:len(whole)-4], "longer": whole + "AAAA", "another version": "Ag" + whole[2:],
		"not base64": strings.Repeat("!", len(whole)), "of a workload": "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa",
	} {
		if _, err := parseOrigin(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzParseOrigin(f *testing.F) {
	f.Add(origin{home: acme, family: family, issued: issuedAt}.String())
	f.Add("")
	f.Fuzz(func(t *testing.T, aio string) {
		if o, err := parseOrigin(aio); err == nil && o.String() != aio {
			t.Errorf("%q became %q", aio, o.String())
		}
	})
}
