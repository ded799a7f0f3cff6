package issue

import (
	"context"
	"errors"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// tenantOnly is a directory that knows one tenant, or fails.
type tenantOnly struct {
	directory.Lookup
	tenant *directory.Tenant
	err    error
}

func (l tenantOnly) TenantByName(context.Context, string) (*directory.Tenant, error) {
	return l.tenant, l.err
}

func TestAlive(t *testing.T) {
	home, away := directory.MustTenantID("11111111-1111-4111-8111-111111111111"), directory.MustTenantID("22222222-2222-4222-8222-222222222222")
	blocked := "DisabledDueToViolationOfServicesAgreement"
	for _, tt := range []struct {
		name   string
		tenant *directory.Tenant
		err    error
		change func(*directory.ServicePrincipal)
		want   error
	}{
		{name: "as it should be"},
		{name: "tenant disabled", tenant: &directory.Tenant{Disabled: true}, want: ErrTokenRevoked},
		{name: "tenant gone", err: directory.ErrNotFound, want: ErrTokenRevoked},
		{name: "directory does not answer", err: directory.ErrUnavailable, want: directory.ErrUnavailable},
		{name: "principal disabled", change: func(p *directory.ServicePrincipal) { p.AccountEnabled = false }, want: ErrTokenRevoked},
		{name: "application gone", change: func(p *directory.ServicePrincipal) { p.App = nil }, want: ErrTokenRevoked},
		{name: "managed identity, which has none", change: func(p *directory.ServicePrincipal) { p.App, p.Type = nil, directory.TypeManagedIdentity }},
		{name: "application blocked", change: func(p *directory.ServicePrincipal) { p.App.DisabledByMicrosoftStatus = &blocked }, want: ErrTokenRevoked},
		{name: "of another tenant, offered to all", change: func(p *directory.ServicePrincipal) {
			p.App.TenantID, p.App.SignInAudience = away, directory.AudienceMultiOrg
		}},
		{name: "for personal accounts alone by now", change: func(p *directory.ServicePrincipal) {
			p.App.SignInAudience = directory.AudiencePersonal
		}, want: ErrTokenRevoked},
		{name: "of another tenant, offered no more", change: func(p *directory.ServicePrincipal) { p.App.TenantID = away }, want: ErrTokenRevoked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &directory.ServicePrincipal{
				TenantID: home, Type: directory.TypeApplication, AccountEnabled: true,
				App: &directory.Application{TenantID: home, SignInAudience: directory.AudienceMyOrg},
			}
			if tt.change != nil {
				tt.change(p)
			}
			if tt.tenant == nil {
				tt.tenant = &directory.Tenant{}
			}
			if err := Alive(t.Context(), tenantOnly{tenant: tt.tenant, err: tt.err}, p); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}
