package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/sekisho-id/sekisho/samples/internal/provider"
)

// refusal is an answer of the platform after the person was asked.
type refusal struct {
	scope string
	cause error
}

func (r *refusal) Error() string { return r.cause.Error() }
func (r *refusal) Unwrap() error { return r.cause }

// token gets an access token for a scope: from the cache, by the refresh token, or
// by asking the person in the browser.
func (a *app) token(ctx context.Context, scope string) (public.AuthResult, error) {
	account, known, err := a.account(ctx)
	if err != nil {
		return public.AuthResult{}, err
	}
	if known {
		result, err := a.client.AcquireTokenSilent(ctx, []string{scope}, public.WithSilentAccount(account))
		if err == nil {
			return result, nil
		}
		if ctx.Err() != nil {
			return result, err
		}
		// Not consented to yet, revoked or expired: the platform knows what to ask.
		// MSAL has the person pick the account (prompt=select_account), and no hint
		// may go with that.
	}
	var options []public.AcquireInteractiveOption
	if a.open != nil {
		options = append(options, public.WithOpenURL(a.open))
	}
	fmt.Fprintln(a.err, "Go on in the browser.")
	// MSAL listens on a free port of this machine; the registration says
	// http://localhost, which stands for every port (RFC 8252 §7.3).
	result, err := a.client.AcquireTokenInteractive(ctx, []string{scope}, options...)
	if err != nil {
		if ctx.Err() == nil {
			err = &refusal{scope, err}
		}
		return result, err
	}
	if known && result.Account.HomeAccountID != account.HomeAccountID {
		// Somebody else: this application works for one person at a time.
		err = a.client.RemoveAccount(ctx, account)
	}
	return result, err
}

// account is the account that this application works for: the one in its cache.
func (a *app) account(ctx context.Context) (public.Account, bool, error) {
	list, err := a.client.Accounts(ctx)
	if err != nil || len(list) == 0 {
		return public.Account{}, false, err
	}
	return list[0], true, nil
}

// signOut forgets the person's tokens here, and then opens the address that ends
// their session in the browser.
func (a *app) signOut(ctx context.Context, _ []string) error {
	account, known, err := a.account(ctx)
	if err != nil {
		return err
	}
	if !known {
		fmt.Fprintln(a.out, "nobody is signed in")
		return nil
	}
	about, err := provider.Discover(ctx, a.http, a.authority)
	if err != nil {
		return err
	}
	// The ID token of the cache says whose session it is, also when it has expired.
	// Without one the platform asks.
	idToken := ""
	if result, err := a.client.AcquireTokenSilent(ctx, []string{a.scope("Orders.Read")}, public.WithSilentAccount(account)); err == nil {
		idToken = result.IDToken.RawToken
	}
	if err := a.client.RemoveAccount(ctx, account); err != nil {
		return err
	}
	if a.cache != nil {
		if err := os.Remove(a.cache.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	fmt.Fprintln(a.out, "signed out here")
	if about.EndSession == "" {
		return nil
	}
	address := about.SignOut(idToken, account.PreferredUsername, "")
	if a.open == nil {
		fmt.Fprintf(a.out, "to sign out of the browser too, open\n%s\n", address)
		return nil
	}
	return a.open(address)
}
