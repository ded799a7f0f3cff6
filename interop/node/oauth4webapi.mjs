// oauth4webapi: every answer is validated by its own functions, the issuer in the
// authorization response (RFC 9207) and the ID token's signature among them.
import * as oauth from "oauth4webapi";
import { announce, authority, check, party, refused, webApplication } from "./lines.mjs";

announce("oauth4webapi");

const issuer = new URL(`${authority(party.tenant)}/v2.0`);
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
const client = { client_id: party.clientId };
const authentication = oauth.ClientSecretBasic(party.secret);
const site = await webApplication();
let tokens;

async function visit(scope, options) {
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: party.clientId,
    redirect_uri: site.redirectUri,
    response_type: "code",
    scope,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const { url: heard } = await site.visit(url, options);
  if (server.authorization_response_iss_parameter_supported !== true) throw new Error("the issuer is not said to come back");
  const parameters = oauth.validateAuthResponse(server, client, heard, state);
  const answer = await oauth.authorizationCodeGrantRequest(server, client, authentication, parameters, site.redirectUri, verifier);
  const result = await oauth.processAuthorizationCodeResponse(server, client, answer, { expectedNonce: nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(server, answer);
  return result;
}

const all = `openid profile email offline_access ${party.permission}`;

await refused("declined", () => visit(all, { decline: true }));
await check("sign-in", async () => {
  tokens = await visit(all);
  return { token: tokens.access_token, idToken: tokens.id_token };
});
await check("refresh", async () => {
  const answer = await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token);
  const second = await oauth.processRefreshTokenResponse(server, client, answer);
  return { token: tokens.access_token, again: second.access_token, idToken: second.id_token };
});
await check("userinfo", async () => {
  const graph = await visit("openid profile email");
  const subject = oauth.getValidatedIdTokenClaims(graph).sub;
  const answer = await oauth.userInfoRequest(server, client, graph.access_token);
  const { sub } = await oauth.processUserInfoResponse(server, client, subject, answer);
  return { subject: sub, idToken: graph.id_token };
});
site.close();
