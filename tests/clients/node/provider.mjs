// A provider that nobody here wrote (oidc-provider), for as long as its standard input is open.
//
// Takes REDIRECT_URI, POST_LOGOUT_URI, BACKCHANNEL_URI and PORT from the environment. Whoever comes is signed in as "ann" without
// a question, unless they come with the login hint "nobody". Prints one line once it listens.

import Provider from "oidc-provider";

// Whoever started it reads one line and no more.
console.info = console.error;

const { REDIRECT_URI, POST_LOGOUT_URI, BACKCHANNEL_URI, PORT } = process.env;

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  clients: [{
    client_id: "doorward",
    client_secret: "a secret of the tests",
    redirect_uris: [REDIRECT_URI],
    post_logout_redirect_uris: [POST_LOGOUT_URI],
    backchannel_logout_uri: BACKCHANNEL_URI,
    backchannel_logout_session_required: true,
    id_token_signed_response_alg: "RS256",
    userinfo_signed_response_alg: "RS256",
    require_auth_time: true,
  }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username", "groups"] },
  features: {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: false },
    jwtUserinfo: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      // Nobody is asked: the form sends itself when the test sends it.
      logoutSource: (context, form) => { context.body = `<!doctype html>${form}`; },
    },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({
      sub, email: `${sub}@node.example`, email_verified: true, name: "Ann of Node", preferred_username: sub, groups: ["staff"],
    }),
  }),
  pkce: { required: () => true },
  // Its own way out refuses loopback addresses, and they are what this test has.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
});

// Signs in and consents at once.
provider.use(async (context, next) => {
  if (!context.path.startsWith("/interaction/")) return next();
  const { prompt, params, session } = await provider.interactionDetails(context.req, context.res);
  const result = {};
  if (prompt.name === "login") {
    result.login = { accountId: "ann" };
  } else {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    result.consent = { grantId: await grant.save() };
  }
  await provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: true });
});

const server = provider.listen(Number(PORT), "127.0.0.1", () => console.log("listening"));
server.keepAliveTimeout = 60_000;
process.stdin.on("end", () => process.exit(0)).resume();
