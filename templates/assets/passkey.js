// Passkeys: a form with data-passkey asks the browser for one, and sends what it answers. Without a browser that knows
// passkeys, or without this script, the form stays hidden and everything else on the page works.

const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const encode = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const known = (list) => list?.map((one) => ({ ...one, id: decode(one.id) }));

/** The options as the browser takes them: with bytes where JSON has text. */
const read = (options) => ({
  ...options,
  challenge: decode(options.challenge),
  ...(options.user && { user: { ...options.user, id: decode(options.user.id) } }),
  ...(options.allowCredentials && { allowCredentials: known(options.allowCredentials) }),
  ...(options.excludeCredentials && { excludeCredentials: known(options.excludeCredentials) }),
});

/** The answer as the server takes it: with text where the browser has bytes. */
const write = ({ id, rawId, type, response, ...credential }) => {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const texts = parts.filter((name) => response[name]).map((name) => [name, encode(response[name])]);
  return JSON.stringify({ id, rawId: encode(rawId), type, response: Object.fromEntries(texts), extensions: {} });
};

const send = (form, credential) => {
  const add = (name, value) => form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  add("answer", write(credential));
  const stay = document.querySelector("form:not([data-passkey]) [name=stay]:checked");
  if (stay) add("stay", stay.value);
  form.submit();
};

const form = document.querySelector("form[data-passkey]");
if (form && window.PublicKeyCredential) {
  form.hidden = false;
  const options = JSON.parse(form.dataset.options);
  const button = form.querySelector("button");
  const failed = form.querySelector("[data-failed]");
  let waiting;

  button.addEventListener("click", async () => {
    waiting?.abort();
    button.disabled = true;
    failed.hidden = true;
    try {
      const asked = { publicKey: read(options) };
      send(form, await (form.dataset.passkey === "create" ? navigator.credentials.create(asked) : navigator.credentials.get(asked)));
    } catch {
      failed.hidden = false;
      button.disabled = false;
    }
  });

  // While somebody looks at the field for the name, the browser offers the passkeys that it knows.
  if (form.dataset.early && (await PublicKeyCredential.isConditionalMediationAvailable?.())) {
    waiting = new AbortController();
    navigator.credentials
      .get({ publicKey: read(options), mediation: "conditional", signal: waiting.signal })
      .then((credential) => send(form, credential))
      .catch(() => {});
  }
}
