package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// tenantsPath is where an operator manages tenants. Graph has no such call; this
// one is ours, beside Graph's.
const tenantsPath = "/sekisho/tenants"

// tenantItem is a tenant in a list.
type tenantItem struct {
	ID                string `json:"id"`
	DisplayName       string `json:"displayName"`
	DefaultDomainName string `json:"defaultDomainName"`
	CreatedDateTime   string `json:"createdDateTime"`
	IsDisabled        bool   `json:"isDisabled"`
}

func tenantCommand(s *shared) *cobra.Command {
	return parentCommand("tenant", "Create and list tenants", tenantCreateCommand(s), tenantListCommand(s))
}

func tenantCreateCommand(s *shared) *cobra.Command {
	var (
		bootstrap                    bootstrapFlag
		name, domain, adminName, out string
		domains                      []string
	)
	c := &cobra.Command{
		Use:   "create --name NAME --domain DOMAIN",
		Short: "Create a tenant with an administrator of its own",
		Long: `Creates a tenant with its own administrator and administrator application, and
writes what they need to a bootstrap file of its own. The bootstrap.json that is
read must be that of the first tenant, whose administrator operates the server.`,
		Example: `  sekisho tenant create --name "Usui Trading" --domain usui.example
  sekisho app list --bootstrap usui.example.bootstrap.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if strings.TrimSpace(name) == "" || strings.TrimSpace(domain) == "" {
				return usagef("a tenant needs a name and a domain: --name NAME --domain DOMAIN")
			}
			if out == "" {
				out = fileName(domain) + ".bootstrap.json"
			}
			if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s exists already: name another file with --out", out)
			}
			b, err := bootstrap.read(s)
			if err != nil {
				return err
			}
			g, err := newGraph(cmd.Context(), b)
			if err != nil {
				return err
			}
			body := map[string]any{"displayName": name, "domain": domain}
			if len(domains) > 0 {
				body["domains"] = domains
			}
			if adminName != "" {
				body["adminName"] = adminName
			}
			made := bootstrapFile{}
			if err := g.call(cmd.Context(), http.MethodPost, tenantsPath, body, &made); err != nil {
				return err
			}
			made.BaseURL, made.GraphURL, made.CAFile = b.BaseURL, b.GraphURL, b.CAFile
			if err := writePrivate(out, made); err != nil {
				return fmt.Errorf("the tenant %s was created, but %w", made.TenantID, err)
			}
			if s.json() {
				return s.writeJSON(map[string]string{
					"tenantId": made.TenantID, "tenantDomain": made.TenantDomain, "displayName": name,
					"clientId": made.ClientID, "adminUser": made.AdminUser, "bootstrapFile": out,
				})
			}
			fmt.Fprintf(s.Out, s.say(words{"Created the tenant %s (%s)\n", "テナントを作成しました: %s (%s)\n"}), name, made.TenantDomain)
			s.line(words{"tenant id", "テナント ID"}, made.TenantID)
			s.line(words{"administrator", "管理者"}, made.AdminUser)
			s.line(words{"administrator application", "管理用アプリケーション"}, made.ClientID)
			s.line(words{"its password, secret and addresses", "パスワード、シークレット、アドレス"}, out)
			fmt.Fprintf(s.Out, "\n%s\n  sekisho token --bootstrap %s\n", s.say(words{"Next:", "次のコマンド:"}), shellQuote(out))
			return nil
		},
	}
	flags := c.Flags()
	bootstrap.add(flags)
	flags.StringVar(&name, "name", "", "display name")
	flags.StringVar(&domain, "domain", "", "its first, default domain")
	flags.StringArrayVar(&domains, "more-domain", nil, "a further domain (repeat for several)")
	flags.StringVar(&adminName, "admin-name", "", "the administrator's name before the @ (default: admin)")
	flags.StringVar(&out, "out", "", "where to write its bootstrap file (default: DOMAIN.bootstrap.json)")
	return c
}

func tenantListCommand(s *shared) *cobra.Command {
	var bootstrap bootstrapFlag
	c := &cobra.Command{
		Use:   "list",
		Short: "List the tenants of the server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := bootstrap.read(s)
			if err != nil {
				return err
			}
			g, err := newGraph(cmd.Context(), b)
			if err != nil {
				return err
			}
			tenants, err := all[tenantItem](cmd.Context(), g, tenantsPath)
			if err != nil {
				return err
			}
			if s.json() {
				return s.writeJSON(append([]tenantItem{}, tenants...))
			}
			var rows [][]string
			for _, t := range tenants {
				rows = append(rows, []string{t.ID, t.DefaultDomainName, t.DisplayName})
			}
			s.writeTable([]string{"id", "domain", "displayName"}, rows)
			return nil
		},
	}
	bootstrap.add(c.Flags())
	return c
}

// writePrivate writes a new JSON file for its owner alone; it never overwrites.
func writePrivate(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("its file could not be written: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("its file could not be written: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("its file could not be written: %w", err)
	}
	return nil
}
