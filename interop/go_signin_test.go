package interop

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sekisho-id/sekisho/interop/internal/outcome"
	"github.com/sekisho-id/sekisho/interop/internal/person"
)

// site is a web application on loopback that hears what its redirect URI is sent.
type site struct {
	// redirect is the redirect URI, with the port that happened to be free.
	redirect string
	heard    chan url.Values
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{heard: make(chan url.Values, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("/web", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.heard <- r.Form
		_, _ = w.Write([]byte("signed in"))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.redirect = strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/web"
	return s
}

// visit sends somebody to the address and returns what came back.
func (s *site) visit(t *testing.T, address string, way person.Way) (url.Values, error) {
	t.Helper()
	if _, err := open(t.Context(), newProfile(t), address, way); err != nil {
		return nil, err
	}
	select {
	case v := <-s.heard:
		return v, nil
	default:
		return nil, errors.New("nothing came to the redirect URI")
	}
}

// again asks MSAL for a token that is not in its cache: a claims request
// passes the cache by.
const again = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`

func TestGoMSALPeople(t *testing.T) {
	r := record(t, "msal-go-people", moduleVersion(t, "github.com/AzureAD/microsoft-authentication-library-for-go"))
	p := r.party
	cred, err := confidential.NewCredFromSecret(p.Secret)
	if err != nil {
		t.Fatal(err)
	}
	client, err := confidential.New(p.authority(p.Tenant), p.ClientID, cred, confidential.WithInstanceDiscovery(false))
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	// visit asks for consent to some scopes, and then for a token of the first.
	visit := func(t *testing.T, scope string, more ...string) (signedIn confidential.AuthResult, err error) {
		state, verifier := rand.Text(), oauth2.GenerateVerifier()
		address, err := client.AuthCodeURL(t.Context(), p.ClientID, s.redirect, append(more, scope))
		if err != nil {
			return signedIn, err
		}
		address += "&" + url.Values{
			"state": {state}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
		}.Encode()
		back, err := s.visit(t, address, person.Way{Person: p.person})
		if err == nil && back.Get("state") != state {
			err = fmt.Errorf("the answer is %v", back)
		}
		if err != nil {
			return signedIn, err
		}
		return client.AcquireTokenByAuthCode(t.Context(), back.Get("code"), s.redirect, []string{scope}, confidential.WithChallenge(verifier))
	}
	var signedIn confidential.AuthResult
	r.check(t, outcome.SignIn, func(t *testing.T) (a answer, err error) {
		signedIn, err = visit(t, p.Permission, "User.Read", "openid", "profile", "offline_access")
		return answer{Token: signedIn.AccessToken, IDToken: signedIn.IDToken.RawToken, Account: signedIn.Account.HomeAccountID}, err
	})
	r.check(t, outcome.SignInCache, func(t *testing.T) (answer, error) {
		second, err := client.AcquireTokenSilent(t.Context(), []string{p.Permission}, confidential.WithSilentAccount(signedIn.Account))
		return answer{Token: signedIn.AccessToken, Again: second.AccessToken, IDToken: signedIn.IDToken.RawToken}, err
	})
	// A token for another resource takes the refresh token.
	r.check(t, outcome.Me, func(t *testing.T) (answer, error) {
		result, err := client.AcquireTokenSilent(t.Context(), []string{"User.Read"}, confidential.WithSilentAccount(signedIn.Account))
		if err != nil {
			return answer{}, err
		}
		me, err := askMe(t.Context(), p, result.AccessToken)
		return answer{Me: me}, err
	})
	// AuthCodeURL adds no OpenID Connect scopes, and the redemption does: whoever did
	// not name them gets a token and nothing else.
	t.Run("scopes of its own", func(t *testing.T) {
		plain, err := visit(t, "User.Read")
		if err != nil {
			t.Fatal(err)
		}
		if me, err := askMe(t.Context(), p, plain.AccessToken); err != nil || me != p.personID {
			t.Errorf("the token is of %q: %v", me, err)
		}
	})
}

func TestGoMSALInteractive(t *testing.T) {
	r := record(t, "msal-go-interactive", moduleVersion(t, "github.com/AzureAD/microsoft-authentication-library-for-go"))
	p := r.party
	client, err := public.New(p.ClientID, public.WithAuthority(p.authority(p.Tenant)), public.WithInstanceDiscovery(false))
	if err != nil {
		t.Fatal(err)
	}
	interactive := func(t *testing.T, scope string, way person.Way, more ...public.AcquireInteractiveOption) (public.AuthResult, error) {
		return client.AcquireTokenInteractive(t.Context(), []string{scope}, append(more, withPerson(t, way))...)
	}
	r.check(t, outcome.Declined, func(t *testing.T) (answer, error) {
		_, err := interactive(t, p.Permission, person.Way{Person: p.person, Decline: true})
		if err == nil {
			return answer{}, errors.New("nothing was refused")
		}
		return answer{Error: err.Error()}, nil
	})
	var signedIn public.AuthResult
	r.check(t, outcome.SignIn, func(t *testing.T) (a answer, err error) {
		signedIn, err = interactive(t, p.Permission, person.Way{Person: p.person, Stay: true})
		return answer{Token: signedIn.AccessToken, IDToken: signedIn.IDToken.RawToken, Account: signedIn.Account.HomeAccountID, Public: true}, err
	})
	r.check(t, outcome.SignInCache, func(t *testing.T) (answer, error) {
		second, err := client.AcquireTokenSilent(t.Context(), []string{p.Permission}, public.WithSilentAccount(signedIn.Account))
		return answer{Token: signedIn.AccessToken, Again: second.AccessToken, IDToken: signedIn.IDToken.RawToken, Public: true}, err
	})
	r.check(t, outcome.Refresh, func(t *testing.T) (answer, error) {
		second, err := client.AcquireTokenSilent(t.Context(), []string{p.Permission}, public.WithSilentAccount(signedIn.Account), public.WithClaims(again))
		return answer{Token: signedIn.AccessToken, Again: second.AccessToken, IDToken: second.IDToken.RawToken, Account: second.Account.HomeAccountID, Public: true}, err
	})
	r.check(t, outcome.Me, func(t *testing.T) (answer, error) {
		// The hint goes out together with prompt=select_account.
		result, err := interactive(t, "User.Read", person.Way{Person: p.person}, public.WithLoginHint(p.Address))
		if err != nil {
			return answer{}, err
		}
		me, err := askMe(t.Context(), p, result.AccessToken)
		return answer{Me: me}, err
	})
	r.check(t, outcome.Common, func(t *testing.T) (a answer, err error) {
		client, err := public.New(p.ClientID, public.WithAuthority(p.authority("common")), public.WithInstanceDiscovery(false))
		if err != nil {
			return a, err
		}
		first, err := client.AcquireTokenInteractive(t.Context(), []string{p.Permission}, withPerson(t, person.Way{Person: p.person}))
		if err != nil {
			return a, err
		}
		second, err := client.AcquireTokenSilent(t.Context(), []string{p.Permission}, public.WithSilentAccount(first.Account), public.WithClaims(again))
		return answer{Token: first.AccessToken, Again: second.AccessToken, IDToken: second.IDToken.RawToken, Account: first.Account.HomeAccountID, Public: true}, err
	})
}

// withPerson has somebody open the address, in a browser that knows nobody yet.
func withPerson(t *testing.T, way person.Way) public.AcquireInteractiveOption {
	return public.WithOpenURL(func(address string) error {
		tab := newProfile(t)
		go func() { _, _ = open(t.Context(), tab, address, way) }() // the client hears of it
		return nil
	})
}

// askMe asks Graph who the token is for.
func askMe(ctx context.Context, p *party, token string) (string, error) {
	var me struct {
		ID string `json:"id"`
	}
	err := getJSON(ctx, p.GraphURL+"/v1.0/me", token, &me)
	return me.ID, err
}

// The credential opens addresses with the desktop's own command: a command of that
// name, first in PATH, hands them to the person.
func TestGoAzidentityInteractive(t *testing.T) {
	r := record(t, "azidentity-interactive", moduleVersion(t, "github.com/Azure/azure-sdk-for-go/sdk/azidentity"))
	p := r.party
	_, address := newDesk(t, p.person)
	bin := filepath.Dir(openCommand(t, address))
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	credential, err := azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{
		ClientID: p.ClientID, TenantID: p.Tenant, DisableInstanceDiscovery: true,
		ClientOptions: azcore.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: p.AuthorityHost}},
	})
	if err != nil {
		t.Fatal(err)
	}
	get := func(t *testing.T) (string, error) {
		token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"User.Read"}})
		return token.Token, err
	}
	r.check(t, outcome.Me, func(t *testing.T) (answer, error) {
		token, err := get(t)
		if err != nil {
			return answer{}, err
		}
		second, err := get(t)
		if err == nil && token != second {
			err = errors.New("the second call brought another token")
		}
		if err != nil {
			return answer{}, err
		}
		me, err := askMe(t.Context(), p, token)
		return answer{Me: me}, err
	})
}

func TestGoOIDCPeople(t *testing.T) {
	r := record(t, "go-oidc-people", moduleVersion(t, "github.com/coreos/go-oidc/v3"))
	p := r.party
	provider, err := oidc.NewProvider(t.Context(), p.authority(p.Tenant)+"/v2.0")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	config := &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: provider.Endpoint(), RedirectURL: s.redirect,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess, p.Permission},
	}
	verifier := provider.VerifierContext(t.Context(), &oidc.Config{ClientID: p.ClientID})
	var signedIn *oauth2.Token
	var raw string
	ask := func(t *testing.T, way person.Way, more ...oauth2.AuthCodeOption) (back url.Values, pkce, nonce string, err error) {
		state := rand.Text() + "|%7c+ /"
		pkce, nonce = oauth2.GenerateVerifier(), rand.Text()
		more = append(more, oauth2.S256ChallengeOption(pkce), oidc.Nonce(nonce))
		back, err = s.visit(t, config.AuthCodeURL(state, more...), way)
		if err == nil && back.Get("state") != state {
			err = fmt.Errorf("the state came back as %q, was %q", back.Get("state"), state)
		}
		return back, pkce, nonce, err
	}
	r.check(t, outcome.Declined, func(t *testing.T) (answer, error) {
		back, _, _, err := ask(t, person.Way{Person: p.person, Decline: true})
		return answer{Error: back.Get("error") + " " + back.Get("error_description")}, err
	})
	r.check(t, outcome.SignIn, func(t *testing.T) (a answer, err error) {
		back, pkce, nonce, err := ask(t, person.Way{Person: p.person}, oauth2.SetAuthURLParam("response_mode", "form_post"))
		if err != nil {
			return a, err
		}
		if signedIn, err = config.Exchange(t.Context(), back.Get("code"), oauth2.VerifierOption(pkce)); err != nil {
			return a, err
		}
		raw, _ = signedIn.Extra("id_token").(string)
		token, err := verifier.Verify(t.Context(), raw)
		if err == nil && token.Nonce != nonce {
			err = fmt.Errorf("the nonce is %q", token.Nonce)
		}
		return answer{Token: signedIn.AccessToken, IDToken: raw}, err
	})
	r.check(t, outcome.Refresh, func(t *testing.T) (answer, error) {
		old := &oauth2.Token{RefreshToken: signedIn.RefreshToken}
		second, err := config.TokenSource(t.Context(), old).Token()
		if err != nil {
			return answer{}, err
		}
		fresh, _ := second.Extra("id_token").(string)
		return answer{Token: signedIn.AccessToken, Again: second.AccessToken, IDToken: fresh}, nil
	})
	r.check(t, outcome.UserInfo, func(t *testing.T) (a answer, err error) {
		config.Scopes = []string{oidc.ScopeOpenID, "profile", "email"}
		back, pkce, _, err := ask(t, person.Way{Person: p.person})
		if err != nil {
			return a, err
		}
		token, err := config.Exchange(t.Context(), back.Get("code"), oauth2.VerifierOption(pkce))
		if err != nil {
			return a, err
		}
		info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
		if err != nil {
			return a, err
		}
		raw, _ := token.Extra("id_token").(string)
		return answer{Subject: info.Subject, IDToken: raw}, nil
	})
}
