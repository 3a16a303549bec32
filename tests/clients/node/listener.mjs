// Reads what a receiver was told with libraries of others: a logout token with jose, a message with standardwebhooks.
//
// Reads what to check from the environment, and the time from NOW, in seconds since 1970. Prints what was found as JSON.

import { createLocalJWKSet, jwtVerify } from "jose";
import { Webhook } from "standardwebhooks";

const { NOW, LOGOUT_TOKEN, JWKS, ISSUER, AUDIENCE, SECRET, HEADERS, BODY } = process.env;
Date.now = () => Number(NOW) * 1000;
const found = {};

if (LOGOUT_TOKEN) {
  const options = {
    issuer: ISSUER,
    audience: AUDIENCE,
    typ: "logout+jwt",
    currentDate: new Date(Number(NOW) * 1000),
    requiredClaims: ["iss", "aud", "iat", "exp", "jti", "events"],
  };
  const { protectedHeader, payload } = await jwtVerify(LOGOUT_TOKEN, createLocalJWKSet(JSON.parse(JWKS)), options);
  found.header = protectedHeader;
  found.claims = payload;
}

if (SECRET) {
  const webhook = new Webhook(SECRET);
  found.message = webhook.verify(BODY, JSON.parse(HEADERS));
  try {
    webhook.verify(`${BODY} `, JSON.parse(HEADERS));
    found.forged = "accepted";
  } catch {
    found.forged = "refused";
  }
}

console.log(JSON.stringify(found));
