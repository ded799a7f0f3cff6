package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// appFlags are the settings of `sekisho app create`.
type appFlags struct {
	bootstrap   bootstrapFlag
	scenario    string
	name        string
	redirects   []string
	credential  string
	certFile    string
	certOut     string
	secretDays  int
	issuer      string
	subject     string
	audience    string
	api         string
	permissions []string
	consent     bool
	multiTenant bool
	scope       string
	role        string
}

func appCommand(s *shared) *cobra.Command {
	return parentCommand("app", "Register and list applications", appCreateCommand(s), appListCommand(s))
}

func appCreateCommand(s *shared) *cobra.Command {
	f := &appFlags{}
	c := &cobra.Command{
		Use:   "create --scenario SCENARIO --name NAME",
		Short: "Register an application, and say what credential it needs",
		Long: `Registers an application for what is being built, through Graph: the application,
its service principal, and what the scenario asks for. The answer says whether a
credential is needed, on which side and why, and which kind to prefer.

SCENARIO is one of: ` + strings.Join(scenarioNames(), ", "),
		Example: `  sekisho app create --scenario api --name "Orders API"
  sekisho app create --scenario daemon --name "Nightly export" --api api://ID --permission Access.All --consent
  sekisho app create --scenario workload --name "Release job" \
    --issuer https://token.actions.githubusercontent.com --subject repo:org/app:ref:refs/heads/main`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runAppCreate(cmd.Context(), s, f) },
	}
	flags := c.Flags()
	f.bootstrap.add(flags)
	flags.StringVar(&f.scenario, "scenario", "", "what is being built")
	flags.StringVar(&f.name, "name", "", "display name")
	flags.StringArrayVar(&f.redirects, "redirect-uri", nil, "redirect URI, where people sign in (repeat for several)")
	flags.StringVar(&f.credential, "credential", "", "credential to make: federated, certificate, secret or none (default: by scenario)")
	flags.StringVar(&f.certFile, "certificate", "", "PEM file with a certificate to upload (default: a new one is made here)")
	flags.StringVar(&f.certOut, "certificate-out", "", "where to write a new certificate and its key (default: NAME.pem)")
	flags.IntVar(&f.secretDays, "secret-days", 180, "days until a new secret expires")
	flags.StringVar(&f.issuer, "issuer", "", "issuer of the tokens that a federated credential trusts")
	flags.StringVar(&f.subject, "subject", "", "subject of those tokens")
	flags.StringVar(&f.audience, "audience", "api://AzureADTokenExchange", "audience of those tokens")
	flags.StringVar(&f.api, "api", "", "API that it calls: App ID URI or client id")
	flags.StringArrayVar(&f.permissions, "permission", nil, "permission of --api that it needs (repeat for several)")
	flags.BoolVar(&f.consent, "consent", false, "grant the permissions at once, as the administrator")
	flags.BoolVar(&f.multiTenant, "multi-tenant", false, "let other organisations use it too")
	flags.StringVar(&f.scope, "expose-scope", "access_as_user", "scenario api: delegated permission to offer")
	flags.StringVar(&f.role, "expose-role", "Access.All", "scenario api: application permission to offer")
	return c
}

func runAppCreate(ctx context.Context, s *shared, f *appFlags) error {
	sc, err := f.check()
	if err != nil {
		return err
	}
	pair, err := f.certificate(s)
	if err != nil {
		return err
	}
	b, err := f.bootstrap.read(s)
	if err != nil {
		return err
	}
	g, err := newGraph(ctx, b)
	if err != nil {
		return err
	}
	r, err := register(ctx, s, g, sc, f, pair)
	if err != nil {
		return err
	}
	r.TenantID = b.TenantID
	r.Authority = strings.TrimSuffix(b.BaseURL, "/") + "/" + b.TenantID
	if s.json() {
		return s.writeJSON(r)
	}
	s.showRegistration(sc, r)
	return nil
}

// check fills what the scenario decides and refuses what does not fit it.
func (f *appFlags) check() (scenario, error) {
	sc, ok := findScenario(f.scenario)
	if !ok {
		if f.scenario == "" {
			return sc, usagef("say what is being built: --scenario %s", strings.Join(scenarioNames(), "|"))
		}
		return sc, usagef("--scenario %q is unknown; use one of: %s", f.scenario, strings.Join(scenarioNames(), ", "))
	}
	if strings.TrimSpace(f.name) == "" {
		return sc, usagef("the application needs a name: --name NAME")
	}
	if sc.platform == "" && len(f.redirects) > 0 {
		return sc, usagef("--redirect-uri does not fit the scenario %s: nobody signs in there", sc.name)
	}
	if sc.platform != "" && len(f.redirects) == 0 {
		f.redirects = []string{sc.redirect}
	}
	if f.credential == "" {
		f.credential = sc.usual
	}
	if !slices.Contains([]string{federated, certificate, secret, noCredential}, f.credential) {
		return sc, usagef("--credential %q is unknown; use federated, certificate, secret or none", f.credential)
	}
	if sc.need == never && f.credential != noCredential {
		return sc, usagef("the scenario %s cannot keep a credential: %s", sc.name, sc.why.en)
	}
	if f.credential == federated && (f.issuer == "" || f.subject == "") {
		return sc, usagef("a federated credential needs --issuer and --subject: those of the tokens that the platform gives the workload")
	}
	if f.credential != certificate && (f.certFile != "" || f.certOut != "") {
		return sc, usagef("--certificate and --certificate-out need --credential certificate")
	}
	if f.secretDays < 1 || f.secretDays > 730 {
		return sc, usagef("--secret-days must be from 1 to 730")
	}
	if (f.api == "") != (len(f.permissions) == 0) {
		return sc, usagef("--api and --permission belong together")
	}
	if f.consent && f.api == "" {
		return sc, usagef("--consent needs --api and --permission")
	}
	return sc, nil
}

// listed is an application in a list.
type listed struct {
	AppID          string `json:"appId"`
	ID             string `json:"id"`
	DisplayName    string `json:"displayName"`
	SignInAudience string `json:"signInAudience"`
}

func appListCommand(s *shared) *cobra.Command {
	var bootstrap bootstrapFlag
	c := &cobra.Command{
		Use:   "list",
		Short: "List the applications of the tenant",
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
			apps, err := all[listed](cmd.Context(), g, "/applications?$select=appId,id,displayName,signInAudience")
			if err != nil {
				return err
			}
			if s.json() {
				return s.writeJSON(append([]listed{}, apps...))
			}
			var rows [][]string
			for _, a := range apps {
				rows = append(rows, []string{a.AppID, a.DisplayName, a.SignInAudience})
			}
			s.writeTable([]string{"appId", "displayName", "signInAudience"}, rows)
			return nil
		},
	}
	bootstrap.add(c.Flags())
	return c
}

// resource is the service principal of an API that is called.
type resource struct {
	ID          string       `json:"id"`
	AppID       string       `json:"appId"`
	DisplayName string       `json:"displayName"`
	AppRoles    []permission `json:"appRoles"`
	Scopes      []permission `json:"oauth2PermissionScopes"`
	wanted      []permission // those that were asked for
}

type permission struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

// findResource looks the API up by client id or App ID URI, and its permissions
// by value.
func findResource(ctx context.Context, g *graph, f *appFlags, sc scenario) (*resource, error) {
	filter := "servicePrincipalNames/any(n:n eq " + quote(f.api) + ")"
	list, err := all[resource](ctx, g, "/servicePrincipals?$filter="+url.QueryEscape(filter))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no API named %s is known in this tenant: register it first, with sekisho app create --scenario api", f.api)
	}
	api := &list[0]
	offered, kind := api.Scopes, "delegated permissions"
	if sc.asItself {
		offered, kind = api.AppRoles, "application permissions"
	}
	for _, value := range f.permissions {
		at := slices.IndexFunc(offered, func(p permission) bool { return strings.EqualFold(p.Value, value) })
		if at < 0 {
			var names []string
			for _, p := range offered {
				names = append(names, p.Value)
			}
			return nil, fmt.Errorf("%s offers no permission %s; its %s are: %s", api.DisplayName, value, kind, strings.Join(names, ", "))
		}
		api.wanted = append(api.wanted, offered[at])
	}
	return api, nil
}

// undo deletes what was registered when a later step failed, so that a command
// leaves all or nothing.
func undo(ctx context.Context, g *graph, applicationID string, cause error) error {
	ctx = context.WithoutCancel(ctx)
	if err := g.call(ctx, http.MethodDelete, "/applications/"+applicationID, nil, nil); err != nil {
		return errors.Join(cause, fmt.Errorf("and the half-made application %s could not be deleted: %w", applicationID, err))
	}
	return fmt.Errorf("%w (nothing was registered)", cause)
}
