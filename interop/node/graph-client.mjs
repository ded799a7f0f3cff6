// Microsoft Graph SDK for JavaScript, with a credential of @azure/identity. Graph
// clients attach tokens only to hosts they know: customHosts names ours, without
// its port.
import { ClientSecretCredential } from "@azure/identity";
import { Client } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";
import { announce, check, party } from "./lines.mjs";

announce("@microsoft/microsoft-graph-client");

const credential = new ClientSecretCredential(party.tenant, party.clientId, party.secret, {
  authorityHost: party.authorityHost,
  disableInstanceDiscovery: true,
});

await check("graph", async () => {
  const graph = Client.initWithMiddleware({
    baseUrl: party.graphUrl + "/",
    customHosts: new Set([new URL(party.graphUrl).hostname]),
    authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: [party.graphScope] }),
  });
  const page = await graph.api("/applications").top(5).select("appId").get();
  return { token: (await credential.getToken(party.graphScope)).token, applications: page.value.length };
});
