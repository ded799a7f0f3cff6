// Command daemon-multitenant is the daemon of a software vendor: one application,
// registered in the vendor's tenant, that works in the tenants of its customers.
// Each customer's administrator decides: the daemon gets a token only in tenants
// where it was added, and may do there only what it was granted.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"

	"github.com/sekisho-id/sekisho/samples/internal/credential"
	"github.com/sekisho-id/sekisho/samples/internal/job"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func main() { job.Process("daemon-multitenant").Main(setup) }

func setup(r *setting.Reader, p job.Program) job.Work {
	authority := r.URL("AUTHORITY", "https://HOST/TENANT with the tenant of the vendor, where the application is registered")
	clientID := r.Required("CLIENT_ID", "the application (client) id of this daemon")
	source := credential.FromSettings(r)
	scope := r.Required("SCOPE", "the API's identifier and /.default, for instance api://orders/.default")
	customers := r.List("TENANTS")
	if len(customers) == 0 {
		r.Fault("TENANTS", "is not set: the ids of the customers' tenants, with commas between them")
	}
	discovery := r.Bool("INSTANCE_DISCOVERY", true)
	client := r.HTTPClient()
	base := r.URL("API_URL", "the address of the orders API")

	tokens := credential.New(source, scope, func(c confidential.Credential) (confidential.Client, error) {
		return confidential.New(authority, clientID, c,
			confidential.WithHTTPClient(client), confidential.WithInstanceDiscovery(discovery))
	}, p.Report)

	// A customer who has not granted anything must not keep the others waiting:
	// each is tried, and what failed is told at the end.
	return func(ctx context.Context) error {
		var faults []error
		for _, tenant := range customers {
			orders := job.Orders{Base: base, HTTP: client, Token: func(ctx context.Context, refused string) (string, error) {
				// Never common or organizations: an application without a person has
				// no tenant of its own to be found by.
				return tokens.Token(ctx, refused, confidential.WithTenantID(tenant))
			}}
			list, err := orders.List(ctx)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", tenant, explain(err)))
				continue
			}
			fmt.Fprintf(p.Out, "%s: %s\n", tenant, list)
		}
		return errors.Join(faults...)
	}
}

// What a customer's administrator has to do, by what the platform or the API said.
var (
	errNotAdded   = errors.New("this application was not added to the tenant: its administrator creates the service principal")
	errNotGranted = errors.New("this application has no permission in the tenant: its administrator assigns an app role of the API")
)

// notAdded are the numbers by which the platform says that the application has no
// service principal in the tenant: AADSTS700016 and AADSTS7000229.
var notAdded = []int{700016, 7000229}

// explain finds out whether the customer has to do something.
func explain(err error) error {
	if slices.ContainsFunc(codes(err), func(code int) bool { return slices.Contains(notAdded, code) }) {
		return fmt.Errorf("%w (%w)", errNotAdded, err)
	}
	if refusal, ok := errors.AsType[*job.Refusal](err); ok && refusal.Status == http.StatusForbidden {
		return fmt.Errorf("%w (%w)", errNotGranted, err)
	}
	return err
}

// codes are the AADSTS numbers in an error of MSAL.
func codes(err error) []int {
	call, ok := errors.AsType[msal.CallErr](err)
	if !ok || call.Resp == nil {
		return nil
	}
	body, err := io.ReadAll(call.Resp.Body)
	if err != nil {
		return nil
	}
	var answer struct {
		Codes []int `json:"error_codes"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	return answer.Codes
}
