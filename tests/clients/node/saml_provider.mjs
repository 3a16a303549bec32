// A SAML identity provider that nobody here wrote (samlify), for as long as its standard input is open.
//
// Takes SP_METADATA (an address, read at the first request), KEY and CERTIFICATE (PEM) and PORT from the environment. Whoever comes
// with a request that is signed as our metadata says is signed in as "ann" without a question. Prints one line once it listens.
//
// GET /metadata, /sso and /slo as SAML has them; /leave signs out here and tells the service provider; /heard says what was heard.

import http from "node:http";
import { randomUUID } from "node:crypto";
import samlify from "samlify";

const { SP_METADATA, KEY, CERTIFICATE, PORT } = process.env;
const HERE = `http://127.0.0.1:${PORT}`;
const PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

// Its own choice of a schema validator is a package with native code; the tests look at what we send by other means.
samlify.setSchemaValidator({ validate: () => Promise.resolve("skipped") });

const at = (path) => ({ Binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", Location: HERE + path });

const provider = samlify.IdentityProvider({
  entityID: `${HERE}/metadata`,
  privateKey: KEY,
  signingCert: CERTIFICATE,
  requestSignatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  wantAuthnRequestsSigned: true,
  wantLogoutRequestSigned: true,
  wantLogoutResponseSigned: true,
  nameIDFormat: [PERSISTENT],
  singleSignOnService: [at("/sso")],
  singleLogoutService: [at("/slo")],
  loginResponseTemplate: {
    context: samlify.SamlLib.defaultLoginResponseTemplate.context,
    attributes: [
      { name: "mail", valueTag: "user.mail", nameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic", valueXsiType: "xs:string" },
      { name: "displayName", valueTag: "user.name", nameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic", valueXsiType: "xs:string" },
      { name: "groups", valueTag: "user.groups", nameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic", valueXsiType: "xs:string" },
    ],
  },
});

let known;
async function us() {
  known ??= samlify.ServiceProvider({
    metadata: await (await fetch(SP_METADATA)).text(),
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
  });
  return known;
}

const heard = [];
let session;

// What is signed of a query, as it was sent.
function request(url, name) {
  const raw = Object.fromEntries(url.search.slice(1).split("&").map((pair) => [pair.split("=")[0], pair]));
  const octets = [name, "RelayState", "SigAlg"].map((key) => raw[key]).filter(Boolean).join("&");
  return { query: Object.fromEntries(url.searchParams), octetString: octets };
}

function filled(asked, template) {
  const sp = known.entityMeta;
  const acs = sp.getAssertionConsumerService("post");
  const now = new Date();
  const soon = new Date(now.getTime() + 300_000).toISOString();
  session = `_${randomUUID()}`;
  const statement = `<saml:AuthnStatement AuthnInstant="${now.toISOString()}" SessionIndex="${session}"><saml:AuthnContext>`
    + `<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef>`
    + `</saml:AuthnContext></saml:AuthnStatement>`;
  const id = `_${randomUUID()}`;
  const context = samlify.SamlLib.replaceTagsByValue(template.replace("{AuthnStatement}", statement), {
    ID: id, AssertionID: `_${randomUUID()}`, Destination: acs, Audience: sp.getEntityID(), SubjectRecipient: acs,
    Issuer: provider.entityMeta.getEntityID(), IssueInstant: now.toISOString(),
    StatusCode: "urn:oasis:names:tc:SAML:2.0:status:Success", ConditionsNotBefore: now.toISOString(),
    ConditionsNotOnOrAfter: soon, SubjectConfirmationDataNotOnOrAfter: soon, NameIDFormat: PERSISTENT, NameID: "ann-of-samlify",
    InResponseTo: asked.extract.request.id,
    attrUserMail: "ann@samlify.example", attrUserName: "Ann of <Samlify>", attrUserGroups: "staff",
  });
  return { id, context };
}

// What a browser is given: a form that sends itself.
function page(action, fields) {
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
  return `<!doctype html><title>One moment</title><form method="post" action="${action}">${inputs.join("")}</form>`
    + "<script>document.forms[0].submit()</script>";
}

async function answer(url, isBrowser) {
  const sp = url.pathname === "/metadata" ? undefined : await us();
  switch (url.pathname) {
    case "/metadata":
      return { kind: "application/xml", body: provider.getMetadata() };
    case "/sso": {
      const asked = await provider.parseLoginRequest(sp, "redirect", request(url, "SAMLRequest"));
      heard.push({ request: asked.samlContent });
      const made = await provider.createLoginResponse(sp, asked, "post", {}, (template) => filled(asked, template));
      const sent = { SAMLResponse: made.context, RelayState: url.searchParams.get("RelayState") };
      if (isBrowser) return { kind: "text/html", body: page(made.entityEndpoint, sent) };
      return { kind: "application/json", body: JSON.stringify({ action: made.entityEndpoint, ...sent }) };
    }
    case "/slo": {
      if (url.searchParams.has("SAMLRequest")) {
        const asked = await provider.parseLogoutRequest(sp, "redirect", request(url, "SAMLRequest"));
        heard.push({ logout: asked.extract });
        const made = provider.createLogoutResponse(sp, asked, "redirect", url.searchParams.get("RelayState") ?? "");
        return { to: made.context };
      }
      const told = await provider.parseLogoutResponse(sp, "redirect", request(url, "SAMLResponse"));
      heard.push({ done: told.extract });
      return { kind: "text/plain", body: "done" };
    }
    case "/leave": {
      const made = provider.createLogoutRequest(sp, "redirect", { logoutNameID: "ann-of-samlify", sessionIndex: session }, "state of samlify");
      return { to: made.context };
    }
    case "/heard":
      return { kind: "application/json", body: JSON.stringify(heard) };
  }
}

const server = http.createServer(async (asked, response) => {
  try {
    const { kind, body, to } = await answer(new URL(asked.url, HERE), asked.headers.accept?.includes("text/html"));
    if (to) response.writeHead(303, { location: to }).end();
    else response.writeHead(200, { "content-type": kind }).end(body);
  } catch (error) {
    response.writeHead(500, { "content-type": "text/plain" }).end(String(error));
  }
});
server.listen(Number(PORT), "127.0.0.1", () => console.log("listening"));
process.stdin.on("end", () => process.exit(0)).resume();
