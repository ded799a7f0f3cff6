// MSAL Node in a web application: the person's code comes by form_post, and state,
// nonce and PKCE are the application's to draw and to compare.
import { ConfidentialClientApplication, CryptoProvider, ResponseMode } from "@azure/msal-node";
import { announce, askMe, authority, check, party, webApplication } from "./lines.mjs";

announce("@azure/msal-node");

const application = (tenant) =>
  new ConfidentialClientApplication({
    auth: { clientId: party.clientId, clientSecret: party.secret, authority: authority(tenant), knownAuthorities: [party.host] },
  });
const client = application(party.tenant);
const crypto = new CryptoProvider();
const scopes = [party.permission];
const site = await webApplication();
let signedIn;

const plain = (result) => ({ token: result.accessToken, idToken: result.idToken, account: result.account.homeAccountId });

/** A visit of the person, and the tokens that it brought. */
async function visit(client) {
  const { verifier, challenge } = await crypto.generatePkceCodes();
  const [state, nonce] = [crypto.createNewGuid(), crypto.createNewGuid()];
  const request = { scopes, redirectUri: site.redirectUri, state, nonce };
  const url = await client.getAuthCodeUrl({
    ...request,
    extraScopesToConsent: ["User.Read"],
    responseMode: ResponseMode.FORM_POST,
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
  });
  const { request: heard, parameters } = await site.visit(url);
  if (heard.method !== "POST") throw new Error(`the answer came by ${heard.method}`);
  const payload = Object.fromEntries(parameters);
  if (!payload.code) throw new Error(`the answer is ${parameters}`);
  return client.acquireTokenByCode({ ...request, code: payload.code, codeVerifier: verifier }, payload);
}

await check("sign-in", async () => {
  signedIn = await visit(client);
  return plain(signedIn);
});
await check("sign-in-cache", async () => {
  const second = await client.acquireTokenSilent({ scopes, account: signedIn.account });
  if (!second.fromCache) throw new Error("the second result says that it is not from the cache");
  return { ...plain(signedIn), again: second.accessToken };
});
await check("refresh", async () => {
  const second = await client.acquireTokenSilent({ scopes, account: signedIn.account, forceRefresh: true });
  return { ...plain(second), token: signedIn.accessToken, again: second.accessToken };
});
await check("me", async () => {
  const graph = await client.acquireTokenSilent({ scopes: ["User.Read"], account: signedIn.account });
  return { me: await askMe(graph.accessToken) };
});
await check("common", async () => {
  const anyTenant = application("common");
  const first = await visit(anyTenant);
  const second = await anyTenant.acquireTokenSilent({ scopes, account: first.account, forceRefresh: true });
  return { ...plain(second), token: first.accessToken, again: second.accessToken };
});
site.close();
