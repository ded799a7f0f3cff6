package view

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Source is what the view reads on a miss.
type Source interface {
	TenantByName(ctx context.Context, name string) (*directory.Tenant, error)
	ApplicationByAppID(ctx context.Context, appID directory.ID) (*directory.Application, error)
	ServicePrincipal(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.ServicePrincipal, error)
	ServicePrincipalByAppID(ctx context.Context, t directory.TenantID, appID directory.ID) (*directory.ServicePrincipal, error)
	ServicePrincipalByName(ctx context.Context, t directory.TenantID, name string) (*directory.ServicePrincipal, error)
	AppRoleAssignmentsOf(ctx context.Context, t directory.TenantID, principal directory.ID) ([]directory.AppRoleAssignment, error)
	TokenLifetimePolicy(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.TokenLifetimePolicy, error)
	DefaultTokenLifetimePolicy(ctx context.Context, t directory.TenantID) (*directory.TokenLifetimePolicy, error)
}

// Config is what a View needs.
type Config struct {
	Source Source
	// MaxBytes bounds what is remembered; 0 means 64 MiB.
	MaxBytes uint64
	// Bound is how long the view is trusted after the feed was last read; 0
	// means five seconds.
	Bound time.Duration
	// Elapsed is the time of the machine, not of the dev clock: what it measures
	// is how old our knowledge is.
	Elapsed func() time.Time
}

// View remembers directory objects. It is safe for concurrent use.
type View struct {
	src     Source
	bound   time.Duration
	elapsed func() time.Time
	cache   *otter.Cache[key, any]

	// epoch counts the changes applied. A load that began in another epoch is
	// not remembered: it may have read what the change replaced.
	mu    sync.RWMutex
	epoch uint64
	seen  atomic.Int64 // unix nanoseconds of the last look at the feed

	hits, misses atomic.Uint64
}

type kind uint8

const (
	tenantByID kind = iota
	tenantIDByName
	applicationByAppID
	principalByID
	principalIDByAppID
	principalIDByName
	assignments
	policy
	defaultPolicy
)

type key struct {
	kind   kind
	tenant directory.TenantID
	id     string
}

// absentPolicy is remembered where a tenant has no default policy: that answer
// is bounded by the number of tenants and asked for by every token.
type absentPolicy struct{}

// New makes an empty view.
func New(c Config) (*View, error) {
	if c.MaxBytes == 0 {
		c.MaxBytes = 64 << 20
	}
	if c.Bound == 0 {
		c.Bound = 5 * time.Second
	}
	cache, err := otter.New(&otter.Options[key, any]{
		MaximumWeight: c.MaxBytes,
		Weigher:       func(_ key, v any) uint32 { return weigh(v) },
	})
	if err != nil {
		return nil, err
	}
	v := &View{src: c.Source, bound: c.Bound, elapsed: c.Elapsed, cache: cache}
	v.Seen()
	return v, nil
}

// Seen says that the feed was read just now.
func (v *View) Seen() { v.seen.Store(v.elapsed().UnixNano()) }

// Stale reports whether the feed has been silent for longer than the bound.
func (v *View) Stale() bool { return v.elapsed().UnixNano()-v.seen.Load() > int64(v.bound) }

// Counts are the hits and misses so far.
func (v *View) Counts() (hits, misses uint64) { return v.hits.Load(), v.misses.Load() }

// Bytes is about how much is remembered.
func (v *View) Bytes() uint64 { return v.cache.WeightedSize() }

func (v *View) get(k key) (any, bool) {
	if v.Stale() {
		return nil, false
	}
	got, ok := v.cache.GetIfPresent(k)
	if ok {
		v.hits.Add(1)
	}
	return got, ok
}

// load reads with f and remembers what entries makes of the answer, unless a
// change came in between.
func load[T any](v *View, f func() (T, error), entries func(T) map[key]any) (T, error) {
	v.misses.Add(1)
	v.mu.RLock()
	before := v.epoch
	v.mu.RUnlock()
	got, err := f()
	if err != nil {
		return got, err
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.epoch == before {
		for k, e := range entries(got) {
			v.cache.Set(k, e)
		}
	}
	return got, nil
}

// TenantByName implements directory.Lookup.
func (v *View) TenantByName(ctx context.Context, name string) (*directory.Tenant, error) {
	id, err := directory.ParseTenantID(name)
	if err != nil {
		if got, ok := v.get(key{kind: tenantIDByName, id: name}); ok {
			id = got.(directory.TenantID)
		}
	}
	if !id.IsZero() {
		if got, ok := v.get(key{kind: tenantByID, tenant: id}); ok {
			// A domain may have moved since its name was remembered.
			if t := got.(*directory.Tenant); err == nil || t.VerifiedDomain(name) {
				return t, nil
			}
		}
	}
	return load(v, func() (*directory.Tenant, error) { return v.src.TenantByName(ctx, name) },
		func(t *directory.Tenant) map[key]any {
			m := map[key]any{{kind: tenantByID, tenant: t.ID}: t}
			if err != nil {
				m[key{kind: tenantIDByName, id: name}] = t.ID
			}
			return m
		})
}

// ApplicationByAppID implements directory.Lookup.
func (v *View) ApplicationByAppID(ctx context.Context, appID directory.ID) (*directory.Application, error) {
	k := key{kind: applicationByAppID, id: string(appID)}
	if got, ok := v.get(k); ok {
		return got.(*directory.Application), nil
	}
	return load(v, func() (*directory.Application, error) { return v.src.ApplicationByAppID(ctx, appID) },
		func(a *directory.Application) map[key]any { return map[key]any{k: a} })
}

// ServicePrincipal implements directory.Lookup.
func (v *View) ServicePrincipal(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.ServicePrincipal, error) {
	if p, ok := v.principal(t, id); ok {
		return p, nil
	}
	return v.loadPrincipal(func() (*directory.ServicePrincipal, error) { return v.src.ServicePrincipal(ctx, t, id) }, nil)
}

// ServicePrincipalByAppID implements directory.Lookup.
func (v *View) ServicePrincipalByAppID(ctx context.Context, t directory.TenantID, appID directory.ID) (*directory.ServicePrincipal, error) {
	k := key{kind: principalIDByAppID, tenant: t, id: string(appID)}
	if id, ok := v.get(k); ok {
		if p, ok := v.principal(t, id.(directory.ID)); ok {
			return p, nil
		}
	}
	return v.loadPrincipal(func() (*directory.ServicePrincipal, error) {
		return v.src.ServicePrincipalByAppID(ctx, t, appID)
	}, &k)
}

// ServicePrincipalByName implements directory.Lookup.
func (v *View) ServicePrincipalByName(ctx context.Context, t directory.TenantID, name string) (*directory.ServicePrincipal, error) {
	k := key{kind: principalIDByName, tenant: t, id: name}
	if id, ok := v.get(k); ok {
		// The name may have been taken away from it since.
		if p, ok := v.principal(t, id.(directory.ID)); ok && hasName(p, name) {
			return p, nil
		}
	}
	return v.loadPrincipal(func() (*directory.ServicePrincipal, error) {
		return v.src.ServicePrincipalByName(ctx, t, name)
	}, &k)
}

func hasName(p *directory.ServicePrincipal, name string) bool {
	return slices.ContainsFunc(p.ServicePrincipalNames(), func(n string) bool {
		return n == name || directory.NormalizeName(n) == name
	})
}

// principal joins a remembered service principal with its application as it
// stands now: the two change apart from each other.
func (v *View) principal(t directory.TenantID, id directory.ID) (*directory.ServicePrincipal, bool) {
	got, ok := v.get(key{kind: principalByID, tenant: t, id: string(id)})
	if !ok {
		return nil, false
	}
	p := *got.(*directory.ServicePrincipal)
	if p.Type == directory.TypeManagedIdentity {
		return &p, true
	}
	app, ok := v.get(key{kind: applicationByAppID, id: string(p.AppID)})
	if !ok {
		return nil, false
	}
	p.App = app.(*directory.Application)
	return &p, true
}

func (v *View) loadPrincipal(f func() (*directory.ServicePrincipal, error), by *key) (*directory.ServicePrincipal, error) {
	return load(v, f, func(p *directory.ServicePrincipal) map[key]any {
		alone := *p
		alone.App = nil
		m := map[key]any{{kind: principalByID, tenant: p.TenantID, id: string(p.ID)}: &alone}
		if p.App != nil {
			m[key{kind: applicationByAppID, id: string(p.AppID)}] = p.App
		}
		if by != nil {
			m[*by] = p.ID
		}
		return m
	})
}

// AppRoleAssignmentsOf implements directory.Lookup.
func (v *View) AppRoleAssignmentsOf(ctx context.Context, t directory.TenantID, principal directory.ID) ([]directory.AppRoleAssignment, error) {
	k := key{kind: assignments, tenant: t, id: string(principal)}
	if got, ok := v.get(k); ok {
		return got.([]directory.AppRoleAssignment), nil
	}
	return load(v, func() ([]directory.AppRoleAssignment, error) { return v.src.AppRoleAssignmentsOf(ctx, t, principal) },
		func(a []directory.AppRoleAssignment) map[key]any { return map[key]any{k: a} })
}

// TokenLifetimePolicy implements directory.Lookup.
func (v *View) TokenLifetimePolicy(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.TokenLifetimePolicy, error) {
	k := key{kind: policy, tenant: t, id: string(id)}
	if got, ok := v.get(k); ok {
		return got.(*directory.TokenLifetimePolicy), nil
	}
	return load(v, func() (*directory.TokenLifetimePolicy, error) { return v.src.TokenLifetimePolicy(ctx, t, id) },
		func(p *directory.TokenLifetimePolicy) map[key]any { return map[key]any{k: p} })
}

// DefaultTokenLifetimePolicy implements directory.Lookup.
func (v *View) DefaultTokenLifetimePolicy(ctx context.Context, t directory.TenantID) (*directory.TokenLifetimePolicy, error) {
	k := key{kind: defaultPolicy, tenant: t}
	if got, ok := v.get(k); ok {
		if p, ok := got.(*directory.TokenLifetimePolicy); ok {
			return p, nil
		}
		return nil, directory.ErrNotFound
	}
	p, err := load(v, func() (*directory.TokenLifetimePolicy, error) {
		p, err := v.src.DefaultTokenLifetimePolicy(ctx, t)
		if isNotFound(err) {
			return nil, nil
		}
		return p, err
	}, func(p *directory.TokenLifetimePolicy) map[key]any {
		if p == nil {
			return map[key]any{k: absentPolicy{}}
		}
		return map[key]any{k: p}
	})
	if err == nil && p == nil {
		return nil, directory.ErrNotFound
	}
	return p, err
}
