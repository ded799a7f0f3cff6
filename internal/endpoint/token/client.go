package token

import (
	"context"
	"errors"
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// findClient finds the application and its service principal in the tenant of the
// path. The latter is nil where a multi-tenant application was never consented
// to, and for a path that names no tenant.
func (e *Endpoint) findClient(ctx context.Context, x *exchange, clientID directory.ID) error {
	app, err := e.Lookup.ApplicationByAppID(ctx, clientID)
	if errors.Is(err, directory.ErrNotFound) {
		return unknownClient(x, clientID)
	}
	if err != nil {
		return err
	}
	var sp *directory.ServicePrincipal
	if x.tenant != nil {
		if !app.OfferedTo(x.tenant.ID) {
			return unknownClient(x, clientID)
		}
		sp, err = e.Lookup.ServicePrincipalByAppID(ctx, x.tenant.ID, clientID)
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return err
		}
	}
	if app.Blocked() || sp != nil && !sp.AccountEnabled {
		return aadsts.New(aadsts.ApplicationDisabled, string(clientID))
	}
	x.app, x.sp = app, sp
	return nil
}

func unknownClient(x *exchange, clientID directory.ID) error {
	name := x.tenantName
	if x.tenant != nil {
		name = x.tenant.DefaultDomain()
	}
	return aadsts.New(aadsts.ApplicationNotFound, string(clientID), name)
}

// prove holds the client to the rules of its kind, which is that of the redirect
// URI behind the code or refresh token, and authenticates it. Single-page
// applications ask from a browser and nobody else does; applications that keep no
// secret must send none, and web applications must.
func (e *Endpoint) prove(ctx context.Context, r *http.Request, x *exchange) error {
	origin, sent := r.Header.Get("Origin"), x.client.Credential()
	public := x.platform != "" && x.platform.Public()
	// What was not found is refused as such, to whoever could have brought it.
	nothing := x.refused != nil && !sent && (origin == "" || fromSPA(x.app, origin))
	switch {
	case nothing:
		return x.refused
	case origin != "" && x.platform != directory.PlatformSPA:
		return aadsts.New(aadsts.CrossOrigin)
	case origin == "" && x.platform == directory.PlatformSPA:
		return aadsts.New(aadsts.NotCrossOrigin)
	case public && sent:
		return aadsts.New(aadsts.PublicCredential)
	case x.platform == directory.PlatformWeb && !sent:
		return aadsts.New(aadsts.CredentialRequired)
	}
	x.client.AllowPublic = public
	var err error
	if x.proven, err = e.Clients.Authenticate(ctx, x.app, x.sp, x.client); err != nil {
		return err
	}
	return x.refused
}
