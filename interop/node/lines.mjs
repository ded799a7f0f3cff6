// What every program here shares: reading the party from the file that
// SEKISHO_INTEROP_PARTY names, and printing one line of JSON for each case.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

export const party = JSON.parse(readFileSync(process.env.SEKISHO_INTEROP_PARTY, "utf8"));

/** The authority with the tenant named by id or domain. */
export const authority = (tenant) => `${party.authorityHost}/${tenant}`;

/** A token of the issuer that the application trusts; read anew each time, since it is renewed. */
export const assertion = () => readFileSync(party.assertionFile, "utf8");

const print = (line) => process.stdout.write(JSON.stringify(line) + "\n");

/** Says which version of the client runs. */
export function announce(name) {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url); // not every package exports it
  print({ version: JSON.parse(readFileSync(file, "utf8")).version });
}

/** Runs a case and prints what it returned, or how it failed. */
export async function check(name, run) {
  try {
    print({ case: name, ...(await run()) });
  } catch (error) {
    print({ case: name, failed: describe(error) });
  }
}

/** Runs a case that must fail; what the error shows a developer is printed. */
export function refused(name, run) {
  return check(name, async () => {
    try {
      await run();
    } catch (error) {
      return { error: describe(error) };
    }
    throw new Error("nothing was refused");
  });
}

/** What an error shows: its text, and its members where a client puts details there. */
function describe(error) {
  const members = {};
  for (const key of ["name", "errorCode", "errorNo", "error", "error_description", "correlationId", "status", "code"]) {
    if (error?.[key] !== undefined && typeof error[key] !== "object") members[key] = error[key];
  }
  const correlation = error?.correlationId ? ` Correlation ID: ${error.correlationId}` : "";
  const cause = error?.cause?.message ? ` (${error.cause.message})` : "";
  return `${error?.message ?? error}${cause}${correlation} ${JSON.stringify(members)}`;
}

/** Calls Graph with a token and counts the applications it lists. */
export async function listApplications(token) {
  const answer = await fetch(`${party.graphUrl}/v1.0/applications?$top=5&$select=appId`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!answer.ok) throw new Error(`Graph answered ${answer.status} ${await answer.text()}`);
  return (await answer.json()).value.length;
}

/**
 * Somebody opens an address and goes through the sign-in pages. Resolves with what
 * they saw when the browser has left for the application. The same profile keeps
 * sessions; with `until`, other pages of the application are waited through.
 */
export async function browse(url, { profile = "", decline = false, until = "" } = {}) {
  const answer = await fetch(party.browser, { method: "POST", body: JSON.stringify({ url, profile, decline, until }) });
  if (!answer.ok) throw new Error(`the person could not go on: ${await answer.text()}`);
  return answer.json();
}

/** A web application on loopback with a redirect URI that hears answers. */
export async function webApplication(handler) {
  const heard = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, `http://localhost:${server.address().port}`);
    let body = "";
    for await (const part of request) body += part;
    if (handler && (await handler(url, request, body, response))) return;
    if (url.pathname === "/web") heard.push({ url, request, body, parameters: new URLSearchParams(body || url.search) });
    response.setHeader("content-type", "text/plain").end("signed in");
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const origin = `http://localhost:${server.address().port}`;
  return {
    origin,
    redirectUri: `${origin}/web`,
    /** Sends somebody to an address and returns what came to the redirect URI, and the pages that they saw. */
    async visit(url, options) {
      const { pages } = await browse(url, options);
      if (heard.length !== 1) throw new Error(`${heard.length} answers came to the redirect URI`);
      return { ...heard.pop(), pages: (pages ?? []).map((page) => page.name) };
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Asks Graph who the token is for. */
export async function askMe(token) {
  const answer = await fetch(`${party.graphUrl}/v1.0/me`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`Graph answered ${answer.status} ${await answer.text()}`);
  return (await answer.json()).id;
}
