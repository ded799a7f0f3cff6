// Command webapp is a web application in Go that signs people in with MSAL and
// calls two APIs for them. It is a confidential client (OpenID Connect Core §3.1,
// RFC 7636): the code is redeemed here, with a credential that no browser sees, and
// so the tokens never leave this server either.
//
// The way of a request: app (routes) → session (who is this?) → tokens (is there
// one for what is wanted?) → the API; or, where the platform has to ask the person
// something, → signin → the platform → callback → back to where it began.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/sekisho-id/sekisho/samples/internal/credential"
	"github.com/sekisho-id/sekisho/samples/internal/provider"
	"github.com/sekisho-id/sekisho/samples/internal/serve"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.LookupEnv, os.Stdout, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "webapp: %v\n", err)
		os.Exit(1)
	}
}

// config is what the application is told.
type config struct {
	authority string // https://HOST/TENANT
	clientID  string
	api       string // App ID URI of the orders API, which its scopes begin with
	apiURL    string
	graphURL  string
	baseURL   string // what browsers see, "" for the address that is listened at
	client    *http.Client
	connect   func() (confidential.Client, error)
}

// run serves the application until ctx is done. It writes its address to out when
// it listens.
func run(ctx context.Context, lookup func(string) (string, bool), out io.Writer, log *slog.Logger) error {
	r := setting.New(lookup)
	s := serve.FromSettings(r, "localhost:3000", log)
	c := config{
		authority: r.URL("AUTHORITY", "https://HOST/TENANT, for instance https://login.microsoftonline.com/ and the tenant's id"),
		clientID:  r.Required("CLIENT_ID", "the application (client) id of this web application"),
		api:       strings.TrimSuffix(r.Required("API", "the App ID URI of the orders API, for instance api://orders"), "/"),
		apiURL:    r.URL("API_URL", "the address of the orders API"),
		graphURL:  strings.TrimSuffix(r.Optional("GRAPH_URL", "https://graph.microsoft.com"), "/"),
		baseURL:   strings.TrimSuffix(r.Optional("BASE_URL", ""), "/"),
		client:    r.HTTPClient(),
	}
	source := credential.FromSettings(r)
	discovery := r.Bool("INSTANCE_DISCOVERY", true)
	if err := r.Err(); err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	cred, err := source.Credential()
	if err != nil {
		return fmt.Errorf("the credential: %w", err)
	}
	c.connect = func() (confidential.Client, error) {
		return confidential.New(c.authority, c.clientID, cred,
			confidential.WithHTTPClient(c.client), confidential.WithInstanceDiscovery(discovery))
	}
	asking, err := c.connect()
	if err != nil {
		return err
	}
	about, err := provider.Discover(ctx, c.client, c.authority)
	if err != nil {
		return err
	}
	return s.Run(ctx, "orders web", out, func(base string) (http.Handler, error) {
		if c.baseURL == "" {
			c.baseURL = base
		}
		a := &app{config: c, provider: about, asking: asking, log: log, now: time.Now}
		return a.handler()
	})
}
