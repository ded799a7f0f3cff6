// A single-page app around @azure/msal-browser, version 3, 4 or 5. The test calls what
// hangs on `app` and reads what MSAL answered.
/* global msal */
const config = JSON.parse(document.getElementById("config").textContent);
const client = new msal.PublicClientApplication(config.client);
const { redirectUri } = config;

const plain = (result) =>
  result && {
    token: result.accessToken,
    idToken: result.idToken,
    account: result.account?.homeAccountId,
    fromCache: result.fromCache,
    scopes: result.scopes,
  };
const told = (error) => ({ error: `${error.name} ${error.errorCode} ${error.message} Correlation ID: ${error.correlationId}` });
const account = () => client.getAllAccounts()[0];

const app = {
  redirect: (scopes) => client.loginRedirect({ scopes, redirectUri: config.landingUri }),
  popup: (scopes) => client.loginPopup({ scopes, redirectUri }).then(plain, told),
  more: (scopes) => client.acquireTokenPopup({ scopes, account: account(), redirectUri }).then(plain, told),
  silent: (scopes, policy) =>
    client
      .acquireTokenSilent({ scopes, account: account(), redirectUri, cacheLookupPolicy: msal.CacheLookupPolicy[policy ?? "Default"] })
      .then(plain, told),
  sso: (scopes, loginHint) => client.ssoSilent({ scopes, loginHint, redirectUri }).then(plain, told),
  logout: () => client.logoutRedirect({ account: account(), postLogoutRedirectUri: config.homeUri }),
  logoutPopup: () => client.logoutPopup({ account: account(), postLogoutRedirectUri: redirectUri }).then(() => ({}), told),
  accounts: () => client.getAllAccounts().length,
  /** How often this page asked the token endpoint since it was loaded. */
  requests: () => performance.getEntriesByType("resource").filter((e) => e.name.includes("/oauth2/v2.0/token")).length,
};

// What a redirect brought back, null on a first visit.
const ready = client
  .initialize()
  .then(() => client.handleRedirectPromise())
  .then((result) => {
    if (result) client.setActiveAccount(result.account);
    return plain(result);
  }, told);
Object.assign(window, { app, ready });
