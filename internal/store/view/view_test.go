package view

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// source is a small directory that counts its reads.
type source struct {
	reads    int
	tenants  map[string]*directory.Tenant
	apps     map[directory.ID]*directory.Application
	sps      []*directory.ServicePrincipal
	held     []directory.AppRoleAssignment
	policies map[directory.ID]*directory.TokenLifetimePolicy
	during   func() // called while a read is under way
	down     error
}

func (s *source) read() error {
	s.reads++
	if f := s.during; f != nil {
		s.during = nil
		f()
	}
	return s.down
}

func (s *source) TenantByName(_ context.Context, name string) (*directory.Tenant, error) {
	t, ok := s.tenants[name]
	if err := s.read(); err != nil {
		return nil, err
	}
	if !ok {
		return nil, directory.ErrNotFound
	}
	return t, nil
}

func (s *source) ApplicationByAppID(_ context.Context, id directory.ID) (*directory.Application, error) {
	a, ok := s.apps[id]
	if err := s.read(); err != nil {
		return nil, err
	}
	if !ok {
		return nil, directory.ErrNotFound
	}
	return a, nil
}

func (s *source) find(is func(*directory.ServicePrincipal) bool) (*directory.ServicePrincipal, error) {
	var found *directory.ServicePrincipal
	for _, p := range s.sps {
		joined := *p
		joined.App = s.apps[p.AppID]
		if is(&joined) {
			found = &joined
		}
	}
	if err := s.read(); err != nil {
		return nil, err
	}
	if found == nil {
		return nil, directory.ErrNotFound
	}
	return found, nil
}

func (s *source) ServicePrincipal(_ context.Context, t directory.TenantID, id directory.ID) (*directory.ServicePrincipal, error) {
	return s.find(func(p *directory.ServicePrincipal) bool { return p.TenantID == t && p.ID == id })
}

func (s *source) ServicePrincipalByAppID(_ context.Context, t directory.TenantID, id directory.ID) (*directory.ServicePrincipal, error) {
	return s.find(func(p *directory.ServicePrincipal) bool { return p.TenantID == t && p.AppID == id })
}

func (s *source) ServicePrincipalByName(_ context.Context, t directory.TenantID, name string) (*directory.ServicePrincipal, error) {
	return s.find(func(p *directory.ServicePrincipal) bool { return p.TenantID == t && hasName(p, name) })
}

func (s *source) AppRoleAssignmentsOf(context.Context, directory.TenantID, directory.ID) ([]directory.AppRoleAssignment, error) {
	held := s.held
	return held, s.read()
}

func (s *source) TokenLifetimePolicy(_ context.Context, _ directory.TenantID, id directory.ID) (*directory.TokenLifetimePolicy, error) {
	p, ok := s.policies[id]
	if err := s.read(); err != nil {
		return nil, err
	}
	if !ok {
		return nil, directory.ErrNotFound
	}
	return p, nil
}

func (s *source) DefaultTokenLifetimePolicy(ctx context.Context, t directory.TenantID) (*directory.TokenLifetimePolicy, error) {
	return s.TokenLifetimePolicy(ctx, t, "default")
}

var (
	tenantA = directory.MustTenantID("aaaaaaaa-0000-4000-8000-000000000001")
	appID   = directory.ID("aaaaaaaa-0000-4000-8000-000000000002")
	spID    = directory.ID("aaaaaaaa-0000-4000-8000-000000000003")
)

func newSource() *source {
	t := &directory.Tenant{ID: tenantA, Domains: []directory.Domain{{Name: "a.example", Verified: true, Default: true}}}
	return &source{
		tenants: map[string]*directory.Tenant{tenantA.String(): t, "a.example": t},
		apps:    map[directory.ID]*directory.Application{appID: {TenantID: tenantA, AppID: appID, DisplayName: "App", IdentifierURIs: []string{"api://one"}}},
		sps:     []*directory.ServicePrincipal{{TenantID: tenantA, ID: spID, AppID: appID, Type: directory.TypeApplication, AccountEnabled: true}},
		held:    []directory.AppRoleAssignment{{ID: "1"}},
	}
}

type clock struct{ now time.Time }

func newView(t *testing.T, s *source) (*View, *clock) {
	t.Helper()
	c := &clock{now: time.Unix(1_000_000, 0)}
	v, err := New(Config{Source: s, Elapsed: func() time.Time { return c.now }})
	if err != nil {
		t.Fatal(err)
	}
	return v, c
}

// token reads everything that issuing a token needs.
func token(t *testing.T, v *View) {
	t.Helper()
	ctx := t.Context()
	_, err1 := v.TenantByName(ctx, "a.example")
	_, err2 := v.ApplicationByAppID(ctx, appID)
	_, err3 := v.ServicePrincipalByAppID(ctx, tenantA, appID)
	_, err4 := v.ServicePrincipalByName(ctx, tenantA, "api://one")
	_, err5 := v.AppRoleAssignmentsOf(ctx, tenantA, spID)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	if _, err := v.DefaultTokenLifetimePolicy(ctx, tenantA); !errors.Is(err, directory.ErrNotFound) {
		t.Fatal(err)
	}
}

func TestSecondTokenReadsNothing(t *testing.T) {
	s := newSource()
	v, _ := newView(t, s)
	token(t, v)
	first := s.reads
	for range 10 {
		token(t, v)
	}
	if s.reads != first {
		t.Errorf("%d reads after the first token's %d", s.reads-first, first)
	}
	if _, err := v.TenantByName(t.Context(), tenantA.String()); err != nil || s.reads != first {
		t.Errorf("the tenant by its id: %v, %d reads", err, s.reads-first)
	}
	v.cache.CleanUp()
	if hits, misses := v.Counts(); hits == 0 || misses == 0 || v.Bytes() == 0 {
		t.Errorf("hits %d, misses %d, bytes %d", hits, misses, v.Bytes())
	}
}

func TestChangesAreSeen(t *testing.T) {
	ctx := t.Context()
	tests := []struct {
		name   string
		change directory.Change
		make   func(*source)
		seen   func(*View) bool
	}{
		{"application renamed", directory.Change{Tenant: tenantA, Kind: directory.ChangedApplication, ID: "x", Key: string(appID)},
			func(s *source) { s.apps[appID] = &directory.Application{AppID: appID, DisplayName: "New"} },
			func(v *View) bool {
				p, err := v.ServicePrincipalByAppID(ctx, tenantA, appID)
				return err == nil && p.App.DisplayName == "New"
			}},
		{"App ID URI taken away", directory.Change{Tenant: tenantA, Kind: directory.ChangedApplication, ID: "x", Key: string(appID)},
			func(s *source) { s.apps[appID] = &directory.Application{AppID: appID} },
			func(v *View) bool {
				_, err := v.ServicePrincipalByName(ctx, tenantA, "api://one")
				return errors.Is(err, directory.ErrNotFound)
			}},
		{"service principal disabled", directory.Change{Tenant: tenantA, Kind: directory.ChangedServicePrincipal, ID: string(spID), Key: string(appID)},
			func(s *source) { s.sps[0] = &directory.ServicePrincipal{TenantID: tenantA, ID: spID, AppID: appID} },
			func(v *View) bool {
				p, err := v.ServicePrincipal(ctx, tenantA, spID)
				return err == nil && !p.AccountEnabled
			}},
		{"service principal deleted", directory.Change{Tenant: tenantA, Kind: directory.ChangedServicePrincipal, ID: string(spID), Key: string(appID)},
			func(s *source) { s.sps = nil },
			func(v *View) bool {
				_, err := v.ServicePrincipalByName(ctx, tenantA, "api://one")
				return errors.Is(err, directory.ErrNotFound)
			}},
		{"role taken away", directory.Change{Tenant: tenantA, Kind: directory.ChangedAssignments, ID: string(spID)},
			func(s *source) { s.held = nil },
			func(v *View) bool {
				held, err := v.AppRoleAssignmentsOf(ctx, tenantA, spID)
				return err == nil && len(held) == 0
			}},
		{"default policy made", directory.Change{Tenant: tenantA, Kind: directory.ChangedPolicy, ID: "default"},
			func(s *source) {
				s.policies = map[directory.ID]*directory.TokenLifetimePolicy{"default": {ID: "default"}}
			},
			func(v *View) bool { _, err := v.DefaultTokenLifetimePolicy(ctx, tenantA); return err == nil }},
		{"domain taken away", directory.Change{Tenant: tenantA, Kind: directory.ChangedTenant, ID: tenantA.String()},
			func(s *source) {
				delete(s.tenants, "a.example")
				s.tenants[tenantA.String()] = &directory.Tenant{ID: tenantA}
			},
			func(v *View) bool {
				if _, err := v.TenantByName(ctx, tenantA.String()); err != nil {
					return false
				}
				_, err := v.TenantByName(ctx, "a.example")
				return errors.Is(err, directory.ErrNotFound)
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSource()
			v, _ := newView(t, s)
			token(t, v)
			tt.make(s)
			if tt.seen(v) {
				t.Fatal("seen before the change was applied: the view remembers nothing")
			}
			v.Apply([]directory.Change{tt.change})
			if !tt.seen(v) {
				t.Error("not seen")
			}
		})
	}
}

func TestReadThatAChangeOvertakesIsNotKept(t *testing.T) {
	s := newSource()
	v, _ := newView(t, s)
	s.during = func() { // after the old object was read
		s.apps[appID] = &directory.Application{AppID: appID, DisplayName: "New"}
		v.Apply([]directory.Change{{Tenant: tenantA, Kind: directory.ChangedApplication, Key: string(appID)}})
	}
	if a, err := v.ApplicationByAppID(t.Context(), appID); err != nil || a.DisplayName != "App" {
		t.Fatalf("%v %v", a, err)
	}
	if a, err := v.ApplicationByAppID(t.Context(), appID); err != nil || a.DisplayName != "New" {
		t.Errorf("the overtaken read was kept: %v %v", a, err)
	}
}

func TestSilentFeedEndsTrust(t *testing.T) {
	s := newSource()
	v, c := newView(t, s)
	token(t, v)
	first := s.reads
	c.now = c.now.Add(5*time.Second + time.Nanosecond)
	if !v.Stale() {
		t.Fatal("trusted after the bound")
	}
	token(t, v)
	if s.reads == first {
		t.Error("a stale view answered from memory")
	}
	v.Seen()
	before := s.reads
	token(t, v)
	if v.Stale() || s.reads != before {
		t.Error("not trusted again")
	}
}

func TestFailuresAndAbsenceAreNotKept(t *testing.T) {
	s := newSource()
	v, _ := newView(t, s)
	s.down = directory.ErrUnavailable
	if _, err := v.ApplicationByAppID(t.Context(), appID); !errors.Is(err, directory.ErrUnavailable) {
		t.Fatal(err)
	}
	s.down = nil
	if _, err := v.ApplicationByAppID(t.Context(), appID); err != nil {
		t.Error(err)
	}
	for range 2 {
		before := s.reads
		if _, err := v.ApplicationByAppID(t.Context(), "bbbbbbbb-0000-4000-8000-000000000002"); !errors.Is(err, directory.ErrNotFound) || s.reads == before {
			t.Error("an absent application was remembered")
		}
	}
}

// feed is a change log in memory.
type feed struct {
	log  []directory.Change
	last map[directory.TenantID]int64
	down error
}

func (f *feed) Positions(context.Context) (map[directory.TenantID]int64, error) {
	out := map[directory.TenantID]int64{}
	for t, n := range f.last {
		out[t] = n
	}
	return out, f.down
}

func (f *feed) ChangesAfter(_ context.Context, t directory.TenantID, seq int64, limit int) ([]directory.Change, error) {
	var out []directory.Change
	for _, c := range f.log {
		if c.Tenant == t && c.Seq > seq && len(out) < limit {
			out = append(out, c)
		}
	}
	return out, f.down
}

func TestFollower(t *testing.T) {
	s := newSource()
	v, c := newView(t, s)
	fd := &feed{last: map[directory.TenantID]int64{tenantA: 7}}
	var heard []directory.Change
	f, err := NewFollower(t.Context(), fd, v, func(cs []directory.Change) { heard = append(heard, cs...) })
	if err != nil {
		t.Fatal(err)
	}
	token(t, v)

	s.held = nil
	fd.log = []directory.Change{{Tenant: tenantA, Seq: 8, Kind: directory.ChangedAssignments, ID: string(spID)}}
	fd.last[tenantA] = 8
	if err := f.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if held, _ := v.AppRoleAssignmentsOf(t.Context(), tenantA, spID); len(held) != 0 || len(heard) != 1 {
		t.Errorf("held %v, heard %v", held, heard)
	}

	// Entries 9 to 11 were swept while this node slept.
	token(t, v)
	s.apps[appID] = &directory.Application{AppID: appID, DisplayName: "New", IdentifierURIs: []string{"api://one"}}
	fd.log = []directory.Change{{Tenant: tenantA, Seq: 12, Kind: directory.ChangedUser, ID: "u"}}
	fd.last[tenantA] = 12
	if err := f.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, _ := v.ApplicationByAppID(t.Context(), appID); a.DisplayName != "New" {
		t.Error("a gap in the feed was passed over")
	}

	fd.down = errors.New("gone")
	c.now = c.now.Add(10 * time.Second)
	if err := f.Follow(t.Context()); err == nil || !v.Stale() {
		t.Errorf("a feed that is gone: %v, stale %v", err, v.Stale())
	}
}
