// The demo application: signs in by redirect, calls a service with its access token,
// refreshes, signs out, and notices when the session was ended somewhere else.

const { ErrorResponse, UserManager, WebStorageStateStore } = window.oidc;

const POLL_SECONDS = 5;
const REFRESH_AHEAD_SECONDS = 60;
const ENDED = "Your session was ended. Sign in again.";

const element = (id) => document.getElementById(id);

let manager;
let user = null;
let activity = "person";
let refreshing = null;
let refreshes = 0;
let unanswered = false;

// What the page shows

const show = (id, visible) => { element(id).hidden = !visible; };

function say(id, text) {
  element(id).textContent = text ?? "";
  show(id, Boolean(text));
}

function complain(problem) {
  say("error", problem instanceof Error ? describe(problem.error, problem.message) : problem);
}

function describe(code, description) {
  return code && description && code !== description ? `${code}: ${description}` : code || description;
}

function claims(token) {
  const [, payload, signature] = (token ?? "").split(".");
  if (!signature) return null;
  const text = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (byte) => byte.charCodeAt(0))));
}

function print(id, token, otherwise) {
  const found = claims(token);
  element(id).textContent = found ? JSON.stringify(found, null, 2) : otherwise;
}

function render() {
  element("status").textContent = user ? "signed in" : "signed out";
  element("status").classList.toggle("in", Boolean(user));
  show("signed-in", user);
  show("signed-out", !user);
  if (!user) return;
  element("subject").textContent = user.profile.sub;
  element("sid").textContent = user.profile.sid ?? "not told";
  element("refresh-count").textContent = refreshes;
  print("id-token-claims", user.id_token, "none");
  print("access-token-claims", user.access_token, "Opaque: only Doorward can read it.");
  countDown();
}

function lifetime() {
  const { iat, exp } = claims(user.access_token) ?? {};
  return exp - iat || 300;
}

function countDown() {
  if (!user) return;
  const left = Math.max(0, user.expires_in ?? 0);
  element("expires-in").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  element("lifetime").value = Math.min(1, left / lifetime());
}

// What the page does

function adopt(next) {
  user = next;
  say("signed-out-reason", null);
  render();
}

async function leave(reason) {
  user = null;
  refreshes = 0;
  element("resource-result").textContent = "Not called yet.";
  await manager.removeUser();
  say("error", null);
  say("signed-out-reason", reason);
  render();
}

// One refresh at a time: whoever asks meanwhile gets the same answer. Says whether the session still stands.
function refresh(by) {
  refreshing ??= renew(by).finally(() => { refreshing = null; });
  return refreshing;
}

async function renew(by) {
  if (!user.refresh_token) return false;
  activity = by;
  try {
    const next = await manager.signinSilent();
    if (!user) return false;
    refreshes += 1;
    adopt(next);
    return true;
  } catch (problem) {
    if (!(problem instanceof ErrorResponse && problem.error === "invalid_grant")) throw problem;
    if (user) await leave(ENDED);
    return false;
  } finally {
    activity = "person";
  }
}

// The service knows the published keys alone, so it takes a token until it expires. Whether the session still stands,
// Doorward says at once: the watch asks userinfo.
async function ask(by) {
  const headers = { Authorization: `Bearer ${user.access_token}` };
  if (by === "person") return fetch("resource", { headers, cache: "no-store" });
  headers["Doorward-Activity"] = by;
  return fetch(await manager.metadataService.getUserInfoEndpoint(), { headers, cache: "no-store" });
}

// Calls the service; a refused token is refreshed once, and if that does not help the session is over.
async function visit(by) {
  let answer = await ask(by);
  if (answer.status === 401 && user && await refresh(by)) answer = await ask(by);
  if (answer.status === 401 && user) await leave(ENDED);
  return answer;
}

async function call() {
  const answer = await visit("person");
  if (!user) return;
  const text = await answer.text();
  const json = answer.headers.get("Content-Type")?.includes("json");
  const body = json ? JSON.stringify(JSON.parse(text), null, 2) : text;
  element("resource-result").textContent = answer.ok ? body : `${answer.status} ${body}`.trim();
}

async function refreshNow() {
  if (!await refresh("person") && user) complain("This sign-in came without a refresh token.");
}

// Keeps the tokens fresh and watches the session, without counting as the person's activity.
async function watch() {
  try {
    if (user) {
      const ahead = Math.max(POLL_SECONDS + 1, Math.min(REFRESH_AHEAD_SECONDS, lifetime() / 4));
      if (user.expires_in <= ahead) await refresh("background");
      if (user) await visit("background");
      if (unanswered) say("error", null);
      unanswered = false;
    }
  } catch {
    unanswered = Boolean(user);
    if (user) complain("Doorward does not answer. Trying again.");
  }
  setTimeout(watch, POLL_SECONDS * 1000);
}

// The library forgets the tokens before it goes to Doorward, so this page must too.
async function signOut() {
  user = null;
  try {
    await manager.signoutRedirect();
  } finally {
    render();
  }
}

// Arriving: with an answer from Doorward in the address, or with what this tab still holds.
async function arrive() {
  const answer = new URLSearchParams(location.search);
  const held = await manager.getUser();
  if (answer.has("code") || answer.has("error")) {
    try {
      return await manager.signinRedirectCallback();
    } catch (problem) {
      if (answer.has("error")) complain(describe(answer.get("error"), answer.get("error_description")));
      else if (problem instanceof ErrorResponse) complain(problem);
      else if (!held) complain("This sign-in was used already or belongs to another tab. Sign in again.");
    } finally {
      history.replaceState(null, "", location.pathname);
    }
  }
  return held;
}

function on(id, action) {
  element(id).addEventListener("click", async ({ currentTarget: button }) => {
    button.disabled = true;
    say("error", null);
    try {
      await action();
    } catch (problem) {
      complain(problem);
    } finally {
      button.disabled = false;
    }
  });
}

async function start() {
  const config = await (await fetch("config.json")).json();
  if (new URL(config.redirect_uri).origin !== location.origin) {
    location.replace(config.redirect_uri);
    return;
  }
  const thisTab = () => new WebStorageStateStore({ store: sessionStorage });
  manager = new UserManager({
    ...config,
    post_logout_redirect_uri: config.redirect_uri,
    userStore: thisTab(),
    stateStore: thisTab(),
    automaticSilentRenew: false,
    extraHeaders: { "Doorward-Activity": () => (activity === "background" ? activity : "") },
  });
  on("sign-in", () => manager.signinRedirect());
  on("sign-out", signOut);
  on("refresh", refreshNow);
  on("call", call);
  adopt(await arrive());
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  setInterval(countDown, 1000);
  await watch();
}

start().catch(complain);
