package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// target is what a client's settings are made of.
type target struct {
	base     string // https://H, without a slash at its end
	host     string // H, with the port
	tenant   string
	clientID string
	secret   string // "" if it is not known
	caFile   string // "" if the system trusts the server
	scope    string
	redirect string // where answers go when people sign in; "" if they do not
}

func (t target) authority() string { return t.base + "/" + t.tenant }
func (t target) issuer() string    { return t.base + "/" + t.tenant + "/v2.0" }

// settings are what one tool needs.
type settings struct {
	Environment []variable `json:"environment"`
	// Code is for whoever writes or configures the client.
	Code string `json:"code"`
	// Notes say what else has to be known, a line each.
	Notes []string `json:"notes,omitempty"`
}

type variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func envCommand(s *shared) *cobra.Command {
	var (
		bootstrap                            bootstrapFlag
		tenant, clientID, secretFile, caFile string
		scope, demo, redirect                string
	)
	names := slices.Sorted(maps.Keys(tools))
	c := &cobra.Command{
		Use:   "env TOOL",
		Short: "Print the exact settings that a client needs",
		Long: `Prints environment variables and settings that point a client at this server,
with the switch that turns its instance discovery off and the variable that makes
it trust the server's CA. The output can be read by a shell:

  eval "$(sekisho env go)"

For an application that people sign in to, --redirect-uri says so: with a secret the
settings are those of a web application, without one those of an application in the
browser (node) or on the desktop (go, python).

TOOL is one of: ` + strings.Join(names, ", "),
		ValidArgs: names,
		Args:      cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if _, ok := tools[args[0]]; !ok {
				return usagef("%q is unknown; TOOL is one of: %s", args[0], strings.Join(names, ", "))
			}
			b, err := bootstrap.read(s)
			if err != nil {
				return err
			}
			if demo != "" {
				redirect = cmp.Or(redirect, b.redirectOf(demo))
				var ofDemo string
				if b, ofDemo, err = b.as(demo); err != nil {
					return err
				}
				if redirect == "" {
					scope = cmp.Or(scope, ofDemo)
				}
			}
			t := target{
				base: strings.TrimSuffix(b.BaseURL, "/"), host: b.host(), tenant: b.TenantID,
				clientID: b.ClientID, secret: b.ClientSecret, caFile: b.CAFile, scope: cmp.Or(scope, firstScope(redirect)), redirect: redirect,
			}
			if tenant != "" {
				t.tenant = tenant
			}
			if clientID != "" && clientID != b.ClientID {
				t.clientID, t.secret = clientID, ""
			}
			if secretFile != "" {
				if t.secret, err = readLine(secretFile, "the client secret"); err != nil {
					return err
				}
			}
			if caFile != "" {
				t.caFile = caFile
			}
			got := settingsOf(args[0], t)
			if s.json() {
				return s.writeJSON(got)
			}
			s.showSettings(got)
			return nil
		},
	}
	flags := c.Flags()
	bootstrap.add(flags)
	flags.StringVar(&tenant, "tenant", "", "tenant id or domain (default: the first tenant)")
	flags.StringVar(&clientID, "client-id", "", "client id (default: the administrator application)")
	flags.StringVar(&secretFile, "secret-file", "", "file with the client secret")
	flags.StringVar(&caFile, "ca-file", "", "CA to trust (default: that of bootstrap.json)")
	flags.StringVar(&scope, "scope", "", "scope to ask for (default: Graph; with --demo: the Orders API; for people: User.Read)")
	flags.StringVar(&redirect, "redirect-uri", "", "people sign in: the application's redirect URI")
	flags.StringVar(&demo, "demo", "", "be this application of the demonstration tenants, such as ordersDaemon")
	return c
}

// showSettings writes lines that a shell can read: exports, and all else as
// comments.
func (s *shared) showSettings(set settings) {
	for _, v := range set.Environment {
		fmt.Fprintf(s.Out, "export %s=%s\n", v.Name, shellQuote(v.Value))
	}
	for _, n := range set.Notes {
		fmt.Fprintf(s.Out, "# %s\n", n)
	}
	fmt.Fprintln(s.Out, "#")
	for line := range strings.SplitSeq(strings.TrimRight(set.Code, "\n"), "\n") {
		fmt.Fprintln(s.Out, strings.TrimRight("#   "+line, " "))
	}
}

// shellQuote writes a word of a POSIX shell.
func shellQuote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
