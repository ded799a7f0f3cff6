// Command native is a command-line or desktop application that signs a person in
// with MSAL, in the system's browser, and calls two APIs for them. It is a public
// client (RFC 8252): it has no secret, because whoever has the program could read
// it; PKCE protects the code instead (RFC 7636).
//
// The way of a command: run (settings) → tokens (from the cache, by the refresh
// token, or by asking the person) → the API.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/sekisho-id/sekisho/samples/internal/call"
	"github.com/sekisho-id/sekisho/samples/internal/provider"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := program{lookup: os.LookupEnv, out: os.Stdout, err: os.Stderr}
	status := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

const usage = `usage: native COMMAND
  whoami                the person who is signed in
  orders                list your orders
  order ITEM QUANTITY   order something
  me                    your profile, from Microsoft Graph
  people                everybody, which an administrator has to allow
  signout               sign out, here and at the platform
`

// program is one run.
type program struct {
	lookup   func(string) (string, bool)
	out, err io.Writer
	open     func(address string) error // opens the system's browser; nil for MSAL's own way
}

// app is what the settings say.
type app struct {
	program
	authority, clientID, api, apiURL, graphURL string
	http                                       *http.Client
	client                                     public.Client
	cache                                      *fileCache // nil without CACHE_FILE
}

// run returns the status of the process: 0, 1 when something failed, 2 when it was
// called wrongly.
func (p program) run(ctx context.Context, args []string) int {
	a, err := p.setup()
	if err != nil {
		fmt.Fprintf(p.err, "settings:\n%v\n", err)
		return 2
	}
	commands := map[string]struct {
		args int
		do   func(context.Context, []string) error
	}{
		"whoami": {0, a.whoami}, "orders": {0, a.orders}, "order": {2, a.order},
		"me": {0, a.me}, "people": {0, a.people}, "signout": {0, a.signOut},
	}
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	c, ok := commands[name]
	if !ok || len(args) != c.args {
		fmt.Fprint(p.err, usage)
		return 2
	}
	if err := c.do(ctx, args); err != nil {
		fmt.Fprintln(p.err, a.explain(err))
		return 1
	}
	return 0
}

func (p program) setup() (*app, error) {
	r := setting.New(p.lookup)
	a := &app{
		program:   p,
		authority: r.URL("AUTHORITY", "https://HOST/TENANT, for instance https://login.microsoftonline.com/ and the tenant's id"),
		clientID:  r.Required("CLIENT_ID", "the application (client) id of this application"),
		api:       strings.TrimSuffix(r.Required("API", "the App ID URI of the orders API, for instance api://orders"), "/"),
		apiURL:    r.URL("API_URL", "the address of the orders API"),
		graphURL:  strings.TrimSuffix(r.Optional("GRAPH_URL", "https://graph.microsoft.com"), "/"),
		http:      r.HTTPClient(),
	}
	options := []public.Option{
		public.WithAuthority(a.authority), public.WithHTTPClient(a.http),
		// MSAL asks login.microsoftonline.com about every authority that it does not
		// know; at any other platform this is switched off.
		public.WithInstanceDiscovery(r.Bool("INSTANCE_DISCOVERY", true)),
	}
	if file := r.Optional("CACHE_FILE", ""); file != "" {
		a.cache = &fileCache{path: file}
		options = append(options, public.WithCache(a.cache))
	}
	if command := r.Optional("BROWSER", ""); command != "" && a.open == nil {
		a.open = func(address string) error { return exec.Command(command, address).Start() }
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	var err error
	a.client, err = public.New(a.clientID, options...)
	return a, err
}

// Scopes: those of the orders API, and those of Microsoft Graph, whose name is the
// same everywhere.
func (a *app) scope(name string) string { return a.api + "/" + name }
func graphScope(name string) string     { return "https://graph.microsoft.com/" + name }

func (a *app) whoami(ctx context.Context, _ []string) error {
	result, err := a.token(ctx, a.scope("Orders.Read"))
	if err != nil {
		return err
	}
	id := result.IDToken
	// Tenant and object together are who it is; the rest is for people to read.
	fmt.Fprintf(a.out, "%s (%s)\ntenant %s\nobject %s\n", id.Name, result.Account.PreferredUsername, id.TenantID, id.Oid)
	return nil
}

type order struct {
	ID       string `json:"id,omitempty"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

func (a *app) orders(ctx context.Context, _ []string) error {
	var list []order
	if err := a.get(ctx, a.scope("Orders.Read"), a.apiURL+"/orders", &list); err != nil {
		return err
	}
	for _, o := range list {
		fmt.Fprintf(a.out, "%s\t%d × %s\n", o.ID, o.Quantity, o.Item)
	}
	fmt.Fprintf(a.out, "orders: %d\n", len(list))
	return nil
}

// order needs more than to list: the person is asked for it when it is first used.
func (a *app) order(ctx context.Context, args []string) error {
	quantity, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("QUANTITY is %q, which is no number", args[1])
	}
	body, err := json.Marshal(order{Item: args[0], Quantity: quantity})
	if err != nil {
		return err
	}
	result, err := a.token(ctx, a.scope("Orders.ReadWrite"))
	if err != nil {
		return err
	}
	var made order
	if err := call.JSON(ctx, a.http, http.MethodPost, a.apiURL+"/orders", result.AccessToken, bytes.NewReader(body), &made); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "ordered as %s\n", made.ID)
	return nil
}

type profile struct {
	DisplayName       string `json:"displayName"`
	UserPrincipalName string `json:"userPrincipalName"`
}

// me asks a second resource, with a token of its own.
func (a *app) me(ctx context.Context, _ []string) error {
	var me profile
	if err := a.get(ctx, graphScope("User.Read"), a.graphURL+"/v1.0/me", &me); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s (%s)\n", me.DisplayName, me.UserPrincipalName)
	return nil
}

// people needs a permission that only administrators grant.
func (a *app) people(ctx context.Context, _ []string) error {
	var list struct {
		Value []profile `json:"value"`
	}
	if err := a.get(ctx, graphScope("User.Read.All"), a.graphURL+"/v1.0/users?$select=displayName,userPrincipalName&$top=20", &list); err != nil {
		return err
	}
	for _, p := range list.Value {
		fmt.Fprintf(a.out, "%s (%s)\n", p.DisplayName, p.UserPrincipalName)
	}
	return nil
}

func (a *app) get(ctx context.Context, scope, address string, out any) error {
	result, err := a.token(ctx, scope)
	if err != nil {
		return err
	}
	return call.JSON(ctx, a.http, http.MethodGet, address, result.AccessToken, nil, out)
}

// explain says to a person what an error means and what to do.
func (a *app) explain(err error) string {
	refused, ok := errors.AsType[*refusal](err)
	if !ok {
		return "native: " + err.Error()
	}
	switch text := html.UnescapeString(refused.cause.Error()); { // MSAL escapes it for its page
	case provider.NeedsAdministrator("", text):
		return "An administrator of your organisation has to allow this. Send them this link, and try again when they have.\n" +
			"Their browser ends at http://localhost, where nothing is; it is granted all the same.\n" +
			provider.AdminConsent(a.authority, a.clientID, []string{refused.scope}, "http://localhost")
	case strings.HasPrefix(text, "AADSTS65004:"):
		return "You declined, so this cannot be done. Everything else goes on as before; run the command again to be asked again."
	default:
		return "You are not signed in: " + text
	}
}
