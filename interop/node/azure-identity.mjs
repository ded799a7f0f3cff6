// @azure/identity: disableInstanceDiscovery and the authority's host.
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";
import { announce, assertion, check, listApplications, party, refused } from "./lines.mjs";

announce("@azure/identity");

const options = { authorityHost: party.authorityHost, disableInstanceDiscovery: true };

const bySecret = (tenant = party.tenant, secret = party.secret) =>
  new ClientSecretCredential(tenant, party.clientId, secret, options);

const byCertificate = (more = {}) =>
  new ClientCertificateCredential(party.tenant, party.clientId, { certificatePath: party.certificateFile }, { ...options, ...more });

async function token(credential, scope = party.scope, request = {}) {
  return { token: (await credential.getToken(scope, request)).token };
}

await check("secret", () => token(bySecret()));
await check("certificate", () => token(byCertificate()));
await check("certificate-chain", () => token(byCertificate({ sendCertificateChain: true })));
await check("assertion", () => token(new ClientAssertionCredential(party.tenant, party.clientId, async () => assertion(), options)));
await check("workload", () => {
  // What the workload identity webhook of Kubernetes sets.
  Object.assign(process.env, {
    AZURE_AUTHORITY_HOST: party.authorityHost,
    AZURE_TENANT_ID: party.tenant,
    AZURE_CLIENT_ID: party.clientId,
    AZURE_FEDERATED_TOKEN_FILE: party.assertionFile,
  });
  return token(new WorkloadIdentityCredential({ disableInstanceDiscovery: true }));
});
await check("v1-api", () => token(bySecret(), party.scopeV1));
await check("domain", () => token(bySecret(party.domain)));
await check("capability", () => token(bySecret(), party.scope, { enableCae: true }));
await check("graph", async () => {
  const got = await token(bySecret(), party.graphScope);
  return { ...got, applications: await listApplications(got.token) };
});
await check("cache", async () => {
  const credential = bySecret();
  const first = await credential.getToken(party.scope);
  const second = await credential.getToken(party.scope);
  return { token: first.token, again: second.token };
});
await refused("wrong-secret", () => token(bySecret(party.tenant, party.wrongSecret)));
