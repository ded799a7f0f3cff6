// MSAL Node: knownAuthorities stands for instance discovery.
import { readFileSync } from "node:fs";
import { ConfidentialClientApplication } from "@azure/msal-node";
import { announce, assertion, authority, check, listApplications, party, refused } from "./lines.mjs";

announce("@azure/msal-node");

const application = (credential, { tenant = party.tenant, capabilities } = {}) =>
  new ConfidentialClientApplication({
    auth: {
      clientId: party.clientId,
      authority: authority(tenant),
      knownAuthorities: [party.host],
      ...(capabilities && { clientCapabilities: capabilities }),
      ...credential,
    },
  });

async function token(credential, { scope = party.scope, ...options } = {}) {
  const result = await application(credential, options).acquireTokenByClientCredential({ scopes: [scope] });
  return { token: result.accessToken };
}

const secret = { clientSecret: party.secret };
const privateKey = readFileSync(party.keyFile, "utf8");
const x5c = readFileSync(party.certificateFile, "utf8");

await check("secret", () => token(secret));
await check("certificate", () => token({ clientCertificate: { thumbprintSha256: party.thumbprintSha256, privateKey } }));
await check("certificate-chain", () => token({ clientCertificate: { thumbprintSha256: party.thumbprintSha256, privateKey, x5c } }));
await check("certificate-sha1", () => token({ clientCertificate: { thumbprint: party.thumbprint, privateKey } }));
await check("assertion", () => token({ clientAssertion: async () => assertion() }));
await check("v1-api", () => token(secret, { scope: party.scopeV1 }));
await check("domain", () => token(secret, { tenant: party.domain }));
await check("capability", () => token(secret, { capabilities: ["CP1"] }));
await check("graph", async () => {
  const got = await token(secret, { scope: party.graphScope });
  return { ...got, applications: await listApplications(got.token) };
});
await check("cache", async () => {
  const app = application(secret);
  const first = await app.acquireTokenByClientCredential({ scopes: [party.scope] });
  const second = await app.acquireTokenByClientCredential({ scopes: [party.scope] });
  if (!second.fromCache) throw new Error("the second result says that it is not from the cache");
  return { token: first.accessToken, again: second.accessToken };
});
await refused("wrong-secret", () => token({ clientSecret: party.wrongSecret }));
await refused("unconsented", () => token(secret, { tenant: party.elsewhere }));
