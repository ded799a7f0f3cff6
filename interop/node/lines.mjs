// What every program here shares: reading the party from the file that
// SEKISHO_INTEROP_PARTY names, and printing one line of JSON for each case.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const party = JSON.parse(readFileSync(process.env.SEKISHO_INTEROP_PARTY, "utf8"));

/** The authority with the tenant named by id or domain. */
export const authority = (tenant) => `${party.authorityHost}/${tenant}`;

/** A token of the issuer that the application trusts; read anew each time, since it is renewed. */
export const assertion = () => readFileSync(party.assertionFile, "utf8");

const print = (line) => process.stdout.write(JSON.stringify(line) + "\n");

/** Says which version of the client runs. */
export function announce(name) {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
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
