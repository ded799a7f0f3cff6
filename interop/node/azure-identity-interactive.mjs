// @azure/identity on a desktop: it opens addresses with its own copy of xdg-open,
// which heeds BROWSER.
import { InteractiveBrowserCredential } from "@azure/identity";
import { announce, askMe, check, party } from "./lines.mjs";

announce("@azure/identity");

const credential = new InteractiveBrowserCredential({
  tenantId: party.tenant,
  clientId: party.clientId,
  authorityHost: party.authorityHost,
  disableInstanceDiscovery: true,
});

await check("me", async () => {
  const first = await credential.getToken("User.Read");
  const second = await credential.getToken("User.Read");
  if (first.token !== second.token) throw new Error("the second call brought another token");
  return { me: await askMe(first.token) };
});
