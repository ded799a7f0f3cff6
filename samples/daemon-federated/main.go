// Command daemon-federated calls the orders API by itself and holds no credential:
// it proves itself with the token that its surroundings give it, a Kubernetes
// service account or a GitHub Actions run. The platform was told once, with a
// federated identity credential, whose token stands for this application.
package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/sekisho-id/sekisho/samples/internal/job"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func main() { job.Process("daemon-federated").Main(setup) }

// The settings that begin with AZURE_ are those that Kubernetes sets in a pod whose
// service account is federated, so that nothing need be set there by hand.
func setup(r *setting.Reader, p job.Program) job.Work {
	authority := r.Optional("AZURE_AUTHORITY_HOST", "")
	if authority == "" {
		authority = "https://login.microsoftonline.com"
	} else {
		authority = r.URL("AZURE_AUTHORITY_HOST", "https://HOST/")
	}
	authority += "/" + r.Required("AZURE_TENANT_ID", "the tenant where the application is registered")
	clientID := r.Required("AZURE_CLIENT_ID", "the application (client) id of this daemon")
	scope := r.Required("SCOPE", "the API's identifier and /.default, for instance api://orders/.default")
	discovery := r.Bool("INSTANCE_DISCOVERY", true)
	client := r.HTTPClient()
	assertion := assertionFromSettings(r, client)
	orders := job.Orders{Base: r.URL("API_URL", "the address of the orders API"), HTTP: client}

	connect := func() (confidential.Client, error) {
		// MSAL asks for the assertion each time that it needs a token, so a file that
		// is replaced every hour is read every hour.
		cred := confidential.NewCredFromAssertionCallback(func(ctx context.Context, _ confidential.AssertionRequestOptions) (string, error) {
			return assertion(ctx)
		})
		return confidential.New(authority, clientID, cred,
			confidential.WithHTTPClient(client), confidential.WithInstanceDiscovery(discovery))
	}
	orders.Token = (&tokens{scope: scope, connect: connect}).token

	return func(ctx context.Context) error {
		list, err := orders.List(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.Out, list)
		return nil
	}
}

// tokens keeps an MSAL client and its cache.
type tokens struct {
	scope   string
	connect func() (confidential.Client, error)

	mu     sync.Mutex
	client *confidential.Client
}

// token is a [job.TokenSource].
func (t *tokens) token(ctx context.Context, refused string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.client == nil || refused != "" {
		// A client cannot be told to forget a token: a new one starts with an empty
		// cache.
		client, err := t.connect()
		if err != nil {
			return "", err
		}
		t.client = &client
	}
	result, err := t.client.AcquireTokenByCredential(ctx, []string{t.scope})
	if err != nil {
		return "", err
	}
	return result.AccessToken, nil
}
