"use strict";

// The page around this frame asks whether its user is still who it thinks: "client_id session_state" comes in,
// "unchanged", "changed" or "error" goes back (OpenID Connect Session Management 1.0 section 3.2).
const cookie = document.currentScript.dataset.cookie + "=";

// What the server left here; nothing when nobody is signed in.
function browserState() {
  const found = document.cookie.split("; ").find((one) => one.startsWith(cookie));
  return found ? found.slice(cookie.length) : "";
}

async function hash(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

async function judge(origin, said) {
  const parts = typeof said === "string" && /^(.{1,255}) ([\w-]{43})\.([\w-]{22})$/s.exec(said);
  // Where the browser hides the cookie from frames nothing is known, and "changed" would make clients ask for ever.
  const blind = document.hasStorageAccess && !(await document.hasStorageAccess());
  if (!parts || blind) {
    return "error";
  }
  const [, clientId, known, salt] = parts;
  return (await hash(`${clientId} ${origin} ${browserState()} ${salt}`)) === known ? "unchanged" : "changed";
}

addEventListener("message", async (event) => {
  // The state was made for one origin: the browser says which one asks, and alone that one reads the answer.
  if (!event.source || event.source === window || !/^https?:\/\//.test(event.origin)) {
    return;
  }
  const answer = await judge(event.origin, event.data).catch(() => "error");
  event.source.postMessage(answer, event.origin);
});
