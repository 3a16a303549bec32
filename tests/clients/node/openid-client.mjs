// A whole sign-in by npm's openid-client: discovery, code with PKCE, userinfo, refresh, end of session.
// Reads ISSUER, CLIENT_ID, CLIENT_SECRET (optional), REDIRECT_URI, USERNAME and PASSWORD; prints what it saw as JSON.
// With PUSHED it pushes its request (RFC 9126).
// Without CLIENT_ID it registers itself first, for the authentication METHOD, by the INITIAL_ACCESS_TOKEN if there is one.

import { webcrypto } from 'node:crypto'
import * as client from 'openid-client'

globalThis.crypto ??= webcrypto

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, USERNAME, PASSWORD, METHOD, INITIAL_ACCESS_TOKEN, PUSHED } =
  process.env
const SCOPE = 'openid profile email'

// A person at a browser that knows forms, redirects and cookies, and nothing else.
class Person {
  cookies = new Map()

  async send(url, form) {
    const headers = { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
    if (form) headers.origin = new URL(url).origin
    const method = form ? 'POST' : 'GET'
    const body = form && new URLSearchParams(form)
    const answer = await fetch(url, { method, headers, body, redirect: 'manual' })
    for (const cookie of answer.headers.getSetCookie()) {
      const [name, value] = cookie.split(';')[0].split(/=(.*)/s)
      if (value) this.cookies.set(name, value)
      else this.cookies.delete(name)
    }
    return answer
  }

  // Follows redirects and fills in pages until the browser is sent to `home`; gives that address.
  async visit(url, home) {
    let form
    for (let step = 0; step < 12; step += 1) {
      const answer = await this.send(url, form)
      form = undefined
      const location = answer.headers.get('location')
      if (location) {
        url = new URL(location, url)
        if (url.href.startsWith(home)) return url
        continue
      }
      const page = await answer.text()
      if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}: ${page}`)
      ;[url, form] = this.fill(url, page)
    }
    throw new Error('the browser never came home')
  }

  fill(url, page) {
    const [, action, content] = page.match(/<form method="post" action="(\/(?:login|consent))"[^>]*>(.*?)<\/form>/s) ?? []
    if (!action) throw new Error(`no form to fill in at ${url}: ${page}`)
    const form = {}
    for (const [field] of content.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      form[field.match(/name="([^"]*)"/)[1]] = field.match(/value="([^"]*)"/)[1]
    }
    const answers = action === '/login' ? { username: USERNAME, password: PASSWORD } : { decision: 'allow' }
    return [new URL(action, url), { ...form, ...answers }]
  }
}

const METHODS = {
  client_secret_basic: client.ClientSecretBasic,
  client_secret_post: client.ClientSecretPost,
  client_secret_jwt: client.ClientSecretJwt,
  none: client.None,
}

function register() {
  const metadata = {
    client_name: 'Registered by itself',
    redirect_uris: [REDIRECT_URI],
    post_logout_redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: METHOD,
  }
  return client.dynamicClientRegistration(new URL(ISSUER), metadata, METHODS[METHOD](), {
    initialAccessToken: INITIAL_ACCESS_TOKEN,
    execute: [client.allowInsecureRequests],
  })
}

const known = () =>
  client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, { execute: [client.allowInsecureRequests] })
const config = await (CLIENT_ID ? known() : register())

const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const nonce = client.randomNonce()
const build = PUSHED ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl
const start = await build(config, {
  redirect_uri: REDIRECT_URI,
  scope: SCOPE,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})

const person = new Person()
const home = await person.visit(start, REDIRECT_URI)
const tokens = await client.authorizationCodeGrant(config, home, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
})
const claims = tokens.claims()
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
const end = client.buildEndSessionUrl(config, {
  id_token_hint: refreshed.id_token ?? tokens.id_token,
  post_logout_redirect_uri: REDIRECT_URI,
  state: 'bye',
})
const farewell = await person.visit(end, REDIRECT_URI)

const refusal = await client.refreshTokenGrant(config, refreshed.refresh_token).then(() => null, (error) => error.error)

console.log(JSON.stringify({
  issuer: config.serverMetadata().issuer,
  client_id: config.clientMetadata().client_id,
  iss: home.searchParams.get('iss'),
  claims,
  userinfo,
  scope: tokens.scope,
  rotated: tokens.refresh_token !== refreshed.refresh_token,
  new_access_token: tokens.access_token !== refreshed.access_token,
  farewell_state: farewell.searchParams.get('state'),
  refusal_after_logout: refusal,
}))
