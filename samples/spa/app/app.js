// A single-page application around @azure/msal-browser 5. Tokens are in the
// session storage of this tab: whatever script runs in this page can read them, so
// the server lets no foreign script run (see the policy in main.go).
/* global msal */
const config = await (await fetch("/config.json")).json();

const client = new msal.PublicClientApplication({
  auth: {
    clientId: config.clientId,
    authority: config.authority,
    knownAuthorities: config.knownAuthorities,
    redirectUri: location.origin + "/redirect.html",
    postLogoutRedirectUri: location.origin + "/",
  },
  cache: { cacheLocation: "sessionStorage" },
});

// At the sign-in, ask for what the first page needs, and for more when it is needed.
const scopes = {
  read: [config.api + "/Orders.Read"],
  write: [config.api + "/Orders.ReadWrite"],
  me: ["https://graph.microsoft.com/User.Read"],
  people: ["https://graph.microsoft.com/User.Read.All"],
};

const $ = (id) => document.getElementById(id);
const account = () => client.getActiveAccount() ?? client.getAllAccounts()[0] ?? null;

/** Thrown when the page is about to leave for the platform. */
class Leaving extends Error {}

/**
 * A token for scopes: from the cache, by the refresh token, or by asking the person.
 * One token is for one API. `then` is what to do when the person comes back by
 * redirect.
 */
async function token(wanted, then) {
  const request = { scopes: wanted, account: account() };
  try {
    return (await client.acquireTokenSilent(request)).accessToken;
  } catch (error) {
    // Not consented to yet, revoked, or a day over: the platform knows what to ask.
    if (!(error instanceof msal.InteractionRequiredAuthError)) throw error;
    return ask(request, then, error.claims);
  }
}

async function ask(request, then, claims) {
  if (claims) request.claims = claims;
  if ($("window").checked) return (await client.acquireTokenPopup(request)).accessToken;
  sessionStorage.setItem("then", JSON.stringify(then));
  await client.acquireTokenRedirect(request);
  throw new Leaving();
}

async function call(accessToken, url, body) {
  const response = await fetch(url, {
    method: body ? "POST" : "GET",
    headers: { Authorization: "Bearer " + accessToken, ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

// What the buttons do, by name: `what` is what a redirect comes back to.
const acts = {
  async orders(what) {
    const list = await call(await token(scopes.read, what), config.apiUrl + "/orders");
    answer("Your orders", list.map((o) => `${o.quantity} × ${o.item}`), "You have no orders.");
  },
  async order(what) {
    await call(await token(scopes.write, what), config.apiUrl + "/orders", what.order);
    await acts.orders({ act: "orders" });
  },
  async me(what) {
    const me = await call(await token(scopes.me, what), config.graphUrl + "/v1.0/me");
    answer("Your profile", [`${me.displayName} (${me.userPrincipalName})`]);
  },
  async people(what) {
    const list = await call(await token(scopes.people, what), config.graphUrl + "/v1.0/users?$select=displayName,userPrincipalName&$top=20");
    answer("Everybody", list.value.map((p) => `${p.displayName} (${p.userPrincipalName})`));
  },
  refresh: () => renew(msal.CacheLookupPolicy.RefreshToken, "refresh token"),
  frame: () => renew(msal.CacheLookupPolicy.Skip, "hidden frame"),
};
const wantedBy = { orders: scopes.read, order: scopes.write, me: scopes.me, people: scopes.people, refresh: scopes.read, frame: scopes.read };

/**
 * Another token by one way alone. The frame needs the platform's cookies, which many
 * browsers keep back from frames of other sites: then the refresh token is the way,
 * and after its 24 hours the person comes by redirect, mostly without a question.
 */
async function renew(policy, way) {
  const before = (await client.acquireTokenSilent({ scopes: scopes.read, account: account() })).accessToken;
  const after = await client.acquireTokenSilent({ scopes: scopes.read, account: account(), cacheLookupPolicy: policy });
  answer(after.accessToken === before ? "The same token" : `Another token, by ${way}`, [`It is good until ${after.expiresOn.toLocaleTimeString()}.`]);
}

/** Does an act and shows what came of it. */
async function run(what) {
  show({});
  $("busy").textContent = "…";
  try {
    await acts[what.act](what);
  } catch (error) {
    refused(error, what);
  }
  $("busy").textContent = "";
}

function answer(title, lines, none) {
  $("title").textContent = title;
  $("list").replaceChildren(...(lines.length ? lines : [none]).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  show({ answer: true });
}

/** What follows depends on who can help: the person, an administrator, or nobody here. */
function refused(error, what) {
  if (error instanceof Leaving) return;
  const said = `${error.errorCode ?? error.name}: ${error.errorMessage ?? error.message}`;
  let problem = "That did not succeed";
  let advice = "Try again later.";
  let link = "";
  if (error.errorCode === "access_denied" || error.errorCode === "user_cancelled") {
    problem = "You declined";
    advice = "Without that permission this cannot be shown. Everything else goes on as before.";
  } else if (/AADSTS(90094|90093|900941|90095):/.test(said)) {
    problem = "Administrator approval needed";
    advice = "Only an administrator of your organisation can grant this. Send them this link, and ask again when they have consented.";
    link = `${config.authority}/v2.0/adminconsent?${new URLSearchParams({
      client_id: config.clientId, scope: wantedBy[what?.act]?.join(" ") ?? "", redirect_uri: location.origin + "/", state: "administrator",
    })}`;
  } else if (error instanceof msal.InteractionRequiredAuthError) {
    problem = "You have to sign in again";
    advice = "The platform does not know you any more, or this browser does not tell it that it is you.";
  }
  $("problem").textContent = problem;
  $("advice").textContent = advice;
  $("link").textContent = link;
  $("said").textContent = said;
  $("again").onclick = () => (account() ? run(what) : signIn());
  show({ refusal: true });
}

function show(sections) {
  const a = account();
  const id = a?.idTokenClaims ?? {};
  const text = { who: a?.name, name: a?.name, username: a?.username, tid: id.tid, oid: id.oid };
  for (const [element, value] of Object.entries(text)) $(element).textContent = value ?? "";
  const visible = { stranger: !a, known: a, signout: a, ...{ answer: false, refusal: false }, ...sections };
  for (const [element, on] of Object.entries(visible)) $(element).hidden = !on;
}

function signIn() {
  sessionStorage.removeItem("then");
  return client.loginRedirect({ scopes: scopes.read });
}

$("redirect").onclick = () => signIn();
$("popup").onclick = async () => {
  try {
    client.setActiveAccount((await client.loginPopup({ scopes: scopes.read })).account);
    show({});
  } catch (error) {
    refused(error, { act: "orders" });
  }
};
// Signing out forgets the tokens here and ends the session at the platform. The ID
// token says whose, so that nobody has to be asked.
$("signout").onclick = () => client.logoutRedirect({ account: account(), idTokenHint: account().idToken });
$("on").onclick = () => show({});
$("ordering").onsubmit = (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  run({ act: "order", order: { item: form.get("item"), quantity: Number(form.get("quantity")) } });
};
for (const act of ["orders", "me", "people", "refresh", "frame"]) $(act).onclick = () => run({ act });

// What a redirect brought back: a token, a refusal, or nothing on a first visit.
await client.initialize();
const then = JSON.parse(sessionStorage.getItem("then") ?? "null");
sessionStorage.removeItem("then");
try {
  const result = await client.handleRedirectPromise();
  if (result) client.setActiveAccount(result.account);
  show({});
  if (result && then) await run(then);
} catch (error) {
  refused(error, then ?? { act: "orders" });
}
document.body.dataset.ready = "yes";
