package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// tokenFlags are the settings of `sekisho token`.
type tokenFlags struct {
	bootstrap  bootstrapFlag
	grant      string
	tenant     string
	clientID   string
	secret     string
	secretFile string
	cert       string
	key        string
	assertion  string
	scope      string
	demo       string
	raw        bool

	interactive bool
	redirect    string
	refresh     string
	refreshFile string
}

// A tokenGrant is a grant type that the command can ask with.
type tokenGrant struct {
	scope string // asked for unless the person says otherwise
	// person: a person's grant, for an application that may keep no secret.
	person bool
	// add adds the grant's own parameters; nil where there are none.
	add func(ctx context.Context, s *shared, f *tokenFlags, b *bootstrapFile, form url.Values) error
}

// grants is their table. A new grant is one row.
var grants = map[string]tokenGrant{
	"client_credentials": {scope: graphScope},
	"authorization_code": {scope: "openid profile offline_access", person: true, add: signIn},
	"refresh_token":      {person: true, add: addRefreshToken},
}

func tokenCommand(s *shared) *cobra.Command {
	f := &tokenFlags{}
	c := &cobra.Command{
		Use:   "token",
		Short: "Get a token and show what is in it",
		Long: `Asks the token endpoint as any client would and shows the token decoded, each
claim with its meaning. Without flags it is a token for Graph, for the
administrator application of bootstrap.json.

--interactive signs a person in: it prints an address to open in a browser and
waits for the answer on a free port of this machine. The application needs the
redirect URI http://localhost among those of mobile and desktop applications.
--output json shows the refresh token that comes along; --refresh-token-file asks
for new tokens with it.

A secret on the command line is seen by everyone on this machine; --secret-file
and AZURE_CLIENT_SECRET are not.`,
		Example: `  sekisho token
  sekisho token --client-id ID --secret-file secret.txt --scope api://orders/.default
  sekisho token --client-id ID --certificate daemon.pem --scope api://orders/.default
  sekisho token --interactive --client-id ID --scope "openid offline_access api://orders/Orders.Read"
  sekisho token --interactive --demo ordersDesktop
  sekisho token --refresh-token-file refresh.txt --client-id ID
  curl -H "Authorization: Bearer $(sekisho token --raw)" https://localhost:8443/v1.0/organization`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runToken(cmd.Context(), s, f) },
	}
	flags := c.Flags()
	f.bootstrap.add(flags)
	flags.StringVar(&f.grant, "grant", "client_credentials", "grant type: "+strings.Join(slices.Sorted(maps.Keys(grants)), ", "))
	flags.StringVar(&f.tenant, "tenant", "", "tenant id or domain (default: the first tenant)")
	flags.StringVar(&f.clientID, "client-id", "", "client id (default: the administrator application)")
	flags.StringVar(&f.secret, "secret", "", "client secret")
	flags.StringVar(&f.secretFile, "secret-file", "", "file with the client secret")
	flags.StringVar(&f.cert, "certificate", "", "PEM file with the client's certificate, and its key unless --key is given")
	flags.StringVar(&f.key, "key", "", "PEM file with the certificate's private key")
	flags.StringVar(&f.assertion, "assertion-file", "", "file with a token of another issuer, for a federated credential")
	flags.StringVar(&f.demo, "demo", "", "be this application of the demonstration tenants, such as ordersDaemon")
	flags.StringVar(&f.scope, "scope", "", "the resource's identifier followed by /.default, or what a person's token is for (default: Graph; with --demo: the Orders API)")
	flags.BoolVar(&f.interactive, "interactive", false, "sign a person in with a browser (--grant authorization_code)")
	flags.StringVar(&f.redirect, "redirect-uri", "http://localhost", "the application's redirect URI on this machine, for --interactive")
	flags.StringVar(&f.refresh, "refresh-token", "", "ask with this refresh token (--grant refresh_token)")
	flags.StringVar(&f.refreshFile, "refresh-token-file", "", "ask with the refresh token in this file")
	flags.BoolVar(&f.raw, "raw", false, "print the token and nothing else")
	return c
}

func runToken(ctx context.Context, s *shared, f *tokenFlags) error {
	grant, err := f.chooseGrant()
	if err != nil {
		return err
	}
	b, err := f.bootstrap.read(s)
	if err != nil {
		return err
	}
	scope := ""
	if f.demo != "" {
		if b, scope, err = b.as(f.demo); err != nil {
			return err
		}
	}
	if f.tenant == "" {
		f.tenant = b.TenantID
	}
	switch {
	case grant.person && grant.scope == "":
		scope = "" // what the sign-in was for
	case grant.person:
		scope = strings.TrimSpace(grant.scope + " " + scope)
	}
	f.scope = cmp.Or(f.scope, scope, grant.scope)
	endpoint := tokenEndpoint(b, f.tenant)
	form := url.Values{"grant_type": {f.grant}}
	if f.scope != "" {
		form.Set("scope", f.scope)
	}
	if err := f.authenticate(s, b, endpoint, form, grant); err != nil {
		return err
	}
	if grant.add != nil {
		if err := grant.add(ctx, s, f, b, form); err != nil {
			return err
		}
	}
	c, err := newClient(b)
	if err != nil {
		return err
	}
	answer, err := c.token(ctx, endpoint, form)
	if err != nil {
		return err
	}
	if f.raw {
		fmt.Fprintln(s.Out, answer.AccessToken)
		return nil
	}
	decoded, err := decodeToken(answer.AccessToken)
	if err != nil {
		return err
	}
	signature := c.checkSignature(ctx, b, f.tenant, answer.AccessToken)
	if s.json() {
		shown := map[string]any{
			"accessToken": answer.AccessToken, "tokenType": answer.TokenType, "expiresIn": answer.ExpiresIn,
			"header": decoded.Header, "claims": decoded.Claims, "signature": signature,
		}
		for name, value := range map[string]string{"scope": answer.Scope, "idToken": answer.IDToken, "refreshToken": answer.RefreshToken} {
			if value != "" {
				shown[name] = value
			}
		}
		return s.writeJSON(shown)
	}
	s.showToken(answer, decoded, signature)
	if answer.RefreshToken != "" {
		fmt.Fprintf(s.Out, "\n%s\n", s.say(words{
			"A refresh token came along; --output json shows it.", "更新トークンも発行されました。--output json で表示できます。"}))
	}
	return nil
}

// chooseGrant is the row of the grant that the flags ask for.
func (f *tokenFlags) chooseGrant() (tokenGrant, error) {
	const usual = "client_credentials"
	asked := f.grant
	for name, given := range map[string]bool{"authorization_code": f.interactive, "refresh_token": f.refresh+f.refreshFile != ""} {
		switch {
		case !given:
		case asked != usual && asked != name:
			return tokenGrant{}, usagef("the flags ask for two grants: %s and %s", asked, name)
		default:
			asked = name
		}
	}
	grant, ok := grants[asked]
	if !ok {
		return tokenGrant{}, usagef("--grant %q is unknown; use one of: %s", asked, strings.Join(slices.Sorted(maps.Keys(grants)), ", "))
	}
	if grant.person && f.clientID == "" && f.demo == "" {
		return tokenGrant{}, usagef("a person signs in to an application: give its --client-id")
	}
	f.grant = asked
	return grant, nil
}

func addRefreshToken(_ context.Context, _ *shared, f *tokenFlags, _ *bootstrapFile, form url.Values) error {
	token := f.refresh
	switch {
	case token != "" && f.refreshFile != "":
		return usagef("give one of --refresh-token, --refresh-token-file")
	case f.refreshFile != "":
		var err error
		if token, err = readLine(f.refreshFile, "the refresh token"); err != nil {
			return err
		}
	case token == "":
		return usagef("give --refresh-token-file, or --refresh-token")
	}
	form.Set("refresh_token", token)
	return nil
}

// authenticate adds who the client is and its proof: exactly one of secret,
// certificate and foreign token, or none for an application of people that keeps
// no secret.
func (f *tokenFlags) authenticate(s *shared, b *bootstrapFile, endpoint string, form url.Values, grant tokenGrant) error {
	given := 0
	for _, v := range []string{f.secret, f.secretFile, f.cert, f.assertion} {
		if v != "" {
			given++
		}
	}
	if given > 1 {
		return usagef("give one of --secret, --secret-file, --certificate, --assertion-file")
	}
	if f.key != "" && f.cert == "" {
		return usagef("--key needs --certificate")
	}
	id := f.clientID
	if id == "" {
		id = b.ClientID
	}
	form.Set("client_id", id)
	if f.cert != "" || f.assertion != "" {
		assertion, err := f.clientAssertion(s, id, endpoint)
		if err != nil {
			return err
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
		return nil
	}
	if grant.person && given == 0 && (id != b.ClientID || b.ClientSecret == "") {
		return nil
	}
	secret, err := f.clientSecret(s, b, id)
	if err != nil {
		return err
	}
	form.Set("client_secret", secret)
	return nil
}

func (f *tokenFlags) clientSecret(s *shared, b *bootstrapFile, id string) (string, error) {
	switch {
	case f.secret != "":
		return f.secret, nil
	case f.secretFile != "":
		return readLine(f.secretFile, "the client secret")
	case id == b.ClientID:
		return b.ClientSecret, nil
	}
	if v, _ := s.LookupEnv("AZURE_CLIENT_SECRET"); v != "" {
		return v, nil
	}
	return "", usagef("the client %s needs a credential: --secret-file, --certificate or --assertion-file", id)
}

func (f *tokenFlags) clientAssertion(s *shared, id, endpoint string) (string, error) {
	if f.assertion != "" {
		return readLine(f.assertion, "the assertion")
	}
	return certificateAssertion(s, f.cert, f.key, id, endpoint)
}

// readLine reads a file that holds one value.
func readLine(path, what string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", what, err)
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return "", fmt.Errorf("reading %s: %s is empty", what, path)
	}
	return value, nil
}
