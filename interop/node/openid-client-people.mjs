// openid-client 6 in a web application: code, PKCE, state and nonce, all checked.
import * as client from "openid-client";
import { announce, authority, check, party, refused, webApplication } from "./lines.mjs";

announce("openid-client");

const config = await client.discovery(new URL(`${authority(party.tenant)}/v2.0`), party.clientId, party.secret);
const site = await webApplication();
let tokens;
let seen; // the pages of the last visit

/** A visit of the person, and the tokens that it brought. */
async function visit(scope, options) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const { url, pages } = await site.visit(
    client.buildAuthorizationUrl(config, {
      redirect_uri: site.redirectUri,
      scope,
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
    }),
    options,
  );
  seen = pages;
  return client.authorizationCodeGrant(config, url, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true });
}

const all = `openid profile email offline_access ${party.permission}`;

await refused("declined", () => visit(all, { decline: true }));
await check("sign-in", async () => {
  tokens = await visit(all);
  return { token: tokens.access_token, idToken: tokens.id_token };
});
await check("refresh", async () => {
  const second = await client.refreshTokenGrant(config, tokens.refresh_token);
  return { token: tokens.access_token, again: second.access_token, idToken: second.id_token };
});
await check("userinfo", async () => {
  const graph = await visit("openid profile email");
  const { sub } = await client.fetchUserInfo(config, graph.access_token, graph.claims().sub);
  return { subject: sub, idToken: graph.id_token };
});
await check("sign-out", async () => {
  const here = { profile: "one" };
  const { id_token } = await visit(all, here);
  await visit(all, here);
  if (seen.length !== 0) throw new Error(`somebody who is signed in saw ${seen}`);
  const url = client.buildEndSessionUrl(config, { id_token_hint: id_token, post_logout_redirect_uri: site.redirectUri, state: "left" });
  const { parameters } = await site.visit(url, { ...here, until: site.origin });
  if (parameters.get("state") !== "left") throw new Error(`the sign-out came back with ${parameters}`);
  await visit(all, here);
  if (!seen.includes("password")) throw new Error(`after the sign-out the person saw ${seen}`);
  return { done: true };
});
site.close();
