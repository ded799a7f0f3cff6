package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// FirstTenant is the id of the tenant that bootstrap and development mode make;
// it is fixed, so that documents can name it.
var FirstTenant = directory.MustTenantID("5e415400-0000-4000-8000-000000000001")

// asFirstTenant gives a request the fixed ids of the first tenant and of its
// administrator, so that a run that was cut short can be run again.
func asFirstTenant(req directory.TenantRequest) directory.TenantRequest {
	req.ID, req.Operator = FirstTenant, true
	req.AdminUserID = "5e415400-0000-4000-8000-000000000002"
	req.AdminAppID = "5e415400-0000-4000-8000-000000000003"
	req.AdminAppObjectID = "5e415400-0000-4000-8000-000000000004"
	req.AdminPrincipalID = "5e415400-0000-4000-8000-000000000005"
	return req
}

// Bootstrap is what bootstrap.json says: everything that an administrator needs
// to build the rest through Graph.
type Bootstrap struct {
	BaseURL       string `json:"baseUrl"`
	GraphURL      string `json:"graphUrl"`
	CAFile        string `json:"caFile"`
	TenantID      string `json:"tenantId"`
	TenantDomain  string `json:"tenantDomain"`
	ClientID      string `json:"clientId"`
	ClientSecret  string `json:"clientSecret"`
	AdminUser     string `json:"adminUser"`
	AdminPassword string `json:"adminPassword"`
	// Demo holds the demonstration tenants of development mode by domain.
	Demo map[string]*DemoTenant `json:"demo,omitempty"`
}

func (s *Server) bootstrapOf(t *directory.NewTenant, caFile string) *Bootstrap {
	return &Bootstrap{
		BaseURL: s.bases[0].Login, GraphURL: s.bases[0].Graph, CAFile: caFile,
		TenantID: t.Tenant.ID.String(), TenantDomain: t.Tenant.DefaultDomain(),
		ClientID: string(t.ClientID), ClientSecret: t.ClientSecret.Reveal(),
		AdminUser: t.AdminUser, AdminPassword: t.AdminPassword.Reveal(),
	}
}

// Write writes the file with mode 0600, whole or not at all.
func (b *Bootstrap) Write(path string) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".bootstrap-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	_, err = tmp.Write(append(text, '\n'))
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("cannot write %s: %w", path, err), os.Remove(tmp.Name()))
	}
	return nil
}

// ErrBootstrapped is returned where the database has its first tenant already.
var ErrBootstrapped = errors.New("this database has been bootstrapped: its first tenant exists. Its secrets were shown once; " +
	"an administrator can make new ones through Graph")

// BootstrapDatabase makes the first tenant with its administrator and
// administrator application, and writes bootstrap.json to out. The request says
// their names; their ids are fixed.
func BootstrapDatabase(ctx context.Context, cfg Config, req directory.TenantRequest, caFile, out string) (*Bootstrap, error) {
	s, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	b, err := s.bootstrap(ctx, req, caFile, out)
	return b, errors.Join(err, s.db.Close())
}

func (s *Server) bootstrap(ctx context.Context, req directory.TenantRequest, caFile, out string) (*Bootstrap, error) {
	operator, err := s.operator(ctx)
	if err != nil {
		return nil, err
	}
	if !operator.IsZero() {
		return nil, ErrBootstrapped
	}
	if err := s.keys.EnsureKeys(ctx); err != nil {
		return nil, err
	}
	if err := s.ops.EnsureBuiltins(ctx); err != nil {
		return nil, err
	}
	t, err := s.ensureTenant(ctx, asFirstTenant(req))
	if err != nil {
		return nil, err
	}
	b := s.bootstrapOf(t, caFile)
	if err := b.Write(out); err != nil {
		return nil, err
	}
	return b, s.stores.Installation.SetMark(ctx, markOperator, t.Tenant.ID.String())
}

// ensureTenant creates the tenant. If it is there already, an earlier start
// ended before its secrets were written down: it gets new ones.
func (s *Server) ensureTenant(ctx context.Context, req directory.TenantRequest) (*directory.NewTenant, error) {
	if !req.ID.IsZero() {
		t, err := s.stores.Tenants.TenantByName(ctx, req.ID.String())
		if err == nil {
			return s.renewTenant(ctx, t, req)
		}
		if !errors.Is(err, directory.ErrNotFound) {
			return nil, err
		}
	}
	return s.ops.CreateTenant(ctx, directory.Platform(directory.Installation), req)
}

func (s *Server) renewTenant(ctx context.Context, t *directory.Tenant, req directory.TenantRequest) (*directory.NewTenant, error) {
	if req.AdminAppObjectID == "" || req.AdminUserID == "" {
		return nil, fmt.Errorf("tenant %s exists", t.ID)
	}
	by := directory.Platform(t.ID)
	app, err := s.stores.Applications.Application(ctx, t.ID, req.AdminAppObjectID)
	if err != nil {
		return nil, err
	}
	user, err := s.stores.Users.User(ctx, t.ID, req.AdminUserID)
	if err != nil {
		return nil, err
	}
	issued, err := s.ops.AddPassword(ctx, by, directory.Target{Kind: directory.KindApplication, ID: app.ID}, directory.PasswordRequest{})
	if err != nil {
		return nil, err
	}
	password, err := s.newPassword(ctx, by, user)
	if err != nil {
		return nil, err
	}
	return &directory.NewTenant{
		Tenant: t, ClientID: app.AppID, ClientSecret: issued.SecretText,
		AdminUser: user.UserPrincipalName, AdminPassword: password, AdminUserID: user.ID,
	}, nil
}

func (s *Server) newPassword(ctx context.Context, by directory.Caller, user *directory.User) (directory.SecretText, error) {
	password, err := directory.DrawPassword(s.cfg.Rand, user)
	if err != nil {
		return password, err
	}
	text := password.Reveal()
	return password, s.ops.ChangeUser(ctx, by, user.ID, func(*directory.User) error { return nil }, &text)
}
