"""A whole sign-in by PyPI's authlib: discovery, code with PKCE, userinfo, refresh, end of session.

Reads ISSUER, CLIENT_ID, CLIENT_SECRET (optional), REDIRECT_URI, USERNAME and PASSWORD; prints what it saw as JSON.
"""

import json
import os
import secrets
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet

ISSUER, CLIENT_ID, REDIRECT_URI = os.environ["ISSUER"], os.environ["CLIENT_ID"], os.environ["REDIRECT_URI"]
CLIENT_SECRET = os.environ.get("CLIENT_SECRET")
# Seconds for each answer. The first key set waits until RSA keys are made.
PATIENCE = 60
ANSWERS = {
    "/login": {"username": os.environ["USERNAME"], "password": os.environ["PASSWORD"]},
    "/consent": {"decision": "allow"},
}


class Forms(HTMLParser):
    """The forms of a page: where each goes, with its hidden fields."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.found.append((attrs["action"], {}))
        elif tag == "input" and attrs.get("type") == "hidden":
            self.found[-1][1][attrs["name"]] = attrs["value"]


def visit(browser, url, home):
    """Follows redirects and fills in pages until the browser is sent to `home`; gives that address."""
    answer = browser.get(url)
    for _ in range(12):
        if "location" in answer.headers:
            url = urljoin(str(answer.url), answer.headers["location"])
            if url.startswith(home):
                return url
            answer = browser.get(url)
            continue
        assert answer.status_code == 200, f"{url} answered {answer.status_code}: {answer.text}"
        action, hidden = next(form for form in Forms(answer.text).found if form[0] in ANSWERS)
        url = urljoin(str(answer.url), action)
        answer = browser.post(url, data=hidden | ANSWERS[action], headers={"Origin": ISSUER})
    raise AssertionError("the browser never came home")


def refusal(call):
    """The error code a call is refused with."""
    try:
        call()
    except OAuthError as error:
        return error.error
    return None


def main():
    metadata = httpx.get(f"{ISSUER}/.well-known/openid-configuration", timeout=PATIENCE).raise_for_status().json()
    keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"], timeout=PATIENCE).raise_for_status().json())
    client = OAuth2Client(
        CLIENT_ID,
        CLIENT_SECRET,
        token_endpoint_auth_method="client_secret_basic" if CLIENT_SECRET else "none",
        scope="openid profile email",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
    )
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    start, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    browser = httpx.Client(timeout=PATIENCE)
    home = visit(browser, start, REDIRECT_URI)
    answer = parse_qs(urlsplit(home).query)
    tokens = client.fetch_token(
        metadata["token_endpoint"], authorization_response=home, state=state, code_verifier=verifier
    )
    id_token = jwt.decode(tokens["id_token"], keys, algorithms=metadata["id_token_signing_alg_values_supported"])
    asked = {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": CLIENT_ID}}
    jwt.JWTClaimsRegistry(**asked, nonce={"essential": True, "value": nonce}).validate(id_token.claims)
    userinfo = client.get(metadata["userinfo_endpoint"]).raise_for_status().json()
    refreshed = client.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    hint = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": REDIRECT_URI, "state": "bye"}
    farewell = visit(browser, f"{metadata['end_session_endpoint']}?{urlencode(hint)}", REDIRECT_URI)
    after = refusal(
        lambda: client.refresh_token(metadata["token_endpoint"], refresh_token=refreshed["refresh_token"])
    )
    print(
        json.dumps(
            {
                "issuer": metadata["issuer"],
                "iss": answer["iss"][0],
                "algorithm": id_token.header["alg"],
                "claims": id_token.claims,
                "userinfo": userinfo,
                "scope": tokens["scope"],
                "rotated": tokens["refresh_token"] != refreshed["refresh_token"],
                "new_access_token": tokens["access_token"] != refreshed["access_token"],
                "farewell_state": parse_qs(urlsplit(farewell).query)["state"][0],
                "refusal_after_logout": after,
            }
        )
    )


main()
