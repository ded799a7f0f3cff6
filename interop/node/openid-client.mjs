// openid-client 6, and jose for the check that a Web API makes. The issuer is
// compared byte for byte, so it names the tenant by its id.
import { readFileSync } from "node:fs";
import * as client from "openid-client";
import { createRemoteJWKSet, importPKCS8, jwtVerify } from "jose";
import { announce, authority, check, listApplications, party, refused } from "./lines.mjs";

announce("openid-client");

const issuer = `${authority(party.tenant)}/v2.0`;

const configuration = (authentication, url = issuer, options) =>
  client.discovery(new URL(url), party.clientId, undefined, authentication, options);

async function token(authentication, scope = party.scope) {
  const config = await configuration(authentication);
  return { token: (await client.clientCredentialsGrant(config, { scope })).access_token };
}

const post = client.ClientSecretPost(party.secret);

await check("secret", () => token(post));
await check("secret-basic", () => token(client.ClientSecretBasic(party.secret)));
await check("certificate", async () => {
  // RFC 7523 §2.2: the key identifier is the certificate's SHA-256 thumbprint.
  const key = await importPKCS8(readFileSync(party.keyFile, "utf8"), "PS256");
  const thumbprint = Buffer.from(party.thumbprintSha256, "hex").toString("base64url");
  return token(
    client.PrivateKeyJwt(key, {
      [client.modifyAssertion]: (header) => {
        header["x5t#S256"] = thumbprint;
      },
    }),
  );
});
await check("v1-api", () => token(post, party.scopeV1));
await check("graph", async () => {
  const got = await token(post, party.graphScope);
  return { ...got, applications: await listApplications(got.token) };
});
await refused("wrong-secret", () => token(client.ClientSecretPost(party.wrongSecret)));

await check("discovery", async () => {
  const metadata = (await configuration(post)).serverMetadata();
  if (metadata.issuer !== issuer) throw new Error(`the issuer is ${metadata.issuer}`);
  for (const method of ["client_secret_post", "client_secret_basic", "private_key_jwt"]) {
    if (!metadata.token_endpoint_auth_methods_supported.includes(method)) throw new Error(`${method} is not offered`);
  }
  return { done: true };
});

/** Verifies as an API does: keys from the metadata, issuer and audience exact. */
async function verify(raw, metadata, audience) {
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
  await jwtVerify(raw, keys, { issuer: metadata.issuer, audience, algorithms: ["RS256"] });
  return { done: true };
}

const audience = (scope) => scope.replace(/\/\.default$/, "");

await check("verify", async () => {
  const metadata = (await configuration(post)).serverMetadata();
  // Version 2.0 tokens name the API by its client id.
  return verify((await token(post)).token, metadata, audience(party.scope).replace("api://", ""));
});
await check("verify-v1", async () => {
  const metadata = (await configuration(post, `${authority(party.tenant)}/`)).serverMetadata();
  return verify((await token(post, party.scopeV1)).token, metadata, audience(party.scopeV1));
});
await check("refuse", async () => {
  const metadata = (await configuration(post)).serverMetadata();
  const raw = (await token(post)).token;
  const at = raw.lastIndexOf(".") + 10;
  const spoilt = raw.slice(0, at) + (raw[at] === "A" ? "B" : "A") + raw.slice(at + 1);
  try {
    await verify(spoilt, metadata, audience(party.scope).replace("api://", ""));
  } catch (error) {
    if (error.code === "ERR_JWS_SIGNATURE_VERIFICATION_FAILED") return { done: true };
    throw error;
  }
  throw new Error("a token with a changed signature passed");
});
