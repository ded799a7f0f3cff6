// Auth.js, the core of next-auth 5, with its Microsoft Entra ID provider. The page
// /start does what signIn() of next-auth/react does.
import { Auth } from "@auth/core";
import MicrosoftEntraID from "@auth/core/providers/microsoft-entra-id";
import { randomBytes } from "node:crypto";
import { announce, askMe, authority, browse, check, party, webApplication } from "./lines.mjs";

announce("@auth/core");

const accounts = [];

/** The application, asking for the scopes that the provider asks for, or for others. */
const config = (scope) => ({
  basePath: "/auth",
  trustHost: true,
  secret: randomBytes(32).toString("hex"),
  providers: [
    MicrosoftEntraID({
      clientId: party.clientId,
      clientSecret: party.secret,
      issuer: `${authority(party.tenant)}/v2.0`,
      ...(scope && { authorization: { params: { scope } } }),
      profile: (claims) => ({ id: claims.sub, name: claims.name, email: claims.email }),
    }),
  ],
  callbacks: {
    jwt({ token, account }) {
      if (account) accounts.push(account);
      return token;
    },
  },
});

const start = `<!doctype html><title>Start</title><script type="module">
const { csrfToken } = await (await fetch("/auth/csrf")).json();
const answer = await fetch("/auth/signin/microsoft-entra-id", {
  method: "post",
  headers: { "content-type": "application/x-www-form-urlencoded", "x-auth-return-redirect": "1" },
  body: new URLSearchParams({ csrfToken, callbackUrl: location.origin + "/done" }),
});
location.href = (await answer.json()).url;
</script>`;

async function signIn(scope) {
  const settings = config(scope);
  const site = await webApplication(async (url, request, body, response) => {
    if (url.pathname === "/start") {
      response.setHeader("content-type", "text/html").end(start);
      return true;
    }
    if (!url.pathname.startsWith("/auth/")) return false;
    const answer = await Auth(new Request(url, { method: request.method, headers: request.headers, ...(body && { body }) }), settings);
    answer.headers.forEach((value, name) => name === "set-cookie" || response.setHeader(name, value));
    response.setHeader("set-cookie", answer.headers.getSetCookie());
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    return true;
  });
  try {
    const seen = await browse(`${site.origin}/start`, { until: `${site.origin}/done` });
    if (accounts.length !== 1) throw new Error(`Auth.js signed nobody in; the browser is at ${seen.url}`);
    return accounts.pop();
  } finally {
    site.close();
  }
}

await check("sign-in", async () => {
  const account = await signIn(`openid profile email ${party.permission}`);
  return { token: account.access_token, idToken: account.id_token };
});
await check("me", async () => ({ me: await askMe((await signIn()).access_token) }));
