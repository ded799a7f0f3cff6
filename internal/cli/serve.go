package cli

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sekisho-id/sekisho/internal/config"
)

func serveCommand(s *shared) *cobra.Command {
	var flag configFlag
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a server",
		Long: `Runs a server in the foreground until it is told to stop (SIGINT, SIGTERM); then
it finishes the requests under way. Without --config it answers at
https://localhost:8443 and keeps everything under sekisho-data.

The database must have its first tenant (sekisho bootstrap), and must not be one of
sekisho dev.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := flag.read(s)
			if err != nil {
				return err
			}
			in, err := s.install(cfg, false)
			if err != nil {
				return err
			}
			return runServer(cmd.Context(), in, func(addr string) {
				in.Log.Info("serving", "version", buildVersion(), "address", addr, "hosts", cfg.Hosts)
			})
		},
	}
	flag.add(c.Flags())
	return c
}

func bootstrapCommand(s *shared) *cobra.Command {
	var (
		flag                     configFlag
		out, name, domain, admin string
	)
	c := &cobra.Command{
		Use:   "bootstrap",
		Short: "Make the first tenant and its administrator",
		Long: `Makes, in an empty database, the first tenant with an administrator and an
administrator application, and writes all that is needed to manage the rest through
Graph to bootstrap.json, readable by its owner alone. The secrets in it are shown
nowhere else.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := flag.read(s)
			if err != nil {
				return err
			}
			in, err := s.install(cfg, true)
			if err != nil {
				return err
			}
			if out == "" {
				out = filepath.Join(cfg.DataDir, "bootstrap.json")
			}
			if domain == "" {
				domain = firstDomain(cfg)
			}
			b, err := runBootstrap(cmd.Context(), in, name, domain, admin, out)
			if err != nil {
				return err
			}
			if s.json() {
				return s.writeJSON(map[string]string{
					"tenantId": b.TenantID, "tenantDomain": b.TenantDomain, "clientId": b.ClientID, "adminUser": b.AdminUser,
					"baseUrl": b.BaseURL, "bootstrapFile": out,
				})
			}
			fmt.Fprintf(s.Out, s.say(words{"Created the first tenant, %s (%s)\n", "最初のテナントを作成しました: %s (%s)\n"}), name, b.TenantDomain)
			s.line(words{"tenant id", "テナント ID"}, b.TenantID)
			s.line(words{"administrator", "管理者"}, b.AdminUser)
			s.line(words{"its password, secret and addresses", "パスワード、シークレット、アドレス"}, out)
			next := "sekisho serve"
			if flag.path != "" {
				next += " --config " + shellQuote(flag.path)
			}
			fmt.Fprintf(s.Out, "\n%s\n  %s\n", s.say(words{"Next:", "次のコマンド:"}), next)
			return nil
		},
	}
	flags := c.Flags()
	flag.add(flags)
	flags.StringVar(&out, "out", "", "where to write bootstrap.json (default: into the data folder)")
	flags.StringVar(&name, "name", "Sekisho", "display name of the tenant")
	flags.StringVar(&domain, "domain", "", "its default domain (default: that of the first host)")
	flags.StringVar(&admin, "admin-name", "", "the administrator's name before the @ (default: admin)")
	return c
}

// firstDomain is the domain of the primary host without its first label, as in
// login.example.com.
func firstDomain(c config.Config) string {
	if u, err := url.Parse(c.Hosts[0]); err == nil {
		name := strings.ToLower(u.Hostname())
		if strings.Count(name, ".") >= 2 && strings.Trim(name, "0123456789.") != "" {
			_, rest, _ := strings.Cut(name, ".")
			return rest
		}
	}
	return "sekisho.example"
}

func migrateCommand(s *shared) *cobra.Command {
	var flag configFlag
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database up to date",
		Long: `Applies the migrations that the database lacks. On SQLite a server does that by
itself; on PostgreSQL it is done once before the servers of a new version start. It
can be run again at any time. There is no way back but a backup.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := flag.read(s)
			if err != nil {
				return err
			}
			changed, err := runMigrate(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			if s.json() {
				return s.writeJSON(map[string]bool{"changed": changed})
			}
			if changed {
				fmt.Fprintln(s.Out, s.say(words{"The database is up to date now.", "データベースを最新にしました。"}))
			} else {
				fmt.Fprintln(s.Out, s.say(words{"The database was up to date.", "データベースは既に最新です。"}))
			}
			return nil
		},
	}
	flag.add(c.Flags())
	return c
}
