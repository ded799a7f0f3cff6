// Command daemon calls the orders API by itself, with no person signed in: client
// credentials (RFC 6749 §4.4) by MSAL Go, with a secret or a certificate that may
// be rotated while it runs.
package main

import (
	"context"
	"fmt"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/sekisho-id/sekisho/samples/internal/credential"
	"github.com/sekisho-id/sekisho/samples/internal/job"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func main() { job.Process("daemon").Main(setup) }

func setup(r *setting.Reader, p job.Program) job.Work {
	authority := r.URL("AUTHORITY", "https://HOST/TENANT, for instance https://login.microsoftonline.com/ and the tenant's id")
	clientID := r.Required("CLIENT_ID", "the application (client) id of this daemon")
	source := credential.FromSettings(r)
	scope := r.Required("SCOPE", "the API's identifier and /.default, for instance api://orders/.default")
	// MSAL asks login.microsoftonline.com about every authority that it does not
	// know; at any other platform this is switched off.
	discovery := r.Bool("INSTANCE_DISCOVERY", true)
	client := r.HTTPClient()
	orders := job.Orders{Base: r.URL("API_URL", "the address of the orders API"), HTTP: client}

	tokens := credential.New(source, scope, func(c confidential.Credential) (confidential.Client, error) {
		return confidential.New(authority, clientID, c,
			confidential.WithHTTPClient(client), confidential.WithInstanceDiscovery(discovery))
	}, p.Report)
	orders.Token = func(ctx context.Context, refused string) (string, error) { return tokens.Token(ctx, refused) }

	return func(ctx context.Context) error {
		list, err := orders.List(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.Out, list)
		return nil
	}
}
